//! Normalisations: extra outputs cut, missing ones of primitives.

use super::{
    Draft, Outcome, attribute,
    draft::{float, int, ints, refuse},
    softmax::shape_like,
};
use crate::{initializer::Elements, proto::NodeProto};

/// As it acts at inference; the other outputs are of training.
pub(super) fn batch(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    if attribute(node, "training_mode").is_some_and(|flag| flag.i() != 0) {
        return refuse("training_mode 1");
    }
    if attribute(node, "spatial").is_some_and(|flag| flag.i() == 0) {
        return refuse("spatial 0");
    }
    let names = [0, 1, 2, 3, 4].map(|place| draft.input(node, place));
    let [x, scale, shift, mean, variance] = names;
    let (x, scale, shift, mean, variance) = (x?, scale?, shift?, mean?, variance?);
    if (1..node.output.len()).any(|output| draft.wants(node, output)) {
        return refuse("outputs of training");
    }
    let output = draft.output(node)?;
    let epsilon = attribute(node, "epsilon").map_or(1e-5, |attribute| attribute.f());
    draft.node("BatchNormalization", &[&x, &scale, &shift, &mean, &variance], &output, vec![float("epsilon", epsilon)]);
    Ok(())
}

/// The normalised values only: mean and deviation are not offered.
pub(super) fn first_output(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    if (1..node.output.len()).any(|output| draft.wants(node, output)) {
        return refuse("mean and inverse deviation as outputs");
    }
    let mut kept = node.clone();
    kept.output.truncate(1);
    kept.attribute.retain(|attribute| attribute.name() != "stash_type");
    draft.keep(kept);
    Ok(())
}

/// Each group of channels of a row less its mean, over its deviation; then scale and shift, which are one number a group before
/// opset 21 and one a channel since.
pub(super) fn group(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    let (x, scale, shift) = (draft.input(node, 0)?, draft.input(node, 1)?, draft.input(node, 2)?);
    let output = draft.output(node)?;
    let groups = attribute(node, "num_groups").map_or(0, |attribute| attribute.i());
    if groups < 1 {
        return Err(draft.invalid(format!("num_groups {groups}"), "1 or more").into());
    }
    let epsilon = attribute(node, "epsilon").map_or(1e-5, |attribute| attribute.f());
    let by_group = draft.ints(&[0, groups, -1]);
    let grouped = draft.value("Reshape", &[&x, &by_group], Vec::new());
    let normal = standardized(draft, &grouped, epsilon, vec![2]);
    let column = draft.ints(&[1, -1, 1]);
    let (scale, shift) =
        (draft.value("Reshape", &[&scale, &column], vec![]), draft.value("Reshape", &[&shift, &column], vec![]));
    let whole = if draft.opset < 21 {
        normal
    } else {
        // Back to the channels: their number stands in the shape of x.
        let back = draft.name("Reshape");
        shape_like(draft, &normal, &x, &back);
        let flat = draft.ints(&[0, 0, -1]);
        draft.value("Reshape", &[&back, &flat], Vec::new())
    };
    let scaled = draft.value("Mul", &[&whole, &scale], Vec::new());
    let shifted = draft.value("Add", &[&scaled, &shift], Vec::new());
    shape_like(draft, &shifted, &x, &output);
    Ok(())
}

/// Less the mean, over the deviation, along `axes` (all but the channels unless told).
pub(super) fn mean_variance(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    let (x, output) = (draft.input(node, 0)?, draft.output(node)?);
    let axes = attribute(node, "axes").map_or_else(|| vec![0, 2, 3], |attribute| attribute.ints.clone());
    // Statistics over rows would make each row's representation depend on the batch it came in.
    if axes.contains(&0) {
        return refuse("axes that include the batch");
    }
    // The standard's function adds 1e-9 to the deviation itself; within a rounding of f32 that is this much under the root.
    let normal = standardized(draft, &x, 1e-18, axes);
    draft.node("Identity", &[&normal], &output, Vec::new());
    Ok(())
}

/// `(x - mean) / sqrt(variance + epsilon)` along some axes.
fn standardized(draft: &mut Draft<'_>, x: &str, epsilon: f32, axes: Vec<i64>) -> String {
    // As an attribute: that is what the runtime reads, whatever the opset.
    let along = vec![ints("axes", axes), int("keepdims", 1)];
    let mean = draft.value("ReduceMean", &[x], along.clone());
    let centred = draft.value("Sub", &[x, &mean], Vec::new());
    let squares = draft.value("Mul", &[&centred, &centred], Vec::new());
    let variance = draft.value("ReduceMean", &[&squares], along);
    let epsilon = draft.floats(&[], &[epsilon]);
    let positive = draft.value("Add", &[&variance, &epsilon], Vec::new());
    let deviation = draft.value("Sqrt", &[&positive], Vec::new());
    draft.value("Div", &[&centred, &deviation], Vec::new())
}

/// `x / (bias + alpha / size * sum of squares over size neighbouring channels) ^ beta`. The sum over `size` is an average pool,
/// zeros at both ends counted, of the squares as a picture of channels by positions.
pub(super) fn local_response(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    let (x, output) = (draft.input(node, 0)?, draft.output(node)?);
    let parameter = |name, default| attribute(node, name).map_or(default, |attribute| attribute.f());
    let size = attribute(node, "size").map_or(0, |attribute| attribute.i());
    if !(1..=1 << 16).contains(&size) {
        return Err(draft.invalid(format!("size {size}"), "1 to 65536").into());
    }
    let squares = draft.value("Mul", &[&x, &x], Vec::new());
    let picture = draft.ints(&[0, 0, -1]);
    let flat = draft.value("Reshape", &[&squares, &picture], Vec::new());
    let one = draft.ints(&[1]);
    let picture = draft.value("Unsqueeze", &[&flat, &one], Vec::new());
    let attributes = vec![
        ints("kernel_shape", vec![size, 1]),
        ints("strides", vec![1, 1]),
        ints("pads", vec![(size - 1) / 2, 0, size / 2, 0]),
        int("count_include_pad", 1),
    ];
    let mean = draft.value("AveragePool", &[&picture], attributes);
    let back = draft.name("Reshape");
    shape_like(draft, &mean, &x, &back);
    let [alpha, beta, bias] = [parameter("alpha", 1e-4), parameter("beta", 0.75), parameter("bias", 1.0)]
        .map(|value| draft.floats(&[], &[value]));
    let scaled = draft.value("Mul", &[&back, &alpha], Vec::new());
    let sum = draft.value("Add", &[&scaled, &bias], Vec::new());
    let power = draft.value("Pow", &[&sum, &beta], Vec::new());
    draft.node("Div", &[&x, &power], &output, Vec::new());
    Ok(())
}

/// Whether a constant is true.
pub(super) fn is_true(draft: &Draft<'_>, value: &str) -> Option<bool> {
    match draft.elements(value)? {
        Elements::Int(values) => values.first().map(|&value| value != 0),
        _ => None,
    }
}

//! The few operators of `ai.onnx.ml` that stand before, in or behind networks made by scikit-learn.

use super::{
    Draft, Outcome, attribute,
    draft::{Refusal, int, ints, refuse},
};
use crate::proto::{NodeProto, tensor_proto::DataType};

/// `(x - offset) scale`, each one number or one a column.
pub(super) fn scaler(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    let output = draft.output(node)?;
    let x = as_float(node, draft)?;
    let list = |name: &str| attribute(node, name).map(|attribute| attribute.floats.clone()).unwrap_or_default();
    let (offset, scale) = (list("offset"), list("scale"));
    if offset.is_empty() || scale.is_empty() {
        let found = format!("{} offsets and {} scales", offset.len(), scale.len());
        return Err(draft.invalid(found, "one of each, or one for each column").into());
    }
    let (offset, scale) = (draft.floats(&[offset.len()], &offset), draft.floats(&[scale.len()], &scale));
    let centred = draft.value("Sub", &[&x, &offset], Vec::new());
    draft.node("Mul", &[&centred, &scale], &output, Vec::new());
    Ok(())
}

/// Each row over its norm; rows of zeros stay.
pub(super) fn normalizer(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    let output = draft.output(node)?;
    let norm =
        attribute(node, "norm").map_or("MAX".into(), |attribute| String::from_utf8_lossy(attribute.s()).into_owned());
    let reduce = match norm.as_str() {
        "L1" => "ReduceL1",
        "L2" => "ReduceL2",
        other => return refuse(format!("norm {other}")),
    };
    let x = as_float(node, draft)?;
    let norm = draft.value(reduce, &[&x], vec![ints("axes", vec![1]), int("keepdims", 1)]);
    let (zero, one) = (draft.floats(&[], &[0.0]), draft.floats(&[], &[1.0]));
    let is_zero = draft.value("Equal", &[&norm, &zero], Vec::new());
    let divisor = draft.value("Where", &[&is_zero, &one, &norm], Vec::new());
    draft.node("Div", &[&x, &divisor], &output, Vec::new());
    Ok(())
}

/// `x W' + b` with one row of `W` a target.
pub(super) fn linear_regressor(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    let output = draft.output(node)?;
    let targets = attribute(node, "targets").map_or(1, |attribute| attribute.i());
    let transform = transform(node);
    if transform != "NONE" {
        return refuse(format!("post_transform {transform}"));
    }
    let targets = usize::try_from(targets).unwrap_or(0);
    affine(node, draft, targets, &output)
}

/// The scores `x W' + b`, perhaps through softmax or the logistic function. The names of the winners are not offered.
pub(super) fn linear_classifier(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    if draft.wants(node, 0) {
        return refuse("the winners' names as an output");
    }
    let output = draft.output_at(node, 1)?;
    let classes = attribute(node, "intercepts").map_or(0, |attribute| attribute.floats.len());
    if classes < 2 {
        return refuse("one score for two classes");
    }
    let activation = match transform(node).as_str() {
        "NONE" => return affine(node, draft, classes, &output),
        "SOFTMAX" => ("Softmax", vec![int("axis", -1)]),
        "LOGISTIC" => ("Sigmoid", Vec::new()),
        other => return refuse(format!("post_transform {other}")),
    };
    let scores = draft.name("scores");
    affine(node, draft, classes, &scores)?;
    draft.node(activation.0, &[&scores], &output, activation.1);
    Ok(())
}

fn affine(node: &NodeProto, draft: &mut Draft<'_>, rows: usize, output: &str) -> Outcome {
    let list = |name: &str| attribute(node, name).map(|attribute| attribute.floats.clone()).unwrap_or_default();
    let (weights, bias) = (list("coefficients"), list("intercepts"));
    let even = rows > 0 && !weights.is_empty() && weights.len().is_multiple_of(rows);
    if !even || !(bias.is_empty() || bias.len() == rows) {
        let found = format!("{} coefficients and {} intercepts", weights.len(), bias.len());
        return Err(draft.invalid(found, format!("a multiple of {rows}, and {rows}")).into());
    }
    let x = as_float(node, draft)?;
    let bias = if bias.is_empty() { vec![0.0; rows] } else { bias };
    let (weights, bias) = (draft.floats(&[rows, weights.len() / rows], &weights), draft.floats(&[rows], &bias));
    draft.node("Gemm", &[&x, &weights, &bias], output, vec![int("transB", 1)]);
    Ok(())
}

fn transform(node: &NodeProto) -> String {
    attribute(node, "post_transform")
        .map_or("NONE".into(), |attribute| String::from_utf8_lossy(attribute.s()).into_owned())
}

/// The first input as floats, which it need not be.
fn as_float(node: &NodeProto, draft: &mut Draft<'_>) -> Result<String, Refusal> {
    let x = draft.input(node, 0)?;
    Ok(draft.value("Cast", &[&x], vec![int("to", i64::from(i32::from(DataType::Float)))]))
}

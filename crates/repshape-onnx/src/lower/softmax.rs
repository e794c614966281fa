//! Softmax and its relatives before opset 13, which saw a matrix in every array.

use super::{Draft, Outcome, attribute, draft::int};
use crate::proto::NodeProto;

/// Since opset 13 along one axis. Before, the sides before `axis` were rows and the rest one row's elements: flattened, then
/// shaped back. The runtime takes old ones for new ones, silently.
pub(super) fn softmax(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    if draft.opset >= 13 {
        draft.keep(node.clone());
        return Ok(());
    }
    let axis = attribute(node, "axis").map_or(1, |attribute| attribute.i());
    let (x, output) = (draft.input(node, 0)?, draft.output(node)?);
    // The last side alone is the same in both readings.
    if axis == -1 {
        draft.node(node.op_type(), &[&x], &output, vec![int("axis", -1)]);
        return Ok(());
    }
    let matrix = draft.value("Flatten", &[&x], vec![int("axis", axis)]);
    let result = draft.value(node.op_type(), &[&matrix], vec![int("axis", 1)]);
    shape_like(draft, &result, &x, &output);
    Ok(())
}

/// 1 where the first of the largest stands, 0 elsewhere; along one axis since opset 13, over flattened rows before.
pub(super) fn hardmax(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    let old = draft.opset < 13;
    let axis = attribute(node, "axis").map_or(if old { 1 } else { -1 }, |attribute| attribute.i());
    let (x, output) = (draft.input(node, 0)?, draft.output(node)?);
    let (data, along) =
        if old { (draft.value("Flatten", &[&x], vec![int("axis", axis)]), 1) } else { (x.clone(), axis) };
    let largest = draft.value("ArgMax", &[&data], vec![int("axis", along), int("keepdims", 0)]);
    let shape = draft.value("Shape", &[&data], Vec::new());
    let along_it = draft.ints(&[along]);
    let depth = draft.value("Gather", &[&shape, &along_it], vec![int("axis", 0)]);
    let values = draft.floats(&[2], &[0.0, 1.0]);
    if old {
        let result = draft.value("OneHot", &[&largest, &depth, &values], vec![int("axis", along)]);
        shape_like(draft, &result, &x, &output);
    } else {
        draft.node("OneHot", &[&largest, &depth, &values], &output, vec![int("axis", along)]);
    }
    Ok(())
}

/// `output` holds the elements of `value` in the shape of `like`.
pub(super) fn shape_like(draft: &mut Draft<'_>, value: &str, like: &str, output: &str) {
    let shape = draft.value("Shape", &[like], Vec::new());
    draft.node("Reshape", &[value, &shape], output, Vec::new());
}

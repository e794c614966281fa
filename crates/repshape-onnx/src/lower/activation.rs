//! Activations that the runtime lacks, of primitives that it has.

use super::{Draft, Outcome, attribute, draft::float};
use crate::proto::NodeProto;

/// `gamma (max(0, x) + min(0, alpha (exp x - 1)))`, which is gamma times an `Elu` of alpha.
pub(super) fn selu(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    let (x, output) = (draft.input(node, 0)?, draft.output(node)?);
    let parameter = |name, default| attribute(node, name).map_or(default, |attribute| attribute.f());
    let gamma = draft.floats(&[], &[parameter("gamma", 1.050_701)]);
    let elu = draft.value("Elu", &[&x], vec![float("alpha", parameter("alpha", 1.673_263_2))]);
    draft.node("Mul", &[&elu, &gamma], &output, Vec::new());
    Ok(())
}

/// `max(0, x) + min(0, alpha (exp(x / alpha) - 1))`, which is alpha times an `Elu` of 1 of `x / alpha`.
pub(super) fn celu(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    let (x, output) = (draft.input(node, 0)?, draft.output(node)?);
    let alpha = attribute(node, "alpha").map_or(1.0, |attribute| attribute.f());
    if !(alpha > 0.0 && alpha.is_finite()) {
        return super::draft::refuse(format!("alpha {alpha}"));
    }
    let alpha = draft.floats(&[], &[alpha]);
    let scaled = draft.value("Div", &[&x, &alpha], Vec::new());
    let elu = draft.value("Elu", &[&scaled], vec![float("alpha", 1.0)]);
    draft.node("Mul", &[&elu, &alpha], &output, Vec::new());
    Ok(())
}

/// `x tanh(ln(1 + exp x))`.
pub(super) fn mish(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    let (x, output) = (draft.input(node, 0)?, draft.output(node)?);
    let softplus = draft.value("Softplus", &[&x], Vec::new());
    let tanh = draft.value("Tanh", &[&softplus], Vec::new());
    draft.node("Mul", &[&x, &tanh], &output, Vec::new());
    Ok(())
}

/// `x` where it is above alpha, 0 elsewhere.
pub(super) fn thresholded_relu(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    let (x, output) = (draft.input(node, 0)?, draft.output(node)?);
    let alpha = attribute(node, "alpha").map_or(1.0, |attribute| attribute.f());
    let (alpha, zero) = (draft.floats(&[], &[alpha]), draft.floats(&[], &[0.0]));
    let above = draft.value("Greater", &[&x, &alpha], Vec::new());
    draft.node("Where", &[&above, &x, &zero], &output, Vec::new());
    Ok(())
}

/// `x + bias` below `-lambd`, `x - bias` above `lambd`, 0 between.
pub(super) fn shrink(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    let (x, output) = (draft.input(node, 0)?, draft.output(node)?);
    let parameter = |name, default| attribute(node, name).map_or(default, |attribute| attribute.f());
    let (bias, edge) = (parameter("bias", 0.0), parameter("lambd", 0.5));
    let constants = [bias, edge, -edge, 0.0].map(|value| draft.floats(&[], &[value]));
    let [bias, upper, lower, zero] = constants.each_ref().map(String::as_str);
    let (above, below) =
        (draft.value("Greater", &[&x, upper], Vec::new()), draft.value("Less", &[&x, lower], Vec::new()));
    let (less, more) = (draft.value("Sub", &[&x, bias], Vec::new()), draft.value("Add", &[&x, bias], Vec::new()));
    let negative = draft.value("Where", &[&below, &more, zero], Vec::new());
    draft.node("Where", &[&above, &less, &negative], &output, Vec::new());
    Ok(())
}

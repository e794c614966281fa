//! Operators that the runtime has, passed on as they are.

use super::{Draft, Outcome, attribute, draft::refuse};
use crate::{graph::domain, proto::NodeProto};

/// ONNX's own operators that the runtime has and that need no rewriting.
pub(super) const NATIVE: &[&str] = &[
    "Abs",
    "Acos",
    "Acosh",
    "Add",
    "And",
    "ArgMax",
    "ArgMin",
    "Asin",
    "Asinh",
    "Atan",
    "Atanh",
    "Attention",
    "CastLike",
    "Ceil",
    "Clip",
    "Concat",
    "ConvInteger",
    "Cos",
    "Cosh",
    "CumSum",
    "DepthToSpace",
    "DequantizeLinear",
    "Div",
    "DynamicQuantizeLinear",
    "Einsum",
    "Elu",
    "Equal",
    "Erf",
    "Exp",
    "Expand",
    "EyeLike",
    "Flatten",
    "Floor",
    "Gather",
    "GatherElements",
    "GatherND",
    "Gelu",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "Greater",
    "GreaterOrEqual",
    "GridSample",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "InstanceNormalization",
    "IsInf",
    "IsNaN",
    "LSTM",
    "LeakyRelu",
    "Less",
    "LessOrEqual",
    "Log",
    "LpNormalization",
    "MatMul",
    "MatMulInteger",
    "Max",
    "Mean",
    "Min",
    "Mod",
    "Mul",
    "Neg",
    "NonZero",
    "Not",
    "OneHot",
    "Or",
    "PRelu",
    "QuantizeLinear",
    "RMSNormalization",
    "Range",
    "Reciprocal",
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
    "Relu",
    "Reshape",
    "ReverseSequence",
    "RotaryEmbedding",
    "Round",
    "Scatter",
    "ScatterElements",
    "ScatterND",
    "Shape",
    "Sigmoid",
    "Sign",
    "SimplifiedLayerNormalization",
    "Sin",
    "Sinh",
    "Size",
    "Softplus",
    "Softsign",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Sum",
    "Swish",
    "Tan",
    "Tanh",
    "Tile",
    "TopK",
    "Transpose",
    "Trilu",
    "Unsqueeze",
    "Upsample",
    "Where",
    "Xor",
];

/// Operators of onnxruntime's own domain that the runtime has: its optimizer writes them.
pub(super) const MICROSOFT: &[&str] = &[
    "BiasGelu",
    "FastGelu",
    "Gelu",
    "GroupQueryAttention",
    "MatMulNBits",
    "MultiHeadAttention",
    "QuickGelu",
    "RotaryEmbedding",
    "SkipLayerNormalization",
    "SkipSimplifiedLayerNormalization",
];

pub(super) fn pass(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    let known = match domain(node) {
        "" => NATIVE,
        "com.microsoft" => MICROSOFT,
        _ => &[],
    };
    if !known.contains(&node.op_type()) {
        return refuse("");
    }
    draft.keep(node.clone());
    Ok(())
}

/// The runtime has the form in which the reset gate comes after the product, which is not the standard's default.
pub(super) fn gru(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    if attribute(node, "linear_before_reset").is_none_or(|attribute| attribute.i() == 0) {
        return refuse("linear_before_reset 0");
    }
    draft.keep(node.clone());
    Ok(())
}

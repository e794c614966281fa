//! What each operator makes of its inputs' shapes.
//!
//! A run is refused by what these rules say of its values' sizes, so a rule may leave a side unknown but never say one too small.

mod moves;
mod products;
mod sized;
mod windows;

use moves::{concat, flatten, gather, gather_nd, reshape, slice, split, squeeze, transpose, unsqueeze};
use products::{einsum, gemm, mat_mul, mat_mul_bits, recurrent};
use sized::{expand, one_hot, pad, range, sides, tile, top_k};
use windows::{conv_transpose, depth_to_space, global_pool, grid_sample, resize, windows};

use super::{Known, attribute, int, numbers, place};
use crate::{proto::NodeProto, value::Dim};

type Shape = Vec<Dim>;

/// Results that have the shape of the first input.
pub(super) const LIKE_FIRST: &[&str] = &[
    "Abs",
    "Acos",
    "Acosh",
    "Asin",
    "Asinh",
    "Atan",
    "Atanh",
    "BatchNormalization",
    "BiasGelu",
    "Cast",
    "CastLike",
    "Ceil",
    "Celu",
    "Clip",
    "Cos",
    "Cosh",
    "CumSum",
    "Dropout",
    "Elu",
    "Erf",
    "Exp",
    "FastGelu",
    "Floor",
    "Gelu",
    "GroupNormalization",
    "HardSigmoid",
    "HardSwish",
    "Hardmax",
    "Identity",
    "InstanceNormalization",
    "IsInf",
    "IsNaN",
    "LRN",
    "LayerNormalization",
    "LeakyRelu",
    "Log",
    "LogSoftmax",
    "LpNormalization",
    "MeanVarianceNormalization",
    "Mish",
    "Neg",
    "Normalizer",
    "Not",
    "QuickGelu",
    "QuantizeLinear",
    "DequantizeLinear",
    "RMSNormalization",
    "Reciprocal",
    "Relu",
    "Round",
    "Scaler",
    "Selu",
    "Shrink",
    "Sigmoid",
    "Sign",
    "SimplifiedLayerNormalization",
    "Sin",
    "Sinh",
    "SkipLayerNormalization",
    "SkipSimplifiedLayerNormalization",
    "Softmax",
    "Softplus",
    "Softsign",
    "Sqrt",
    "Swish",
    "Tan",
    "Tanh",
    "ThresholdedRelu",
    "Trilu",
    "EyeLike",
    "ReverseSequence",
    "RotaryEmbedding",
    "Scatter",
    "ScatterND",
    "ScatterElements",
];

/// Results that stretch their inputs to each other.
pub(super) const BROADCAST: &[&str] = &[
    "Add",
    "And",
    "Div",
    "Equal",
    "Greater",
    "GreaterOrEqual",
    "Less",
    "LessOrEqual",
    "Max",
    "Mean",
    "Min",
    "Mod",
    "Mul",
    "Or",
    "PRelu",
    "Pow",
    "Sub",
    "Sum",
    "Where",
    "Xor",
];

/// The shapes of the node's outputs, in their order.
pub(super) fn shapes(node: &NodeProto, known: &Known) -> Vec<Option<Shape>> {
    let first = || known.shape(node, 0).cloned();
    match node.op_type() {
        operator if LIKE_FIRST.contains(&operator) => vec![first()],
        operator if BROADCAST.contains(&operator) => vec![broadcast_all(node, known)],
        operator if operator.starts_with("Reduce") => vec![reduced(node, known)],
        "Split" => split(node, known),
        "ArgMax" | "ArgMin" => vec![one_axis_less(node, known)],
        "AveragePool" | "MaxPool" | "Conv" | "ConvInteger" => vec![windows(node, known)],
        "Concat" => vec![concat(node, known)],
        "ConstantOfShape" => vec![sides(known.list(node, 0))],
        "ConvTranspose" => vec![conv_transpose(node, known)],
        "DepthToSpace" => vec![depth_to_space(node, known)],
        "DynamicQuantizeLinear" => vec![first(), Some(Vec::new()), Some(Vec::new())],
        "Einsum" => vec![einsum(node, known)],
        "Expand" => vec![expand(node, known)],
        "Flatten" => vec![flatten(node, known)],
        "Gather" => vec![gather(node, known)],
        "GatherElements" => vec![known.shape(node, 1).cloned()],
        "GatherND" => vec![gather_nd(node, known)],
        "Gemm" => vec![gemm(node, known)],
        "GlobalAveragePool" | "GlobalMaxPool" | "GlobalLpPool" => vec![global_pool(node, known)],
        "GridSample" => vec![grid_sample(node, known)],
        "LSTM" | "GRU" | "RNN" => recurrent(node, known),
        "MatMul" | "MatMulInteger" => vec![mat_mul(node, known)],
        "MatMulNBits" => vec![mat_mul_bits(node, known)],
        "NonZero" => vec![first().map(|shape| vec![Dim::Known(shape.len()), unknown()])],
        "OneHot" => vec![one_hot(node, known)],
        "Pad" => vec![pad(node, known)],
        "Range" => vec![range(node, known)],
        "Reshape" => vec![reshape(node, known)],
        "Resize" | "Upsample" => vec![resize(node, known)],
        "Shape" => vec![first().map(|shape| vec![Dim::Known(shape.len())])],
        "Size" => vec![Some(Vec::new())],
        "Slice" => vec![slice(node, known)],
        "Squeeze" => vec![squeeze(node, known)],
        "Tile" => vec![tile(node, known)],
        "TopK" => vec![top_k(node, known); 2],
        "Transpose" => vec![transpose(node, known)],
        "Unsqueeze" => vec![unsqueeze(node, known)],
        _ => Vec::new(),
    }
}

fn unknown() -> Dim {
    Dim::Free(String::new())
}

fn broadcast_all(node: &NodeProto, known: &Known) -> Option<Shape> {
    let mut shape = known.shape(node, 0)?.clone();
    for at in 1..node.input.len() {
        shape = broadcast(&shape, known.shape(node, at)?);
    }
    Some(shape)
}

fn broadcast(a: &[Dim], b: &[Dim]) -> Shape {
    let sides = a.len().max(b.len());
    let from_end = |shape: &[Dim], at: usize| (at + shape.len()).checked_sub(sides).map(|at| shape[at].clone());
    let side = |at| match (from_end(a, at), from_end(b, at)) {
        (Some(one), None) | (None, Some(one)) => one,
        (Some(Dim::Known(1)), Some(other)) | (Some(other), Some(Dim::Known(1))) => other,
        (Some(Dim::Known(side)), Some(_)) | (Some(_), Some(Dim::Known(side))) => Dim::Known(side),
        (Some(one), Some(other)) if one == other => one,
        _ => unknown(),
    };
    (0..sides).map(side).collect()
}

fn reduced(node: &NodeProto, known: &Known) -> Option<Shape> {
    let shape = known.shape(node, 0)?;
    let keep = int(node, "keepdims", 1) != 0;
    let given = attribute(node, "axes").is_some() || node.input.get(1).is_some_and(|name| !name.is_empty());
    let axes: Vec<usize> = if given {
        numbers(node, known, "axes", 1)?.iter().map(|&axis| place(axis, shape.len())).collect::<Option<_>>()?
    } else if int(node, "noop_with_empty_axes", 0) != 0 {
        return Some(shape.clone());
    } else {
        (0..shape.len()).collect()
    };
    Some(without(shape, &axes, keep))
}

fn without(shape: &[Dim], axes: &[usize], keep: bool) -> Shape {
    let side = |(at, side): (usize, &Dim)| match axes.contains(&at) {
        true => keep.then_some(Dim::Known(1)),
        false => Some(side.clone()),
    };
    shape.iter().enumerate().filter_map(side).collect()
}

fn one_axis_less(node: &NodeProto, known: &Known) -> Option<Shape> {
    let shape = known.shape(node, 0)?;
    Some(without(shape, &[place(int(node, "axis", 0), shape.len())?], int(node, "keepdims", 1) != 0))
}

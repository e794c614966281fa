//! What each operator makes of its inputs' shapes.

use super::{Entry, Known, attribute, int, lists::range, numbers, place};
use crate::{proto::NodeProto, value::Dim};

type Shape = Vec<Dim>;

/// Results that have the shape of the first input.
const LIKE_FIRST: &[&str] = &[
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
    "PRelu",
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
    "ScatterND",
    "ScatterElements",
];

/// Results that stretch their inputs to each other.
const BROADCAST: &[&str] = &[
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
        "AveragePool" | "MaxPool" | "Conv" => vec![windows(node, known)],
        "Concat" => vec![concat(node, known)],
        "ConstantOfShape" => vec![sides(known.list(node, 0))],
        "ConvTranspose" => vec![conv_transpose(node, known)],
        "Expand" => vec![expand(node, known)],
        "Flatten" => vec![flatten(node, known)],
        "Gather" => vec![gather(node, known)],
        "Gemm" => vec![gemm(node, known)],
        "GlobalAveragePool" | "GlobalMaxPool" | "GlobalLpPool" => vec![global_pool(node, known)],
        "LSTM" | "GRU" | "RNN" => recurrent(node, known),
        "MatMul" => vec![mat_mul(node, known)],
        "Pad" => vec![pad(node, known)],
        "Reshape" => vec![reshape(node, known)],
        "Shape" => vec![first().map(|shape| vec![Dim::Known(shape.len())])],
        "Slice" => vec![slice(node, known)],
        "Squeeze" => vec![squeeze(node, known)],
        "Tile" => vec![tile(node, known)],
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

fn split(node: &NodeProto, known: &Known) -> Vec<Option<Shape>> {
    let parts = || {
        let shape = known.shape(node, 0)?;
        let axis = place(int(node, "axis", 0), shape.len())?;
        let sizes = numbers(node, known, "split", 1);
        let count = node.output.len();
        let part = |at: usize| {
            let side = match (&sizes, &shape[axis]) {
                (Some(sizes), _) => Dim::Known(usize::try_from(*sizes.get(at)?).ok()?),
                (None, Dim::Known(side)) => {
                    // Parts of equal size, the last perhaps smaller.
                    let most = side.div_ceil(count.max(1));
                    Dim::Known(most.min(side.saturating_sub(at.checked_mul(most)?)))
                }
                (None, Dim::Free(_)) => unknown(),
            };
            let mut shape = shape.clone();
            shape[axis] = side;
            Some(shape)
        };
        Some((0..count).map(part).collect::<Vec<_>>())
    };
    parts().unwrap_or_default()
}

fn windows(node: &NodeProto, known: &Known) -> Option<Shape> {
    let shape = known.shape(node, 0)?;
    let spatial = shape.len().checked_sub(2)?;
    let weights = (node.op_type() == "Conv").then(|| known.shape(node, 1)).flatten();
    let list =
        |name: &str| attribute(node, name).map(|attribute| attribute.ints.clone()).filter(|list| !list.is_empty());
    let kernel = list("kernel_shape").or_else(|| weights?.iter().skip(2).map(number).collect())?;
    let strides = list("strides").unwrap_or_else(|| vec![1; spatial]);
    let dilations = list("dilations").unwrap_or_else(|| vec![1; spatial]);
    let pads = list("pads").unwrap_or_else(|| vec![0; 2 * spatial]);
    if [kernel.len(), strides.len(), dilations.len()] != [spatial; 3] || pads.len() != 2 * spatial {
        return None;
    }
    let mode =
        attribute(node, "auto_pad").map(|mode| String::from_utf8_lossy(mode.s()).into_owned()).unwrap_or_default();
    let up = int(node, "ceil_mode", 0) != 0;
    let side = |at: usize| {
        let Dim::Known(side) = shape[at + 2] else { return Some(unknown()) };
        let side = i64::try_from(side).ok()?;
        let stride = Some(strides[at]).filter(|&stride| stride > 0)?;
        if mode.starts_with("SAME") {
            return usize::try_from(side.checked_add(stride - 1)? / stride).ok().map(Dim::Known);
        }
        let padding = if mode == "VALID" { 0 } else { pads[at].checked_add(pads[at + spatial])? };
        let window = (kernel[at].checked_sub(1)?).checked_mul(dilations[at])?.checked_add(1)?;
        let room = side.checked_add(padding)?.checked_sub(window).filter(|&room| room >= 0)?;
        let mut count = (if up { room.checked_add(stride - 1)? } else { room }) / stride + 1;
        // No window begins in the padding at the end.
        if up && (count - 1).checked_mul(stride)? >= side.checked_add(pads[at])? {
            count -= 1;
        }
        usize::try_from(count).ok().map(Dim::Known)
    };
    let channels = match weights {
        Some(weights) => weights.first()?.clone(),
        None if node.op_type() == "Conv" => unknown(),
        None => shape[1].clone(),
    };
    let places = (0..spatial).map(side).collect::<Option<Vec<_>>>()?;
    Some([shape[0].clone(), channels].into_iter().chain(places).collect())
}

fn number(side: &Dim) -> Option<i64> {
    match side {
        Dim::Known(side) => i64::try_from(*side).ok(),
        Dim::Free(_) => None,
    }
}

fn conv_transpose(node: &NodeProto, known: &Known) -> Option<Shape> {
    let (shape, weights) = (known.shape(node, 0)?, known.shape(node, 1)?);
    let channels = match weights.get(1)? {
        Dim::Known(each) => Dim::Known(each.checked_mul(usize::try_from(int(node, "group", 1)).ok()?)?),
        Dim::Free(_) => unknown(),
    };
    Some([shape.first()?.clone(), channels].into_iter().chain(shape.iter().skip(2).map(|_| unknown())).collect())
}

fn global_pool(node: &NodeProto, known: &Known) -> Option<Shape> {
    Some(
        known
            .shape(node, 0)?
            .iter()
            .enumerate()
            .map(|(at, side)| if at < 2 { side.clone() } else { Dim::Known(1) })
            .collect(),
    )
}

fn concat(node: &NodeProto, known: &Known) -> Option<Shape> {
    let mut shape = known.shape(node, 0)?.clone();
    let axis = place(int(node, "axis", 0), shape.len())?;
    for at in 1..node.input.len() {
        let other = known.shape(node, at)?;
        shape[axis] = match (&shape[axis], other.get(axis)?) {
            (Dim::Known(a), Dim::Known(b)) => Dim::Known(a.checked_add(*b)?),
            _ => unknown(),
        };
    }
    Some(shape)
}

/// A list of numbers as a shape.
fn sides(list: Option<&Vec<Option<Entry>>>) -> Option<Shape> {
    let side = |entry: &Option<Entry>| match entry {
        Some(Entry::Number(side)) => usize::try_from(*side).ok().map(Dim::Known),
        Some(Entry::Side(name)) => Some(Dim::Free(name.clone())),
        None => Some(unknown()),
    };
    list?.iter().map(side).collect()
}

fn expand(node: &NodeProto, known: &Known) -> Option<Shape> {
    Some(broadcast(known.shape(node, 0)?, &sides(known.list(node, 1))?))
}

fn tile(node: &NodeProto, known: &Known) -> Option<Shape> {
    let (shape, times) = (known.shape(node, 0)?, known.numbers(node, 1)?);
    let side = |(side, &times): (&Dim, &i64)| match (side, times) {
        (side, 1) => Some(side.clone()),
        (Dim::Known(side), times) => side.checked_mul(usize::try_from(times).ok()?).map(Dim::Known),
        (Dim::Free(_), _) => Some(unknown()),
    };
    (shape.len() == times.len()).then(|| shape.iter().zip(&times).map(side).collect())?
}

fn pad(node: &NodeProto, known: &Known) -> Option<Shape> {
    let (shape, pads) = (known.shape(node, 0)?, numbers(node, known, "pads", 1)?);
    if pads.len() != 2 * shape.len() || node.input.get(3).is_some_and(|name| !name.is_empty()) {
        return Some(shape.iter().map(|_| unknown()).collect());
    }
    let side = |(at, side): (usize, &Dim)| match (side, pads[at].checked_add(pads[at + shape.len()])?) {
        (side, 0) => Some(side.clone()),
        (Dim::Known(side), more) => usize::try_from(i64::try_from(*side).ok()?.checked_add(more)?).ok().map(Dim::Known),
        (Dim::Free(_), _) => Some(unknown()),
    };
    shape.iter().enumerate().map(side).collect()
}

fn flatten(node: &NodeProto, known: &Known) -> Option<Shape> {
    let shape = known.shape(node, 0)?;
    let axis = int(node, "axis", 1);
    let axis = if usize::try_from(axis).ok() == Some(shape.len()) { shape.len() } else { place(axis, shape.len())? };
    let (rows, columns) = shape.split_at(axis);
    Some(vec![product(rows), product(columns)])
}

/// The product of sides; a single free one times ones stays itself.
fn product(sides: &[Dim]) -> Dim {
    let many: Vec<&Dim> = sides.iter().filter(|side| **side != Dim::Known(1)).collect();
    match many.as_slice() {
        [] => Dim::Known(1),
        [one] => (*one).clone(),
        more => {
            let number = |side: &&Dim| match side {
                Dim::Known(side) => Some(*side),
                Dim::Free(_) => None,
            };
            let product = more.iter().map(number).try_fold(1_usize, |product, side| product.checked_mul(side?));
            product.map_or_else(unknown, Dim::Known)
        }
    }
}

fn reshape(node: &NodeProto, known: &Known) -> Option<Shape> {
    let from = known.shape(node, 0);
    let listed: Vec<Option<Entry>> = match attribute(node, "shape") {
        Some(shape) => shape.ints.iter().map(|&side| Some(Entry::Number(side))).collect(),
        None => known.list(node, 1)?.clone(),
    };
    let copies = int(node, "allowzero", 0) == 0;
    let mut rest = None;
    let mut shape = Vec::with_capacity(listed.len());
    for (at, entry) in listed.into_iter().enumerate() {
        shape.push(match entry {
            Some(Entry::Number(-1)) => {
                rest = Some(at);
                unknown()
            }
            Some(Entry::Number(0)) if copies => from.and_then(|from| from.get(at).cloned()).unwrap_or_else(unknown),
            Some(Entry::Number(side)) => Dim::Known(usize::try_from(side).ok()?),
            Some(Entry::Side(name)) => Dim::Free(name),
            None => unknown(),
        });
    }
    if let (Some(at), Some(from)) = (rest, from) {
        shape[at] = remaining(from, &shape, at);
    }
    Some(shape)
}

/// The side that makes both shapes hold as many elements.
fn remaining(from: &[Dim], to: &[Dim], at: usize) -> Dim {
    let mut free: Vec<&Dim> = from.iter().filter(|side| matches!(side, Dim::Free(_))).collect();
    let mut known = 1_usize;
    for side in from {
        if let Dim::Known(side) = side {
            let Some(product) = known.checked_mul(*side) else { return unknown() };
            known = product;
        }
    }
    for (_, side) in to.iter().enumerate().filter(|(place, _)| *place != at) {
        match side {
            Dim::Known(0) => return unknown(),
            Dim::Known(side) if known.is_multiple_of(*side) => known /= side,
            Dim::Known(_) => return unknown(),
            Dim::Free(name) => match free.iter().position(|free| !name.is_empty() && *free == side) {
                Some(found) => drop(free.remove(found)),
                None => return unknown(),
            },
        }
    }
    match (free.as_slice(), known) {
        ([], known) => Dim::Known(known),
        ([one], 1) => (*one).clone(),
        _ => unknown(),
    }
}

fn transpose(node: &NodeProto, known: &Known) -> Option<Shape> {
    let shape = known.shape(node, 0)?;
    match attribute(node, "perm") {
        None => Some(shape.iter().rev().cloned().collect()),
        Some(perm) if perm.ints.len() == shape.len() => {
            perm.ints.iter().map(|&at| place(at, shape.len()).map(|at| shape[at].clone())).collect()
        }
        Some(_) => None,
    }
}

fn gather(node: &NodeProto, known: &Known) -> Option<Shape> {
    let (shape, indices) = (known.shape(node, 0)?, known.shape(node, 1)?);
    let axis = place(int(node, "axis", 0), shape.len())?;
    Some(shape[..axis].iter().chain(indices).chain(&shape[axis + 1..]).cloned().collect())
}

fn gemm(node: &NodeProto, known: &Known) -> Option<Shape> {
    let (a, b) = (known.shape(node, 0)?, known.shape(node, 1)?);
    let rows = a.get(usize::from(int(node, "transA", 0) != 0))?;
    let columns = b.get(usize::from(int(node, "transB", 0) == 0))?;
    Some(vec![rows.clone(), columns.clone()])
}

fn mat_mul(node: &NodeProto, known: &Known) -> Option<Shape> {
    let (a, b) = (known.shape(node, 0)?, known.shape(node, 1)?);
    let ([.., rows, _], [.., _, columns]) = (a.as_slice(), b.as_slice()) else { return None };
    let stack = broadcast(&a[..a.len() - 2], &b[..b.len() - 2]);
    Some(stack.into_iter().chain([rows.clone(), columns.clone()]).collect())
}

fn recurrent(node: &NodeProto, known: &Known) -> Vec<Option<Shape>> {
    let shapes = || {
        let [steps, rows, _] = known.shape(node, 0)?.as_slice() else { return None };
        let hidden = Dim::Known(usize::try_from(int(node, "hidden_size", -1)).ok()?);
        let both = attribute(node, "direction").is_some_and(|direction| direction.s() == b"bidirectional");
        let directions = Dim::Known(1 + usize::from(both));
        let last = vec![directions.clone(), rows.clone(), hidden.clone()];
        Some(vec![Some(vec![steps.clone(), directions, rows.clone(), hidden]), Some(last.clone()), Some(last)])
    };
    shapes().unwrap_or_default()
}

fn slice(node: &NodeProto, known: &Known) -> Option<Shape> {
    let shape = known.shape(node, 0)?;
    let mut result: Shape = shape.clone();
    let (starts, ends) = (numbers(node, known, "starts", 1), numbers(node, known, "ends", 2));
    let given = attribute(node, "axes").is_some() || node.input.get(3).is_some_and(|name| !name.is_empty());
    let count = starts.as_ref().map(Vec::len).or_else(|| Some(known.list(node, 1)?.len()));
    let axes = if given { numbers(node, known, "axes", 3)? } else { (0..count? as i64).collect() };
    let steps = node.input.get(4).filter(|name| !name.is_empty()).map(|_| known.numbers(node, 4));
    for (place_in_list, &axis) in axes.iter().enumerate() {
        let at = place(axis, shape.len())?;
        let one = |list: &Option<Vec<i64>>| list.as_ref().and_then(|list| list.get(place_in_list).copied());
        let step = match &steps {
            None => Some(1),
            Some(steps) => one(steps),
        };
        result[at] = match (&shape[at], one(&starts), one(&ends), step) {
            (Dim::Known(side), Some(start), Some(end), Some(step)) if step > 0 => {
                Dim::Known(range(start, end, *side)?.len().div_ceil(usize::try_from(step).ok()?))
            }
            (side, Some(0), Some(i64::MAX), Some(1)) => side.clone(),
            _ => unknown(),
        };
    }
    Some(result)
}

fn squeeze(node: &NodeProto, known: &Known) -> Option<Shape> {
    let shape = known.shape(node, 0)?;
    let given = attribute(node, "axes").is_some() || node.input.get(1).is_some_and(|name| !name.is_empty());
    let axes: Vec<usize> = if given {
        numbers(node, known, "axes", 1)?.iter().map(|&axis| place(axis, shape.len())).collect::<Option<_>>()?
    } else if shape.iter().all(|side| matches!(side, Dim::Known(_))) {
        (0..shape.len()).filter(|&at| shape[at] == Dim::Known(1)).collect()
    } else {
        return None;
    };
    Some(without(shape, &axes, false))
}

fn unsqueeze(node: &NodeProto, known: &Known) -> Option<Shape> {
    let shape = known.shape(node, 0)?;
    let axes = numbers(node, known, "axes", 1)?;
    let sides = shape.len() + axes.len();
    let axes: Vec<usize> = axes.iter().map(|&axis| place(axis, sides)).collect::<Option<_>>()?;
    let mut rest = shape.iter();
    (0..sides).map(|at| if axes.contains(&at) { Some(Dim::Known(1)) } else { rest.next().cloned() }).collect()
}

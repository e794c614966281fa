//! Results whose sides are the elements of another value.

use super::super::{Entry, Known, attribute, int, numbers, place};
use super::{Shape, broadcast, unknown};
use crate::{proto::NodeProto, value::Dim};

/// A list of numbers as a shape.
pub(super) fn sides(list: Option<&Vec<Option<Entry>>>) -> Option<Shape> {
    let side = |entry: &Option<Entry>| match entry {
        Some(Entry::Number(side)) => usize::try_from(*side).ok().map(Dim::Known),
        Some(Entry::Side(name)) => Some(Dim::Free(name.clone())),
        None => Some(unknown()),
    };
    list?.iter().map(side).collect()
}

pub(super) fn expand(node: &NodeProto, known: &Known) -> Option<Shape> {
    Some(broadcast(known.shape(node, 0)?, &sides(known.list(node, 1))?))
}

pub(super) fn tile(node: &NodeProto, known: &Known) -> Option<Shape> {
    let (shape, times) = (known.shape(node, 0)?, known.numbers(node, 1)?);
    let side = |(side, &times): (&Dim, &i64)| match (side, times) {
        (side, 1) => Some(side.clone()),
        (Dim::Known(side), times) => side.checked_mul(usize::try_from(times).ok()?).map(Dim::Known),
        (Dim::Free(_), _) => Some(unknown()),
    };
    (shape.len() == times.len()).then(|| shape.iter().zip(&times).map(side).collect())?
}

pub(super) fn pad(node: &NodeProto, known: &Known) -> Option<Shape> {
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

/// From the first number in steps to before the second.
pub(super) fn range(node: &NodeProto, known: &Known) -> Option<Shape> {
    let (start, end, step) = (known.one_number(node, 0)?, known.one_number(node, 1)?, known.one_number(node, 2)?);
    let count = ((end - start) / step).ceil();
    // Numbers beyond usize become the largest; a step of nothing, or what is no number, is the runtime's to refuse.
    let count = if count.is_nan() { return None } else { count.max(0.0) as usize };
    Some(vec![Dim::Known(count)])
}

/// A side more: the classes.
pub(super) fn one_hot(node: &NodeProto, known: &Known) -> Option<Shape> {
    let shape = known.shape(node, 0)?;
    let depth = known.one_number(node, 1).filter(|depth| *depth >= 0.0);
    let at = place(int(node, "axis", -1), shape.len() + 1)?;
    let mut shape = shape.clone();
    shape.insert(at, depth.map_or_else(unknown, |depth| Dim::Known(depth as usize)));
    Some(shape)
}

/// As many as are asked for along one axis.
pub(super) fn top_k(node: &NodeProto, known: &Known) -> Option<Shape> {
    let mut shape = known.shape(node, 0)?.clone();
    let at = place(int(node, "axis", -1), shape.len())?;
    // Of old an attribute.
    let said = attribute(node, "k").map(|attribute| attribute.i() as f64);
    let count = said.or_else(|| known.one_number(node, 1)).filter(|count| *count >= 0.0);
    shape[at] = count.map_or_else(unknown, |count| Dim::Known(count as usize));
    Some(shape)
}

//! Operators that move elements, join and cut them, and give them other sides.

use super::super::{Entry, Known, attribute, int, lists::range, numbers, place};
use super::{Shape, unknown, without};
use crate::{proto::NodeProto, value::Dim};

pub(super) fn split(node: &NodeProto, known: &Known) -> Vec<Option<Shape>> {
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

pub(super) fn concat(node: &NodeProto, known: &Known) -> Option<Shape> {
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

pub(super) fn flatten(node: &NodeProto, known: &Known) -> Option<Shape> {
    let shape = known.shape(node, 0)?;
    let axis = int(node, "axis", 1);
    let axis = if usize::try_from(axis).ok() == Some(shape.len()) { shape.len() } else { place(axis, shape.len())? };
    let (rows, columns) = shape.split_at(axis);
    Some(vec![product(rows), product(columns)])
}

/// The product of sides; a single free one times ones stays itself.
pub(super) fn product(sides: &[Dim]) -> Dim {
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

pub(super) fn reshape(node: &NodeProto, known: &Known) -> Option<Shape> {
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
pub(super) fn remaining(from: &[Dim], to: &[Dim], at: usize) -> Dim {
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

pub(super) fn transpose(node: &NodeProto, known: &Known) -> Option<Shape> {
    let shape = known.shape(node, 0)?;
    match attribute(node, "perm") {
        None => Some(shape.iter().rev().cloned().collect()),
        Some(perm) if perm.ints.len() == shape.len() => {
            perm.ints.iter().map(|&at| place(at, shape.len()).map(|at| shape[at].clone())).collect()
        }
        Some(_) => None,
    }
}

pub(super) fn gather(node: &NodeProto, known: &Known) -> Option<Shape> {
    let (shape, indices) = (known.shape(node, 0)?, known.shape(node, 1)?);
    let axis = place(int(node, "axis", 0), shape.len())?;
    Some(shape[..axis].iter().chain(indices).chain(&shape[axis + 1..]).cloned().collect())
}

pub(super) fn slice(node: &NodeProto, known: &Known) -> Option<Shape> {
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
            (Dim::Known(side), Some(start), Some(end), Some(step)) if step < 0 => {
                // Backwards, from the last at most to after the place before the first.
                let side = i64::try_from(*side).ok()?;
                let from_start = |at: i64| if at < 0 { at.saturating_add(side) } else { at };
                let (start, end) = (from_start(start).min(side - 1), from_start(end).max(-1));
                let many = usize::try_from(start - end).unwrap_or(0);
                Dim::Known(many.div_ceil(usize::try_from(step.unsigned_abs()).ok()?))
            }
            (side, Some(0), Some(i64::MAX), Some(1)) => side.clone(),
            _ => unknown(),
        };
    }
    Some(result)
}

pub(super) fn squeeze(node: &NodeProto, known: &Known) -> Option<Shape> {
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

pub(super) fn unsqueeze(node: &NodeProto, known: &Known) -> Option<Shape> {
    let shape = known.shape(node, 0)?;
    let axes = numbers(node, known, "axes", 1)?;
    let sides = shape.len() + axes.len();
    let axes: Vec<usize> = axes.iter().map(|&axis| place(axis, sides)).collect::<Option<_>>()?;
    let mut rest = shape.iter();
    (0..sides).map(|at| if axes.contains(&at) { Some(Dim::Known(1)) } else { rest.next().cloned() }).collect()
}

/// Each row of indices gives what stands at its place.
pub(super) fn gather_nd(node: &NodeProto, known: &Known) -> Option<Shape> {
    let (shape, indices) = (known.shape(node, 0)?, known.shape(node, 1)?);
    let batch = usize::try_from(int(node, "batch_dims", 0)).ok()?;
    let (last, rows) = indices.split_last()?;
    let Dim::Known(long) = last else { return None };
    Some(rows.iter().chain(shape.get(batch.checked_add(*long)?..)?).cloned().collect())
}

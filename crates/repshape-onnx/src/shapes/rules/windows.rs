//! Windows that move over maps: convolutions, pools, and maps made larger or smaller.

use super::super::{Known, attribute, int};
use super::{Shape, sides, unknown};
use crate::{proto::NodeProto, value::Dim};

pub(super) fn windows(node: &NodeProto, known: &Known) -> Option<Shape> {
    let shape = known.shape(node, 0)?;
    let spatial = shape.len().checked_sub(2)?;
    let convolves = node.op_type().starts_with("Conv");
    let weights = convolves.then(|| known.shape(node, 1)).flatten();
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
        None if convolves => unknown(),
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

/// `(side - 1) stride + extent of the window + output_padding - pads`.
pub(super) fn conv_transpose(node: &NodeProto, known: &Known) -> Option<Shape> {
    let (shape, weights) = (known.shape(node, 0)?, known.shape(node, 1)?);
    let channels = match weights.get(1)? {
        Dim::Known(each) => Dim::Known(each.checked_mul(usize::try_from(int(node, "group", 1)).ok()?)?),
        Dim::Free(_) => unknown(),
    };
    let spatial = shape.len().checked_sub(2).filter(|spatial| weights.len() == spatial + 2)?;
    let list = |name: &str, length: usize, default: i64| {
        let given = attribute(node, name).map(|attribute| attribute.ints.clone()).filter(|list| !list.is_empty());
        let list = given.unwrap_or_else(|| vec![default; length]);
        (list.len() == length).then_some(list)
    };
    let (strides, dilations) = (list("strides", spatial, 1)?, list("dilations", spatial, 1)?);
    let (more, pads) = (list("output_padding", spatial, 0)?, list("pads", 2 * spatial, 0)?);
    let side = |at: usize| {
        let (Some(side), Some(window)) = (number(&shape[at + 2]), number(&weights[at + 2])) else {
            return Some(unknown());
        };
        let extent = window.checked_sub(1)?.checked_mul(dilations[at])?.checked_add(1)?;
        let whole = side.checked_sub(1)?.checked_mul(strides[at])?.checked_add(extent)?.checked_add(more[at])?;
        usize::try_from(whole.checked_sub(pads[at].checked_add(pads[at + spatial])?)?).ok().map(Dim::Known)
    };
    let places = (0..spatial).map(side).collect::<Option<Vec<_>>>()?;
    Some([shape.first()?.clone(), channels].into_iter().chain(places).collect())
}

/// Channels become blocks of positions.
pub(super) fn depth_to_space(node: &NodeProto, known: &Known) -> Option<Shape> {
    let [rows, channels, height, width] = known.shape(node, 0)?.as_slice() else { return None };
    let block = usize::try_from(int(node, "blocksize", 0)).ok().filter(|&block| block > 0)?;
    let by = |side: &Dim, change: &dyn Fn(usize) -> Option<usize>| match side {
        Dim::Known(side) => change(*side).map(Dim::Known),
        Dim::Free(_) => Some(unknown()),
    };
    let area = block.checked_mul(block)?;
    let longer = |side: usize| side.checked_mul(block);
    Some(vec![rows.clone(), by(channels, &|side| Some(side / area))?, by(height, &longer)?, by(width, &longer)?])
}

/// The positions that the grid lists, of each channel.
pub(super) fn grid_sample(node: &NodeProto, known: &Known) -> Option<Shape> {
    let (x, grid) = (known.shape(node, 0)?, known.shape(node, 1)?);
    let places = grid.get(1..grid.len().checked_sub(1)?)?;
    Some(x.get(..2)?.iter().chain(places).cloned().collect())
}

pub(super) fn global_pool(node: &NodeProto, known: &Known) -> Option<Shape> {
    Some(
        known
            .shape(node, 0)?
            .iter()
            .enumerate()
            .map(|(at, side)| if at < 2 { side.clone() } else { Dim::Known(1) })
            .collect(),
    )
}

/// To given sides, or to each side times its scale, cut to a whole number.
pub(super) fn resize(node: &NodeProto, known: &Known) -> Option<Shape> {
    let shape = known.shape(node, 0)?;
    if attribute(node, "axes").is_some() {
        return None;
    }
    if node.input.get(3).is_some_and(|name| !name.is_empty()) {
        return sides(known.list(node, 3)).filter(|to| to.len() == shape.len());
    }
    // `Upsample` has the scales as the second input or, of old, as an attribute.
    let of_old = attribute(node, "scales").filter(|_| node.op_type() == "Upsample");
    let scales = match (of_old, node.input.len()) {
        (Some(scales), _) => &scales.floats,
        (None, 2) => known.scales.get(node.input.get(1)?)?,
        (None, _) => known.scales.get(node.input.get(2)?)?,
    };
    let side = |(side, &scale): (&Dim, &f32)| match side {
        side if scale == 1.0 => side.clone(),
        // Numbers beyond usize become the largest; those that are not numbers, nothing.
        Dim::Known(side) => Dim::Known((*side as f64 * f64::from(scale)).floor() as usize),
        Dim::Free(_) => unknown(),
    };
    (scales.len() == shape.len()).then(|| shape.iter().zip(scales).map(side).collect())
}

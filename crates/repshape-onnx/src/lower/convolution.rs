//! Convolutions and pooling with every default written out.

use super::{
    Draft, Outcome, attribute,
    draft::{Refusal, ints, refuse},
};
use crate::{proto::NodeProto, value::Dim};

/// The runtime needs strides, dilations and pads, and takes both ways of equal padding for the same one.
pub(super) fn conv(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    let kernel = kernel(node, draft)?;
    spell_out(node, draft, &kernel, true)
}

/// As [`conv`], without automatic padding: its meaning depends on the output's size.
pub(super) fn conv_transpose(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    if attribute(node, "output_shape").is_some_and(|attribute| !attribute.ints.is_empty()) {
        return refuse("output_shape");
    }
    let mode = auto_pad(node);
    if mode.starts_with("SAME") {
        return refuse(format!("auto_pad {mode}"));
    }
    let kernel = kernel(node, draft)?;
    spell_out(node, draft, &kernel, true)
}

/// As [`conv`]; dilated windows and the places of the largest are missing.
pub(super) fn pool(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    if draft.wants(node, 1) {
        return refuse("the indices of the largest elements");
    }
    if attribute(node, "dilations").is_some_and(|attribute| attribute.ints.iter().any(|&step| step != 1)) {
        return refuse("dilations");
    }
    let kernel = list(node, "kernel_shape");
    if kernel.is_empty() {
        return Err(draft.invalid("no kernel_shape", "the window's sides").into());
    }
    spell_out(node, draft, &kernel, false)
}

/// The window's sides, from the attribute or the weights.
fn kernel(node: &NodeProto, draft: &Draft<'_>) -> Result<Vec<i64>, Refusal> {
    let said = list(node, "kernel_shape");
    let weight = draft.input(node, 1)?;
    let shape = draft.shape(&weight);
    let sides = shape.and_then(|shape| {
        let side = |side: &Dim| match side {
            Dim::Known(side) => i64::try_from(*side).ok(),
            Dim::Free(_) => None,
        };
        shape.iter().skip(2).map(side).collect::<Option<Vec<_>>>()
    });
    match sides {
        Some(sides) if !said.is_empty() && said != sides => {
            Err(draft.invalid(format!("kernel_shape {said:?}"), format!("{sides:?}, the sides of its weights")).into())
        }
        Some(sides) => Ok(sides),
        None if !said.is_empty() => Ok(said),
        None => refuse("weights whose shape is not known"),
    }
}

fn spell_out(node: &NodeProto, draft: &mut Draft<'_>, kernel: &[i64], dilated: bool) -> Outcome {
    let sides = kernel.len();
    if !(1..=2).contains(&sides) {
        return refuse(format!("{sides} spatial sides"));
    }
    let ones = |name: &str| {
        let given = list(node, name);
        if given.is_empty() { vec![1; sides] } else { given }
    };
    let (strides, dilations) = (ones("strides"), ones("dilations"));
    let given = list(node, "pads");
    let pads = if given.is_empty() { vec![0; 2 * sides] } else { given };
    for (name, values, length) in
        [("strides", &strides, sides), ("dilations", &dilations, sides), ("pads", &pads, 2 * sides)]
    {
        let least = i64::from(name != "pads");
        if values.len() != length || values.iter().any(|value| !(least..=MOST).contains(value)) {
            let expected = format!("{length} numbers from {least} to {MOST}");
            return Err(draft.invalid(format!("{name} {values:?}"), expected).into());
        }
    }
    if let Some(side) = kernel.iter().find(|side| !(1..=MOST).contains(*side)) {
        return Err(draft.invalid(format!("a window's side of {side}"), format!("1 to {MOST}")).into());
    }
    let window = Window { kernel, strides: &strides, dilations: &dilations };
    let mode = auto_pad(node);
    let pads = match mode.as_str() {
        "" | "NOTSET" => Some(pads),
        "VALID" => Some(vec![0; 2 * sides]),
        "SAME_UPPER" => None,
        "SAME_LOWER" => Some(window.lower(draft.shape(&draft.input(node, 0)?).as_deref())?),
        other => {
            return Err(draft.invalid(format!("auto_pad {other:?}"), "NOTSET, VALID, SAME_UPPER or SAME_LOWER").into());
        }
    };
    let mut kept = node.clone();
    kept.output.truncate(1);
    let replaced = ["kernel_shape", "strides", "pads", "auto_pad", "dilations", "storage_order"];
    kept.attribute.retain(|attribute| !replaced.contains(&attribute.name()));
    kept.attribute.extend([ints("kernel_shape", kernel.to_vec()), ints("strides", strides)]);
    if dilated {
        kept.attribute.push(ints("dilations", dilations));
    }
    match pads {
        Some(pads) => kept.attribute.push(ints("pads", pads)),
        None => kept.attribute.extend(attribute(node, "auto_pad").cloned()),
    }
    draft.keep(kept);
    Ok(())
}

/// No window, stride or padding is as large; products of a few of them still fit.
const MOST: i64 = 1 << 20;

/// How a window moves.
struct Window<'a> {
    kernel: &'a [i64],
    strides: &'a [i64],
    dilations: &'a [i64],
}

impl Window<'_> {
    /// Pads of `SAME_LOWER`: as many positions as the input has, divided by the stride and rounded up; the odd one at the beginning.
    fn lower(&self, input: Option<&[Dim]>) -> Result<Vec<i64>, Refusal> {
        let total = |at: usize| {
            let extent = (self.kernel[at] - 1) * self.dilations[at] + 1;
            if self.strides[at] == 1 {
                return Some(extent - 1);
            }
            let Some(Dim::Known(side)) = input.and_then(|shape| shape.get(at + 2)) else { return None };
            let side = i64::try_from(*side).ok()?;
            let positions = (side + self.strides[at] - 1) / self.strides[at];
            Some(((positions - 1) * self.strides[at] + extent - side).max(0))
        };
        let totals = (0..self.kernel.len()).map(total).collect::<Option<Vec<_>>>();
        let Some(totals) = totals else { return refuse("auto_pad SAME_LOWER of a side that is not known") };
        let before = totals.iter().map(|total| total - total / 2);
        Ok(before.chain(totals.iter().map(|total| total / 2)).collect())
    }
}

fn list(node: &NodeProto, name: &str) -> Vec<i64> {
    attribute(node, name).map(|attribute| attribute.ints.clone()).unwrap_or_default()
}

fn auto_pad(node: &NodeProto) -> String {
    attribute(node, "auto_pad").map(|attribute| String::from_utf8_lossy(attribute.s()).into_owned()).unwrap_or_default()
}

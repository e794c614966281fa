//! Small integer values that become shapes.

use super::{Entry, Known, LONGEST_LIST, attribute, int, numbers, place};
use crate::{
    initializer::{self, Elements},
    proto::NodeProto,
    value::Dim,
};

type List = Vec<Option<Entry>>;

/// The elements of the node's first output, where they can be told.
pub(super) fn list(node: &NodeProto, known: &Known) -> Option<List> {
    match node.op_type() {
        "Shape" => Some(shape(node, known)?),
        "Identity" | "Cast" | "Squeeze" | "Unsqueeze" => known.list(node, 0).cloned(),
        "Concat" => (0..node.input.len())
            .map(|at| known.list(node, at).cloned())
            .collect::<Option<Vec<_>>>()
            .map(|parts| parts.concat()),
        "Gather" => {
            let (list, places) = (known.list(node, 0)?, known.numbers(node, 1)?);
            places.iter().map(|&at| place(at, list.len()).map(|at| list[at].clone())).collect()
        }
        "Slice" => slice(node, known),
        "Add" | "Sub" | "Mul" | "Div" | "Equal" => arithmetic(node, known),
        "ConstantOfShape" => filled(node, known),
        // Only a list stays one.
        "Reshape" => known.list(node, 0).filter(|_| known.list(node, 1).is_some_and(|to| to.len() <= 1)).cloned(),
        "Where" => chosen(node, known),
        _ => None,
    }
}

fn shape(node: &NodeProto, known: &Known) -> Option<List> {
    let shape = known.shape(node, 0)?;
    let entry = |side: &Dim| match side {
        Dim::Known(side) => i64::try_from(*side).ok().map(Entry::Number),
        Dim::Free(name) if name.is_empty() => None,
        Dim::Free(name) => Some(Entry::Side(name.clone())),
    };
    let (start, end) = (int(node, "start", 0), int(node, "end", i64::MAX));
    let range = range(start, end, shape.len())?;
    Some(shape[range].iter().map(entry).collect())
}

fn slice(node: &NodeProto, known: &Known) -> Option<List> {
    let list = known.list(node, 0)?;
    let one = |name, at| numbers(node, known, name, at).filter(|found| found.len() == 1).map(|found| found[0]);
    let (start, end) = (one("starts", 1)?, one("ends", 2)?);
    if node.input.len() > 4 && known.numbers(node, 4)? != [1] {
        return None;
    }
    Some(list[range(start, end, list.len())?].to_vec())
}

/// The places from `start` to before `end`, both cut to what there is.
pub(super) fn range(start: i64, end: i64, length: usize) -> Option<std::ops::Range<usize>> {
    let length = i64::try_from(length).ok()?;
    let cut = |at: i64| (if at < 0 { at.saturating_add(length) } else { at }).clamp(0, length) as usize;
    let (start, end) = (cut(start), cut(end));
    Some(start..end.max(start))
}

fn arithmetic(node: &NodeProto, known: &Known) -> Option<List> {
    let (a, b) = (known.numbers(node, 0)?, known.numbers(node, 1)?);
    if a.len() != b.len() && a.len() != 1 && b.len() != 1 {
        return None;
    }
    let at = |list: &[i64], at: usize| if list.len() == 1 { list[0] } else { list[at] };
    let result = |(a, b): (i64, i64)| {
        match node.op_type() {
            "Add" => a.checked_add(b),
            "Sub" => a.checked_sub(b),
            "Mul" => a.checked_mul(b),
            "Equal" => Some(i64::from(a == b)),
            _ => a.checked_div(b),
        }
        .map(Entry::Number)
    };
    let length = if a.is_empty() || b.is_empty() { 0 } else { a.len().max(b.len()) };
    Some((0..length).map(|place| result((at(&a, place), at(&b, place)))).collect())
}

/// One integer again and again, as exporters make lists to expand by.
fn filled(node: &NodeProto, known: &Known) -> Option<List> {
    let value = attribute(node, "value")?.t.as_ref()?;
    let length = match known.numbers(node, 0)?.as_slice() {
        [length] => usize::try_from(*length).ok().filter(|length| *length <= LONGEST_LIST)?,
        _ => return None,
    };
    initializer::check(value, None).ok()?;
    match initializer::elements(value, None).ok()? {
        Elements::Int(values) => Some(vec![Some(Entry::Number(*values.first()?)); length]),
        _ => None,
    }
}

/// Each element from the second list where the first holds, else from the third.
fn chosen(node: &NodeProto, known: &Known) -> Option<List> {
    let (conditions, yes, no) = (known.numbers(node, 0)?, known.list(node, 1)?, known.list(node, 2)?);
    let length = conditions.len().max(yes.len()).max(no.len());
    let fits = |found: usize| found == 1 || found == length;
    if !(fits(conditions.len()) && fits(yes.len()) && fits(no.len())) {
        return None;
    }
    let at = |found: usize, place: usize| if found == 1 { 0 } else { place };
    let choice = |place: usize| {
        let (list, place) = match conditions[at(conditions.len(), place)] {
            0 => (no, at(no.len(), place)),
            _ => (yes, at(yes.len(), place)),
        };
        list[place].clone()
    };
    Some((0..length).map(choice).collect())
}

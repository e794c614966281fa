//! Shapes that a model does not declare, inferred node by node.
//!
//! Nothing is computed but sides, and of integer values the few that become sides (what `Shape` gives and what is gathered,
//! cut and joined from it). An operator without a rule leaves the shapes of its results unknown.

mod lists;
mod rules;

use std::{collections::HashMap, path::Path};

use crate::{
    graph::{Index, domain},
    initializer::{self, Elements},
    model::Input,
    proto::{AttributeProto, GraphProto, NodeProto, TensorProto},
    value::Dim,
};

/// Longer lists are no shapes.
pub(crate) const LONGEST_LIST: usize = 64;
/// More sides than any runtime takes.
const MOST_SIDES: usize = 32;

/// Whether each element of the operator's result comes from the elements at its place.
pub(crate) fn is_elementwise(operator: &str) -> bool {
    rules::LIKE_FIRST.contains(&operator) || rules::BROADCAST.contains(&operator)
}

/// What is known of the values so far.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) shapes: HashMap<String, Vec<Dim>>,
    /// Elements of small integer values: numbers, or sides that are free. `None` where an element is not known.
    lists: HashMap<String, Vec<Option<Entry>>>,
    /// Elements of small lists of floats: the scales of pictures.
    scales: HashMap<String, Vec<f32>>,
}

/// What a run found a value to be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    pub(crate) shape: Vec<usize>,
    /// Its elements, if they are few and integers.
    pub(crate) integers: Option<Vec<i64>>,
    /// Its elements, if they are few and floats.
    pub(crate) floats: Option<Vec<f32>>,
}

/// Values that a run found, by name.
pub(crate) type Learned = HashMap<String, Found>;

/// One element of a small integer value.
#[derive(Debug, Clone, PartialEq)]
enum Entry {
    Number(i64),
    /// A side that each run chooses.
    Side(String),
}

impl Known {
    fn shape(&self, node: &NodeProto, place: usize) -> Option<&Vec<Dim>> {
        self.shapes.get(node.input.get(place)?)
    }

    fn list(&self, node: &NodeProto, place: usize) -> Option<&Vec<Option<Entry>>> {
        self.lists.get(node.input.get(place)?)
    }

    /// The numbers of a list, if all are known.
    fn numbers(&self, node: &NodeProto, place: usize) -> Option<Vec<i64>> {
        let number = |entry: &Option<Entry>| match entry {
            Some(Entry::Number(number)) => Some(*number),
            _ => None,
        };
        self.list(node, place)?.iter().map(number).collect()
    }

    /// The one number that the input holds, integer or float.
    fn one_number(&self, node: &NodeProto, place: usize) -> Option<f64> {
        if let Some(scale) = self.scales.get(node.input.get(place)?) {
            return scale.first().copied().map(f64::from);
        }
        self.numbers(node, place)?.first().map(|&number| number as f64)
    }

    /// Whether all elements of the value are known.
    pub(crate) fn has_elements(&self, value: &str) -> bool {
        let known = |entry: &Option<Entry>| matches!(entry, Some(Entry::Number(_)));
        self.scales.contains_key(value) || self.lists.get(value).is_some_and(|list| list.iter().all(known))
    }

    /// The sides of the value, if all are known.
    pub(crate) fn sides(&self, value: &str) -> Option<Vec<usize>> {
        let side = |side: &Dim| if let Dim::Known(side) = side { Some(*side) } else { None };
        self.shapes.get(value)?.iter().map(side).collect()
    }

    fn learn(&mut self, name: &str, found: &Found) {
        self.shapes.insert(name.to_owned(), found.shape.iter().copied().map(Dim::Known).collect());
        if let Some(integers) = &found.integers {
            self.lists.insert(name.to_owned(), integers.iter().map(|&number| Some(Entry::Number(number))).collect());
        }
        if let Some(floats) = &found.floats {
            self.scales.insert(name.to_owned(), floats.clone());
        }
    }
}

/// The shapes of all values for which they, or at least the number of their sides, can be inferred from the inputs' shapes.
pub(crate) fn inferred(
    graph: &GraphProto,
    index: &Index,
    inputs: &[Input],
    folder: Option<&Path>,
) -> HashMap<String, Vec<Dim>> {
    infer(graph, index, inputs, folder, &Learned::new()).shapes
}

/// As [`inferred`], with the small lists, and with what a run found, which goes before what the rules say.
pub(crate) fn infer(
    graph: &GraphProto,
    index: &Index,
    inputs: &[Input],
    folder: Option<&Path>,
    learned: &Learned,
) -> Known {
    let mut known = Known::default();
    for input in inputs {
        if let Some(shape) = &input.shape {
            known.shapes.insert(input.name.clone(), shape.clone());
        }
        if let Some(found) = learned.get(&input.name) {
            known.learn(&input.name, found);
        }
    }
    for tensor in &graph.initializer {
        constant(&mut known, tensor.name(), tensor, folder);
    }
    for &at in &index.order {
        let node = &graph.node[at];
        if !matches!(domain(node), "" | "com.microsoft" | "ai.onnx.ml") {
            continue;
        }
        if node.op_type() == "Constant" {
            let (Some(name), [value]) = (node.output.first(), node.attribute.as_slice()) else { continue };
            match (value.name(), &value.t) {
                ("value", Some(tensor)) => constant(&mut known, name, tensor, None),
                ("value_float", _) => drop(known.shapes.insert(name.clone(), Vec::new())),
                ("value_floats", _) => drop(known.shapes.insert(name.clone(), vec![Dim::Known(value.floats.len())])),
                ("value_int", _) => integers(&mut known, name, Vec::new(), &[value.i()]),
                ("value_ints", _) => integers(&mut known, name, vec![Dim::Known(value.ints.len())], &value.ints),
                _ => {}
            }
            continue;
        }
        if let Some(list) = lists::list(node, &known).filter(|list| list.len() <= LONGEST_LIST)
            && let Some(name) = node.output.first()
        {
            known.lists.insert(name.clone(), list);
        }
        for (name, shape) in node.output.iter().zip(rules::shapes(node, &known)) {
            if let Some(shape) = shape.filter(|shape| shape.len() <= MOST_SIDES && !name.is_empty()) {
                known.shapes.insert(name.clone(), shape);
            }
        }
        for name in &node.output {
            if let Some(found) = learned.get(name) {
                known.learn(name, found);
            }
        }
    }
    known
}

fn constant(known: &mut Known, name: &str, tensor: &TensorProto, folder: Option<&Path>) {
    let Ok((shape, count)) = initializer::shape(tensor) else { return };
    if shape.len() > MOST_SIDES {
        return;
    }
    known.shapes.insert(name.to_owned(), shape.iter().copied().map(Dim::Known).collect());
    let small = shape.len() <= 1 && count <= LONGEST_LIST;
    if small && initializer::check(tensor, folder).is_ok() {
        match initializer::elements(tensor, folder) {
            Ok(Elements::Int(values)) => {
                known
                    .lists
                    .insert(name.to_owned(), values.into_iter().map(|value| Some(Entry::Number(value))).collect());
            }
            Ok(Elements::Float(values)) => drop(known.scales.insert(name.to_owned(), values)),
            _ => {}
        }
    }
}

fn integers(known: &mut Known, name: &str, shape: Vec<Dim>, values: &[i64]) {
    known.shapes.insert(name.to_owned(), shape);
    if values.len() <= LONGEST_LIST {
        known.lists.insert(name.to_owned(), values.iter().map(|&value| Some(Entry::Number(value))).collect());
    }
}

fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name() == name)
}

fn int(node: &NodeProto, name: &str, default: i64) -> i64 {
    attribute(node, name).map_or(default, |attribute| attribute.i())
}

/// Numbers given as an attribute, as they were of old, or else as an input.
fn numbers(node: &NodeProto, known: &Known, name: &str, place: usize) -> Option<Vec<i64>> {
    match attribute(node, name) {
        Some(attribute) => Some(attribute.ints.clone()),
        None => known.numbers(node, place),
    }
}

/// The axis as a place among so many sides; negative ones count from the end.
fn place(axis: i64, sides: usize) -> Option<usize> {
    let sides = i64::try_from(sides).ok()?;
    usize::try_from(if axis < 0 { axis.checked_add(sides)? } else { axis }).ok().filter(|&at| at < sides as usize)
}

#[cfg(test)]
mod tests;

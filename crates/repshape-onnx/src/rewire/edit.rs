//! Changes to a graph, collected while they may still fail and then made all at once.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::view::View;
use crate::{
    graph::Source,
    initializer,
    proto::{
        GraphProto, NodeProto, TensorProto, TensorShapeProto, TypeProto, ValueInfoProto,
        tensor_proto::DataType,
        tensor_shape_proto::{Dimension, dimension},
        type_proto,
    },
};

/// Changes that are not made yet.
#[derive(Debug, Default)]
pub(super) struct Edit {
    /// Inputs of nodes that become other constants: whether under the name that they have, and the tensor.
    constants: BTreeMap<(usize, usize), (bool, TensorProto)>,
    /// Nodes that lose their attributes `alpha` and `beta`.
    plain: Vec<usize>,
    /// Nodes behind which a constant is added: the product's new name.
    added: BTreeMap<usize, (String, TensorProto)>,
    /// Nodes that go, each behind the only reader of another's first output, which takes its output's name.
    absorbed: Vec<usize>,
    /// Nodes that come behind others.
    pub(super) behind: BTreeMap<usize, Vec<NodeProto>>,
    /// Initializers that come.
    pub(super) tensors: Vec<TensorProto>,
    taken: HashSet<String>,
}

/// All names of values, so that new ones differ.
fn names(graph: &GraphProto) -> HashSet<String> {
    let nodes = graph.node.iter().flat_map(|node| node.output.iter().chain(&node.input).cloned());
    let tensors = graph.initializer.iter().map(|tensor| tensor.name().to_owned());
    let inner = graph.node.iter().flat_map(|node| crate::graph::captures(node).into_iter().map(str::to_owned));
    nodes.chain(tensors).chain(inner).chain(graph.input.iter().map(|input| input.name().to_owned())).collect()
}

impl Edit {
    /// A name that no value has, like the one wished for.
    pub(super) fn fresh(&mut self, view: &View<'_>, wish: &str) -> String {
        if self.taken.is_empty() {
            self.taken = names(view.graph);
        }
        let numbered = (1_u64..).map(|number| format!("{wish}.{number}"));
        let free = std::iter::once(wish.to_owned()).chain(numbered).find(|name| !self.taken.contains(name));
        let name = free.unwrap_or_default();
        self.taken.insert(name.clone());
        name
    }

    /// Makes floats the node's input of this place.
    pub(super) fn floats(
        &mut self,
        view: &View<'_>,
        node: usize,
        place: usize,
        sides: &[usize],
        values: &[f64],
        kind: DataType,
    ) -> Result<(), String> {
        let found = view.graph.node[node].input.get(place).filter(|name| !name.is_empty());
        let own = found.filter(|name| {
            let stored = matches!(view.index.source(name), Some(Source::Initializer(_)));
            stored && view.index.readers(name).len() == 1 && !view.is_output(name)
        });
        let name = match own {
            Some(name) => name.clone(),
            None => {
                let word = match place {
                    1 => "weight",
                    _ => "bias",
                };
                let of = view.graph.node[node].output.first().map_or("", String::as_str);
                self.fresh(view, &format!("{of}.{word}"))
            }
        };
        let tensor = tensor(name, sides, values, kind).map_err(|value| {
            format!("{} would get the weight {value:e}, which {} cannot hold", view.describe(node), kind.as_str_name())
        })?;
        self.constants.insert((node, place), (own.is_some(), tensor));
        Ok(())
    }

    /// Makes integers the node's input of this place.
    pub(super) fn integers(&mut self, view: &View<'_>, node: usize, place: usize, values: &[i64]) {
        let of = view.graph.node[node].output.first().map_or("", String::as_str);
        let name = self.fresh(view, &format!("{of}.shape"));
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let tensor = TensorProto {
            name: Some(name),
            dims: vec![values.len() as i64],
            data_type: Some(DataType::Int64.into()),
            raw_data: Some(raw.into()),
            ..Default::default()
        };
        self.constants.insert((node, place), (false, tensor));
    }

    /// The node's factors have been taken into its numbers.
    pub(super) fn without_factors(&mut self, node: usize) {
        self.plain.push(node);
    }

    /// Adds a constant to what the node gives; readers read the sum under the same name.
    pub(super) fn add_behind(
        &mut self,
        view: &View<'_>,
        node: usize,
        bias: &[f64],
        kind: DataType,
    ) -> Result<(), String> {
        let of = view.graph.node[node].output.first().map_or("", String::as_str).to_owned();
        let name = self.fresh(view, &format!("{of}.bias"));
        let tensor = tensor(name, &[bias.len()], bias, kind).map_err(|value| {
            format!("{} would get the bias {value:e}, which {} cannot hold", view.describe(node), kind.as_str_name())
        })?;
        let product = self.fresh(view, &format!("{of}.product"));
        self.added.insert(node, (product, tensor));
        Ok(())
    }

    /// Takes out a node that the one before it has taken in.
    pub(super) fn absorb(&mut self, node: usize) {
        self.absorbed.push(node);
    }

    /// Makes the changes.
    pub(super) fn make(self, view_index: &crate::graph::Index, graph: &mut GraphProto) {
        let mut left: Vec<String> = Vec::new();
        let mut stored: HashMap<String, TensorProto> = HashMap::new();
        for ((node, place), (own, tensor)) in self.constants {
            let inputs = &mut graph.node[node].input;
            if inputs.len() <= place {
                inputs.resize(place + 1, String::new());
            }
            let name = tensor.name().to_owned();
            if own {
                redeclare(graph, &tensor);
                stored.insert(name, tensor);
            } else {
                left.push(std::mem::replace(&mut inputs[place], name));
                graph.initializer.push(tensor);
            }
        }
        for old in &mut graph.initializer {
            if let Some(new) = stored.remove(old.name()) {
                *old = TensorProto { doc_string: old.doc_string.take(), ..new };
            }
        }
        for node in self.plain {
            graph.node[node].attribute.retain(|attribute| !matches!(attribute.name(), "alpha" | "beta"));
        }
        let mut gone: HashSet<usize> = HashSet::new();
        for at in self.absorbed {
            let (input, output) = match (graph.node[at].input.first(), graph.node[at].output.first()) {
                (Some(input), Some(output)) => (input.clone(), output.clone()),
                _ => continue,
            };
            let Some(before) = view_index.producer(&input) else { continue };
            left.extend(graph.node[at].input.iter().skip(1).cloned());
            graph.node[before].output[0] = output;
            graph.value_info.retain(|value| value.name() != input);
            gone.insert(at);
        }
        let mut behind = self.behind;
        for (at, (product, tensor)) in self.added {
            let node = &mut graph.node[at];
            let sum = std::mem::replace(&mut node.output[0], product.clone());
            let add = NodeProto {
                name: Some(format!("{sum}.add")),
                op_type: Some("Add".to_owned()),
                input: vec![product, tensor.name().to_owned()],
                output: vec![sum],
                ..Default::default()
            };
            behind.entry(at).or_default().insert(0, add);
            graph.initializer.push(tensor);
        }
        graph.initializer.extend(self.tensors);
        let nodes = std::mem::take(&mut graph.node);
        for (at, node) in nodes.into_iter().enumerate() {
            if !gone.contains(&at) {
                graph.node.push(node);
            }
            graph.node.extend(behind.remove(&at).unwrap_or_default());
        }
        forget(graph, left);
    }
}

/// Takes out what nothing reads any more: of these values, and of those that they were made of.
fn forget(graph: &mut GraphProto, mut left: Vec<String>) {
    if left.is_empty() {
        return;
    }
    let mut read: HashMap<String, usize> = HashMap::new();
    for name in graph.output.iter().map(|output| output.name().to_owned()) {
        *read.entry(name).or_default() += 1;
    }
    for node in &graph.node {
        for name in node.input.iter().map(String::as_str).chain(crate::graph::captures(node)) {
            *read.entry(name.to_owned()).or_default() += 1;
        }
    }
    let mut unread: HashSet<String> = HashSet::new();
    while let Some(name) = left.pop() {
        if name.is_empty() || read.get(&name).is_some_and(|count| *count > 0) || !unread.insert(name.clone()) {
            continue;
        }
        let maker = graph.node.iter().find(|node| node.output.iter().eq([&name]));
        for input in maker.into_iter().flat_map(|node| &node.input) {
            if let Some(count) = read.get_mut(input) {
                *count = count.saturating_sub(1);
            }
            left.push(input.clone());
        }
    }
    let is_unread = |name: &str| unread.contains(name);
    graph.initializer.retain(|tensor| !is_unread(tensor.name()));
    // before version 4 of the format initializers are inputs too
    let makers = |node: &NodeProto| node.output.len() == 1 && is_unread(&node.output[0]);
    let made: HashSet<String> =
        graph.node.iter().filter(|node| makers(node)).map(|node| node.output[0].clone()).collect();
    graph.node.retain(|node| !makers(node));
    graph.input.retain(|input| !is_unread(input.name()) || made.contains(input.name()));
    graph.value_info.retain(|value| !is_unread(value.name()));
}

/// A float tensor.
///
/// # Errors
/// The value that the type cannot hold.
pub(super) fn tensor(name: String, sides: &[usize], values: &[f64], kind: DataType) -> Result<TensorProto, f64> {
    Ok(TensorProto {
        name: Some(name),
        dims: sides.iter().map(|&side| side as i64).collect(),
        data_type: Some(kind.into()),
        raw_data: Some(initializer::encode(values, kind)?.into()),
        ..Default::default()
    })
}

/// Lists every initializer as an input too, as version 3 of the format asks.
pub(super) fn declare_initializers(graph: &mut GraphProto) {
    let listed: HashSet<&str> = graph.input.iter().map(|input| input.name()).collect();
    let missing = graph.initializer.iter().filter(|tensor| !listed.contains(tensor.name()));
    let declare = |tensor: &TensorProto| {
        let shape = TensorShapeProto { dim: tensor.dims.iter().map(|&side| known(side)).collect() };
        let tensor_type = type_proto::Tensor { elem_type: tensor.data_type, shape: Some(shape) };
        let value = Some(type_proto::Value::TensorType(tensor_type));
        ValueInfoProto {
            name: tensor.name.clone(),
            r#type: Some(TypeProto { value, denotation: None }),
            ..Default::default()
        }
    };
    let declared: Vec<ValueInfoProto> = missing.map(declare).collect();
    graph.input.extend(declared);
}

/// Where an initializer is declared too, as an input or a value, it is declared with its new sides.
fn redeclare(graph: &mut GraphProto, tensor: &TensorProto) {
    for value in graph.input.iter_mut().chain(&mut graph.value_info).filter(|value| value.name() == tensor.name()) {
        if let Some(sides) = sides_of(value) {
            *sides = tensor.dims.iter().map(|&side| known(side)).collect();
        }
    }
}

fn known(side: i64) -> Dimension {
    Dimension { value: Some(dimension::Value::DimValue(side)), denotation: None }
}

fn sides_of(value: &mut ValueInfoProto) -> Option<&mut Vec<Dimension>> {
    match &mut value.r#type {
        Some(TypeProto { value: Some(type_proto::Value::TensorType(tensor)), .. }) => {
            tensor.shape.as_mut().map(|shape| &mut shape.dim)
        }
        _ => None,
    }
}

/// Declares a value with another number of units on an axis (the last if `None`), where its sides are declared.
pub(super) fn resize(graph: &mut GraphProto, value: &str, axis: Option<usize>, (before, after): (usize, usize)) {
    let declared = graph.output.iter_mut().chain(&mut graph.value_info).filter(|info| info.name() == value);
    for sides in declared.filter_map(sides_of) {
        let Some(last) = sides.len().checked_sub(1) else { continue };
        if let Some(Dimension { value: Some(dimension::Value::DimValue(side)), .. }) =
            sides.get_mut(axis.unwrap_or(last))
        {
            *side = *side / before.max(1) as i64 * after as i64;
        }
    }
}

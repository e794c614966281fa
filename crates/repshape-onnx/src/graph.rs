//! Who gives and who reads each value of a graph.

use std::collections::{BTreeSet, HashMap};

use crate::{
    onnx_error::Problem,
    proto::{GraphProto, NodeProto},
};

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The graph input of this index; never one that is only the name of an initializer.
    Input(usize),
    /// The initializer of this index.
    Initializer(usize),
    /// An output of the node of this index.
    Node(usize),
}

/// The place of a value that a node reads not as an input but inside the subgraphs of control flow.
pub(crate) const CAPTURED: usize = usize::MAX;

/// A node that reads a value, and as which of its inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reader {
    /// The node's index.
    pub(crate) node: usize,
    /// The input's place, counted from 0, or [`CAPTURED`].
    pub(crate) input: usize,
}

/// An index of a graph whose names are sound: each value has one source, each node's inputs have a source, and there is no cycle.
///
/// Values inside the subgraphs of control flow are not in it.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    sources: HashMap<String, Source>,
    readers: HashMap<String, Vec<Reader>>,
    /// Every node, after all nodes whose values it reads.
    pub(crate) order: Vec<usize>,
}

/// A node as messages name it.
pub(crate) fn describe(graph: &GraphProto, index: usize) -> String {
    let Some(node) = graph.node.get(index) else { return format!("node {index}") };
    let operator = operator_name(node);
    match (node.name(), node.output.iter().find(|output| !output.is_empty())) {
        ("", Some(output)) => format!("node {index} ({operator}), which gives {output:?}"),
        ("", None) => format!("node {index} ({operator})"),
        (name, _) => format!("node {name:?} ({operator})"),
    }
}

/// The operator, with its domain if that is not ONNX's own.
pub(crate) fn operator_name(node: &NodeProto) -> String {
    match domain(node) {
        "" => node.op_type().to_owned(),
        domain => format!("{domain}.{}", node.op_type()),
    }
}

/// Names that the node reads: its inputs, and what its subgraphs read, which may also be theirs.
fn reads(node: &NodeProto) -> impl Iterator<Item = &str> {
    node.input.iter().map(String::as_str).chain(captures(node)).filter(|name| !name.is_empty())
}

/// Names read inside the node's subgraphs, at any depth; some are of the subgraphs themselves.
pub(crate) fn captures(node: &NodeProto) -> Vec<&str> {
    fn subgraphs(node: &NodeProto) -> impl Iterator<Item = &GraphProto> {
        node.attribute.iter().flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs))
    }
    let mut names = Vec::new();
    let mut open: Vec<&GraphProto> = subgraphs(node).collect();
    while let Some(graph) = open.pop() {
        names.extend(graph.output.iter().map(|output| output.name()));
        for node in &graph.node {
            names.extend(node.input.iter().map(String::as_str));
            open.extend(subgraphs(node));
        }
    }
    names
}

/// The node's domain, ONNX's own as the empty name.
pub(crate) fn domain(node: &NodeProto) -> &str {
    match node.domain() {
        "ai.onnx" => "",
        domain => domain,
    }
}

impl Index {
    /// The index, if the graph's names are sound.
    ///
    /// # Errors
    /// A name is empty or given twice, a value is read that nothing gives, or nodes read each other in a circle.
    pub(crate) fn of(graph: &GraphProto) -> Result<Self, Problem> {
        let sources = sources(graph)?;
        let mut readers: HashMap<String, Vec<Reader>> = HashMap::new();
        for (index, node) in graph.node.iter().enumerate() {
            for (input, name) in node.input.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
                if !sources.contains_key(name) {
                    return Err(Problem::invalid(
                        format!("{}, input {input}", describe(graph, index)),
                        format!("{name:?}, which no input, initializer or node gives"),
                        "the name of a value",
                    ));
                }
                readers.entry(name.clone()).or_default().push(Reader { node: index, input });
            }
            for name in captures(node).into_iter().filter(|name| sources.contains_key(*name)) {
                readers.entry(name.to_owned()).or_default().push(Reader { node: index, input: CAPTURED });
            }
        }
        for output in &graph.output {
            if !sources.contains_key(output.name()) {
                return Err(Problem::invalid(
                    "the graph's outputs",
                    format!("{:?}, which no input, initializer or node gives", output.name()),
                    "the names of values",
                ));
            }
        }
        let order = order(graph, &sources, &readers)?;
        Ok(Self { sources, readers, order })
    }

    /// Where the value comes from; `None` if there is no such value.
    pub(crate) fn source(&self, value: &str) -> Option<Source> {
        self.sources.get(value).copied()
    }

    /// The node that gives the value, if one does.
    pub(crate) fn producer(&self, value: &str) -> Option<usize> {
        match self.source(value)? {
            Source::Node(node) => Some(node),
            Source::Input(_) | Source::Initializer(_) => None,
        }
    }

    /// Every node's input that reads the value, in the order of the nodes.
    pub(crate) fn readers(&self, value: &str) -> &[Reader] {
        self.readers.get(value).map_or(&[], Vec::as_slice)
    }

    /// The nodes that the values need, each once, every node after those whose values it reads.
    pub(crate) fn ancestors<'a>(&self, graph: &GraphProto, values: impl IntoIterator<Item = &'a str>) -> Vec<usize> {
        let mut needed = vec![false; graph.node.len()];
        let mut open: Vec<usize> = values.into_iter().filter_map(|value| self.producer(value)).collect();
        while let Some(index) = open.pop() {
            if std::mem::replace(&mut needed[index], true) {
                continue;
            }
            open.extend(reads(&graph.node[index]).filter_map(|name| self.producer(name)).filter(|&node| !needed[node]));
        }
        self.order.iter().copied().filter(|&index| needed[index]).collect()
    }
}

fn sources(graph: &GraphProto) -> Result<HashMap<String, Source>, Problem> {
    let mut sources = HashMap::with_capacity(graph.node.len() + graph.initializer.len());
    let mut give = |name: &str, source, place: &dyn Fn() -> String| {
        if name.is_empty() {
            return Err(Problem::invalid(place(), "an empty name", "a name"));
        }
        match sources.insert(name.to_owned(), source) {
            None => Ok(()),
            Some(_) => Err(Problem::invalid(place(), format!("{name:?}, which is given before"), "a name of its own")),
        }
    };
    for (index, tensor) in graph.initializer.iter().enumerate() {
        give(tensor.name(), Source::Initializer(index), &|| format!("initializer {index}"))?;
    }
    let initializers: std::collections::HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name()).collect();
    for (index, input) in graph.input.iter().enumerate() {
        // Before version 4 of the format every initializer had to be listed as an input too.
        if !initializers.contains(input.name()) {
            give(input.name(), Source::Input(index), &|| format!("graph input {index}"))?;
        }
    }
    for (index, node) in graph.node.iter().enumerate() {
        if node.op_type().is_empty() {
            return Err(Problem::invalid(describe(graph, index), "no operator", "the name of an operator"));
        }
        for output in node.output.iter().filter(|output| !output.is_empty()) {
            give(output, Source::Node(index), &|| describe(graph, index))?;
        }
    }
    Ok(sources)
}

/// Every node after those whose values it reads; among those that may come next, the first in the file.
fn order(
    graph: &GraphProto,
    sources: &HashMap<String, Source>,
    readers: &HashMap<String, Vec<Reader>>,
) -> Result<Vec<usize>, Problem> {
    let mut waiting = vec![0; graph.node.len()];
    for (_, readers) in readers.iter().filter(|(name, _)| matches!(sources.get(*name), Some(Source::Node(_)))) {
        readers.iter().for_each(|reader| waiting[reader.node] += 1);
    }
    let mut ready: BTreeSet<usize> = (0..graph.node.len()).filter(|&index| waiting[index] == 0).collect();
    let mut order = Vec::with_capacity(graph.node.len());
    while let Some(index) = ready.pop_first() {
        order.push(index);
        for output in graph.node[index].output.iter().filter(|output| !output.is_empty()) {
            for reader in readers.get(output).into_iter().flatten() {
                waiting[reader.node] -= 1;
                if waiting[reader.node] == 0 {
                    ready.insert(reader.node);
                }
            }
        }
    }
    if order.len() == graph.node.len() {
        return Ok(order);
    }
    Err(Problem::invalid(
        describe(graph, on_a_cycle(graph, sources, &waiting)),
        "a node that needs its own result",
        "a graph without cycles",
    ))
}

/// A node on a cycle: going back from any waiting node to one that it waits for must come round.
fn on_a_cycle(graph: &GraphProto, sources: &HashMap<String, Source>, waiting: &[usize]) -> usize {
    let mut at = waiting.iter().position(|&count| count > 0).unwrap_or(0);
    let mut seen = vec![false; graph.node.len()];
    while !std::mem::replace(&mut seen[at], true) {
        let before = reads(&graph.node[at]).find_map(|name| match sources.get(name) {
            Some(&Source::Node(node)) if waiting[node] > 0 => Some(node),
            _ => None,
        });
        at = before.unwrap_or(at);
    }
    at
}

//! The last affine layer, from a site to the classes.

use std::path::Path;

use crate::{
    constant::Constants,
    graph::{Index, domain},
    proto::{GraphProto, NodeProto},
};

/// The affine map that reads a site and gives the model's output: `output = z W' + b`, before a possible softmax.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Head {
    /// `W`, classes by units, row-major.
    pub weights: Vec<f64>,
    /// `b`, one number for each class; zeros where the model has none.
    pub bias: Vec<f64>,
    /// K, the rows of `W`.
    pub classes: usize,
    /// I, the columns of `W`.
    pub units: usize,
    /// The graph output that it leads to.
    pub output: String,
}

/// What may stand between the affine layer and the output: it moves no class to another place.
const THROUGH: [&str; 4] = ["Softmax", "LogSoftmax", "Identity", "Cast"];

pub(crate) fn head(graph: &GraphProto, index: &Index, site: &str, folder: Option<&Path>) -> Option<Head> {
    found(graph, index, site, folder).map(|(_, head)| head)
}

/// The node that is a site's head.
pub(crate) fn node(graph: &GraphProto, index: &Index, site: &str, folder: Option<&Path>) -> Option<usize> {
    found(graph, index, site, folder).map(|(node, _)| node)
}

fn found(graph: &GraphProto, index: &Index, site: &str, folder: Option<&Path>) -> Option<(usize, Head)> {
    let constants = Constants { graph, index, folder };
    index.readers(site).iter().filter(|reader| reader.input == 0).find_map(|reader| {
        let node = &graph.node[reader.node];
        let head = match (domain(node), node.op_type()) {
            ("", "Gemm") => gemm(&constants, node),
            ("", "MatMul") => mat_mul(&constants, node),
            _ => None,
        };
        head.map(|head| (reader.node, head))
    })
}

fn gemm(constants: &Constants<'_>, node: &NodeProto) -> Option<Head> {
    let attribute = |name: &str| node.attribute.iter().find(|attribute| attribute.name() == name);
    if attribute("transA").is_some_and(|flag| flag.i() != 0) {
        return None;
    }
    let transposed = attribute("transB").is_some_and(|flag| flag.i() != 0);
    let scale = |name: &str| attribute(name).map_or(1.0, |attribute| f64::from(attribute.f()));
    let (alpha, beta) = (scale("alpha"), scale("beta"));
    let output = leads_to(constants, node.output.first()?)?;
    let (shape, weights) = constants.as_stored(node.input.get(1)?)?;
    let &[rows, columns] = shape.as_slice() else { return None };
    let (units, classes) = if transposed { (columns, rows) } else { (rows, columns) };
    let weights = if transposed { weights } else { transpose(&weights, rows, columns) };
    let bias = match node.input.get(2).filter(|name| !name.is_empty()) {
        None => vec![0.0; classes],
        Some(name) => vector(constants.as_stored(name)?, classes)?.iter().map(|bias| beta * bias).collect(),
    };
    Some(Head { weights: weights.iter().map(|weight| alpha * weight).collect(), bias, classes, units, output })
}

fn mat_mul(constants: &Constants<'_>, node: &NodeProto) -> Option<Head> {
    let (shape, weights) = constants.as_stored(node.input.get(1)?)?;
    let &[units, classes] = shape.as_slice() else { return None };
    let product = node.output.first()?;
    let added = constants.index.readers(product).iter().find_map(|reader| {
        let add = &constants.graph.node[reader.node];
        let other = add.input.get(1 - reader.input.min(1))?;
        let bias = (add.op_type() == "Add").then(|| vector(constants.as_stored(other)?, classes)).flatten()?;
        Some((bias, leads_to(constants, add.output.first()?)?))
    });
    let (bias, output) = match added {
        Some(found) => found,
        None => (vec![0.0; classes], leads_to(constants, product)?),
    };
    Some(Head { weights: transpose(&weights, units, classes), bias, classes, units, output })
}

fn transpose(values: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    (0..columns).flat_map(|column| (0..rows).map(move |row| values[row * columns + column])).collect()
}

/// One number for each class, of one that holds for all or of as many as there are.
fn vector((shape, values): (Vec<usize>, Vec<f64>), classes: usize) -> Option<Vec<f64>> {
    let last_only = shape.iter().rev().skip(1).all(|&side| side == 1);
    match values.as_slice() {
        &[one] => Some(vec![one; classes]),
        many => (last_only && many.len() == classes).then(|| many.to_vec()),
    }
}

/// The graph output that the value is, or becomes without any class changing its place.
fn leads_to(constants: &Constants<'_>, value: &str) -> Option<String> {
    let mut value = value;
    const STEPS: usize = 8;
    for _ in 0..STEPS {
        if constants.graph.output.iter().any(|output| output.name() == value) {
            return Some(value.to_owned());
        }
        let through = constants.index.readers(value).iter().map(|reader| &constants.graph.node[reader.node]);
        value = through.filter(|node| THROUGH.contains(&node.op_type())).find_map(|node| node.output.first())?;
    }
    None
}

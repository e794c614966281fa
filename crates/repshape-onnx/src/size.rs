//! How much a run would hold, told before it begins.

use std::sync::{Mutex, PoisonError};

use crate::{
    graph::{Index, Source},
    model::Input,
    onnx_error::Problem,
    proto::{GraphProto, NodeProto, TensorProto, ValueInfoProto, tensor_proto::DataType},
    shapes::{self, Known, LONGEST_LIST, Learned},
    value::{Dim, shape_text},
};

/// Elements that all values of a run may hold at one time, whatever the model: 512 MiB of floats. A model may ask for any number in a
/// few bytes, and a failed allocation would end the program.
const MOST_ELEMENTS: usize = 1 << 27;
/// And as many more for each element of the inputs and weights: large models and batches hold much, small files must not. (An image
/// network's largest maps have a few times its input's elements.)
const FOR_EACH_GIVEN: usize = 64;
/// Constants of more elements are neither shapes nor scales.
const SMALL: i64 = LONGEST_LIST as i64;

/// Operators whose results have at most as many elements as their inputs, times the number of sides.
const NEVER_MORE: &[&str] =
    &["Flatten", "NonZero", "Reshape", "Slice", "Split", "Squeeze", "Transpose", "Trilu", "Unsqueeze"];
/// Operators that hold the weights between all pairs of positions, and whose results are no larger.
const ATTENTION: &[&str] = &["Attention", "GroupQueryAttention", "MultiHeadAttention"];

/// The lowered graph without its weights.
#[derive(Debug)]
pub(crate) struct Size {
    graph: GraphProto,
    index: Index,
    inputs: Vec<Input>,
    /// Elements of all weights.
    weights: usize,
    /// For each node in the order of the index, the values that nobody needs after it.
    last_read: Vec<Vec<String>>,
    /// The shapes that were found to fit last.
    fits: Mutex<Vec<Option<Vec<usize>>>>,
}

impl Size {
    /// # Errors
    /// The graph's names are not sound.
    pub(crate) fn of(graph: &GraphProto, inputs: &[Input]) -> Result<Self, Problem> {
        let named = |input: &Input| ValueInfoProto { name: Some(input.name.clone()), ..Default::default() };
        let count = |tensor: &TensorProto| {
            let sides = tensor.dims.iter();
            sides.copied().try_fold(1_i64, i64::checked_mul)
        };
        let lean = |tensor: &TensorProto| {
            let plain =
                [DataType::Int64, DataType::Int32, DataType::Float].map(i32::from).contains(&tensor.data_type());
            if plain && count(tensor).is_some_and(|count| count <= SMALL) {
                return tensor.clone();
            }
            TensorProto {
                name: tensor.name.clone(),
                dims: tensor.dims.clone(),
                data_type: tensor.data_type,
                ..Default::default()
            }
        };
        let weights = graph.initializer.iter().filter_map(count).filter_map(|count| usize::try_from(count).ok());
        let weights = weights.fold(0, usize::saturating_add);
        let graph = GraphProto {
            node: graph.node.clone(),
            initializer: graph.initializer.iter().map(lean).collect(),
            input: inputs.iter().map(named).collect(),
            output: graph.output.clone(),
            ..Default::default()
        };
        let index = Index::of(&graph)?;
        let last_read = last_read(&graph, &index);
        Ok(Self { graph, index, inputs: inputs.to_vec(), weights, last_read, fits: Mutex::new(Vec::new()) })
    }

    /// Checks that a single row fits, as far as that can be told from the model alone.
    ///
    /// # Errors
    /// A value would be too large with one row.
    pub(crate) fn check_one_row(&self) -> Result<(), Problem> {
        let side = |side: &Dim| if let Dim::Known(side) = side { *side } else { 1 };
        let one = |input: &Input| input.shape.as_ref().map(|shape| shape.iter().map(side).collect());
        let shapes: Vec<_> = self.inputs.iter().map(one).collect();
        self.walk(&shapes, &Learned::new(), false).map(drop)
    }

    /// Checks that a run holds no more than it may. `shapes` are those of the inputs, in their order. What comes back are values whose
    /// sides or elements must be found by a run to them first, which fits; none if all fits.
    ///
    /// # Errors
    /// A value would be too large, or nothing tells how large it would be.
    pub(crate) fn check(&self, shapes: &[Option<Vec<usize>>], learned: &Learned) -> Result<Vec<String>, Problem> {
        let fits = || self.fits.lock().unwrap_or_else(PoisonError::into_inner);
        if *fits() == shapes {
            return Ok(Vec::new());
        }
        let ask = self.walk(shapes, learned, true)?;
        // What was found depends on the data.
        if ask.is_empty() && learned.is_empty() {
            *fits() = shapes.to_vec();
        }
        Ok(ask)
    }

    fn walk(&self, shapes: &[Option<Vec<usize>>], learned: &Learned, whole: bool) -> Result<Vec<String>, Problem> {
        let given = |(input, shape): (&Input, &Option<Vec<usize>>)| Input {
            shape: shape.as_ref().map(|shape| shape.iter().copied().map(Dim::Known).collect()),
            ..input.clone()
        };
        let inputs: Vec<Input> = self.inputs.iter().zip(shapes).map(given).collect();
        let known = shapes::infer(&self.graph, &self.index, &inputs, None, learned);
        let fed = inputs.iter().map(|input| elements(&known, &input.name)).fold(self.weights, usize::saturating_add);
        let most = MOST_ELEMENTS.saturating_add(fed.saturating_mul(FOR_EACH_GIVEN));
        let (mut ask, mut held) = (Vec::new(), 0_usize);
        for (&at, done) in self.index.order.iter().zip(&self.last_read) {
            let node = &self.graph.node[at];
            let inputs = || node.input.iter().filter(|name| !name.is_empty());
            // Nothing can be told before what it reads is known; then its turn comes.
            if !inputs().all(|name| known.sides(name).is_some()) {
                continue;
            }
            let outputs = || node.output.iter().filter(|name| !name.is_empty());
            let before = held;
            for (name, shape) in outputs().filter_map(|name| Some((name, known.sides(name)?))) {
                held = held.saturating_add(elements(&known, name));
                let inside = held.saturating_add(inside(node, &known));
                if inside > most {
                    return Err(too_large(node, name, &shape, before, most));
                }
            }
            held = done.iter().fold(held, |held, name| held.saturating_sub(elements(&known, name)));
            if whole && outputs().any(|name| known.sides(name).is_none()) {
                self.ask(node, &known, &mut ask, most - before.min(most))?;
            }
        }
        Ok(ask)
    }

    /// What must be known to tell the sides of the node's results.
    fn ask(&self, node: &NodeProto, known: &Known, ask: &mut Vec<String>, room: usize) -> Result<(), Problem> {
        let inputs = || node.input.iter().filter(|name| !name.is_empty());
        let small = |name: &&String| {
            !matches!(self.index.source(name), Some(Source::Initializer(_)))
                && elements(known, name) <= LONGEST_LIST
                && !known.has_elements(name)
        };
        let contents: Vec<&String> = inputs().filter(small).collect();
        let first_known = node.output.first().is_some_and(|name| name.is_empty() || known.sides(name).is_some());
        let read = inputs().map(|name| elements(known, name)).fold(0, usize::saturating_add);
        let sides = inputs().filter_map(|name| known.sides(name)).map(|sides| sides.len()).max().unwrap_or(0).max(1);
        let attends = ATTENTION.contains(&node.op_type());
        let bounded = NEVER_MORE.contains(&node.op_type()) || attends || first_known;
        if !contents.is_empty() && !attends {
            ask.extend(contents.into_iter().cloned());
            Ok(())
        } else if bounded && read.saturating_mul(sides).saturating_add(inside(node, known)) <= room {
            ask.extend(node.output.iter().filter(|name| !name.is_empty()).cloned());
            Ok(())
        } else {
            let reason = format!("nothing tells before a run how large the result of {} would be", node.name());
            Err(Problem::Run { reason })
        }
    }
}

/// For each node in order, the values that are read there last. What is asked for stays.
fn last_read(graph: &GraphProto, index: &Index) -> Vec<Vec<String>> {
    let mut seen: std::collections::HashSet<&str> = graph.output.iter().map(|output| output.name()).collect();
    let mut done: Vec<Vec<String>> = vec![Vec::new(); index.order.len()];
    for (place, &at) in index.order.iter().enumerate().rev() {
        let node = &graph.node[at];
        for name in node.output.iter().chain(&node.input).filter(|name| !name.is_empty()) {
            if seen.insert(name) && index.producer(name).is_some() {
                done[place].push(name.clone());
            }
        }
    }
    done
}

/// The elements of a value; none if its sides are not known.
fn elements(known: &Known, name: &str) -> usize {
    let Some(sides) = known.sides(name) else { return 0 };
    if sides.contains(&0) { 0 } else { sides.iter().copied().fold(1, usize::saturating_mul) }
}

/// Elements that the operator holds for itself beside its inputs and results.
fn inside(node: &NodeProto, known: &Known) -> usize {
    let sides = |at: usize| node.input.get(at).and_then(|name| known.sides(name)).unwrap_or_default();
    let product = |sides: &[usize]| sides.iter().copied().fold(1, usize::saturating_mul);
    match node.op_type() {
        // The window at every position of the input, before they are added up.
        "ConvTranspose" => {
            let (x, weights) = (sides(0), sides(1));
            let window = product(weights.get(1..).unwrap_or(&[]));
            window.saturating_mul(product(x.get(2..).unwrap_or(&[])))
        }
        // For each row and head, all pairs of positions; more sides than these are widths.
        operator if ATTENTION.contains(&operator) => {
            let heads = node.attribute.iter().find(|attribute| attribute.name().ends_with("num_heads"));
            let heads = usize::try_from(heads.map_or(1, |heads| heads.i())).unwrap_or(1).max(1);
            let (query, key) = (sides(0), sides(1));
            match (query.as_slice(), key.as_slice()) {
                ([rows, own, steps, _], [_, _, others, _]) => product(&[*rows, *own, *steps, *others]),
                ([rows, steps, _], [_, .., others, _]) => product(&[*rows, heads, *steps, *others]),
                (query, key) => product(query).saturating_mul(product(key)),
            }
        }
        // Operands that no product of matrices joins are stretched to each other.
        "Einsum" if node.input.len() > 2 => {
            (0..node.input.len()).map(|at| product(&sides(at))).fold(1, usize::saturating_mul)
        }
        _ => 0,
    }
}

fn too_large(node: &NodeProto, name: &str, shape: &[usize], before: usize, most: usize) -> Problem {
    Problem::Run {
        reason: format!(
            "{name:?}, which {} gives, would be {} beside {before} elements still in use; at most {most} elements can be had at a \
             time: feed fewer rows",
            node.name(),
            shape_text(shape)
        ),
    }
}

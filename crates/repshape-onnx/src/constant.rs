//! Constants of a graph: initializers, and what nodes make of them alike in every run.

use std::path::Path;

use crate::{
    graph::{Index, Source, domain},
    initializer,
    proto::{AttributeProto, GraphProto, NodeProto, TensorProto, tensor_proto::DataType},
};

/// Nodes between a constant and its reader; more is no model's habit.
const STEPS: usize = 8;

/// The constants of a graph.
#[derive(Clone, Copy)]
pub(crate) struct Constants<'a> {
    pub(crate) graph: &'a GraphProto,
    pub(crate) index: &'a Index,
    pub(crate) folder: Option<&'a Path>,
}

/// A constant float, found but not read.
pub(crate) struct Constant<'a> {
    pub(crate) shape: Vec<usize>,
    pub(crate) kind: DataType,
    /// Whether another node reads it too, on the way to where it was found, or it is an output of the model.
    pub(crate) shared: bool,
    origin: Origin<'a>,
    /// What is done to it, from the origin on.
    steps: Vec<Step>,
    folder: Option<&'a Path>,
}

enum Origin<'a> {
    Tensor(&'a TensorProto),
    Floats(&'a [f32]),
    Float(f32),
}

enum Step {
    /// Axes in another order, of a value with these sides.
    Transpose { sides: Vec<usize>, order: Vec<usize> },
    /// Rounded to a type.
    Cast(DataType),
}

impl<'a> Constants<'a> {
    /// The constant float of this name: an initializer or a `Constant`, also behind `Identity`, `Transpose` and `Cast`.
    pub(crate) fn find(&self, name: &str) -> Option<Constant<'a>> {
        let mut name = name;
        let mut shared = false;
        let mut nodes: Vec<&'a NodeProto> = Vec::new();
        for _ in 0..STEPS {
            shared |= self.index.readers(name).len() > 1;
            shared |= self.graph.output.iter().any(|output| output.name() == name);
            let (origin, shape, kind) = match self.index.source(name)? {
                Source::Initializer(at) => of_tensor(&self.graph.initializer[at], self.folder)?,
                Source::Node(at) => {
                    let node = &self.graph.node[at];
                    match (domain(node), node.op_type()) {
                        ("", "Identity" | "Transpose" | "Cast") => {
                            nodes.push(node);
                            name = node.input.first()?;
                            continue;
                        }
                        ("", "Constant") => of_constant(node, self.folder)?,
                        _ => return None,
                    }
                }
                Source::Input(_) => return None,
            };
            let mut found = Constant { shape, kind, shared, origin, steps: Vec::new(), folder: self.folder };
            nodes.iter().rev().try_for_each(|node| found.step(node))?;
            return Some(found);
        }
        None
    }

    /// The shape and elements of a constant that is used as it is stored, perhaps behind an `Identity`.
    pub(crate) fn as_stored(&self, name: &str) -> Option<(Vec<usize>, Vec<f64>)> {
        let found = self.find(name).filter(|found| found.steps.is_empty())?;
        found.values().map(|values| (found.shape, values))
    }

    /// The numbers of a constant list of integers, an initializer or a `Constant`.
    pub(crate) fn integers(&self, name: &str) -> Option<Vec<i64>> {
        let tensor = match self.index.source(name)? {
            Source::Initializer(at) => &self.graph.initializer[at],
            Source::Node(at) => {
                let node = &self.graph.node[at];
                match (node.op_type(), node.attribute.as_slice()) {
                    ("Constant", [value]) if value.name() == "value_ints" => return Some(value.ints.clone()),
                    ("Constant", [value]) if value.name() == "value_int" => return Some(vec![value.i()]),
                    ("Constant", [value]) => value.t.as_ref()?,
                    _ => return None,
                }
            }
            Source::Input(_) => return None,
        };
        initializer::check(tensor, self.folder).ok()?;
        match initializer::elements(tensor, self.folder).ok()? {
            initializer::Elements::Int(values) => Some(values),
            _ => None,
        }
    }
}

fn of_tensor<'a>(tensor: &'a TensorProto, folder: Option<&Path>) -> Option<(Origin<'a>, Vec<usize>, DataType)> {
    let kind = initializer::float_type(tensor)?;
    initializer::check(tensor, folder).ok()?;
    let (shape, _) = initializer::shape(tensor).ok()?;
    Some((Origin::Tensor(tensor), shape, kind))
}

fn of_constant<'a>(node: &'a NodeProto, folder: Option<&Path>) -> Option<(Origin<'a>, Vec<usize>, DataType)> {
    let [value] = node.attribute.as_slice() else { return None };
    match value.name() {
        "value" => of_tensor(value.t.as_ref()?, folder),
        "value_float" => Some((Origin::Float(value.f()), Vec::new(), DataType::Float)),
        "value_floats" => Some((Origin::Floats(&value.floats), vec![value.floats.len()], DataType::Float)),
        _ => None,
    }
}

impl Constant<'_> {
    fn step(&mut self, node: &NodeProto) -> Option<()> {
        let attribute = |name: &str| -> Option<&AttributeProto> { node.attribute.iter().find(|a| a.name() == name) };
        match node.op_type() {
            "Transpose" => {
                let sides = self.shape.clone();
                let order: Vec<usize> = match attribute("perm") {
                    None => (0..sides.len()).rev().collect(),
                    Some(perm) => perm.ints.iter().map(|&axis| usize::try_from(axis).ok()).collect::<Option<_>>()?,
                };
                let mut sorted = order.clone();
                sorted.sort_unstable();
                if !sorted.into_iter().eq(0..sides.len()) {
                    return None;
                }
                self.shape = order.iter().map(|&axis| sides[axis]).collect();
                self.steps.push(Step::Transpose { sides, order });
            }
            "Cast" => {
                let to = i32::try_from(attribute("to")?.i()).ok()?;
                self.kind = DataType::try_from(to).ok().filter(|&kind| initializer::is_float(kind))?;
                self.steps.push(Step::Cast(self.kind));
            }
            _ => {}
        }
        Some(())
    }

    /// Its elements, row-major; `None` if they cannot be read.
    pub(crate) fn values(&self) -> Option<Vec<f64>> {
        let mut values = match self.origin {
            Origin::Tensor(tensor) => initializer::doubles(tensor, self.folder).ok()?,
            Origin::Floats(values) => values.iter().copied().map(f64::from).collect(),
            Origin::Float(value) => vec![value.into()],
        };
        for step in &self.steps {
            match step {
                Step::Transpose { sides, order } => values = transposed(&values, sides, order),
                Step::Cast(kind) => values.iter_mut().for_each(|value| *value = rounded(*value, *kind)),
            }
        }
        Some(values)
    }
}

fn rounded(value: f64, kind: DataType) -> f64 {
    match kind {
        DataType::Float => f64::from(value as f32),
        DataType::Float16 => half::f16::from_f64(value).to_f64(),
        DataType::Bfloat16 => half::bf16::from_f64(value).to_f64(),
        _ => value,
    }
}

/// The elements with the axes in another order.
fn transposed(values: &[f64], sides: &[usize], order: &[usize]) -> Vec<f64> {
    let mut strides = vec![1; sides.len()];
    for axis in (1..sides.len()).rev() {
        strides[axis - 1] = strides[axis] * sides[axis];
    }
    let mut into = Vec::with_capacity(values.len());
    let mut at = vec![0; order.len()];
    for _ in 0..values.len() {
        into.push(values[order.iter().zip(&at).map(|(&axis, place)| strides[axis] * place).sum::<usize>()]);
        for (place, &axis) in at.iter_mut().zip(order).rev() {
            *place += 1;
            if *place < sides[axis] {
                break;
            }
            *place = 0;
        }
    }
    into
}

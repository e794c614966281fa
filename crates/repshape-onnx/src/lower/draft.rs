//! The lowered graph while it grows.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use crate::{
    Model,
    graph::{Index, Source},
    initializer::{self, Elements},
    onnx_error::Problem,
    proto::{
        AttributeProto, GraphProto, NodeProto, TensorProto,
        attribute_proto::AttributeType,
        tensor_proto::{DataLocation, DataType},
    },
    value::Dim,
};

/// Why a node is not in the lowered graph.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The operator cannot run: always (an empty text), or in this form.
    Unsupported(String),
    /// The model is at fault.
    Problem(Problem),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// Whether a node could be rewritten.
pub(crate) type Outcome = Result<(), Refusal>;

/// The operator runs, but not with this.
pub(crate) fn refuse<T>(reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Unsupported(reason.into()))
}

/// The node's attribute of that name.
pub(crate) fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name() == name)
}

/// Nodes and constants so far.
pub(crate) struct Draft<'a> {
    graph: &'a GraphProto,
    index: &'a Index,
    shapes: &'a HashMap<String, Vec<Dim>>,
    /// Values that hold no floats.
    integers: &'a HashSet<String>,
    /// Values that some node reads or that are asked for.
    read: &'a HashSet<String>,
    /// Names that new values must not have.
    taken: &'a HashSet<&'a str>,
    folder: Option<&'a Path>,
    /// The version of the operators of the node at hand.
    pub(super) opset: i64,
    /// The node at hand, as messages name it.
    pub(super) place: String,
    nodes: Vec<NodeProto>,
    initializers: Vec<TensorProto>,
    /// Shapes and elements of constants that nodes gave.
    constants: HashMap<String, TensorProto>,
    fresh: usize,
}

impl<'a> Draft<'a> {
    pub(super) fn new(
        model: &'a Model,
        graph: &'a GraphProto,
        read: &'a HashSet<String>,
        taken: &'a HashSet<&'a str>,
    ) -> Self {
        Self {
            graph,
            index: model.index(),
            shapes: model.shapes(),
            integers: model.integers(),
            read,
            taken,
            folder: model.folder(),
            opset: 0,
            place: String::new(),
            nodes: Vec::new(),
            initializers: Vec::new(),
            constants: HashMap::new(),
            fresh: 0,
        }
    }

    /// Whether anybody wants the node's output of this place.
    pub(super) fn wants(&self, node: &NodeProto, output: usize) -> bool {
        node.output.get(output).is_some_and(|name| !name.is_empty() && self.read.contains(name))
    }

    /// The name of the node's first output.
    pub(super) fn output(&self, node: &NodeProto) -> Result<String, Refusal> {
        self.output_at(node, 0)
    }

    /// The name of the node's output of this place.
    pub(super) fn output_at(&self, node: &NodeProto, place: usize) -> Result<String, Refusal> {
        match node.output.get(place) {
            Some(name) if !name.is_empty() => Ok(name.clone()),
            _ => Err(self.invalid(format!("no output {place}"), "a name for it").into()),
        }
    }

    /// The name of the node's input of this place.
    pub(super) fn input(&self, node: &NodeProto, place: usize) -> Result<String, Refusal> {
        match node.input.get(place) {
            Some(name) if !name.is_empty() => Ok(name.clone()),
            _ => Err(self.invalid(format!("no input {place}"), "the name of a value").into()),
        }
    }

    /// An error about the node at hand.
    pub(super) fn invalid(&self, found: impl Into<String>, expected: impl Into<String>) -> Problem {
        Problem::invalid(self.place.clone(), found, expected)
    }

    /// The sides of a value, where all or some are known.
    pub(super) fn shape(&self, value: &str) -> Option<Vec<Dim>> {
        if let Some(tensor) = self.constant(value) {
            return Some(initializer::shape(tensor).ok()?.0.into_iter().map(Dim::Known).collect());
        }
        self.shapes.get(value).cloned()
    }

    /// Whether the value holds floats; one inside a function is taken to.
    pub(super) fn is_float(&self, value: &str) -> bool {
        !self.integers.contains(value)
    }

    /// The constant under that name.
    pub(super) fn constant(&self, value: &str) -> Option<&TensorProto> {
        match self.index.source(value) {
            Some(Source::Initializer(at)) => self.graph.initializer.get(at),
            _ => self.constants.get(value),
        }
    }

    /// The elements of a constant under that name.
    pub(super) fn elements(&self, value: &str) -> Option<Elements> {
        let tensor = self.constant(value)?;
        initializer::check(tensor, self.folder).ok()?;
        initializer::elements(tensor, self.folder).ok()
    }

    /// A name that no value has.
    pub(super) fn name(&mut self, what: &str) -> String {
        loop {
            self.fresh += 1;
            let name = format!("lowered:{}:{what}", self.fresh);
            if !self.taken.contains(name.as_str()) {
                return name;
            }
        }
    }

    /// A node like the given one, as it is.
    pub(super) fn keep(&mut self, mut node: NodeProto) {
        node.name = Some(self.node_name());
        node.domain = node.domain.filter(|domain| domain != "ai.onnx");
        // Fields that only tools read.
        node.doc_string = None;
        node.metadata_props.clear();
        self.nodes.push(node);
    }

    /// A new node that gives `output`.
    pub(super) fn node(&mut self, operator: &str, inputs: &[&str], output: &str, attributes: Vec<AttributeProto>) {
        let node = NodeProto {
            name: Some(self.node_name()),
            op_type: Some(operator.to_owned()),
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![output.to_owned()],
            attribute: attributes,
            ..Default::default()
        };
        self.nodes.push(node);
    }

    /// A new node that gives a new value; its name.
    pub(super) fn value(&mut self, operator: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> String {
        let output = self.name(operator);
        self.node(operator, inputs, &output, attributes);
        output
    }

    /// Names of nodes are what the runtime says in errors; the number keeps them apart.
    fn node_name(&self) -> String {
        format!("{} [{}]", self.place, self.nodes.len())
    }

    /// A new float constant; its name.
    pub(super) fn floats(&mut self, shape: &[usize], values: &[f32]) -> String {
        let name = self.name("constant");
        let sides: Vec<i64> = shape.iter().map(|&side| side as i64).collect();
        self.initializers.push(crate::tensor::initializer(name.clone(), &sides, values));
        name
    }

    /// A new constant list of integers; its name.
    pub(super) fn ints(&mut self, values: &[i64]) -> String {
        let name = self.name("constant");
        self.initializers.push(int_tensor(name.clone(), vec![values.len() as i64], values));
        name
    }

    /// Makes a tensor the constant of that name.
    ///
    /// # Errors
    /// Its elements cannot be used or read.
    pub(super) fn define(&mut self, name: &str, tensor: &TensorProto) -> Outcome {
        let mut tensor = tensor.clone();
        tensor.name = Some(name.to_owned());
        initializer::check(&tensor, self.folder)?;
        self.initializers.push(usable(&tensor, self.folder)?);
        self.constants.insert(name.to_owned(), tensor);
        Ok(())
    }

    /// Adds the model's initializers that the nodes read.
    ///
    /// # Errors
    /// Their elements cannot be used or read.
    pub(super) fn constants(&mut self) -> Result<(), Problem> {
        let reads: HashSet<&str> = self.nodes.iter().flat_map(|node| node.input.iter().map(String::as_str)).collect();
        for tensor in self.graph.initializer.iter().filter(|tensor| reads.contains(tensor.name())) {
            self.initializers.push(usable(tensor, self.folder)?);
        }
        Ok(())
    }

    pub(super) fn finish(self) -> (Vec<NodeProto>, Vec<TensorProto>) {
        (self.nodes, self.initializers)
    }
}

/// The tensor in a type that the runtime takes, with its elements inside. Floats of 32 bits are shared, not copied.
pub(super) fn usable(tensor: &TensorProto, folder: Option<&Path>) -> Result<TensorProto, Problem> {
    let kind = DataType::try_from(tensor.data_type()).unwrap_or(DataType::Undefined);
    let inside = tensor.data_location() != DataLocation::External && tensor.raw_data.is_some();
    let as_is = matches!(kind, DataType::Float | DataType::Int32 | DataType::Int64 | DataType::Uint8 | DataType::Int8);
    if inside && as_is {
        return Ok(TensorProto { doc_string: None, metadata_props: Vec::new(), ..tensor.clone() });
    }
    let name = tensor.name().to_owned();
    Ok(match initializer::elements(tensor, folder)? {
        Elements::Float(values) => crate::tensor::initializer(name, &tensor.dims, &values),
        Elements::Int(values) => int_tensor(name, tensor.dims.clone(), &values),
        Elements::U8(values) => byte_tensor(name, tensor.dims.clone(), DataType::Uint8, values),
        Elements::I8(values) => byte_tensor(
            name,
            tensor.dims.clone(),
            DataType::Int8,
            values.into_iter().map(|value| value as u8).collect(),
        ),
    })
}

fn int_tensor(name: String, dims: Vec<i64>, values: &[i64]) -> TensorProto {
    let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    byte_tensor(name, dims, DataType::Int64, raw)
}

fn byte_tensor(name: String, dims: Vec<i64>, kind: DataType, raw: Vec<u8>) -> TensorProto {
    TensorProto {
        name: Some(name),
        dims,
        data_type: Some(kind.into()),
        raw_data: Some(raw.into()),
        ..Default::default()
    }
}

/// An attribute of one integer.
pub(super) fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(AttributeType::Int.into()),
        i: Some(value),
        ..Default::default()
    }
}

/// An attribute of integers.
pub(super) fn ints(name: &str, values: Vec<i64>) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(AttributeType::Ints.into()),
        ints: values,
        ..Default::default()
    }
}

/// An attribute of one float.
pub(super) fn float(name: &str, value: f32) -> AttributeProto {
    crate::activation::float_attribute(name, value)
}

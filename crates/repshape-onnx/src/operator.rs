//! One operator of a written model, before it joins the graph.

use crate::{
    ModelError,
    proto::{AttributeProto, NodeProto, TensorProto},
    tensor::initializer,
};

/// An operator with one input and one output, both `[N, columns]`.
pub(crate) struct Operator<'a> {
    /// The ONNX operator.
    pub(crate) kind: &'static str,
    pub(crate) input: &'a str,
    pub(crate) output: &'a str,
    /// The width that the input must have.
    pub(crate) inputs: usize,
    /// The width that the output has.
    pub(crate) outputs: usize,
    /// In the order of the operator's inputs, after the first.
    pub(crate) parameters: Vec<Parameter<'a>>,
    pub(crate) attributes: Vec<AttributeProto>,
}

/// One parameter of an operator.
pub(crate) struct Parameter<'a> {
    /// Its word in messages.
    pub(crate) word: &'static str,
    /// What follows the layer's name in the initializer's.
    pub(crate) suffix: &'static str,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: &'a [f32],
}

impl Operator<'_> {
    /// The parameters as initializers, named after the layer: the output's name less a trailing `.pre`.
    ///
    /// # Errors
    /// A parameter has another number of elements than its shape says.
    pub(crate) fn initializers(&self) -> Result<Vec<TensorProto>, ModelError> {
        let layer = self.output.strip_suffix(".pre").unwrap_or(self.output);
        let tensor = |parameter: &Parameter<'_>| {
            let Parameter { word, suffix, shape, values } = parameter;
            // A product beyond usize is no slice's length, so saturating is right.
            let expected = shape.iter().fold(1, |product: usize, &side| product.saturating_mul(side));
            if values.len() != expected {
                return Err(ModelError::ParameterLength {
                    operator: self.kind,
                    output: self.output.to_owned(),
                    parameter: word,
                    shape: shape.clone(),
                    expected,
                    found: values.len(),
                });
            }
            let sides = shape.iter().map(|&side| dimension(self.output, side)).collect::<Result<Vec<_>, _>>()?;
            Ok(initializer(format!("{layer}.{suffix}"), &sides, values))
        };
        self.parameters.iter().map(tensor).collect()
    }

    /// The graph's node, named after the value it gives.
    pub(crate) fn node(self, initializers: &[TensorProto]) -> NodeProto {
        let names = initializers.iter().map(|tensor| tensor.name().to_owned());
        NodeProto {
            name: Some(self.output.to_owned()),
            op_type: Some(self.kind.to_owned()),
            input: std::iter::once(self.input.to_owned()).chain(names).collect(),
            output: vec![self.output.to_owned()],
            attribute: self.attributes,
            ..Default::default()
        }
    }
}

/// A width as ONNX counts: at least 1, at most `i64::MAX`.
pub(crate) fn dimension(name: &str, columns: usize) -> Result<i64, ModelError> {
    i64::try_from(columns)
        .ok()
        .filter(|&width| width > 0)
        .ok_or_else(|| ModelError::Columns { name: name.to_owned(), columns })
}

//! A network written as an ONNX model, value by value.

use std::collections::HashMap;

use prost::Message;

use crate::{
    Activation, ModelError,
    activation::float_attribute,
    operator::{Operator, Parameter, dimension},
    proto::{GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto, TensorProto},
    tensor::matrix_type,
};

/// The version of the default operator set that written models use. Runtimes since 2022 know it.
pub const OPSET: i64 = 17;

/// The version of the ONNX file format that written models use, the one that came with [`OPSET`].
pub const IR_VERSION: i64 = 8;

/// The name of the first dimension, the number of rows, which every run may choose.
pub const BATCH_DIMENSION: &str = "N";

/// The site that is the network's answer. Once declared it is the first graph output, whatever the order of declaration.
pub const OUTPUT: &str = "output";

/// Parameters of a batch normalisation as it acts at inference, one number for each column:
/// `y = scale (x - mean) / sqrt(variance + epsilon) + shift`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchNormalization<'a> {
    /// The learned factor, often called gamma.
    pub scale: &'a [f32],
    /// The learned offset, often called beta; ONNX calls it `B`.
    pub shift: &'a [f32],
    /// The running mean.
    pub mean: &'a [f32],
    /// The running variance.
    pub variance: &'a [f32],
    /// Added to the variance; finite, not negative.
    pub epsilon: f32,
}

/// Builds an ONNX model of dense layers on f32 matrices `[N, columns]`, N free.
///
/// Each call adds one operator and names the value it gives; an operator reads values defined before it. A call that fails
/// changes nothing. Parameters are stored under the operator's output name, less a trailing `.pre`: the dense layer that gives
/// `fc1.pre` holds `fc1.weight` and `fc1.bias`, a batch normalisation holds `fc1.bn.scale`, `.shift`, `.mean`, `.variance`.
///
/// ```
/// use repshape_onnx::{Activation, ModelBuilder};
///
/// # fn main() -> Result<(), repshape_onnx::ModelError> {
/// let mut model = ModelBuilder::new("mlp");
/// model
///     .input("input", 3)?
///     .gemm("input", "fc1.pre", &[1.0, 0.5, 0.0, -1.0, 2.0, 0.0], &[0.1, 0.2], 3, 2)?
///     .activation(Activation::Relu, "fc1.pre", "fc1")?
///     .gemm("fc1", "output", &[1.0, -1.0], &[0.0], 2, 1)?
///     .output("output")?
///     .output("fc1")?
///     .metadata("repshape.seed", "1")?;
/// let bytes = model.to_bytes()?;
/// # assert!(!bytes.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ModelBuilder {
    name: String,
    /// Values in order of definition.
    values: Vec<Value>,
    /// Where in `values` a name stands; initializers share the namespace and stand nowhere.
    places: HashMap<String, Option<usize>>,
    inputs: Vec<usize>,
    outputs: Vec<usize>,
    nodes: Vec<NodeProto>,
    initializers: Vec<TensorProto>,
    metadata: Vec<(String, String)>,
}

/// An f32 matrix `[N, columns]`.
#[derive(Debug, Clone)]
struct Value {
    name: String,
    columns: usize,
}

impl ModelBuilder {
    /// An empty model. The name is the graph's and may be shown by viewers.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            values: Vec::new(),
            places: HashMap::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            nodes: Vec::new(),
            initializers: Vec::new(),
            metadata: Vec::new(),
        }
    }

    /// Declares an input of the graph: an f32 matrix `[N, columns]`.
    ///
    /// # Errors
    /// The name is empty or taken, or there are no columns.
    pub fn input(&mut self, name: &str, columns: usize) -> Result<&mut Self, ModelError> {
        self.check_new(name)?;
        dimension(name, columns)?;
        self.inputs.push(self.values.len());
        self.define(name, columns);
        Ok(self)
    }

    /// A dense layer `output = input W + b`, with `weight` the matrix `W` `[inputs, outputs]`, row-major, and `bias` `[outputs]`.
    ///
    /// # Errors
    /// The input is unknown or has another width than `inputs`, the output's name is taken, `weight` or `bias` has another length
    /// than its shape says.
    pub fn gemm(
        &mut self,
        input: &str,
        output: &str,
        weight: &[f32],
        bias: &[f32],
        inputs: usize,
        outputs: usize,
    ) -> Result<&mut Self, ModelError> {
        self.operator(Operator {
            kind: "Gemm",
            input,
            output,
            inputs,
            outputs,
            parameters: vec![
                Parameter { word: "weight", suffix: "weight", shape: vec![inputs, outputs], values: weight },
                Parameter { word: "bias", suffix: "bias", shape: vec![outputs], values: bias },
            ],
            attributes: Vec::new(),
        })
    }

    /// Batch normalisation as it acts at inference: see [`BatchNormalization`].
    ///
    /// # Errors
    /// The input is unknown, the output's name is taken, a parameter has another length than the input has columns, `epsilon` is
    /// negative or not finite.
    pub fn batch_normalization(
        &mut self,
        input: &str,
        output: &str,
        parameters: BatchNormalization<'_>,
    ) -> Result<&mut Self, ModelError> {
        const KIND: &str = "BatchNormalization";
        let columns = self.columns(input)?;
        let BatchNormalization { scale, shift, mean, variance, epsilon } = parameters;
        if !(epsilon.is_finite() && epsilon >= 0.0) {
            return Err(ModelError::ParameterValue {
                operator: KIND,
                output: output.to_owned(),
                parameter: "epsilon",
                found: epsilon,
                expected: "a finite number that is not negative",
            });
        }
        let column = |word, suffix, values| Parameter { word, suffix, shape: vec![columns], values };
        self.operator(Operator {
            kind: KIND,
            input,
            output,
            inputs: columns,
            outputs: columns,
            // In the order of the operator's inputs.
            parameters: vec![
                column("scale", "bn.scale", scale),
                column("shift", "bn.shift", shift),
                column("mean", "bn.mean", mean),
                column("variance", "bn.variance", variance),
            ],
            attributes: vec![float_attribute("epsilon", epsilon)],
        })
    }

    /// An element-wise nonlinearity.
    ///
    /// # Errors
    /// The input is unknown, the output's name is taken, or the slope of a leaky ReLU is not finite.
    pub fn activation(&mut self, kind: Activation, input: &str, output: &str) -> Result<&mut Self, ModelError> {
        let columns = self.columns(input)?;
        if let Activation::LeakyRelu(alpha) = kind
            && !alpha.is_finite()
        {
            return Err(ModelError::ParameterValue {
                operator: kind.operator(),
                output: output.to_owned(),
                parameter: "alpha",
                found: alpha,
                expected: "a finite number",
            });
        }
        self.operator(Operator {
            kind: kind.operator(),
            input,
            output,
            inputs: columns,
            outputs: columns,
            parameters: Vec::new(),
            attributes: kind.attributes(),
        })
    }

    /// Makes a value a graph output, so that a runtime gives it when asked by name. Outputs keep the order of declaration, but
    /// [`OUTPUT`] comes first: runtimes that look at one output only then see the network's answer.
    ///
    /// # Errors
    /// The value is unknown or already an output.
    pub fn output(&mut self, name: &str) -> Result<&mut Self, ModelError> {
        let place = self.place(name)?;
        if self.outputs.contains(&place) {
            return Err(ModelError::DuplicateOutput { name: name.to_owned() });
        }
        let at = if name == OUTPUT { 0 } else { self.outputs.len() };
        self.outputs.insert(at, place);
        Ok(self)
    }

    /// Adds a pair of strings to the model's metadata.
    ///
    /// # Errors
    /// The key is empty or already set.
    pub fn metadata(&mut self, key: impl Into<String>, value: impl Into<String>) -> Result<&mut Self, ModelError> {
        let key = key.into();
        if key.is_empty() {
            return Err(ModelError::EmptyName { what: "metadata key" });
        }
        if self.metadata.iter().any(|(known, _)| *known == key) {
            return Err(ModelError::DuplicateMetadata { key });
        }
        self.metadata.push((key, value.into()));
        Ok(self)
    }

    /// The model as a message, for code that edits it further.
    ///
    /// # Errors
    /// The model has no name, no input or no output.
    pub fn to_model(&self) -> Result<ModelProto, ModelError> {
        if self.name.is_empty() {
            return Err(ModelError::EmptyName { what: "model" });
        }
        if self.inputs.is_empty() {
            return Err(ModelError::NoInput { model: self.name.clone() });
        }
        if self.outputs.is_empty() {
            return Err(ModelError::NoOutput { model: self.name.clone() });
        }
        // `input` and `operator` checked that every width fits.
        let typed = |&place: &usize| {
            let Value { name, columns } = &self.values[place];
            matrix_type(name, BATCH_DIMENSION, *columns as i64)
        };
        let inner =
            (0..self.values.len()).filter(|place| !self.inputs.contains(place) && !self.outputs.contains(place));
        let graph = GraphProto {
            name: Some(self.name.clone()),
            node: self.nodes.clone(),
            initializer: self.initializers.clone(),
            input: self.inputs.iter().map(typed).collect(),
            output: self.outputs.iter().map(typed).collect(),
            value_info: inner.map(|place| typed(&place)).collect(),
            ..Default::default()
        };
        let entry = |(key, value): &(String, String)| StringStringEntryProto {
            key: Some(key.clone()),
            value: Some(value.clone()),
        };
        Ok(ModelProto {
            ir_version: Some(IR_VERSION),
            opset_import: vec![OperatorSetIdProto { domain: Some(String::new()), version: Some(OPSET) }],
            producer_name: Some("repshape".to_owned()),
            producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            graph: Some(graph),
            metadata_props: self.metadata.iter().map(entry).collect(),
            ..Default::default()
        })
    }

    /// The bytes of an `.onnx` file. Equal calls give equal bytes.
    ///
    /// # Errors
    /// As [`to_model`](Self::to_model), or the file would exceed what one protobuf message holds.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelError> {
        let model = self.to_model()?;
        let bytes = model.encoded_len();
        if bytes > i32::MAX as usize {
            return Err(ModelError::TooLarge { bytes });
        }
        Ok(model.encode_to_vec())
    }

    /// Adds an operator, its initializers and its output, after every check has passed.
    fn operator(&mut self, operator: Operator<'_>) -> Result<&mut Self, ModelError> {
        let Operator { kind, input, output, inputs, outputs, .. } = operator;
        let found = self.columns(input)?;
        if found != inputs {
            return Err(ModelError::WidthMismatch {
                operator: kind,
                output: output.to_owned(),
                input: input.to_owned(),
                expected: inputs,
                found,
            });
        }
        self.check_new(output)?;
        dimension(output, outputs)?;
        let initializers = operator.initializers()?;
        for tensor in &initializers {
            self.check_new(tensor.name())?;
        }
        self.nodes.push(operator.node(&initializers));
        self.places.extend(initializers.iter().map(|tensor| (tensor.name().to_owned(), None)));
        self.initializers.extend(initializers);
        self.define(output, outputs);
        Ok(self)
    }

    fn define(&mut self, name: &str, columns: usize) {
        self.places.insert(name.to_owned(), Some(self.values.len()));
        self.values.push(Value { name: name.to_owned(), columns });
    }

    fn check_new(&self, name: &str) -> Result<(), ModelError> {
        if name.is_empty() {
            return Err(ModelError::EmptyName { what: "value" });
        }
        if self.places.contains_key(name) {
            return Err(ModelError::DuplicateValue { name: name.to_owned() });
        }
        Ok(())
    }

    fn place(&self, name: &str) -> Result<usize, ModelError> {
        self.places.get(name).copied().flatten().ok_or_else(|| ModelError::UnknownValue {
            name: name.to_owned(),
            defined: self.values.iter().map(|value| value.name.clone()).collect(),
        })
    }

    fn columns(&self, name: &str) -> Result<usize, ModelError> {
        Ok(self.values[self.place(name)?].columns)
    }
}

#[cfg(test)]
mod tests;

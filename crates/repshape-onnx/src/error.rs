//! Why a model cannot be built.

/// A model that would not be valid ONNX, and the value, row or field that makes it so.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A name that is empty.
    #[error("a {what} has an empty name")]
    EmptyName {
        /// What was to be named: "value", "model", "metadata key".
        what: &'static str,
    },
    /// Two values, or two initializers, of one name.
    #[error("the value {name:?} is already defined")]
    DuplicateValue {
        /// The name used twice.
        name: String,
    },
    /// A value that no input and no earlier operator gives.
    #[error("unknown value {name:?}; defined so far: {}", listed(defined))]
    UnknownValue {
        /// The name asked for.
        name: String,
        /// Every value defined before, in order.
        defined: Vec<String>,
    },
    /// A value declared as a graph output twice.
    #[error("the value {name:?} is already a graph output")]
    DuplicateOutput {
        /// The name given twice.
        name: String,
    },
    /// A metadata key given twice: ONNX asks for distinct keys.
    #[error("the metadata key {key:?} is already set")]
    DuplicateMetadata {
        /// The key given twice.
        key: String,
    },
    /// An operator fed with a value of another width.
    #[error("{operator} {output:?} expects {expected} columns, but its input {input:?} has {found}")]
    WidthMismatch {
        /// The ONNX operator.
        operator: &'static str,
        /// The value it would give.
        output: String,
        /// The value it reads.
        input: String,
        /// The width that its parameters have.
        expected: usize,
        /// The width of the input.
        found: usize,
    },
    /// A parameter with another number of elements than its shape says.
    #[error("{operator} {output:?}: {parameter} has {found} elements, but its shape {shape:?} has {expected}")]
    ParameterLength {
        /// The ONNX operator.
        operator: &'static str,
        /// The value it would give.
        output: String,
        /// Which parameter: "weight", "bias", "scale", ...
        parameter: &'static str,
        /// The shape it must have.
        shape: Vec<usize>,
        /// The product of the shape.
        expected: usize,
        /// The number of elements given.
        found: usize,
    },
    /// A number that the operator has no meaning for.
    #[error("{operator} {output:?}: {parameter} is {found}, expected {expected}")]
    ParameterValue {
        /// The ONNX operator.
        operator: &'static str,
        /// The value it would give.
        output: String,
        /// Which parameter: "alpha", "epsilon", ...
        parameter: &'static str,
        /// What was given.
        found: f32,
        /// What is allowed, in words.
        expected: &'static str,
    },
    /// A value without columns, or with more than ONNX can count.
    #[error("the value {name:?} has {columns} columns, expected 1 to 2^63 - 1")]
    Columns {
        /// The value.
        name: String,
        /// The number given.
        columns: usize,
    },
    /// A model without an input.
    #[error("the model {model:?} has no input")]
    NoInput {
        /// The model's name.
        model: String,
    },
    /// A model without a graph output.
    #[error("the model {model:?} has no output: declare one with ModelBuilder::output")]
    NoOutput {
        /// The model's name.
        model: String,
    },
    /// A model beyond what one protobuf message can hold.
    #[error("the model takes {bytes} bytes, but one ONNX file holds at most {} (2 GiB - 1)", i32::MAX)]
    TooLarge {
        /// The encoded size.
        bytes: usize,
    },
}

/// Names for a person to choose from: all of a few, the last of many.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown = names.iter().skip(names.len().saturating_sub(SHOWN)).map(|name| format!("{name:?}"));
    let omitted = if names.len() > SHOWN { vec!["...".to_owned()] } else { Vec::new() };
    let list = omitted.into_iter().chain(shown).collect::<Vec<_>>();
    if list.is_empty() { "nothing".to_owned() } else { list.join(", ") }
}

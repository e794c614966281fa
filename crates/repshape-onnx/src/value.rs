//! Shapes, element types and arrays that go into a model and come out of it.

use std::fmt;

use crate::proto::tensor_proto::DataType;

/// One side of a value's shape, as far as a model says it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Dim {
    /// A number of elements that never changes.
    Known(usize),
    /// A number that each run may choose, under the name that the model gives it; without a name, an empty one.
    /// Sides of one name are equal in a run.
    Free(String),
}

impl fmt::Display for Dim {
    /// The number, the name, or `?` for a side without a name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(side) => write!(f, "{side}"),
            Self::Free(name) if name.is_empty() => f.write_str("?"),
            Self::Free(name) => f.write_str(name),
        }
    }
}

/// Sides as people write them: `N x 3 x 28 x 28`, `scalar` without sides.
pub fn shape_text<D: fmt::Display>(shape: &[D]) -> String {
    if shape.is_empty() {
        return "scalar".to_owned();
    }
    shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ")
}

/// The type of the elements that a model declares for an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ElementType {
    /// 32-bit floats.
    F32,
    /// 64-bit floats; computed with as 32-bit floats.
    F64,
    /// IEEE half precision; computed with as 32-bit floats.
    F16,
    /// bfloat16; computed with as 32-bit floats.
    Bf16,
    /// 64-bit integers; computed with as 32-bit integers.
    I64,
    /// 32-bit integers.
    I32,
    /// 8-bit integers.
    I8,
    /// Bytes.
    U8,
    /// Truth values.
    Bool,
}

impl ElementType {
    /// The type with ONNX's number, if models with it can run.
    pub(crate) fn from_onnx(number: i32) -> Option<Self> {
        Some(match DataType::try_from(number).ok()? {
            DataType::Float => Self::F32,
            DataType::Double => Self::F64,
            DataType::Float16 => Self::F16,
            DataType::Bfloat16 => Self::Bf16,
            DataType::Int64 => Self::I64,
            DataType::Int32 => Self::I32,
            DataType::Int8 => Self::I8,
            DataType::Uint8 => Self::U8,
            DataType::Bool => Self::Bool,
            _ => return None,
        })
    }

    /// Whether the elements are floats of any width.
    pub fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64 | Self::F16 | Self::Bf16)
    }

    /// The field's short name: `f32`, `i64`, `bool`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::I64 => "i64",
            Self::I32 => "i32",
            Self::I8 => "i8",
            Self::U8 => "u8",
            Self::Bool => "bool",
        }
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An array to feed to a model: a shape, and its elements in row-major order.
///
/// Floats go into float inputs of any width. Integers and truth values go into integer and boolean inputs, and into float inputs
/// too (bytes of an image).
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Sides, the batch first.
    pub shape: Vec<usize>,
    /// As many elements as the product of the sides.
    pub values: Data,
}

/// The elements of a [`Tensor`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Data {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 64-bit integers, such as the numbers of tokens.
    I64(Vec<i64>),
    /// 32-bit integers.
    I32(Vec<i32>),
    /// Bytes, such as pixels.
    U8(Vec<u8>),
    /// Truth values, such as a mask.
    Bool(Vec<bool>),
}

impl Data {
    /// The number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::U8(values) => values.len(),
            Self::Bool(values) => values.len(),
        }
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The field's short name of the element type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::F32(_) => "f32",
            Self::I64(_) => "i64",
            Self::I32(_) => "i32",
            Self::U8(_) => "u8",
            Self::Bool(_) => "bool",
        }
    }
}

/// What stood at one site for the rows of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Representation {
    /// The site's name.
    pub site: String,
    /// Sides as the run had them; the first is the batch unless the model moved it elsewhere.
    pub shape: Vec<usize>,
    /// Row-major, as many as the product of the sides.
    pub values: Vec<f32>,
}

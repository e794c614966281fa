//! A first look at the bytes of a model, before anything is allocated for them.
//!
//! Protocol buffers let two bytes stand for an empty message that takes hundreds in memory, and let messages nest. This walk counts
//! what decoding would take, with a stack of its own, and refuses what is out of proportion to the file.

use std::mem::size_of;

use crate::{onnx_error::Problem, proto};

/// What decoding may take beyond twice the file's length: enough for graphs of several hundred thousand nodes.
const ALLOWANCE: u64 = 256 << 20;
/// The decoder's own limit. A subgraph in a subgraph takes three.
const DEPTH: usize = 100;

/// The messages that hold others or lists.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Model,
    Training,
    Function,
    Graph,
    Node,
    Attribute,
    Tensor,
    Sparse,
    ValueInfo,
    Type,
    TensorType,
    /// Sequences, maps, optional values.
    Container,
    Shape,
    Other,
}

impl Kind {
    /// The message in a field, if it is one; types are followed only as far as they can nest.
    fn field(self, number: u64) -> Option<Self> {
        Some(match (self, number) {
            (Self::Model, 7) => Self::Graph,
            (Self::Model, 20) => Self::Training,
            (Self::Model, 25) => Self::Function,
            (Self::Model, 8 | 14 | 26) => Self::Other,
            (Self::Training, 1 | 2) => Self::Graph,
            (Self::Training, 3 | 4) => Self::Other,
            (Self::Function, 7) | (Self::Graph, 1) => Self::Node,
            (Self::Function, 11) | (Self::Node, 5) => Self::Attribute,
            (Self::Function, 12) | (Self::Graph, 11..=13) => Self::ValueInfo,
            (Self::Function, 9 | 14) | (Self::Graph, 14 | 16) | (Self::Node, 9) => Self::Other,
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) | (Self::Sparse, 1 | 2) => Self::Tensor,
            (Self::Graph, 15) | (Self::Attribute, 22 | 23) => Self::Sparse,
            (Self::Attribute, 6 | 11) => Self::Graph,
            (Self::Attribute, 14 | 15) | (Self::ValueInfo, 2) => Self::Type,
            (Self::ValueInfo, 4) | (Self::Tensor, 3 | 13 | 16) => Self::Other,
            (Self::Type, 1 | 8) => Self::TensorType,
            (Self::Type, 4 | 5 | 9) => Self::Container,
            (Self::TensorType, 2) => Self::Shape,
            (Self::Container, 1 | 2) => Self::Type,
            (Self::Shape, 1) | (Self::Node, 10) => Self::Other,
            _ => return None,
        })
    }

    /// Bytes that one message takes in memory, at most.
    fn size(self) -> u64 {
        let bytes = match self {
            Self::Model => size_of::<proto::ModelProto>(),
            Self::Training => size_of::<proto::TrainingInfoProto>(),
            Self::Function => size_of::<proto::FunctionProto>(),
            Self::Graph => size_of::<proto::GraphProto>(),
            Self::Node => size_of::<proto::NodeProto>(),
            Self::Attribute => size_of::<proto::AttributeProto>(),
            Self::Tensor => size_of::<proto::TensorProto>(),
            Self::Sparse => size_of::<proto::SparseTensorProto>(),
            Self::ValueInfo => size_of::<proto::ValueInfoProto>(),
            Self::Type | Self::TensorType | Self::Container | Self::Shape => size_of::<proto::TypeProto>(),
            Self::Other => size_of::<proto::TensorAnnotation>(),
        };
        bytes as u64
    }

    /// Bytes in memory for each byte of a field that is a string, bytes or a packed list.
    fn growth(self, number: u64) -> u64 {
        match (self, number) {
            // Shared with the file.
            (Self::Tensor, 9) => 0,
            // Lists of integers, of which each may take one byte in the file.
            (Self::Tensor, 1 | 7 | 11) | (Self::Attribute, 8) => 8,
            (Self::Tensor, 5) => 4,
            _ => 1,
        }
    }
}

/// Checks that decoding stays in proportion to the file, and that no message is cut short.
///
/// # Errors
/// A field is malformed or reaches beyond its message, messages nest too deep, or decoding would take too much memory.
pub(crate) fn scan(bytes: &[u8]) -> Result<(), Problem> {
    let limit = ALLOWANCE + 2 * bytes.len() as u64;
    let mut needed = 0_u64;
    let within = |needed: u64| {
        if needed <= limit {
            return Ok(());
        }
        let found = format!("a graph that takes more than {} MiB in memory", limit >> 20);
        Err(Problem::TooLarge { found, limit: format!("{} MiB for a file of {} bytes", limit >> 20, bytes.len()) })
    };
    // Messages not yet read to their end, the innermost last.
    let mut open = vec![(Kind::Model, 0, bytes.len())];
    while let Some((kind, mut at, end)) = open.pop() {
        within(needed)?;
        while at < end {
            let start = at;
            let cut = || Problem::NotOnnx(format!("the field at byte {start} is cut short or malformed"));
            let key = varint(bytes, &mut at, end).ok_or_else(cut)?;
            let number = key >> 3;
            // An element of a list, or a field of its own.
            needed += 8;
            match key & 7 {
                0 => drop(varint(bytes, &mut at, end).ok_or_else(cut)?),
                1 => at += 8,
                5 => at += 4,
                2 => {
                    let length =
                        varint(bytes, &mut at, end).and_then(|length| usize::try_from(length).ok()).ok_or_else(cut)?;
                    let close = at.checked_add(length).filter(|&close| close <= end).ok_or_else(cut)?;
                    if let Some(child) = kind.field(number) {
                        needed += child.size();
                        within(needed)?;
                        if open.len() + 1 >= DEPTH {
                            let found = format!("messages nested {DEPTH} deep at byte {start}");
                            return Err(Problem::TooLarge { found, limit: format!("{} levels", DEPTH - 1) });
                        }
                        open.push((kind, close, end));
                        open.push((child, at, close));
                        break;
                    }
                    needed = needed.saturating_add(24 + (length as u64).saturating_mul(kind.growth(number)));
                    at = close;
                }
                _ => return Err(cut()),
            }
            if at > end {
                return Err(cut());
            }
            within(needed)?;
        }
    }
    Ok(())
}

/// A number of at most 64 bits, seven to a byte, the lowest first.
fn varint(bytes: &[u8], at: &mut usize, end: usize) -> Option<u64> {
    let mut value = 0_u64;
    for shift in 0..10 {
        let byte = *bytes.get(*at).filter(|_| *at < end)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << (7 * shift);
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

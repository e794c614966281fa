//! ONNX models whose sites are named values.
//!
//! [`ModelBuilder`] writes a network of dense layers, batch normalisation and activations as an ONNX model in which every
//! representation worth looking at, a *site*, is a graph output under its own name (`fc1.pre`, `fc1`, ..., `output`): any
//! runtime can read it without surgery on the graph. [`proto`] is the whole ONNX schema, for code that reads or edits models.

mod activation;
mod builder;
mod error;
mod operator;
#[allow(missing_docs, reason = "generated from the ONNX schema, which documents every message")]
pub mod proto;
mod tensor;

pub use activation::Activation;
pub use builder::{BATCH_DIMENSION, BatchNormalization, IR_VERSION, ModelBuilder, OPSET, OUTPUT};
pub use error::ModelError;

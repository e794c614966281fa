//! ONNX models whose sites are named values.
//!
//! [`ModelBuilder`] writes a network of dense layers, batch normalisation and activations as an ONNX model in which every
//! representation worth looking at, a *site*, is a graph output under its own name (`fc1.pre`, `fc1`, ..., `output`): any
//! runtime can read it without surgery on the graph.
//!
//! [`Model`] reads other people's models, lists their sites and runs them on the CPU to any of these. [`Rewiring`] makes of a model
//! another with the same outputs and other characteristics at a site. [`proto`] is the whole ONNX schema, for code that reads or edits models.

mod activation;
mod builder;
mod constant;
mod error;
mod external;
mod glob;
mod graph;
mod head;
mod initializer;
mod lower;
mod model;
mod onnx_error;
mod operator;
#[allow(missing_docs, reason = "generated from the ONNX schema, which documents every message")]
pub mod proto;
pub mod rewire;
mod runner;
mod scan;
mod shapes;
mod site;
mod sites;
mod size;
mod tensor;
mod value;

pub use activation::Activation;
pub use builder::{BATCH_DIMENSION, BatchNormalization, IR_VERSION, ModelBuilder, OPSET, OUTPUT};
pub use error::ModelError;
pub use glob::glob_matches;
pub use head::Head;
pub use model::{Input, Model};
pub use onnx_error::{OnnxError, Problem, UnsupportedOperator};
pub use rewire::Rewiring;
pub use runner::{Runner, is_model_thread};
pub use site::{Place, Site};
pub use value::{Data, Dim, ElementType, Representation, Tensor, shape_text};

//! Characteristics of hidden representations, in one pass over blocks of rows.

mod block;
pub mod disentanglement;
mod error;
mod exp;
mod gram;
pub mod measure;
pub mod moments;
pub mod mutual_information;
pub mod pictures;
pub mod sample;
mod sketch;
pub mod spectrum;

pub use block::{Block, Values};
pub use error::StatsError;
pub use measure::{CATALOG, Measurement, Options, Selection, Value, measure};
pub use moments::Moments;
pub use mutual_information::NoiseVariance;
pub use sample::{Rows, SampleSize};
pub use sketch::{Sketch, SketchConfig};

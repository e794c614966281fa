//! Characteristics of hidden representations, in one pass over blocks of rows.

mod block;
mod error;
mod gram;
pub mod moments;
pub mod pictures;
pub mod sample;
mod sketch;

pub use block::{Block, Values};
pub use error::StatsError;
pub use moments::Moments;
pub use sample::{Rows, SampleSize};
pub use sketch::{Sketch, SketchConfig};

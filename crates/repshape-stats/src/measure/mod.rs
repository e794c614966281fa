//! The characteristics of a representation: one file for each family, one row of the [`CATALOG`] for each measure.
//!
//! To add one: a function from a [`Reading`] to a value, in a file of its own, and its row in `catalog.rs`. Help, JSON,
//! tables and the conformance check are made from the rows.

mod amplitude;
mod catalog;
mod class_means;
mod collapse;
mod correlation;
mod covariance;
mod dead_units;
mod dimension;
mod disentangled;
mod head;
mod information;
mod measurement;
mod over;
mod power_law;
mod rank;
mod reading;
mod selection;
mod sparsity;
mod variance;
mod wide;

pub use catalog::{CATALOG, Format, High, MeasureRow, Needs, Range, Scaling, find};
pub use class_means::ClassMeans;
pub use head::Head;
pub use measurement::{Measurement, Measures, Schema, Value, measure, measure_with_progress};
pub use reading::Reading;
pub use selection::{Options, Selection};

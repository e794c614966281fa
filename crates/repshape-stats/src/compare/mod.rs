//! Two representations of the same rows: how similar they are, and what changed between them.
//!
//! [`CrossMoments`] takes paired blocks of A (`N x I_A`) and B (`N x I_B`) in one pass; [`similarities`] reads every row of
//! [`SIMILARITIES`] from them. [`change`] gives every characteristic in A, in B, and their difference with a
//! bootstrap interval over rows. [`cka_map`] compares all layers of one network with all of another.

mod bootstrap;
mod catalog;
mod cca;
mod change;
mod cka;
mod cross;
mod error;
mod layers;
mod norms;
mod pairing;
mod procrustes;
mod svd;

pub use bootstrap::{BootstrapOptions, Interval, Intervals, intervals};
pub use catalog::{Invariance, SIMILARITIES, Similarities, SimilarityOptions, SimilarityRow, similarities};
pub use cca::CCA_CUTOFF;
pub use change::{Change, Changes, change, changes_between};
pub use cross::CrossMoments;
pub use error::CompareError;
pub use layers::{KernelMatrix, LayerRows, cka_map};
pub use pairing::Pairing;

//! What can be wrong with two representations that are to be compared.

use crate::StatsError;

/// Why two representations could not be compared. Every message names the side, and the row, unit or setting.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// A's rows cannot be used.
    #[error("A: {0}")]
    A(StatsError),
    /// B's rows cannot be used.
    #[error("B: {0}")]
    B(StatsError),
    /// The two sides do not have the same rows.
    #[error("A has {a} rows and B {b}: both must be of the same rows, in the same order")]
    Rows {
        /// Rows of A.
        a: usize,
        /// Rows of B.
        b: usize,
    },
    /// The two sides have labels that differ.
    #[error("row {row} has label {a} in A and {b} in B: both must be of the same rows, in the same order")]
    Labels {
        /// Index of the first such row.
        row: usize,
        /// Its label in A.
        a: u32,
        /// Its label in B.
        b: u32,
    },
    /// A setting or a merge that does not fit.
    #[error(transparent)]
    Setting(#[from] StatsError),
}

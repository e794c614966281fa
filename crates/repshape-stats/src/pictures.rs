//! What the plots of a representation need, as plain data.

mod cluster;
mod components;
mod read;

use serde::{Deserialize, Serialize};

pub use read::pictures;

/// Everything a report draws of one site: the correlations of its units, their spectrum, variances and zeros, one
/// unit's histogram by class, a scatter of two units and the first principal components (Choi et al. 2018, fig. 1;
/// Choi & Rhee 2019, figs. 2 and 4).
///
/// What is not known is empty: correlations and eigenvalues where the moments of pairs were not kept, and whatever
/// an older file does not have. The default is a site of which nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Pictures {
    /// Number of units `I`.
    pub units: usize,
    /// The `M` units of the correlation matrix, increasing: all of them, or the [256](Self::MATRIX_UNITS) of largest
    /// variance. Empty stands for all.
    #[serde(default)]
    pub matrix_units: Vec<usize>,
    /// Correlations over all rows, row-major `M x M`; `None` where a unit is constant.
    #[serde(default)]
    pub correlation: Vec<Option<f32>>,
    /// The rows of `correlation` in an order that puts units that move together side by side: the leaves of the
    /// average-linkage tree on `1 - abs(r)`, constant units last. Empty without correlations.
    #[serde(default)]
    pub order: Vec<usize>,
    /// The largest eigenvalues of the biased covariance, descending, at most [1,024](Self::EIGENVALUES).
    #[serde(default)]
    pub eigenvalues: Vec<f64>,
    /// Biased variance of each unit over all rows.
    #[serde(default)]
    pub variances: Vec<f32>,
    /// Share of zero entries of each unit.
    pub sparsity: Vec<f32>,
    /// The units that are 0 for every row, increasing.
    #[serde(default)]
    pub dead: Vec<usize>,
    /// Histogram of the unit with the largest variance.
    pub histogram: ClassHistogram,
    /// Scatter of the two units with the largest variances.
    pub scatter: Scatter,
    /// Rows in the space of the first principal components.
    pub components: Components,
}

impl Pictures {
    /// Units of a correlation matrix: more cells than pixels would show nothing more.
    pub const MATRIX_UNITS: usize = 256;

    /// Eigenvalues of a spectrum.
    pub const EIGENVALUES: usize = 1024;
}

/// Counts of one unit's values, one row of bins for each class.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassHistogram {
    /// The unit shown.
    pub unit: usize,
    /// `B + 1` increasing edges; the last bin is closed.
    pub edges: Vec<f64>,
    /// `counts[k][b]`: rows of class `k` in bin `b`; one row of all counts without labels.
    pub counts: Vec<Vec<u64>>,
}

/// Values of two units over a sample of rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scatter {
    /// The two units shown.
    pub units: [usize; 2],
    /// One point for each sampled row.
    pub points: Vec<[f32; 2]>,
    /// The class of each point; empty without labels.
    pub labels: Vec<u32>,
}

/// The sampled rows, centred, on the principal axes of the covariance; where the moments of pairs were not kept, on
/// those of the sampled rows themselves.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Components {
    /// Share of the total variance on each of the (at most three) axes.
    pub variance_share: Vec<f64>,
    /// One point for each sampled row; missing axes are 0.
    pub points: Vec<[f32; 3]>,
    /// The class of each point; empty without labels.
    pub labels: Vec<u32>,
}

//! What the plots of a representation need, as plain data.

mod read;

use serde::{Deserialize, Serialize};

pub use read::pictures;

/// Everything a report draws of one site: matrices, one unit's histogram by class, a scatter of two
/// units and the first principal components (Choi et al. 2018, fig. 1; Choi & Rhee 2019, figs. 2 and 4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pictures {
    /// Number of units `I`.
    pub units: usize,
    /// Correlations over all rows, row-major `I x I`; `None` where a unit is constant.
    pub correlation: Vec<Option<f32>>,
    /// Biased covariances over all rows, row-major `I x I`.
    pub covariance: Vec<f32>,
    /// Share of zero entries of each unit.
    pub sparsity: Vec<f32>,
    /// Histogram of the unit with the largest variance.
    pub histogram: ClassHistogram,
    /// Scatter of the two units with the largest variances.
    pub scatter: Scatter,
    /// Rows in the space of the first principal components.
    pub components: Components,
}

/// Counts of one unit's values, one row of bins for each class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassHistogram {
    /// The unit shown.
    pub unit: usize,
    /// `B + 1` increasing edges; the last bin is closed.
    pub edges: Vec<f64>,
    /// `counts[k][b]`: rows of class `k` in bin `b`; one row of all counts without labels.
    pub counts: Vec<Vec<u64>>,
}

/// Values of two units over a sample of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scatter {
    /// The two units shown.
    pub units: [usize; 2],
    /// One point for each sampled row.
    pub points: Vec<[f32; 2]>,
    /// The class of each point; empty without labels.
    pub labels: Vec<u32>,
}

/// The sampled rows, centred, on the principal axes of the covariance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Components {
    /// Share of the total variance on each of the (at most three) axes.
    pub variance_share: Vec<f64>,
    /// One point for each sampled row; missing axes are 0.
    pub points: Vec<[f32; 3]>,
    /// The class of each point; empty without labels.
    pub labels: Vec<u32>,
}

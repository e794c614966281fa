//! Kolchinsky-Tracey estimates of the mutual information of a representation with its input and labels.
//!
//! A network is deterministic, so `I(z; x)` is infinite unless noise is assumed: here Gaussian noise
//! `N(0, s2)` on each unit, which makes the representation of a data set a mixture of `N` Gaussians, one
//! for each row. With `D_ij = norm(z_i - z_j)^2`, natural logarithms and the self term `j = i` kept,
//!
//! `upper = -(1/N) sum_i ln[(1/N) sum_j exp(-D_ij / (2 s2))]`, `lower` the same with `8 s2`,
//!
//! bound `I(z; x)`, and `H(z) - sum_k p_k H(z | y = k)`, `p_k = |S_k| / N`, estimates `I(z; y)` from each.
//! Both saturate at `ln N`, where every row is far from every other.
//! Sources: Kolchinsky & Tracey (2017); Choi et al. (2018), section 5.

mod pairs;
mod spread;

use std::f64::consts::LN_2;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::StatsError;

use pairs::{ClassSums, Points};
pub use spread::MiSpread;

/// Variance of the Gaussian noise assumed on every unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NoiseVariance {
    /// This variance, in squares of the units' own scale.
    Absolute(f64),
    /// This multiple of the mean variance of the units, `(1/(N I)) sum_n sum_i (z_in - mu_i)^2`: the
    /// estimates are then unchanged when the representation is scaled.
    Relative(f64),
}

/// `0.1`, or `relative:0.1`.
///
/// ```
/// use repshape_stats::NoiseVariance;
/// assert_eq!("0.25".parse(), Ok(NoiseVariance::Absolute(0.25)));
/// assert_eq!("relative:0.1".parse(), Ok(NoiseVariance::Relative(0.1)));
/// let error = "relative:-1".parse::<NoiseVariance>().unwrap_err();
/// assert_eq!(error.to_string(), "mi_variance is relative:-1, expected a number above 0, or relative:R for R times the mean variance");
/// ```
impl FromStr for NoiseVariance {
    type Err = StatsError;

    fn from_str(text: &str) -> Result<Self, StatsError> {
        let number = |text: &str| text.parse::<f64>().ok().filter(|value| *value > 0.0 && value.is_finite());
        let parsed = match text.strip_prefix("relative:") {
            Some(multiple) => number(multiple).map(Self::Relative),
            None => number(text).map(Self::Absolute),
        };
        parsed.ok_or_else(|| StatsError::Setting {
            field: "mi_variance",
            found: text.to_owned(),
            expected: "a number above 0, or relative:R for R times the mean variance",
        })
    }
}

impl fmt::Display for NoiseVariance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absolute(variance) => write!(f, "{variance}"),
            Self::Relative(multiple) => write!(f, "relative:{multiple}"),
        }
    }
}

/// How mutual information is estimated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MiOptions {
    /// The assumed noise; absolute, 0.1, unless told.
    pub variance: NoiseVariance,
}

impl Default for MiOptions {
    fn default() -> Self {
        Self { variance: NoiseVariance::Absolute(0.1) }
    }
}

/// Estimates of `I(z; x)` and `I(z; y)`, in nats.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MutualInformation {
    /// Lower bound of `I(z; x)` under the assumed noise.
    pub x_lower: f64,
    /// Upper bound of `I(z; x)` under the assumed noise.
    pub x_upper: f64,
    /// `I(z; y)` with both entropies bounded from below. A difference of two bounds is an **estimate**, no
    /// bound: it is at most the entropy of the labels and at most `x_lower`, but may fall a little
    /// below 0, and may exceed `y_upper`. `None` without labels.
    pub y_lower: Option<f64>,
    /// `I(z; y)` with both entropies bounded from above; also an estimate. `None` without labels.
    pub y_upper: Option<f64>,
    /// Number of rows, all pairs of which were used.
    pub rows: usize,
    /// The variance of the assumed noise, absolute.
    pub variance: f64,
    /// `ln N`, which no estimate can exceed.
    pub ceiling: f64,
    /// Whether a bound of `I(z; x)` is within 1 % of the ceiling: it then speaks of the number of rows, and
    /// more rows or more noise are needed.
    pub x_at_ceiling: bool,
}

impl MutualInformation {
    /// The same estimates in bits; `rows`, `variance` and `x_at_ceiling` stay.
    pub fn in_bits(self) -> Self {
        Self {
            x_lower: self.x_lower / LN_2,
            x_upper: self.x_upper / LN_2,
            y_lower: self.y_lower.map(|nats| nats / LN_2),
            y_upper: self.y_upper.map(|nats| nats / LN_2),
            ceiling: self.ceiling / LN_2,
            ..self
        }
    }
}

/// Why mutual information could not be estimated. Rows and units count from 0.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum MiError {
    /// There is no row or no unit.
    #[error("mutual information needs at least one row and one unit, found {values} values in rows of {units} units")]
    Empty {
        /// Number of values given.
        values: usize,
        /// Number of units given.
        units: usize,
    },
    /// The values do not fill whole rows.
    #[error("{values} values are not a whole number of rows of {units} units")]
    Ragged {
        /// Number of values given.
        values: usize,
        /// Number of units given.
        units: usize,
    },
    /// Labels and rows differ in number.
    #[error("{labels} labels for {rows} rows: one label for each row is needed")]
    LabelCount {
        /// Number of labels given.
        labels: usize,
        /// Number of rows.
        rows: usize,
    },
    /// A label is not a class.
    #[error("row {row} has label {label}, but there are {classes} classes (labels run from 0 to classes - 1)")]
    Label {
        /// First such row.
        row: usize,
        /// Its label.
        label: u32,
        /// Number of declared classes.
        classes: usize,
    },
    /// A value is NaN or infinite.
    #[error("row {row}, unit {unit} is {value}; every value must be finite")]
    NotFinite {
        /// First such row.
        row: usize,
        /// Its first such unit.
        unit: usize,
        /// The value.
        value: f64,
    },
    /// A row is so far from the mean that squared distances overflow.
    #[error(
        "row {row} is too far from the mean of the rows for squared distances over a noise variance of {variance} in f64"
    )]
    TooFar {
        /// First such row.
        row: usize,
        /// The absolute noise variance.
        variance: f64,
    },
    /// The noise variance, or its multiple of the mean variance, is not above 0 and finite.
    #[error("the noise variance is {0}; it must be above 0 and finite")]
    Variance(f64),
    /// The noise was to be a multiple of the mean variance, and that is 0.
    #[error("no unit varies, so a noise variance relative to the mean variance is 0; give an absolute one")]
    NothingVaries,
}

/// Estimates the mutual information of `rows` (row-major, `units` values each) with the input and, when
/// `labels` gives one class of `0..classes` for each row, with the labels. A class without rows adds nothing.
///
/// All pairs of rows are used, in time `O(N^2 I)`, half of it saved by symmetry, and memory for
/// one copy of the rows and about 20 MB: no `N x N` matrix. Runs on the current rayon pool; the bits do not
/// depend on its number of threads, and the estimates change by rounding only when rows are reordered.
///
/// ```
/// use repshape_stats::mutual_information::{MiOptions, mutual_information};
/// // Two clusters far apart, one for each class: one bit about the label.
/// let rows = [0.0, 0.0, 0.0, 0.0, 9.0, 9.0, 9.0, 9.0];
/// let mi = mutual_information(&rows, 2, Some((&[0, 0, 1, 1], 2)), &MiOptions::default())?;
/// assert!((mi.in_bits().x_lower - 1.0).abs() < 1e-12);
/// assert!((mi.in_bits().y_lower.unwrap() - 1.0).abs() < 1e-12);
/// # Ok::<(), repshape_stats::mutual_information::MiError>(())
/// ```
///
/// # Errors
/// When the shape, a value, a label or the variance is not usable; the error names it.
pub fn mutual_information(
    rows: &[f64],
    units: usize,
    labels: Option<(&[u32], usize)>,
    options: &MiOptions,
) -> Result<MutualInformation, MiError> {
    mutual_information_with_progress(rows, units, labels, options, &|_, _| {})
}

/// [`mutual_information`] that calls `progress(done, total)` with the pairs of rows done so far, from the
/// threads that do them: two calls may come out of order, the one with `done == total` comes once.
///
/// # Errors
/// As [`mutual_information`].
pub fn mutual_information_with_progress(
    rows: &[f64],
    units: usize,
    labels: Option<(&[u32], usize)>,
    options: &MiOptions,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<MutualInformation, MiError> {
    let count = check(rows, units, labels)?;
    let means = means(rows, units);
    let variance = noise_variance(rows, &means, options.variance)?;
    let order = Classes::of(count, labels);
    let points = Points::new(rows, &means, variance, &order.rows).map_err(|row| MiError::TooFar { row, variance })?;
    let sums = pairs::sums(&points, &order.ranges, progress);
    Ok(read(&sums, &order, variance, labels.is_some()))
}

/// Rows sorted by class, so that the rows of a class are neighbours; one class without labels.
struct Classes {
    /// Row numbers in the new order, which is stable within a class.
    rows: Vec<usize>,
    /// Where each class that has rows starts and ends in `rows`.
    ranges: Vec<std::ops::Range<usize>>,
}

impl Classes {
    fn of(count: usize, labels: Option<(&[u32], usize)>) -> Self {
        let mut rows: Vec<usize> = (0..count).collect();
        let Some((labels, _)) = labels else {
            return Self { rows, ranges: std::iter::once(0..count).collect() };
        };
        rows.sort_by_key(|&row| labels[row]);
        let mut start = 0;
        let ranges = rows
            .chunk_by(|&a, &b| labels[a] == labels[b])
            .map(|class| {
                start += class.len();
                start - class.len()..start
            })
            .collect();
        Self { rows, ranges }
    }
}

/// The number of rows, if shape, values and labels are usable.
fn check(rows: &[f64], units: usize, labels: Option<(&[u32], usize)>) -> Result<usize, MiError> {
    let values = rows.len();
    if units == 0 || values == 0 {
        return Err(MiError::Empty { values, units });
    }
    if !values.is_multiple_of(units) {
        return Err(MiError::Ragged { values, units });
    }
    let count = values / units;
    if let Some(at) = rows.iter().position(|value| !value.is_finite()) {
        return Err(MiError::NotFinite { row: at / units, unit: at % units, value: rows[at] });
    }
    if let Some((labels, classes)) = labels {
        if labels.len() != count {
            return Err(MiError::LabelCount { labels: labels.len(), rows: count });
        }
        if let Some(row) = labels.iter().position(|&label| label as usize >= classes) {
            return Err(MiError::Label { row, label: labels[row], classes });
        }
    }
    Ok(count)
}

/// Mean of each unit. Distances do not depend on it; small centred values lose fewer digits in products.
fn means(rows: &[f64], units: usize) -> Vec<f64> {
    let count = (rows.len() / units) as f64;
    let mut means = vec![0.0; units];
    for row in rows.chunks_exact(units) {
        means.iter_mut().zip(row).for_each(|(mean, value)| *mean += value);
    }
    means.iter_mut().for_each(|mean| *mean /= count);
    means
}

/// The noise variance in squares of the units' scale.
fn noise_variance(rows: &[f64], means: &[f64], variance: NoiseVariance) -> Result<f64, MiError> {
    let usable = |value: f64| {
        if value > 0.0 && value.is_finite() { Ok(value) } else { Err(MiError::Variance(value)) }
    };
    match variance {
        NoiseVariance::Absolute(value) => usable(value),
        NoiseVariance::Relative(multiple) => {
            usable(multiple)?;
            let first = &rows[..means.len()];
            if rows.chunks_exact(means.len()).all(|row| row == first) {
                return Err(MiError::NothingVaries);
            }
            // A sum for each row first: rounding grows with the number of rows, not of values.
            let square =
                |row: &[f64]| -> f64 { row.iter().zip(means).map(|(value, mean)| (value - mean).powi(2)).sum() };
            let total: f64 = rows.chunks_exact(means.len()).map(square).sum();
            usable(multiple * (total / rows.len() as f64))
        }
    }
}

/// The estimates from the sums of exponentials of each row.
fn read(sums: &[ClassSums], classes: &Classes, variance: f64, labelled: bool) -> MutualInformation {
    let count = sums.len() as f64;
    let ceiling = count.ln();
    // Every sum holds the self term 1 and at most N of them, so only rounding is clamped here.
    let bound = |sum: fn(&ClassSums) -> f64| -> f64 {
        let total: f64 = sums.iter().map(|row| -(sum(row) / count).ln()).sum();
        (total / count).clamp(0.0, ceiling)
    };
    // H(z) - sum_k p_k H(z|y=k), row by row: the entropy of the noise itself cancels.
    let estimate = |all: fn(&ClassSums) -> f64, same: fn(&ClassSums) -> f64| -> f64 {
        let class_total = |range: &std::ops::Range<usize>| -> f64 {
            let size = range.len() as f64;
            sums[range.clone()].iter().map(|row| (same(row) / size).ln() - (all(row) / count).ln()).sum()
        };
        classes.ranges.iter().map(class_total).sum::<f64>() / count
    };
    let x_upper = bound(|row| row.all_fourth);
    MutualInformation {
        x_lower: bound(|row| row.all).min(x_upper),
        x_upper,
        y_lower: labelled.then(|| estimate(|row| row.all, |row| row.same)),
        y_upper: labelled.then(|| estimate(|row| row.all_fourth, |row| row.same_fourth)),
        rows: sums.len(),
        variance,
        ceiling,
        x_at_ceiling: x_upper >= 0.99 * ceiling,
    }
}

#[cfg(test)]
mod tests;

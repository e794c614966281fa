//! Sparsity: how many entries are 0 (C18 Table 1).

use super::{Reading, Value};

/// Share of the entries with `abs(z) <= eps`; eps is 0 unless [`SketchConfig::zero_eps`](crate::SketchConfig) says otherwise.
pub(super) fn sparsity(reading: &Reading<'_>) -> Option<Value> {
    let moments = reading.sketch().moments();
    let entries = moments.rows() as f64 * reading.units() as f64;
    let zeros: u64 = moments.units.zeros.iter().sum();
    (entries > 0.0).then(|| Value::Real(zeros as f64 / entries))
}

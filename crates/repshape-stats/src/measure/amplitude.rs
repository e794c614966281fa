//! Amplitude: how large the activations are (C18 Table 1, printed there as `E[c]` for `E[|c|]`).

use super::{Reading, Value};

/// Mean of `abs(z)` over all entries.
pub(super) fn all(reading: &Reading<'_>) -> Option<Value> {
    let moments = reading.sketch().moments();
    let entries = moments.rows() as f64 * reading.units() as f64;
    let sum: f64 = moments.units.absolute_sum.iter().sum();
    (entries > 0.0).then(|| Value::Real(sum / entries))
}

/// Mean of `z` over the entries above 0.
pub(super) fn positive(reading: &Reading<'_>) -> Option<Value> {
    let units = &reading.sketch().moments().units;
    let entries: u64 = units.positive_count.iter().sum();
    let sum: f64 = units.positive_mean.iter().zip(&units.positive_count).map(|(mean, &n)| mean * n as f64).sum();
    (entries > 0).then(|| Value::Real(sum / entries as f64))
}

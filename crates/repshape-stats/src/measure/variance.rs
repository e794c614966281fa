//! Variance: mean of the units' biased variances (C19 Table 5), in three scopes, and the class-wise one on a common scale.

use super::over::{mean, mean_over_classes};
use super::{Reading, Value};

/// Mean over i of `v_i`.
pub(super) fn all(reading: &Reading<'_>) -> Option<Value> {
    mean(reading.variances()?.iter().copied()).map(Value::Real)
}

/// Mean over the units that are ever positive, each over its positive rows; a unit with one such row counts as 0.
pub(super) fn positive(reading: &Reading<'_>) -> Option<Value> {
    let units = &reading.sketch().moments().units;
    let variances = units.positive_spread.iter().zip(&units.positive_count);
    mean(variances.filter(|(_, count)| **count > 0).map(|(spread, &count)| spread / count as f64)).map(Value::Real)
}

/// Mean over k, i of `v^k_i`; a class with one row counts as 0.
pub(super) fn class_wise(reading: &Reading<'_>) -> Option<Value> {
    mean_over_classes(reading, |class| mean((0..reading.units()).filter_map(|i| class.moments.covariance(i, i))))
        .map(Value::Real)
}

/// The same with each unit mapped to [0, 10] by its extremes over all rows; a unit with one value only gives 0.
pub(super) fn normalized_class_wise(reading: &Reading<'_>) -> Option<Value> {
    let units = &reading.sketch().moments().units;
    mean_over_classes(reading, |class| {
        let of_unit = |i: usize| {
            if units.is_constant(i) {
                return Some(0.0);
            }
            // the square root first: the square of a small range is below the smallest number
            let deviation = class.moments.covariance(i, i)?.sqrt();
            Some((10.0 * deviation / (units.max[i] - units.min[i])).powi(2))
        };
        mean((0..reading.units()).filter_map(of_unit))
    })
    .map(Value::Real)
}

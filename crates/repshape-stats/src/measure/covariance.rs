//! Covariance: mean of `abs(c_ij)` over the pairs i != j, biased (C18 Table 1), in three scopes.

use super::over::{mean_over_classes, mean_over_pairs};
use super::{Reading, Value};
use crate::moments::Comoment;

/// Over all rows.
pub(super) fn all(reading: &Reading<'_>) -> Option<Value> {
    let of_moments = of(&reading.sketch().moments().all);
    of_moments.or_else(|| reading.wide_pairs()?.all.covariance).map(Value::Real)
}

/// Mean over the classes; a class with one row counts as 0.
pub(super) fn class_wise(reading: &Reading<'_>) -> Option<Value> {
    let of_moments = mean_over_classes(reading, |class| of(&class.moments));
    of_moments.or_else(|| reading.wide_pairs()?.class_covariance).map(Value::Real)
}

/// Each pair over the rows where both units are positive; a pair with one such row counts as 0, one without any is
/// left out.
pub(super) fn positive(reading: &Reading<'_>) -> Option<Value> {
    let moments = reading.sketch().moments();
    let (pairs, shift) = (moments.positive.as_ref()?, &moments.units.positive_mean);
    mean_over_pairs(reading.units(), |i, j| pairs.pair(i, j, shift).map(|pair| pair.covariance.abs())).map(Value::Real)
}

fn of(moments: &Comoment) -> Option<f64> {
    if !moments.keeps_pairs() {
        return None;
    }
    mean_over_pairs(moments.units(), |i, j| moments.covariance(i, j).map(f64::abs))
}

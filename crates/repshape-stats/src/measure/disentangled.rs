//! Disentanglement of a code: CVR, TdV and UD90% (K17 3.1).

use super::{Reading, Value};
use crate::disentanglement;

/// `sum_ij abs(C_ij) / tr(C)`.
pub(super) fn cvr(reading: &Reading<'_>) -> Option<Value> {
    let Some(covariance) = reading.covariance() else {
        let all = reading.wide_pairs()?.all;
        return (all.trace > 0.0).then(|| Value::Real(all.total / all.trace));
    };
    disentanglement::cvr(covariance, reading.units()).map(Value::Real)
}

/// Share of the total variance in the d units of largest variance, d an option (1).
pub(super) fn tdv(reading: &Reading<'_>) -> Option<Value> {
    disentanglement::tdv(reading.variances()?, reading.options().tdv_units).map(Value::Real)
}

/// Smallest number of units that hold 90 % of the total variance.
pub(super) fn ud90(reading: &Reading<'_>) -> Option<Value> {
    disentanglement::ud(reading.variances()?, 0.9).map(|units| Value::Count(units as u64))
}

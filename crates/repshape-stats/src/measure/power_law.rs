//! alpha-ReQ: how fast the eigenvalues of the covariance decay (Agrawal et al. 2022).

use super::{Reading, Value};
use crate::spectrum::{self, PowerLaw};

/// Minus the slope of `ln l_i` on `ln i`, i from 11 to `min(100, rank)`; undefined for fewer than five eigenvalues.
pub(super) fn alpha_req(reading: &Reading<'_>) -> Option<Value> {
    fit(reading).map(|fit| Value::Real(fit.alpha))
}

fn fit(reading: &Reading<'_>) -> Option<PowerLaw> {
    spectrum::alpha_req(reading.eigenvalues()?, reading.units())
}

/// The range of the fit.
pub(super) fn notes(reading: &Reading<'_>) -> Vec<String> {
    let range = |fit: PowerLaw| format!("alpha_req over the eigenvalues {} to {}", fit.first, fit.last);
    fit(reading).map(range).into_iter().collect()
}

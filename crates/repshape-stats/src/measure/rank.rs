//! Ranks: in how many directions a representation extends, by six definitions on eigenvalues.

use super::{Reading, Value};
use crate::spectrum;

/// `norm_F(C)^2 / norm_2(C)^2` (C18 Table 1).
pub(super) fn stable_rank_of_covariance(reading: &Reading<'_>) -> Option<Value> {
    spectrum::stable_rank_of_covariance(reading.eigenvalues()?).map(Value::Real)
}

/// `norm_F(Z)^2 / norm_2(Z)^2`, uncentred (C18 eq. 7).
pub(super) fn stable_rank_of_rows(reading: &Reading<'_>) -> Option<Value> {
    spectrum::stable_rank_of_rows(reading.uncentred_eigenvalues()?).map(Value::Real)
}

/// Number of eigenvalues of C above `units * 2^-52` of the largest.
pub(super) fn rank(reading: &Reading<'_>) -> Option<Value> {
    spectrum::rank(reading.eigenvalues()?, reading.units()).map(|rank| Value::Count(rank as u64))
}

/// `exp(entropy(l / sum l))` (Roy & Vetterli 2007).
pub(super) fn effective_rank(reading: &Reading<'_>) -> Option<Value> {
    spectrum::effective_rank(reading.eigenvalues()?).map(Value::Real)
}

/// `(sum l)^2 / sum l^2`.
pub(super) fn participation_ratio(reading: &Reading<'_>) -> Option<Value> {
    spectrum::participation_ratio(reading.eigenvalues()?).map(Value::Real)
}

/// `exp(entropy(p))`, `p = s / sum s + 1e-7` over the singular values s of the rows, uncentred (Garrido et al. 2023).
pub(super) fn rankme(reading: &Reading<'_>) -> Option<Value> {
    spectrum::rankme(reading.uncentred_eigenvalues()?, reading.sketch().rows()).map(Value::Real)
}

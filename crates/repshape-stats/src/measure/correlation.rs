//! Correlation: mean of `abs(rho_ij)` over the pairs i != j of units that vary (C18 Table 1, C19 Table 5), in three scopes.

use super::over::{mean_over_classes, mean_over_pairs, plural};
use super::{Reading, Value};
use crate::moments::Comoment;

/// Over all rows; units with one value only are left out. This is also MAPC (K17 3.1).
pub(super) fn all(reading: &Reading<'_>) -> Option<Value> {
    let moments = reading.sketch().moments();
    let of_moments = of(&moments.all, |unit| moments.units.is_constant(unit));
    of_moments.or_else(|| reading.wide_pairs()?.all.correlation).map(Value::Real)
}

/// Mean over the classes of the same inside the class; a class where fewer than two units vary is left out.
pub(super) fn class_wise(reading: &Reading<'_>) -> Option<Value> {
    let of_moments = mean_over_classes(reading, |class| of(&class.moments, |unit| class.is_constant(unit)));
    of_moments.or_else(|| reading.wide_pairs()?.class_correlation).map(Value::Real)
}

/// Each pair over the rows where both units are positive, variances included; a pair with fewer than two such rows,
/// or of which a unit does not vary over them, is left out.
pub(super) fn positive(reading: &Reading<'_>) -> Option<Value> {
    let moments = reading.sketch().moments();
    let (pairs, shift) = (moments.positive.as_ref()?, &moments.units.positive_mean);
    let of_pair = |i, j| {
        let pair = pairs.pair(i, j, shift)?;
        let varies = |(variance, mean): (f64, f64)| variance > CONSTANT * (variance + mean * mean);
        (pair.rows > 1.0 && varies(pair.first) && varies(pair.second))
            .then(|| rho(pair.covariance, pair.first.0, pair.second.0))?
    };
    mean_over_pairs(reading.units(), of_pair).map(Value::Real)
}

/// Only sums are kept of a pair's common rows: a variance of at most this share of the mean square is none.
const CONSTANT: f64 = 1e-12;

fn of(moments: &Comoment, is_constant: impl Fn(usize) -> bool) -> Option<f64> {
    if !moments.keeps_pairs() {
        return None;
    }
    let varying: Vec<usize> = (0..moments.units()).filter(|&unit| !is_constant(unit)).collect();
    let variances: Vec<f64> = varying.iter().map(|&i| moments.covariance(i, i)).collect::<Option<_>>()?;
    mean_over_pairs(varying.len(), |a, b| rho(moments.covariance(varying[a], varying[b])?, variances[a], variances[b]))
}

/// `abs(rho)`; `None` where a variance is 0 because the squares of its deviations are below the smallest number.
fn rho(covariance: f64, first: f64, second: f64) -> Option<f64> {
    let scale = first.sqrt() * second.sqrt();
    // rounding may carry a perfect correlation past 1
    (scale > 0.0).then(|| (covariance.abs() / scale).min(1.0))
}

/// Which units are left out.
pub(super) fn notes(reading: &Reading<'_>) -> Vec<String> {
    let dead = reading.dead();
    let constant = reading.constant() - dead;
    let of = [(dead, "dead unit", "dead units"), (constant, "constant unit", "constant units")];
    let left_out = of.into_iter().filter(|(count, ..)| *count > 0);
    left_out.map(|(count, one, many)| format!("{} left out of correlation", plural(count, one, many))).collect()
}

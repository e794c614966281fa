//! Intrinsic dimension of the sampled rows by TwoNN (Facco et al. 2017).

use super::over::plural;
use super::{Reading, Value};

/// Slope through 0 of `-ln(1 - F)` on `ln(r2 / r1)`, without the largest tenth; undefined for fewer than three different
/// rows, and where every row's two nearest are equally near.
pub(super) fn two_nn(reading: &Reading<'_>) -> Option<Value> {
    reading.two_nn()?.dimension.map(Value::Real)
}

/// Over which rows.
pub(super) fn notes(reading: &Reading<'_>) -> Vec<String> {
    let Some(found) = reading.two_nn() else {
        return vec!["no rows were sampled: intrinsic_dimension is undefined".to_owned()];
    };
    let (sampled, rows) = (found.rows + found.duplicates, reading.sketch().rows());
    let sample =
        ((sampled as u64) < rows).then(|| format!("intrinsic_dimension over a sample of {sampled} of {rows} rows"));
    let duplicates = plural(found.duplicates, "duplicate of a row", "duplicates of rows");
    let left_out = (found.duplicates > 0).then(|| format!("{duplicates} left out of intrinsic_dimension"));
    sample.into_iter().chain(left_out).collect()
}

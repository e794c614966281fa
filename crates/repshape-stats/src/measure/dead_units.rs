//! Dead units: how many units are 0 for every row (C18 Table 1).

use super::{Reading, Value};

/// Share of the units that are exactly 0 for every row, whatever threshold sparsity uses: only then is
/// `units * dead <= units - rank(C)` true (C18 eq. 6).
pub(super) fn dead_units(reading: &Reading<'_>) -> Option<Value> {
    (reading.sketch().rows() > 0).then(|| Value::Real(reading.dead() as f64 / reading.units() as f64))
}

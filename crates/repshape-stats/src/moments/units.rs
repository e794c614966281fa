//! What is kept of each unit alone.

use pulp::{Arch, NullaryFnOnce};
use serde::{Deserialize, Serialize};

use super::{SLACK, TAME};
use crate::StatsError;
use crate::state::wire::{Reader, Writer};

/// Extremes, absolute sums, zeros and the positive values of each unit. Every vector has one element for each unit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UnitMoments {
    /// Smallest value; infinity without rows.
    pub min: Vec<f64>,
    /// Largest value; minus infinity without rows.
    pub max: Vec<f64>,
    /// Sum of the absolute values.
    pub absolute_sum: Vec<f64>,
    /// Number of values with `abs(z) <= eps`.
    pub zeros: Vec<u64>,
    /// Number of values above 0.
    pub positive_count: Vec<u64>,
    /// Mean of the values above 0; 0 without any.
    pub positive_mean: Vec<f64>,
    /// Sum of squared deviations of the values above 0 from their mean.
    pub positive_spread: Vec<f64>,
}

impl UnitMoments {
    pub(crate) fn empty(units: usize) -> Self {
        Self {
            min: vec![f64::INFINITY; units],
            max: vec![f64::NEG_INFINITY; units],
            absolute_sum: vec![0.0; units],
            zeros: vec![0; units],
            positive_count: vec![0; units],
            positive_mean: vec![0.0; units],
            positive_spread: vec![0.0; units],
        }
    }

    pub(crate) fn of(z: &[f64], units: usize, zero_eps: f64) -> Self {
        // vectors as wide as this machine has; every operation is of one element, so the bits are the same on all
        Arch::new().dispatch(OfRows { z, units, zero_eps })
    }

    /// Whether the unit has one value only (or no row was seen).
    #[must_use]
    pub fn is_constant(&self, unit: usize) -> bool {
        self.min[unit] >= self.max[unit]
    }

    /// Whether the unit is 0 for every row.
    #[must_use]
    pub fn is_dead(&self, unit: usize) -> bool {
        self.min[unit] == 0.0 && self.max[unit] == 0.0
    }

    pub(crate) fn merge(&mut self, other: Self) {
        extremes(&other.min, &mut self.min, &mut []);
        extremes(&other.max, &mut [], &mut self.max);
        self.absolute_sum.iter_mut().zip(&other.absolute_sum).for_each(|(sum, other)| *sum += other);
        self.zeros.iter_mut().zip(&other.zeros).for_each(|(count, other)| *count += other);
        for i in 0..self.min.len() {
            let theirs = other.positive_count[i];
            if theirs == 0 {
                continue;
            }
            let own = self.positive_count[i] as f64;
            let share = theirs as f64 / (own + theirs as f64);
            let apart = other.positive_mean[i] - self.positive_mean[i];
            self.positive_spread[i] += other.positive_spread[i] + own * share * apart * apart;
            // exact where this side has no value yet: the mean is then 0 and the share 1
            self.positive_mean[i] += share * apart;
            self.positive_count[i] += theirs;
        }
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        for of_units in [&self.min, &self.max, &self.absolute_sum] {
            to.f64s(of_units);
        }
        to.u64s(&self.zeros);
        to.u64s(&self.positive_count);
        to.f64s(&self.positive_mean);
        to.f64s(&self.positive_spread);
    }

    /// Of `rows` rows.
    pub(crate) fn read(from: &mut Reader<'_>, units: usize, rows: u64) -> Result<Self, StatsError> {
        let read = Self {
            min: from.f64s(units)?,
            max: from.f64s(units)?,
            absolute_sum: from.f64s(units)?,
            zeros: from.u64s(units)?,
            positive_count: from.u64s(units)?,
            positive_mean: from.f64s(units)?,
            positive_spread: from.f64s(units)?,
        };
        let wrong = (0..units).find_map(|unit| Some((unit, read.fault(unit, rows)?)));
        match wrong {
            Some((unit, expected)) => Err(from.wrong(format!("something else at unit {unit}"), expected)),
            None => Ok(read),
        }
    }

    /// What a unit would have to be and is not.
    fn fault(&self, unit: usize, rows: u64) -> Option<&'static str> {
        let (min, max, positive) = (self.min[unit], self.max[unit], self.positive_count[unit]);
        let (mean, spread, absolute) = (self.positive_mean[unit], self.positive_spread[unit], self.absolute_sum[unit]);
        if rows == 0 {
            let empty = (min, max, absolute, mean, spread) == (f64::INFINITY, f64::NEG_INFINITY, 0.0, 0.0, 0.0);
            return (!empty || positive > 0 || self.zeros[unit] > 0).then_some("nothing, as there are no rows");
        }
        if !(min.is_finite() && max.is_finite() && min <= max) {
            return Some("finite extremes in order");
        }
        if self.zeros[unit] > rows || positive > rows || (positive > 0) != (max > 0.0) || (min > 0.0 && positive < rows)
        {
            return Some("counts that fit the number of rows and the extremes");
        }
        let largest = min.abs().max(max.abs());
        if largest > TAME {
            return None;
        }
        let most = |bound: f64| bound * (1.0 + SLACK) + f64::MIN_POSITIVE;
        if !(0.0..=most(rows as f64 * largest)).contains(&absolute) {
            return Some("a sum of absolute values that fits the extremes");
        }
        let positive_largest = max.max(0.0);
        let fits = (0.0..=most(positive_largest)).contains(&mean)
            && (0.0..=most(positive as f64 * positive_largest * positive_largest)).contains(&spread)
            && (positive > 0 || (mean, spread) == (0.0, 0.0));
        (!fits).then_some("a mean and a spread that fit the largest value")
    }
}

/// The moments of the units of some rows.
struct OfRows<'a> {
    z: &'a [f64],
    units: usize,
    zero_eps: f64,
}

impl NullaryFnOnce for OfRows<'_> {
    type Output = UnitMoments;

    #[inline(always)]
    fn call(self) -> UnitMoments {
        let Self { z, units, zero_eps } = self;
        let mut all = UnitMoments::empty(units);
        for row in z.chunks_exact(units) {
            extremes(row, &mut all.min, &mut all.max);
            all.absolute_sum.iter_mut().zip(row).for_each(|(sum, z)| *sum += z.abs());
            all.zeros.iter_mut().zip(row).for_each(|(count, z)| *count += u64::from(z.abs() <= zero_eps));
            all.positive_count.iter_mut().zip(row).for_each(|(count, z)| *count += u64::from(*z > 0.0));
            all.positive_mean.iter_mut().zip(row).for_each(|(sum, z)| *sum += z.max(0.0));
        }
        for (mean, count) in all.positive_mean.iter_mut().zip(&all.positive_count) {
            *mean /= (*count).max(1) as f64;
        }
        for row in z.chunks_exact(units) {
            for ((sum, mean), z) in all.positive_spread.iter_mut().zip(&all.positive_mean).zip(row) {
                // 1 or 0 times, as a branch here would be taken at random
                let apart = (z - mean) * f64::from(u8::from(*z > 0.0));
                *sum += apart * apart;
            }
        }
        all
    }
}

/// Lowers `min` and raises `max` to take in `values`; an empty slice is left alone.
#[inline(always)]
pub(crate) fn extremes(values: &[f64], min: &mut [f64], max: &mut [f64]) {
    min.iter_mut().zip(values).for_each(|(min, &z)| *min = if z < *min { z } else { *min });
    max.iter_mut().zip(values).for_each(|(max, &z)| *max = if z > *max { z } else { *max });
}

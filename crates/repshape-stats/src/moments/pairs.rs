//! Moments of the pairs of units over the rows where both are positive.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::comoment::are_tame;
use super::{SLACK, UnitMoments};
use crate::state::wire::{Reader, Writer};
use crate::{StatsError, gram};

/// For each pair (i, j), sums over the rows where `z_i > 0` and `z_j > 0` ("pairwise complete"), of the values
/// about each unit's positive mean. All matrices are row-major `units x units`, empty without rows.
///
/// With `y` the shifted positive values (0 elsewhere) and `m` the mask of positive values, a chunk adds the four
/// products `m^T m`, `y^T m`, `(y o y)^T m` and `y^T y`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PositivePairs {
    /// Number of rows; symmetric.
    pub counts: Vec<f64>,
    /// Element (i, j): sum of unit i's shifted values over the rows of the pair.
    pub sums: Vec<f64>,
    /// Element (i, j): sum of the squares of unit i's shifted values over the rows of the pair.
    pub squares: Vec<f64>,
    /// Sum of products of shifted values; only the lower triangle has a meaning.
    pub products: Vec<f64>,
}

/// Covariance and variances of a pair over its common positive rows, biased.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairMoments {
    /// Number of common positive rows, at least 1.
    pub rows: f64,
    /// `c_ij`
    pub covariance: f64,
    /// Variance and mean of unit i over these rows.
    pub first: (f64, f64),
    /// Variance and mean of unit j over these rows.
    pub second: (f64, f64),
}

impl PositivePairs {
    pub(crate) fn empty() -> Self {
        Self { counts: Vec::new(), sums: Vec::new(), squares: Vec::new(), products: Vec::new() }
    }

    /// Of the rows `z`, about `shift`, the positive means of the same rows.
    pub(crate) fn of(z: &[f64], shift: &[f64]) -> Self {
        let units = shift.len();
        let mut mask = vec![0.0; z.len()];
        let mut shifted = vec![0.0; z.len()];
        let rows = mask.chunks_exact_mut(units).zip(shifted.chunks_exact_mut(units));
        for ((mask, shifted), z) in rows.zip(z.chunks_exact(units)) {
            for (((mask, shifted), &z), shift) in mask.iter_mut().zip(shifted).zip(z).zip(shift) {
                let positive = z > 0.0;
                *mask = f64::from(u8::from(positive));
                *shifted = if positive { z - shift } else { 0.0 };
            }
        }
        let matrix = || vec![0.0; units * units];
        let (mut counts, mut sums, mut squares, mut products) = (matrix(), matrix(), matrix(), matrix());
        gram::gram_lower(&mut counts, &mask, units);
        for i in 0..units {
            for j in 0..i {
                counts[j * units + i] = counts[i * units + j];
            }
        }
        gram::gram_lower(&mut products, &shifted, units);
        gram::product(&mut sums, &shifted, &mask, units);
        shifted.iter_mut().for_each(|y| *y *= *y);
        gram::product(&mut squares, &shifted, &mask, units);
        Self { counts, sums, squares, products }
    }

    /// Covariance and variances of units i and j over the rows where both are positive; `None` without such a row.
    /// `shift` is [`UnitMoments::positive_mean`](super::UnitMoments::positive_mean).
    #[must_use]
    pub fn pair(&self, i: usize, j: usize, shift: &[f64]) -> Option<PairMoments> {
        let units = shift.len();
        let (i, j) = (i.max(j), i.min(j));
        let (at, mirror) = (i * units + j, j * units + i);
        let rows = *self.counts.get(at)?;
        if rows == 0.0 {
            return None;
        }
        let (mean_i, mean_j) = (self.sums[at] / rows, self.sums[mirror] / rows);
        Some(PairMoments {
            rows,
            covariance: self.products[at] / rows - mean_i * mean_j,
            first: (self.squares[at] / rows - mean_i * mean_i, mean_i + shift[i]),
            second: (self.squares[mirror] / rows - mean_j * mean_j, mean_j + shift[j]),
        })
    }

    /// Joins other rows: both sides are translated from their own shift to the common one.
    pub(crate) fn merge(&mut self, shift: &[f64], other: Self, other_shift: &[f64], common: &[f64]) {
        if other.counts.is_empty() {
            return;
        }
        if self.counts.is_empty() {
            // merging with no rows leaves the shift as it is
            *self = other;
            return;
        }
        let units = common.len();
        let apart = |from: &[f64]| -> Vec<f64> { from.iter().zip(common).map(|(from, to)| from - to).collect() };
        let (mine, theirs) = (apart(shift), apart(other_shift));

        // each row of a matrix alone, so that wide ones run in parallel; the sums last, as the others need the old ones
        let Self { counts, sums, squares, products } = self;
        let rows = |matrix: &mut Vec<f64>, task: &(dyn Fn(usize, &mut [f64]) + Sync)| {
            matrix.par_chunks_mut(units).with_min_len(64).enumerate().for_each(|(i, row)| task(i, row));
        };
        rows(products, &|i, row| {
            for (j, product) in row[..=i].iter_mut().enumerate() {
                let (at, mirror) = (i * units + j, j * units + i);
                *product += mine[i] * sums[mirror] + mine[j] * sums[at] + counts[at] * mine[i] * mine[j];
                *product += other.products[at] + theirs[i] * other.sums[mirror] + theirs[j] * other.sums[at];
                *product += other.counts[at] * theirs[i] * theirs[j];
            }
        });
        rows(squares, &|i, row| {
            for (j, square) in row.iter_mut().enumerate() {
                let at = i * units + j;
                *square += mine[i] * (2.0 * sums[at] + counts[at] * mine[i]);
                *square += other.squares[at] + theirs[i] * (2.0 * other.sums[at] + other.counts[at] * theirs[i]);
            }
        });
        rows(sums, &|i, row| {
            for (j, sum) in row.iter_mut().enumerate() {
                let at = i * units + j;
                *sum += counts[at] * mine[i] + other.sums[at] + other.counts[at] * theirs[i];
            }
        });
        counts.iter_mut().zip(&other.counts).for_each(|(count, other)| *count += other);
    }

    pub(crate) fn write(&self, to: &mut Writer, units: usize) {
        to.triangle(&self.counts, units);
        to.f64s(&self.sums);
        to.f64s(&self.squares);
        to.triangle(&self.products, units);
    }

    /// Of `rows` rows with these moments of each unit.
    pub(crate) fn read(from: &mut Reader<'_>, of_units: &UnitMoments, rows: u64) -> Result<Self, StatsError> {
        if rows == 0 {
            return Ok(Self::empty());
        }
        let units = of_units.min.len();
        let read = Self {
            counts: from.triangle(units, true)?,
            sums: from.matrix(units, units)?,
            squares: from.matrix(units, units)?,
            products: from.triangle(units, false)?,
        };
        let tame = are_tame((&of_units.min, &of_units.max));
        let fault = (0..units)
            .into_par_iter()
            .find_map_first(|i| (0..units).find(|&j| !read.fits_units(i, j, of_units, tame)).map(|j| (i, j)));
        match fault {
            Some((i, j)) => Err(from.wrong(
                format!("something else at units {i} and {j}"),
                "counts and sums that fit the moments of each unit",
            )),
            None => Ok(read),
        }
    }

    fn fits_units(&self, i: usize, j: usize, of_units: &UnitMoments, tame: bool) -> bool {
        let at = i * of_units.min.len() + j;
        let (count, sum, square, product) = (self.counts[at], self.sums[at], self.squares[at], self.products[at]);
        let most = of_units.positive_count[i].min(of_units.positive_count[j]) as f64;
        let counted = if i == j { count == most } else { (0.0..=most).contains(&count) && count.fract() == 0.0 };
        if !counted || (count == 0.0 && (sum, square, product) != (0.0, 0.0, 0.0)) {
            return false;
        }
        let within = |value: f64, bound: f64| value.abs() <= bound * (1.0 + SLACK) + f64::MIN_POSITIVE;
        let (first, second) = (of_units.max[i].max(0.0), of_units.max[j].max(0.0));
        !tame
            || (within(sum, count * first)
                && within(square, count * first * first)
                && within(product, count * first * second)
                && square >= -SLACK * count * first * first)
    }
}

//! Means and co-moments of the units over one set of rows.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{SLACK, TAME};
use crate::state::wire::{Reader, Writer};
use crate::{StatsError, gram};

/// Number of rows, mean of each unit, and `sum_n (z_in - mu_i)(z_jn - mu_j)` of the pairs.
///
/// A mean is kept as a fixed shift and a small offset, so that the distance of two means of about 1,000 keeps all its
/// digits: what merging adds to a null direction would otherwise count towards the rank.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Comoment {
    /// Number of rows.
    pub count: u64,
    /// A number near the mean of each unit; empty without rows.
    pub shift: Vec<f64>,
    /// Mean of each unit less its shift; empty without rows.
    pub offset: Vec<f64>,
    /// Sums of products of the deviations from the means; empty without rows.
    pub spread: Spread,
}

/// Sums of products of deviations: of every pair of units, or of each unit with itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spread {
    /// Row-major `units x units`; only the lower triangle, diagonal included, has a meaning.
    Full(Vec<f64>),
    /// One number for each unit.
    Diagonal(Vec<f64>),
}

impl Spread {
    /// Of all pairs, from centred rows.
    pub(crate) fn full(centred: &[f64], units: usize) -> Self {
        let mut lower = vec![0.0; units * units];
        // one row is its own mean
        if centred.len() > units {
            gram::gram_lower(&mut lower, centred, units);
        }
        Self::Full(lower)
    }

    /// Of each unit alone, from centred rows.
    pub(crate) fn diagonal(centred: &[f64], units: usize) -> Self {
        let mut squares = vec![0.0; units];
        for row in centred.chunks_exact(units) {
            squares.iter_mut().zip(row).for_each(|(sum, z)| *sum += z * z);
        }
        Self::Diagonal(squares)
    }

    /// Of each unit with itself.
    fn variances_of(&self, units: usize) -> Vec<f64> {
        match self {
            Self::Full(lower) => lower.iter().step_by(units + 1).copied().collect(),
            Self::Diagonal(squares) => squares.clone(),
        }
    }
}

impl Comoment {
    pub(crate) fn empty() -> Self {
        Self { count: 0, shift: Vec::new(), offset: Vec::new(), spread: Spread::Full(Vec::new()) }
    }

    /// Of the row-major rows `z`, which are left centred; `spread` is one of [`Spread`]'s two.
    pub(crate) fn of(z: &mut [f64], units: usize, spread: impl Fn(&[f64], usize) -> Spread) -> Self {
        let count = z.len() / units;
        if count == 0 {
            return Self::empty();
        }
        let shift = centre(z, units);
        // what is left of the mean after rounding
        let offset = centre(z, units);
        Self { count: count as u64, shift, offset, spread: spread(z, units) }
    }

    /// Number of units; 0 without rows.
    #[must_use]
    pub fn units(&self) -> usize {
        self.shift.len()
    }

    /// Mean of each unit; empty without rows.
    #[must_use]
    pub fn mean(&self) -> Vec<f64> {
        self.shift.iter().zip(&self.offset).map(|(shift, offset)| shift + offset).collect()
    }

    /// Whether the products of different units were kept.
    #[must_use]
    pub fn keeps_pairs(&self) -> bool {
        matches!(self.spread, Spread::Full(_))
    }

    /// The biased covariance (1/N) of units i and j, 0 for one row. `None` without rows, and for a
    /// pair of different units where only the diagonal was kept.
    #[must_use]
    pub fn covariance(&self, i: usize, j: usize) -> Option<f64> {
        let units = self.units();
        let sum = match &self.spread {
            Spread::Full(lower) => *lower.get(i.max(j) * units + i.min(j))?,
            Spread::Diagonal(squares) if i == j => *squares.get(i)?,
            Spread::Diagonal(_) => return None,
        };
        (self.count > 0).then(|| sum / self.count as f64)
    }

    /// How far the means of other rows are from these; both have rows.
    pub(crate) fn apart(&self, other: &Self) -> Vec<f64> {
        let of_unit = |i: usize| (other.shift[i] - self.shift[i]) + (other.offset[i] - self.offset[i]);
        (0..self.units()).map(of_unit).collect()
    }

    /// What a product of two such distances adds to the co-moment of the joined rows, `n m / (n + m)`.
    pub(crate) fn weight(&self, other: &Self) -> f64 {
        let (own, theirs) = (self.count as f64, other.count as f64);
        own * theirs / (own + theirs)
    }

    pub(crate) fn merge(&mut self, other: Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = other;
            return;
        }
        let units = self.units();
        let share = other.count as f64 / (self.count + other.count) as f64;
        let (apart, weight) = (self.apart(&other), self.weight(&other));
        match (&mut self.spread, &other.spread) {
            (Spread::Full(into), Spread::Full(from)) => {
                into.par_chunks_mut(units).with_min_len(64).zip(from.par_chunks(units)).enumerate().for_each(
                    |(i, (into, from))| {
                        let scale = weight * apart[i];
                        for ((sum, from), apart) in into[..=i].iter_mut().zip(from).zip(&apart) {
                            *sum += from + scale * apart;
                        }
                    },
                );
            }
            (Spread::Diagonal(into), Spread::Diagonal(from)) => {
                for ((sum, from), apart) in into.iter_mut().zip(from).zip(&apart) {
                    *sum += from + weight * apart * apart;
                }
            }
            // of pairs on one side only: the variances are all that both know
            (into, from) => {
                let (own, theirs) = (into.variances_of(units), from.variances_of(units));
                let of_unit = |i: usize| own[i] + theirs[i] + weight * apart[i] * apart[i];
                *into = Spread::Diagonal((0..units).map(of_unit).collect());
            }
        }
        self.offset.iter_mut().zip(&apart).for_each(|(offset, apart)| *offset += apart * share);
        self.count += other.count;
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        to.u64(self.count);
        if self.count == 0 {
            return;
        }
        to.f64s(&self.shift);
        to.f64s(&self.offset);
        match &self.spread {
            Spread::Full(lower) => to.triangle(lower, self.units()),
            Spread::Diagonal(squares) => to.f64s(squares),
        }
    }

    /// Of units between these extremes, of all pairs or of each unit alone, by a count that `fits`.
    pub(crate) fn read(
        from: &mut Reader<'_>,
        extremes: (&[f64], &[f64]),
        full: bool,
        fits: impl FnOnce(u64) -> bool,
    ) -> Result<Self, StatsError> {
        let (units, count) = (extremes.0.len(), from.u64()?);
        from.check(fits(count), || format!("{count} rows"), "the number of rows of the state")?;
        if count == 0 {
            return Ok(Self::empty());
        }
        let (shift, offset) = (from.f64s(units)?, from.f64s(units)?);
        if are_tame(extremes) {
            let inside = |unit: usize| {
                let (min, max) = (extremes.0[unit], extremes.1[unit]);
                let slack = SLACK * min.abs().max(max.abs()) + f64::MIN_POSITIVE;
                shift[unit].is_finite() && (min - slack..=max + slack).contains(&(shift[unit] + offset[unit]))
            };
            let fault = (0..units).find(|&unit| !inside(unit));
            from.check(
                fault.is_none(),
                || format!("another mean of unit {}", fault.unwrap_or(0)),
                "one between the extremes",
            )?;
        }
        let spread = if full {
            Spread::Full(read_triangle(from, extremes, count)?)
        } else {
            let squares = from.f64s(units)?;
            check_squares(from, &squares, extremes, count)?;
            Spread::Diagonal(squares)
        };
        Ok(Self { count, shift, offset, spread })
    }
}

/// Sums of products of deviations over `count` rows of units between these extremes.
pub(super) fn read_triangle(
    from: &mut Reader<'_>,
    extremes: (&[f64], &[f64]),
    count: u64,
) -> Result<Vec<f64>, StatsError> {
    let units = extremes.0.len();
    let lower = from.triangle(units, false)?;
    let squares: Vec<f64> = lower.iter().step_by(units + 1).copied().collect();
    check_squares(from, &squares, extremes, count)?;
    if are_tame(extremes) {
        // by Cauchy and Schwarz; squares below the smallest number are lost, products with a large number are not
        let lost = count as f64 * f64::MIN_POSITIVE;
        let roots: Vec<f64> = squares.iter().map(|square| (square + lost).sqrt() * (1.0 + SLACK)).collect();
        let beyond = (0..units).into_par_iter().find_map_first(|i| {
            let mut row = lower[i * units..i * units + i].iter().zip(&roots);
            // written so that NaN is beyond
            row.position(|(product, root)| !matches!(product.abs(), p if p <= root * roots[i])).map(|j| (i, j))
        });
        from.check(
            beyond.is_none(),
            || beyond.map_or_else(String::new, |(i, j)| format!("too large a co-moment of units {i} and {j}")),
            "at most the root of the product of their variances",
        )?;
    }
    Ok(lower)
}

/// Whether sums of squared deviations fit the extremes.
fn check_squares(from: &Reader<'_>, squares: &[f64], extremes: (&[f64], &[f64]), count: u64) -> Result<(), StatsError> {
    let fits = |unit: usize| {
        let (min, max) = (extremes.0[unit], extremes.1[unit]);
        let (range, largest) = (max - min, min.abs().max(max.abs()));
        // the rounding of a mean is part of every deviation
        let most = count as f64 * (range * range + (1e-12 * largest).powi(2)) + f64::MIN_POSITIVE;
        (0.0..=most * (1.0 + SLACK)).contains(&squares[unit])
    };
    let tame = are_tame(extremes);
    let fault = (0..squares.len()).filter(|_| tame).find(|&unit| !fits(unit));
    let found = || format!("another variance of unit {}", fault.unwrap_or(0));
    from.check(fault.is_none(), found, "one that fits the extremes")
}

/// Whether no value is so large that a sum of squares may have left the range of `f64`.
pub(super) fn are_tame((min, max): (&[f64], &[f64])) -> bool {
    min.iter().chain(max).all(|extreme| extreme.abs() <= TAME)
}

/// Subtracts the mean of each unit from the rows, and returns it.
fn centre(z: &mut [f64], units: usize) -> Vec<f64> {
    let mut mean = vec![0.0; units];
    for row in z.chunks_exact(units) {
        mean.iter_mut().zip(row).for_each(|(sum, z)| *sum += z);
    }
    let count = (z.len() / units) as f64;
    mean.iter_mut().for_each(|sum| *sum /= count);
    for row in z.chunks_exact_mut(units) {
        row.iter_mut().zip(&mean).for_each(|(z, mean)| *z -= mean);
    }
    mean
}

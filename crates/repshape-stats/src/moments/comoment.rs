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
        (min, max): (&[f64], &[f64]),
        full: bool,
        fits: impl FnOnce(u64) -> bool,
    ) -> Result<Self, StatsError> {
        let (units, count) = (min.len(), from.u64()?);
        from.check(fits(count), || format!("{count} rows"), "the number of rows of the state")?;
        if count == 0 {
            return Ok(Self::empty());
        }
        let read = Self {
            count,
            shift: from.f64s(units)?,
            offset: from.f64s(units)?,
            spread: if full { Spread::Full(from.triangle(units, false)?) } else { Spread::Diagonal(from.f64s(units)?) },
        };
        let tame = min.iter().chain(max).all(|extreme| extreme.abs() <= TAME);
        if let Some(unit) = (0..units).filter(|_| tame).find(|&unit| !read.fits_extremes(unit, min[unit], max[unit])) {
            let expected = "a mean and a variance that fit the extremes";
            return Err(from.wrong(format!("something else at unit {unit}"), expected));
        }
        let found = if tame { read.pair_beyond_its_units() } else { None };
        from.check(
            found.is_none(),
            || found.map_or_else(String::new, |(i, j)| format!("a co-moment of units {i} and {j} that is too large")),
            "at most the root of the product of their variances",
        )?;
        Ok(read)
    }

    fn fits_extremes(&self, unit: usize, min: f64, max: f64) -> bool {
        let largest = min.abs().max(max.abs());
        let slack = SLACK * largest + f64::MIN_POSITIVE;
        let mean = self.shift[unit] + self.offset[unit];
        let (count, range) = (self.count as f64, max - min);
        // the rounding of a mean is part of every deviation
        let most = count * (range * range * (1.0 + SLACK) + (1e-12 * largest).powi(2)) + f64::MIN_POSITIVE;
        let variance = self.covariance(unit, unit).map_or(f64::NAN, |variance| variance * count);
        self.shift[unit].is_finite()
            && (min - slack..=max + slack).contains(&mean)
            && (0.0..=most * (1.0 + SLACK)).contains(&variance)
    }

    /// A pair whose sum of products breaks the inequality of Cauchy and Schwarz by more than rounding.
    fn pair_beyond_its_units(&self) -> Option<(usize, usize)> {
        let Spread::Full(lower) = &self.spread else {
            return None;
        };
        let units = self.units();
        // squares below the smallest number are lost, products with a large number are not
        let lost = self.count as f64 * f64::MIN_POSITIVE;
        let roots: Vec<f64> = (0..units).map(|i| (lower[i * units + i] + lost).sqrt() * (1.0 + SLACK)).collect();
        (0..units).into_par_iter().find_map_first(|i| {
            let row = lower[i * units..i * units + i].iter().zip(&roots);
            let beyond = row.into_iter().position(|(product, root)| !(product.abs() <= root * roots[i]));
            beyond.map(|j| (i, j))
        })
    }
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

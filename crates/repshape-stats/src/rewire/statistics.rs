//! What is known of the rows that pass a site.

use super::RewireError;
use super::affine::check_units;
use super::error::{finite, length, units};
use crate::Moments;
use crate::moments::Spread;

/// Means, biased covariances (1/N) and extremes of the units of a site.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteStatistics {
    mean: Vec<f64>,
    variance: Vec<f64>,
    /// Both triangles; `None` if the pairs were not kept.
    covariance: Option<Vec<f64>>,
    /// Smallest and largest values, where they were kept.
    extremes: Option<(Vec<f64>, Vec<f64>)>,
}

impl SiteStatistics {
    /// Of the moments of a [`Sketch`](crate::Sketch), with pairs of units or without.
    ///
    /// # Errors
    /// If no rows were seen, or a sum has left the range of `f64`.
    pub fn of(moments: &Moments) -> Result<Self, RewireError> {
        let (all, n) = (&moments.all, moments.all.units());
        if all.count == 0 || n == 0 {
            return Err(RewireError::NoRows);
        }
        let count = all.count as f64;
        let (variance, covariance) = match &all.spread {
            Spread::Diagonal(squares) => (squares.iter().map(|sum| sum / count).collect(), None),
            Spread::Full(lower) => {
                let mut both = vec![0.0; n * n];
                for i in 0..n {
                    for j in 0..=i {
                        let value = lower[i * n + j] / count;
                        (both[i * n + j], both[j * n + i]) = (value, value);
                    }
                }
                (both.iter().step_by(n + 1).copied().collect(), Some(both))
            }
        };
        let found = Self {
            mean: all.mean(),
            variance,
            covariance,
            extremes: Some((moments.units.min.clone(), moments.units.max.clone())),
        };
        finite("the mean", &found.mean)?;
        finite("the variances", &found.variance)?;
        found.covariance.iter().try_for_each(|c| finite("the covariance", c))?;
        Ok(found)
    }

    /// Of a mean and a row-major covariance, which must be symmetric but for rounding. Without extremes a unit counts as
    /// constant if its variance is at most 1e-12 of its mean square.
    ///
    /// # Errors
    /// If there are no units, sizes do not fit, a value is not finite, the covariance is not symmetric to 1e-9 of its
    /// largest entry, or a variance is below 0.
    pub fn new(mean: Vec<f64>, mut covariance: Vec<f64>) -> Result<Self, RewireError> {
        check_units(mean.len())?;
        finite("the mean", &mean)?;
        symmetrise("the covariance", &mut covariance, mean.len())?;
        let variance: Vec<f64> = covariance.iter().step_by(mean.len() + 1).copied().collect();
        if let Some(&eigenvalue) = variance.iter().find(|v| **v < 0.0) {
            return Err(RewireError::Indefinite { what: "the covariance", eigenvalue });
        }
        Ok(Self { mean, variance, covariance: Some(covariance), extremes: None })
    }

    /// With the smallest and the largest value of each unit.
    ///
    /// # Errors
    /// If there is not one of each for every unit.
    pub fn with_extremes(self, min: Vec<f64>, max: Vec<f64>) -> Result<Self, RewireError> {
        units("the smallest values", self.units(), min.len())?;
        units("the largest values", self.units(), max.len())?;
        Ok(Self { extremes: Some((min, max)), ..self })
    }

    /// Number of units.
    #[must_use]
    pub fn units(&self) -> usize {
        self.mean.len()
    }

    /// Mean of each unit.
    #[must_use]
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Variance of each unit, 1/N.
    #[must_use]
    pub fn variance(&self) -> &[f64] {
        &self.variance
    }

    /// Covariance, 1/N, row-major with both triangles; `None` if the pairs of units were not kept.
    #[must_use]
    pub fn covariance(&self) -> Option<&[f64]> {
        self.covariance.as_deref()
    }

    pub(super) fn covariance_for(&self, needs: &'static str) -> Result<&[f64], RewireError> {
        self.covariance().ok_or(RewireError::NoCovariance { needs })
    }

    /// The one value of a unit that has one value on these rows only.
    #[must_use]
    pub fn constant(&self, unit: usize) -> Option<f64> {
        let (mean, variance) = (self.mean[unit], self.variance[unit]);
        match &self.extremes {
            Some((min, max)) => (min[unit] >= max[unit]).then(|| min[unit]),
            None => (variance <= 1e-12 * (mean * mean + variance)).then_some(mean),
        }
    }
}

/// Makes both triangles the mean of the two.
pub(super) fn symmetrise(what: &'static str, matrix: &mut [f64], n: usize) -> Result<(), RewireError> {
    length(what, n.saturating_mul(n), matrix.len())?;
    finite(what, matrix)?;
    let slack = 1e-9 * matrix.iter().fold(0.0f64, |largest, x| largest.max(x.abs()));
    for row in 0..n {
        for column in row + 1..n {
            let (above, below) = (matrix[row * n + column], matrix[column * n + row]);
            if (above - below).abs() > slack {
                return Err(RewireError::Asymmetric { what, row, column, above, below });
            }
            let mean = 0.5 * (above + below);
            (matrix[row * n + column], matrix[column * n + row]) = (mean, mean);
        }
    }
    Ok(())
}

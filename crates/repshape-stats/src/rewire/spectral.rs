//! Changes of representation made from a mean and a covariance: whitening, principal axes, a target.

use super::product::{View, cholesky, dot, lower_inverse, product, transpose};
use super::statistics::symmetrise;
use super::{Affine, RewireError, SiteStatistics};
use crate::spectrum;

/// A change of representation fitted to a covariance, and how far its range was taken to go.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The map; its shift is the mean of the site.
    pub affine: Affine,
    /// Number of directions in the range of the covariance.
    pub rank: usize,
    /// An eigenvalue at most this share of the largest was read as 0.
    pub cutoff: f64,
    /// Largest over smallest singular value of Q.
    pub condition: f64,
}

/// Which eigenvalues are read as 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Cutoff {
    /// Those up to `units * 2^-52` of the largest: rounding in `f64`.
    #[default]
    Rounding,
    /// Those up to this share of the largest, in `[0, 1)`. Activations computed in `f32` have noise of about 1e-14.
    Share(f64),
}

impl Cutoff {
    pub(super) fn share(self, units: usize) -> Result<f64, RewireError> {
        match self {
            Self::Rounding => Ok(units as f64 * f64::EPSILON),
            Self::Share(share) if (0.0..1.0).contains(&share) => Ok(share),
            Self::Share(share) => {
                let found = share.to_string();
                Err(RewireError::Setting {
                    field: "the cutoff of eigenvalues",
                    found,
                    expected: "at least 0 and below 1",
                })
            }
        }
    }
}

/// Eigenvalues and vectors of a covariance, largest first, and how many are above the cutoff.
struct Axes {
    values: Vec<f64>,
    /// Row k is the eigenvector of `values[k]`.
    vectors: Vec<f64>,
    rank: usize,
    share: f64,
}

impl Axes {
    fn of(what: &'static str, covariance: &[f64], units: usize, cutoff: Cutoff) -> Result<Self, RewireError> {
        let share = cutoff.share(units)?;
        let spectrum::Eigen { values, vectors } = spectrum::eigen(covariance, units);
        let largest = values[0].max(0.0);
        let smallest = values[units - 1];
        // by far more than rounding
        if smallest < -1e-9 * largest.max(-smallest) {
            return Err(RewireError::Indefinite { what, eigenvalue: smallest });
        }
        let rank = values.iter().filter(|l| **l > share * largest && **l > 0.0).count();
        Ok(Self { values, vectors, rank, share })
    }

    fn units(&self) -> usize {
        self.values.len()
    }

    /// `f` of each eigenvalue in the range, 1 outside it.
    fn factors(&self, f: impl Fn(f64) -> f64) -> Vec<f64> {
        self.values.iter().enumerate().map(|(k, l)| if k < self.rank { f(*l) } else { 1.0 }).collect()
    }

    /// `diag(factors) V`, V with the eigenvectors as rows.
    fn scaled(&self, factors: &[f64]) -> Vec<f64> {
        let rows = self.vectors.chunks_exact(self.units()).zip(factors);
        rows.flat_map(|(row, factor)| row.iter().map(move |v| factor * v)).collect()
    }

    /// `V^T diag(factors) V`.
    fn function(&self, factors: &[f64]) -> Vec<f64> {
        let n = self.units();
        product(View::new(&self.vectors, n, n).transposed(), View::new(&self.scaled(factors), n, n))
    }

    fn fitted(&self, affine: Affine, factors: &[f64]) -> Fitted {
        let (low, high) = factors.iter().fold((f64::INFINITY, 0.0f64), |(low, high), f| (low.min(*f), high.max(*f)));
        Fitted { affine, rank: self.rank, cutoff: self.share, condition: high / low }
    }
}

impl Affine {
    /// ZCA: `Q = C^-1/2`, the whitening that moves the units least. The covariance becomes the identity on the range of C;
    /// directions outside the range stay as they are (their covariance is 0 and remains so). m is the mean.
    ///
    /// # Errors
    /// If the covariances of pairs were not kept, C has a negative eigenvalue, the cutoff is not in `[0, 1)`, or Q leaves
    /// the range of `f64`. The same for the other constructors here. Cost `O(units^3)`.
    ///
    /// ```
    /// use repshape_stats::rewire::{Affine, Cutoff, SiteStatistics};
    /// let site = SiteStatistics::new(vec![1.0, -2.0], vec![4.0, 1.0, 1.0, 2.0])?;
    /// let whitened = Affine::whiten(&site, Cutoff::Rounding)?;
    /// assert_eq!(whitened.rank, 2);
    /// let after = whitened.affine.covariance_after(site.covariance().unwrap())?;
    /// assert!(after.iter().zip([1.0, 0.0, 0.0, 1.0]).all(|(x, y)| (x - y).abs() < 1e-14));
    /// # Ok::<(), repshape_stats::rewire::RewireError>(())
    /// ```
    pub fn whiten(site: &SiteStatistics, cutoff: Cutoff) -> Result<Fitted, RewireError> {
        let axes = Axes::of("the covariance", site.covariance_for("whitening")?, site.units(), cutoff)?;
        let factors = axes.factors(|l| 1.0 / l.sqrt());
        let back = axes.factors(f64::sqrt);
        let affine = Self::of_pair(axes.function(&factors), axes.function(&back), site.mean().to_vec())?;
        Ok(axes.fitted(affine, &factors))
    }

    /// Whitened principal axes: row k of Q is `v_k / sqrt(l_k)` in the range, `v_k` outside it; eigenvalues largest first,
    /// each eigenvector with its entry of largest magnitude positive. The covariance becomes 1 in the first `rank` units.
    ///
    /// # Errors
    /// As [`whiten`](Self::whiten).
    pub fn pca(site: &SiteStatistics, cutoff: Cutoff) -> Result<Fitted, RewireError> {
        let axes = Axes::of("the covariance", site.covariance_for("pca")?, site.units(), cutoff)?;
        let factors = axes.factors(|l| 1.0 / l.sqrt());
        let n = axes.units();
        let back = transpose(&axes.scaled(&axes.factors(f64::sqrt)), n, n);
        let affine = Self::of_pair(axes.scaled(&factors), back, site.mean().to_vec())?;
        Ok(axes.fitted(affine, &factors))
    }

    /// Principal axes with their variances: the rows of Q are the eigenvectors, signs as in [`pca`](Self::pca). The
    /// covariance becomes diagonal, largest variance first.
    ///
    /// # Errors
    /// As [`whiten`](Self::whiten).
    pub fn rotate(site: &SiteStatistics, cutoff: Cutoff) -> Result<Fitted, RewireError> {
        let axes = Axes::of("the covariance", site.covariance_for("rotate")?, site.units(), cutoff)?;
        let n = axes.units();
        let affine = Self::of_pair(axes.vectors.clone(), transpose(&axes.vectors, n, n), site.mean().to_vec())?;
        Ok(axes.fitted(affine, &vec![1.0; n]))
    }

    /// Cholesky whitening: `Q = L^-1` with `C = L L^T`, L lower triangular with a positive diagonal, so that each unit is
    /// what the units before it do not explain, scaled to variance 1.
    ///
    /// A unit that the units before it explain wholly has 1 on the diagonal of L and 0 below: it becomes its residual, of
    /// covariance 0. The others, `rank` of them, get the identity.
    ///
    /// # Errors
    /// As [`whiten`](Self::whiten).
    pub fn cholesky(site: &SiteStatistics, cutoff: Cutoff) -> Result<Fitted, RewireError> {
        let covariance = site.covariance_for("cholesky")?;
        let axes = Axes::of("the covariance", covariance, site.units(), cutoff)?;
        let n = axes.units();
        let whole = if axes.rank == n { cholesky(covariance, n) } else { None };
        let (rank, lower, inverse) = match whole {
            Some((lower, inverse)) => (n, lower, inverse),
            None => {
                let (rank, lower) = axes.echelon();
                let inverse = lower_inverse(&lower, n);
                (rank, lower, inverse)
            }
        };
        let affine = Self::of_pair(inverse, lower, site.mean().to_vec())?;
        let condition = affine.condition();
        Ok(Fitted { affine, rank, cutoff: axes.share, condition })
    }

    /// A Q that gives the site the covariance `target` (row-major): `Q = V_T^T diag(sqrt(t_k / l_k)) V_C`, which takes the
    /// k-th principal axis of C to the k-th of the target, and directions outside the range of C to such of the target
    /// with factor 1. m is the mean. A target equal to C gives the identity.
    ///
    /// # Errors
    /// As [`whiten`](Self::whiten); and if the target is not symmetric, has a negative eigenvalue, or another rank than C.
    pub fn target(site: &SiteStatistics, mut target: Vec<f64>, cutoff: Cutoff) -> Result<Fitted, RewireError> {
        let n = site.units();
        symmetrise("the target covariance", &mut target, n)?;
        let own = Axes::of("the covariance", site.covariance_for("target")?, n, cutoff)?;
        let theirs = Axes::of("the target covariance", &target, n, cutoff)?;
        if own.rank != theirs.rank {
            return Err(RewireError::Rank { site: own.rank, target: theirs.rank });
        }
        let factor = |k: usize| if k < own.rank { (theirs.values[k] / own.values[k]).sqrt() } else { 1.0 };
        let factors: Vec<f64> = (0..n).map(factor).collect();
        let inverses: Vec<f64> = factors.iter().map(|f| 1.0 / f).collect();
        let q = product(View::new(&theirs.vectors, n, n).transposed(), View::new(&own.scaled(&factors), n, n));
        let back = product(View::new(&own.vectors, n, n).transposed(), View::new(&theirs.scaled(&inverses), n, n));
        let affine = Self::of_pair(q, back, site.mean().to_vec())?;
        Ok(own.fitted(affine, &factors))
    }
}

impl Axes {
    /// Number of units with a residual, and L of `C = L D L^T` with D 1 for these and 0 for the rest, by Gram-Schmidt on the columns of
    /// `A = diag(sqrt l) V`, whose products are C: column j of A is the sum over k of `L_jk` times the k-th direction found.
    fn echelon(&self) -> (usize, Vec<f64>) {
        let (n, rank) = (self.units(), self.rank);
        // leaving out the eigenvalues below the cutoff moved C by up to that much, and residuals with it
        let least = 16.0 * self.share * self.values[0].max(0.0);
        let roots: Vec<f64> = self.values[..rank].iter().map(|l| l.sqrt()).collect();
        let mut lower = vec![0.0; n * n];
        let mut found: Vec<(usize, Vec<f64>)> = Vec::with_capacity(rank);
        for j in 0..n {
            let mut rest: Vec<f64> = (0..rank).map(|k| roots[k] * self.vectors[k * n + j]).collect();
            // twice is enough (Kahan): what is left is orthogonal to rounding
            for _ in 0..2 {
                for (unit, direction) in &found {
                    let along = dot(&rest, direction);
                    lower[j * n + unit] += along;
                    rest.iter_mut().zip(direction).for_each(|(x, d)| *x -= along * d);
                }
            }
            let left = dot(&rest, &rest);
            if found.len() < rank && left > least {
                let length = left.sqrt();
                lower[j * n + j] = length;
                found.push((j, rest.into_iter().map(|x| x / length).collect()));
            } else {
                lower[j * n + j] = 1.0;
            }
        }
        (found.len(), lower)
    }
}

//! `ClassMeans`: where the classes lie about the mean of all rows, for the measures of neural collapse.

use std::cmp::Ordering;

use crate::gram;
use crate::moments::Moments;

/// A distance of at most this share of the rows' root mean square norm is none: some last digits of the numbers themselves.
const RESOLUTION: f64 = 16.0 * f64::EPSILON;

/// The classes that have rows, in order, with their means less the mean of all rows, `Mc`.
#[derive(Debug)]
pub struct ClassMeans {
    /// The classes.
    pub classes: Vec<usize>,
    /// `Mc`, row-major: one row for each of the classes.
    pub centred: Vec<f64>,
    /// `norm(Mc_k)`
    pub norms: Vec<f64>,
    /// The trace of each class's own covariance, `1/|S_k|`.
    pub variances: Vec<f64>,
    /// `tr S_W`: the squared distance of a row to the mean of its class, mean over the rows.
    pub within: f64,
    /// A distance of two means up to this counts as 0.
    pub resolution: f64,
    units: usize,
}

impl ClassMeans {
    /// `None` if no class has rows, or nothing is kept of classes.
    pub(super) fn of(moments: &Moments) -> Option<Self> {
        let units = moments.all.units();
        let present = moments.classes.iter().enumerate().filter(|(_, class)| class.moments.count > 0);
        let mut means = Self {
            classes: present.clone().map(|(class, _)| class).collect(),
            centred: Vec::new(),
            norms: Vec::new(),
            variances: Vec::new(),
            within: 0.0,
            resolution: RESOLUTION * root_mean_square(moments)?,
            units,
        };
        for (_, class) in present {
            let mut centred = moments.all.apart(&class.moments);
            for (unit, apart) in centred.iter_mut().enumerate() {
                if moments.units.is_constant(unit) {
                    *apart = 0.0;
                }
            }
            means.norms.push(norm(&centred));
            means.centred.append(&mut centred);
            let variance = (0..units).map(|i| class.moments.covariance(i, i)).sum::<Option<f64>>()?;
            means.variances.push(variance);
            means.within += variance * class.moments.count as f64 / moments.rows() as f64;
        }
        (!means.classes.is_empty()).then_some(means)
    }

    /// Number of classes that have rows, K.
    #[must_use]
    pub fn count(&self) -> usize {
        self.classes.len()
    }

    /// `Mc_k`
    #[must_use]
    pub fn centred(&self, k: usize) -> &[f64] {
        &self.centred[k * self.units..(k + 1) * self.units]
    }

    /// The squared distance of the means of two classes.
    #[must_use]
    pub fn squared_distance(&self, k: usize, l: usize) -> f64 {
        self.centred(k).iter().zip(self.centred(l)).map(|(a, b)| (a - b) * (a - b)).sum()
    }

    /// Whether the mean of the class is that of all rows.
    #[must_use]
    pub fn is_central(&self, k: usize) -> bool {
        // also where the squares are beyond f64
        self.norms[k].partial_cmp(&self.resolution) != Some(Ordering::Greater)
    }

    /// Whether there are two classes and their means differ: without, nothing can be said of the geometry of classes.
    #[must_use]
    pub fn differ(&self) -> bool {
        self.count() > 1 && (0..self.count()).any(|k| !self.is_central(k))
    }

    /// `tr S_B`: the squared distance of a class mean to the mean of all rows, mean over the classes.
    #[must_use]
    pub fn between(&self) -> f64 {
        self.norms.iter().map(|norm| norm * norm).sum::<f64>() / self.count() as f64
    }

    /// `A Mc^T`, row-major, of rows of as many values as there are units.
    #[must_use]
    pub fn products(&self, rows: &[f64]) -> Vec<f64> {
        let mut products = vec![0.0; rows.len() / self.units * self.count()];
        gram::row_products(&mut products, rows, &self.centred, self.units);
        products
    }
}

/// `sqrt(1/N sum_n norm(z_n)^2)`; `None` without rows.
fn root_mean_square(moments: &Moments) -> Option<f64> {
    let mean = moments.all.mean();
    let of_unit = |(i, mean): (usize, &f64)| Some(moments.all.covariance(i, i)? + mean * mean);
    let squares = mean.iter().enumerate().map(of_unit).sum::<Option<f64>>()?;
    (moments.rows() > 0).then(|| squares.sqrt())
}

/// Euclidean norm.
pub(super) fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

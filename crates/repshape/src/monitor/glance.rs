//! `Glance`: the moments of one site over some rows, in single precision and one Gram product.

use std::cell::OnceCell;

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

use super::largest::largest_eigenvalue;
use crate::widest::widest;

/// Distance from a bound, as a share of the distance of the two, within which a value counts as saturated. The slopes
/// of tanh and of the logistic function are there below 4 % of their largest.
pub const SATURATED_MARGIN: f64 = 0.01;

/// Share of the rows at which a unit must be at a bound to count as saturated.
pub const SATURATED_ROWS: f64 = 0.9;

/// Activations `[rows, units]`, row-major, all finite, with what several measures share.
///
/// Deviations from the means are formed in `f64`, divided by the largest of them, so that their products neither
/// overflow nor vanish, and rounded to `f32`: the variances keep six digits at any mean.
pub(super) struct Glance<'a> {
    units: usize,
    rows: usize,
    labels: Option<(&'a [u32], usize)>,
    absolute_sum: f64,
    zeros: u64,
    min: Vec<f32>,
    max: Vec<f32>,
    saturated: Option<usize>,
    /// `(z - mean) / scale`.
    centred: Vec<f32>,
    scale: f64,
    /// Variances of the units, over `scale^2`.
    variances: Vec<f64>,
    products: OnceCell<Products>,
    class_sums: OnceCell<Option<ClassSums>>,
    /// Whether the units x units form of the products is wanted.
    pairs: bool,
}

/// The covariance over `scale^2`, or, where the rows are fewer and nobody asks for pairs of units, the matrix of the
/// same eigenvalues between rows.
struct Products {
    matrix: Vec<f32>,
    size: usize,
    squares: f64,
    largest: OnceCell<f64>,
}

/// Sums over classes, over `scale^2`.
struct ClassSums {
    /// Mean over the present classes of their units' variance, summed over the units.
    mean_variance: f64,
    /// `tr S_W`.
    within: f64,
    /// `tr S_B`.
    between: f64,
}

impl<'a> Glance<'a> {
    /// Looks at rows; `Err` is the share of entries that are infinite or NaN, if there is any.
    pub(super) fn new(
        z: &[f32],
        units: usize,
        labels: Option<(&'a [u32], usize)>,
        bounds: Option<[f64; 2]>,
        pairs: bool,
    ) -> Result<Self, f64> {
        let rows = z.len() / units;
        let mut sums = Sums::of(z, units);
        if !sums.absolute.iter().all(|sum| sum.is_finite()) {
            let odd = z.iter().filter(|z| !z.is_finite()).count();
            return Err(odd as f64 / z.len() as f64);
        }
        sums.total.iter_mut().for_each(|sum| *sum /= rows as f64);
        let mean = sums.total;
        let scale = (0..units).fold(0.0_f64, |scale, i| {
            scale.max(f64::from(sums.max[i]) - mean[i]).max(mean[i] - f64::from(sums.min[i]))
        });
        let (centred, variances) = centre(z, &mean, if scale > 0.0 { scale } else { 1.0 });
        Ok(Self {
            units,
            rows,
            labels,
            absolute_sum: sums.absolute.iter().sum(),
            zeros: sums.zeros.iter().map(|&count| u64::from(count)).sum(),
            saturated: bounds.map(|bounds| saturated_units(z, units, bounds)),
            min: sums.min,
            max: sums.max,
            centred,
            scale,
            variances,
            products: OnceCell::new(),
            class_sums: OnceCell::new(),
            pairs,
        })
    }

    pub(super) fn amplitude(&self) -> Option<f64> {
        Some(self.absolute_sum / (self.rows * self.units) as f64)
    }

    pub(super) fn sparsity(&self) -> Option<f64> {
        Some(self.zeros as f64 / (self.rows * self.units) as f64)
    }

    pub(super) fn dead_units(&self) -> Option<f64> {
        let dead = self.min.iter().zip(&self.max).filter(|(min, max)| **min == 0.0 && **max == 0.0).count();
        Some(dead as f64 / self.units as f64)
    }

    pub(super) fn saturated_units(&self) -> Option<f64> {
        self.saturated.map(|count| count as f64 / self.units as f64)
    }

    pub(super) fn variance(&self) -> Option<f64> {
        Some(self.trace() * self.scale * self.scale / self.units as f64)
    }

    pub(super) fn first_component_share(&self) -> Option<f64> {
        let trace = self.trace();
        // one unit has no other direction
        (self.units > 1 && trace > 0.0).then(|| (self.largest() / trace).min(1.0))
    }

    pub(super) fn stable_rank_covariance(&self) -> Option<f64> {
        let largest = self.largest();
        (largest > 0.0).then(|| (self.products().squares / (largest * largest)).max(1.0))
    }

    pub(super) fn participation_ratio(&self) -> Option<f64> {
        let (trace, squares) = (self.trace(), self.products().squares);
        (squares > 0.0).then(|| trace * trace / squares)
    }

    pub(super) fn covariance(&self) -> Option<f64> {
        let all = self.sum_of_pairs(&vec![1.0; self.units])?;
        Some(all * self.scale * self.scale)
    }

    pub(super) fn correlation(&self) -> Option<f64> {
        let varying = |i: usize| self.min[i] < self.max[i] && self.own(i) > 0.0;
        let count = (0..self.units).filter(|&i| varying(i)).count();
        if count < 2 {
            return None;
        }
        let inverse: Vec<f64> =
            (0..self.units).map(|i| if varying(i) { 1.0 / self.own(i).sqrt() } else { 0.0 }).collect();
        let pairs = (self.units * (self.units - 1)) as f64 / (count * (count - 1)) as f64;
        // rounding may carry a perfect correlation past 1
        Some((self.sum_of_pairs(&inverse)? * pairs).min(1.0))
    }

    pub(super) fn class_wise_variance(&self) -> Option<f64> {
        let sums = self.class_sums()?;
        Some(sums.mean_variance * self.scale * self.scale / self.units as f64)
    }

    pub(super) fn nc1_quotient(&self) -> Option<f64> {
        let sums = self.class_sums()?;
        (sums.between > 0.0).then(|| sums.within / sums.between)
    }

    fn trace(&self) -> f64 {
        self.variances.iter().sum()
    }

    fn largest(&self) -> f64 {
        let products = self.products();
        *products.largest.get_or_init(|| largest_eigenvalue(&products.matrix, products.size))
    }

    /// A unit's variance as the Gram product has it.
    fn own(&self, i: usize) -> f64 {
        f64::from(self.products().matrix[i * self.units + i])
    }

    /// Mean over the pairs i != j of `abs(c_ij) w_i w_j`; `None` for one unit.
    fn sum_of_pairs(&self, weights: &[f64]) -> Option<f64> {
        let units = self.units;
        let matrix = &self.products().matrix;
        let mut columns = vec![0.0; units];
        widest(
            #[inline(always)]
            || {
                for (row, &weight) in matrix.chunks_exact(units).zip(weights) {
                    for (sum, &c) in columns.iter_mut().zip(row) {
                        *sum += weight * f64::from(c.abs());
                    }
                }
            },
        );
        let all: f64 = columns.iter().zip(weights).map(|(sum, weight)| sum * weight).sum();
        let own: f64 = (0..units).map(|i| self.own(i) * weights[i] * weights[i]).sum();
        (units > 1).then(|| (all - own).max(0.0) / (units * (units - 1)) as f64)
    }

    fn products(&self) -> &Products {
        self.products.get_or_init(|| {
            let z = MatRef::from_row_major_slice(&self.centred, self.rows, self.units);
            let between_rows = self.rows < self.units && !self.pairs;
            let (left, right) = if between_rows { (z, z.transpose()) } else { (z.transpose(), z) };
            let size = left.nrows();
            let mut matrix = vec![0.0; size * size];
            let into = MatMut::from_row_major_slice_mut(&mut matrix, size, size);
            matmul(into, Accum::Replace, left, right, 1.0 / self.rows as f32, Par::Seq);
            let squares = matrix.chunks_exact(size).map(sum_of_squares).sum();
            Products { size, squares, matrix, largest: OnceCell::new() }
        })
    }

    fn class_sums(&self) -> Option<&ClassSums> {
        let (labels, classes) = self.labels?;
        self.class_sums.get_or_init(|| ClassSums::of(&self.centred, self.units, labels, classes)).as_ref()
    }
}

/// What one pass over the rows gives of each unit.
struct Sums {
    min: Vec<f32>,
    max: Vec<f32>,
    total: Vec<f64>,
    absolute: Vec<f64>,
    zeros: Vec<u32>,
}

impl Sums {
    fn of(z: &[f32], units: usize) -> Self {
        let mut sums = Self {
            min: vec![f32::INFINITY; units],
            max: vec![f32::NEG_INFINITY; units],
            total: vec![0.0; units],
            absolute: vec![0.0; units],
            zeros: vec![0; units],
        };
        widest(
            #[inline(always)]
            || {
                for row in z.chunks_exact(units) {
                    sums.min.iter_mut().zip(row).for_each(|(min, &z)| *min = if z < *min { z } else { *min });
                    sums.max.iter_mut().zip(row).for_each(|(max, &z)| *max = if z > *max { z } else { *max });
                    sums.total.iter_mut().zip(row).for_each(|(sum, &z)| *sum += f64::from(z));
                    sums.absolute.iter_mut().zip(row).for_each(|(sum, &z)| *sum += f64::from(z.abs()));
                    sums.zeros.iter_mut().zip(row).for_each(|(count, &z)| *count += u32::from(z == 0.0));
                }
            },
        );
        sums
    }
}

/// `(z - mean) / scale`, and the mean square of each column.
fn centre(z: &[f32], mean: &[f64], scale: f64) -> (Vec<f32>, Vec<f64>) {
    let mut centred = vec![0.0; z.len()];
    let mut variances = vec![0.0; mean.len()];
    let inverse = scale.recip();
    widest(
        #[inline(always)]
        || {
            for (row, into) in z.chunks_exact(mean.len()).zip(centred.chunks_exact_mut(mean.len())) {
                for (((z, into), mean), sum) in row.iter().zip(into).zip(mean).zip(&mut variances) {
                    let apart = (f64::from(*z) - mean) * inverse;
                    *into = apart as f32;
                    *sum += apart * apart;
                }
            }
        },
    );
    let rows = z.len() / mean.len();
    variances.iter_mut().for_each(|sum| *sum /= rows as f64);
    (centred, variances)
}

/// Units that are within the margin of a bound in most rows.
fn saturated_units(z: &[f32], units: usize, [low, high]: [f64; 2]) -> usize {
    let margin = SATURATED_MARGIN * (high - low);
    let (low, high) = ((low + margin) as f32, (high - margin) as f32);
    let mut at_bound = vec![0_u32; units];
    for row in z.chunks_exact(units) {
        at_bound.iter_mut().zip(row).for_each(|(count, &z)| *count += u32::from(z <= low || z >= high));
    }
    let enough = SATURATED_ROWS * (z.len() / units) as f64;
    at_bound.iter().filter(|&&count| f64::from(count) >= enough).count()
}

impl ClassSums {
    /// `None` without a row. Classes without a row are left out.
    fn of(centred: &[f32], units: usize, labels: &[u32], classes: usize) -> Option<Self> {
        let mut sums = vec![0.0_f64; classes * units];
        let mut squares = vec![0.0_f64; classes];
        let mut counts = vec![0_u64; classes];
        widest(
            #[inline(always)]
            || {
                for (row, &label) in centred.chunks_exact(units).zip(labels) {
                    let class = label as usize;
                    counts[class] += 1;
                    let into = &mut sums[class * units..][..units];
                    into.iter_mut().zip(row).for_each(|(sum, &z)| *sum += f64::from(z));
                    // at most the number of units, each at most 1: single precision would do, but for small ones
                    squares[class] += sum_of_squares(row);
                }
            },
        );
        let present = counts.iter().filter(|&&count| count > 0).count() as f64;
        let rows: u64 = counts.iter().sum();
        let (mut mean_variance, mut within, mut between) = (0.0, 0.0, 0.0);
        for (class, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let n = count as f64;
            let of_mean: f64 = sums[class * units..][..units].iter().map(|sum| (sum / n) * (sum / n)).sum();
            // one row is its own mean
            let spread = if count > 1 { (squares[class] - n * of_mean).max(0.0) } else { 0.0 };
            mean_variance += spread / n / present;
            within += spread / rows as f64;
            between += of_mean / present;
        }
        // what rounding leaves between the mean of the only class and that of all rows is no variance
        let between = if present > 1.0 { between } else { 0.0 };
        (rows > 0).then_some(Self { mean_variance, within, between })
    }
}

/// In eight sums side by side, so that the additions need not wait for each other.
#[inline(always)]
fn sum_of_squares(row: &[f32]) -> f64 {
    let (eights, rest) = row.as_chunks::<8>();
    let mut sums = [0.0_f64; 8];
    for eight in eights {
        sums.iter_mut().zip(eight).for_each(|(sum, &z)| *sum += f64::from(z) * f64::from(z));
    }
    sums.iter().sum::<f64>() + rest.iter().map(|&z| f64::from(z) * f64::from(z)).sum::<f64>()
}

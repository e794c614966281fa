//! Intrinsic dimension of a set of rows by TwoNN (Facco et al. 2017): how many coordinates would name a row among its
//! neighbours.
//!
//! With `r1` and `r2` the distances of a row to its nearest two, `F` the share of rows whose ratio `r2/r1` is at most
//! that of a row, and d the dimension, `-ln(1 - F) = d ln(r2/r1)` where the density of rows hardly changes between
//! neighbours.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use crate::{Block, StatsError, moments};

/// What TwoNN finds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwoNn {
    /// The dimension; `None` for fewer than three different rows, and where every row's two nearest are equally near.
    pub dimension: Option<f64>,
    /// Number of different rows.
    pub rows: usize,
    /// Number of rows left out since an earlier one has the same values.
    pub duplicates: usize,
}

/// Intrinsic dimension of row-major rows: the slope through 0 of `-ln(1 - i/N)` on the i-th smallest `ln(r2/r1)`,
/// `sum xy / sum x^2`, over the smallest `floor(0.9 N)` of the N different rows.
///
/// All pairs of rows are looked at, in time `O(N^2 I)` and memory for two copies of the rows: no `N x N` matrix. Distances
/// are sums of squared differences, whatever the rows' mean. Runs on the current rayon pool; the bits do not depend on
/// its number of threads.
///
/// ```
/// use repshape_stats::intrinsic_dimension::two_nn;
/// // 500 places on a spiral in three dimensions
/// let mut state = 1_u64;
/// let spiral = |_| {
///     state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
///     let t = (state >> 40) as f64 / 1e6;
///     [t.cos(), t.sin(), 0.3 * t]
/// };
/// let rows: Vec<f64> = (0..500).flat_map(spiral).collect();
/// let found = two_nn(&rows, 3)?;
/// assert!((found.dimension.unwrap() - 1.0).abs() < 0.15);
/// # Ok::<(), repshape_stats::StatsError>(())
/// ```
///
/// # Errors
/// If the values are no whole number of rows, or one is not finite.
pub fn two_nn(rows: &[f64], units: usize) -> Result<TwoNn, StatsError> {
    moments::check_finite(&Block::new(rows, units)?, 0)?;
    Ok(two_nn_of_finite(rows, units))
}

/// The same of values known to be finite, in whole rows.
pub(crate) fn two_nn_of_finite(rows: &[f64], units: usize) -> TwoNn {
    let distinct = distinct(rows, units);
    let count = distinct.len() / units;
    let duplicates = rows.len() / units - count;
    let dimension = if count < 3 { None } else { slope(&nearest_two(&distinct, units)) };
    TwoNn { dimension, rows: count, duplicates }
}

/// The rows that no earlier row equals, over a power of two near the largest value, so that squares stay in range.
fn distinct(rows: &[f64], units: usize) -> Vec<f64> {
    let row = |n: usize| &rows[n * units..(n + 1) * units];
    let mut order: Vec<usize> = (0..rows.len() / units).collect();
    // a stable order: the first of equal rows stays
    order.sort_by(|&a, &b| row(a).partial_cmp(row(b)).unwrap_or(std::cmp::Ordering::Equal));
    order.dedup_by(|later, first| row(*later) == row(*first));
    order.sort_unstable();
    let largest = rows.iter().fold(0.0f64, |largest, z| largest.max(z.abs()));
    let scale = if largest > 0.0 { 2f64.powi(-largest.log2().floor().clamp(-1000.0, 1000.0) as i32) } else { 1.0 };
    order.into_iter().flat_map(row).map(|z| z * scale).collect()
}

/// Ratios this near to 1 are those of rows equally near, up to the rounding of their values.
const EQUAL: f64 = 1e-9;

/// From the squared distances of each row to its nearest two.
fn slope(nearest: &[[f64; 2]]) -> Option<f64> {
    let count = nearest.len();
    let mut ratios: Vec<f64> = nearest.iter().map(|[first, second]| 0.5 * (second / first).ln()).collect();
    ratios.sort_unstable_by(f64::total_cmp);
    ratios.truncate(count * 9 / 10);
    let sums = ratios.iter().enumerate().fold((0.0, 0.0), |(products, squares), (i, x)| {
        let y = -(-((i + 1) as f64 / count as f64)).ln_1p();
        (products + x * y, squares + x * x)
    });
    ratios.last().is_some_and(|largest| *largest > EQUAL).then(|| sums.0 / sums.1)
}

/// Rows of a block: a tile of 240 x 240 products stays in a core's second-level cache.
const BLOCK: usize = 240;

/// Squared distances that are compared at once: as many as keep vector instructions busy.
const LANES: usize = 16;

/// Squared distances of each row to its nearest two, of different rows.
///
/// `norm_i + norm_j - 2 z_i.z_j` of the centred rows, from one matrix product for each tile, only says which rows may be
/// near: all within its rounding of the nearest two so far are measured by differences. So the two smallest are exact to
/// rounding, and the same whatever the order.
fn nearest_two(rows: &[f64], units: usize) -> Vec<[f64; 2]> {
    let count = rows.len() / units;
    let mut mean = vec![0.0; units];
    for row in rows.chunks_exact(units) {
        mean.iter_mut().zip(row).for_each(|(sum, z)| *sum += z / count as f64);
    }
    let mut centred = rows.to_vec();
    let mut norms = vec![0.0; count];
    centred.par_chunks_mut(units).zip(&mut norms).with_min_len(64).for_each(|(row, norm)| {
        row.iter_mut().zip(&mean).for_each(|(z, mean)| *z -= mean);
        *norm = row.iter().map(|z| z * z).sum();
    });

    let mut nearest = vec![[f64::INFINITY; 2]; count];
    nearest.par_chunks_mut(BLOCK).enumerate().for_each_init(Vec::new, |products, (own, nearest)| {
        let blocks = count.div_ceil(BLOCK);
        // its own block first: what it finds keeps most of the others from being measured
        for other in (0..blocks).map(|at| (own + at) % blocks) {
            let tile = Tile { rows, units, norms: &norms, own: own * BLOCK, other: other * BLOCK };
            tile.products(&centred, nearest.len(), products);
            tile.scan(products, nearest);
        }
    });
    nearest
}

/// A block of rows against a block of rows, by their first rows.
struct Tile<'a> {
    rows: &'a [f64],
    units: usize,
    norms: &'a [f64],
    own: usize,
    other: usize,
}

impl Tile<'_> {
    fn others(&self) -> usize {
        (self.norms.len() - self.other).min(BLOCK)
    }

    /// `z_i.z_j`, row-major.
    fn products(&self, centred: &[f64], own: usize, into: &mut Vec<f64>) {
        let block = |start: usize, rows: usize| {
            let values = &centred[start * self.units..(start + rows) * self.units];
            MatRef::from_row_major_slice(values, rows, self.units)
        };
        let other = self.others();
        into.resize(own * other, 0.0);
        let product = MatMut::from_row_major_slice_mut(into, own, other);
        matmul(product, Accum::Replace, block(self.own, own), block(self.other, other).transpose(), 1.0, Par::Seq);
    }

    fn scan(&self, products: &[f64], nearest: &mut [[f64; 2]]) {
        let norms = &self.norms[self.other..][..self.others()];
        let largest = norms.iter().fold(0.0f64, |largest, norm| largest.max(*norm));
        for (i, (products, nearest)) in products.chunks_exact(norms.len()).zip(nearest).enumerate() {
            let norm = self.norms[self.own + i];
            // twice the usual bounds on the rounding of the product, of both norms and of the centred values
            let doubt = 4.0 * (self.units + 4) as f64 * f64::EPSILON * (norm + largest);
            let mut limit = nearest[1] + doubt - norm;
            let pieces = products.chunks(LANES).zip(norms.chunks(LANES)).enumerate();
            for (piece, (products, norms)) in pieces {
                let near = |product: f64, norm: f64, limit: f64| norm - 2.0 * product <= limit;
                let lanes = products.iter().zip(norms);
                // without leaving early, which vectorises
                if !lanes.clone().fold(false, |any, (product, norm)| any | near(*product, *norm, limit)) {
                    continue;
                }
                for (lane, (&product, &other_norm)) in lanes.enumerate() {
                    let j = self.other + piece * LANES + lane;
                    if near(product, other_norm, limit) && j != self.own + i {
                        keep(self.squared_distance(self.own + i, j), nearest);
                        limit = nearest[1] + doubt - norm;
                    }
                }
            }
        }
    }

    /// Lanes of fixed number, so that the sum is the same either way round and vectorises.
    fn squared_distance(&self, i: usize, j: usize) -> f64 {
        let row = |n: usize| self.rows[n * self.units..(n + 1) * self.units].as_chunks::<8>();
        let ((own, own_rest), (other, other_rest)) = (row(i), row(j));
        let mut lanes = [0.0; 8];
        for (own, other) in own.iter().zip(other) {
            for lane in 0..8 {
                let difference = own[lane] - other[lane];
                lanes[lane] += difference * difference;
            }
        }
        let rest: f64 = own_rest.iter().zip(other_rest).map(|(a, b)| (a - b) * (a - b)).sum();
        lanes.iter().sum::<f64>() + rest
    }
}

/// The nearest two of these and one more.
fn keep(distance: f64, nearest: &mut [f64; 2]) {
    if distance < nearest[0] {
        *nearest = [distance, nearest[0]];
    } else if distance < nearest[1] {
        nearest[1] = distance;
    }
}

#[cfg(test)]
mod tests;

//! All layers of one network against all of another: unbiased linear CKA from the products of rows.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use super::CompareError;
use super::cross::dot;
use crate::moments::check_finite;
use crate::sample::Rows;
use crate::{Block, SampleSize, SketchConfig, StatsError};

/// A bounded sample of the rows of one layer, taken block by block: the same rows at every layer of the same number of
/// rows and seed, however they come.
#[derive(Debug, Clone)]
pub struct LayerRows {
    rows: Rows,
    units: usize,
    seen: u64,
}

impl LayerRows {
    /// No rows yet of so many units; at most `size` of them are kept.
    ///
    /// # Errors
    /// If there are no units.
    pub fn new(units: usize, size: SampleSize, seed: u64) -> Result<Self, StatsError> {
        if units == 0 {
            return Err(StatsError::NoUnits);
        }
        let config = SketchConfig { sample: size, seed, ..SketchConfig::new(units) };
        Ok(Self { rows: Rows::new(&config), units, seen: 0 })
    }

    /// Adds the rows of a block; labels are not looked at.
    ///
    /// # Errors
    /// If the block has another number of units or a value that is not finite.
    pub fn update(&mut self, block: &Block<'_>) -> Result<(), StatsError> {
        let first_row = block.first_row().unwrap_or(self.seen);
        if block.units() != self.units {
            return Err(StatsError::Units { first_row, expected: self.units, found: block.units() });
        }
        check_finite(block, first_row)?;
        for n in 0..block.rows() {
            self.rows.offer(first_row.wrapping_add(n as u64), None, |into| block.copy_rows(n, into));
        }
        self.seen += block.rows() as u64;
        Ok(())
    }

    /// Number of rows seen.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The kernel of the rows kept.
    #[must_use]
    pub fn kernel(&self) -> KernelMatrix {
        KernelMatrix::of_finite(self.rows.read().values, self.units)
    }
}

/// The linear kernel of one layer over N rows, centred so that CKA is one product of two of them: `N (N-1) / 2`
/// numbers, whatever the width of the layer.
///
/// Off the diagonal, `u_ij = k_ij - (r_i + r_j) / (N-2) + s / ((N-1)(N-2))`, `k = Z Z^T` without its diagonal, r its row sums and
/// s their sum (Székely & Rizzo 2014); `HSIC_1(K, L) = sum_{i!=j} u_ij v_ij / (N (N-3))` (Song et al. 2012).
#[derive(Debug, Clone)]
pub struct KernelMatrix {
    rows: usize,
    /// Strict lower triangle, row by row, scaled to a norm of 1; empty where nothing varies or N < 4.
    lower: Vec<f64>,
}

/// Rows of a product that one task computes: a fixed number, so that the bits do not depend on the threads.
const PANEL: usize = 128;

/// What a norm that cancels to 0 leaves, as a share of the products of rows.
const ROUNDING: f64 = 1e-13;

impl KernelMatrix {
    /// Of the rows of one layer. Cost `N^2 I`; labels are not looked at.
    ///
    /// # Errors
    /// If a value is not finite.
    pub fn of(block: &Block<'_>) -> Result<Self, StatsError> {
        check_finite(block, block.first_row().unwrap_or(0))?;
        let mut z = vec![0.0; block.rows() * block.units()];
        block.copy_rows(0, &mut z);
        Ok(Self::of_finite(z, block.units()))
    }

    fn of_finite(mut z: Vec<f64>, units: usize) -> Self {
        let rows = z.len() / units;
        let empty = Self { rows, lower: Vec::new() };
        if rows < 4 {
            return empty;
        }
        // about the first row, so that a constant unit is exactly 0, then about the mean
        let first = z[..units].to_vec();
        let mut mean = vec![0.0; units];
        for row in z.chunks_exact_mut(units) {
            for ((z, first), mean) in row.iter_mut().zip(&first).zip(&mut mean) {
                *z -= first;
                *mean += *z / rows as f64;
            }
        }
        z.par_chunks_exact_mut(units).for_each(|row| row.iter_mut().zip(&mean).for_each(|(z, mean)| *z -= mean));
        let largest = z.iter().fold(0.0_f64, |largest, z| largest.max(z.abs()));
        if !(largest > 0.0 && largest.is_finite()) {
            return empty;
        }
        z.iter_mut().for_each(|z| *z /= largest);
        Self { rows, lower: centred_lower(&products(&z, rows, units), rows) }
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Unbiased linear CKA with another layer of the same rows, from -1 to 1; `None` where one does not vary or there are
    /// fewer than 4 rows. The same as `cka_unbiased` of [`similarities`](super::similarities).
    ///
    /// # Errors
    /// If the other layer has another number of rows.
    pub fn cka_unbiased(&self, other: &Self) -> Result<Option<f64>, CompareError> {
        if self.rows != other.rows {
            return Err(CompareError::Rows { a: self.rows, b: other.rows });
        }
        let defined = !self.lower.is_empty() && !other.lower.is_empty();
        Ok(defined.then(|| dot(&self.lower, &other.lower).clamp(-1.0, 1.0)))
    }
}

/// [`KernelMatrix::cka_unbiased`] of every layer of A with every layer of B: element `[i][j]` is of A's layer i and B's layer j.
///
/// # Errors
/// If the layers differ in their number of rows.
pub fn cka_map(a: &[KernelMatrix], b: &[KernelMatrix]) -> Result<Vec<Vec<Option<f64>>>, CompareError> {
    a.par_iter().map(|a| b.iter().map(|b| a.cka_unbiased(b)).collect()).collect()
}

/// `Z Z^T`, of which only the lower triangle is filled in.
fn products(z: &[f64], rows: usize, units: usize) -> Vec<f64> {
    let z = MatRef::from_row_major_slice(z, rows, units);
    let mut products = vec![0.0; rows * rows];
    products.par_chunks_mut(PANEL * rows).enumerate().for_each(|(index, panel)| {
        let (start, height) = (index * PANEL, panel.len() / rows);
        let own = z.subrows(start, height);
        let panel = MatMut::from_row_major_slice_mut(panel, height, rows).subcols_mut(0, start + height);
        matmul(panel, Accum::Replace, own, z.subrows(0, start + height).transpose(), 1.0, Par::Seq);
    });
    products
}

fn centred_lower(products: &[f64], rows: usize) -> Vec<f64> {
    let mut sums = vec![0.0; rows];
    for i in 1..rows {
        for j in 0..i {
            sums[i] += products[i * rows + j];
            sums[j] += products[i * rows + j];
        }
    }
    let n = rows as f64;
    let total = sums.iter().sum::<f64>() / ((n - 1.0) * (n - 2.0));
    let mut lower = Vec::with_capacity(rows * (rows - 1) / 2);
    let mut scale = 0.0;
    for i in 1..rows {
        let row = &products[i * rows..i * rows + i];
        scale += dot(row, row);
        lower.extend(row.iter().zip(&sums).map(|(k, sum)| k - (sums[i] + sum) / (n - 2.0) + total));
    }
    let square = dot(&lower, &lower);
    if square <= ROUNDING * scale {
        return Vec::new();
    }
    let norm = square.sqrt();
    lower.iter_mut().for_each(|u| *u /= norm);
    lower
}

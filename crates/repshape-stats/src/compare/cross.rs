//! `CrossMoments`: all that the similarities of two representations look at, in one pass over paired rows.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use super::CompareError;
use super::norms::NormSums;
use crate::moments::{Comoment, Spread, check_finite};
use crate::{Block, StatsError};

/// Rows of a chunk: enough for the matrix products to run at full speed, few enough to stay in cache.
const CHUNK_ROWS: usize = 512;

/// Memory for the partial moments of the chunks in work at the same time.
const PARTIALS_BYTES: usize = 1 << 28;

/// Rows of a product that one task computes: a fixed number, so that the bits do not depend on the threads.
const PANEL: usize = 256;

/// Co-moments of A, of B and between them, of rows that are the same in both: blocks of `N x I_A` and `N x I_B` go
/// in, in pairs, and [`similarities`](super::similarities) reads them.
///
/// Any split of the rows into blocks and any order of merges gives the same similarities to 1e-9 relative; the same
/// updates give the same bits at any number of threads. Memory: `I_A^2 + I_B^2 + I_A I_B` numbers, and further copies
/// of them, at most 256 MiB or one, during an update.
///
/// ```
/// use repshape_stats::Block;
/// use repshape_stats::compare::{CrossMoments, SimilarityOptions, similarities};
///
/// // five rows of two units, and the same turned by 90 degrees, doubled and moved
/// let a = [0.0, 1.0, 2.0, 0.0, 1.0, 1.0, 4.0, 3.0, 2.0, 5.0];
/// let b: Vec<f64> = a.chunks(2).flat_map(|row| [5.0 - 2.0 * row[1], 2.0 * row[0]]).collect();
///
/// let mut moments = CrossMoments::new(2, 2)?;
/// moments.update(&Block::new(&a[..], 2)?, &Block::new(&b[..], 2)?)?;
/// let found = similarities(&moments, &SimilarityOptions::default())?;
/// assert!((found.get("cka").unwrap() - 1.0).abs() < 1e-12);
/// assert!(found.get("procrustes_distance").unwrap() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct CrossMoments {
    pub(super) a: Side,
    pub(super) b: Side,
    /// `sum_n (a_in - mu_i)(b_jn - nu_j)`, row-major `I_A x I_B`; empty without rows.
    pub(super) cross: Vec<f64>,
    /// What unbiased CKA needs beyond the co-moments; `None` without rows.
    pub(super) norms: Option<NormSums>,
}

/// One of the two sides.
#[derive(Debug, Clone)]
pub(super) struct Side {
    units: usize,
    pub(super) moments: Comoment,
    min: Vec<f64>,
    max: Vec<f64>,
}

impl Side {
    fn empty(units: usize) -> Self {
        let (min, max) = (vec![f64::INFINITY; units], vec![f64::NEG_INFINITY; units]);
        Self { units, moments: Comoment::empty(), min, max }
    }

    /// Of the rows `z`, which are left centred.
    fn of(z: &mut [f64], units: usize) -> Self {
        let mut side = Self::empty(units);
        for row in z.chunks_exact(units) {
            side.stretch(row, row);
        }
        side.moments = Comoment::of(z, units, Spread::full);
        side
    }

    fn stretch(&mut self, low: &[f64], high: &[f64]) {
        self.min.iter_mut().zip(low).for_each(|(min, &z)| *min = if z < *min { z } else { *min });
        self.max.iter_mut().zip(high).for_each(|(max, &z)| *max = if z > *max { z } else { *max });
    }

    fn merge(&mut self, other: Self) {
        self.stretch(&other.min, &other.max);
        self.moments.merge(other.moments);
    }

    /// The units with more than one value: the others add nothing to any similarity.
    pub(super) fn varying(&self) -> Vec<usize> {
        (0..self.units).filter(|&i| self.min[i] < self.max[i]).collect()
    }

    /// `sum_n (z_in - mu_i)(z_jn - mu_j)`.
    pub(super) fn spread(&self, i: usize, j: usize) -> f64 {
        match &self.moments.spread {
            Spread::Full(lower) => lower[i.max(j) * self.units + i.min(j)],
            Spread::Diagonal(_) => unreachable!("made with all pairs"),
        }
    }
}

impl CrossMoments {
    /// No rows yet of `units_a` units in A and `units_b` in B.
    ///
    /// # Errors
    /// If a side has no units.
    pub fn new(units_a: usize, units_b: usize) -> Result<Self, CompareError> {
        if units_a == 0 {
            return Err(CompareError::A(StatsError::NoUnits));
        }
        if units_b == 0 {
            return Err(CompareError::B(StatsError::NoUnits));
        }
        Ok(Self::empty(units_a, units_b))
    }

    fn empty(units_a: usize, units_b: usize) -> Self {
        Self { a: Side::empty(units_a), b: Side::empty(units_b), cross: Vec::new(), norms: None }
    }

    /// Number of rows seen.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.a.moments.count
    }

    /// Number of units of A and of B.
    #[must_use]
    pub fn units(&self) -> (usize, usize) {
        (self.a.units, self.b.units)
    }

    /// Adds the same rows of A and of B; labels are not looked at. On an error nothing has changed.
    ///
    /// # Errors
    /// If the blocks differ in rows, a side has another number of units than before, or a value that is not finite.
    pub fn update(&mut self, a: &Block<'_>, b: &Block<'_>) -> Result<(), CompareError> {
        if a.rows() != b.rows() {
            return Err(CompareError::Rows { a: a.rows(), b: b.rows() });
        }
        let check = |block: &Block<'_>, units: usize| {
            let first_row = block.first_row().unwrap_or(self.rows());
            if block.units() != units {
                return Err(StatsError::Units { first_row, expected: units, found: block.units() });
            }
            check_finite(block, first_row)
        };
        check(a, self.a.units).map_err(CompareError::A)?;
        check(b, self.b.units).map_err(CompareError::B)?;
        let (units_a, units_b) = self.units();
        let bytes = (units_a * units_a + units_b * units_b + units_a * units_b) * size_of::<f64>();
        // the size of a group depends on the units only, so the tree of merges does too
        let group = (PARTIALS_BYTES / bytes).clamp(1, 64) * CHUNK_ROWS;
        for start in (0..a.rows()).step_by(group) {
            self.join(Self::of_rows(a, b, start, a.rows().min(start + group)));
        }
        Ok(())
    }

    /// Adds what another has seen of other rows.
    ///
    /// # Errors
    /// If the two differ in their units; this one is then as it was.
    pub fn merge(&mut self, other: Self) -> Result<(), CompareError> {
        for (field, own, theirs) in
            [("units of A", self.a.units, other.a.units), ("units of B", self.b.units, other.b.units)]
        {
            if own != theirs {
                let (left, right) = (own.to_string(), theirs.to_string());
                return Err(StatsError::Merge { field, left, right }.into());
            }
        }
        self.join(other);
        Ok(())
    }

    fn of_rows(a: &Block<'_>, b: &Block<'_>, start: usize, end: usize) -> Self {
        let rows = end - start;
        if rows <= CHUNK_ROWS {
            return Self::of_chunk(a, b, start, end);
        }
        let middle = start + rows.div_ceil(CHUNK_ROWS).div_ceil(2) * CHUNK_ROWS;
        let (mut left, right) = rayon::join(|| Self::of_rows(a, b, start, middle), || Self::of_rows(a, b, middle, end));
        left.join(right);
        left
    }

    fn of_chunk(a: &Block<'_>, b: &Block<'_>, start: usize, end: usize) -> Self {
        let (units_a, units_b) = (a.units(), b.units());
        let (mut x, mut y) = (vec![0.0; (end - start) * units_a], vec![0.0; (end - start) * units_b]);
        a.copy_rows(start, &mut x);
        b.copy_rows(start, &mut y);
        let (side_a, side_b) = (Side::of(&mut x, units_a), Side::of(&mut y, units_b));
        let mut cross = vec![0.0; units_a * units_b];
        cross_product(&mut cross, (&x, units_a), (&y, units_b));
        Self { a: side_a, b: side_b, cross, norms: Some(NormSums::of((&x, units_a), (&y, units_b))) }
    }

    fn join(&mut self, other: Self) {
        if other.rows() == 0 {
            return;
        }
        if self.rows() == 0 {
            *self = other;
            return;
        }
        let (own, theirs) = (self.rows() as f64, other.rows() as f64);
        let (apart_a, apart_b) = (self.a.moments.apart(&other.a.moments), self.b.moments.apart(&other.b.moments));
        let share = theirs / (own + theirs);
        let scaled = |by: f64, of: &[f64]| -> Vec<f64> { of.iter().map(|x| by * x).collect() };
        // each part's means, less the common ones
        let mine = self.moved_norms(&scaled(-share, &apart_a), &scaled(-share, &apart_b));
        let others = other.moved_norms(&scaled(1.0 - share, &apart_a), &scaled(1.0 - share, &apart_b));
        self.norms = mine.zip(others).map(|(mine, others)| mine.plus(&others));
        let units_b = self.b.units;
        let weight = self.a.moments.weight(&other.a.moments);
        self.cross.par_chunks_mut(units_b).with_min_len(64).zip(other.cross.par_chunks(units_b)).enumerate().for_each(
            |(i, (into, from))| {
                let scale = weight * apart_a[i];
                into.iter_mut().zip(from).zip(&apart_b).for_each(|((sum, from), apart)| *sum += from + scale * apart);
            },
        );
        self.a.merge(other.a);
        self.b.merge(other.b);
    }

    /// The sums over norms about means that lie `by_a` and `by_b` below the own ones.
    fn moved_norms(&self, by_a: &[f64], by_b: &[f64]) -> Option<NormSums> {
        let times = |side: &Side, by: &[f64]| -> Vec<f64> {
            (0..side.units).map(|i| by.iter().enumerate().map(|(j, x)| side.spread(i, j) * x).sum()).collect()
        };
        let across: Vec<f64> = self.cross.chunks_exact(self.b.units).map(|row| dot(row, by_b)).collect();
        let mut down = vec![0.0; self.b.units];
        for (row, x) in self.cross.chunks_exact(self.b.units).zip(by_a) {
            down.iter_mut().zip(row).for_each(|(sum, c)| *sum += c * x);
        }
        let products = super::norms::Moved {
            rows: self.rows() as f64,
            by_a,
            by_b,
            aa: &times(&self.a, by_a),
            ab: &across,
            ba: &down,
            bb: &times(&self.b, by_b),
            trace_a: (0..self.a.units).map(|i| self.a.spread(i, i)).sum(),
            trace_b: (0..self.b.units).map(|i| self.b.spread(i, i)).sum(),
        };
        self.norms.as_ref().map(|norms| norms.moved(&products))
    }
}

pub(super) fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

/// Overwrites `into`, row-major `units_a x units_b`, with `x^T y`.
fn cross_product(into: &mut [f64], (x, units_a): (&[f64], usize), (y, units_b): (&[f64], usize)) {
    let x = MatRef::from_row_major_slice(x, x.len() / units_a, units_a);
    let y = MatRef::from_row_major_slice(y, y.len() / units_b, units_b);
    into.par_chunks_mut(PANEL * units_b).enumerate().for_each(|(index, panel)| {
        let rows = panel.len() / units_b;
        let own = x.subcols(index * PANEL, rows);
        let panel = MatMut::from_row_major_slice_mut(panel, rows, units_b);
        matmul(panel, Accum::Replace, own.transpose(), y, 1.0, Par::Seq);
    });
}

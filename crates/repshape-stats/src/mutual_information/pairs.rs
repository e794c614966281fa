//! Sums of `exp(-D_ij / (8 s2))` and of its fourth power over all pairs of rows, tile by tile.
//!
//! A tile is a block of rows against a block of rows. Its products come from one matrix product, its
//! exponentials from one loop, and each serves four sums (all rows or the same class; the exponential or its
//! fourth power) for both of its rows. What the tiles add is combined in the order of the tiles, whoever
//! computed them, so the bits do not depend on threads.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

use crate::exp::{UNDERFLOW, exp_nonpositive};

/// Rows of a block: a tile of 240 x 240 products (450 KiB) stays in a core's second-level cache, and 240 is a multiple of
/// the 48 x 4 products that the matrix product holds in registers.
const BLOCK: usize = 240;
/// Tiles whose sums are kept until they are combined in order: 15 KiB each.
const WAVE: usize = 1024;
/// Above this sum of two squared norms (over `8 s2`), `norm_i + norm_j - 2 z_i.z_j` would leave an error of more
/// than about 1e-11 in the exponent: such distances, where they matter, are computed from differences.
const EXACT_ABOVE: f64 = 16384.0;

/// Centred rows in blocks, each block with the values of a unit side by side.
pub(super) struct Points {
    rows: usize,
    units: usize,
    values: Vec<f64>,
    /// `norm(z_i)^2 / (8 s2)`
    norms: Vec<f64>,
    /// `1 / (8 s2)`
    precision: f64,
}

/// What one row sums over all rows, itself included.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct ClassSums {
    /// `sum_j exp(-D_ij / (8 s2))`
    pub all: f64,
    /// `sum_j exp(-D_ij / (2 s2))`
    pub all_fourth: f64,
    /// `all` over the rows of the same class
    pub same: f64,
    /// `all_fourth` over the rows of the same class
    pub same_fourth: f64,
}

impl Points {
    /// The rows in the given order, less the means. The error is a row whose norm over the noise overflows.
    pub fn new(rows: &[f64], means: &[f64], variance: f64, order: &[usize]) -> Result<Self, usize> {
        let units = means.len();
        let precision = 0.125 / variance;
        let mut values = vec![0.0; rows.len()];
        let mut norms = vec![0.0; order.len()];
        let blocks = values.par_chunks_mut(BLOCK * units).zip(norms.par_chunks_mut(BLOCK));
        blocks.zip(order.par_chunks(BLOCK)).for_each(|((values, norms), order)| {
            for (i, (&row, norm)) in order.iter().zip(norms).enumerate() {
                let row = &rows[row * units..][..units];
                for ((value, mean), slot) in row.iter().zip(means).zip(values[i..].iter_mut().step_by(order.len())) {
                    *slot = value - mean;
                    *norm += *slot * *slot;
                }
                *norm *= precision;
            }
        });
        match norms.iter().zip(order).find(|(norm, _)| !(**norm * 4.0).is_finite()) {
            Some((_, &row)) => Err(row),
            None => Ok(Self { rows: order.len(), units, values, norms, precision }),
        }
    }

    fn blocks(&self) -> usize {
        self.rows.div_ceil(BLOCK)
    }

    fn block(&self, index: usize) -> Block<'_> {
        let rows = index * BLOCK..((index + 1) * BLOCK).min(self.rows);
        let values = &self.values[rows.start * self.units..rows.end * self.units];
        Block { values, norms: &self.norms[rows.clone()], rows }
    }
}

/// Consecutive rows: `values` holds the rows' values of the first unit, then of the second, and so on.
struct Block<'a> {
    rows: Range<usize>,
    values: &'a [f64],
    norms: &'a [f64],
}

/// The sums of all rows. `classes` are the ranges of rows that share a class, in order, and cover all rows.
pub(super) fn sums(points: &Points, classes: &[Range<usize>], progress: &(dyn Fn(u64, u64) + Sync)) -> Vec<ClassSums> {
    let class_of: Vec<&Range<usize>> = classes.iter().flat_map(|range| range.clone().map(move |_| range)).collect();
    let blocks = points.blocks();
    let mut tiles = (0..blocks).flat_map(|i| (i..blocks).map(move |j| (i, j)));
    let total = points.rows as u64 * (points.rows as u64 + 1) / 2;
    let done = AtomicU64::new(0);
    let arch = Arch::new();

    let mut sums = vec![ClassSums::default(); points.rows];
    let mut wave_sums = vec![TileSums::default(); WAVE.min(blocks * (blocks + 1) / 2)];
    loop {
        let wave: Vec<(usize, usize)> = tiles.by_ref().take(WAVE).collect();
        if wave.is_empty() {
            return sums;
        }
        wave.par_iter().zip(&mut wave_sums).for_each_init(Vec::new, |exponents, (&(i, j), tile_sums)| {
            let tile = Tile { points, own: points.block(i), other: points.block(j), class_of: &class_of };
            let pairs = tile.pairs();
            tile.exponents(exponents);
            arch.dispatch(Exponentials { tile: &tile, exponents, sums: tile_sums, arch });
            progress(done.fetch_add(pairs, Ordering::Relaxed) + pairs, total);
        });
        for (&(i, j), tile_sums) in wave.iter().zip(&wave_sums) {
            tile_sums.own.add_to(&mut sums[points.block(i).rows]);
            if i != j {
                tile_sums.other.add_to(&mut sums[points.block(j).rows]);
            }
        }
    }
}

/// A block of rows (`own`) against itself or a later block (`other`).
struct Tile<'a> {
    points: &'a Points,
    own: Block<'a>,
    other: Block<'a>,
    class_of: &'a [&'a Range<usize>],
}

impl Tile<'_> {
    fn is_diagonal(&self) -> bool {
        self.own.rows.start == self.other.rows.start
    }

    /// Pairs of rows, each once, rows with themselves included.
    fn pairs(&self) -> u64 {
        let (own, other) = (self.own.rows.len() as u64, self.other.rows.len() as u64);
        if self.is_diagonal() { own * (own + 1) / 2 } else { own * other }
    }

    /// `2 z_i.z_j / (8 s2)`, the other block's rows side by side.
    fn exponents(&self, exponents: &mut Vec<f64>) {
        let (own, other) = (self.own.rows.len(), self.other.rows.len());
        exponents.resize(own * other, 0.0);
        let units = self.points.units;
        let product = MatMut::from_column_major_slice_mut(exponents, other, own);
        matmul(
            product,
            Accum::Replace,
            MatRef::from_column_major_slice(self.other.values, other, units),
            MatRef::from_row_major_slice(self.own.values, units, own),
            2.0 * self.points.precision,
            Par::Seq,
        );
    }

    /// Where in the other block the rows of the class of `own`'s row `i` are.
    fn same_class(&self, i: usize) -> Range<usize> {
        let class = self.class_of[self.own.rows.start + i];
        let others = &self.other.rows;
        let inside = |row: usize| row.clamp(others.start, others.end) - others.start;
        inside(class.start)..inside(class.end)
    }

    /// Where products may have lost the digits of a small distance, the exponent above which that matters.
    fn cancels_above(&self) -> Option<f64> {
        let largest = |norms: &[f64]| norms.iter().fold(0.0f64, |largest, norm| largest.max(*norm));
        let norms = largest(self.own.norms) + largest(self.other.norms);
        // Twice the usual bound on the rounding of a sum of products.
        let doubt = 2.0 * (self.points.units + 2) as f64 * f64::EPSILON * norms;
        (norms > EXACT_ABOVE).then_some(UNDERFLOW - doubt)
    }
}

/// Sums over one side of a tile, one entry for each of its rows.
#[derive(Clone)]
struct SideSums {
    all: [f64; BLOCK],
    all_fourth: [f64; BLOCK],
    same: [f64; BLOCK],
    same_fourth: [f64; BLOCK],
}

impl SideSums {
    fn add_to(&self, sums: &mut [ClassSums]) {
        for (i, sum) in sums.iter_mut().enumerate() {
            sum.all += self.all[i];
            sum.all_fourth += self.all_fourth[i];
            sum.same += self.same[i];
            sum.same_fourth += self.same_fourth[i];
        }
    }
}

impl Default for SideSums {
    fn default() -> Self {
        Self { all: [0.0; BLOCK], all_fourth: [0.0; BLOCK], same: [0.0; BLOCK], same_fourth: [0.0; BLOCK] }
    }
}

/// What a tile adds to the sums of its two blocks.
#[derive(Clone, Default)]
struct TileSums {
    own: SideSums,
    other: SideSums,
}

/// Turns the products of a tile into exponentials, in place, and sums them.
struct Exponentials<'a> {
    tile: &'a Tile<'a>,
    exponents: &'a mut [f64],
    sums: &'a mut TileSums,
    arch: Arch,
}

impl NullaryFnOnce for Exponentials<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        if matches!(self.arch, Arch::Scalar) { self.run::<false>() } else { self.run::<true>() }
    }
}

impl Exponentials<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self { tile, exponents, sums: TileSums { own, other }, .. } = self;
        *other = SideSums::default();
        let cancels_above = tile.cancels_above();
        let rows = exponents.chunks_exact_mut(tile.other.rows.len());
        for ((i, row), own_norm) in rows.enumerate().zip(tile.own.norms) {
            for (exponent, norm) in row.iter_mut().zip(tile.other.norms) {
                *exponent = (*exponent - (own_norm + norm)).min(0.0);
            }
            if cancels_above.is_some_and(|bound| row.iter().any(|exponent| *exponent > bound)) {
                exponents_from_differences(tile, i, row);
            }
            row.iter_mut().for_each(|exponent| *exponent = exp_nonpositive::<FUSED>(*exponent));
            if tile.is_diagonal() {
                row[i] = 1.0;
            }
            let same = tile.same_class(i);
            let (before, inside, after) = (0..same.start, same.clone(), same.end..row.len());
            (own.same[i], own.same_fourth[i]) = add(row, inside.clone(), &mut other.same, &mut other.same_fourth);
            let before = add(row, before, &mut other.all, &mut other.all_fourth);
            let inside = add(row, inside, &mut other.all, &mut other.all_fourth);
            let after = add(row, after, &mut other.all, &mut other.all_fourth);
            own.all[i] = before.0 + inside.0 + after.0;
            own.all_fourth[i] = before.1 + inside.1 + after.1;
        }
    }
}

/// `-D_ij / (8 s2)` of `own`'s row `i` from differences: slower, and exact however far the rows are from the mean.
#[inline(always)]
fn exponents_from_differences(tile: &Tile, i: usize, row: &mut [f64]) {
    row.fill(0.0);
    let own = tile.own.values.chunks_exact(tile.own.rows.len());
    let other = tile.other.values.chunks_exact(tile.other.rows.len());
    for (own, other) in own.zip(other) {
        let value = own[i];
        for (exponent, other) in row.iter_mut().zip(other) {
            let difference = value - other;
            *exponent -= difference * difference;
        }
    }
    row.iter_mut().for_each(|exponent| *exponent *= tile.points.precision);
}

/// Accumulators side by side: as many as keep two AVX-512 adders busy.
const LANES: usize = 16;

/// Adds each value of `range` and its fourth power to its column, and returns both sums over the range.
///
/// A function, not a closure: those are not always inlined, and then lose the vector instructions.
#[inline(always)]
fn add(row: &[f64], range: Range<usize>, columns: &mut [f64], columns_fourth: &mut [f64]) -> (f64, f64) {
    let mut lanes = [0.0; LANES];
    let mut lanes_fourth = [0.0; LANES];
    let (row, rest) = row[range.clone()].as_chunks::<LANES>();
    let (columns, column_rest) = columns[range.clone()].as_chunks_mut::<LANES>();
    let (columns_fourth, column_fourth_rest) = columns_fourth[range].as_chunks_mut::<LANES>();
    for ((values, column), column_fourth) in row.iter().zip(columns).zip(columns_fourth) {
        for lane in 0..LANES {
            let square = values[lane] * values[lane];
            let fourth = square * square;
            column[lane] += values[lane];
            column_fourth[lane] += fourth;
            lanes[lane] += values[lane];
            lanes_fourth[lane] += fourth;
        }
    }
    // Sums of their own: an index known only at run time would keep the lanes in memory.
    let (mut sum, mut sum_fourth) = (0.0, 0.0);
    let rest_columns = column_rest.iter_mut().zip(column_fourth_rest);
    for (value, (column, column_fourth)) in rest.iter().zip(rest_columns) {
        let fourth = (value * value) * (value * value);
        *column += value;
        *column_fourth += fourth;
        sum += value;
        sum_fourth += fourth;
    }
    (lanes.iter().sum::<f64>() + sum, lanes_fourth.iter().sum::<f64>() + sum_fourth)
}

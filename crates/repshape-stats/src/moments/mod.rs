//! Moments of one site, in one pass over blocks of rows, mergeable in any order.
//!
//! Every second moment is kept about a mean, never as a sum of squares: two parts are joined by translating both to
//! their common mean (Chan, Golub & LeVeque 1983), so units with a mean of 1,000 and a standard deviation of 1 lose
//! nothing. Rows are worked through in chunks of a fixed size whose results are joined along a fixed tree: the same
//! bits at any number of threads.

mod classes;
mod comoment;
mod pairs;
mod units;

use std::borrow::Cow;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::sketch::SketchConfig;
use crate::{Block, StatsError};

pub use classes::{ClassMoment, ClassMoments};
pub use comoment::{Comoment, Spread};
pub use pairs::PositivePairs;
pub use units::UnitMoments;

/// Rows of a chunk: enough for the matrix products to run at full speed, few enough to stay in cache.
const CHUNK_ROWS: usize = 512;

/// Memory for the partial moments of the chunks in work at the same time.
const PARTIALS_BYTES: usize = 1 << 28;

/// All moments of one site. Everything here is a plain number or matrix; what is derived stands in the measures.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Moments {
    /// Of each unit alone: extremes, absolute sums, zeros, positive values.
    pub units: UnitMoments,
    /// Mean and co-moments over all rows.
    pub all: Comoment,
    /// Of each pair of units over the rows where both are positive, unless switched off.
    pub positive: Option<PositivePairs>,
    /// Of each class, in the order of the labels; empty without classes or if switched off.
    pub classes: Vec<ClassMoment>,
    /// Under [`ClassMoments::Pooled`], `sum_n (z_in - mu_i)(z_jn - mu_j)` of the pairs of units about the means of each
    /// row's own class: row-major `units x units`, only the lower triangle has a meaning. Empty otherwise, and without rows.
    pub within: Vec<f64>,
}

impl Moments {
    pub(crate) fn new(config: &SketchConfig) -> Self {
        let classes = match config.class_moments {
            ClassMoments::Off => 0,
            _ => config.classes.unwrap_or(0),
        };
        Self {
            units: UnitMoments::empty(config.units),
            all: Comoment::empty(),
            positive: config.positive_pairs.then(PositivePairs::empty),
            classes: vec![ClassMoment::empty(); classes],
            within: Vec::new(),
        }
    }

    /// Number of rows seen.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.all.count
    }

    /// Sums of products of deviations from the means of each row's own class, of all classes together, however they are
    /// kept: row-major `units x units`, only the lower triangle has a meaning. `None` if they are not kept or no class
    /// has a row. `S_W` is this over the number of rows.
    #[must_use]
    pub fn within_classes(&self) -> Option<Cow<'_, [f64]>> {
        if !self.within.is_empty() {
            return Some(Cow::Borrowed(&self.within));
        }
        let mut sum: Option<Vec<f64>> = None;
        for class in self.classes.iter().filter(|class| class.moments.count > 0) {
            let Spread::Full(lower) = &class.moments.spread else { return None };
            match &mut sum {
                None => sum = Some(lower.clone()),
                Some(sum) => sum.iter_mut().zip(lower).for_each(|(sum, class)| *sum += class),
            }
        }
        sum.map(Cow::Owned)
    }

    /// Adds the rows of a block that has been checked.
    pub(crate) fn update(&mut self, config: &SketchConfig, block: &Block<'_>) {
        // the size of a group depends on the configuration only, so the tree of merges does too
        let group = (PARTIALS_BYTES / config.moments_bytes().max(1)).clamp(1, 64) * CHUNK_ROWS;
        for start in (0..block.rows()).step_by(group) {
            let end = block.rows().min(start + group);
            self.merge(Self::of_rows(config, block, start, end));
        }
    }

    fn of_rows(config: &SketchConfig, block: &Block<'_>, start: usize, end: usize) -> Self {
        let rows = end - start;
        if rows <= CHUNK_ROWS {
            return Self::of_chunk(config, block, start, end);
        }
        let middle = start + rows.div_ceil(CHUNK_ROWS).div_ceil(2) * CHUNK_ROWS;
        let (mut left, right) =
            rayon::join(|| Self::of_rows(config, block, start, middle), || Self::of_rows(config, block, middle, end));
        left.merge(right);
        left
    }

    fn of_chunk(config: &SketchConfig, block: &Block<'_>, start: usize, end: usize) -> Self {
        let mut z = vec![0.0; (end - start) * config.units];
        block.copy_rows(start, &mut z);
        let units = UnitMoments::of(&z, config.units, config.zero_eps);
        let mut moments = Self {
            positive: config.positive_pairs.then(|| PositivePairs::of(&z, &units.positive_mean)),
            units,
            ..Self::new(config)
        };
        if let (Some(labels), false) = (block.labels(), moments.classes.is_empty()) {
            (moments.classes, moments.within) =
                classes::of(&z, &labels[start..end], config.units, moments.classes.len(), config.class_moments);
        }
        moments.all = Comoment::of(&mut z, config.units, Spread::full);
        moments
    }

    /// Joins the moments of other rows, made with the same configuration.
    pub(crate) fn merge(&mut self, other: Self) {
        let (shift, other_shift) = (self.units.positive_mean.clone(), other.units.positive_mean.clone());
        self.units.merge(other.units);
        if let (Some(mine), Some(theirs)) = (&mut self.positive, other.positive) {
            mine.merge(&shift, theirs, &other_shift, &self.units.positive_mean);
        }
        self.all.merge(other.all);
        classes::merge_within(&mut self.within, &self.classes, other.within, &other.classes);
        self.classes.par_iter_mut().zip(other.classes).for_each(|(mine, theirs)| mine.merge(theirs));
    }
}

/// The first value of the block that is not finite.
pub(crate) fn check_finite(block: &Block<'_>, first_row: u64) -> Result<(), StatsError> {
    const PIECE: usize = 4096;
    let bad = (0..block.rows().div_ceil(PIECE))
        .into_par_iter()
        .find_map_first(|piece| block.first_non_finite(piece * PIECE, block.rows().min((piece + 1) * PIECE)));
    match bad {
        None => Ok(()),
        Some((row, unit, value)) => Err(StatsError::NonFinite { row: first_row + row as u64, unit, value }),
    }
}

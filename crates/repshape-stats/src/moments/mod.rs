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
use crate::state::wire::{Reader, Writer};
use crate::{Block, StatsError};

pub use classes::{ClassMoment, ClassMoments};
pub use comoment::{Comoment, Spread};
pub use pairs::PositivePairs;
pub use units::UnitMoments;

/// Rows of a chunk: enough for the matrix products to run at full speed, few enough to stay in cache.
const CHUNK_ROWS: usize = 512;

/// Most values of a chunk without pairs of units, 8 MiB: a site may have a hundred thousand units.
const CHUNK_VALUES: usize = 1 << 20;

/// Values up to this size have sums of squares within the range of `f64`, however many there are. Beyond, a sum in a
/// state file may be infinite or NaN, and only sizes are checked.
const TAME: f64 = 1e140;

/// How far rounding may carry a sum in a state file past its bound, relative to it.
const SLACK: f64 = 1e-6;

/// Most values of a state file, rows times units: sums of counts stay below `u64`'s largest.
const MOST_VALUES: u128 = 1 << 53;

/// Memory for the partial moments of the chunks in work at the same time.
const PARTIALS_BYTES: usize = 1 << 28;

/// Whether moments of the pairs of units are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitPairs {
    /// The co-moments of all pairs: memory and time grow with the square of the number of units.
    #[default]
    Full,
    /// Of each unit alone, for sites of many thousand units: measures that need pairs are undefined, unless the sample
    /// holds every row and is small enough to read them from it.
    Off,
}

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
            positive: config.keeps_positive_pairs().then(PositivePairs::empty),
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
        // the sizes of a chunk and a group depend on the configuration only, so the tree of merges does too
        let (chunk, bytes) = match config.pairs {
            UnitPairs::Full => (CHUNK_ROWS, config.spread_bytes()),
            UnitPairs::Off => ((CHUNK_VALUES / config.units).clamp(8, CHUNK_ROWS), config.moments_bytes()),
        };
        let group = (PARTIALS_BYTES / bytes.max(1)).clamp(1, 64) * chunk;
        for start in (0..block.rows()).step_by(group) {
            let end = block.rows().min(start + group);
            self.merge(Self::of_rows(config, chunk, block, start, end));
        }
    }

    fn of_rows(config: &SketchConfig, chunk: usize, block: &Block<'_>, start: usize, end: usize) -> Self {
        let rows = end - start;
        if rows <= chunk {
            return Self::of_chunk(config, block, start, end);
        }
        let middle = start + rows.div_ceil(chunk).div_ceil(2) * chunk;
        let (mut left, right) = rayon::join(
            || Self::of_rows(config, chunk, block, start, middle),
            || Self::of_rows(config, chunk, block, middle, end),
        );
        left.merge(right);
        left
    }

    fn of_chunk(config: &SketchConfig, block: &Block<'_>, start: usize, end: usize) -> Self {
        let mut z = vec![0.0; (end - start) * config.units];
        block.copy_rows(start, &mut z);
        let units = UnitMoments::of(&z, config.units, config.zero_eps);
        let mut moments = Self {
            positive: config.keeps_positive_pairs().then(|| PositivePairs::of(&z, &units.positive_mean)),
            units,
            ..Self::new(config)
        };
        if let (Some(labels), false) = (block.labels(), moments.classes.is_empty()) {
            (moments.classes, moments.within) =
                classes::of(&z, &labels[start..end], config.units, moments.classes.len(), config.kept_of_classes());
        }
        let spread = match config.pairs {
            UnitPairs::Full => Spread::full,
            UnitPairs::Off => Spread::diagonal,
        };
        moments.all = Comoment::of(&mut z, config.units, spread);
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

    pub(crate) fn write(&self, to: &mut Writer) {
        to.part(*b"ROWS", |to| to.u64(self.rows()));
        to.part(*b"UNIT", |to| self.units.write(to));
        to.part(*b"ALLR", |to| self.all.write(to));
        if let Some(positive) = &self.positive {
            to.part(*b"POSI", |to| positive.write(to, self.units.min.len()));
        }
        if !self.classes.is_empty() {
            to.part(*b"CLAS", |to| self.classes.iter().for_each(|class| class.write(to)));
        }
        if !self.within.is_empty() {
            to.part(*b"WTHN", |to| to.triangle(&self.within, self.units.min.len()));
        }
    }

    pub(crate) fn read(from: &mut Reader<'_>, config: &SketchConfig) -> Result<Self, StatsError> {
        let rows = from.part(*b"ROWS", "number of rows", |from| {
            let rows = from.u64()?;
            let fits = u128::from(rows) * config.units as u128 <= MOST_VALUES;
            from.check(fits, || format!("{rows} rows of {} units", config.units), "at most 2^53 values")?;
            Ok(rows)
        })?;
        let units = from.part(*b"UNIT", "moments of each unit", |from| UnitMoments::read(from, config.units, rows))?;
        let full = config.pairs == UnitPairs::Full;
        let all = from.part(*b"ALLR", "moments of all rows", |from| {
            Comoment::read(from, (&units.min, &units.max), full, |count| count == rows)
        })?;
        let positive = config
            .keeps_positive_pairs()
            .then(|| from.part(*b"POSI", "moments of positive pairs", |from| PositivePairs::read(from, &units, rows)));
        let mut read = Self { units, all, positive: positive.transpose()?, classes: Vec::new(), within: Vec::new() };
        if let Some(classes) = config.classes.filter(|_| config.kept_of_classes() != ClassMoments::Off) {
            let full = config.kept_of_classes() == ClassMoments::Full;
            read.classes = from
                .part(*b"CLAS", "moments of classes", |from| classes::read(from, classes, &read.units, full, rows))?;
            if config.kept_of_classes() == ClassMoments::Pooled && rows > 0 {
                read.within = from.part(*b"WTHN", "pooled moments of classes", |from| {
                    comoment::read_triangle(from, (&read.units.min, &read.units.max), rows)
                })?;
            }
        }
        Ok(read)
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

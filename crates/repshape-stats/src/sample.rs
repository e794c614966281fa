//! `Rows`: a bounded sample of whole rows for the measures and pictures that look at rows.

use std::collections::BinaryHeap;

use serde::{Deserialize, Serialize};

use crate::StatsError;
use crate::moments::Moments;
use crate::sketch::SketchConfig;
use crate::state::wire::{Reader, Writer};

/// How many rows a sample keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SampleSize {
    /// Every row; the memory is the data's, in `f64`.
    All,
    /// At most this many rows.
    AtMost(usize),
}

/// Most bytes of the values of further draws.
const DRAWS_BYTES: usize = 1 << 28;

/// A sample of rows: those with the smallest keyed hashes of `(seed, index of the row in the data set)`.
///
/// The hash depends on nothing else, so the sample is the same for any split into blocks and any order of merges,
/// and every set of rows of that size is as likely as any other over the seeds. The indices of the rows must be
/// distinct: see [`Block::starting_at`](crate::Block::starting_at).
///
/// With room for several draws ([`SketchConfig::draws`](crate::SketchConfig)) the rows with the next smallest hashes are
/// the next draw, and so on: disjoint samples of the same size.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rows {
    size: SampleSize,
    draws: usize,
    seed: u64,
    key: Key,
    units: usize,
    labelled: bool,
    /// The rows kept, the one with the largest hash on top: it is the next to go.
    kept: BinaryHeap<Kept>,
    /// Row-major values and labels by slot.
    values: Vec<f64>,
    labels: Vec<u32>,
}

/// What the hashes are keyed with beside the index of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Key {
    /// The seed: rows are numbered in the whole data set.
    Seed,
    /// The seed and a hash of the content of a shard, whose rows are numbered from 0.
    Shard(u64),
    /// Each row with the key of its own shard.
    Shards,
}

impl Key {
    /// That of a shard of this content.
    pub(crate) fn of_shard(content: &str) -> Self {
        let mut first = [0; 8];
        first.copy_from_slice(&blake3::hash(content.as_bytes()).as_bytes()[..8]);
        Self::Shard(u64::from_le_bytes(first))
    }

    /// The hash of a row.
    pub(crate) fn hash(self, seed: u64, row: u64) -> u64 {
        match self {
            Self::Seed | Self::Shards => keyed_hash(seed, row),
            Self::Shard(salt) => keyed_hash(keyed_hash(seed, salt), row),
        }
    }
}

/// One kept row. The order is that of the hashes, ties (about never) by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Kept {
    hash: u64,
    row: u64,
    slot: usize,
}

/// The rows of a sample in the order of their indices.
#[derive(Debug, Clone, PartialEq)]
pub struct SampledRows {
    /// Index of each row in the data set, increasing.
    pub indices: Vec<u64>,
    /// Row-major values.
    pub values: Vec<f64>,
    /// The class of each row; empty without labels.
    pub labels: Vec<u32>,
}

impl Rows {
    pub(crate) fn new(config: &SketchConfig) -> Self {
        let draws = match config.sample {
            SampleSize::All => 1,
            SampleSize::AtMost(rows) => {
                let bytes = rows.max(1).saturating_mul(config.units.max(1)).saturating_mul(size_of::<f64>());
                config.draws.clamp(1, (DRAWS_BYTES / bytes).max(1))
            }
        };
        Self {
            size: config.sample,
            draws,
            seed: config.seed,
            key: Key::Seed,
            units: config.units,
            labelled: config.classes.is_some(),
            kept: BinaryHeap::new(),
            values: Vec::new(),
            labels: Vec::new(),
        }
    }

    /// Keys the hashes of the rows to come with the content of their shard.
    pub(crate) fn salt(&mut self, content: &str) {
        self.key = Key::of_shard(content);
    }

    pub(crate) fn key(&self) -> Key {
        self.key
    }

    /// Number of rows of the sample.
    #[must_use]
    pub fn len(&self) -> usize {
        match self.size {
            SampleSize::All => self.kept.len(),
            SampleSize::AtMost(bound) => self.kept.len().min(bound),
        }
    }

    /// Number of rows kept, those of further draws included.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.kept.len()
    }

    /// Number of draws there is room for.
    #[must_use]
    pub fn draws(&self) -> usize {
        self.draws
    }

    /// Most rows kept.
    pub(crate) fn bound(&self) -> Option<usize> {
        match self.size {
            SampleSize::All => None,
            SampleSize::AtMost(rows) => Some(rows.saturating_mul(self.draws)),
        }
    }

    /// Whether no row is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bound on the number of rows.
    #[must_use]
    pub fn size(&self) -> SampleSize {
        self.size
    }

    /// The seed of the hashes.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The rows of the sample, in the order of their indices.
    #[must_use]
    pub fn read(&self) -> SampledRows {
        self.read_at_most(self.len())
    }

    /// All rows kept, those of further draws included, in the order of their indices.
    pub(crate) fn read_kept(&self) -> SampledRows {
        self.read_at_most(self.kept.len())
    }

    /// At most `count` of the rows kept (those with the smallest hashes), in the order of their indices.
    #[must_use]
    pub fn read_at_most(&self, count: usize) -> SampledRows {
        let mut kept: Vec<Kept> = self.kept.iter().copied().collect();
        if count < kept.len() {
            kept.select_nth_unstable(count);
            kept.truncate(count);
        }
        self.collect(kept)
    }

    /// `count` rows from the one with the hash of rank `from` on, in the order of their indices.
    pub(crate) fn read_ranks(&self, from: usize, count: usize) -> SampledRows {
        let mut kept: Vec<Kept> = self.kept.iter().copied().collect();
        kept.sort_unstable();
        self.collect(kept.into_iter().skip(from).take(count).collect())
    }

    /// `count` of the rows kept, the draw of this number from among them all, in the order of their indices.
    pub(crate) fn read_redrawn(&self, draw: u64, count: usize) -> SampledRows {
        let mut kept: Vec<Kept> = self.kept.iter().copied().collect();
        kept.sort_unstable_by_key(|kept| (keyed_hash(kept.hash, draw), kept.row));
        kept.truncate(count);
        self.collect(kept)
    }

    fn collect(&self, mut kept: Vec<Kept>) -> SampledRows {
        kept.sort_unstable_by_key(|kept| kept.row);
        let mut values = Vec::with_capacity(kept.len() * self.units);
        for kept in &kept {
            values.extend_from_slice(self.row(kept.slot));
        }
        let labels = if self.labelled { kept.iter().map(|kept| self.labels[kept.slot]).collect() } else { Vec::new() };
        SampledRows { indices: kept.iter().map(|kept| kept.row).collect(), values, labels }
    }

    fn row(&self, slot: usize) -> &[f64] {
        &self.values[slot * self.units..(slot + 1) * self.units]
    }

    /// Offers row `row`; `fill` writes its values if it is kept.
    pub(crate) fn offer(&mut self, row: u64, label: Option<u32>, fill: impl FnOnce(&mut [f64])) {
        self.insert(self.key.hash(self.seed, row), row, label, fill);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        if self.kept.is_empty() {
            self.key = other.key;
        } else if self.key != other.key && !other.kept.is_empty() {
            self.key = Key::Shards;
        }
        for kept in &other.kept {
            let label = self.labelled.then(|| other.labels[kept.slot]);
            self.insert(kept.hash, kept.row, label, |into| into.copy_from_slice(other.row(kept.slot)));
        }
    }

    fn insert(&mut self, hash: u64, row: u64, label: Option<u32>, fill: impl FnOnce(&mut [f64])) {
        let full = self.bound().is_some_and(|bound| self.kept.len() >= bound);
        let slot = if full {
            match self.kept.peek() {
                Some(last) if (hash, row) < (last.hash, last.row) => last.slot,
                _ => return,
            }
        } else {
            self.kept.len()
        };
        if full {
            self.kept.pop();
        } else {
            self.values.resize(self.values.len() + self.units, 0.0);
            self.labels.extend(label);
        }
        fill(&mut self.values[slot * self.units..(slot + 1) * self.units]);
        if let Some(label) = label {
            self.labels[slot] = label;
        }
        self.kept.push(Kept { hash, row, slot });
    }

    /// In the order of the rows, so that equal samples give equal bytes however they came about.
    pub(crate) fn write(&self, to: &mut Writer) {
        let mut kept: Vec<Kept> = self.kept.iter().copied().collect();
        kept.sort_unstable_by_key(|kept| (kept.row, kept.hash, kept.slot));
        match self.key {
            Key::Seed => to.u8(0),
            Key::Shard(salt) => {
                to.u8(1);
                to.u64(salt);
            }
            Key::Shards => to.u8(2),
        }
        to.size(kept.len());
        for Kept { hash, row, slot } in kept {
            to.u64(row);
            to.u64(hash);
            if self.labelled {
                to.u32(self.labels[slot]);
            }
            to.f64s(self.row(slot));
        }
    }

    /// Of rows with these moments.
    pub(crate) fn read_state(
        from: &mut Reader<'_>,
        config: &SketchConfig,
        moments: &Moments,
    ) -> Result<Self, StatsError> {
        let mut read = Self::new(config);
        read.key = match from.choice(3)? {
            0 => Key::Seed,
            1 => Key::Shard(from.u64()?),
            _ => Key::Shards,
        };
        let bytes = config.units.saturating_mul(8).saturating_add(if read.labelled { 20 } else { 16 });
        let count = from.count(bytes)?;
        let rows = moments.rows();
        let expected = read.bound().map_or(rows, |bound| rows.min(bound as u64));
        from.check(count as u64 == expected, || format!("{count} rows"), format!("{expected}"))?;
        // the heap is made at once, so that it does not depend on the order of the rows
        let mut kept = Vec::with_capacity(count);
        read.values.reserve_exact(count * config.units);
        let mut last = 0;
        for slot in 0..count {
            let (row, hash) = (from.u64()?, from.u64()?);
            from.check(row >= last, || format!("row {row} after row {last}"), "rows in order")?;
            last = row;
            let keyed = read.key == Key::Shards || hash == read.key.hash(read.seed, row);
            from.check(keyed, || format!("another hash of row {row}"), "that by the seed")?;
            if let Some(classes) = config.classes {
                let label = from.u32()?;
                from.check(
                    (label as usize) < classes,
                    || format!("label {label} of row {row}"),
                    format!("at most {}", classes - 1),
                )?;
                read.labels.push(label);
            }
            let values = from.f64s(config.units)?;
            let (min, max) = (&moments.units.min, &moments.units.max);
            let outside = (0..config.units).find(|&i| !(min[i] <= values[i] && values[i] <= max[i]));
            from.check(
                outside.is_none(),
                || format!("another value of row {row}, unit {}", outside.unwrap_or(0)),
                "one between the extremes of the unit",
            )?;
            read.values.extend(values);
            kept.push(Kept { hash, row, slot });
        }
        read.kept = kept.into();
        Ok(read)
    }

    /// Gives every row another index and hash; `key` is what the hashes are keyed with afterwards.
    pub(crate) fn renumber(&mut self, key: Key, of_row: impl Fn(u64, u64) -> (u64, u64)) {
        self.key = key;
        let kept = std::mem::take(&mut self.kept).into_iter().map(|Kept { hash, row, slot }| {
            let (row, hash) = of_row(row, hash);
            Kept { hash, row, slot }
        });
        self.kept = kept.collect();
    }

    /// The indices of the rows kept.
    pub(crate) fn indices(&self) -> impl Iterator<Item = u64> {
        self.kept.iter().map(|kept| kept.row)
    }
}

/// A bijection of the row's index for each seed, two rounds of the finaliser of SplitMix64 (Steele et al. 2014).
fn keyed_hash(seed: u64, row: u64) -> u64 {
    fn mix(mut x: u64) -> u64 {
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    mix(mix(row.wrapping_add(STEP)) ^ mix(seed.wrapping_mul(STEP).wrapping_add(STEP)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(size: SampleSize, seed: u64, rows: impl Iterator<Item = u64>) -> Rows {
        let config = SketchConfig { sample: size, seed, ..SketchConfig::new(2).with_classes(3) };
        let mut sample = Rows::new(&config);
        for row in rows {
            sample.offer(row, Some((row % 3) as u32), |z| z.copy_from_slice(&[row as f64, -(row as f64)]));
        }
        sample
    }

    #[test]
    fn any_split_and_order_keeps_the_same_rows() {
        let whole = sample(SampleSize::AtMost(50), 9, 0..1000).read();
        assert_eq!(whole.indices.len(), 50);
        let mut merged = sample(SampleSize::AtMost(50), 9, (300..1000).rev());
        merged.merge(&sample(SampleSize::AtMost(50), 9, 0..10));
        merged.merge(&sample(SampleSize::AtMost(50), 9, 10..300));
        assert_eq!(merged.read(), whole);
        for (at, &row) in whole.indices.iter().enumerate() {
            assert_eq!(whole.values[2 * at..2 * at + 2], [row as f64, -(row as f64)]);
            assert_eq!(whole.labels[at], (row % 3) as u32);
        }
    }

    #[test]
    fn all_keeps_every_row_in_order() {
        let all = sample(SampleSize::All, 1, (0..100).rev()).read();
        assert!(all.indices.iter().copied().eq(0..100));
    }

    #[test]
    fn a_bound_of_zero_keeps_nothing() {
        assert!(sample(SampleSize::AtMost(0), 1, 0..10).is_empty());
    }

    #[test]
    fn a_smaller_reading_is_the_smaller_sample() {
        let small = sample(SampleSize::AtMost(20), 5, 0..500).read();
        assert_eq!(sample(SampleSize::AtMost(100), 5, 0..500).read_at_most(20), small);
    }

    /// Each of 40 rows is in a sample of 10 with probability 1/4: over 4,000 seeds 1,000 times, sd 27.
    #[test]
    fn every_row_is_as_likely_as_any_other() {
        let mut counts = [0_u32; 40];
        for seed in 0..4000 {
            for row in sample(SampleSize::AtMost(10), seed, 0..40).read().indices {
                counts[row as usize] += 1;
            }
        }
        assert!(counts.iter().all(|&count| (865..=1135).contains(&count)), "{counts:?}");
    }
}

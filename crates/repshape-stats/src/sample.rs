//! `Rows`: a bounded sample of whole rows for the measures and pictures that look at rows.

use std::collections::BinaryHeap;

use serde::{Deserialize, Serialize};

/// How many rows a sample keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SampleSize {
    /// Every row; the memory is the data's, in `f64`.
    All,
    /// At most this many rows.
    AtMost(usize),
}

/// A sample of rows: those with the smallest keyed hashes of `(seed, index of the row in the data set)`.
///
/// The hash depends on nothing else, so the sample is the same for any split into blocks and any order of merges,
/// and every set of rows of that size is as likely as any other over the seeds. The indices of the rows must be
/// distinct: see [`Block::starting_at`](crate::Block::starting_at).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rows {
    size: SampleSize,
    seed: u64,
    units: usize,
    labelled: bool,
    /// The rows kept, the one with the largest hash on top: it is the next to go.
    kept: BinaryHeap<Kept>,
    /// Row-major values and labels by slot.
    values: Vec<f64>,
    labels: Vec<u32>,
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
    pub(crate) fn new(size: SampleSize, seed: u64, units: usize, labelled: bool) -> Self {
        Self { size, seed, units, labelled, kept: BinaryHeap::new(), values: Vec::new(), labels: Vec::new() }
    }

    /// Number of rows kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether no row is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
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

    /// The rows kept, in the order of their indices.
    #[must_use]
    pub fn read(&self) -> SampledRows {
        self.collect(self.kept.iter().copied().collect())
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
        self.insert(keyed_hash(self.seed, row), row, label, fill);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for kept in &other.kept {
            let label = self.labelled.then(|| other.labels[kept.slot]);
            self.insert(kept.hash, kept.row, label, |into| into.copy_from_slice(other.row(kept.slot)));
        }
    }

    fn insert(&mut self, hash: u64, row: u64, label: Option<u32>, fill: impl FnOnce(&mut [f64])) {
        let full = matches!(self.size, SampleSize::AtMost(bound) if self.kept.len() >= bound);
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
        let mut sample = Rows::new(size, seed, 2, true);
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

//! Seeded random streams: the only source of randomness in the project.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What random numbers are drawn for. Streams of different purposes are independent, so that,
/// say, adding a dropout layer leaves the order of the batches as it was.
///
/// A new purpose is a new variant and a new name; the name of an existing one never changes,
/// because every published number hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// Initial weights; index: the parameter's position in the network.
    Weights,
    /// Order of the rows; index: the epoch.
    Batches,
    /// Dropout masks; index: the training step.
    Dropout,
    /// Noise on inputs or codes; index: the training step.
    Noise,
    /// Which rows are held out; index 0 for validation rows, 1 for the training rows kept by
    /// `train_rows`, 2 for the test rows of a set that has none of its own.
    Split,
    /// Subsamples of rows for measures, search points and other draws.
    Sample,
}

impl Purpose {
    /// The name that enters the key of the stream.
    pub const fn name(self) -> &'static str {
        match self {
            Purpose::Weights => "weights",
            Purpose::Batches => "batches",
            Purpose::Dropout => "dropout",
            Purpose::Noise => "noise",
            Purpose::Split => "split",
            Purpose::Sample => "sample",
        }
    }
}

/// The random stream of (`seed`, `purpose`, `index`): always the same numbers, on every machine, at
/// any number of threads and wherever a run was interrupted.
///
/// It is ChaCha with 8 rounds. The key is BLAKE3's key derivation (context `repshape stream
/// 1`) of the seed's eight little-endian bytes followed by the purpose's name; the index is
/// ChaCha's stream number, so that one key has 2^64 streams that do not overlap. Making one costs
/// a hash, about 0.1 microseconds: make one for each epoch, step or parameter instead of carrying
/// a generator along, and nothing needs saving in a checkpoint.
///
/// Draw integers with [`below`], orders with [`shuffle`], subsets with [`sample`]: these are fixed here.
/// Distributions of other crates may change with their versions.
///
/// ```
/// use rand::Rng;
/// use repshape_data::{Purpose, stream};
///
/// let mut weights = stream(7, Purpose::Weights, 0);
/// let mut again = stream(7, Purpose::Weights, 0);
/// let mut batches = stream(7, Purpose::Batches, 0);
/// let first = weights.next_u64();
/// assert_eq!(first, again.next_u64());
/// assert_ne!(first, batches.next_u64());
/// ```
pub fn stream(seed: u64, purpose: Purpose, index: u64) -> ChaCha8Rng {
    let mut hasher = blake3::Hasher::new_derive_key("repshape stream 1");
    hasher.update(&seed.to_le_bytes());
    hasher.update(purpose.name().as_bytes());
    let mut rng = ChaCha8Rng::from_seed(*hasher.finalize().as_bytes());
    rng.set_stream(index);
    rng
}

/// A whole number from `0..n`, one 64-bit draw each.
///
/// The high half of `draw * n`: at most `n / 2^64` away from uniform, and never a second draw,
/// so that the position in the stream is known. `n = 0` gives 0.
pub fn below(rng: &mut impl Rng, n: u64) -> u64 {
    ((u128::from(rng.next_u64()) * u128::from(n)) >> 64) as u64
}

/// Puts the items in a random order (Fisher and Yates, from the back).
pub fn shuffle<T>(items: &mut [T], rng: &mut impl Rng) {
    for i in (1..items.len()).rev() {
        items.swap(i, below(rng, i as u64 + 1) as usize);
    }
}

/// `count` different numbers of `0..n`, ascending, every subset equally likely. A count above `n`
/// gives all of them.
///
/// ```
/// use repshape_data::{Purpose, sample, stream};
///
/// let rows = sample(1000, 3, &mut stream(1, Purpose::Sample, 0));
/// assert_eq!(rows.len(), 3);
/// assert!(rows.is_sorted() && rows[2] < 1000);
/// ```
pub fn sample(n: usize, count: usize, rng: &mut impl Rng) -> Vec<usize> {
    let count = count.min(n);
    let mut all: Vec<usize> = (0..n).collect();
    for i in 0..count {
        let other = i + below(rng, (n - i) as u64) as usize;
        all.swap(i, other);
    }
    all.truncate(count);
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against tests/golden/streams.py, which shares no code with this file.
    #[test]
    fn first_outputs_never_change() {
        let first = |seed, purpose, index| stream(seed, purpose, index).next_u64();
        assert_eq!(first(1, Purpose::Weights, 0), 6_007_856_608_794_950_538);
        assert_eq!(first(1, Purpose::Weights, 1), 7_072_959_842_865_220_569);
        assert_eq!(first(2, Purpose::Weights, 0), 4_392_045_372_814_606_923);
        assert_eq!(first(1, Purpose::Batches, 0), 2_701_171_226_928_213_948);
        // the tenth number lies in the second block
        let mut last = stream(u64::MAX, Purpose::Sample, u64::MAX);
        let tenth = (0..10).map(|_| last.next_u64()).last();
        assert_eq!(tenth, Some(2_084_177_034_856_514_215));
    }

    #[test]
    fn below_is_even_over_its_range() {
        let mut rng = stream(3, Purpose::Sample, 0);
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            counts[below(&mut rng, 7) as usize] += 1;
        }
        // chi-squared with 6 degrees of freedom: 22.5 is its 0.999 quantile
        let chi: f64 = counts.iter().map(|&c| (f64::from(c) - 1e4).powi(2) / 1e4).sum();
        assert!(chi < 22.5, "{counts:?}");
        assert_eq!(below(&mut rng, 0), 0);
        assert_eq!(below(&mut rng, 1), 0);
    }

    #[test]
    fn every_pair_of_five_is_drawn_about_equally_often() {
        let mut counts = std::collections::BTreeMap::new();
        for index in 0..20_000 {
            let pair = sample(5, 2, &mut stream(5, Purpose::Sample, index));
            assert!(pair[0] < pair[1]);
            *counts.entry(pair).or_insert(0u32) += 1;
        }
        assert_eq!(counts.len(), 10);
        // chi-squared with 9 degrees of freedom: 27.9 is its 0.999 quantile
        let chi: f64 = counts.values().map(|&c| (f64::from(c) - 2e3).powi(2) / 2e3).sum();
        assert!(chi < 27.9, "{counts:?}");
    }

    #[test]
    fn a_sample_of_all_is_all() {
        let mut rng = stream(5, Purpose::Sample, 0);
        assert_eq!(sample(4, 9, &mut rng), [0, 1, 2, 3]);
        assert!(sample(0, 3, &mut rng).is_empty());
    }

    #[test]
    fn purposes_have_different_names() {
        let all =
            [Purpose::Weights, Purpose::Batches, Purpose::Dropout, Purpose::Noise, Purpose::Split, Purpose::Sample];
        let names: std::collections::BTreeSet<_> = all.iter().map(|p| p.name()).collect();
        assert_eq!(names.len(), all.len());
    }
}

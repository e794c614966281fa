//! Bootstrap intervals over rows for the change of every measure between two representations.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::CompareError;
use super::change::common_labels;
use crate::measure::{MeasureRow, Reading};
use crate::{Block, SampleSize, Selection, Sketch, SketchConfig, StatsError};

/// How the bootstrap is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BootstrapOptions {
    /// Number of resamples; 200 unless told.
    pub draws: usize,
    /// The share of the draws inside the interval; 0.95 unless told.
    pub level: f64,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for BootstrapOptions {
    fn default() -> Self {
        Self { draws: 200, level: 0.95, seed: 0 }
    }
}

impl BootstrapOptions {
    /// Whether intervals can be drawn by these options, which [`intervals`] asks first.
    ///
    /// # Errors
    /// If the level is not between 0 and 1, or fewer than one draw is left outside on each side.
    pub fn check(&self) -> Result<(), StatsError> {
        if !(self.level > 0.0 && self.level < 1.0) {
            let expected = "above 0 and below 1";
            return Err(StatsError::Setting { field: "level", found: self.level.to_string(), expected });
        }
        // the slack: 1 - 0.95 is a little above 0.05
        if (self.draws as f64) * (1.0 - self.level) < 2.0 - 1e-9 {
            let found = format!("{} for a level of {}", self.draws, self.level);
            return Err(StatsError::Setting { field: "draws", found, expected: "at least 2 / (1 - level)" });
        }
        Ok(())
    }
}

/// Where the middle of the draws lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The quantile `(1 - level) / 2` of the draws.
    pub low: f64,
    /// The quantile `(1 + level) / 2` of the draws.
    pub high: f64,
}

/// Intervals of the differences `B - A`, one for each chosen measure.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Intervals {
    /// By measure, in the order of the catalog; `None` where there is none.
    pub values: Vec<(&'static str, Option<Interval>)>,
    /// Why some measures have none.
    pub notes: Vec<String>,
}

impl Intervals {
    /// The interval of a measure.
    #[must_use]
    pub fn get(&self, measure: &str) -> Option<Interval> {
        self.values.iter().find(|(name, _)| *name == measure)?.1
    }
}

/// Rows that are copied and summed at a time.
const PIECE_ROWS: usize = 4096;

/// An interval needs this share of the draws to be defined.
const DEFINED: f64 = 0.95;

/// Percentile intervals (Efron 1979; quantiles interpolated linearly, as NumPy's) of the change of each measure, over
/// draws of N of the N rows with replacement; the same rows in A and in B, so that what both share cancels.
///
/// Measures over all pairs of rows (mutual information, intrinsic dimension) have none: a row drawn twice is its own
/// nearest neighbour, which shifts them by more than the interval is wide. Of the others, those that count extremes
/// (`rank`, `dead_units`, `normalized_class_wise_variance`) can only lose by resampling, and a percentile interval does not
/// correct for it. Undefined draws are left out, up to one in twenty; beyond it there is no interval.
///
/// The draws depend on the seed and the number of rows only: the same bits at any number of threads.
///
/// `selections` are those of A and of B: the same measures, each with the options of its side. `progress` is told how many
/// draws of how many are done, from any thread.
///
/// # Errors
/// As [`change`](super::change()), and if the selections are of different measures.
pub fn intervals(
    a: &Block<'_>,
    b: &Block<'_>,
    classes: Option<usize>,
    selections: [&Selection; 2],
    options: &BootstrapOptions,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Intervals, CompareError> {
    options.check()?;
    let selection = selections[0];
    let names = |of: &Selection| of.rows().map(|row| row.name).collect::<Vec<_>>();
    if names(selection) != names(selections[1]) {
        let found = names(selections[1]).join(", ");
        return Err(StatsError::Setting { field: "the selection of B", found, expected: "the measures of A" }.into());
    }
    let labels = common_labels(a, b, classes)?;
    let measures: Vec<&MeasureRow> = selection.rows().filter(|row| !row.needs.pairs_of_rows).collect();
    let side = |block: &Block<'_>, selection: &Selection| {
        // row by row only for what looks at rows; a draw has as many
        let sample = if measures.iter().any(|row| row.needs.rows) { SampleSize::All } else { SampleSize::AtMost(0) };
        SketchConfig { classes, sample, ..selection.config(block.units()) }
    };
    let side =
        |block, selection| Side { block, labels, config: side(&block, selection), selection, measures: &measures };
    let (side_a, side_b) = (side(*a, selections[0]), side(*b, selections[1]));
    let (done, total) = (AtomicU64::new(0), options.draws as u64);

    let difference = |draw: usize| -> Result<Vec<Option<f64>>, CompareError> {
        let counts = counts(a.rows(), options.seed, draw as u64);
        let of_a = side_a.measure(&counts).map_err(CompareError::A)?;
        let of_b = side_b.measure(&counts).map_err(CompareError::B)?;
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
        let less = |(a, b): (Option<f64>, Option<f64>)| Some(b? - a?).filter(|difference| difference.is_finite());
        Ok(of_a.into_iter().zip(of_b).map(less).collect())
    };
    let draws: Vec<Vec<Option<f64>>> =
        (0..options.draws).into_par_iter().map(difference).collect::<Result<_, CompareError>>()?;

    let mut found = Intervals::default();
    let (mut over_pairs, mut undefined) = (Vec::new(), Vec::new());
    for row in selection.rows() {
        let interval = measures.iter().position(|measure| measure.name == row.name).and_then(|at| {
            let mut defined: Vec<f64> = draws.iter().filter_map(|draw| draw[at]).collect();
            if !defined.is_empty() && (defined.len() as f64) < DEFINED * options.draws as f64 {
                undefined.push(format!("{} ({} of {})", row.name, options.draws - defined.len(), options.draws));
                return None;
            }
            percentiles(&mut defined, options.level)
        });
        if row.needs.pairs_of_rows {
            over_pairs.push(row.name);
        }
        found.values.push((row.name, interval));
    }
    if !over_pairs.is_empty() {
        found.notes.push(format!(
            "no interval for {}: a measure of pairs of rows takes the copies that resampling makes for neighbours",
            over_pairs.join(", ")
        ));
    }
    if !undefined.is_empty() {
        found.notes.push(format!("no interval for what is undefined in many draws: {}", undefined.join(", ")));
    }
    Ok(found)
}

/// One side, to be measured at any weights of its rows.
struct Side<'a> {
    block: Block<'a>,
    labels: Option<&'a [u32]>,
    config: SketchConfig,
    selection: &'a Selection,
    measures: &'a [&'a MeasureRow],
}

impl Side<'_> {
    /// The measures of the rows, each so many times.
    fn measure(&self, counts: &[u32]) -> Result<Vec<Option<f64>>, StatsError> {
        let units = self.block.units();
        let mut sketch = Sketch::new(&self.config)?;
        let (mut rows, mut labels) = (Vec::with_capacity(PIECE_ROWS * units), Vec::new());
        let mut drawn =
            counts.iter().enumerate().flat_map(|(n, &count)| std::iter::repeat_n(n, count as usize)).peekable();
        while drawn.peek().is_some() {
            rows.clear();
            labels.clear();
            for n in drawn.by_ref().take(PIECE_ROWS) {
                let end = rows.len();
                rows.resize(end + units, 0.0);
                self.block.copy_rows(n, &mut rows[end..]);
                labels.extend(self.labels.map(|labels| labels[n]));
            }
            let mut piece = Block::new(&rows[..], units)?;
            if self.labels.is_some() {
                piece = piece.with_labels(&labels)?;
            }
            sketch.update(&piece)?;
        }
        let reading = Reading::new(&sketch, self.selection.options());
        let value = |row: &&MeasureRow| (row.read)(&reading).map(|value| value.as_f64());
        Ok(self.measures.iter().map(value).collect())
    }
}

/// How often each row is in a draw of as many rows with replacement.
fn counts(rows: usize, seed: u64, draw: u64) -> Vec<u32> {
    let mut counts = vec![0; rows];
    let mut state = mix(mix(seed.wrapping_add(STEP)) ^ draw.wrapping_mul(STEP));
    for _ in 0..rows {
        state = state.wrapping_add(STEP);
        // the high half of a 128-bit product: uniform to rows / 2^64
        let row = (u128::from(mix(state)) * rows as u128) >> 64;
        counts[row as usize] += 1;
    }
    counts
}

/// SplitMix64 (Steele et al. 2014).
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The interval that holds the middle `level` of the values; `None` without values.
fn percentiles(values: &mut [f64], level: f64) -> Option<Interval> {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let quantile = |q: f64| {
        let place = q * last as f64;
        let below = (place.floor() as usize).min(last);
        let (low, high) = (values[below], values[(below + 1).min(last)]);
        low + (place - below as f64) * (high - low)
    };
    Some(Interval { low: quantile((1.0 - level) / 2.0), high: quantile((1.0 + level) / 2.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_numpy() {
        // np.percentile([1, 2, 4, 8, 16], [25, 75]) = 2, 8; [10, 90] = 1.4, 12.8
        let mut values = [16.0, 1.0, 8.0, 2.0, 4.0];
        assert_eq!(percentiles(&mut values, 0.5), Some(Interval { low: 2.0, high: 8.0 }));
        let found = percentiles(&mut values, 0.8).unwrap();
        assert!((found.low - 1.4).abs() < 1e-12 && (found.high - 12.8).abs() < 1e-12, "{found:?}");
        assert_eq!(percentiles(&mut [], 0.8), None);
        assert_eq!(percentiles(&mut [3.0], 0.8), Some(Interval { low: 3.0, high: 3.0 }));
    }

    /// Over 4,000 draws of 7 rows each row comes 4,000 times on average, sd 59; and twice in a draw with probability
    /// `21 (1/7)^2 (6/7)^5 = 0.1983`: of 28,000 rows 5,552, sd below 67.
    #[test]
    fn every_row_is_drawn_as_often_and_with_replacement() {
        let (mut sums, mut twice) = ([0_u32; 7], 0);
        for draw in 0..4000 {
            let counts = counts(7, 3, draw);
            assert_eq!(counts.iter().sum::<u32>(), 7);
            sums.iter_mut().zip(&counts).for_each(|(sum, count)| *sum += count);
            twice += counts.iter().filter(|&&count| count == 2).count();
        }
        assert!(sums.iter().all(|sum| (3700..=4300).contains(sum)), "{sums:?}");
        assert!((5200..=5900).contains(&twice), "{twice}");
        assert_eq!(counts(0, 1, 1), Vec::<u32>::new());
        assert_ne!(counts(50, 1, 1), counts(50, 1, 2));
        assert_ne!(counts(50, 1, 1), counts(50, 2, 1));
    }
}

//! `Sketch`: all that a measure may look at.

use serde::{Deserialize, Serialize};

use crate::moments::{self, ClassMoments, Moments, UnitPairs};
use crate::sample::{Rows, SampleSize};
use crate::{Block, StatsError};

/// What a sketch keeps. Two sketches can be merged if these are equal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SketchConfig {
    /// Number of units of the site.
    pub units: usize,
    /// Number of classes that the task declares (not that are present); `None` for rows without labels.
    pub classes: Option<usize>,
    /// Whether moments of the pairs of units are kept at all; [`UnitPairs::Off`] rules over the two settings below.
    pub pairs: UnitPairs,
    /// What is kept of each class.
    pub class_moments: ClassMoments,
    /// Whether the positive-only moments of the pairs of units are kept (four matrices of `units x units`).
    pub positive_pairs: bool,
    /// A value counts as zero if its absolute value is at most this.
    pub zero_eps: f64,
    /// How many rows the sample keeps, for mutual information and pictures.
    pub sample: SampleSize,
    /// How many samples of that size the sketch keeps room for, at least 1: the first is the sample, the others say how
    /// far mutual information varies from draw to draw. Fewer are kept where their values would pass 256 MiB.
    pub draws: usize,
    /// Seed of the sample.
    pub seed: u64,
}

impl SketchConfig {
    /// The default bound on the rows of the sample.
    pub const SAMPLE_ROWS: usize = 10_000;

    /// Everything is kept, without classes, exact zeros, one sample of at most 10,000 rows by seed 0.
    #[must_use]
    pub fn new(units: usize) -> Self {
        Self {
            units,
            classes: None,
            pairs: UnitPairs::Full,
            class_moments: ClassMoments::Full,
            positive_pairs: true,
            zero_eps: 0.0,
            sample: SampleSize::AtMost(Self::SAMPLE_ROWS),
            draws: 1,
            seed: 0,
        }
    }

    /// The same with this many declared classes.
    #[must_use]
    pub fn with_classes(self, classes: usize) -> Self {
        Self { classes: Some(classes), ..self }
    }

    /// What is kept of each class, given whether pairs of units are.
    pub(crate) fn kept_of_classes(&self) -> ClassMoments {
        match self.pairs {
            UnitPairs::Full => self.class_moments,
            UnitPairs::Off => self.class_moments.min(ClassMoments::Diagonal),
        }
    }

    /// Whether the positive-only moments of pairs are kept, given whether pairs of units are.
    pub(crate) fn keeps_positive_pairs(&self) -> bool {
        self.positive_pairs && self.pairs == UnitPairs::Full
    }

    /// Bytes of the moments once every class has been seen. An update works on further copies of
    /// this size, at most 256 MiB of them or one.
    #[must_use]
    pub fn moments_bytes(&self) -> usize {
        // of each unit alone seven numbers, and its mean in two parts
        self.spread_bytes().saturating_add(self.units.saturating_mul(9 * size_of::<f64>()))
    }

    /// The same without what is kept of each unit alone.
    pub(crate) fn spread_bytes(&self) -> usize {
        let kept = self.kept_of_classes();
        let pooled = self.classes.is_some() && kept == ClassMoments::Pooled;
        let all = if self.pairs == UnitPairs::Full { self.units } else { 1 };
        let matrices = 4 * usize::from(self.keeps_positive_pairs()) + usize::from(pooled);
        // beside the co-moments, the mean in two parts and both extremes
        let of_class = match kept {
            ClassMoments::Full => self.units.saturating_add(4),
            ClassMoments::Diagonal | ClassMoments::Pooled => 5,
            ClassMoments::Off => 0,
        };
        let rows = (self.units.saturating_mul(matrices))
            .saturating_add(all)
            .saturating_add(self.classes.unwrap_or(0).saturating_mul(of_class));
        rows.saturating_mul(self.units).saturating_mul(size_of::<f64>())
    }

    /// Bytes of the values of the sample when it is full; `None` for a sample of every row, which grows with the data.
    #[must_use]
    pub fn sample_bytes(&self) -> Option<usize> {
        let rows = Rows::new(self).bound()?;
        Some(rows.saturating_mul(self.units).saturating_mul(size_of::<f64>()))
    }
}

/// The moments and the sample of rows of one site, fed in one pass: [`update`](Self::update) with blocks,
/// [`merge`](Self::merge) what others have seen, then [`measure`](crate::measure()).
///
/// Any split of the rows into blocks and any order of merges gives the same measures to 1e-9 relative and the same
/// sample; the same updates give the same bits at any number of threads.
///
/// ```
/// use repshape_stats::{Block, Sketch, SketchConfig};
/// let mut sketch = Sketch::new(&SketchConfig::new(2).with_classes(2))?;
/// sketch.update(&Block::new(&[0.0, 1.0, 2.0, 0.0][..], 2)?.with_labels(&[0, 1])?)?;
/// assert_eq!(sketch.rows(), 2);
/// // a NaN is refused by name, and leaves the sketch as it was
/// let bad = sketch.update(&Block::new(&[0.0, f64::NAN][..], 2)?.with_labels(&[1])?);
/// assert_eq!(bad.unwrap_err().to_string(), "row 2, unit 1: NaN is not a finite number");
/// assert_eq!(sketch.rows(), 2);
/// # Ok::<(), repshape_stats::StatsError>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sketch {
    config: SketchConfig,
    moments: Moments,
    rows: Rows,
}

impl Sketch {
    /// A sketch that has seen no rows.
    ///
    /// # Errors
    /// If there are no units or no classes, or the threshold of zero is negative or not finite.
    pub fn new(config: &SketchConfig) -> Result<Self, StatsError> {
        config.check()?;
        Ok(Self { moments: Moments::new(config), rows: Rows::new(config), config: config.clone() })
    }

    /// A sketch of parts that fit together.
    pub(crate) fn of_parts(config: SketchConfig, moments: Moments, rows: Rows) -> Self {
        Self { config, moments, rows }
    }

    /// The moments, to be falsified.
    #[cfg(test)]
    pub(crate) fn moments_mut(&mut self) -> &mut Moments {
        &mut self.moments
    }

    /// The sample, to be numbered anew.
    pub(crate) fn sample_mut(&mut self) -> &mut Rows {
        &mut self.rows
    }

    /// A sketch that has seen no rows, of a shard whose place in the data set is not known: its rows are numbered from 0,
    /// and `content`, a hash of what the shard holds, keeps its sample independent of the samples of other shards.
    /// See [`state::Partial`](crate::state::Partial).
    ///
    /// # Errors
    /// As [`Sketch::new`].
    pub fn of_shard(config: &SketchConfig, content: &str) -> Result<Self, StatsError> {
        let mut sketch = Self::new(config)?;
        sketch.rows.salt(content);
        Ok(sketch)
    }

    /// Adds the rows of a block. On an error the sketch is as it was.
    ///
    /// # Errors
    /// If the block has another number of units, a value that is not finite, a label that is out of range, or labels
    /// where there are no classes or the reverse.
    pub fn update(&mut self, block: &Block<'_>) -> Result<(), StatsError> {
        let first_row = block.first_row().unwrap_or(self.rows());
        self.check(block, first_row)?;
        self.moments.update(&self.config, block);
        for n in 0..block.rows() {
            let label = block.labels().map(|labels| labels[n]);
            self.rows.offer(first_row.wrapping_add(n as u64), label, |into| block.copy_rows(n, into));
        }
        Ok(())
    }

    fn check(&self, block: &Block<'_>, first_row: u64) -> Result<(), StatsError> {
        if block.units() != self.config.units {
            return Err(StatsError::Units { first_row, expected: self.config.units, found: block.units() });
        }
        match (self.config.classes, block.labels()) {
            (None, None) => {}
            (None, Some(_)) => return Err(StatsError::LabelsUnexpected { first_row }),
            (Some(classes), None) => return Err(StatsError::LabelsMissing { first_row, classes }),
            (Some(classes), Some(labels)) => {
                if let Some(n) = labels.iter().position(|&label| label as usize >= classes) {
                    return Err(StatsError::LabelRange { row: first_row + n as u64, label: labels[n], classes });
                }
            }
        }
        moments::check_finite(block, first_row)
    }

    /// Adds what another sketch has seen of other rows of the same data set. If both hold a bounded sample, their blocks
    /// must have said their first rows ([`Block::starting_at`]).
    ///
    /// # Errors
    /// If the two were not made with equal configurations; this one is then as it was.
    pub fn merge(&mut self, other: Self) -> Result<(), StatsError> {
        self.config.check_equal(&other.config)?;
        self.moments.merge(other.moments);
        self.rows.merge(&other.rows);
        Ok(())
    }

    /// Whether the sample holds every row seen.
    #[must_use]
    pub fn samples_every_row(&self) -> bool {
        self.rows.kept() as u64 == self.rows()
    }

    /// What this sketch keeps.
    #[must_use]
    pub fn config(&self) -> &SketchConfig {
        &self.config
    }

    /// Number of rows seen.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.moments.rows()
    }

    /// The moments of all rows seen.
    #[must_use]
    pub fn moments(&self) -> &Moments {
        &self.moments
    }

    /// The sample of the rows seen.
    #[must_use]
    pub fn sample(&self) -> &Rows {
        &self.rows
    }
}

impl SketchConfig {
    /// Whether the settings can be.
    pub(crate) fn check(&self) -> Result<(), StatsError> {
        if self.units == 0 {
            return Err(StatsError::NoUnits);
        }
        if self.classes == Some(0) {
            return Err(StatsError::Setting { field: "classes", found: "0".into(), expected: "at least 1" });
        }
        if !(self.zero_eps >= 0.0 && self.zero_eps.is_finite()) {
            let found = self.zero_eps.to_string();
            return Err(StatsError::Setting { field: "zero_eps", found, expected: "a finite number, at least 0" });
        }
        if self.draws == 0 {
            return Err(StatsError::Setting { field: "draws", found: "0".into(), expected: "at least 1" });
        }
        Ok(())
    }

    pub(crate) fn check_equal(&self, other: &Self) -> Result<(), StatsError> {
        let fields = [
            ("units", format!("{}", self.units), format!("{}", other.units)),
            ("classes", format!("{:?}", self.classes), format!("{:?}", other.classes)),
            ("pairs", format!("{:?}", self.pairs), format!("{:?}", other.pairs)),
            ("class_moments", format!("{:?}", self.class_moments), format!("{:?}", other.class_moments)),
            ("positive_pairs", format!("{}", self.positive_pairs), format!("{}", other.positive_pairs)),
            ("zero_eps", format!("{}", self.zero_eps), format!("{}", other.zero_eps)),
            ("sample", format!("{:?}", self.sample), format!("{:?}", other.sample)),
            ("draws", format!("{}", self.draws), format!("{}", other.draws)),
            ("seed", format!("{}", self.seed), format!("{}", other.seed)),
        ];
        match fields.into_iter().find(|(_, left, right)| left != right) {
            None => Ok(()),
            Some((field, left, right)) => Err(StatsError::Merge { field, left, right }),
        }
    }
}

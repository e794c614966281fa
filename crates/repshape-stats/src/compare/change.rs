//! What changed between two representations of the same rows: every measure in A, in B, and their difference.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::bootstrap::{Intervals, intervals};
use super::{BootstrapOptions, CompareError};
use crate::{Block, Measurement, Selection, Sketch, SketchConfig, StatsError, measure};

/// One measure of both sides. A count is given as a number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Change {
    /// The name of the measure.
    #[serde(skip)]
    pub measure: &'static str,
    /// Its value in A.
    pub a: Option<f64>,
    /// Its value in B.
    pub b: Option<f64>,
    /// B less A; `None` where one of them is undefined.
    pub difference: Option<f64>,
    /// Lower end of the interval of the difference.
    pub low: Option<f64>,
    /// Upper end of the interval of the difference.
    pub high: Option<f64>,
}

/// The changes of the chosen measures in the order of the catalog. In JSON an object by name, without the notes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Changes {
    /// One for each measure.
    pub changes: Vec<Change>,
    /// What a reader of the numbers should know.
    pub notes: Vec<String>,
}

impl Changes {
    /// The change of a measure; `None` if it was not chosen.
    #[must_use]
    pub fn get(&self, measure: &str) -> Option<&Change> {
        self.changes.iter().find(|change| change.measure == measure)
    }
}

impl Serialize for Changes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.changes.len()))?;
        for change in &self.changes {
            map.serialize_entry(change.measure, change)?;
        }
        map.end()
    }
}

/// Measures A (`N x I_A`) and B (`N x I_B`), the same rows in both, and gives each difference `B - A` with its
/// [bootstrap interval](intervals) over rows. Labels may be on either block or on both; with them,
/// `classes` is the number of classes that the task declares. The options of the selection serve both sides; where each has
/// its own, as the layer that reads it, [`intervals`] takes two selections and [`changes_between`] two measurements.
///
/// ```
/// use repshape_stats::compare::{BootstrapOptions, change};
/// use repshape_stats::{Block, Options, Selection};
///
/// let a: Vec<f32> = (0..60).map(|n| (n * n % 17) as f32).collect();
/// let b: Vec<f32> = a.iter().map(|z| 2.0 * z).collect();
/// let selection = Selection::only(["variance", "rank"], Options::default())?;
/// let (a, b) = (Block::new(&a[..], 3)?, Block::new(&b[..], 3)?);
/// let found = change(&a, &b, None, &selection, &BootstrapOptions::default())?;
/// let variance = found.get("variance").unwrap();
/// // twice the activations: four times the variance
/// assert!((variance.difference.unwrap() - 3.0 * variance.a.unwrap()).abs() < 1e-12 * variance.b.unwrap());
/// assert!(variance.low < variance.difference && variance.difference < variance.high);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the blocks differ in rows or labels, hold a value that is not finite or a label out of range, there are labels but no
/// classes or classes but no labels, or an option is out of range.
pub fn change(
    a: &Block<'_>,
    b: &Block<'_>,
    classes: Option<usize>,
    selection: &Selection,
    options: &BootstrapOptions,
) -> Result<Changes, CompareError> {
    let labels = common_labels(a, b, classes)?;
    let measured = |block: &Block<'_>| -> Result<Measurement, StatsError> {
        let mut sketch = Sketch::new(&SketchConfig { classes, ..selection.config(block.units()) })?;
        let block = match labels {
            Some(labels) => block.with_labels(labels)?,
            None => *block,
        };
        sketch.update(&block)?;
        Ok(measure(&sketch, selection))
    };
    let (in_a, in_b) = (measured(a).map_err(CompareError::A)?, measured(b).map_err(CompareError::B)?);
    let intervals = intervals(a, b, classes, [selection, selection], options, &|_, _| {})?;
    Ok(changes_between(&in_a, &in_b, &intervals))
}

/// The changes from two measurements with the same selection, and intervals that were drawn already, of the same rows or
/// of a sample of them.
#[must_use]
pub fn changes_between(a: &Measurement, b: &Measurement, intervals: &Intervals) -> Changes {
    let change = |(measure, value): (&'static str, Option<crate::Value>)| {
        let (a, b) = (value.map(crate::Value::as_f64), b.get(measure));
        let difference = a.zip(b).map(|(a, b)| b - a).filter(|difference| difference.is_finite());
        // an undefined difference has no interval, whatever the draws say
        let interval = difference.and_then(|_| intervals.get(measure));
        let (low, high) = (interval.map(|i| i.low), interval.map(|i| i.high));
        Change { measure, a, b, difference, low, high }
    };
    let of =
        |side: &str, notes: &[String]| -> Vec<String> { notes.iter().map(|note| format!("{side}: {note}")).collect() };
    let mut notes = [of("A", &a.notes), of("B", &b.notes), intervals.notes.clone()].concat();
    let changes: Vec<Change> = a.measures.iter().map(change).collect();
    let beside = |change: &&Change| change.difference < change.low || change.difference > change.high;
    let beside = |change: &&Change| change.low.is_some() && beside(change);
    let shifted: Vec<&str> = changes.iter().filter(beside).map(|change| change.measure).collect();
    if !shifted.is_empty() {
        notes.push(format!(
            "resampling shifts {}: the interval does not hold the difference, only its width has a meaning",
            shifted.join(", ")
        ));
    }
    Changes { changes, notes }
}

/// The labels of the rows, from whichever side has them.
pub(super) fn common_labels<'a>(
    a: &Block<'a>,
    b: &Block<'a>,
    classes: Option<usize>,
) -> Result<Option<&'a [u32]>, CompareError> {
    if a.rows() != b.rows() {
        return Err(CompareError::Rows { a: a.rows(), b: b.rows() });
    }
    for (block, wrap) in [(a, CompareError::A as fn(StatsError) -> CompareError), (b, CompareError::B)] {
        if block.labels().is_some() && classes.is_none() {
            return Err(wrap(StatsError::LabelsUnexpected { first_row: 0 }));
        }
    }
    let (Some(of_a), Some(of_b)) = (a.labels(), b.labels()) else {
        return Ok(a.labels().or(b.labels()));
    };
    match of_a.iter().zip(of_b).position(|(a, b)| a != b) {
        None => Ok(Some(of_a)),
        Some(row) => Err(CompareError::Labels { row, a: of_a[row], b: of_b[row] }),
    }
}

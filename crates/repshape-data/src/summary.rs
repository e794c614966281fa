//! What `repshape data show` prints.

use serde::Serialize;

use crate::set::{Chosen, DataSet, Values};

/// A data set at a glance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Name in the catalog.
    pub name: String,
    /// Shape of one row.
    pub row_shape: Vec<usize>,
    /// Number of values in a row.
    pub columns: usize,
    /// Number of classes; `None` for data without labels.
    pub classes: Option<usize>,
    /// Their names, where the set has names.
    pub class_names: Option<Vec<String>>,
    /// The training rows, those included that a split takes for validation.
    pub train: PartSummary,
    /// The test rows.
    pub test: PartSummary,
    /// What a user should know: where the test rows come from, how values are scaled.
    pub notes: Vec<String>,
}

/// One part of a [`Summary`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartSummary {
    /// The file of the values.
    pub file: String,
    /// Number of rows.
    pub rows: usize,
    /// Rows of each class; empty for data without labels.
    pub class_counts: Vec<usize>,
    /// Smallest value, as a network gets it.
    pub minimum: f32,
    /// Largest value, as a network gets it.
    pub maximum: f32,
}

/// Shape, rows, class counts and range of a data set. Counting does not split: nobody can choose anything
/// by it.
///
/// ```
/// let digits = repshape_data::load(&"digits".parse()?, &[])?;
/// let summary = repshape_data::summary(&digits);
/// assert_eq!((summary.train.rows, summary.test.rows), (1437, 360));
/// assert_eq!((summary.train.minimum, summary.train.maximum), (0.0, 1.0));
/// # Ok::<(), repshape_data::DataError>(())
/// ```
pub fn summary(set: &DataSet) -> Summary {
    let classes = set.classes().map(|classes| classes.count);
    Summary {
        name: set.name.clone(),
        row_shape: set.row_shape.clone(),
        columns: set.columns(),
        classes,
        class_names: set.classes().and_then(|classes| classes.names.clone()),
        train: part(&set.train, set.columns(), classes.unwrap_or(0)),
        test: part(&set.test, set.columns(), classes.unwrap_or(0)),
        notes: set.notes.clone(),
    }
}

fn part(chosen: &Chosen, columns: usize, classes: usize) -> PartSummary {
    let mut class_counts = vec![0; classes];
    if let Some(labels) = &chosen.part.labels {
        chosen.rows.iter().for_each(|&row| class_counts[labels[row as usize] as usize] += 1);
    }
    let (minimum, maximum) = range(&chosen.part.values, &chosen.rows, columns);
    PartSummary { file: chosen.part.file.clone(), rows: chosen.rows.len(), class_counts, minimum, maximum }
}

fn range(values: &Values, rows: &[u32], columns: usize) -> (f32, f32) {
    let mut buffer = Vec::with_capacity(columns);
    let mut range = (f32::INFINITY, f32::NEG_INFINITY);
    for &row in rows {
        buffer.clear();
        values.push_row(row as usize, columns, &mut buffer);
        range = buffer.iter().fold(range, |(low, high), &x| (low.min(x), high.max(x)));
    }
    range
}

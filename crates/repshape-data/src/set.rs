//! A data set as read: training rows, test rows and what is known of them.

use std::sync::Arc;

use crate::Result;
use crate::error::{DataError, thousands};
use crate::stream::{Purpose, sample, stream};

/// The values of some rows, row-major, in the width they have in the file.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Whole numbers of 8 bits that become `byte / divisor` (255 for pixels, 16 for `digits`) when
    /// the set is split: a quarter of the memory until then.
    Bytes {
        /// The values.
        bytes: Vec<u8>,
        /// What each is divided by.
        divisor: f32,
    },
    /// Numbers used as they are.
    Reals(Vec<f32>),
}

impl Values {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Values::Bytes { bytes, .. } => bytes.len(),
            Values::Reals(reals) => reals.len(),
        }
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends the values of one row, scaled.
    pub(crate) fn push_row(&self, row: usize, columns: usize, out: &mut Vec<f32>) {
        let range = row * columns..(row + 1) * columns;
        match self {
            Values::Bytes { bytes, divisor } => {
                out.extend(bytes[range].iter().map(|&byte| f32::from(byte) / divisor));
            }
            Values::Reals(reals) => out.extend_from_slice(&reals[range]),
        }
    }
}

/// What one set of files gave: values and, if there are any, labels. The file names are for
/// messages.
#[derive(Debug, Clone)]
pub struct Part {
    /// Where the values came from.
    pub file: String,
    /// `rows * columns` values.
    pub values: Values,
    /// Where the labels came from.
    pub labels_file: String,
    /// One class from `0..classes` per row; `None` for data without labels.
    pub labels: Option<Vec<u32>>,
}

/// The classes of a labelled data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classes {
    /// Number of classes `K`, absent ones counted.
    pub count: usize,
    /// A name for each, where the data set has names.
    pub names: Option<Vec<String>>,
}

/// Rows of a part, shared: an index into values that other rows may use too.
#[derive(Debug, Clone)]
pub(crate) struct Chosen {
    pub(crate) part: Arc<Part>,
    pub(crate) rows: Arc<Vec<u32>>,
}

/// A data set: training rows, test rows, classes.
///
/// It can be looked at with [`crate::summary()`] and split with [`DataSet::split`]; nothing else gives its
/// rows away, so that test rows leave it only as [`crate::Test`]. Cloning shares the
/// values.
#[derive(Debug, Clone)]
pub struct DataSet {
    pub(crate) name: String,
    pub(crate) row_shape: Vec<usize>,
    pub(crate) classes: Option<Classes>,
    pub(crate) train: Chosen,
    pub(crate) test: Chosen,
    pub(crate) notes: Vec<String>,
}

/// The seed of the draw that holds out test rows. It is the same for everyone and independent of a run's
/// seed, so that all runs on a set without test rows of its own are tested on the same rows.
const HELD_OUT_SEED: u64 = 0;

/// `ceil(rows / 5)`.
pub(crate) fn a_fifth(rows: usize) -> usize {
    rows.div_ceil(5)
}

impl DataSet {
    /// A data set with test rows of its own.
    ///
    /// `row_shape` is the shape of one row (its product is the number of columns). `classes` is `None` for
    /// data without labels, in which case both parts must have none.
    ///
    /// # Errors
    ///
    /// A part without rows or with more than 2^32 - 1, values that are no whole number of rows or not finite, labels
    /// of another number or not below the number of classes: the message names the file and the
    /// row.
    ///
    /// ```
    /// use repshape_data::{Classes, DataSet, Part, SplitSpec, Values};
    ///
    /// let part = |rows: usize| Part {
    ///     file: "made up".into(),
    ///     values: Values::Reals((0..rows * 3).map(|i| i as f32).collect()),
    ///     labels_file: "made up".into(),
    ///     labels: Some((0..rows as u32).map(|n| n % 2).collect()),
    /// };
    /// let classes = Classes { count: 2, names: None };
    /// let set = DataSet::new("toy", &[3], part(10), part(4), Some(classes))?;
    /// let (tuning, test) = set.split(&SplitSpec::default())?;
    /// assert_eq!((tuning.train.rows(), tuning.validation.rows(), test.rows()), (8, 2, 4));
    /// # Ok::<(), repshape_data::DataError>(())
    /// ```
    pub fn new(name: &str, row_shape: &[usize], train: Part, test: Part, classes: Option<Classes>) -> Result<DataSet> {
        let columns = row_shape.iter().product();
        let train_rows = check(&train, columns, classes.as_ref())?;
        let test_rows = check(&test, columns, classes.as_ref())?;
        let notes = vec![scaling(&train.values)];
        Ok(DataSet {
            name: name.to_owned(),
            row_shape: row_shape.to_vec(),
            classes,
            train: Chosen { part: Arc::new(train), rows: Arc::new((0..train_rows).collect()) },
            test: Chosen { part: Arc::new(test), rows: Arc::new((0..test_rows).collect()) },
            notes,
        })
    }

    /// A data set without test rows of its own: a fifth of its rows (rounded up) is held out by a
    /// draw that is the same for everyone, `sample(rows, ceil(rows/5), stream(0, Split, 2))`.
    ///
    /// # Errors
    ///
    /// As [`DataSet::new`]; and fewer than five rows.
    pub fn with_held_out_test(
        name: &str,
        row_shape: &[usize],
        part: Part,
        classes: Option<Classes>,
    ) -> Result<DataSet> {
        let rows = check(&part, row_shape.iter().product(), classes.as_ref())? as usize;
        if rows < 5 {
            return Err(DataError::file(
                part.file,
                format!("has {rows} rows; at least 5 are needed to hold out a fifth for the test"),
            ));
        }
        let mut held_out = vec![false; rows];
        let mut rng = stream(HELD_OUT_SEED, Purpose::Split, 2);
        sample(rows, a_fifth(rows), &mut rng).into_iter().for_each(|row| held_out[row] = true);
        let (test, train): (Vec<u32>, Vec<u32>) = (0..rows as u32).partition(|&row| held_out[row as usize]);
        let note = format!(
            "no test rows of its own: {} of {} rows held out for the test by a fixed seeded draw",
            thousands(test.len() as u64),
            thousands(rows as u64)
        );
        let notes = vec![note, scaling(&part.values)];
        let part = Arc::new(part);
        Ok(DataSet {
            name: name.to_owned(),
            row_shape: row_shape.to_vec(),
            classes,
            train: Chosen { part: part.clone(), rows: Arc::new(train) },
            test: Chosen { part, rows: Arc::new(test) },
            notes,
        })
    }

    /// Adds a sentence that [`crate::summary()`] shows.
    pub fn with_note(mut self, note: impl Into<String>) -> DataSet {
        self.notes.push(note.into());
        self
    }

    /// The name in the catalog.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The shape of one row, for example `[28, 28]`.
    pub fn row_shape(&self) -> &[usize] {
        &self.row_shape
    }

    /// Number of values in a row.
    pub fn columns(&self) -> usize {
        self.row_shape.iter().product()
    }

    /// The classes; `None` for data without labels.
    pub fn classes(&self) -> Option<&Classes> {
        self.classes.as_ref()
    }

    /// Number of training rows, those included that a split takes for validation.
    pub fn train_rows(&self) -> usize {
        self.train.rows.len()
    }

    /// Number of test rows.
    pub fn test_rows(&self) -> usize {
        self.test.rows.len()
    }
}

/// What becomes of the values, in words.
fn scaling(values: &Values) -> String {
    match values {
        Values::Bytes { divisor, .. } if *divisor == 1.0 => {
            "8-bit values used as they are, from 0 to 255: standardize, or divide them beforehand".to_owned()
        }
        Values::Bytes { divisor, .. } => format!("8-bit values divided by {divisor}"),
        Values::Reals(_) => "values used as they are".to_owned(),
    }
}

/// The number of rows of a part that is as it should be.
fn check(part: &Part, columns: usize, classes: Option<&Classes>) -> Result<u32> {
    let values = part.values.len();
    if values == 0 || columns == 0 {
        return Err(DataError::file(&part.file, "holds no rows"));
    }
    if !values.is_multiple_of(columns) {
        return Err(DataError::file(
            &part.file,
            format!("holds {values} values, which is no whole number of rows of {columns}"),
        ));
    }
    let rows = u32::try_from(values / columns).map_err(|_| {
        let rows = thousands((values / columns) as u64);
        DataError::file(&part.file, format!("has {rows} rows; at most 4,294,967,295 can be used"))
    })?;
    if let Values::Reals(reals) = &part.values
        && let Some(at) = reals.iter().position(|value| !value.is_finite())
    {
        return Err(DataError::file(
            &part.file,
            format!(
                "row {}, column {} is {}; every value must be finite and fit 32 bits",
                at / columns,
                at % columns,
                reals[at]
            ),
        ));
    }
    match (&part.labels, classes) {
        (None, None) => {}
        (Some(labels), Some(classes)) => {
            if labels.len() != rows as usize {
                return Err(DataError::file(
                    &part.labels_file,
                    format!(
                        "has {} labels, but {} has {} rows",
                        thousands(labels.len() as u64),
                        part.file,
                        thousands(u64::from(rows))
                    ),
                ));
            }
            if let Some(row) = labels.iter().position(|&label| label as usize >= classes.count) {
                return Err(DataError::file(
                    &part.labels_file,
                    format!(
                        "row {row} has label {}, but there are {} classes (labels run from 0 to {})",
                        labels[row],
                        classes.count,
                        classes.count.saturating_sub(1)
                    ),
                ));
            }
        }
        (Some(_), None) => {
            return Err(DataError::file(&part.labels_file, "has labels, but no classes are declared"));
        }
        (None, Some(_)) => {
            return Err(DataError::file(&part.file, "has no labels, but the data set has classes"));
        }
    }
    Ok(rows)
}

//! Training, validation and test rows as types, and the draw that makes them.

use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::error::{DataError, thousands};
use crate::set::{Chosen, DataSet, a_fifth};
use crate::standardize::Standardization;
use crate::stream::{Purpose, sample, stream};

/// What a network is to give for each row.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Targets {
    /// A class from `0..count`.
    Classes {
        /// One per row.
        labels: Arc<Vec<u32>>,
        /// Number of classes `K`, absent ones counted.
        count: usize,
    },
    /// The row itself: data without labels, for autoencoders.
    Input,
}

/// Rows of a data set with their targets. Cloning is cheap: worker threads share one copy.
#[derive(Debug, Clone)]
pub struct Examples {
    pub(crate) values: Arc<Vec<f32>>,
    pub(crate) row_shape: Arc<[usize]>,
    targets: Targets,
    source_rows: Arc<Vec<u32>>,
}

impl Examples {
    /// All values, row-major: `rows() * columns()` of them.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.source_rows.len()
    }

    /// Number of values in a row.
    pub fn columns(&self) -> usize {
        self.row_shape.iter().product()
    }

    /// The shape of one row, for example `[28, 28]`.
    pub fn row_shape(&self) -> &[usize] {
        &self.row_shape
    }

    /// One row's values.
    pub fn row(&self, row: usize) -> &[f32] {
        let columns = self.columns();
        &self.values[row * columns..(row + 1) * columns]
    }

    /// What is to be predicted.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// The label of each row; `None` where the target is no class.
    pub fn labels(&self) -> Option<&[u32]> {
        match &self.targets {
            Targets::Classes { labels, .. } => Some(labels),
            Targets::Input => None,
        }
    }

    /// Number of classes `K`, absent ones counted; `None` where the target is no class.
    pub fn classes(&self) -> Option<usize> {
        match &self.targets {
            Targets::Classes { count, .. } => Some(*count),
            Targets::Input => None,
        }
    }

    /// Each row's number in the file it came from.
    pub fn source_rows(&self) -> &[u32] {
        &self.source_rows
    }

    /// Replaces `batch` by the values of the given rows, one after the other: a batch of
    /// [`crate::epoch_order`].
    ///
    /// # Panics
    ///
    /// If a row is not below `rows()`.
    pub fn gather(&self, rows: &[u32], batch: &mut Vec<f32>) {
        batch.clear();
        batch.reserve(rows.len() * self.columns());
        for &row in rows {
            batch.extend_from_slice(self.row(row as usize));
        }
    }

    /// Replaces `batch` by the labels of the given rows; leaves it empty where the target is no
    /// class.
    ///
    /// # Panics
    ///
    /// If a row is not below `rows()`.
    pub fn gather_labels(&self, rows: &[u32], batch: &mut Vec<u32>) {
        batch.clear();
        if let Some(labels) = self.labels() {
            batch.extend(rows.iter().map(|&row| labels[row as usize]));
        }
    }
}

macro_rules! parts {
    ($($(#[$doc:meta])* $part:ident),*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $part(Examples);

        impl $part {
            /// For maps that leave rows and targets as they are.
            pub(crate) fn examples_mut(&mut self) -> &mut Examples {
                &mut self.0
            }
        }

        impl Deref for $part {
            type Target = Examples;
            fn deref(&self) -> &Examples {
                &self.0
            }
        }
    )*};
}

parts! {
    /// Rows that a network is fitted to. Only [`DataSet::split`] makes them: a trainer that takes
    /// `&Train` cannot be given test rows.
    ///
    /// ```compile_fail,E0308
    /// # use repshape_data::{SplitSpec, Test, Train, load};
    /// fn fit(rows: &Train) {}
    /// # let digits = load(&"digits".parse().unwrap(), &[]).unwrap();
    /// let (tuning, test) = digits.split(&SplitSpec::default()).unwrap();
    /// fit(&test);
    /// ```
    Train,
    /// Rows by which weights of penalties, epochs and networks are chosen. There may be none
    /// (`rows() == 0`) where the spec asks for none.
    Validation,
    /// Rows that nothing is chosen by: for the last evaluation of what was chosen.
    Test
}

/// All that a selection stage gets. There is no way from here to the test rows:
///
/// ```compile_fail,E0609
/// # use repshape_data::{SplitSpec, Tuning, load};
/// fn select(tuning: &Tuning) -> usize {
///     tuning.test.rows()
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Tuning {
    /// The rows to fit.
    pub train: Train,
    /// The rows to choose by.
    pub validation: Validation,
    /// The map by training rows that all parts went through, if the spec asked for one.
    pub standardization: Option<Standardization>,
}

/// How many rows: `validation = 10000` or `validation = 0.2` in a spec.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Hold {
    /// So many.
    Rows(usize),
    /// This part of the training rows, from 0 to below 1, rounded up.
    Fraction(f64),
}

/// A whole number is a number of rows, any other number a fraction: `10000`, `0.2`.
impl std::str::FromStr for Hold {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Hold> {
        let rows = text.parse().map(Hold::Rows).ok();
        rows.or_else(|| text.parse().map(Hold::Fraction).ok()).ok_or_else(|| {
            DataError::Request(format!("{text:?} is no number of rows and no fraction from 0 to below 1"))
        })
    }
}

/// How a data set is split.
///
/// 1. Validation rows are drawn from the training rows: `sample(n, v, stream(seed, Split, 0))`.
/// 2. If `train_rows` is given, so many of the others are drawn, `stream(seed, Split, 1)`; the rest
///    is left out.
///
/// Both draws are uniform without regard to the classes, so class counts vary as chance has it. Rows stay in
/// the order of the file. The same seed gives the same validation rows whatever
/// `train_rows` is.
///
/// ```
/// use repshape_data::{DataSpec, Hold, SplitSpec, load};
///
/// let digits = load(&"digits".parse::<DataSpec>()?, &[])?;
/// let spec = SplitSpec { validation: Some(Hold::Fraction(0.1)), train_rows: Some(1000), ..SplitSpec::default() };
/// let (tuning, _test) = digits.split(&spec)?;
/// assert_eq!((tuning.train.rows(), tuning.validation.rows()), (1000, 144));
/// # Ok::<(), repshape_data::DataError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplitSpec {
    /// Validation rows. Default: a fifth of the training rows rounded up, at most 10,000 (which gives MNIST
    /// its usual 10,000).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<Hold>,
    /// Training rows to keep after validation is taken. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_rows: Option<usize>,
    /// Whether every column gets mean 0 and variance 1 over the training rows that are kept; a column
    /// that is constant there becomes 0 everywhere.
    pub standardize: bool,
    /// Seed of both draws.
    pub seed: u64,
}

/// Largest default number of validation rows.
const MOST_VALIDATION_ROWS: usize = 10_000;

impl DataSet {
    /// Splits into what may be tuned on and the test rows. Keep the [`Test`] where nothing is
    /// chosen.
    ///
    /// # Errors
    ///
    /// A fraction that is not in `[0, 1)`, or more rows asked for than there are.
    pub fn split(&self, spec: &SplitSpec) -> Result<(Tuning, Test)> {
        let rows = self.train_rows();
        let held = match spec.validation {
            None => a_fifth(rows).min(MOST_VALIDATION_ROWS),
            Some(Hold::Rows(held)) => held,
            Some(Hold::Fraction(part)) => {
                if !(0.0..1.0).contains(&part) {
                    return Err(DataError::Request(format!(
                        "validation = {part} is no number of rows and no fraction from 0 to below 1"
                    )));
                }
                (part * rows as f64).ceil() as usize
            }
        };
        if held >= rows {
            return Err(DataError::Request(format!(
                "{} validation rows leave nothing to train on: {} has {} training rows",
                thousands(held as u64),
                self.name,
                thousands(rows as u64)
            )));
        }
        let mut is_held = vec![false; rows];
        let validation = sample(rows, held, &mut stream(spec.seed, Purpose::Split, 0));
        validation.iter().for_each(|&row| is_held[row] = true);
        let mut train: Vec<usize> = (0..rows).filter(|&row| !is_held[row]).collect();
        if let Some(wanted) = spec.train_rows {
            if wanted == 0 || wanted > train.len() {
                return Err(DataError::Request(format!(
                    "{} training rows cannot be had: {} has {} and validation takes {} of them, which leaves 1 to {}",
                    thousands(wanted as u64),
                    self.name,
                    thousands(rows as u64),
                    thousands(held as u64),
                    thousands(train.len() as u64)
                )));
            }
            let kept = sample(train.len(), wanted, &mut stream(spec.seed, Purpose::Split, 1));
            train = kept.into_iter().map(|i| train[i]).collect();
        }
        let test: Vec<usize> = (0..self.test_rows()).collect();
        let mut train = self.take(&self.train, &train);
        let mut validation = self.take(&self.train, &validation);
        let mut test = self.take(&self.test, &test);
        let standardization = spec.standardize.then(|| {
            let map = Standardization::of(&train.values, self.columns());
            for part in [&mut train, &mut validation, &mut test] {
                let mut values = std::mem::take(&mut part.values);
                map.apply(Arc::make_mut(&mut values).as_mut_slice());
                part.values = values;
            }
            map
        });
        let tuning = Tuning { train: Train(train), validation: Validation(validation), standardization };
        Ok((tuning, Test(test)))
    }

    /// Copies the chosen rows, scaled.
    fn take(&self, from: &Chosen, chosen: &[usize]) -> Examples {
        let columns = self.columns();
        let source_rows: Vec<u32> = chosen.iter().map(|&i| from.rows[i]).collect();
        let mut values = Vec::with_capacity(source_rows.len() * columns);
        for &row in &source_rows {
            from.part.values.push_row(row as usize, columns, &mut values);
        }
        let targets = match (&from.part.labels, &self.classes) {
            (Some(labels), Some(classes)) => Targets::Classes {
                labels: Arc::new(source_rows.iter().map(|&row| labels[row as usize]).collect()),
                count: classes.count,
            },
            _ => Targets::Input,
        };
        Examples {
            values: Arc::new(values),
            row_shape: self.row_shape.as_slice().into(),
            targets,
            source_rows: Arc::new(source_rows),
        }
    }
}

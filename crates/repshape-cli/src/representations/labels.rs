//! Labels of an input's rows, handed out as the rows come.

use std::path::Path;

use repshape_data::{LabelOptions, read_labels};

use crate::failure::{Failure, Outcome};

/// One label for each row of an input.
#[derive(Debug)]
pub struct RowLabels {
    values: Vec<u32>,
    /// Number of declared classes.
    pub classes: usize,
    next: usize,
}

impl RowLabels {
    /// Those of a file; `rows` of the input called `shown`, if their number is known.
    pub fn read(
        file: &Path,
        classes: Option<usize>,
        key: Option<String>,
        rows: Option<usize>,
        shown: &str,
    ) -> Outcome<Self> {
        let rows = rows.map(|rows| (rows, shown.to_owned()));
        let labels = read_labels(file, &LabelOptions { classes, key, rows })?;
        Ok(Self { values: labels.values, classes: labels.classes, next: 0 })
    }

    /// Those that came with the rows of a data set.
    pub fn of(values: &[u32], classes: usize) -> Self {
        Self { values: values.to_vec(), classes, next: 0 }
    }

    /// The labels of the next rows.
    pub fn take(&mut self, rows: usize, shown: &str) -> Outcome<&[u32]> {
        let from = self.next;
        self.next += rows;
        self.values.get(from..self.next).ok_or_else(|| {
            Failure::usage(format!(
                "{shown} has more rows than there are labels ({}); expected one for each row",
                self.values.len()
            ))
        })
    }

    /// Whether every label was used, asked after the last row.
    pub fn finish(&self, shown: &str) -> Outcome {
        if self.next == self.values.len() {
            return Ok(());
        }
        Err(Failure::usage(format!(
            "{shown} has {} rows, and there are {} labels; expected one for each row",
            self.next,
            self.values.len()
        )))
    }
}

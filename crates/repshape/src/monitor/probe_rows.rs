//! The rows that a monitor looks at, the same at every probe.

use burn::tensor::{Device, Tensor};
use repshape_data::{Examples, Purpose, sample, stream};

use super::MonitorError;
use crate::batch::batch;
use crate::task::Target;

/// The place of the draw among the streams for samples.
const STREAM: u64 = 0x006d_6f6e_6974_6f72;

/// A fixed set of rows on a device, off the tape.
#[derive(Debug, Clone)]
pub struct ProbeRows {
    pub(super) input: Tensor<2>,
    pub(super) labels: Option<(Vec<u32>, usize)>,
    pub(super) varies: bool,
}

impl ProbeRows {
    /// The rows `[N, inputs]`, off the tape; with labels, one a row, and the number of classes, the class-wise measures
    /// are defined.
    ///
    /// # Errors
    /// No rows; a label too many, too few, or out of range.
    pub fn new(input: Tensor<2>, labels: Option<(Vec<u32>, usize)>) -> Result<Self, MonitorError> {
        let [rows, columns] = input.dims();
        if rows == 0 {
            return Err(MonitorError::NoRows);
        }
        if let Some((labels, classes)) = &labels {
            if labels.len() != rows {
                return Err(MonitorError::LabelCount { labels: labels.len(), rows });
            }
            if let Some(row) = labels.iter().position(|&label| label as usize >= *classes) {
                return Err(MonitorError::LabelRange { row, label: labels[row], classes: *classes });
            }
        }
        let first = input.clone().slice([0..1, 0..columns]);
        let varies = input.clone().not_equal(first.expand([rows, columns])).any().into_scalar::<bool>();
        Ok(Self { input, labels, varies })
    }

    /// `rows` of the examples (all, if they are fewer), drawn by `seed`: training rows or validation rows.
    ///
    /// # Errors
    /// No rows.
    pub fn draw(examples: &Examples, rows: usize, seed: u64, device: &Device) -> Result<Self, MonitorError> {
        let drawn = sample(examples.rows(), rows, &mut stream(seed, Purpose::Sample, STREAM));
        let indices: Vec<u32> = drawn.into_iter().map(|row| row as u32).collect();
        let batch = batch(examples, &indices, Target::Input, device, false);
        Self::new(batch.input, examples.classes().map(|classes| (batch.labels, classes)))
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.input.dims()[0]
    }
}

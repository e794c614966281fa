//! Error and loss over rows, off the tape.

use burn::tensor::{Device, activation};
use repshape_data::Examples;
use serde::{Deserialize, Serialize};

use crate::batch::batch;
use crate::network::Network;
use crate::objective::Objective;
use crate::task::{Target, Task};

/// Rows of one forward pass without a tape.
pub(crate) const BLOCK: usize = 1000;

/// How well a network does on some rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Share of rows whose largest output is not their class; `None` when the targets are the
    /// inputs.
    pub error: Option<f64>,
    /// The task's loss, without penalties.
    pub loss: f64,
}

/// Scores of `network` (off the tape: `Module::valid`) on `rows`. No rows: loss 0.
pub fn evaluate<N: Network>(network: &N, rows: &Examples, objective: &Objective, device: &Device) -> Scores {
    let total = rows.rows();
    let indices: Vec<u32> = (0..total as u32).collect();
    let mut loss = 0.0;
    let mut wrong = 0_usize;
    for block in indices.chunks(BLOCK) {
        let batch = batch(rows, block, objective.target(), device, false);
        let outputs = network.forward(batch.input);
        let (value, _) = objective.task().value_and_gradient(&outputs, &batch.targets);
        loss += f64::from(value.into_scalar::<f32>()) * block.len() as f64;
        if objective.target() == Target::Labels {
            let columns = outputs.dims()[1];
            let outputs = outputs.into_data();
            let outputs = outputs.as_slice::<f32>().unwrap_or_default();
            wrong += outputs
                .chunks(columns)
                .zip(&batch.labels)
                .filter(|(row, label)| first_largest(row) != **label as usize)
                .count();
        }
    }
    let per_row = 1.0 / total.max(1) as f64;
    Scores { error: (objective.target() == Target::Labels).then_some(wrong as f64 * per_row), loss: loss * per_row }
}

/// Mean squared difference of a network's outputs and its targets, over rows and columns; the logistic of the outputs
/// where the task takes logits of it. `network` is off the tape. No rows: 0.
///
/// `1/(N O) sum_n sum_o (f(y_no) - t_no)^2`.
pub fn mean_squared_error<N: Network>(network: &N, rows: &Examples, objective: &Objective, device: &Device) -> f64 {
    let total = rows.rows();
    let indices: Vec<u32> = (0..total as u32).collect();
    let mut sum = 0.0;
    for block in indices.chunks(BLOCK) {
        let batch = batch(rows, block, objective.target(), device, false);
        let outputs = network.forward(batch.input);
        let outputs = match objective.task() {
            Task::BinaryCrossEntropy => activation::sigmoid(outputs),
            Task::MeanSquaredError | Task::CrossEntropy => outputs,
        };
        let (value, _) = Task::MeanSquaredError.value_and_gradient(&outputs, &batch.targets);
        sum += f64::from(value.into_scalar::<f32>()) * block.len() as f64;
    }
    sum / total.max(1) as f64
}

/// Index of the first largest entry; NaN is never the largest.
pub(crate) fn first_largest(row: &[f32]) -> usize {
    let mut best = 0;
    for (i, value) in row.iter().enumerate() {
        if *value > row[best] || row[best].is_nan() {
            best = i;
        }
    }
    best
}

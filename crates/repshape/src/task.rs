//! What the network is trained to do, before any penalty.

use std::fmt;
use std::str::FromStr;

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

use crate::binary_cross_entropy;

/// The task's loss over outputs `y` and targets `t`, both `[N, O]`.
///
/// | task | value | gradient |
/// |---|---|---|
/// | cross-entropy | `-1/N sum_n sum_k t_kn ln softmax(y_n)_k` | `(softmax(y) - t) / N` |
/// | mean squared error | `1/(N O) sum (y - t)^2` | `2 (y - t) / (N O)` |
/// | binary cross-entropy | `1/(N O) sum (softplus(y) - t y)`, y a logit | `(logistic(y) - t) / (N O)` |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Cross-entropy of the softmax of the outputs.
    #[default]
    CrossEntropy,
    /// Mean squared error over all entries.
    MeanSquaredError,
    /// Binary cross-entropy of the logistic of the outputs, over all entries.
    BinaryCrossEntropy,
}

/// What the outputs are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// The row's class, as a one-hot vector.
    #[default]
    Labels,
    /// The row itself (autoencoders).
    Input,
}

impl Task {
    /// Every task.
    pub const ALL: [Self; 3] = [Self::CrossEntropy, Self::MeanSquaredError, Self::BinaryCrossEntropy];

    /// The name used in specs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CrossEntropy => "cross-entropy",
            Self::MeanSquaredError => "mean-squared-error",
            Self::BinaryCrossEntropy => "binary-cross-entropy",
        }
    }

    /// The loss `[1]` and its gradient `[N, O]` with respect to the outputs.
    pub fn value_and_gradient(self, outputs: &Tensor<2>, targets: &Tensor<2>) -> (Tensor<1>, Tensor<2>) {
        let [rows, columns] = outputs.dims();
        let per_row = 1.0 / rows as f64;
        let per_entry = per_row / columns as f64;
        match self {
            Self::CrossEntropy => {
                let log = activation::log_softmax(outputs.clone(), 1);
                let value = (log.clone() * targets.clone()).sum() * -per_row;
                (value, (log.exp() - targets.clone()) * per_row)
            }
            Self::MeanSquaredError => {
                let error = outputs.clone() - targets.clone();
                let value = (error.clone() * error.clone()).sum() * per_entry;
                (value, error * (2.0 * per_entry))
            }
            Self::BinaryCrossEntropy => binary_cross_entropy::value_and_gradient(outputs, targets),
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Task {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|t| t.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            format!("unknown task \"{text}\"{}; known: {}", crate::nearest::suggestion(text, names), names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device, TensorData};

    use super::*;

    fn f64s(values: &[f64], shape: [usize; 2]) -> Tensor<2> {
        let device = Device::flex();
        Tensor::from_data(TensorData::new(values.to_vec(), shape), (&device, DType::F64))
    }

    #[test]
    fn gradients_are_central_differences() {
        let outputs = [0.3, -1.2, 2.0, 0.7, 0.0, -30.0];
        let targets = f64s(&[1.0, 0.0, 0.0, 0.0, 0.0, 1.0], [2, 3]);
        for task in Task::ALL {
            let value = |y: &[f64]| {
                let (value, _) = task.value_and_gradient(&f64s(y, [2, 3]), &targets);
                value.into_scalar::<f64>()
            };
            let (_, gradient) = task.value_and_gradient(&f64s(&outputs, [2, 3]), &targets);
            let gradient = gradient.into_data().try_into_vec::<f64>().unwrap();
            for i in 0..outputs.len() {
                let h = 1e-6;
                let (mut up, mut down) = (outputs, outputs);
                up[i] += h;
                down[i] -= h;
                let difference = (value(&up) - value(&down)) / (2.0 * h);
                assert!((difference - gradient[i]).abs() < 1e-8, "{task} entry {i}");
            }
        }
    }

    #[test]
    fn hand_worked_values() {
        // two equal logits: ln 2; squared error (1 + 4)/2; softplus(0) - 0 and softplus(0) - 0
        let targets = f64s(&[1.0, 0.0], [1, 2]);
        let value = |task: Task, y: &[f64]| {
            let (value, _) = task.value_and_gradient(&f64s(y, [1, 2]), &targets);
            value.into_scalar::<f64>()
        };
        assert!((value(Task::CrossEntropy, &[5.0, 5.0]) - 2_f64.ln()).abs() < 1e-12);
        assert!((value(Task::MeanSquaredError, &[2.0, 2.0]) - 2.5).abs() < 1e-12);
        assert!((value(Task::BinaryCrossEntropy, &[0.0, 0.0]) - 2_f64.ln()).abs() < 1e-12);
    }
}

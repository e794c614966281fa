//! Rows of one step, gathered on the host and moved to the device.

use burn::tensor::{Device, Tensor, TensorData};
use repshape_data::{Examples, Targets};

use crate::task::Target;

/// Rows of one step, on the device.
#[derive(Debug, Clone)]
pub struct Batch {
    /// `[N, inputs]`; on the tape's device while training.
    pub input: Tensor<2>,
    /// `[N, outputs]`, off the tape.
    pub targets: Tensor<2>,
    /// Classes of the rows; empty without labels.
    pub labels: Vec<u32>,
    /// The device off the tape.
    pub device: Device,
}

/// Gathers `indices` of `rows`; the input goes to `device`, on the tape when `tape` is set.
///
/// Without labels and with [`Target::Labels`] the targets have no column; `fit` and `evaluate`
/// refuse that before they come here.
pub fn batch(rows: &Examples, indices: &[u32], target: Target, device: &Device, tape: bool) -> Batch {
    let columns = rows.columns();
    let mut values = Vec::with_capacity(indices.len() * columns);
    rows.gather(indices, &mut values);
    let mut labels = Vec::new();
    rows.gather_labels(indices, &mut labels);
    let plain = Tensor::<2>::from_data(TensorData::new(values, [indices.len(), columns]), device);
    let targets = match (target, rows.targets()) {
        (Target::Labels, Targets::Classes { count, .. }) => one_hot(&labels, *count, device),
        (Target::Labels, _) => one_hot(&[], 0, device),
        (Target::Input, _) => plain.clone(),
    };
    Batch { input: if tape { Tensor::from_inner(plain) } else { plain }, targets, labels, device: device.clone() }
}

/// Width of the targets: the number of classes, or of input columns; `None` when labels are
/// wanted and there are none.
pub fn target_columns(rows: &Examples, target: Target) -> Option<usize> {
    match (target, rows.targets()) {
        (Target::Input, _) => Some(rows.columns()),
        (Target::Labels, Targets::Classes { count, .. }) => Some(*count),
        (Target::Labels, _) => None,
    }
}

fn one_hot(labels: &[u32], classes: usize, device: &Device) -> Tensor<2> {
    let mut hot = vec![0.0_f32; labels.len() * classes];
    for (row, &label) in labels.iter().enumerate() {
        hot[row * classes + label as usize] = 1.0;
    }
    Tensor::from_data(TensorData::new(hot, [labels.len(), classes]), device)
}

//! Fitting an output layer again: softmax regression on what enters it, on the host.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use repshape_data::epoch_order;
use repshape_stats::moments::ClassMoments;
use repshape_stats::rewire::{Affine, Cutoff, Layer, SiteStatistics, fold_into_reader};
use repshape_stats::{Block, SampleSize, Sketch, SketchConfig};

use super::RewireNetworkError;
use super::apply::at;
use crate::evaluate::{BLOCK, first_largest};
use crate::optimizer::{Optimizer, OptimizerConfig};

/// Eigenvalues of the features' covariance up to this share of the largest are noise of `f32`.
const NOISE: f64 = 1e-10;

/// How the output layer is fine-tuned: mini-batches of softmax cross-entropy, the rows of each epoch in the order of
/// [`epoch_order`].
///
/// The layer is fitted in whitened features, which changes nothing of what it can compute (theorem 1) and much of how fast it
/// gets there: behind a map such as ones with a random diagonal the features are all but equal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FineTune {
    /// Passes over the rows; 0 leaves the layer as the fold gave it.
    pub epochs: usize,
    /// Rows of a step, at least 1.
    pub batch_size: usize,
    /// The optimiser.
    pub optimizer: OptimizerConfig,
    /// Seed of the order of the rows.
    pub seed: u64,
}

impl Default for FineTune {
    /// 20 epochs of batches of 100 rows by Adam with 1e-3, seed 0.
    fn default() -> Self {
        let optimizer = OptimizerConfig::Adam(crate::optimizer::Adam::with_rate(1e-3));
        Self { epochs: 20, batch_size: 100, optimizer, seed: 0 }
    }
}

impl FineTune {
    pub(super) fn check(&self) -> Result<(), RewireNetworkError> {
        if self.batch_size > 0 {
            return Ok(());
        }
        Err(RewireNetworkError::Setting { field: "batch_size", found: "0".into(), expected: "at least 1" })
    }
}

/// What enters the output layer for some rows, and their labels.
pub(super) struct Features<'a> {
    pub(super) values: &'a [f32],
    pub(super) labels: &'a [u32],
}

/// The layer after the fit. Cost beside the epochs: the covariance of the features and its eigenvectors, `O(units^3)`.
///
/// # Errors
/// Features or weights that are not finite, or no rows in a batch.
pub(super) fn fine_tune(
    layer: &Layer,
    features: &Features<'_>,
    options: &FineTune,
) -> Result<Layer, RewireNetworkError> {
    options.check()?;
    if options.epochs == 0 || features.labels.is_empty() {
        return Ok(layer.clone());
    }
    let units = layer.inputs();
    let whitening = whitening(features.values, units)?;
    let mut values = Vec::with_capacity(features.values.len());
    for block in features.values.chunks(BLOCK * units) {
        let block: Vec<f64> = block.iter().map(|&x| f64::from(x)).collect();
        values.extend(whitening.apply(&block).map_err(at("output"))?.into_iter().map(|x| x as f32));
    }
    let mut whitened = layer.clone();
    fold_into_reader(&mut whitened, &whitening).map_err(at("output"))?;
    let mut regression = Regression::of(&whitened);
    regression.fit(&Features { values: &values, labels: features.labels }, options);
    let mut fitted = regression.layer().map_err(at("output"))?;
    fold_into_reader(&mut fitted, &whitening.inverse()).map_err(at("output"))?;
    Ok(fitted)
}

/// Share of the rows whose largest output is not their class.
pub(super) fn error(layer: &Layer, features: &Features<'_>) -> f64 {
    let regression = Regression::of(layer);
    let mut wrong = 0usize;
    let mut outputs = Vec::new();
    for (values, labels) in features.values.chunks(BLOCK * regression.units).zip(features.labels.chunks(BLOCK)) {
        regression.outputs(values, &mut outputs);
        let rows = outputs.chunks_exact(regression.classes).zip(labels);
        wrong += rows.filter(|(row, label)| first_largest(row) != **label as usize).count();
    }
    wrong as f64 / features.labels.len().max(1) as f64
}

fn whitening(values: &[f32], units: usize) -> Result<Affine, RewireNetworkError> {
    let config = SketchConfig {
        class_moments: ClassMoments::Off,
        positive_pairs: false,
        sample: SampleSize::AtMost(1),
        ..SketchConfig::new(units)
    };
    let mut sketch = Sketch::new(&config)?;
    sketch.update(&Block::new(values, units)?)?;
    let known = SiteStatistics::of(sketch.moments()).map_err(at("output"))?;
    Ok(Affine::whiten(&known, Cutoff::Share(NOISE)).map_err(at("output"))?.affine)
}

/// `y = x W + b` in `f32`.
struct Regression {
    units: usize,
    classes: usize,
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Regression {
    fn of(layer: &Layer) -> Self {
        let cast = |values: &[f64]| values.iter().map(|&x| x as f32).collect();
        let (units, classes) = (layer.inputs(), layer.outputs());
        Self { units, classes, weights: cast(layer.weights()), bias: cast(layer.bias()) }
    }

    fn layer(&self) -> Result<Layer, repshape_stats::rewire::RewireError> {
        let cast = |values: &[f32]| values.iter().map(|&x| f64::from(x)).collect();
        Layer::new(self.units, cast(&self.weights), cast(&self.bias))
    }

    fn outputs(&self, values: &[f32], outputs: &mut Vec<f32>) {
        let rows = values.len() / self.units;
        outputs.clear();
        (0..rows).for_each(|_| outputs.extend_from_slice(&self.bias));
        let x = MatRef::from_row_major_slice(values, rows, self.units);
        let w = MatRef::from_row_major_slice(&self.weights, self.units, self.classes);
        matmul(MatMut::from_row_major_slice_mut(outputs, rows, self.classes), Accum::Add, x, w, 1.0, Par::Seq);
    }

    fn fit(&mut self, features: &Features<'_>, options: &FineTune) {
        let mut optimizer = Optimizer::new(options.optimizer);
        let (mut values, mut outputs) = (Vec::new(), Vec::new());
        let (mut of_weights, mut of_bias) = (vec![0.0; self.weights.len()], vec![0.0; self.classes]);
        for epoch in 0..options.epochs as u64 {
            for rows in epoch_order(options.seed, epoch, features.labels.len()).chunks(options.batch_size) {
                values.clear();
                for &row in rows {
                    let start = row as usize * self.units;
                    values.extend_from_slice(&features.values[start..start + self.units]);
                }
                self.outputs(&values, &mut outputs);
                let labels = rows.iter().map(|&row| features.labels[row as usize]);
                let per_row = 1.0 / rows.len() as f32;
                outputs.chunks_exact_mut(self.classes).zip(labels).for_each(|(y, k)| to_gradient(y, k, per_row));
                let x = MatRef::from_row_major_slice(&values, rows.len(), self.units);
                let g = MatRef::from_row_major_slice(&outputs, rows.len(), self.classes);
                let into = MatMut::from_row_major_slice_mut(&mut of_weights, self.units, self.classes);
                matmul(into, Accum::Replace, x.transpose(), g, 1.0, Par::Seq);
                of_bias.fill(0.0);
                for row in outputs.chunks_exact(self.classes) {
                    of_bias.iter_mut().zip(row).for_each(|(sum, g)| *sum += g);
                }
                optimizer.step_vectors([(&mut self.weights, &of_weights), (&mut self.bias, &of_bias)]);
            }
        }
    }
}

/// `(softmax(y) - onehot(class)) * per_row`, in place.
fn to_gradient(y: &mut [f32], class: u32, per_row: f32) {
    let largest = y.iter().fold(f32::NEG_INFINITY, |largest, y| largest.max(*y));
    y.iter_mut().for_each(|y| *y = (*y - largest).exp());
    let scale = per_row / y.iter().sum::<f32>();
    y.iter_mut().for_each(|y| *y *= scale);
    y[class as usize] -= per_row;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 60 rows of 2 features that are all but equal: their difference is the class.
    fn rows() -> (Vec<f32>, Vec<u32>) {
        let labels: Vec<u32> = (0..60).map(|n| n % 3).collect();
        let row = |(n, &k): (usize, &u32)| {
            let common = 100.0 + (n * 37 % 61) as f32;
            [common, common + 0.01 * (k as f32 - 1.0) + 0.001 * ((n * 11 % 7) as f32 - 3.0)]
        };
        (labels.iter().enumerate().flat_map(row).collect(), labels)
    }

    #[test]
    fn features_that_are_all_but_equal_are_told_apart() {
        let (values, labels) = rows();
        let features = Features { values: &values, labels: &labels };
        let start = Layer::new(2, vec![0.0; 6], vec![0.0; 3]).unwrap();
        let options = FineTune { epochs: 60, batch_size: 7, optimizer: "adam:0.1".parse().unwrap(), seed: 3 };
        assert!((error(&start, &features) - 2.0 / 3.0).abs() < 1e-12);
        let fitted = fine_tune(&start, &features, &options).unwrap();
        // weights of thousands on features of a hundred: f32 outputs, f64 weights
        assert!(error(&fitted, &features) < 0.05, "{}", error(&fitted, &features));
        assert_eq!(fitted, fine_tune(&start, &features, &options).unwrap());
        assert_ne!(fitted, fine_tune(&start, &features, &FineTune { seed: 4, ..options }).unwrap());
    }

    #[test]
    fn the_gradient_is_that_of_cross_entropy() {
        let y = [0.3f32, -1.2, 2.0];
        let value = |y: &[f64]| {
            let sum: f64 = y.iter().map(|y| y.exp()).sum();
            sum.ln() - y[1]
        };
        let mut gradient = y;
        to_gradient(&mut gradient, 1, 0.25);
        for i in 0..3 {
            let (mut up, mut down) = (y.map(f64::from), y.map(f64::from));
            up[i] += 1e-5;
            down[i] -= 1e-5;
            let expected = 0.25 * (value(&up) - value(&down)) / 2e-5;
            assert!((expected - f64::from(gradient[i])).abs() < 1e-7, "entry {i}");
        }
    }

    #[test]
    fn no_epochs_leave_the_layer_and_no_batch_is_refused() {
        let (values, labels) = rows();
        let features = Features { values: &values, labels: &labels };
        let start = Layer::new(2, vec![0.5; 6], vec![1.0; 3]).unwrap();
        let options = FineTune { epochs: 0, ..FineTune::default() };
        assert_eq!(fine_tune(&start, &features, &options).unwrap(), start);
        let refused = fine_tune(&start, &features, &FineTune { batch_size: 0, ..options }).unwrap_err();
        assert_eq!(refused.to_string(), "batch_size is 0; expected at least 1");
    }
}

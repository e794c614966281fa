//! `Layer`: an affine layer `z = x W + b` on rows.

use super::RewireError;
use super::error::{finite, length};

/// The affine layer `z = x W + b`, W row-major `inputs x outputs`, in `f64`.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    inputs: usize,
    outputs: usize,
    pub(super) weights: Vec<f64>,
    pub(super) bias: Vec<f64>,
}

impl Layer {
    /// Of weights `inputs x outputs`, row-major, and one bias for each output: zeros for a layer without.
    ///
    /// # Errors
    /// If `weights` does not have `inputs * outputs` values for `outputs = bias.len()`, or a value is not finite.
    pub fn new(inputs: usize, weights: Vec<f64>, bias: Vec<f64>) -> Result<Self, RewireError> {
        let outputs = bias.len();
        length("the weights", inputs.saturating_mul(outputs), weights.len())?;
        finite("the weights", &weights)?;
        finite("the bias", &bias)?;
        Ok(Self { inputs, outputs, weights, bias })
    }

    /// Of parts whose sizes are known to fit.
    pub(super) fn of_parts(inputs: usize, weights: Vec<f64>, bias: Vec<f64>) -> Self {
        Self { inputs, outputs: bias.len(), weights, bias }
    }

    /// Number of inputs.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Number of outputs.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// W, row-major `inputs x outputs`.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// b.
    #[must_use]
    pub fn bias(&self) -> &[f64] {
        &self.bias
    }

    /// Weights and bias.
    #[must_use]
    pub fn into_parts(self) -> (Vec<f64>, Vec<f64>) {
        (self.weights, self.bias)
    }

    /// Number of weights and biases.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.weights.len() + self.bias.len()
    }

    /// `x W + b` of each row of `x`.
    ///
    /// # Errors
    /// If `x` is no whole number of rows.
    pub fn apply(&self, x: &[f64]) -> Result<Vec<f64>, RewireError> {
        if self.inputs == 0 {
            length("the rows", 0, x.len())?;
            return Ok(self.bias.clone());
        }
        let rows = x.len() / self.inputs;
        length("the rows", rows * self.inputs, x.len())?;
        let (x, w) = (super::product::View::new(x, rows, self.inputs), &self.weights);
        let mut z = super::product::product(x, super::product::View::new(w, self.inputs, self.outputs));
        for row in z.chunks_exact_mut(self.outputs.max(1)) {
            row.iter_mut().zip(&self.bias).for_each(|(z, b)| *z += b);
        }
        Ok(z)
    }

    /// The weights that leave input `unit`.
    pub(super) fn outgoing(&self, unit: usize) -> &[f64] {
        &self.weights[unit * self.outputs..(unit + 1) * self.outputs]
    }

    /// The weights that enter output `unit`.
    pub(super) fn incoming(&self, unit: usize) -> impl Iterator<Item = f64> + '_ {
        (0..self.inputs).map(move |i| self.weights[i * self.outputs + unit])
    }
}

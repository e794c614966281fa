//! Batch normalisation at inference, which is affine, folded into a layer beside it.

use super::error::{finite, units};
use super::{Kernel, Layer, RewireError};

/// `z' = a z + d` for each unit, `a = gamma / sqrt(variance + epsilon)`, `d = beta - mean a`: batch normalisation with the
/// statistics it has learnt.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm {
    factor: Vec<f64>,
    offset: Vec<f64>,
}

impl BatchNorm {
    /// Of the scale gamma, the shift beta, the running mean and variance of each unit, and epsilon.
    ///
    /// # Errors
    /// If lengths differ, a value is not finite, or a variance plus epsilon is not above 0.
    pub fn new(gamma: &[f64], beta: &[f64], mean: &[f64], variance: &[f64], epsilon: f64) -> Result<Self, RewireError> {
        for (what, values) in [
            ("the scale of the batch normalization", gamma),
            ("the shift of the batch normalization", beta),
            ("the mean of the batch normalization", mean),
            ("the variance of the batch normalization", variance),
        ] {
            units(what, gamma.len(), values.len())?;
            finite(what, values)?;
        }
        if let Some(unit) = variance.iter().position(|v| !(v + epsilon > 0.0 && (v + epsilon).is_finite())) {
            let found = format!("{} + {epsilon} at unit {unit}", variance[unit]);
            let field = "variance + epsilon of the batch normalization";
            return Err(RewireError::Setting { field, found, expected: "a number above 0" });
        }
        let factor: Vec<f64> = gamma.iter().zip(variance).map(|(g, v)| g / (v + epsilon).sqrt()).collect();
        let offset: Vec<f64> = beta.iter().zip(mean).zip(&factor).map(|((b, m), a)| b - m * a).collect();
        finite("the factor of the batch normalization", &factor)?;
        finite("the offset of the batch normalization", &offset)?;
        Ok(Self { factor, offset })
    }

    /// Number of units.
    #[must_use]
    pub fn units(&self) -> usize {
        self.factor.len()
    }

    /// Into the layer before it: `W' = W diag(a)`, `b' = a b + d`.
    ///
    /// # Errors
    /// If the layer does not have one output for each unit, or a value leaves the range of `f64`. It is then as it was.
    pub fn fold_into_layer_before(&self, layer: &mut Layer) -> Result<(), RewireError> {
        units("the layer before the batch normalization", self.units(), layer.outputs())?;
        let (mut weights, mut bias) = layer.clone().into_parts();
        for row in weights.chunks_exact_mut(self.units().max(1)) {
            row.iter_mut().zip(&self.factor).for_each(|(w, a)| *w *= a);
        }
        for (b, (a, d)) in bias.iter_mut().zip(self.factor.iter().zip(&self.offset)) {
            *b = a * *b + d;
        }
        *layer = Layer::new(layer.inputs(), weights, bias)?;
        Ok(())
    }

    /// Into the layer after it: `W' = diag(a) W`, `b' = b + d W`.
    ///
    /// # Errors
    /// If the layer does not have one input for each unit, or a value leaves the range of `f64`. It is then as it was.
    pub fn fold_into_layer_after(&self, layer: &mut Layer) -> Result<(), RewireError> {
        units("the layer after the batch normalization", self.units(), layer.inputs())?;
        let moved = super::product::row_times(&self.offset, &layer.weights, layer.outputs());
        let (mut weights, mut bias) = layer.clone().into_parts();
        bias.iter_mut().zip(moved).for_each(|(b, m)| *b += m);
        for (row, a) in weights.chunks_exact_mut(bias.len().max(1)).zip(&self.factor) {
            row.iter_mut().for_each(|w| *w *= a);
        }
        *layer = Layer::new(layer.inputs(), weights, bias)?;
        Ok(())
    }

    /// Into the convolution before it, whose output channels are the units. Grouped ones too.
    ///
    /// # Errors
    /// If it does not have one output channel for each unit, or a value leaves the range of `f64`. It is then as it was.
    pub fn fold_into_kernel_before(&self, kernel: &mut Kernel) -> Result<(), RewireError> {
        let shape = kernel.shape();
        units("the convolution before the batch normalization", self.units(), shape.outputs)?;
        let (mut weights, mut bias) = kernel.clone().into_parts();
        let per_output = weights.len() / shape.outputs;
        for (window, a) in weights.chunks_exact_mut(per_output).zip(&self.factor) {
            window.iter_mut().for_each(|w| *w *= a);
        }
        for (b, (a, d)) in bias.iter_mut().zip(self.factor.iter().zip(&self.offset)) {
            *b = a * *b + d;
        }
        *kernel = Kernel::new(shape, weights, bias)?;
        Ok(())
    }
}

//! The model that few bits would leave.

use repshape_stats::rewire::{quantization_error, quantized};

use super::{Rewiring, edit::Edit};
use crate::{graph::domain, onnx_error::OnnxError};

impl Rewiring {
    /// The model with the constant weights of each `Gemm`, `MatMul` and `Conv` rounded to so many bits, one step for each tensor
    /// (see [`quantized`]), and the mean over these tensors of the relative error of their weights. Biases stay as they are. The
    /// outputs beside the model's own say what the rounding costs. A model without such weights is left as it is, with error 0.
    ///
    /// # Errors
    /// `bits` is not from 2 to 16, or a weight is not finite or cannot be read.
    pub fn quantized(&self, bits: u32) -> Result<(Self, f64), OnnxError> {
        let view = self.view()?;
        let (mut edit, mut errors) = (Edit::default(), Vec::new());
        for (at, node) in view.graph.node.iter().enumerate() {
            let known = domain(node).is_empty() && matches!(node.op_type(), "Gemm" | "MatMul" | "Conv");
            let Some(found) = node.input.get(1).filter(|_| known).and_then(|name| view.constants().find(name)) else {
                continue;
            };
            let of = |reason: String| self.refused(node.output.first().map_or("", String::as_str), reason);
            let weights =
                found.values().ok_or_else(|| of(format!("the weights of {} cannot be read", view.describe(at))))?;
            errors.push(quantization_error(&weights, bits).map_err(|error| of(error.to_string()))?.relative);
            let rounded = quantized(&weights, bits).map_err(|error| of(error.to_string()))?;
            edit.floats(&view, at, 1, &found.shape, &rounded, found.kind).map_err(of)?;
        }
        let mean = errors.iter().sum::<f64>() / errors.len().max(1) as f64;
        let mut rounded = self.clone();
        rounded.commit(edit, |_| {})?;
        Ok((rounded, mean))
    }
}

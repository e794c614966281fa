//! The model that few bits would leave.

use repshape_stats::rewire::quantized;

use super::{Rewiring, edit::Edit};
use crate::onnx_error::OnnxError;

impl Rewiring {
    /// The model with the constant weights of each `Gemm`, `MatMul` and `Conv` rounded to so many bits, one step for each tensor
    /// (see [`quantized`]). Biases stay as they are. The outputs beside the model's own say what the rounding costs.
    ///
    /// # Errors
    /// `bits` is not from 2 to 16, or a weight is not finite or cannot be read.
    pub fn quantized(&self, bits: u32) -> Result<Self, OnnxError> {
        let view = self.view()?;
        let mut edit = Edit::default();
        for (at, found) in view.weighted() {
            let node = &view.graph.node[at];
            let of = |reason: String| self.refused(node.output.first().map_or("", String::as_str), reason);
            let weights =
                found.values().ok_or_else(|| of(format!("the weights of {} cannot be read", view.describe(at))))?;
            let rounded = quantized(&weights, bits).map_err(|error| of(error.to_string()))?;
            edit.floats(&view, at, 1, &found.shape, &rounded, found.kind).map_err(of)?;
        }
        let mut rounded = self.clone();
        rounded.commit(edit, |_| {})?;
        Ok(rounded)
    }
}

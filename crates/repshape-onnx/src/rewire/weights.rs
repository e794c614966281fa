//! What a model's weights are, counted and rounded.

use repshape_stats::rewire::quantization_error;

use super::{Rewiring, affine_node::AffineNode};
use crate::{graph::Source, initializer, onnx_error::OnnxError, proto::tensor_proto::DataType};

/// The error of rounding all weights of layers to few bits, one step for each tensor.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Quantization {
    /// Tensors: the weights of each `Gemm`, `MatMul` and `Conv`.
    pub tensors: usize,
    /// `sqrt(sum (w - q(w))^2 / sum w^2)` over all weights; 0 where all are 0.
    pub relative: f64,
    /// The largest `|w - q(w)|`.
    pub largest: f64,
    /// The largest relative error of one tensor.
    pub worst: f64,
    /// The mean over the tensors of their relative errors; 0 without tensors.
    pub mean: f64,
}

impl Rewiring {
    /// Number of floats among the constants that nodes read: initializers, and tensors of `Constant` nodes.
    pub fn parameters(&self) -> u64 {
        let Some(graph) = &self.proto.graph else { return 0 };
        let count = |tensor| match (initializer::float_type(tensor), initializer::shape(tensor)) {
            (Some(_), Ok((_, count))) => count as u64,
            _ => 0,
        };
        let read = |name: &str| !self.index.readers(name).is_empty();
        let stored = graph.initializer.iter().filter(|tensor| read(tensor.name())).map(count);
        let constants = graph.node.iter().filter(|node| node.op_type() == "Constant");
        let constants = constants.filter(|node| node.output.first().is_some_and(|name| read(name)));
        let given = constants.flat_map(|node| node.attribute.iter().filter_map(|value| value.t.as_ref()).map(count));
        stored.chain(given).fold(0, u64::saturating_add)
    }

    /// The weights of each `Gemm`, `MatMul` and `Conv` whose weights are constant, as they are stored, under the name of the value
    /// that the node gives; in the order of the graph.
    pub fn weights(&self) -> impl Iterator<Item = (String, Vec<f64>)> {
        self.view().into_iter().flat_map(|view| {
            view.weighted()
                .filter_map(move |(at, found)| Some((view.graph.node[at].output.first()?.clone(), found.values()?)))
        })
    }

    /// What rounding the weights of all layers to so many bits would lose (see
    /// [`quantization_error`]).
    ///
    /// # Errors
    /// `bits` is not from 2 to 16, or a weight is not finite.
    pub fn quantization(&self, bits: u32) -> Result<Quantization, OnnxError> {
        let mut found = Quantization { tensors: 0, relative: 0.0, largest: 0.0, worst: 0.0, mean: 0.0 };
        let (mut errors, mut squares) = (0.0, 0.0);
        for (name, weights) in self.weights() {
            let error = quantization_error(&weights, bits).map_err(|error| self.refused(&name, error.to_string()))?;
            found.tensors += 1;
            found.largest = found.largest.max(error.largest);
            found.worst = found.worst.max(error.relative);
            found.mean += error.relative;
            errors += error.mean_square * weights.len() as f64;
            squares += weights.iter().map(|w| w * w).sum::<f64>();
        }
        found.mean /= found.tensors.max(1) as f64;
        found.relative = if squares > 0.0 { (errors / squares).sqrt() } else { 0.0 };
        Ok(found)
    }

    /// The type of the weights that a value's units are computed with.
    pub(super) fn kind_of(&self, value: &str) -> DataType {
        let view = self.view().ok();
        view.and_then(|view| view.element_type(value))
            .filter(|&kind| initializer::is_float(kind))
            .unwrap_or(DataType::Float)
    }

    /// Whether a name is taken by a value.
    pub(super) fn has(&self, name: &str) -> bool {
        matches!(self.index.source(name), Some(Source::Input(_) | Source::Initializer(_) | Source::Node(_)))
    }

    /// The units that an affine node gives, if it is one.
    pub(super) fn written(&self, value: &str) -> Option<usize> {
        let view = self.view().ok()?;
        let found = view.affine(view.index.producer(value)?).ok()??;
        match found {
            AffineNode::Dense(dense) => Some(dense.outputs),
            AffineNode::Convolution(found) => Some(found.outputs()),
            AffineNode::Normalization { units, .. } => Some(units),
        }
    }
}

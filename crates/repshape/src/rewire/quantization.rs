//! What rounding the weights to few bits would lose: the number that equalisation brings down.

use burn::nn::Linear;
use repshape_stats::rewire::{self, Layer, QuantizationError, quantization_error};

use super::RewireNetworkError;
use super::host::{device_of, layer, linear};
use crate::network::Mlp;

/// Rounding errors of a network's weight matrices, each under one step of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantization {
    /// Of each weight matrix, first to last, with the name of the site that its layer ends in.
    pub layers: Vec<(String, QuantizationError)>,
    /// Largest `|w - q(w)|` of all.
    pub largest: f64,
    /// Mean of `(w - q(w))^2` over all weights.
    pub mean_square: f64,
    /// `sqrt(sum (w - q(w))^2 / sum w^2)` over all weights; 0 where all are 0. The number to compare networks of the same
    /// outputs by is [`relative`](QuantizationError::relative) of each layer: here a matrix of large weights outweighs the others.
    pub relative: f64,
}

/// The rounding error of every weight matrix (biases and batch normalisation keep their precision, as is usual) for weights of
/// `bits` bits, symmetric about 0: [`quantization_error`] of each.
///
/// # Errors
/// If `bits` is not from 2 to 16, or a weight is not finite.
///
/// ```
/// use burn::tensor::Device;
/// use repshape::network::MlpSpec;
/// use repshape::rewire::{Affine, apply, equalize, quantization};
///
/// let network = "mlp:6".parse::<MlpSpec>()?.init(4, 3, 1, &Device::flex());
/// let uneven = apply(&network, "fc1", &Affine::scale(vec![1.0, 100.0, 1.0, 0.01, 10.0, 1.0])?)?;
/// let (even, _) = equalize(&uneven, "fc1")?;
/// let error = |network: &_| Ok::<_, repshape::rewire::RewireNetworkError>(quantization(network, 8)?.layers[1].1.relative);
/// assert!(error(&even)? < error(&uneven)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn quantization(network: &Mlp, bits: u32) -> Result<Quantization, RewireNetworkError> {
    let hidden = network.layers.iter().map(|layer| (&layer.sites[1].name, &layer.linear));
    let mut all = Quantization {
        layers: Vec::with_capacity(network.layers.len() + 1),
        largest: 0.0,
        mean_square: 0.0,
        relative: 0.0,
    };
    let (mut errors, mut squares, mut count) = (0.0, 0.0, 0.0);
    for (name, linear) in hidden.chain([(&network.output_site.name, &network.output)]) {
        let of = |source| RewireNetworkError::Layer { layer: name.clone(), source };
        let layer = layer(linear).map_err(of)?;
        let of_layer = quantization_error(layer.weights(), bits).map_err(of)?;
        let weights = layer.weights().len() as f64;
        errors += of_layer.mean_square * weights;
        squares += layer.weights().iter().map(|w| w * w).sum::<f64>();
        count += weights;
        all.largest = all.largest.max(of_layer.largest);
        all.layers.push((name.clone(), of_layer));
    }
    if count > 0.0 {
        all.mean_square = errors / count;
    }
    if squares > 0.0 {
        all.relative = (errors / squares).sqrt();
    }
    Ok(all)
}

/// The network with every weight matrix rounded to `bits` bits, each under one step of its own; biases stay as they are. Its
/// outputs beside the network's own ([`identical`](super::identical)) say what the rounding costs.
///
/// # Errors
/// As [`quantization`].
pub fn quantized(network: &Mlp, bits: u32) -> Result<Mlp, RewireNetworkError> {
    let rounded = |dense: &Linear, name: &str| {
        let of = |source| RewireNetworkError::Layer { layer: name.to_owned(), source };
        let exact = layer(dense).map_err(of)?;
        let weights = rewire::quantized(exact.weights(), bits).map_err(of)?;
        let rounded = Layer::new(exact.inputs(), weights, exact.bias().to_vec()).map_err(of)?;
        linear(&rounded, &device_of(dense), name)
    };
    let mut new = network.clone();
    for dense in &mut new.layers {
        dense.linear = rounded(&dense.linear, &dense.sites[1].name)?;
    }
    new.output = rounded(&new.output, &new.output_site.name)?;
    Ok(new)
}

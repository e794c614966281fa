//! Places in a network where a representation can be read.

use burn::tensor::Tensor;
use serde::Serialize;

/// A named place in a network: `fc5` after the nonlinearity of the fifth dense layer, `fc5.pre`
/// before it, `output` for the logits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Site {
    /// The site's name.
    pub name: String,
    /// Number of units `I` of the representation `[N, I]`.
    pub units: usize,
    /// Whether the values have passed the layer's nonlinearity.
    pub after_nonlinearity: bool,
    /// Rate of the dropout that the training loop applies to these values on their way to the
    /// next layer; 0 for none. Taps see the values before it.
    pub dropout: f64,
    /// The lowest and the highest value that the nonlinearity tends to, where it saturates at both
    /// ends; `None` for any other and before it.
    pub bounds: Option<[f64; 2]>,
}

/// Names of the sites of the hidden layer of that number, from 1: before its nonlinearity and after it.
pub(crate) fn hidden_names(number: usize) -> [String; 2] {
    [format!("fc{number}.pre"), format!("fc{number}")]
}

/// Reads, measures, penalises or replaces the representation at every site of a forward pass.
///
/// Any `FnMut(&Site, Tensor<2>) -> Tensor<2>` is a tap.
///
/// ```
/// use repshape::network::{MlpSpec, Network, Site};
/// use burn::tensor::{Device, Tensor};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let device = Device::flex();
/// let network = "mlp:8,3".parse::<MlpSpec>()?.init(5, 2, 1, &device);
/// let mut seen = Vec::new();
/// network.forward_tapped(Tensor::zeros([4, 5], &device), &mut |site: &Site, z: Tensor<2>| {
///     seen.push((site.name.clone(), z.dims()));
///     z
/// });
/// assert_eq!(seen[1], ("fc1".to_owned(), [4, 8]));
/// assert_eq!(seen.last(), Some(&("output".to_owned(), [4, 2])));
/// # Ok(())
/// # }
/// ```
pub trait Tap {
    /// Sees the representation `[N, I]` at `site` and returns what the network goes on with.
    fn visit(&mut self, site: &Site, z: Tensor<2>) -> Tensor<2>;
}

impl<F: FnMut(&Site, Tensor<2>) -> Tensor<2>> Tap for F {
    fn visit(&mut self, site: &Site, z: Tensor<2>) -> Tensor<2> {
        self(site, z)
    }
}

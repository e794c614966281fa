//! Networks whose hidden representations can be read, penalised and replaced by name.

mod activation;
mod affine;
mod initialization;
mod mlp;
mod site;
mod spec;

use burn::module::Module;
use burn::tensor::Tensor;

pub use activation::{Activation, LEAKY_SLOPE};
pub(crate) use affine::on_cpu;
pub use initialization::Initialization;
pub use mlp::{Dense, Mlp};
pub(crate) use site::hidden_names;
pub use site::{Site, Tap};
pub use spec::{LayerSpec, MlpSpec, SpecError};

/// A network with named sites. One mechanism, the [`Tap`], reads, measures, penalises and
/// replaces what flows through them.
pub trait Network: Module {
    /// All sites, in the order of the forward pass.
    fn sites(&self) -> Vec<Site>;

    /// The forward pass over `[N, inputs]`; `tap` sees every site and may replace its values.
    fn forward_tapped(&self, input: Tensor<2>, tap: &mut dyn Tap) -> Tensor<2>;

    /// The forward pass as far as the site `last`, for those who look only that far. A network
    /// that does not know better computes the rest too.
    fn forward_to(&self, last: &str, input: Tensor<2>, tap: &mut dyn Tap) {
        let _ = last;
        self.forward_tapped(input, tap);
    }

    /// The plain forward pass.
    fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        self.forward_tapped(input, &mut |_: &Site, z: Tensor<2>| z)
    }

    /// The weight matrices `[in, out]` (not the biases) of the layer that ends in `site`, or of
    /// all layers.
    fn weights(&self, site: Option<&str>) -> Vec<Tensor<2>>;
}

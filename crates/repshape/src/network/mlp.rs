//! Multilayer perceptrons.

use burn::module::Module;
use burn::nn::{BatchNorm, BatchNormConfig, Linear};
use burn::tensor::{Device, Tensor};
use repshape_data::{Purpose, stream};

use super::affine::affine;
use super::{Activation, MlpSpec, Network, Site, Tap, hidden_names};

/// Batch normalisation's epsilon and the weight of a new batch in the running statistics.
const BATCH_NORM_EPSILON: f64 = 1e-5;
const BATCH_NORM_MOMENTUM: f64 = 0.1;

/// A dense layer: affine map, optional batch normalisation, nonlinearity.
#[derive(Module, Debug)]
pub struct Dense {
    /// The affine map, weight `[in, out]`.
    pub linear: Linear,
    /// Batch normalisation of the affine map's output, if any.
    pub batch_norm: Option<BatchNorm>,
    /// The nonlinearity.
    #[module(skip)]
    pub activation: Activation,
    /// The sites before and after the nonlinearity.
    #[module(skip)]
    pub sites: [Site; 2],
}

/// A multilayer perceptron with sites `fc1.pre`, `fc1`, ..., `output`.
///
/// `fcN.pre` is what enters the nonlinearity of layer N (after batch normalisation), `fcN` what
/// leaves it, `output` what the network gives: the affine last layer (logits) unless an output activation stands there.
#[derive(Module, Debug)]
pub struct Mlp {
    /// The hidden layers, first to last.
    pub layers: Vec<Dense>,
    /// The affine last layer.
    pub output: Linear,
    /// The site of the last layer's values.
    #[module(skip)]
    pub output_site: Site,
    /// What the last layer's values go through to become the network's outputs; linear unless
    /// [`Mlp::with_output_activation`] says otherwise.
    #[module(skip)]
    pub(crate) output_activation: Activation,
}

impl Mlp {
    /// The same network with a nonlinearity in front of its outputs: the site `output` is behind it.
    #[must_use]
    pub fn with_output_activation(mut self, activation: Activation) -> Self {
        self.output_activation = activation;
        self.output_site.after_nonlinearity = activation != Activation::Linear;
        self.output_site.bounds = activation.bounds();
        self
    }

    /// The nonlinearity in front of the outputs.
    pub const fn output_activation(&self) -> Activation {
        self.output_activation
    }
}

impl MlpSpec {
    /// A network from `inputs` columns to `outputs` columns, its weights drawn from the stream of
    /// `seed` for weights.
    pub fn init(&self, inputs: usize, outputs: usize, seed: u64, device: &Device) -> Mlp {
        // one stream a layer: a layer's draw does not depend on the widths before it
        let draw = |layer: usize, fan_in, fan_out| {
            let mut rng = stream(seed, Purpose::Weights, layer as u64);
            self.initialization.linear(fan_in, fan_out, &mut rng, device)
        };
        let mut fan_in = inputs;
        let mut layers = Vec::with_capacity(self.hidden.len());
        for (n, spec) in self.hidden.iter().enumerate() {
            let [before, after] = hidden_names(n + 1);
            let site = |name, after_nonlinearity, dropout| Site {
                name,
                units: spec.width,
                after_nonlinearity,
                dropout,
                bounds: if after_nonlinearity { spec.activation.bounds() } else { None },
            };
            layers.push(Dense {
                linear: draw(n, fan_in, spec.width),
                batch_norm: spec.batch_norm.then(|| {
                    BatchNormConfig::new(spec.width)
                        .with_epsilon(BATCH_NORM_EPSILON)
                        .with_momentum(BATCH_NORM_MOMENTUM)
                        .init(device)
                }),
                activation: spec.activation,
                sites: [site(before, false, 0.0), site(after, true, spec.dropout)],
            });
            fan_in = spec.width;
        }
        Mlp {
            layers,
            output: draw(self.hidden.len(), fan_in, outputs),
            output_site: Site {
                name: "output".to_owned(),
                units: outputs,
                after_nonlinearity: false,
                dropout: 0.0,
                bounds: None,
            },
            output_activation: Activation::Linear,
        }
    }
}

impl Dense {
    fn forward_tapped(&self, x: Tensor<2>, tap: &mut dyn Tap) -> Tensor<2> {
        let mut z = affine(&self.linear, x);
        if let Some(norm) = &self.batch_norm {
            z = norm.forward(z);
        }
        let z = tap.visit(&self.sites[0], z);
        tap.visit(&self.sites[1], self.activation.forward(z))
    }
}

impl Network for Mlp {
    fn sites(&self) -> Vec<Site> {
        self.layers.iter().flat_map(|layer| layer.sites.clone()).chain([self.output_site.clone()]).collect()
    }

    fn forward_tapped(&self, input: Tensor<2>, tap: &mut dyn Tap) -> Tensor<2> {
        let hidden = self.layers.iter().fold(input, |x, layer| layer.forward_tapped(x, tap));
        tap.visit(&self.output_site, self.output_activation.forward(affine(&self.output, hidden)))
    }

    fn forward_to(&self, last: &str, input: Tensor<2>, tap: &mut dyn Tap) {
        let is_last = |layer: &Dense| layer.sites.iter().any(|site| site.name == last);
        let Some(depth) = self.layers.iter().position(is_last) else {
            self.forward_tapped(input, tap);
            return;
        };
        self.layers[..=depth].iter().fold(input, |x, layer| layer.forward_tapped(x, tap));
    }

    fn weights(&self, site: Option<&str>) -> Vec<Tensor<2>> {
        let hidden = self.layers.iter().map(|layer| (layer.sites[1].name.as_str(), &layer.linear));
        hidden
            .chain([(self.output_site.name.as_str(), &self.output)])
            .filter(|(name, _)| site.is_none_or(|s| s.trim_end_matches(".pre") == *name))
            .map(|(_, linear)| linear.weight.val())
            .collect()
    }
}

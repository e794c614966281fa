//! Another network with the same outputs: a change of representation, a smaller site, a linear layer more.

use repshape_stats::rewire::{self, Affine, CompactOptions, Plan, RewireError, SiteStatistics};

use super::host::{device_of, layers_at, linear, number, with_layers};
use super::place::layer_of;
use super::{RewireNetworkError, check};
use crate::network::{Activation, Dense, Initialization, LayerSpec, Mlp, MlpSpec};

/// The network whose representation at `site` is `(z - m) Q^T` and whose outputs are what they were: the map is folded into
/// the layers before and after the site, in `f64`, and both are rounded to `f32` once.
///
/// What stays is the network at inference. A batch normalisation in the layer that writes the site is folded into its
/// weights, with the statistics it has learnt, and is gone; dropout keeps its rate. Every other layer is shared with
/// the old network, not copied. Memory beside the two networks: the two layers twice in `f64`; time: one product with Q for
/// each of them.
///
/// # Errors
/// If the site cannot be rewired ([`check`]), the map does not pass its activation or is of another number of units, or a
/// weight leaves the range of `f32`.
///
/// ```
/// use burn::tensor::Device;
/// use repshape::network::MlpSpec;
/// use repshape::rewire::{Affine, Cutoff, apply, identical, statistics};
/// use repshape_data::{SplitSpec, load};
///
/// let device = Device::flex();
/// let (tuning, test) = load(&"digits".parse()?, &[])?.split(&SplitSpec::default())?;
/// let network = "mlp:20,12:linear,15".parse::<MlpSpec>()?.init(64, 10, 1, &device);
///
/// let known = statistics(&network, &tuning.train, &["fc2".to_owned()], &device)?;
/// let whitened = Affine::whiten(&known[0], Cutoff::Share(1e-10))?.affine;
/// let rewired = apply(&network, "fc2", &whitened)?;
///
/// // units of variance 1 without covariance, and the proof on rows that no statistics are of
/// let after = statistics(&rewired, &tuning.train, &["fc2".to_owned()], &device)?;
/// assert!((after[0].variance()[3] - 1.0).abs() < 1e-4);
/// assert!(identical(&network, &rewired, &test, &device)?.is_within(1e-5));
///
/// let refused = apply(&network, "fc1", &Affine::random_orthogonal(20, &mut || 1 << 60)?).unwrap_err();
/// assert!(refused.to_string().contains("cannot pass a ReLU"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn apply(network: &Mlp, site: &str, affine: &Affine) -> Result<Mlp, RewireNetworkError> {
    let place = check(network, site)?;
    let (mut writer, reader) = layers_at(network, &place)?;
    let mut readers = [reader];
    rewire::fold(place.site, &mut writer, &mut readers, affine).map_err(at(site))?;
    with_layers(network, &place, &writer, &readers[0])
}

/// The network without what carries nothing at `site`, and the plan that says what was taken out and for which inputs that
/// changes nothing ([`Plan::holds_for_every_input`]).
///
/// `statistics` are those of [`Place::after`](super::Place::after), the site behind the activation, whichever of the two sites was
/// named; without them only what the weights show is found. One unit always stays. A tolerance of 0 leaves the outputs on the
/// rows of the statistics as they are, and with them every other site: several sites are made smaller one after the
/// other with the statistics of the first network.
///
/// # Errors
/// As [`apply`]; and if the statistics are of another number of units, the tolerance is no finite number of at least 0, or there
/// is a tolerance but no covariance.
///
/// ```
/// use burn::tensor::Device;
/// use repshape::network::MlpSpec;
/// use repshape::rewire::{CompactOptions, compact, spec};
///
/// let made: MlpSpec = "mlp:8:linear,5".parse()?;
/// let network = made.init(4, 3, 1, &Device::flex());
/// // 4 inputs reach 4 directions of the 8 units
/// let (smaller, plan) = compact(&network, "fc1", None, &CompactOptions::default())?;
/// assert_eq!(spec(&smaller, made.initialization).to_string(), "mlp:4:linear,5");
/// assert!(plan.holds_for_every_input());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn compact(
    network: &Mlp,
    site: &str,
    statistics: Option<&SiteStatistics>,
    options: &CompactOptions,
) -> Result<(Mlp, Plan), RewireNetworkError> {
    let place = check(network, site)?;
    let (writer, reader) = layers_at(network, &place)?;
    let (mut writers, mut readers) = ([writer], [reader]);
    let plan = rewire::plan_compact(place.site, statistics, &writers, &readers, options).map_err(at(site))?;
    if plan.is_empty() {
        return Ok((network.clone(), plan));
    }
    plan.fold(&mut writers, &mut readers).map_err(at(site))?;
    Ok((with_layers(network, &place, &writers[0], &readers[0])?, plan))
}

/// The network whose weights before and behind `site` have equal ranges unit by unit, and the scales that make it so
/// (cross-layer equalisation, Nagel et al. 2019). In a deeper network the sites are done in turn until nothing moves. See
/// [`quantization`](super::quantization) for what it is good for.
///
/// # Errors
/// As [`apply`].
pub fn equalize(network: &Mlp, site: &str) -> Result<(Mlp, Affine), RewireNetworkError> {
    let place = check(network, site)?;
    let (mut writer, reader) = layers_at(network, &place)?;
    let mut readers = [reader];
    let affine = rewire::equalize(std::slice::from_ref(&writer), &readers).map_err(at(site))?;
    rewire::fold(place.site, &mut writer, &mut readers, &affine).map_err(at(site))?;
    Ok((with_layers(network, &place, &writer, &readers[0])?, affine))
}

/// The network with a linear layer after `site` that passes its values on: the same width, the identity, no bias. The
/// outputs keep their bits, and behind any activation there is a linear site now (C18, Table 2). After `fcN` it is `fcN+1`; later
/// layers' numbers move up by one. Dropout stays where it was, before the new layer.
///
/// # Errors
/// If there is no such site, it is the output, or it lies before an activation.
pub fn insert_linear(network: &Mlp, site: &str) -> Result<Mlp, RewireNetworkError> {
    let index = layer_of(network, site)?;
    let before = &network.layers[index];
    if before.activation != Activation::Linear && site != before.sites[1].name {
        return Err(RewireNetworkError::BeforeActivation {
            site: site.to_owned(),
            activation: before.activation,
            after: before.sites[1].name.clone(),
        });
    }
    let units = before.sites[1].units;
    let mut identity = vec![0.0; units * units];
    identity.iter_mut().step_by(units + 1).for_each(|x| *x = 1.0);
    let layer = rewire::Layer::new(units, identity, vec![0.0; units]).map_err(at(site))?;
    let mut sites = before.sites.clone();
    for site in &mut sites {
        (site.dropout, site.bounds) = (0.0, None);
    }
    let inserted = Dense {
        linear: linear(&layer, &device_of(&before.linear), site)?,
        batch_norm: None,
        activation: Activation::Linear,
        sites,
    };
    let mut new = network.clone();
    new.layers.insert(index + 1, inserted);
    number(&mut new.layers);
    Ok(new)
}

/// The spec of a network as it is now: widths, activations, batch normalisation and dropout. A network does not know how its
/// weights were drawn: `initialization` is that of the spec it was made from.
///
/// ```
/// use burn::tensor::Device;
/// use repshape::network::MlpSpec;
/// use repshape::rewire::{insert_linear, spec};
///
/// let made: MlpSpec = "mlp:8,5:tanh".parse()?;
/// let network = insert_linear(&made.init(4, 3, 1, &Device::flex()), "fc1")?;
/// assert_eq!(spec(&network, made.initialization).to_string(), "mlp:8,8:linear,5:tanh");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn spec(network: &Mlp, initialization: Initialization) -> MlpSpec {
    let of_layer = |layer: &Dense| LayerSpec {
        width: layer.sites[1].units,
        activation: layer.activation,
        batch_norm: layer.batch_norm.is_some(),
        dropout: layer.sites[1].dropout,
    };
    MlpSpec { hidden: network.layers.iter().map(of_layer).collect(), initialization }
}

/// What the algebra says of a site.
pub(super) fn at(site: &str) -> impl Fn(RewireError) -> RewireNetworkError {
    move |source| RewireNetworkError::Site { site: site.to_owned(), source }
}

//! Comparable performance networks: a map that the activation does not let through, and an output layer fitted again.
//!
//! C18, section 3.2: the Q of a linear layer is folded into the layers beside a ReLU as if it were not there, which changes the
//! outputs; the output layer alone is then fine-tuned. The error comes out close to the old one, the
//! characteristics of the site anywhere (C18, Table 3).

use repshape_data::{Examples, Train};
use repshape_stats::rewire::{self, Affine, Layer, Site};

use super::apply::at;
use super::features::{entering, features};
use super::fine_tune::{Features, fine_tune};
use super::host::{device_of, layer, layers_at, linear, with_layers};
use super::proof::fits;
use super::{FineTune, Place, RewireNetworkError, check};
use crate::network::Mlp;

/// The network with `affine` at `site` as if the site's activation were not there, `z' = f((x W + b - m) Q^T)`, and the output
/// layer fine-tuned on `rows`.
///
/// The layers between the site and the output stay as they are, but for the fold into the next one: where the site is
/// not the last hidden one, what is fitted are the values of the last hidden layer. The features are computed once: memory
/// `4 rows units` bytes, twice.
///
/// **Whitening.** C18 takes Q and m "while ignoring ReLU": from the [`statistics`](super::statistics) of `fcN.pre`, so that what
/// enters the activation is white. On MNIST that gives its Table 3 (correlation 0.09, half of the values 0); from those
/// of `fcN`, behind the activation, more correlation is left (0.17) and less error.
///
/// # Errors
/// As [`apply`](super::apply) but for the activation's theorem; if the rows do not fit or lack labels of as many classes as the
/// network has outputs; or if a value on the way is not finite.
///
/// ```
/// use burn::tensor::Device;
/// use repshape::network::MlpSpec;
/// use repshape::rewire::{Affine, Cutoff, FineTune, cpn, statistics};
/// use repshape_data::{SplitSpec, load};
///
/// let (tuning, _) = load(&"digits".parse()?, &[])?.split(&SplitSpec::default())?;
/// let network = "mlp:20,12".parse::<MlpSpec>()?.init(64, 10, 1, &Device::flex());
/// let known = statistics(&network, &tuning.train, &["fc2.pre".to_owned()], &Device::flex())?;
/// let whitening = Affine::whiten(&known[0], Cutoff::Share(1e-9))?.affine;
/// let other = cpn(&network, "fc2", &whitening, &tuning.train, &FineTune { epochs: 2, ..FineTune::default() })?;
/// let white = statistics(&other, &tuning.train, &["fc2.pre".to_owned()], &Device::flex())?;
/// assert!((white[0].variance()[0] - 1.0).abs() < 1e-3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn cpn(
    network: &Mlp,
    site: &str,
    affine: &Affine,
    rows: &Train,
    options: &FineTune,
) -> Result<Mlp, RewireNetworkError> {
    let place = check(network, site)?;
    let labels = labels_of(network, rows)?;
    let entering = entering(network, &place, rows);
    let folded = fold_as_if_linear(network, &place, affine)?;
    let features = features(&folded, &place, &entering);
    with_output(&folded, &fine_tune(&output_of(&folded)?, &Features { values: &features, labels }, options)?)
}

/// Theorem 1 where it does not hold.
pub(super) fn fold_as_if_linear(network: &Mlp, place: &Place, affine: &Affine) -> Result<Mlp, RewireNetworkError> {
    let (mut writer, reader) = layers_at(network, place)?;
    let mut readers = [reader];
    rewire::fold(Site::Linear, &mut writer, &mut readers, affine).map_err(at(&place.after))?;
    with_layers(network, place, &writer, &readers[0])
}

/// The output layer in `f64`.
pub(super) fn output_of(network: &Mlp) -> Result<Layer, RewireNetworkError> {
    let name = &network.output_site.name;
    layer(&network.output).map_err(|source| RewireNetworkError::Layer { layer: name.clone(), source })
}

/// The network with another output layer.
pub(super) fn with_output(network: &Mlp, output: &Layer) -> Result<Mlp, RewireNetworkError> {
    let output = linear(output, &device_of(&network.output), &network.output_site.name)?;
    Ok(Mlp { output, ..network.clone() })
}

/// The labels of rows that fit the network.
pub(super) fn labels_of<'r>(network: &Mlp, rows: &'r Examples) -> Result<&'r [u32], RewireNetworkError> {
    fits("rewired", network, rows)?;
    let outputs = network.output_site.units;
    match (rows.labels(), rows.classes()) {
        (Some(labels), Some(classes)) if classes == outputs => Ok(labels),
        (_, classes) => {
            let found = classes.map_or_else(|| "no labels".to_owned(), |classes| format!("{classes} classes"));
            Err(RewireNetworkError::Labels { outputs, found })
        }
    }
}

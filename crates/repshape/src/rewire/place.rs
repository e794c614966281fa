//! Where a site lies, and whether a change of representation passes there.

use repshape_stats::rewire::Site;

use super::RewireNetworkError;
use crate::nearest::suggestion;
use crate::network::{Activation, LEAKY_SLOPE, Mlp, Network};

/// A site that can be rewired.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// What stands between the layer that writes the representation and the one that reads it.
    pub site: Site,
    /// Number of units.
    pub units: usize,
    /// Index of the hidden layer that writes it, from 0.
    pub layer: usize,
    /// The site behind the layer's activation, `fcN` also where `fcN.pre` was named: the statistics that
    /// [`compact`](super::compact) takes are of this one. The two have the same values where the layer is linear.
    pub after: String,
    /// The site before the layer's activation, `fcN.pre`: the same place, and other values unless the layer is linear.
    pub before: String,
    /// The site of the layer that reads it: `fcN+1` or `output`.
    pub reader: String,
    /// Whether the layer has a batch normalisation, which is folded into its weights.
    pub batch_norm: bool,
}

/// The place of `site`, if it can be rewired: `fcN` or `fcN.pre` of a layer that is linear (theorem 1: any nonsingular Q and any
/// shift) or has a positively homogeneous activation, relu or leaky-relu (theorem 2: a positive diagonal times a permutation;
/// the same fold before and after the activation).
///
/// # Errors
/// If there is no such site, it is the output, or its layer's activation is another one.
///
/// ```
/// use burn::tensor::Device;
/// use repshape::network::MlpSpec;
/// use repshape::rewire::{Site, check};
///
/// let network = "mlp:8,5:linear,6:tanh".parse::<MlpSpec>()?.init(4, 3, 1, &Device::flex());
/// assert_eq!(check(&network, "fc1.pre")?.site, Site::RELU);
/// let place = check(&network, "fc2")?;
/// assert_eq!((place.site, place.units, place.reader.as_str()), (Site::Linear, 5, "fc3"));
/// let refused = check(&network, "fc3").unwrap_err().to_string();
/// assert!(refused.starts_with("site \"fc3\": its layer has the activation tanh, which is neither linear"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check(network: &Mlp, site: &str) -> Result<Place, RewireNetworkError> {
    let index = layer_of(network, site)?;
    let layer = &network.layers[index];
    let slope = match layer.activation {
        Activation::Linear => None,
        Activation::Relu => Some(0.0),
        Activation::LeakyRelu => Some(LEAKY_SLOPE),
        activation @ (Activation::Tanh | Activation::Logistic) => {
            return Err(RewireNetworkError::Activation { site: site.to_owned(), activation });
        }
    };
    let [before, after] = &layer.sites;
    let reader = network.layers.get(index + 1).map_or(&network.output_site, |next| &next.sites[1]);
    Ok(Place {
        site: slope.map_or(Site::Linear, |negative_slope| Site::Homogeneous { negative_slope }),
        units: after.units,
        layer: index,
        after: after.name.clone(),
        before: before.name.clone(),
        reader: reader.name.clone(),
        batch_norm: layer.batch_norm.is_some(),
    })
}

/// Index of the hidden layer that a site belongs to.
pub(super) fn layer_of(network: &Mlp, site: &str) -> Result<usize, RewireNetworkError> {
    if let Some(index) = network.layers.iter().position(|layer| layer.sites.iter().any(|own| own.name == site)) {
        return Ok(index);
    }
    let hidden = || network.layers.iter().map(|layer| layer.sites[1].name.as_str()).collect::<Vec<_>>().join(", ");
    if network.output_site.name == site {
        return Err(RewireNetworkError::Output { site: site.to_owned(), known: hidden() });
    }
    Err(unknown(network, site))
}

/// There is no such site.
pub(super) fn unknown(network: &Mlp, site: &str) -> RewireNetworkError {
    let known: Vec<String> = network.sites().into_iter().map(|site| site.name).collect();
    RewireNetworkError::UnknownSite {
        site: site.to_owned(),
        hint: suggestion(site, known.iter().map(String::as_str)),
        known: known.join(", "),
    }
}

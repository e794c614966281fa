//! Units that carry nothing, made exactly 0.

use repshape_stats::rewire::Layer;

use super::host::{device_of, layer, linear};
use super::{RewireNetworkError, check};
use crate::network::Mlp;

/// The network with the weights into the given units, and their biases, 0.
///
/// A change of representation such as [`Affine::pca`](super::Affine::pca) turns the null space of the covariance into units that
/// are 0 but for the rounding of single precision, about 1e-7 of the others. Measures cannot tell that from a small
/// signal: rounding has correlations too. Set to 0 such units are dead. The outputs stay as they are where these units
/// were 0: on the rows of the statistics; prove it ([`identical`](super::identical)).
///
/// # Errors
/// As [`check`], or if there is no such unit.
pub fn silence(network: &Mlp, site: &str, units: &[usize]) -> Result<Mlp, RewireNetworkError> {
    let place = check(network, site)?;
    if let Some(unit) = units.iter().find(|&&unit| unit >= place.units) {
        let expected = "a unit of the site";
        return Err(RewireNetworkError::Setting { field: "units", found: unit.to_string(), expected });
    }
    let of = |source| RewireNetworkError::Layer { layer: place.after.clone(), source };
    let dense = &network.layers[place.layer];
    let old = layer(&dense.linear).map_err(of)?;
    let inputs = old.inputs();
    let (mut weights, mut bias) = old.into_parts();
    for &unit in units {
        weights.iter_mut().skip(unit).step_by(place.units).for_each(|weight| *weight = 0.0);
        bias[unit] = 0.0;
    }
    let silent = Layer::new(inputs, weights, bias).map_err(of)?;
    let mut new = network.clone();
    new.layers[place.layer].linear = linear(&silent, &device_of(&dense.linear), &place.after)?;
    Ok(new)
}

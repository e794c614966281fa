//! Cross-layer equalisation: the positive diagonal that gives each unit equal ranges of weights before and behind it.

use super::error::units;
use super::{Affine, Layer, RewireError};

/// `z'_i = sqrt(out_i / in_i) z_i`, `in_i` and `out_i` the largest magnitudes of the weights that enter and leave unit i:
/// both become `sqrt(in_i out_i)`, and weights quantised with one step for a whole tensor lose less.
///
/// A unit without weights before or behind it keeps its scale. In a deeper network the pairs are done in turn until
/// nothing moves. Source: Nagel et al. (2019), equation 11, whose `s_i` is the inverse of the scale here.
///
/// # Errors
/// If the two do not have the same number of units, or a range is negative or not finite.
pub fn equalize_ranges(incoming: &[f64], outgoing: &[f64]) -> Result<Affine, RewireError> {
    units("the ranges of outgoing weights", incoming.len(), outgoing.len())?;
    for range in incoming.iter().chain(outgoing) {
        if !(*range >= 0.0 && range.is_finite()) {
            let found = range.to_string();
            return Err(RewireError::Setting {
                field: "a range of weights",
                found,
                expected: "a finite number, at least 0",
            });
        }
    }
    let of_unit = |(&before, &behind): (&f64, &f64)| {
        // roots first: the quotient of the ranges may leave the range of f64
        if before > 0.0 && behind > 0.0 { behind.sqrt() / before.sqrt() } else { 1.0 }
    };
    Affine::scale(incoming.iter().zip(outgoing).map(of_unit).collect())
}

/// [`equalize_ranges`] of the layers that write and read a site, over all of each.
///
/// # Errors
/// If there is no writer or no reader, or they do not have the same units.
pub fn equalize(writers: &[Layer], readers: &[Layer]) -> Result<Affine, RewireError> {
    let n = writers.first().ok_or(RewireError::NoLayers { missing: "writer" })?.outputs();
    if readers.is_empty() {
        return Err(RewireError::NoLayers { missing: "reader" });
    }
    writers.iter().try_for_each(|layer| units("the layer before the site", n, layer.outputs()))?;
    readers.iter().try_for_each(|layer| units("the layer after the site", n, layer.inputs()))?;
    let (mut incoming, mut outgoing) = (vec![0.0f64; n], vec![0.0f64; n]);
    for layer in writers {
        for row in layer.weights.chunks_exact(n.max(1)) {
            incoming.iter_mut().zip(row).for_each(|(range, w)| *range = range.max(w.abs()));
        }
    }
    for layer in readers {
        for (unit, range) in outgoing.iter_mut().enumerate() {
            *range = layer.outgoing(unit).iter().fold(*range, |range, w| range.max(w.abs()));
        }
    }
    equalize_ranges(&incoming, &outgoing)
}

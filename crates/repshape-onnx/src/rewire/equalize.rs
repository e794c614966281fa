//! Equal ranges of weights before and behind each unit.

use repshape_stats::rewire::{Affine, equalize_ranges};

use super::{
    part::{Part, key, writer_key},
    stream::Stream,
    view::View,
};

/// The scale that gives each unit equal ranges of weights in and out.
pub(super) fn equalizing(view: &View<'_>, stream: &Stream) -> Result<Affine, String> {
    let parts = view.parts(stream)?;
    let (mut incoming, mut outgoing) = (vec![0.0_f64; stream.units], vec![0.0_f64; stream.units]);
    for (writer, _) in &stream.writers {
        match parts.get(&writer_key(writer)) {
            Some(Part::Dense { layer, .. }) => {
                for row in layer.weights().chunks_exact(stream.units) {
                    incoming.iter_mut().zip(row).for_each(|(range, w)| *range = range.max(w.abs()));
                }
            }
            Some(Part::Kernel { kernel, .. }) => {
                let own = kernel.weights().len() / stream.units;
                for (range, w) in incoming.iter_mut().zip(kernel.weights().chunks_exact(own.max(1))) {
                    *range = w.iter().fold(*range, |range, w| range.max(w.abs()));
                }
            }
            _ => {}
        }
    }
    for (reader, _) in &stream.readers {
        match parts.get(&key(reader)) {
            Some(Part::Dense { layer, .. }) => {
                let own = layer.weights().len() / stream.units;
                for (range, w) in outgoing.iter_mut().zip(layer.weights().chunks_exact(own.max(1))) {
                    *range = w.iter().fold(*range, |range, w| range.max(w.abs()));
                }
            }
            Some(Part::Kernel { kernel, .. }) => {
                let shape = kernel.shape();
                let (of_group, outputs) = (shape.inputs / shape.groups, shape.outputs / shape.groups);
                for (at, window) in kernel.weights().chunks_exact(shape.taps).enumerate() {
                    let input = at / of_group / outputs * of_group + at % of_group;
                    outgoing[input] = window.iter().fold(outgoing[input], |range, w| range.max(w.abs()));
                }
            }
            _ => {}
        }
    }
    equalize_ranges(&incoming, &outgoing).map_err(|error| error.to_string())
}

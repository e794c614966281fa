//! What flows through a part of a network for many rows, block by block, onto the host.

use std::borrow::Cow;

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use repshape_data::Examples;

use super::Place;
use super::host::device_of;
use crate::evaluate::BLOCK;
use crate::network::{Mlp, Network, Site};

/// What enters the site's layer, row-major, and its width.
pub(super) struct Entering<'a> {
    pub(super) values: Cow<'a, [f32]>,
    pub(super) columns: usize,
}

impl Entering<'_> {
    /// Some of the rows.
    pub(super) fn rows(&self, indices: &[usize]) -> Entering<'static> {
        let columns = self.columns;
        let values = indices.iter().flat_map(|row| &self.values[row * columns..(row + 1) * columns]).copied().collect();
        Entering { values: Cow::Owned(values), columns }
    }
}

/// What enters the layer of a place: the same for every map, so computed once.
pub(super) fn entering<'r>(network: &Mlp, place: &Place, rows: &'r Examples) -> Entering<'r> {
    let rows = Entering { values: Cow::Borrowed(rows.values()), columns: rows.columns() };
    match place.layer.checked_sub(1).map(|before| &network.layers[before].sites[1]) {
        None => rows,
        Some(before) => {
            let [values] = pass(network, &rows, [&before.name]);
            Entering { values: Cow::Owned(values), columns: before.units }
        }
    }
}

/// What enters the output layer.
pub(super) fn features(network: &Mlp, place: &Place, entering: &Entering<'_>) -> Vec<f32> {
    let [_, features] = values_at(network, place, entering);
    features
}

/// The values at the place, behind its activation, and at the last hidden site.
pub(super) fn values_at(network: &Mlp, place: &Place, entering: &Entering<'_>) -> [Vec<f32>; 2] {
    let tail = Mlp { layers: network.layers[place.layer..].to_vec(), ..network.clone() };
    let last = tail.layers.last().map_or(&place.after, |layer| &layer.sites[1].name).clone();
    pass(&tail, entering, [&place.after, &last])
}

/// The values at sites of which the last comes last, block by block.
fn pass<const N: usize>(network: &Mlp, entering: &Entering<'_>, sites: [&String; N]) -> [Vec<f32>; N] {
    let network = network.valid();
    let device = device_of(&network.output);
    let mut found = [(); N].map(|()| Vec::new());
    for block in entering.values.chunks(BLOCK * entering.columns.max(1)) {
        let shape = [block.len() / entering.columns.max(1), entering.columns];
        let input = Tensor::<2>::from_data(TensorData::new(block.to_vec(), shape), &device);
        let mut read = |site: &Site, z: Tensor<2>| {
            for (name, found) in sites.iter().zip(&mut found) {
                if **name == site.name {
                    found.extend_from_slice(z.clone().into_data().as_slice::<f32>().unwrap_or_default());
                }
            }
            z
        };
        network.forward_to(sites[N - 1], input, &mut read);
    }
    found
}

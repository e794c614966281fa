//! From a network's sites to sketches: the bridge from the device to the host's measures.

use burn::tensor::{Device, Tensor};
use repshape_data::Examples;
use repshape_stats::{Block, Sketch, SketchConfig, StatsError};

use crate::batch::batch;
use crate::evaluate::BLOCK;
use crate::network::{Network, Site};
use crate::task::Target;

/// Sketches of the named sites over `rows`, in one pass of blocks: one for each name, in their
/// order. `config` gives each site's sketch by its number of units.
///
/// `network` is off the tape (`Module::valid`). A name that is no site gives an empty sketch.
///
/// # Errors
/// An activation that is infinite or NaN (its row and unit are named), or a sketch that cannot be
/// made, as for no units.
pub fn sketch<N: Network>(
    network: &N,
    rows: &Examples,
    sites: &[String],
    config: impl Fn(usize) -> SketchConfig,
    device: &Device,
) -> Result<Vec<Sketch>, StatsError> {
    let known = network.sites();
    let mut sketches = sites
        .iter()
        .map(|name| {
            let units = known.iter().find(|s| s.name == *name).map_or(0, |s| s.units);
            Sketch::new(&config(units))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let indices: Vec<u32> = (0..rows.rows() as u32).collect();
    for (number, block) in indices.chunks(BLOCK).enumerate() {
        let batch = batch(rows, block, Target::Input, device, false);
        let first_row = (number * BLOCK) as u64;
        let mut failure = None;
        let mut read = |site: &Site, z: Tensor<2>| {
            for (name, sketch) in sites.iter().zip(&mut sketches) {
                if *name == site.name
                    && failure.is_none()
                    && let Err(error) = update(sketch, z.clone(), &batch.labels, first_row)
                {
                    failure = Some(error);
                }
            }
            z
        };
        let _ = network.forward_tapped(batch.input.clone(), &mut read);
        if let Some(error) = failure {
            return Err(error);
        }
    }
    Ok(sketches)
}

fn update(sketch: &mut Sketch, z: Tensor<2>, labels: &[u32], first_row: u64) -> Result<(), StatsError> {
    let [_, units] = z.dims();
    let data = z.into_data();
    let values = data.as_slice::<f32>().unwrap_or_default();
    let block = Block::new(values, units)?.starting_at(first_row);
    if sketch.config().classes.is_some() { sketch.update(&block.with_labels(labels)?) } else { sketch.update(&block) }
}

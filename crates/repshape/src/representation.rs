//! From a network's sites to sketches: the bridge from the device to the host's measures.

use burn::tensor::{Device, Tensor};
use repshape_data::{Examples, Train};
use repshape_stats::moments::{ClassMoments, Comoment};
use repshape_stats::{Block, Head, SampleSize, Sketch, SketchConfig, StatsError, UnitPairs};

use crate::batch::batch;
use crate::evaluate::BLOCK;
use crate::network::{Mlp, Network, Site};
use crate::task::Target;

/// What stands behind a site's name to mean its positive part, `max(z, 0)`: `fc6:relu`.
pub const POSITIVE_PART: &str = ":relu";

/// Sketches of the named sites over `rows`, in one pass of blocks: one for each name, in their
/// order. `config` gives each site's sketch by its number of units.
///
/// `network` is off the tape (`Module::valid`). A name with [`POSITIVE_PART`] behind it means the positive part of that
/// site. A name that is no site gives an empty sketch.
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
            let units = known.iter().find(|s| s.name == site_of(name).0).map_or(0, |s| s.units);
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
                let (read, positive) = site_of(name);
                if read != site.name || failure.is_some() {
                    continue;
                }
                let values = if positive { z.clone().clamp_min(0.0) } else { z.clone() };
                if let Err(error) = update(sketch, values, &batch.labels, first_row) {
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

/// The site that a name means, and whether its positive part.
fn site_of(name: &str) -> (&str, bool) {
    name.strip_suffix(POSITIVE_PART).map_or((name, false), |site| (site, true))
}

/// The last layer of a network, if it is what reads `site`: what `nc3_duality` and `nc4_disagreement` compare the
/// representation with. `None` for every other site, and for a layer that holds a value which is not finite.
pub fn head(network: &Mlp, site: &str) -> Option<Head> {
    let last = network.layers.last().filter(|layer| layer.sites[1].name == site)?;
    let (units, classes) = (last.sites[1].units, network.output_site.units);
    let weight = network.output.weight.val().into_data();
    let weight = weight.as_slice::<f32>().ok()?;
    let weights = (0..classes).flat_map(|k| (0..units).map(move |i| f64::from(weight[i * classes + k])));
    let bias = match &network.output.bias {
        None => vec![0.0; classes],
        Some(bias) => bias.val().into_data().as_slice::<f32>().ok()?.iter().map(|&b| f64::from(b)).collect(),
    };
    Head::new(weights.collect(), bias).ok()
}

/// The means of the classes at `site` over the training rows, row-major `classes x units`; zeros for a class without a row.
/// `None` without labels.
///
/// # Errors
/// As [`sketch`].
pub fn class_means<N: Network>(
    network: &N,
    rows: &Train,
    site: &str,
    device: &Device,
) -> Result<Option<Vec<f64>>, StatsError> {
    let Some(classes) = rows.classes() else { return Ok(None) };
    let config = |units| SketchConfig {
        class_moments: ClassMoments::Diagonal,
        pairs: UnitPairs::Off,
        sample: SampleSize::AtMost(1),
        ..SketchConfig::new(units).with_classes(classes)
    };
    let sketches = sketch(network, rows, &[site.to_owned()], config, device)?;
    let means = sketches.iter().flat_map(|sketch| {
        let units = sketch.config().units;
        let mean = move |moments: &Comoment| if moments.count == 0 { vec![0.0; units] } else { moments.mean() };
        sketch.moments().classes.iter().flat_map(move |class| mean(&class.moments))
    });
    Ok(Some(means.collect()))
}

fn update(sketch: &mut Sketch, z: Tensor<2>, labels: &[u32], first_row: u64) -> Result<(), StatsError> {
    let [_, units] = z.dims();
    let data = z.into_data();
    let values = data.as_slice::<f32>().unwrap_or_default();
    let block = Block::new(values, units)?.starting_at(first_row);
    if sketch.config().classes.is_some() { sketch.update(&block.with_labels(labels)?) } else { sketch.update(&block) }
}

//! What is known of the rows that pass a network, and the proof that two networks do the same with them.

use burn::module::Module;
use burn::tensor::Device;
use repshape_data::Examples;
use repshape_stats::moments::ClassMoments;
use repshape_stats::rewire::{Difference, Differences, SiteStatistics};
use repshape_stats::{SampleSize, SketchConfig};

use super::RewireNetworkError;
use super::apply::at;
use super::place::unknown;
use crate::batch::batch;
use crate::evaluate::BLOCK;
use crate::network::{Mlp, Network};
use crate::representation::sketch;
use crate::task::Target;

/// Means, covariances and extremes of the named sites over `rows` in one pass, in the order of the names: what whitening and
/// [`compact`](super::compact) need. All sites may be named, the output too. Memory: `8 units^2` bytes a site while it runs, and as
/// much for what it gives.
///
/// # Errors
/// An unknown site, rows of another width, no rows, or an activation that is not finite.
pub fn statistics(
    network: &Mlp,
    rows: &Examples,
    sites: &[String],
    device: &Device,
) -> Result<Vec<SiteStatistics>, RewireNetworkError> {
    let known = network.sites();
    if let Some(name) = sites.iter().find(|name| known.iter().all(|site| site.name != **name)) {
        return Err(unknown(network, name));
    }
    fits("rewired", network, rows)?;
    let config = |units| SketchConfig {
        class_moments: ClassMoments::Off,
        positive_pairs: false,
        sample: SampleSize::AtMost(1),
        ..SketchConfig::new(units)
    };
    let sketches = sketch(&network.valid(), rows, sites, config, device)?;
    sites.iter().zip(sketches).map(|(site, sketch)| SiteStatistics::of(sketch.moments()).map_err(at(site))).collect()
}

/// How far the outputs of `b` are from those of `a` on `rows`, at inference: batch normalisation by what it has learnt, no
/// dropout. [`Difference::is_within`] a tolerance is the proof for these rows; 1e-5 is what `f32` allows for maps of
/// moderate condition.
///
/// # Errors
/// If the rows or the two networks' outputs do not fit.
pub fn identical(a: &Mlp, b: &Mlp, rows: &Examples, device: &Device) -> Result<Difference, RewireNetworkError> {
    fits("first", a, rows)?;
    fits("second", b, rows)?;
    let (first, second) = (a.output_site.units, b.output_site.units);
    if first != second {
        return Err(RewireNetworkError::Outputs { first, second });
    }
    let (a, b) = (a.valid(), b.valid());
    let mut seen = Differences::default();
    let indices: Vec<u32> = (0..rows.rows() as u32).collect();
    for block in indices.chunks(BLOCK) {
        let input = batch(rows, block, Target::Input, device, false).input;
        let (of_a, of_b) = (a.forward(input.clone()).into_data(), b.forward(input).into_data());
        let (of_a, of_b) = (of_a.as_slice::<f32>().unwrap_or_default(), of_b.as_slice::<f32>().unwrap_or_default());
        seen.update(of_a, of_b, first).map_err(at("output"))?;
    }
    Ok(seen.finish())
}

/// Refuses rows that the network does not take.
pub(super) fn fits(which: &'static str, network: &Mlp, rows: &Examples) -> Result<(), RewireNetworkError> {
    let first = network.layers.first().map_or(&network.output, |layer| &layer.linear);
    let [expected, _] = first.weight.dims();
    let found = rows.columns();
    if expected == found { Ok(()) } else { Err(RewireNetworkError::Columns { network: which, expected, found }) }
}

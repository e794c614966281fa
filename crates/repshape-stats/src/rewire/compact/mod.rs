//! A smaller site with the same outputs: units and directions that carry nothing are taken out (C18, equations 5 and 6).
//!
//! First unit by unit, which leaves the other units as they are: without weights out or in, copies of another unit, dead
//! or constant on the rows given. Then, at a linear site, direction by direction: what no input reaches, what no
//! reader sees, the null space of the covariance; the site then has principal axes for units. With a tolerance the
//! directions (linear) or units (behind an activation) that change the readers' outputs least go too.

mod axes;
mod drop;
mod fate;
mod plan;
mod units;

pub use plan::{Bound, CurvePoint, Holds, Plan, Reason, Removal, Removed};

use super::error::units;
use super::{Cutoff, Layer, RewireError, Site, SiteStatistics};
use axes::Axes;
use fate::Fates;

/// How a site may be made smaller.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CompactOptions {
    /// Largest expected error of the readers' outputs, relative to their standard deviation (root of the summed squares
    /// over the root of the summed variances). At 0 nothing is dropped that changes an output on the rows given.
    pub tolerance: f64,
    /// Which eigenvalues of the covariance are read as 0.
    pub cutoff: Cutoff,
    /// Whether a constant can be folded into the readers' biases; not if one is a convolution that pads with zeros. Units
    /// are then replaced by 0 only, and directions must be 0 on every row, not just constant.
    pub constants_fold: bool,
}

impl Default for CompactOptions {
    fn default() -> Self {
        Self { tolerance: 0.0, cutoff: Cutoff::Rounding, constants_fold: true }
    }
}

/// What of a site can be left out, and how the layers beside it take that up.
///
/// `writers` are the layers whose sum is the site before its activation, `readers` all layers that read it; a convolution
/// enters as [`Kernel::as_writer`](super::Kernel::as_writer) and [`as_reader`](super::Kernel::as_reader) give it.
/// Without `statistics` only what the weights show is found; with statistics but no covariance of pairs, no null space.
/// One unit always stays. Cost at a linear site `O(units^3)`, otherwise `O(units^2)` products of weights.
///
/// ```
/// use repshape_stats::rewire::{CompactOptions, Layer, Reason, Site, plan_compact};
///
/// // unit 1 is twice unit 0 and unit 2 has no weights in: at a ReLU it is always its bias, 3
/// let mut writers = [Layer::new(2, vec![1.0, 2.0, 0.0, -1.0, -2.0, 0.0], vec![0.5, 1.0, 3.0])?];
/// let mut readers = [Layer::new(3, vec![1.0, 10.0, 100.0], vec![0.0])?];
/// let plan = plan_compact(Site::RELU, None, &writers, &readers, &CompactOptions::default())?;
/// assert_eq!(plan.removed[0].reason, Reason::ZeroIn { value: 3.0 });
/// assert_eq!(plan.removed[1].reason, Reason::DuplicateOf { unit: 0, factor: 2.0 });
///
/// plan.fold(&mut writers, &mut readers)?;
/// assert_eq!((writers[0].weights(), writers[0].bias()), (&[1.0, -1.0][..], &[0.5][..]));
/// assert_eq!((readers[0].weights(), readers[0].bias()), (&[21.0][..], &[300.0][..]));
/// # Ok::<(), repshape_stats::rewire::RewireError>(())
/// ```
///
/// # Errors
/// If a writer or a reader is missing, units do not fit, the tolerance is negative or not finite, or there is a
/// tolerance but no covariance.
pub fn plan_compact(
    site: Site,
    statistics: Option<&SiteStatistics>,
    writers: &[Layer],
    readers: &[Layer],
    options: &CompactOptions,
) -> Result<Plan, RewireError> {
    let n = check(statistics, writers, readers, options)?;
    let covariance = statistics.and_then(SiteStatistics::covariance);
    let lossy = options.tolerance > 0.0;
    if lossy && covariance.is_none() {
        return Err(RewireError::NoCovariance { needs: "a tolerance" });
    }
    let mut plan = Plan {
        units: n,
        removed: Vec::new(),
        curve: Vec::new(),
        expected: Bound::default(),
        null_space_searched: site == Site::Linear && covariance.is_some(),
        fates: Fates::all_kept(n),
        axes: None,
    };
    units::without_content(&mut plan, site, statistics, (writers, readers), options.constants_fold);
    match (site, statistics) {
        (Site::Linear, _) => axes::reduce(&mut plan, statistics, (writers, readers), options)?,
        (Site::Homogeneous { .. }, Some(statistics)) => drop::units(&mut plan, statistics, readers, options),
        (Site::Homogeneous { .. }, None) => {}
    }
    Ok(plan)
}

fn check(
    statistics: Option<&SiteStatistics>,
    writers: &[Layer],
    readers: &[Layer],
    options: &CompactOptions,
) -> Result<usize, RewireError> {
    if !(options.tolerance >= 0.0 && options.tolerance.is_finite()) {
        let found = options.tolerance.to_string();
        return Err(RewireError::Setting { field: "tolerance", found, expected: "a finite number, at least 0" });
    }
    let n = writers.first().ok_or(RewireError::NoLayers { missing: "writer" })?.outputs();
    super::affine::check_units(n)?;
    options.cutoff.share(n)?;
    if readers.is_empty() {
        return Err(RewireError::NoLayers { missing: "reader" });
    }
    writers.iter().try_for_each(|layer| units("the layer before the site", n, layer.outputs()))?;
    readers.iter().try_for_each(|layer| units("the layer after the site", n, layer.inputs()))?;
    statistics.map_or(Ok(()), |known| units("the statistics of the site", n, known.units()))?;
    Ok(n)
}

//! Units behind an activation in the order in which they can be missed.

use super::axes::{output_variance, relative};
use super::fate::Fate;
use super::plan::{Bound, CurvePoint};
use super::{CompactOptions, Holds, Plan, Reason, Removal, Removed};
use crate::rewire::product::{View, product};
use crate::rewire::{Layer, SiteStatistics};

/// Replaces units by their means (by 0 where constants cannot be folded), least error of the readers' outputs first, up to
/// the tolerance. The expected squared error of leaving out the set D is `sum_{i, j in D} C_ij (R R^T)_ij`, R the readers'
/// weights; each next unit is the one that adds least to it.
pub(super) fn units(plan: &mut Plan, statistics: &SiteStatistics, readers: &[Layer], options: &CompactOptions) {
    let Some(covariance) = statistics.covariance() else { return };
    let (all, kept) = (plan.units, plan.fates.kept());
    let n = kept.len();
    let readers: Vec<Layer> = readers.iter().map(|layer| plan.fates.read(layer)).collect();
    let of_kept: Vec<f64> = kept.iter().flat_map(|i| kept.iter().map(move |j| covariance[i * all + j])).collect();
    let outputs = output_variance(&readers, &of_kept);
    let mean = statistics.mean();

    // C o R R^T, with second moments for C where a unit is replaced by 0
    let mut shared = vec![0.0; n * n];
    for layer in &readers {
        let rows = View::new(&layer.weights, n, layer.outputs());
        shared.iter_mut().zip(product(rows, rows.transposed())).for_each(|(sum, x)| *sum += x);
    }
    for (at, shared) in shared.iter_mut().enumerate() {
        let (i, j) = (at / n, at % n);
        *shared *= of_kept[at] + if options.constants_fold { 0.0 } else { mean[kept[i]] * mean[kept[j]] };
    }

    // what each unit would add
    let mut adds: Vec<f64> = (0..n).map(|i| shared[i * n + i]).collect();
    let mut left: Vec<usize> = (0..n).collect();
    let (mut squared, mut order, mut within) = (0.0f64, Vec::with_capacity(n), 0);
    plan.curve.push(CurvePoint { units: n, error: Bound::default() });
    while left.len() > 1 {
        let least = left.iter().enumerate().min_by(|(_, a), (_, b)| adds[**a].total_cmp(&adds[**b]));
        let Some((place, &unit)) = least else { break };
        left.remove(place);
        order.push(unit);
        squared = (squared + adds[unit]).max(0.0);
        for &other in &left {
            adds[other] += 2.0 * shared[other * n + unit];
        }
        let error = Bound { squared, relative: relative(squared, outputs) };
        plan.curve.push(CurvePoint { units: left.len(), error });
        if options.tolerance > 0.0 && error.relative <= options.tolerance {
            within = order.len();
            plan.expected = error;
        }
    }
    for unit in order[..within].iter().map(|&unit| kept[unit]) {
        let value = if options.constants_fold { mean[unit] } else { 0.0 };
        plan.fates.set(unit, Fate::Constant(value));
        plan.removed.push(Removal {
            removed: Removed::Unit(unit),
            reason: Reason::LowVariance,
            holds: Holds::Approximately,
            variance: Some(statistics.variance()[unit]),
        });
    }
}

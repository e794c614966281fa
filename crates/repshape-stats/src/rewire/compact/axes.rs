//! Directions of a linear site that carry nothing: no input reaches them, no reader sees them, or they do not vary.

use super::plan::{Bound, CurvePoint};
use super::{CompactOptions, Holds, Plan, Reason, Removal, Removed};
use crate::rewire::product::{View, dot, product, row_times, times_column};
use crate::rewire::{Layer, RewireError, SiteStatistics};
use crate::spectrum;

/// The representation in fewer, orthonormal directions: `z = centre + u basis`, `u = (z - centre) basis^T`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axes {
    centre: Vec<f64>,
    /// Rows of `centre.len()` values.
    basis: Vec<f64>,
    count: usize,
}

impl Axes {
    fn units(&self) -> usize {
        self.centre.len()
    }

    fn view(&self) -> View<'_> {
        View::new(&self.basis, self.count, self.units())
    }

    /// `rows basis^T`.
    fn coordinates(&self, rows: &[f64]) -> Vec<f64> {
        product(View::new(rows, rows.len() / self.units(), self.units()), self.view().transposed())
    }

    /// The layer that writes u; without `centred` one that writes a further part of it.
    pub(super) fn write(&self, layer: &Layer, centred: bool) -> Layer {
        let mut bias = layer.bias.clone();
        if centred {
            bias.iter_mut().zip(&self.centre).for_each(|(b, c)| *b -= c);
        }
        Layer::of_parts(layer.inputs(), self.coordinates(&layer.weights), times_column(&self.basis, &bias))
    }

    /// The layer that reads u.
    pub(super) fn read(&self, layer: &Layer) -> Layer {
        let moved = row_times(&self.centre, &layer.weights, layer.outputs());
        let bias = layer.bias.iter().zip(moved).map(|(b, m)| b + m).collect();
        let weights = product(self.view(), View::new(&layer.weights, self.units(), layer.outputs()));
        Layer::of_parts(self.count, weights, bias)
    }

    /// These axes, and then `next` in their coordinates.
    fn then(self, next: Self) -> Self {
        let inner = row_times(&next.centre, &self.basis, self.units());
        let centre = self.centre.iter().zip(inner).map(|(a, b)| a + b).collect();
        let basis = product(next.view(), self.view());
        Self { centre, basis, count: next.count }
    }
}

/// The layers beside the site in the coordinates found so far.
struct Reduced {
    writers: Vec<Layer>,
    readers: Vec<Layer>,
    axes: Option<Axes>,
}

impl Reduced {
    fn units(&self) -> usize {
        self.readers[0].inputs()
    }

    fn reduce(&mut self, next: Axes) {
        for (index, layer) in self.writers.iter_mut().enumerate() {
            *layer = next.write(layer, index == 0);
        }
        self.readers.iter_mut().for_each(|layer| *layer = next.read(layer));
        self.axes = Some(match self.axes.take() {
            None => next,
            Some(axes) => axes.then(next),
        });
    }
}

/// Takes out of what the unit-wise plan has left every direction without content, and the least ones up to the tolerance.
pub(super) fn reduce(
    plan: &mut Plan,
    statistics: Option<&SiteStatistics>,
    (writers, readers): (&[Layer], &[Layer]),
    options: &CompactOptions,
) -> Result<(), RewireError> {
    let kept = plan.fates.kept();
    let mut reduced = Reduced {
        writers: writers.iter().map(|layer| plan.fates.write(layer)).collect(),
        readers: readers.iter().map(|layer| plan.fates.read(layer)).collect(),
        axes: None,
    };
    unreached(plan, &mut reduced, options.constants_fold);
    unseen(plan, &mut reduced);
    if let Some((statistics, covariance)) = statistics.and_then(|known| Some((known, known.covariance()?))) {
        let all = plan.units;
        let of_kept = kept.iter().flat_map(|i| kept.iter().map(move |j| covariance[i * all + j])).collect();
        let mean = kept.iter().map(|&unit| statistics.mean()[unit]).collect();
        unvarying(plan, &mut reduced, mean, of_kept, options)?;
    }
    plan.axes = reduced.axes;
    Ok(())
}

/// Directions without weights in: outside the row space of the writers.
fn unreached(plan: &mut Plan, reduced: &mut Reduced, constants_fold: bool) {
    let n = reduced.units();
    let mut bias = vec![0.0; n];
    let mut rows = Vec::new();
    for layer in &reduced.writers {
        rows.extend_from_slice(&layer.weights);
        bias.iter_mut().zip(&layer.bias).for_each(|(sum, b)| *sum += b);
    }
    if !constants_fold {
        // what the biases add cannot go elsewhere: it is part of what is kept
        rows.extend_from_slice(&bias);
        bias = vec![0.0; n];
    }
    if let Some((count, basis)) = row_space(&rows, n) {
        remove(plan, n - count, Reason::ZeroIn { value: 0.0 });
        reduced.reduce(Axes { centre: bias, basis, count });
    }
}

/// Directions without weights out: outside the column space of the readers.
fn unseen(plan: &mut Plan, reduced: &mut Reduced) {
    let n = reduced.units();
    let columns: Vec<f64> = reduced
        .readers
        .iter()
        .flat_map(|layer| (0..layer.outputs()).flat_map(move |output| layer.incoming(output)))
        .collect();
    if let Some((count, basis)) = row_space(&columns, n) {
        remove(plan, n - count, Reason::ZeroOut);
        reduced.reduce(Axes { centre: vec![0.0; n], basis, count });
    }
}

fn remove(plan: &mut Plan, count: usize, reason: Reason) {
    let removal = Removal { removed: Removed::Direction, reason, holds: Holds::EveryInput, variance: None };
    plan.removed.extend(std::iter::repeat_n(removal, count));
}

/// An orthonormal basis of the row space, of at least one row, if it is not all of the `units` dimensions. A singular value
/// counts as 0 up to `max(rows, units) * 2^-52` of the largest.
fn row_space(matrix: &[f64], units: usize) -> Option<(usize, Vec<f64>)> {
    let rows = matrix.len() / units;
    if units == 1 {
        return None;
    }
    let (values, right) = if rows == 0 {
        Default::default()
    } else {
        let singular = spectrum::singular(matrix, rows, units)?;
        (singular.values, singular.right)
    };
    let largest = values.first().copied().unwrap_or(0.0);
    let cutoff = rows.max(units) as f64 * f64::EPSILON * largest;
    let count = values.iter().filter(|s| **s > cutoff).count();
    if count == 0 {
        // nothing at all: any one direction stays
        let mut basis = vec![0.0; units];
        basis[0] = 1.0;
        return Some((1, basis));
    }
    (count < units).then(|| (count, right[..count * units].to_vec()))
}

/// Directions that do not vary on the rows given, and those whose variance reaches the outputs least.
fn unvarying(
    plan: &mut Plan,
    reduced: &mut Reduced,
    mut mean: Vec<f64>,
    mut covariance: Vec<f64>,
    options: &CompactOptions,
) -> Result<(), RewireError> {
    if let Some(axes) = &reduced.axes {
        mean.iter_mut().zip(&axes.centre).for_each(|(m, c)| *m -= c);
        mean = times_column(&axes.basis, &mean);
        covariance = product(axes.view(), View::new(&axes.coordinates(&covariance), axes.units(), axes.count));
    }
    let n = reduced.units();
    let moments = if options.constants_fold {
        covariance.clone()
    } else {
        (0..n * n).map(|at| covariance[at] + mean[at / n] * mean[at % n]).collect()
    };
    let spectrum::Eigen { values, vectors } = spectrum::eigen(&moments, n);
    let share = options.cutoff.share(plan.units)?;
    let rank = values.iter().filter(|l| **l > share * values[0] && **l > 0.0).count();
    let mut seen = vec![0.0; n];
    for layer in &reduced.readers {
        let width = layer.outputs();
        let along = product(View::new(&vectors, n, n), View::new(&layer.weights, n, width));
        seen.iter_mut().zip(along.chunks_exact(width.max(1))).for_each(|(sum, row)| *sum += dot(row, row));
    }
    let errors: Vec<f64> = values.iter().zip(&seen).map(|(l, seen)| l.max(0.0) * seen).collect();
    let outputs = output_variance(&reduced.readers, &covariance);
    let bound = |squared: f64| Bound { squared, relative: relative(squared, outputs) };

    // the null space first; one direction always stays
    let null = n - rank.max(1);
    let mut order: Vec<usize> = (0..n - null).collect();
    order.sort_by(|&a, &b| errors[a].total_cmp(&errors[b]).then(b.cmp(&a)));
    let order: Vec<usize> = (n - null..n).rev().chain(order).collect();
    let mut squared: f64 = order[..null].iter().map(|&k| errors[k]).sum();
    let mut dropped = null;
    plan.expected = bound(squared);
    plan.curve.push(CurvePoint { units: n - null, error: bound(squared) });
    for (place, &k) in order.iter().enumerate().take(n - 1).skip(null) {
        squared += errors[k];
        plan.curve.push(CurvePoint { units: n - place - 1, error: bound(squared) });
        if options.tolerance > 0.0 && bound(squared).relative <= options.tolerance {
            dropped = place + 1;
            plan.expected = bound(squared);
        }
    }
    if dropped == 0 {
        return Ok(());
    }
    for (place, &k) in order[..dropped].iter().enumerate() {
        let (reason, holds) = if place < null {
            (Reason::NullSpace, Holds::RowsGiven)
        } else {
            (Reason::LowVariance, Holds::Approximately)
        };
        let variance = Some(values[k].max(0.0));
        plan.removed.push(Removal { removed: Removed::Direction, reason, holds, variance });
    }
    let mut left: Vec<usize> = order[dropped..].to_vec();
    left.sort_unstable();
    let basis = left.iter().flat_map(|k| vectors[k * n..(k + 1) * n].to_vec()).collect();
    let centre = if options.constants_fold { mean } else { vec![0.0; n] };
    reduced.reduce(Axes { centre, basis, count: left.len() });
    Ok(())
}

/// Summed variance of the outputs of all readers, `tr(R^T C R)`.
pub(super) fn output_variance(readers: &[Layer], covariance: &[f64]) -> f64 {
    let of_layer = |layer: &Layer| {
        let (n, width) = (layer.inputs(), layer.outputs());
        dot(&product(View::new(covariance, n, n), View::new(&layer.weights, n, width)), &layer.weights)
    };
    readers.iter().map(of_layer).sum::<f64>().max(0.0)
}

/// The root of a share, 0 where nothing varies.
pub(super) fn relative(squared: f64, of: f64) -> f64 {
    if of > 0.0 { (squared / of).sqrt() } else { 0.0 }
}

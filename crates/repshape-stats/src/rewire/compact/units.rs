//! Units that carry nothing, each alone: by the weights, then by the rows given.

use std::collections::HashMap;

use super::fate::Fate;
use super::{Holds, Plan, Reason, Removal, Removed};
use crate::rewire::{Layer, Site, SiteStatistics};

/// How far one weight may be from a multiple of another, relative to it: the rounding of the multiple.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// What enters each unit, from all writers: rows of `width` weights, and the sum of the biases.
struct Incoming {
    width: usize,
    weights: Vec<f64>,
    bias: Vec<f64>,
}

impl Incoming {
    fn of(writers: &[Layer], units: usize) -> Self {
        let width = writers.iter().map(Layer::inputs).sum();
        let weights = (0..units).flat_map(|unit| writers.iter().flat_map(move |layer| layer.incoming(unit))).collect();
        let bias = (0..units).map(|unit| writers.iter().map(|layer| layer.bias[unit]).sum()).collect();
        Self { width, weights, bias }
    }

    fn of_unit(&self, unit: usize) -> &[f64] {
        &self.weights[unit * self.width..(unit + 1) * self.width]
    }
}

/// Marks every unit that can be left out without a change, all but the last one if it would be all.
pub(super) fn without_content(
    plan: &mut Plan,
    site: Site,
    statistics: Option<&SiteStatistics>,
    (writers, readers): (&[Layer], &[Layer]),
    constants_fold: bool,
) {
    let incoming = Incoming::of(writers, plan.units);
    let variance = |unit: usize| statistics.map(|known| known.variance()[unit]);
    let mut remove = |plan: &mut Plan, unit: usize, fate: Fate, reason: Reason, holds: Holds| {
        if plan.units_after() > 1 {
            plan.fates.set(unit, fate);
            plan.removed.push(Removal { removed: Removed::Unit(unit), reason, holds, variance: variance(unit) });
        }
    };

    zero_out(plan, readers, &mut remove);
    for unit in plan.fates.kept() {
        let value = site.activate(incoming.bias[unit]);
        if incoming.of_unit(unit).iter().all(|w| *w == 0.0) && (constants_fold || value == 0.0) {
            remove(plan, unit, Fate::Constant(value), Reason::ZeroIn { value }, Holds::EveryInput);
        }
    }
    // the units to which others have been compared, by the place of their first weight that is not 0
    let mut seen: HashMap<usize, Vec<usize>> = HashMap::new();
    for unit in plan.fates.kept() {
        let Some(first) = incoming.of_unit(unit).iter().position(|w| *w != 0.0) else { continue };
        let others = seen.entry(first).or_default();
        let copy = others.iter().find_map(|&of| {
            let (factor, offset) = multiple(&incoming, unit, of, first, site)?;
            (constants_fold || offset == 0.0).then_some((of, factor, offset))
        });
        match copy {
            Some((of, factor, offset)) => {
                let reason = Reason::DuplicateOf { unit: of, factor };
                remove(plan, unit, Fate::Copy { of, factor, offset }, reason, Holds::EveryInput);
            }
            None => others.push(unit),
        }
    }
    // a unit that has taken over the weights of its copies may be left with none
    let merged: Vec<Layer> = readers.iter().map(|layer| plan.fates.read(layer)).collect();
    let kept = plan.fates.kept();
    for (place, &unit) in kept.iter().enumerate() {
        if merged.iter().all(|layer| layer.outgoing(place).iter().all(|w| *w == 0.0)) {
            // its copies keep their offsets: of a unit at 0
            remove(plan, unit, Fate::Constant(0.0), Reason::ZeroOut, Holds::EveryInput);
        }
    }
    let Some(statistics) = statistics else { return };
    for unit in plan.fates.kept() {
        match statistics.constant(unit) {
            Some(0.0) => remove(plan, unit, Fate::Constant(0.0), Reason::DeadOnData, Holds::RowsGiven),
            Some(value) if constants_fold => {
                remove(plan, unit, Fate::Constant(value), Reason::ConstantOnData { value }, Holds::RowsGiven);
            }
            _ => {}
        }
    }
}

type Remove<'a> = dyn FnMut(&mut Plan, usize, Fate, Reason, Holds) + 'a;

fn zero_out(plan: &mut Plan, readers: &[Layer], remove: &mut Remove<'_>) {
    for unit in plan.fates.kept() {
        if readers.iter().all(|layer| layer.outgoing(unit).iter().all(|w| *w == 0.0)) {
            remove(plan, unit, Fate::Constant(0.0), Reason::ZeroOut, Holds::EveryInput);
        }
    }
}

/// The factor and offset by which `unit` is always a multiple of `of`, if it is.
fn multiple(incoming: &Incoming, unit: usize, of: usize, first: usize, site: Site) -> Option<(f64, f64)> {
    let (own, other) = (incoming.of_unit(unit), incoming.of_unit(of));
    let factor = own[first] / other[first];
    let near = |x: f64, y: f64| (x - factor * y).abs() <= ROUNDING * x.abs();
    if factor == 0.0 || !factor.is_finite() || !own.iter().zip(other).all(|(x, y)| near(*x, *y)) {
        return None;
    }
    let (bias, of_bias) = (incoming.bias[unit], incoming.bias[of]);
    if near(bias, of_bias) {
        return (factor > 0.0 || site == Site::Linear).then_some((factor, 0.0));
    }
    (site == Site::Linear).then_some((factor, bias - factor * of_bias))
}

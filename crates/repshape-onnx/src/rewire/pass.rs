//! What lets a change of representation through, and which.

use repshape_stats::rewire::{Affine, Kind};

use super::view::{Layout, View, attribute};
use crate::{graph::domain, sites, value::Dim};

/// A node that treats each unit by itself, and what it asks of a map.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pass {
    /// Where the units of what it gives lie.
    pub(super) layout: Layout,
    pub(super) effect: Effect,
}

/// What a node does to a unit.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Effect {
    /// Nothing, or a mean over positions: every map passes.
    Linear,
    /// `x`, or below 0 that many times `x`.
    Activation(Slope),
    /// The largest of some positions.
    Largest,
    /// A mean that counts padding as 0.
    PaddedMean,
}

/// The slope of a positively homogeneous activation below 0.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Slope {
    /// One for all units.
    One(f64),
    /// One for each unit.
    Each(Vec<f64>),
}

/// What a site, with all that stands around it, cannot let through; each with the reason.
#[derive(Debug, Clone, Default)]
pub(super) struct Limits {
    pub(super) mixing: Option<String>,
    pub(super) order: Option<String>,
    pub(super) shift: Option<String>,
}

impl Limits {
    pub(super) fn no_mixing(&mut self, reason: impl FnOnce() -> String) {
        self.mixing.get_or_insert_with(reason);
    }

    pub(super) fn no_order(&mut self, reason: impl FnOnce() -> String) {
        self.order.get_or_insert_with(reason);
    }

    pub(super) fn no_shift(&mut self, reason: impl FnOnce() -> String) {
        self.shift.get_or_insert_with(reason);
    }

    /// Why no layer can take the map, whatever activation stands there.
    pub(super) fn check_layers(&self, affine: &Affine) -> Result<(), String> {
        let kind = affine.kind();
        match self.order.as_ref().filter(|_| kind != Kind::PositiveDiagonal) {
            Some(reason) => Err(format!("{kind} cannot pass: {reason}: only a positive diagonal can")),
            None => Ok(()),
        }
    }

    /// Why the map does not pass, if it does not.
    pub(super) fn check(&self, affine: &Affine) -> Result<(), String> {
        self.check_layers(affine)?;
        let kind = affine.kind();
        if let Some(reason) = self.mixing.as_ref().filter(|_| kind == Kind::General) {
            return Err(format!(
                "{kind} cannot pass: {reason}: only a positive diagonal, a permutation, or both together can"
            ));
        }
        let shifted = affine.shift().iter().any(|m| *m != 0.0);
        match self.shift.as_ref().filter(|_| shifted) {
            Some(reason) => Err(format!("a shift cannot pass: {reason}")),
            None => Ok(()),
        }
    }
}

impl View<'_> {
    /// How the node passes the units of its first input on; `None` if it is no such node.
    ///
    /// # Errors
    /// Why no map passes, in words that name the node.
    pub(super) fn pass(&self, at: usize, layout: Layout) -> Result<Option<Pass>, String> {
        let node = &self.graph.node[at];
        if !domain(node).is_empty() {
            return Ok(None);
        }
        let refuse = |reason: &str| Err(format!("{} {reason}", self.describe(at)));
        let pass = |layout, effect| Ok(Some(Pass { layout, effect }));
        let (Some(x), Some(y)) = (node.input.first(), node.output.first()) else { return Ok(None) };
        if node.output.iter().skip(1).any(|output| !self.index.readers(output).is_empty() || self.is_output(output)) {
            return Ok(None);
        }
        let number = |name: &str, default: f64| attribute(node, name).map_or(default, |found| f64::from(found.f()));
        match node.op_type() {
            "Identity" => pass(layout, Effect::Linear),
            // these have f(s x) = s f(x) for every s > 0
            "Relu" => pass(layout, Effect::Activation(Slope::One(0.0))),
            "Abs" => pass(layout, Effect::Activation(Slope::One(-1.0))),
            "LeakyRelu" => match number("alpha", 0.01) {
                slope if slope.is_finite() => pass(layout, Effect::Activation(Slope::One(slope))),
                _ => refuse("has a slope that is no finite number"),
            },
            "PRelu" => match self.slopes(node.input.get(1).map_or("", String::as_str), x, layout) {
                Some(slope) => pass(layout, Effect::Activation(slope)),
                None => refuse("has slopes that are not constant, or not one for each unit"),
            },
            operator if sites::NONLINEARITIES.contains(&operator) => {
                refuse("is not positively homogeneous: no map but the identity passes it")
            }
            "Dropout" => match node.input.get(2).filter(|name| !name.is_empty()) {
                None => pass(layout, Effect::Linear),
                Some(flag) if self.is_false(flag) => pass(layout, Effect::Linear),
                Some(_) => refuse("may be in training mode"),
            },
            "Cast" => {
                let to = attribute(node, "to").map(|to| to.i());
                match self.element_type(x) {
                    Some(from) if to == Some(i64::from(i32::from(from))) => pass(layout, Effect::Linear),
                    _ => refuse("changes the type of the elements"),
                }
            }
            "MaxPool" | "GlobalMaxPool" if layout == Layout::Channel => pass(layout, Effect::Largest),
            "GlobalAveragePool" if layout == Layout::Channel => pass(layout, Effect::Linear),
            "AveragePool" if layout == Layout::Channel => {
                let counts = attribute(node, "count_include_pad").is_some_and(|flag| flag.i() != 0);
                let pads = attribute(node, "pads").is_some_and(|pads| pads.ints.iter().any(|&pad| pad != 0));
                let same = attribute(node, "auto_pad").is_some_and(|pad| pad.s().starts_with(b"SAME"));
                let ceil = attribute(node, "ceil_mode").is_some_and(|flag| flag.i() != 0);
                let padded = counts && (pads || same || ceil);
                pass(layout, if padded { Effect::PaddedMean } else { Effect::Linear })
            }
            "ReduceMean" if layout == Layout::Channel => match self.mean_of_positions(at, x) {
                Some(layout) => pass(layout, Effect::Linear),
                None => refuse("takes means over other axes than the positions of a map"),
            },
            "Flatten" | "Reshape" | "Squeeze" => match self.flattened(at, x, y, layout) {
                Some(layout) => pass(layout, Effect::Linear),
                None => refuse("puts the units where they cannot be followed"),
            },
            _ => Ok(None),
        }
    }

    fn is_false(&self, name: &str) -> bool {
        self.constants().integers(name).is_some_and(|values| values == [0])
    }

    fn slopes(&self, name: &str, x: &str, layout: Layout) -> Option<Slope> {
        let count = self.constant_width(name, x, layout)?;
        let values = self.constants().find(name)?.values()?;
        if values.iter().any(|slope| !slope.is_finite()) {
            return None;
        }
        match values.as_slice() {
            [first, rest @ ..] if rest.iter().all(|slope| slope == first) => Some(Slope::One(*first)),
            _ if count == values.len() => Some(Slope::Each(values)),
            _ => None,
        }
    }

    /// Where the units are after a `ReduceMean` over all positions of a map, or some of them with their sides kept.
    fn mean_of_positions(&self, at: usize, x: &str) -> Option<Layout> {
        let node = &self.graph.node[at];
        let rank = self.rank(x)?;
        let axes = match attribute(node, "axes") {
            Some(axes) => axes.ints.clone(),
            None => self.constants().integers(node.input.get(1)?)?,
        };
        let places = axes.iter().map(|&axis| if axis < 0 { axis.checked_add(rank as i64) } else { Some(axis) });
        let mut places: Vec<i64> = places.collect::<Option<_>>()?;
        places.sort_unstable();
        places.dedup();
        if places.is_empty() || places.iter().any(|&axis| axis < 2 || axis >= rank as i64) {
            return None;
        }
        let keeps = attribute(node, "keepdims").is_none_or(|flag| flag.i() != 0);
        match (keeps, places.len() == rank - 2) {
            (true, _) => Some(Layout::Channel),
            (false, true) => Some(Layout::Last),
            (false, false) => Some(Layout::Channel),
        }
    }

    /// Where the units are after a node that only changes sides: rows must stay rows.
    fn flattened(&self, at: usize, x: &str, y: &str, layout: Layout) -> Option<Layout> {
        let node = &self.graph.node[at];
        let after = |rank: usize| match layout {
            Layout::Last => (rank == 2).then_some(Layout::Last),
            Layout::Channel => Some(Layout::Runs),
            Layout::Runs => Some(Layout::Runs),
        };
        match node.op_type() {
            "Flatten" if attribute(node, "axis").is_none_or(|axis| axis.i() == 1) => match layout {
                Layout::Last => after(self.rank(x)?),
                _ => after(0),
            },
            "Reshape" => {
                let (before, now) = (self.shapes.get(x)?, self.shapes.get(y)?);
                let same_rows = match (before.first()?, now.first()?) {
                    (Dim::Known(a), Dim::Known(b)) => a == b,
                    (Dim::Free(a), Dim::Free(b)) => a == b && !a.is_empty(),
                    _ => false,
                };
                (same_rows && now.len() == 2).then(|| after(before.len())).flatten()
            }
            "Squeeze" if layout == Layout::Channel => {
                let axes = match attribute(node, "axes") {
                    Some(axes) => axes.ints.clone(),
                    None => self.constants().integers(node.input.get(1)?)?,
                };
                let rank = self.rank(x)?;
                let spatial =
                    |&axis: &i64| axis >= 2 || axis < 0 && axis.checked_add(rank as i64).is_some_and(|at| at >= 2);
                let now = rank.checked_sub(axes.len())?;
                (axes.iter().all(spatial) && now >= 2).then_some(if now == 2 { Layout::Last } else { Layout::Channel })
            }
            _ => None,
        }
    }
}

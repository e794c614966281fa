//! What is taken out of a site, why, and at what price.

use super::super::error::{finite, units};
use super::{Axes, Fates};
use crate::rewire::{Layer, RewireError};

/// What is taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// The unit of this index.
    Unit(usize),
    /// A direction in the space of the units that are left.
    Direction,
}

/// Why it carries nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reason {
    /// No reader has a weight on it.
    ZeroOut,
    /// No writer has a weight on it: it always has this value (of a direction: the one that biases give, said as 0).
    ZeroIn {
        /// The value, after the activation.
        value: f64,
    },
    /// It is always this multiple of another unit, plus a constant at a linear site.
    DuplicateOf {
        /// The unit that stays and takes over its outgoing weights.
        unit: usize,
        /// What that unit is multiplied by; above 0 behind an activation.
        factor: f64,
    },
    /// It is 0 on every row given.
    DeadOnData,
    /// It has one value on the rows given.
    ConstantOnData {
        /// That value.
        value: f64,
    },
    /// It does not vary on the rows given, but for rounding.
    NullSpace,
    /// It varies, and the readers' outputs depend on it least.
    LowVariance,
}

/// For which inputs the outputs stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Every input: the weights say so.
    EveryInput,
    /// The rows that the statistics are of. Others may differ: verify on them.
    RowsGiven,
    /// None; the expected error is given.
    Approximately,
}

/// One unit or direction that is taken out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Removal {
    /// What.
    pub removed: Removed,
    /// Why.
    pub reason: Reason,
    /// For which inputs this changes nothing.
    pub holds: Holds,
    /// Its variance on the rows given (the mean square where constants cannot be folded), where statistics are known.
    pub variance: Option<f64>,
}

/// An expected change of the readers' outputs.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bound {
    /// Mean over the rows of the squared change, summed over all outputs of all readers (before their activations).
    pub squared: f64,
    /// `sqrt(squared / V)`, V the summed variance of these outputs; 0 if V is 0.
    pub relative: f64,
}

/// What the site costs in accuracy at one size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// Units that are left.
    pub units: usize,
    /// Expected change of the readers' outputs.
    pub error: Bound,
}

/// What of a site is left out. Make one by [`plan_compact`](super::plan_compact), carry it out by [`fold`](Self::fold).
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Number of units before.
    pub units: usize,
    /// What is taken out, in the order of the decisions.
    pub removed: Vec<Removal>,
    /// Expected error at every size, from what can be had without error down to one unit, whether the tolerance goes that
    /// far or not. Empty without a covariance.
    pub curve: Vec<CurvePoint>,
    /// Expected error of this plan, exact removals included: these add rounding only.
    pub expected: Bound,
    /// Whether the null space of the covariance was looked for: at linear sites with a covariance.
    pub null_space_searched: bool,
    pub(super) fates: Fates,
    pub(super) axes: Option<Axes>,
}

impl Plan {
    /// Number of units that are left.
    #[must_use]
    pub fn units_after(&self) -> usize {
        self.units - self.removed.len()
    }

    /// Whether nothing is taken out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty()
    }

    /// Whether the outputs stay as they are for every input, but for rounding.
    #[must_use]
    pub fn holds_for_every_input(&self) -> bool {
        self.removed.iter().all(|removal| removal.holds == Holds::EveryInput)
    }

    /// The units that are left as they were, in order; `None` if the units after are directions and none of the units before.
    #[must_use]
    pub fn kept_units(&self) -> Option<Vec<usize>> {
        self.axes.is_none().then(|| self.fates.kept())
    }

    /// Folds the plan into all layers beside the site, in the order in which they were given to the plan; the layers
    /// then have [`units_after`](Self::units_after) units at the site.
    ///
    /// # Errors
    /// If a layer does not have the number of units of the plan, or a value leaves the range of `f64`. All layers are then
    /// as they were.
    pub fn fold(&self, writers: &mut [Layer], readers: &mut [Layer]) -> Result<(), RewireError> {
        if writers.is_empty() {
            return Err(RewireError::NoLayers { missing: "writer" });
        }
        writers.iter().try_for_each(|layer| units("the layer before the site", self.units, layer.outputs()))?;
        readers.iter().try_for_each(|layer| units("the layer after the site", self.units, layer.inputs()))?;
        let mut written: Vec<Layer> = writers.iter().map(|layer| self.fates.write(layer)).collect();
        let mut read: Vec<Layer> = readers.iter().map(|layer| self.fates.read(layer)).collect();
        if let Some(axes) = &self.axes {
            // the representation is the writers' sum: its centre is taken off once
            for (index, layer) in written.iter_mut().enumerate() {
                *layer = axes.write(layer, index == 0);
            }
            read.iter_mut().for_each(|layer| *layer = axes.read(layer));
        }
        for layer in written.iter().chain(&read) {
            finite("the weights of the smaller layer", layer.weights())?;
            finite("the bias of the smaller layer", layer.bias())?;
        }
        writers.iter_mut().zip(written).for_each(|(layer, new)| *layer = new);
        readers.iter_mut().zip(read).for_each(|(layer, new)| *layer = new);
        Ok(())
    }
}

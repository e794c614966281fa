//! Affine nodes with constant weights, found but not read: what writes and what reads a representation.

use super::view::{Layout, View, attribute};
use crate::{
    constant::Constant,
    graph::domain,
    proto::{NodeProto, tensor_proto::DataType},
};

/// A `Gemm`, or a `MatMul` with constant weights.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dense {
    pub(super) node: usize,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// Whether the weights are kept outputs by inputs.
    pub(super) transposed: bool,
    pub(super) alpha: f64,
    pub(super) beta: f64,
    pub(super) bias: Bias,
    pub(super) kind: DataType,
}

/// Where a layer keeps its bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bias {
    None,
    /// The node's own input of this place.
    Input(usize),
    /// An input of the `Add` behind it.
    Add {
        node: usize,
        place: usize,
    },
}

/// A `Conv` with constant weights.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Convolution {
    pub(super) node: usize,
    /// Weights: outputs, inputs of a group, window.
    pub(super) sides: Vec<usize>,
    pub(super) groups: usize,
    pub(super) padded: bool,
    pub(super) bias: Bias,
    pub(super) kind: DataType,
}

impl Convolution {
    pub(super) fn outputs(&self) -> usize {
        self.sides[0]
    }

    pub(super) fn inputs(&self) -> usize {
        self.sides[1] * self.groups
    }

    pub(super) fn taps(&self) -> usize {
        self.sides[2..].iter().product()
    }
}

/// A node that writes units from, or reads units into, something else.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum AffineNode {
    Dense(Dense),
    Convolution(Convolution),
    /// A `BatchNormalization` by itself: it scales each unit and mixes none.
    Normalization {
        node: usize,
        units: usize,
    },
}

impl AffineNode {
    pub(super) fn node(&self) -> usize {
        match self {
            Self::Dense(Dense { node, .. })
            | Self::Convolution(Convolution { node, .. })
            | Self::Normalization { node, .. } => *node,
        }
    }

    pub(super) fn outputs(&self) -> usize {
        match self {
            Self::Dense(dense) => dense.outputs,
            Self::Convolution(convolution) => convolution.outputs(),
            Self::Normalization { units, .. } => *units,
        }
    }

    pub(super) fn layout(&self, view: &View<'_>) -> Layout {
        match self {
            Self::Dense(_) => Layout::Last,
            Self::Convolution(_) => Layout::Channel,
            Self::Normalization { node, .. } => {
                let x = view.graph.node[*node].input.first();
                if x.and_then(|x| view.rank(x)) == Some(2) { Layout::Last } else { Layout::Channel }
            }
        }
    }
}

impl<'a> View<'a> {
    /// The affine node of this index; `None` if it is of another kind.
    ///
    /// # Errors
    /// Why its weights cannot be changed, in words that name it.
    pub(super) fn affine(&self, at: usize) -> Result<Option<AffineNode>, String> {
        let node = &self.graph.node[at];
        match (domain(node), node.op_type()) {
            ("", "Gemm" | "MatMul") => self.dense(at, node).map(|dense| Some(AffineNode::Dense(dense))),
            ("", "Conv") => self.convolution(at, node).map(|found| Some(AffineNode::Convolution(found))),
            ("", "BatchNormalization") => self.normalization(at, node).map(Some),
            _ => Ok(None),
        }
    }

    /// The weights that a node reads, which must be its own.
    fn weights(&self, at: usize, place: usize) -> Result<Constant<'a>, String> {
        let name = self.graph.node[at].input.get(place).map_or("", String::as_str);
        let found = self
            .constants()
            .find(name)
            .ok_or_else(|| format!("the weights {name:?} of {} are no constant floats", self.describe(at)))?;
        if found.shared {
            return Err(format!("the weights {name:?} of {} are tied: they are used elsewhere too", self.describe(at)));
        }
        Ok(found)
    }

    /// Checks that a bias is a constant with one number, or one for each output.
    fn check_bias(&self, at: usize, place: usize, outputs: usize) -> Result<(), String> {
        let name = &self.graph.node[at].input[place];
        let fits = |found: &Constant<'_>| {
            let count: usize = found.shape.iter().product();
            let last = found.shape.last().copied().unwrap_or(1);
            count == 1 || count == outputs && last == outputs
        };
        if self.constants().find(name).as_ref().is_some_and(fits) {
            return Ok(());
        }
        Err(format!("the bias {name:?} of {} is no constant with one number for each output", self.describe(at)))
    }

    fn own_bias(&self, at: usize, node: &NodeProto, outputs: usize) -> Result<Bias, String> {
        if node.input.get(2).is_none_or(String::is_empty) {
            return Ok(Bias::None);
        }
        self.check_bias(at, 2, outputs)?;
        Ok(Bias::Input(2))
    }

    fn dense(&self, at: usize, node: &'a NodeProto) -> Result<Dense, String> {
        let weights = self.weights(at, 1)?;
        let &[first, second] = weights.shape.as_slice() else {
            return Err(format!("the weights of {} have {} sides, not 2", self.describe(at), weights.shape.len()));
        };
        let gemm = node.op_type() == "Gemm";
        let transposed = gemm && attribute(node, "transB").is_some_and(|flag| flag.i() != 0);
        let (inputs, outputs) = if transposed { (second, first) } else { (first, second) };
        if inputs == 0 || outputs == 0 {
            return Err(format!("the weights of {} are empty", self.describe(at)));
        }
        let factor = |name: &str| attribute(node, name).map_or(1.0, |factor| f64::from(factor.f()));
        let (alpha, beta) = if gemm { (factor("alpha"), factor("beta")) } else { (1.0, 1.0) };
        let bias = if gemm { self.own_bias(at, node, outputs)? } else { self.added_bias(node, outputs) };
        Ok(Dense { node: at, inputs, outputs, transposed, alpha, beta, bias, kind: weights.kind })
    }

    /// The bias that the only reader of a product adds to it.
    fn added_bias(&self, node: &NodeProto, outputs: usize) -> Bias {
        let Some(product) = node.output.first() else { return Bias::None };
        let &[reader] = self.index.readers(product) else { return Bias::None };
        if self.is_output(product) || reader.input > 1 {
            return Bias::None;
        }
        let add = &self.graph.node[reader.node];
        let place = 1 - reader.input;
        let fits = domain(add).is_empty() && add.op_type() == "Add" && add.input.len() == 2;
        if fits && self.constant_width(&add.input[place], product, Layout::Last).is_some_and(|n| n == 1 || n == outputs)
        {
            Bias::Add { node: reader.node, place }
        } else {
            Bias::None
        }
    }

    fn convolution(&self, at: usize, node: &'a NodeProto) -> Result<Convolution, String> {
        let weights = self.weights(at, 1)?;
        let groups = attribute(node, "group").map_or(1, |group| group.i());
        let groups = usize::try_from(groups).ok().filter(|&groups| groups > 0);
        let fits = |groups: &usize| {
            let [outputs, inputs, window @ ..] = weights.shape.as_slice() else { return false };
            !window.is_empty()
                && !weights.shape.contains(&0)
                && outputs % groups == 0
                && inputs.checked_mul(*groups).is_some()
        };
        let groups = groups.filter(fits).ok_or_else(|| {
            format!("the weights {:?} of {} and its groups do not fit", weights.shape, self.describe(at))
        })?;
        let window: usize = weights.shape[2..].iter().product();
        let same = attribute(node, "auto_pad").is_some_and(|pad| pad.s().starts_with(b"SAME"));
        let pads = attribute(node, "pads").is_some_and(|pads| pads.ints.iter().any(|&pad| pad != 0));
        let bias = self.own_bias(at, node, weights.shape[0])?;
        let padded = pads || same && window > 1;
        Ok(Convolution { node: at, sides: weights.shape.clone(), groups, padded, bias, kind: weights.kind })
    }

    fn normalization(&self, at: usize, node: &'a NodeProto) -> Result<AffineNode, String> {
        let training = attribute(node, "training_mode").is_some_and(|flag| flag.i() != 0);
        let other_outputs = node.output.iter().skip(1).any(|output| !output.is_empty());
        if training || other_outputs {
            return Err(format!("{} is in training mode: its factor depends on the rows", self.describe(at)));
        }
        if attribute(node, "spatial").is_some_and(|flag| flag.i() == 0) {
            return Err(format!("{} normalises each position by itself (spatial 0)", self.describe(at)));
        }
        let mut units = None;
        for place in 1..5 {
            let found = self.weights(at, place)?;
            let &[side] = found.shape.as_slice() else {
                return Err(format!("input {place} of {} is no list of numbers", self.describe(at)));
            };
            if side == 0 || units.replace(side).is_some_and(|other| other != side) {
                return Err(format!("the parameters of {} have different lengths", self.describe(at)));
            }
        }
        let units = units.unwrap_or(0);
        Ok(AffineNode::Normalization { node: at, units })
    }
}

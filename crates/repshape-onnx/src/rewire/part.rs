//! Affine nodes read into `f64`, changed, and put back.

use std::collections::{BTreeMap, btree_map::Entry};

use repshape_stats::rewire::{
    Affine, BatchNorm, Kernel, KernelShape, Layer, RewireError, fold_into_reader, fold_into_writer,
};

use super::{
    affine_node::{AffineNode, Bias, Convolution, Dense},
    edit::Edit,
    stream::{Stream, Writer},
    view::{Layout, View, attribute},
};
use crate::proto::tensor_proto::DataType;

/// A node beside a stream, in `f64`.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Dense {
        at: Dense,
        layer: Layer,
        before: Vec<f64>,
    },
    Kernel {
        at: Convolution,
        kernel: Kernel,
        before: Vec<f64>,
    },
    /// Scale, shift, mean and variance of a batch normalisation.
    Normalization {
        node: usize,
        numbers: [Vec<f64>; 4],
    },
    /// A constant term of a sum.
    Constant {
        node: usize,
        place: usize,
        layer: Layer,
        sides: usize,
    },
}

/// Parts by the node, and for constant terms of a sum the place, where their numbers stand.
pub(super) type Parts = BTreeMap<(usize, usize), Part>;

/// Where the part of an affine node is.
pub(super) fn key(node: &AffineNode) -> (usize, usize) {
    (node.node(), 1)
}

/// Where the part of a writer is.
pub(super) fn writer_key(writer: &Writer) -> (usize, usize) {
    match writer {
        Writer::Affine { node, .. } => key(node),
        Writer::Constant { node, place } => (*node, place + 2),
    }
}

impl View<'_> {
    fn numbers(&self, at: usize, place: usize) -> Result<(Vec<f64>, DataType), String> {
        let name = self.graph.node[at].input.get(place).map_or("", String::as_str);
        let found = self.constants().find(name);
        let values = found.as_ref().and_then(|found| Some((found.values()?, found.kind)));
        values.ok_or_else(|| format!("{name:?}, which {} reads, cannot be read", self.describe(at)))
    }

    /// A bias of one number for all or one for each.
    fn bias(&self, bias: Bias, own: usize, width: usize, factor: f64) -> Result<Vec<f64>, String> {
        let (node, place) = match bias {
            Bias::None => return Ok(vec![0.0; width]),
            Bias::Input(place) => (own, place),
            Bias::Add { node, place } => (node, place),
        };
        let values = self.numbers(node, place)?.0;
        Ok(match values.as_slice() {
            [one] => vec![factor * one; width],
            _ => values.iter().map(|b| factor * b).collect(),
        })
    }

    /// All parts of a stream.
    pub(super) fn parts(&self, stream: &Stream) -> Result<Parts, String> {
        let mut parts = Parts::new();
        for (writer, value) in &stream.writers {
            let part = match writer {
                Writer::Affine { node, absorbed } => {
                    let mut part = self.part(node, stream)?;
                    for &at in absorbed {
                        self.absorb(&mut part, at)?;
                    }
                    part
                }
                Writer::Constant { node, place } => {
                    let values = self.numbers(*node, *place)?.0;
                    let values = if let [one] = *values { vec![one; stream.units] } else { values };
                    let layer = Layer::new(0, Vec::new(), values).map_err(|error| self.words(*node, &error))?;
                    let sides = match stream.values[value] {
                        Layout::Channel => self.rank(value).map_or(0, |rank| rank.saturating_sub(2)),
                        _ => 0,
                    };
                    Part::Constant { node: *node, place: *place, layer, sides }
                }
            };
            parts.insert(writer_key(writer), part);
        }
        for (reader, _) in &stream.readers {
            if let Entry::Vacant(place) = parts.entry(key(reader)) {
                place.insert(self.part(reader, stream)?);
            }
        }
        Ok(parts)
    }

    /// What went wrong at a node.
    pub(super) fn words(&self, at: usize, error: &dyn std::fmt::Display) -> String {
        format!("{}: {error}", self.describe(at))
    }

    /// The affine node in `f64`.
    fn part(&self, node: &AffineNode, stream: &Stream) -> Result<Part, String> {
        match node {
            AffineNode::Dense(dense) => {
                let mut dense = dense.clone();
                if self.graph.node[dense.node].output.contains(&stream.site) && matches!(dense.bias, Bias::Add { .. }) {
                    dense.bias = Bias::None;
                }
                self.dense_part(dense)
            }
            AffineNode::Convolution(found) => {
                let (weights, _) = self.numbers(found.node, 1)?;
                let bias = self.bias(found.bias, found.node, found.outputs(), 1.0)?;
                let shape = KernelShape {
                    outputs: found.outputs(),
                    inputs: found.inputs(),
                    taps: found.taps(),
                    groups: found.groups,
                    padded: found.padded,
                };
                let kernel =
                    Kernel::new(shape, weights, bias.clone()).map_err(|error| self.words(found.node, &error))?;
                Ok(Part::Kernel { at: found.clone(), kernel, before: bias })
            }
            AffineNode::Normalization { node, .. } => {
                let mut numbers = [const { Vec::new() }; 4];
                for (place, numbers) in numbers.iter_mut().enumerate() {
                    *numbers = self.numbers(*node, place + 1)?.0;
                }
                Ok(Part::Normalization { node: *node, numbers })
            }
        }
    }

    /// The dense layer in `f64`, its factors alpha and beta taken in.
    pub(super) fn dense_part(&self, at: Dense) -> Result<Part, String> {
        let (mut weights, _) = self.numbers(at.node, 1)?;
        if at.transposed {
            weights = turned(&weights, at.outputs, at.inputs);
        }
        if at.alpha != 1.0 {
            weights.iter_mut().for_each(|w| *w *= at.alpha);
        }
        let bias = self.bias(at.bias, at.node, at.outputs, at.beta)?;
        let layer = Layer::new(at.inputs, weights, bias.clone()).map_err(|error| self.words(at.node, &error))?;
        Ok(Part::Dense { at, layer, before: bias })
    }

    fn absorb(&self, part: &mut Part, at: usize) -> Result<(), String> {
        let mut numbers = Vec::with_capacity(4);
        for place in 1..5 {
            numbers.push(self.numbers(at, place)?.0);
        }
        let epsilon = attribute(&self.graph.node[at], "epsilon").map_or(1e-5, |epsilon| f64::from(epsilon.f()));
        let norm = BatchNorm::new(&numbers[0], &numbers[1], &numbers[2], &numbers[3], epsilon);
        let folded = norm.and_then(|norm| match part {
            Part::Dense { layer, .. } => norm.fold_into_layer_before(layer),
            Part::Kernel { kernel, .. } => norm.fold_into_kernel_before(kernel),
            Part::Normalization { .. } | Part::Constant { .. } => Ok(()),
        });
        folded.map_err(|error| self.words(at, &error))
    }
}

/// A row-major matrix with rows and columns exchanged.
pub(super) fn turned(values: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    const BLOCK: usize = 64;
    let mut into = vec![0.0; values.len()];
    for first_row in (0..rows).step_by(BLOCK) {
        for first in (0..columns).step_by(BLOCK) {
            for row in first_row..(first_row + BLOCK).min(rows) {
                for column in first..(first + BLOCK).min(columns) {
                    into[column * rows + row] = values[row * columns + column];
                }
            }
        }
    }
    into
}

type Outcome = Result<(), RewireError>;

impl Part {
    /// The fold that is done to who writes the units.
    pub(super) fn write(&mut self, affine: &Affine) -> Outcome {
        match self {
            Self::Dense { layer, .. } | Self::Constant { layer, .. } => fold_into_writer(layer, affine),
            Self::Kernel { kernel, .. } => kernel.fold_as_writer(affine),
            Self::Normalization { numbers: [scale, shift, ..], .. } => {
                let ones = vec![1.0; affine.units()];
                let factor = affine.without_shift().apply(&ones)?;
                scale.iter_mut().zip(factor).for_each(|(scale, factor)| *scale *= factor);
                *shift = affine.apply(shift)?;
                Ok(())
            }
        }
    }

    /// The fold that is done to who reads the units. Where it fails the part is lost.
    pub(super) fn read(&mut self, affine: &Affine) -> Outcome {
        match self {
            Self::Dense { layer, .. } => {
                let (outputs, bias) = (layer.outputs(), layer.bias().to_vec());
                let whole = std::mem::replace(layer, Layer::new(0, Vec::new(), Vec::new())?);
                let mut wide = widened(whole, affine.units())?;
                fold_into_reader(&mut wide, affine)?;
                *layer = narrowed(wide, outputs, bias)?;
                Ok(())
            }
            Self::Kernel { kernel, .. } => kernel.fold_as_reader(affine),
            Self::Normalization { numbers: [scale, _, mean, _], .. } => {
                let ones = vec![1.0; affine.units()];
                let factor = affine.without_shift().apply(&ones)?;
                scale.iter_mut().zip(factor).for_each(|(scale, factor)| *scale /= factor);
                *mean = affine.apply(mean)?;
                Ok(())
            }
            Self::Constant { .. } => Ok(()),
        }
    }

    /// Puts the numbers back into the graph.
    pub(super) fn store(self, view: &View<'_>, edit: &mut Edit) -> Result<(), String> {
        match self {
            Self::Dense { at, layer, before } => {
                let (inputs, outputs) = (layer.inputs(), layer.outputs());
                let (weights, bias) = layer.into_parts();
                if at.transposed {
                    edit.floats(view, at.node, 1, &[outputs, inputs], &turned(&weights, inputs, outputs), at.kind)?;
                } else {
                    edit.floats(view, at.node, 1, &[inputs, outputs], &weights, at.kind)?;
                }
                drop(weights);
                edit.without_factors(at.node);
                let same = bias == before && at.beta == 1.0;
                put_bias(view, edit, (at.node, at.bias, at.kind), &bias, same)
            }
            Self::Kernel { at, kernel, before } => {
                let shape = kernel.shape();
                let mut sides = vec![shape.outputs, shape.inputs / shape.groups];
                sides.extend_from_slice(&at.sides[2..]);
                let (weights, bias) = kernel.into_parts();
                edit.floats(view, at.node, 1, &sides, &weights, at.kind)?;
                let same = bias == before;
                put_bias(view, edit, (at.node, at.bias, at.kind), &bias, same)
            }
            Self::Normalization { node, numbers } => {
                for (place, values) in numbers.iter().enumerate() {
                    let (_, kind) = view.numbers(node, place + 1)?;
                    edit.floats(view, node, place + 1, &[values.len()], values, kind)?;
                }
                Ok(())
            }
            Self::Constant { node, place, layer, sides } => {
                let (_, kind) = view.numbers(node, place)?;
                let (_, bias) = layer.into_parts();
                let mut shape = vec![bias.len()];
                shape.resize(1 + sides, 1);
                edit.floats(view, node, place, &shape, &bias, kind)
            }
        }
    }
}

fn put_bias(
    view: &View<'_>,
    edit: &mut Edit,
    (node, place, kind): (usize, Bias, DataType),
    bias: &[f64],
    same: bool,
) -> Result<(), String> {
    match place {
        Bias::None if bias.iter().all(|b| *b == 0.0) => Ok(()),
        Bias::None if view.graph.node[node].op_type() == "MatMul" => edit.add_behind(view, node, bias, kind),
        Bias::None => edit.floats(view, node, 2, &[bias.len()], bias, kind),
        Bias::Input(_) | Bias::Add { .. } if same => Ok(()),
        Bias::Input(place) => edit.floats(view, node, place, &[bias.len()], bias, kind),
        Bias::Add { node, place } => edit.floats(view, node, place, &[bias.len()], bias, kind),
    }
}

/// A layer that reads runs of columns for each unit, as one that reads the units and gives an output for each column of the run
/// and output: the same numbers in the same order. Its bias is 0.
pub(super) fn widened(layer: Layer, units: usize) -> Result<Layer, RewireError> {
    let run = layer.inputs() / units.max(1);
    let width = run * layer.outputs();
    Layer::new(units, layer.into_parts().0, vec![0.0; width])
}

/// Back from [`widened`], for perhaps another number of units; the bias gained is summed over the run.
pub(super) fn narrowed(wide: Layer, outputs: usize, mut bias: Vec<f64>) -> Result<Layer, RewireError> {
    let run = wide.outputs() / outputs.max(1);
    let inputs = wide.inputs() * run;
    let (weights, moved) = wide.into_parts();
    for of_column in moved.chunks_exact(outputs.max(1)) {
        bias.iter_mut().zip(of_column).for_each(|(b, m)| *b += m);
    }
    Layer::new(inputs, weights, bias)
}

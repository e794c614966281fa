//! How much a run would hold, told before it begins.

use std::sync::{Mutex, PoisonError};

use crate::{
    graph::Index,
    model::Input,
    onnx_error::Problem,
    proto::{GraphProto, NodeProto, TensorProto, ValueInfoProto, tensor_proto::DataType},
    shapes,
    value::{Dim, shape_text},
};

/// Elements of one value, at most: 4 GiB of floats. A model may ask for any number in a few bytes, and a failed allocation would end
/// the program.
const MOST_ELEMENTS: usize = 1 << 30;
/// Integer constants of more elements are no shapes.
const SMALL: i64 = 64;

/// The lowered graph without its weights.
#[derive(Debug)]
pub(crate) struct Size {
    graph: GraphProto,
    index: Index,
    inputs: Vec<Input>,
    /// The shapes that were found to fit last.
    fits: Mutex<Vec<Vec<usize>>>,
}

impl Size {
    /// # Errors
    /// The graph's names are not sound.
    pub(crate) fn of(graph: &GraphProto, inputs: &[Input]) -> Result<Self, Problem> {
        let named = |input: &Input| ValueInfoProto { name: Some(input.name.clone()), ..Default::default() };
        let lean = |tensor: &TensorProto| {
            let integers =
                tensor.data_type() == i32::from(DataType::Int64) || tensor.data_type() == i32::from(DataType::Int32);
            if integers
                && tensor
                    .dims
                    .iter()
                    .try_fold(1_i64, |count, &side| count.checked_mul(side))
                    .is_some_and(|count| count <= SMALL)
            {
                return tensor.clone();
            }
            TensorProto {
                name: tensor.name.clone(),
                dims: tensor.dims.clone(),
                data_type: tensor.data_type,
                ..Default::default()
            }
        };
        let graph = GraphProto {
            node: graph.node.iter().map(NodeProto::clone).collect(),
            initializer: graph.initializer.iter().map(lean).collect(),
            input: inputs.iter().map(named).collect(),
            ..Default::default()
        };
        let index = Index::of(&graph)?;
        Ok(Self { graph, index, inputs: inputs.to_vec(), fits: Mutex::new(Vec::new()) })
    }

    /// Checks that no value whose shape can be told from the inputs' is too large. `shapes` are those of the inputs, in their order.
    ///
    /// # Errors
    /// A value would be too large.
    pub(crate) fn check(&self, shapes: &[&[usize]]) -> Result<(), Problem> {
        let fits = || self.fits.lock().unwrap_or_else(PoisonError::into_inner);
        if *fits() == shapes {
            return Ok(());
        }
        let known = |(input, shape): (&Input, &&[usize])| Input {
            shape: Some(shape.iter().copied().map(Dim::Known).collect()),
            ..input.clone()
        };
        let inputs: Vec<Input> = self.inputs.iter().zip(shapes).map(known).collect();
        let inferred = shapes::inferred(&self.graph, &self.index, &inputs, None);
        for node in self.index.order.iter().map(|&at| &self.graph.node[at]) {
            for (name, shape) in node.output.iter().filter_map(|name| Some((name, inferred.get(name)?))) {
                let side = |side: &Dim| if let Dim::Known(side) = side { *side } else { 1 };
                let sides = shape.iter().map(side);
                if sides.clone().any(|side| side == 0) {
                    continue;
                }
                if sides
                    .clone()
                    .try_fold(1_usize, |count, side| count.checked_mul(side))
                    .is_none_or(|count| count > MOST_ELEMENTS)
                {
                    return Err(Problem::Run {
                        reason: format!(
                            "{name:?}, which {} gives, would be {}; at most {MOST_ELEMENTS} elements can be had: feed fewer rows at a time",
                            node.name(),
                            shape_text(shape)
                        ),
                    });
                }
            }
        }
        *fits() = shapes.iter().map(|shape| shape.to_vec()).collect();
        Ok(())
    }
}

//! What of a graph has to be known around a site.

use std::{collections::HashMap, path::Path};

use crate::{
    constant::{Constant, Constants},
    graph::{self, Index},
    initializer,
    proto::{AttributeProto, GraphProto, NodeProto, TypeProto, tensor_proto::DataType, type_proto},
    value::Dim,
};

/// A graph, its names, and the sides of its values.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) graph: &'a GraphProto,
    pub(super) index: &'a Index,
    pub(super) shapes: &'a HashMap<String, Vec<Dim>>,
    pub(super) folder: Option<&'a Path>,
}

/// Where the units of a value lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// On the last axis.
    Last,
    /// On axis 1 of three or more: channels of a map.
    Channel,
    /// On the last axis of two, each unit a run of neighbours: a flattened map.
    Runs,
}

/// The node's attribute of this name.
pub(super) fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name() == name)
}

impl<'a> View<'a> {
    pub(super) fn constants(&self) -> Constants<'a> {
        Constants { graph: self.graph, index: self.index, folder: self.folder }
    }

    /// The nodes whose second input is constant weights, each with these, in the order of the graph.
    pub(super) fn weighted(self) -> impl Iterator<Item = (usize, Constant<'a>)> {
        self.index.order.iter().filter_map(move |&at| {
            let node = &self.graph.node[at];
            let known = matches!(node.op_type(), "Gemm" | "MatMul" | "Conv") && graph::domain(node).is_empty();
            Some((at, self.constants().find(node.input.get(1).filter(|_| known)?)?))
        })
    }

    pub(super) fn describe(&self, node: usize) -> String {
        let proto = &self.graph.node[node];
        match (proto.name(), proto.output.iter().find(|output| !output.is_empty())) {
            ("", Some(output)) => format!("{} (node {node}, which gives {output:?})", graph::operator_name(proto)),
            ("", None) => format!("{} (node {node})", graph::operator_name(proto)),
            (name, _) => format!("{} (node {name:?})", graph::operator_name(proto)),
        }
    }

    pub(super) fn is_output(&self, value: &str) -> bool {
        self.graph.output.iter().any(|output| output.name() == value)
    }

    pub(super) fn rank(&self, value: &str) -> Option<usize> {
        self.shapes.get(value).map(Vec::len)
    }

    /// How many numbers a constant has along the units of a value, if it has none along other axes: 1, or one for each unit.
    pub(super) fn constant_width(&self, name: &str, value: &str, layout: Layout) -> Option<usize> {
        let found = self.constants().find(name)?;
        let count = found.shape.iter().try_fold(1_usize, |count, &side| count.checked_mul(side))?;
        let rank = self.rank(value);
        if found.shape.len() > rank.unwrap_or(1).max(1) {
            return None;
        }
        if count == 1 {
            return Some(1);
        }
        let axis = match layout {
            Layout::Last => found.shape.len().checked_sub(1)?,
            // counted from the end, as shapes are stretched
            Layout::Channel => (found.shape.len() + 1).checked_sub(rank?)?,
            Layout::Runs => return None,
        };
        (found.shape.get(axis) == Some(&count)).then_some(count)
    }

    /// The type of a value's elements, as far as declarations and the nodes before it say.
    pub(super) fn element_type(&self, value: &str) -> Option<DataType> {
        const STEPS: usize = 64;
        let declared = |value: &str| {
            let all = self.graph.value_info.iter().chain(&self.graph.output).chain(&self.graph.input);
            let said = all.filter(|info| info.name() == value).find_map(|info| match &info.r#type {
                Some(TypeProto { value: Some(type_proto::Value::TensorType(tensor)), .. }) => Some(tensor.elem_type()),
                _ => None,
            });
            said.and_then(|kind| DataType::try_from(kind).ok()).filter(|&kind| kind != DataType::Undefined)
        };
        let mut value = value;
        for _ in 0..STEPS {
            if let Some(kind) = declared(value) {
                return Some(kind);
            }
            let node = &self.graph.node[self.index.producer(value)?];
            if node.op_type() == "Cast" {
                return attribute(node, "to").and_then(|to| DataType::try_from(to.i() as i32).ok());
            }
            // weights are of the type that is computed in
            let weights = node.input.iter().skip(1).find_map(|input| self.constants().find(input));
            if let Some(found) = weights.filter(|found| initializer::is_float(found.kind)) {
                return Some(found.kind);
            }
            value = node.input.first()?;
        }
        None
    }
}

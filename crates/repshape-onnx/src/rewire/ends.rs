//! Whether what writes, reads and leaves a stream fits together.

use std::collections::{HashMap, HashSet};

use super::{
    affine_node::AffineNode,
    pass::Limits,
    stream::{Stream, Writer},
    view::{Layout, View},
};
use crate::value::Dim;

impl View<'_> {
    /// Checks widths and outputs, and gathers what the layers let through.
    pub(super) fn finish(&self, stream: &mut Stream) -> Result<(), String> {
        let place: HashMap<usize, usize> =
            self.index.order.iter().enumerate().map(|(place, &at)| (at, place)).collect();
        let of_writer = |writer: &Writer| match writer {
            Writer::Affine { node, .. } => node.node(),
            Writer::Constant { node, .. } => *node,
        };
        stream.writers.sort_by_key(|(writer, _)| place.get(&of_writer(writer)).copied());
        stream.readers.sort_by_key(|(reader, _)| place.get(&reader.node()).copied());
        let affine = |(writer, _): &(Writer, String)| match writer {
            Writer::Affine { node, .. } => Some(node.clone()),
            Writer::Constant { .. } => None,
        };
        let writers: Vec<AffineNode> = stream.writers.iter().filter_map(affine).collect();
        let first = writers.first().ok_or("no affine layer writes it")?;
        stream.units = first.outputs();
        for writer in &writers {
            if writer.outputs() != stream.units {
                let (found, units) = (writer.outputs(), stream.units);
                return Err(format!("{} writes {found} units and another layer {units}", self.describe(writer.node())));
            }
            self.limit_groups(&mut stream.limits, writer);
        }
        for (writer, value) in &stream.writers {
            let Writer::Constant { node, place } = writer else { continue };
            let width = self.constant_width(&self.graph.node[*node].input[*place], value, stream.values[value]);
            if width.is_none_or(|width| width != 1 && width != stream.units) || stream.values[value] == Layout::Runs {
                return Err(format!("{} adds a constant that does not fit its units", self.describe(*node)));
            }
        }
        self.check_outputs(stream)?;
        self.check_readers(stream)
    }

    fn check_readers(&self, stream: &mut Stream) -> Result<(), String> {
        if stream.readers.is_empty() {
            return Err("no affine layer reads it".to_owned());
        }
        let units = stream.units;
        for (reader, value) in &stream.readers {
            let (found, fits) = match reader {
                AffineNode::Dense(dense) if stream.values[value] == Layout::Runs => {
                    (dense.inputs, dense.inputs % units == 0)
                }
                AffineNode::Dense(dense) => (dense.inputs, dense.inputs == units),
                AffineNode::Convolution(convolution) => (convolution.inputs(), convolution.inputs() == units),
                AffineNode::Normalization { units: own, .. } => (*own, *own == units),
            };
            if !fits {
                return Err(format!("{} reads {found} units where {units} are written", self.describe(reader.node())));
            }
            self.limit_groups(&mut stream.limits, reader);
            if let AffineNode::Convolution(convolution) = reader
                && convolution.padded
            {
                stream.limits.no_shift(|| format!("{} pads with zeros", self.describe(convolution.node)));
            }
        }
        let run = stream.readers.iter().find_map(|(reader, value)| match reader {
            AffineNode::Dense(dense) if *value == stream.site => Some(dense.inputs / units),
            _ => None,
        });
        let wide = match self.shapes.get(&stream.site).and_then(|shape| shape.last()) {
            Some(Dim::Known(side)) => *side != units,
            _ => run.is_none_or(|run| run != 1),
        };
        if stream.values[&stream.site] == Layout::Runs && wide {
            return Err(
                "it is a flattened map, in which each channel is many columns: rewire the map before it".to_owned()
            );
        }
        Ok(())
    }

    fn limit_groups(&self, limits: &mut Limits, node: &AffineNode) {
        let reason = match node {
            AffineNode::Dense(_) => return,
            AffineNode::Convolution(found) if found.groups == 1 => return,
            AffineNode::Convolution(found) => {
                format!("{} has {} groups, which share no channels", self.describe(found.node), found.groups)
            }
            AffineNode::Normalization { node, .. } => {
                format!("{} scales each unit by itself and is not folded into a layer", self.describe(*node))
            }
        };
        limits.no_order(|| reason);
    }

    /// A result must stay: values that change may be outputs only beside another output.
    fn check_outputs(&self, stream: &mut Stream) -> Result<(), String> {
        let names = self.graph.output.iter().map(|output| output.name());
        let (changed, kept): (Vec<&str>, Vec<&str>) = names.partition(|name| stream.values.contains_key(*name));
        let mut seen = HashSet::new();
        stream.outputs = changed.iter().filter(|name| seen.insert(**name)).map(|name| (*name).to_owned()).collect();
        let result = stream.outputs.iter().find(|name| self.index.readers(name).is_empty());
        if let Some(name) = result {
            return Err(format!("{name:?} would change, an output of the model that nothing reads: it is a result"));
        }
        match (changed.first(), kept.is_empty()) {
            (Some(name), true) => Err(format!("{name:?} would change, and the model has no output beside it")),
            _ => Ok(()),
        }
    }
}

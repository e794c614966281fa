//! All values that must change together with a site, who writes them and who reads them.
//!
//! Going back from the site to affine nodes and forward to affine nodes, through what treats each unit by itself and through
//! sums: the terms of a sum and the sum are in the same units. So a residual stream is found whole or not at all.

use std::collections::{BTreeMap, HashMap};

use super::{
    affine_node::{AffineNode, Bias},
    pass::{Effect, Limits, Pass, Slope},
    view::{Layout, View},
};
use crate::graph::{CAPTURED, domain};

/// What gives a value of the stream.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Writer {
    Affine {
        node: AffineNode,
        /// Batch normalisations behind it, which become part of it.
        absorbed: Vec<usize>,
    },
    /// A constant term of a sum.
    Constant { node: usize, place: usize },
}

/// What stands between two values of the stream.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Link {
    Pass(Pass),
    /// A sum, with the places of its terms that are no constants.
    Sum(Vec<usize>),
}

/// The stream of a site.
#[derive(Debug, Clone, Default)]
pub(super) struct Stream {
    pub(super) site: String,
    pub(super) units: usize,
    /// Every value, with the place of its units.
    pub(super) values: HashMap<String, Layout>,
    /// Every writer with the value it gives (the sum, for a constant), in the order of the graph.
    pub(super) writers: Vec<(Writer, String)>,
    /// Every reader with the value it reads, in the order of the graph.
    pub(super) readers: Vec<(AffineNode, String)>,
    /// Nodes between, by index.
    pub(super) links: BTreeMap<usize, Link>,
    /// Nodes that look at the shape of a value only.
    pub(super) measured: Vec<usize>,
    /// Outputs of the model among the values.
    pub(super) outputs: Vec<String>,
    pub(super) limits: Limits,
}

impl View<'_> {
    /// The stream of a site.
    ///
    /// # Errors
    /// Why the site cannot be rewired: one sentence that names the node or value in the way.
    pub(super) fn stream(&self, site: &str) -> Result<Stream, String> {
        let mut stream = Stream { site: site.to_owned(), ..Stream::default() };
        let mut known = HashMap::new();
        let layout = self.layout(site, &mut known)?;
        stream.values.insert(site.to_owned(), layout);
        let mut open = vec![site.to_owned()];
        while let Some(value) = open.pop() {
            let before = self.given(&mut stream, &value, &mut known)?;
            let behind = self.read(&mut stream, &value, &mut known)?;
            for (next, layout) in before.into_iter().chain(behind) {
                match stream.values.insert(next.clone(), layout) {
                    None => open.push(next),
                    Some(other) if other == layout => {}
                    Some(_) => return Err(format!("the units of {next:?} lie on two axes at once")),
                }
            }
        }
        self.finish(&mut stream)?;
        Ok(stream)
    }

    /// The layer that gives a value, if it is affine, with what it absorbs.
    fn writer(&self, at: usize, value: &str) -> Result<Option<Writer>, String> {
        let node = &self.graph.node[at];
        if !domain(node).is_empty() {
            return Ok(None);
        }
        if node.output.first().is_none_or(|first| first != value) {
            return Ok(None);
        }
        match node.op_type() {
            // the sum of a product and its bias
            "Add" => {
                for input in &node.input {
                    let Some(product) =
                        self.index.producer(input).filter(|&at| self.graph.node[at].op_type() == "MatMul")
                    else {
                        continue;
                    };
                    if self.constants().find(self.graph.node[product].input.get(1).map_or("", String::as_str)).is_none()
                    {
                        continue;
                    }
                    if let Some(AffineNode::Dense(dense)) = self.affine(product)?
                        && matches!(dense.bias, Bias::Add { node, .. } if node == at)
                    {
                        return Ok(Some(Writer::Affine { node: AffineNode::Dense(dense), absorbed: Vec::new() }));
                    }
                }
                Ok(None)
            }
            "BatchNormalization" => {
                let Some(own) = self.affine(at)? else { return Ok(None) };
                let input = node.input.first().map_or("", String::as_str);
                let alone = self.index.readers(input).len() == 1 && !self.is_output(input);
                // of a layer that cannot be changed only the normalisation is
                let before = self.index.producer(input).filter(|_| alone);
                let layer = before.and_then(|before| self.layer_before(before, input).ok().flatten());
                match layer {
                    Some(node) if node.outputs() == own.outputs() && node.layout(self) == own.layout(self) => {
                        Ok(Some(Writer::Affine { node, absorbed: vec![at] }))
                    }
                    _ => Ok(Some(Writer::Affine { node: own, absorbed: Vec::new() })),
                }
            }
            "MatMul" => Ok(self.affine(at)?.map(|node| {
                // the sum is another value than this one
                let node = match node {
                    AffineNode::Dense(dense) => {
                        AffineNode::Dense(super::affine_node::Dense { bias: Bias::None, ..dense })
                    }
                    other => other,
                };
                Writer::Affine { node, absorbed: Vec::new() }
            })),
            _ => Ok(self.affine(at)?.map(|node| Writer::Affine { node, absorbed: Vec::new() })),
        }
    }

    /// The `Gemm`, `MatMul` or `Conv` that gives the value.
    fn layer_before(&self, at: usize, value: &str) -> Result<Option<AffineNode>, String> {
        if self.graph.node[at].op_type() == "BatchNormalization" {
            return Ok(None);
        }
        match self.writer(at, value)? {
            Some(Writer::Affine { node, .. }) => Ok(Some(node)),
            _ => Ok(None),
        }
    }

    fn is_sum(&self, at: usize) -> bool {
        let node = &self.graph.node[at];
        domain(node).is_empty() && matches!(node.op_type(), "Add" | "Sum") && !node.input.iter().any(String::is_empty)
    }

    fn is_constant(&self, name: &str) -> bool {
        self.constants().find(name).is_some()
    }

    /// Where the units of a value lie: from the affine node that gives it on.
    fn layout(&self, value: &str, known: &mut HashMap<String, Layout>) -> Result<Layout, String> {
        let mut path = Vec::new();
        let mut at = value;
        let mut layout = loop {
            if let Some(layout) = known.get(at) {
                break *layout;
            }
            let node = self.index.producer(at).ok_or_else(|| self.not_written(at))?;
            if let Some(writer) = self.writer(node, at)? {
                let Writer::Affine { node, .. } = writer else { return Err(self.not_written(at)) };
                let layout = node.layout(self);
                known.insert(at.to_owned(), layout);
                break layout;
            }
            let inputs = &self.graph.node[node].input;
            let before = if self.is_sum(node) {
                inputs.iter().find(|input| !self.is_constant(input))
            } else {
                // where the units lie is not known yet
                let any = self.pass(node, Layout::Channel).or_else(|_| self.pass(node, Layout::Last))?;
                any.and_then(|_| inputs.first().filter(|_| self.graph.node[node].output[0] == at))
            };
            path.push((node, at));
            at = before.ok_or_else(|| self.gives_nothing(node))?;
        };
        while let Some((node, value)) = path.pop() {
            if !self.is_sum(node) {
                layout = self.pass(node, layout)?.ok_or_else(|| self.gives_nothing(node))?.layout;
            }
            known.insert(value.to_owned(), layout);
        }
        Ok(layout)
    }

    fn not_written(&self, value: &str) -> String {
        format!("it comes from {value:?}, which is an input of the model, without an affine layer between")
    }

    fn gives_nothing(&self, node: usize) -> String {
        format!("{} gives it, not an affine layer with constant weights (Gemm, MatMul, Conv)", self.describe(node))
    }

    /// Takes up who gives the value; the values that are in the same units.
    fn given(
        &self,
        stream: &mut Stream,
        value: &str,
        known: &mut HashMap<String, Layout>,
    ) -> Result<Vec<(String, Layout)>, String> {
        let at = self.index.producer(value).ok_or_else(|| self.not_written(value))?;
        let layout = stream.values[value];
        let writer = self.writer(at, value)?.filter(|writer| !self.is_sum(at) || !self.starts_at(stream, writer));
        if let Some(writer) = writer {
            stream.writers.push((writer, value.to_owned()));
            return Ok(Vec::new());
        }
        let inputs = &self.graph.node[at].input;
        let mut before = Vec::new();
        if self.is_sum(at) {
            let (constants, terms): (Vec<usize>, Vec<usize>) =
                (0..inputs.len()).partition(|&place| self.is_constant(&inputs[place]));
            for place in constants {
                if self.constant_width(&inputs[place], value, layout).is_none() {
                    let name = &inputs[place];
                    return Err(format!("{} adds {name:?}, which is not one number for each unit", self.describe(at)));
                }
                stream.writers.push((Writer::Constant { node: at, place }, value.to_owned()));
            }
            for &place in &terms {
                let of_term = self.layout(&inputs[place], known)?;
                if of_term != layout || layout == Layout::Channel && self.rank(&inputs[place]) != self.rank(value) {
                    return Err(format!("{} adds values whose units lie on different axes", self.describe(at)));
                }
                before.push((inputs[place].clone(), of_term));
            }
            stream.links.insert(at, Link::Sum(terms));
            return Ok(before);
        }
        let input = inputs.first().filter(|_| self.graph.node[at].output[0] == value);
        let input = input.ok_or_else(|| self.gives_nothing(at))?;
        let of_input = self.layout(input, known)?;
        let pass = self.pass(at, of_input)?.ok_or_else(|| self.gives_nothing(at))?;
        self.limit(stream, at, &pass);
        stream.links.insert(at, Link::Pass(pass));
        before.push((input.clone(), of_input));
        Ok(before)
    }

    /// Whether the site is the product of the layer, before its bias is added.
    fn starts_at(&self, stream: &Stream, writer: &Writer) -> bool {
        match writer {
            Writer::Affine { node, .. } => self.graph.node[node.node()].output.contains(&stream.site),
            Writer::Constant { .. } => false,
        }
    }

    fn limit(&self, stream: &mut Stream, at: usize, pass: &Pass) {
        let limits = &mut stream.limits;
        match pass.effect {
            Effect::Linear => {}
            Effect::Activation(_) => {
                limits.no_mixing(|| format!("{} bends each unit by itself (theorem 2)", self.describe(at)));
                limits.no_shift(|| format!("{} bends at 0 (theorem 2)", self.describe(at)));
            }
            Effect::Largest => {
                limits.no_mixing(|| format!("{} takes the largest of each unit by itself", self.describe(at)));
            }
            Effect::PaddedMean => limits.no_shift(|| format!("{} counts padding as 0", self.describe(at))),
        }
    }

    /// Takes up who reads the value; the values that are in the same units.
    fn read(
        &self,
        stream: &mut Stream,
        value: &str,
        known: &mut HashMap<String, Layout>,
    ) -> Result<Vec<(String, Layout)>, String> {
        let layout = stream.values[value];
        let mut behind = Vec::new();
        for reader in self.index.readers(value) {
            let at = reader.node;
            let node = &self.graph.node[at];
            let cannot = |why: &str| Err(format!("{} reads {value:?} and {why}", self.describe(at)));
            if reader.input == CAPTURED {
                return cannot("uses it inside of a branch or loop");
            }
            if domain(node).is_empty() && matches!(node.op_type(), "Shape" | "Size") {
                stream.measured.push(at);
                continue;
            }
            if self.is_sum(at) {
                if let [output] = node.output.as_slice() {
                    behind.push((output.clone(), layout));
                }
                continue;
            }
            if reader.input == 0
                && let Some(pass) = self.pass(at, layout)?
            {
                known.insert(node.output[0].clone(), pass.layout);
                behind.push((node.output[0].clone(), pass.layout));
                continue;
            }
            let domain = domain(node);
            if reader.input != 0
                || !matches!((domain, node.op_type()), ("", "Gemm" | "MatMul" | "Conv" | "BatchNormalization"))
            {
                return cannot("cannot take the inverse: only Gemm, MatMul and Conv with constant weights can");
            }
            let Some(affine) = self.affine(at)? else { return cannot("cannot take the inverse") };
            let fits = match &affine {
                AffineNode::Dense(_) => layout != Layout::Channel,
                AffineNode::Convolution(_) => layout == Layout::Channel,
                AffineNode::Normalization { .. } => affine.layout(self) == layout,
            };
            let turned = super::view::attribute(node, "transA").is_some_and(|flag| flag.i() != 0);
            if !fits || turned && node.op_type() == "Gemm" {
                return cannot("multiplies along another axis than its units");
            }
            stream.readers.push((affine, value.to_owned()));
        }
        Ok(behind)
    }
}

impl Stream {
    /// The slopes of the activation that the site is behind; `None` if it is before all of them, or there is none.
    pub(super) fn activation(&self, view: &View<'_>) -> Option<&Slope> {
        let mut value = self.site.as_str();
        loop {
            let at = view.index.producer(value)?;
            match self.links.get(&at)? {
                Link::Pass(Pass { effect: Effect::Activation(slope), .. }) => return Some(slope),
                Link::Pass(_) => value = view.graph.node[at].input.first()?,
                Link::Sum(_) => return None,
            }
        }
    }
}

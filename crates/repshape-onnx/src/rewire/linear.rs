//! A linear layer put behind a site, which changes nothing and can be rewired like any other (C18, Table 2).

use super::{
    Rewiring,
    edit::{Edit, tensor},
};
use crate::{
    graph::CAPTURED,
    onnx_error::OnnxError,
    proto::{AttributeProto, NodeProto, attribute_proto::AttributeType},
    sites,
    value::Dim,
};

/// A layer of so many weights is put behind any site; a larger one only where it has at most [`TIMES`] the weights of the model. What
/// a model claims of its sides must not fill the memory.
const SMALL: u64 = 1 << 22;
const TIMES: u64 = 16;

impl Rewiring {
    /// Puts a linear layer without a bias whose weights are the identity behind the site: a `MatMul`, or behind a map a
    /// convolution of one position. Its value is called `name`; all nodes that read the site read it instead.
    ///
    /// # Errors
    /// There is no such site, nothing reads it, it is used inside of a branch or loop, its number of units is not known or far beyond
    /// the model's weights, or `name` is taken.
    pub fn insert_linear(&mut self, site: &str, name: &str) -> Result<(), OnnxError> {
        let view = self.view()?;
        let refused = |reason: String| self.refused(site, reason);
        let Some(at) = self.index.producer(site) else {
            return Err(refused("no node gives such a value".to_owned()));
        };
        if name.is_empty() || self.has(name) {
            return Err(refused(format!(
                "the linear layer cannot be called {name:?}: expected a name that no value has"
            )));
        }
        let readers = view.index.readers(site).to_vec();
        if readers.is_empty() {
            return Err(refused("no node reads it, so that a layer behind it would be behind the model".to_owned()));
        }
        if let Some(reader) = readers.iter().find(|reader| reader.input == CAPTURED) {
            let node = view.describe(reader.node);
            return Err(refused(format!("{node} uses it inside of a branch or loop")));
        }
        let (all, _) = sites::sites(view.graph, &self.index, &self.inputs, &self.shapes);
        let found = all.into_iter().find(|known| known.name == site);
        let found = found.ok_or_else(|| refused("it is no float value that depends on an input".to_owned()))?;
        let sides = found.shape.as_deref().filter(|sides| sides.len() >= 2);
        let axis = if found.map { Some(1) } else { sides.map(|sides| sides.len() - 1) };
        let side = axis.and_then(|axis| match sides?.get(axis)? {
            Dim::Known(side) => Some(*side),
            Dim::Free(_) => None,
        });
        let most = SMALL.max(self.parameters().saturating_mul(TIMES));
        let fits = |units: &usize| *units > 0 && (*units as u64).checked_mul(*units as u64).is_some_and(|n| n <= most);
        let units = side.or_else(|| self.written(site)).filter(fits);
        let units =
            units.ok_or_else(|| refused("its number of units is not known, or too large for the model".to_owned()))?;
        let window = if found.map { sides.map_or(0, |sides| sides.len() - 2) } else { 0 };
        if found.map && window == 0 {
            return Err(refused("it is a map whose number of sides is not known".to_owned()));
        }
        let mut identity = vec![0.0; units * units];
        identity.iter_mut().step_by(units + 1).for_each(|w| *w = 1.0);
        let mut shape = vec![units, units];
        shape.resize(2 + window, 1);
        let kind = self.kind_of(site);
        let mut edit = Edit::default();
        let weight = edit.fresh(&view, &format!("{name}.weight"));
        let weights = tensor(weight.clone(), &shape, &identity, kind)
            .map_err(|_| refused(format!("its elements are of type {}, not floats", kind.as_str_name())))?;
        let kernel = AttributeProto {
            name: Some("kernel_shape".to_owned()),
            r#type: Some(AttributeType::Ints.into()),
            ints: vec![1; window],
            ..Default::default()
        };
        let layer = NodeProto {
            name: Some(name.to_owned()),
            op_type: Some(if found.map { "Conv" } else { "MatMul" }.to_owned()),
            input: vec![site.to_owned(), weight],
            output: vec![name.to_owned()],
            attribute: if found.map { vec![kernel] } else { Vec::new() },
            ..Default::default()
        };
        edit.tensors.push(weights);
        edit.behind.insert(at, vec![layer]);
        if let Some(graph) = &mut self.proto.graph {
            for reader in readers {
                graph.node[reader.node].input[reader.input] = name.to_owned();
            }
        }
        self.commit(edit, |_| {})?;
        self.note(site, &format!("linear layer {name}"));
        Ok(())
    }
}

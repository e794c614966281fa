//! Another model with the same outputs: a change of representation folded into the graph around a site.
//!
//! The algebra is that of [`repshape_stats::rewire`]; this module finds in a graph the layers that it needs, reads them into
//! `f64`, and writes each back once, in the type that it had. From a site it goes back and forward through what treats each unit
//! by itself (`Identity`, `Dropout`, positively homogeneous activations, pools, flattened maps) and through sums to `Gemm`, `MatMul`
//! and `Conv` with constant weights; batch normalisation becomes part of the layer before it. All of them must take the change,
//! or the site is refused with the node in the way and the reason. A residual stream is changed as a whole.

mod affine_node;
mod compact;
mod edit;
mod ends;
mod equalize;
mod fold;
mod head;
mod linear;
mod part;
mod pass;
mod quantized;
mod stream;
mod view;
mod weights;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use prost::Message;
use repshape_stats::rewire::{Affine, CompactOptions, Plan, Site, SiteStatistics};

use crate::{
    graph::Index,
    initializer,
    model::{Input, Model},
    onnx_error::{OnnxError, Problem},
    proto::{GraphProto, ModelProto, StringStringEntryProto},
    shapes,
    value::Dim,
};
use edit::Edit;
use stream::{Stream, Writer};
use view::{Layout, View};

pub use weights::Quantization;

/// The key under which a rewired model says what was done to it.
pub const METADATA: &str = "repshape.rewired";

/// A model under change. Every change leaves the model's outputs as they are but for rounding, unless its name says otherwise; one
/// that fails changes nothing.
///
/// ```
/// use repshape_onnx::{Activation, Model, ModelBuilder, Rewiring};
/// use repshape_stats::rewire::{Affine, Site};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut mlp = ModelBuilder::new("mlp");
/// mlp.input("input", 2)?
///     .gemm("input", "fc1.pre", &[1.0, 0.0, -1.0, 0.5, 2.0, 1.0], &[0.0, 0.5, 0.0], 2, 3)?
///     .activation(Activation::Relu, "fc1.pre", "fc1")?
///     .gemm("fc1", "output", &[1.0, -1.0, 2.0], &[0.25], 3, 1)?
///     .output("output")?;
/// let model = Model::from_bytes(&mlp.to_bytes()?, "mlp.onnx", None)?;
///
/// let mut rewiring = Rewiring::of(&model)?;
/// let place = rewiring.check("fc1")?;
/// assert_eq!((place.site, place.units), (Site::RELU, 3));
/// // twice, half and eight times as large; what reads them divides
/// rewiring.apply("fc1", &Affine::scale(vec![2.0, 0.5, 8.0])?)?;
/// let same_outputs: Vec<u8> = rewiring.to_bytes()?;
/// # assert!(Model::from_bytes(&same_outputs, "new.onnx", None)?.sites().len() == 3);
///
/// let mixing = Affine::new(vec![1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0], vec![0.0; 3])?;
/// let refused = rewiring.apply("fc1", &mixing).unwrap_err().to_string();
/// assert_eq!(
///     refused,
///     "mlp.onnx: site \"fc1\": a general matrix cannot pass: Relu (node \"fc1\") bends each unit by itself (theorem 2): \
///      only a positive diagonal, a permutation, or both together can"
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Rewiring {
    file: String,
    folder: Option<PathBuf>,
    proto: ModelProto,
    index: Index,
    inputs: Vec<Input>,
    shapes: HashMap<String, Vec<Dim>>,
    external: Vec<String>,
}

/// What stands around a site that can be rewired.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Place {
    /// What a map must pass: [`Site::Linear`], or an activation. A slope of 1 below 0 stands for what is linear but takes each
    /// unit by itself (the largest of some positions), and for an activation with a slope for each unit.
    pub site: Site,
    /// Number of units, which a map must have: columns, or channels of a map.
    pub units: usize,
    /// Whether the units are the channels of a map.
    pub is_map: bool,
    /// Why no map passes that mixes units; `None` if every nonsingular Q does.
    pub no_mixing: Option<String>,
    /// Why no map passes that puts units into another order.
    pub no_order: Option<String>,
    /// Why no shift passes.
    pub no_shift: Option<String>,
    /// The names of all values in the same units, which change with it: before and after an activation, dropout or sum.
    pub values: Vec<String>,
    /// The layers that write it, as messages name them.
    pub writers: Vec<String>,
    /// The layers that read it.
    pub readers: Vec<String>,
    /// Outputs of the model whose values change with the site. A result is never among them.
    pub changed_outputs: Vec<String>,
    /// Batch normalisations that become part of the layers before them.
    pub folded: Vec<String>,
    /// The names of the values between these and the layers, which no node gives any more then.
    pub gone: Vec<String>,
}

impl Rewiring {
    /// Starts from a model. Weights in files beside it are read and will be part of the new model.
    ///
    /// # Errors
    /// Weights cannot be read, or are more than one file can hold (2 GiB).
    pub fn of(model: &Model) -> Result<Self, OnnxError> {
        Self::try_of(model).map_err(|problem| problem.of(model.name()))
    }

    fn try_of(model: &Model) -> Result<Self, Problem> {
        let mut proto = model.proto().clone();
        let folder = model.folder().map(Path::to_owned);
        let mut external: Vec<String> = Vec::new();
        if let Some(graph) = &mut proto.graph {
            let size =
                |tensor: &crate::proto::TensorProto| initializer::shape(tensor).map_or(0, |(_, count)| count as u64);
            let outside = graph.initializer.iter().filter(|tensor| initializer::location(tensor).is_some());
            // each element takes a byte at least
            fits(outside.map(size).fold(0, u64::saturating_add))?;
            let mut bytes = 0_u64;
            for tensor in &mut graph.initializer {
                if let Some(location) = initializer::location(tensor).map(str::to_owned) {
                    initializer::bring_in(tensor, folder.as_deref())?;
                    bytes += tensor.raw_data.as_ref().map_or(0, |raw| raw.len() as u64);
                    fits(bytes)?;
                    if !external.contains(&location) {
                        external.push(location);
                    }
                }
            }
        }
        Ok(Self {
            file: model.name().to_owned(),
            folder,
            index: model.index().clone(),
            inputs: model.inputs().to_vec(),
            shapes: model.shapes().clone(),
            external,
            proto,
        })
    }

    /// Files beside the model whose weights are part of it now, as the model named them.
    pub fn external_files(&self) -> &[String] {
        &self.external
    }

    /// The model as it is now.
    pub fn proto(&self) -> &ModelProto {
        &self.proto
    }

    /// What stands around a site: any float value that an affine layer writes and affine layers read, as
    /// [`Model::sites`] lists them. Its units are the columns, the last axis behind a `MatMul`, the channels of a map.
    ///
    /// # Errors
    /// Why it cannot be rewired: the node in the way, and the reason. A value that is not given any more (before a batch
    /// normalisation that has become part of the layer before it) is no site.
    pub fn check(&self, site: &str) -> Result<Place, OnnxError> {
        let (view, stream) = self.stream(site)?;
        let writer = |writer: &Writer| match writer {
            Writer::Affine { node, .. } => view.describe(node.node()),
            Writer::Constant { node, .. } => view.describe(*node),
        };
        let absorbed = stream.writers.iter().flat_map(|(writer, _)| match writer {
            Writer::Affine { absorbed, .. } => absorbed.clone(),
            Writer::Constant { .. } => Vec::new(),
        });
        let gone = |at: usize| view.graph.node[at].input.first().cloned();
        let gone = absorbed.clone().filter_map(gone).collect();
        let mut values: Vec<String> = stream.values.keys().cloned().collect();
        values.sort();
        Ok(Place {
            values,
            gone,
            site: fold::site(&view, &stream),
            units: stream.units,
            is_map: stream.values[site] == Layout::Channel,
            no_mixing: stream.limits.mixing.clone().or_else(|| stream.limits.order.clone()),
            no_order: stream.limits.order.clone(),
            no_shift: stream.limits.shift.clone(),
            writers: stream.writers.iter().map(|(found, _)| writer(found)).collect(),
            readers: stream.readers.iter().map(|(reader, _)| view.describe(reader.node())).collect(),
            folded: absorbed.map(|at| view.describe(at)).collect(),
            changed_outputs: stream.outputs,
        })
    }

    /// Folds a change of representation into the layers around a site: what stood there as z stands there as `(z - m) Q^T`, and
    /// every output that is not among [`Place::changed_outputs`] is what it was, but for rounding.
    ///
    /// # Errors
    /// As [`check`](Self::check); the map has other units or does not pass; or a weight leaves the range of its type.
    pub fn apply(&mut self, site: &str, affine: &Affine) -> Result<(), OnnxError> {
        self.change(site, &affine.kind().to_string(), |view, stream, edit| {
            check_units(stream, affine)?;
            stream.limits.check(affine)?;
            fold::fold(view, stream, affine, edit)
        })
    }

    /// As [`apply`](Self::apply), whatever stands between the layers: behind an activation the outputs change. (A
    /// characteristic is pushed to where it would be at a linear site; C18, section 3.2.)
    ///
    /// # Errors
    /// As [`apply`](Self::apply), but for the activation.
    pub fn force_apply(&mut self, site: &str, affine: &Affine) -> Result<(), OnnxError> {
        self.change(site, &format!("{}, whatever stands between", affine.kind()), |view, stream, edit| {
            check_units(stream, affine)?;
            stream.limits.check_layers(affine)?;
            fold::fold(view, stream, affine, edit)
        })
    }

    /// Scales each unit so that the weights that enter and leave it have the same range; the scale.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn equalize(&mut self, site: &str) -> Result<Affine, OnnxError> {
        self.change(site, "equalize", |view, stream, edit| {
            let affine = equalize::equalizing(view, stream)?;
            stream.limits.check(&affine)?;
            fold::fold(view, stream, &affine, edit)?;
            Ok(affine)
        })
    }

    /// Takes out of a site what carries nothing. Without `statistics` that is only what the weights show; with them also what is
    /// dead, constant or without variance on those rows (channels of a map: at every position of those rows). Constants are
    /// folded into biases only where no reader pads with zeros, whatever the options say. An empty plan has changed nothing.
    ///
    /// # Errors
    /// As [`check`](Self::check); the site is before its activation, in a residual stream that is read at several sums, or beside
    /// grouped convolutions; or the options do not fit.
    pub fn compact(
        &mut self,
        site: &str,
        statistics: Option<&SiteStatistics>,
        options: &CompactOptions,
    ) -> Result<Plan, OnnxError> {
        let (view, stream) = self.stream(site)?;
        let mut edit = Edit::default();
        let plan = compact::compact(&view, &stream, statistics, options, &mut edit)
            .map_err(|reason| self.refused(site, reason))?;
        if !plan.is_empty() {
            let (before, after) = (plan.units, plan.units_after());
            let products = compact::products(&view, &stream);
            self.commit(edit, |graph| compact::redeclare(graph, &stream, &products, (before, after)))?;
            self.note(site, &format!("compact {before} to {after}"));
        }
        Ok(plan)
    }

    fn change<T>(
        &mut self,
        site: &str,
        what: &str,
        change: impl FnOnce(&View<'_>, &Stream, &mut Edit) -> Result<T, String>,
    ) -> Result<T, OnnxError> {
        let (view, stream) = self.stream(site)?;
        let mut edit = Edit::default();
        let done = change(&view, &stream, &mut edit).map_err(|reason| self.refused(site, reason))?;
        self.commit(edit, |_| {})?;
        self.note(site, what);
        Ok(done)
    }

    fn stream(&self, site: &str) -> Result<(View<'_>, Stream), OnnxError> {
        let view = self.view()?;
        if self.index.producer(site).is_none() {
            return Err(self.refused(site, "no node gives such a value".to_owned()));
        }
        let stream = view.stream(site).map_err(|reason| self.refused(site, reason))?;
        Ok((view, stream))
    }

    fn view(&self) -> Result<View<'_>, OnnxError> {
        let graph = self.proto.graph.as_ref();
        let graph = graph.ok_or_else(|| Problem::NotOnnx("it has no graph".to_owned()).of(&self.file))?;
        Ok(View { graph, index: &self.index, shapes: &self.shapes, folder: self.folder.as_deref() })
    }

    fn refused(&self, site: &str, reason: String) -> OnnxError {
        Problem::Rewire { site: site.to_owned(), reason }.of(&self.file)
    }

    /// Makes the changes, and looks at the graph anew.
    fn commit(&mut self, edit: Edit, then: impl FnOnce(&mut GraphProto)) -> Result<(), OnnxError> {
        let Some(graph) = &mut self.proto.graph else { return Ok(()) };
        edit.make(&self.index, graph);
        then(graph);
        if self.proto.ir_version.is_none_or(|version| version < 4) {
            edit::declare_initializers(graph);
        }
        self.index = Index::of(graph).map_err(|problem| problem.of(&self.file))?;
        self.shapes = shapes::inferred(graph, &self.index, &self.inputs, self.folder.as_deref());
        Ok(())
    }

    fn note(&mut self, site: &str, what: &str) {
        let entry = format!("{site}: {what}");
        match self.proto.metadata_props.iter_mut().find(|known| known.key() == METADATA) {
            Some(known) => known.value = Some(format!("{}; {entry}", known.value())),
            None => self
                .proto
                .metadata_props
                .push(StringStringEntryProto { key: Some(METADATA.to_owned()), value: Some(entry) }),
        }
    }

    /// The model as a file.
    ///
    /// # Errors
    /// It would be larger than one file can be (2 GiB).
    pub fn to_bytes(&self) -> Result<Vec<u8>, OnnxError> {
        fits(self.proto.encoded_len() as u64).map_err(|problem| problem.of(&self.file))?;
        Ok(self.proto.encode_to_vec())
    }
}

fn check_units(stream: &Stream, affine: &Affine) -> Result<(), String> {
    if affine.units() == stream.units {
        return Ok(());
    }
    Err(format!("it has {} units and the map {}", stream.units, affine.units()))
}

/// Checks that one file can hold so much.
fn fits(bytes: u64) -> Result<(), Problem> {
    const LARGEST: u64 = i32::MAX as u64;
    if bytes <= LARGEST {
        return Ok(());
    }
    Err(Problem::TooLarge {
        found: format!("{bytes} bytes with all weights in one file"),
        limit: format!("{LARGEST} bytes of a model that is to be rewired"),
    })
}

//! A model from elsewhere, read and checked.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use prost::Message;

use crate::{
    glob,
    graph::{Index, Source},
    head::{self, Head},
    initializer,
    onnx_error::{OnnxError, Problem},
    proto::{ModelProto, TypeProto, ValueInfoProto, tensor_shape_proto::dimension, type_proto},
    runner::Runner,
    scan::scan,
    shapes,
    site::Site,
    sites,
    value::{Dim, ElementType},
};

/// The versions of ONNX's own operators that are tested. Others from [`OLDEST_OPSET`] to [`NEWEST_OPSET`] are tried, with a
/// [note](Model::notes).
const TESTED_OPSETS: std::ops::RangeInclusive<i64> = 11..=21;
/// Before it, operators stretched their inputs to each other's shapes in another way.
const OLDEST_OPSET: i64 = 7;
/// The last version that the runtime was written for.
const NEWEST_OPSET: i64 = 25;
/// The versions of the file format: 3 is of 2017, the first with sets of operators; 14 is the newest that the schema knows.
const IR_VERSIONS: std::ops::RangeInclusive<i64> = 3..=14;
/// One message of protocol buffers holds at most this; more weights lie in files beside the model.
const LARGEST_FILE: u64 = i32::MAX as u64;

/// A model in the ONNX format, read and checked; nothing runs yet.
///
/// ```no_run
/// use repshape_onnx::{Data, Model, Tensor};
///
/// # fn main() -> Result<(), repshape_onnx::OnnxError> {
/// let model = Model::open("mlp.onnx".as_ref())?;
/// let sites = model.matching(&["*relu*".to_owned()])?;
/// let runner = model.prepare(&sites)?;
/// let rows = Tensor { shape: vec![2, 3], values: Data::F32(vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]) };
/// for representation in runner.run(&[(model.inputs()[0].name.clone(), rows)])? {
///     println!("{} {:?}", representation.site, representation.shape);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Model {
    name: String,
    folder: Option<PathBuf>,
    proto: ModelProto,
    index: Index,
    opset: i64,
    inputs: Vec<Input>,
    outputs: Vec<String>,
    sites: Vec<Site>,
    shapes: HashMap<String, Vec<Dim>>,
    integers: HashSet<String>,
    notes: Vec<String>,
}

/// An input of a model, which a run must feed if the chosen sites need it. Initializers are not inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Input {
    /// Its name.
    pub name: String,
    /// The type of its elements.
    pub element: ElementType,
    /// Its sides, the batch first; `None` where the model does not say even their number.
    pub shape: Option<Vec<Dim>>,
}

impl Model {
    /// Reads and checks a model. Weights in files beside it must lie in its folder.
    ///
    /// # Errors
    /// The file cannot be read, is no ONNX model, is of an unknown version, or contradicts itself or the standard; every message
    /// names the file, the node or value, what was found and what was expected.
    pub fn open(path: &Path) -> Result<Self, OnnxError> {
        let name = path.display().to_string();
        let read = || {
            let mut bytes = Vec::new();
            File::open(path)?.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let bytes = read().map_err(|error| Problem::Unreadable(error).of(&name))?;
        let folder = match path.parent() {
            Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
            Some(folder) => folder,
            None => Path::new("."),
        };
        Self::read(bytes, &name, Some(folder)).map_err(|problem| problem.of(&name))
    }

    /// Reads and checks a model from bytes. `name` stands for the file in messages; `folder` is where weights in other files lie.
    ///
    /// # Errors
    /// As [`open`](Self::open); without a folder, weights in other files are an error.
    pub fn from_bytes(bytes: &[u8], name: &str, folder: Option<&Path>) -> Result<Self, OnnxError> {
        Self::read(bytes.to_vec(), name, folder).map_err(|problem| problem.of(name))
    }

    fn read(bytes: Vec<u8>, name: &str, folder: Option<&Path>) -> Result<Self, Problem> {
        if bytes.len() as u64 > LARGEST_FILE {
            let found = "more bytes than one message of protocol buffers can hold".to_owned();
            return Err(Problem::TooLarge { found, limit: format!("{LARGEST_FILE} bytes") });
        }
        if bytes.is_empty() {
            return Err(Problem::NotOnnx("it is empty".to_owned()));
        }
        scan(&bytes)?;
        // From `Bytes`, not from a slice: then the weights stay where they are.
        let proto = ModelProto::decode(prost::bytes::Bytes::from(bytes))
            .map_err(|error| Problem::NotOnnx(error.to_string()))?;
        let mut notes = Vec::new();
        let opset = versions(&proto, &mut notes)?;
        let graph = proto.graph.as_ref().ok_or_else(|| Problem::NotOnnx("it has no graph".to_owned()))?;
        if graph.node.is_empty() {
            return Err(Problem::invalid("the graph", "no node", "at least one"));
        }
        if let Some(sparse) = graph.sparse_initializer.first() {
            let name = sparse.values.as_ref().map_or("", |values| values.name());
            return Err(Problem::invalid(format!("initializer {name:?}"), "a sparse tensor", "a dense one"));
        }
        for tensor in &graph.initializer {
            initializer::check(tensor, folder)?;
        }
        let index = Index::of(graph)?;
        let inputs = graph
            .input
            .iter()
            .filter(|input| matches!(index.source(input.name()), Some(Source::Input(_))))
            .map(read_input)
            .collect::<Result<Vec<_>, _>>()?;
        let outputs = graph.output.iter().map(|output| output.name().to_owned()).collect();
        let shapes = shapes::inferred(graph, &index, &inputs, folder);
        let (sites, integers) = sites::sites(graph, &index, &inputs, &shapes);
        Ok(Self {
            integers,
            shapes,
            name: name.to_owned(),
            folder: folder.map(Path::to_owned),
            opset,
            inputs,
            outputs,
            sites,
            notes,
            index,
            proto,
        })
    }

    /// The file's path, or the name given with the bytes.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version of ONNX's own operators that the model uses.
    pub fn opset(&self) -> i64 {
        self.opset
    }

    /// What a user should know although the model can be read, in whole sentences: an opset that is tried but not tested.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What a run may have to be fed, in the model's order.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The names of the model's outputs, in its order.
    pub fn outputs(&self) -> &[String] {
        &self.outputs
    }

    /// Every float value that depends on the values (and not only on the shape) of an input, in an order in which each comes after
    /// those it is computed from. The inputs themselves are not sites, nor are values inside the subgraphs of control flow.
    pub fn sites(&self) -> &[Site] {
        &self.sites
    }

    /// The number of rows that every run must have, if the first input's shape fixes it.
    pub fn fixed_batch(&self) -> Option<usize> {
        match self.inputs.first()?.shape.as_ref()?.first()? {
            Dim::Known(rows) => Some(*rows),
            Dim::Free(_) => None,
        }
    }

    /// The sites whose names match any of the patterns (`*`, `?`, `[a-z]`, `[!a-z]`; `*` crosses slashes), in the order of
    /// [`sites`](Self::sites), each once. A pattern that is itself a site's name means that site only.
    ///
    /// # Errors
    /// A pattern is malformed or matches nothing; then the nearest names are offered.
    pub fn matching(&self, globs: &[String]) -> Result<Vec<Site>, OnnxError> {
        glob::matching(&self.sites, globs).map_err(|problem| problem.of(&self.name))
    }

    /// The affine layer from the site to an output of the model: its reader is a `Gemm`, or a `MatMul` perhaps followed by `Add`,
    /// with constant weights, and the result is a graph output, perhaps through softmax, logarithm of softmax or identity.
    ///
    /// `None` where the site has no such reader, or its weights cannot be read.
    pub fn head(&self, site: &str) -> Option<Head> {
        head::head(self.graph()?, &self.index, site, self.folder.as_deref())
    }

    /// Makes everything ready to run to the sites: rewrites what the runtime does not know, checks that it knows the rest, and
    /// loads the weights.
    ///
    /// # Errors
    /// No sites, a site that is none of the model's, operators that cannot be run (all of them, by name and node; only those
    /// that the sites need), or weights that cannot be read.
    pub fn prepare(&self, sites: &[Site]) -> Result<Runner, OnnxError> {
        Runner::of(self, sites).map_err(|problem| problem.of(&self.name))
    }

    /// The model as it was read.
    pub fn proto(&self) -> &ModelProto {
        &self.proto
    }

    pub(crate) fn graph(&self) -> Option<&crate::proto::GraphProto> {
        self.proto.graph.as_ref()
    }

    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    /// Sides of values that are known, by name.
    pub(crate) fn shapes(&self) -> &HashMap<String, Vec<Dim>> {
        &self.shapes
    }

    /// Values that hold no floats.
    pub(crate) fn integers(&self) -> &HashSet<String> {
        &self.integers
    }

    pub(crate) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }
}

/// Checks the versions of file and operators; gives that of ONNX's own operators.
fn versions(proto: &ModelProto, notes: &mut Vec<String>) -> Result<i64, Problem> {
    let expected = |range: &std::ops::RangeInclusive<i64>| format!("{} to {}", range.start(), range.end());
    if !IR_VERSIONS.contains(&proto.ir_version()) {
        let found = proto.ir_version.map_or("missing".to_owned(), |version| version.to_string());
        return Err(Problem::Version { what: "ir_version", found, expected: expected(&IR_VERSIONS) });
    }
    let mut imports = HashMap::new();
    for import in &proto.opset_import {
        let domain = if import.domain() == "ai.onnx" { "" } else { import.domain() };
        if imports.insert(domain, import.version()).is_some_and(|before| before != import.version()) {
            return Err(Problem::invalid(format!("the opset of domain {domain:?}"), "two versions", "one"));
        }
    }
    let known = OLDEST_OPSET..=NEWEST_OPSET;
    match imports.get("") {
        Some(opset) if known.contains(opset) => {
            if !TESTED_OPSETS.contains(opset) {
                notes.push(format!("The model uses opset {opset}; opsets {} are tested.", expected(&TESTED_OPSETS)));
            }
            Ok(*opset)
        }
        Some(opset) => Err(Problem::Version { what: "opset", found: opset.to_string(), expected: expected(&known) }),
        // A model of other domains only.
        None if !imports.is_empty() => Ok(*TESTED_OPSETS.end()),
        None => Err(Problem::Version { what: "opset", found: "missing".to_owned(), expected: expected(&known) }),
    }
}

fn read_input(input: &ValueInfoProto) -> Result<Input, Problem> {
    let place = || format!("graph input {:?}", input.name());
    let Some(TypeProto { value: Some(type_proto::Value::TensorType(tensor)), .. }) = &input.r#type else {
        return Err(Problem::invalid(place(), "no tensor", "a tensor"));
    };
    let element = ElementType::from_onnx(tensor.elem_type()).ok_or_else(|| {
        let name = crate::proto::tensor_proto::DataType::try_from(tensor.elem_type())
            .map_or_else(|_| tensor.elem_type().to_string(), |kind| kind.as_str_name().to_owned());
        Problem::invalid(place(), format!("elements of type {name}"), "floats, integers, bytes or truth values")
    })?;
    let shape =
        shape_of(input).map_err(|side| Problem::invalid(place(), format!("a side of {side}"), "sides of 0 or more"))?;
    Ok(Input { name: input.name().to_owned(), element, shape })
}

/// The shape that a value is declared with, or the negative side in it.
pub(crate) fn shape_of(value: &ValueInfoProto) -> Result<Option<Vec<Dim>>, i64> {
    let Some(TypeProto { value: Some(type_proto::Value::TensorType(tensor)), .. }) = &value.r#type else {
        return Ok(None);
    };
    let Some(shape) = &tensor.shape else { return Ok(None) };
    let side = |side: &crate::proto::tensor_shape_proto::Dimension| match &side.value {
        Some(dimension::Value::DimValue(known)) => usize::try_from(*known).map(Dim::Known).map_err(|_| *known),
        Some(dimension::Value::DimParam(name)) => Ok(Dim::Free(name.clone())),
        None => Ok(Dim::Free(String::new())),
    };
    shape.dim.iter().map(side).collect::<Result<_, _>>().map(Some)
}

//! The fixtures: models, inputs, and what onnxruntime computed at every float value of them.
//!
//! The reference files have the safetensors form, which `make/reference.py` describes: eight bytes of length, JSON, numbers.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use repshape_onnx::{Data, Tensor};
use serde_json::Value;

/// Where the fixtures lie.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The fixtures' names, in order.
pub fn names() -> Vec<String> {
    let files = fs::read_dir(folder()).expect("the folder of fixtures").map(|entry| entry.expect("an entry").path());
    let models = files.filter(|path| path.extension().is_some_and(|extension| extension == "onnx"));
    let mut names: Vec<String> =
        models.map(|path| path.file_stem().expect("a name").to_str().expect("UTF-8").to_owned()).collect();
    names.sort();
    // A folder that is not there, or half there, must not pass.
    assert!(names.len() >= 100, "{} fixtures in {}", names.len(), folder().display());
    names
}

/// What a model computes at one value.
#[derive(Debug)]
pub struct Expected {
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
    /// The axis that the batch is; `None` if the value does not depend on it.
    pub batch: Option<usize>,
}

/// Inputs, and the values that follow from them.
#[derive(Debug)]
pub struct Reference {
    pub rows: usize,
    pub inputs: Vec<(String, Tensor)>,
    pub values: BTreeMap<String, Expected>,
}

impl Reference {
    pub fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
        let header: Value = serde_json::from_slice(&bytes[8..8 + length]).expect("JSON");
        let told = |key: &str| -> Value {
            serde_json::from_str(header["__metadata__"][key].as_str().expect("a text")).expect("JSON in the text")
        };
        let axes = told("axes");
        let numbers = &bytes[8 + length..];
        let (mut inputs, mut values) = (Vec::new(), BTreeMap::new());
        for (key, entry) in header.as_object().expect("an object") {
            let Some((kind, name)) = key.split_once(':') else { continue };
            let shape: Vec<usize> = integers(&entry["shape"]);
            let ends = integers(&entry["data_offsets"]);
            let data = data(entry["dtype"].as_str().expect("a type"), &numbers[ends[0]..ends[1]]);
            assert_eq!(data.len(), shape.iter().product::<usize>(), "{key}");
            match (kind, data) {
                ("input", values) => inputs.push((name.to_owned(), Tensor { shape, values })),
                (_, Data::F32(found)) => {
                    let batch = axes[name].as_u64().map(|axis| axis as usize);
                    values.insert(name.to_owned(), Expected { shape, values: found, batch });
                }
                (_, other) => panic!("{key} is {}", other.type_name()),
            }
        }
        Self { rows: told("rows").as_u64().expect("a number") as usize, inputs, values }
    }

    /// These rows of every input.
    pub fn rows(&self, from: usize, to: usize) -> Vec<(String, Tensor)> {
        self.inputs.iter().map(|(name, tensor)| (name.clone(), rows(tensor, from, to))).collect()
    }
}

fn integers(value: &Value) -> Vec<usize> {
    value.as_array().expect("an array").iter().map(|side| side.as_u64().expect("a number") as usize).collect()
}

fn rows(tensor: &Tensor, from: usize, to: usize) -> Tensor {
    let width: usize = tensor.shape[1..].iter().product();
    let (start, end) = (from * width, to * width);
    let values = match &tensor.values {
        Data::F32(values) => Data::F32(values[start..end].to_vec()),
        Data::I64(values) => Data::I64(values[start..end].to_vec()),
        Data::I32(values) => Data::I32(values[start..end].to_vec()),
        Data::Bool(values) => Data::Bool(values[start..end].to_vec()),
        other => panic!("no fixture has inputs of {}", other.type_name()),
    };
    let mut shape = tensor.shape.clone();
    shape[0] = to - from;
    Tensor { shape, values }
}

fn data(kind: &str, bytes: &[u8]) -> Data {
    match kind {
        "F32" => Data::F32(each(bytes, f32::from_le_bytes)),
        // Rounded here as the reader would: models compute in f32.
        "F64" => Data::F32(each(bytes, |eight| f64::from_le_bytes(eight) as f32)),
        "F16" => Data::F32(each(bytes, |two| half::f16::from_le_bytes(two).to_f32())),
        "I64" => Data::I64(each(bytes, i64::from_le_bytes)),
        "I32" => Data::I32(each(bytes, i32::from_le_bytes)),
        "BOOL" => Data::Bool(bytes.iter().map(|&byte| byte != 0).collect()),
        other => panic!("no fixture has the type {other}"),
    }
}

fn each<const N: usize, T>(bytes: &[u8], read: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.chunks_exact(N).map(|chunk| read(chunk.try_into().expect("a whole chunk"))).collect()
}

/// The rows of the batch from `from` on, as many as `shape` has, of a value with the batch on `axis`.
pub fn part(whole: &Expected, axis: usize, from: usize, rows: usize) -> Vec<f32> {
    let inner: usize = whole.shape[axis + 1..].iter().product();
    let outer: usize = whole.shape[..axis].iter().product();
    let side = whole.shape[axis];
    (0..outer)
        .flat_map(|index| {
            let start = (index * side + from) * inner;
            whole.values[start..start + rows * inner].iter().copied()
        })
        .collect()
}

/// The largest difference over the largest value, infinities being equal or not.
///
/// # Errors
/// Another shape, NaN, or another infinity, in words.
pub fn distance(found: &[f32], expected: &[f32]) -> Result<f64, String> {
    if found.len() != expected.len() {
        return Err(format!("{} elements for {}", found.len(), expected.len()));
    }
    let finite = expected.iter().filter(|value| value.is_finite());
    let scale = finite.map(|value| f64::from(value.abs())).fold(0.0, f64::max);
    let mut most: f64 = 0.0;
    for (index, (&a, &b)) in found.iter().zip(expected).enumerate() {
        if a == b {
            continue;
        }
        if !a.is_finite() || !b.is_finite() {
            return Err(format!("{a} for {b} at element {index}"));
        }
        most = most.max((f64::from(a) - f64::from(b)).abs());
    }
    // A value that is 0 everywhere is compared absolutely.
    Ok(most / if scale > 0.0 { scale } else { 1.0 })
}

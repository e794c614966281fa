//! A training under way as one safetensors file, exact to the last bit.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use burn::module::Module;
use repshape_data::{DataError, write::write_atomic};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use crate::fit::{EpochValues, Training};
use crate::optimizer::{Optimizer, OptimizerConfig, Slot};
use crate::parameters::{self, Parameter, ParameterError};

/// Version of the layout; another one is refused.
const SCHEMA: &str = "repshape.checkpoint/1";

/// What the tensors do not hold.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    schema: String,
    steps: u64,
    slots: usize,
    history: Vec<EpochValues>,
}

/// Why a checkpoint cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] DataError),
    /// The file is no checkpoint of ours.
    #[error("{path}: not a checkpoint of this version ({problem})")]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// It belongs to another network.
    #[error("{path}: {source}")]
    Network {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: ParameterError,
    },
}

/// Writes the network's parameters to `path`, names and shapes as [`parameters::export`] gives
/// them, readable wherever safetensors is.
///
/// # Errors
/// The file system's.
pub fn save_network<M: Module>(path: &Path, network: &M) -> Result<(), CheckpointError> {
    write_tensors(path, &parameters::export(network), None)
}

/// Puts the parameters in `path` into `network`.
///
/// # Errors
/// No such file, not safetensors, or another network's.
pub fn load_network<M: Module>(path: &Path, network: M) -> Result<M, CheckpointError> {
    let (tensors, _) = read_tensors(path)?;
    parameters::import(network, tensors).map_err(|source| CheckpointError::Network { path: path.to_owned(), source })
}

/// Writes the whole state of a training to `path`.
///
/// # Errors
/// The file system's.
pub fn save<M: Module>(path: &Path, training: &Training<M>) -> Result<(), CheckpointError> {
    let mut tensors = parameters::export(&training.network);
    for parameter in &mut tensors {
        parameter.name.insert_str(0, "network.");
    }
    let slots = training.optimizer.slots();
    for (n, slot) in slots.iter().enumerate() {
        for (name, values) in [("first", &slot.first), ("second", &slot.second)] {
            tensors.push(Parameter {
                name: format!("optimizer.{n}.{name}"),
                shape: vec![values.len()],
                values: values.clone(),
            });
        }
    }
    let state = State {
        schema: SCHEMA.to_owned(),
        steps: training.optimizer.steps(),
        slots: slots.len(),
        history: training.history.clone(),
    };
    let state = serde_json::to_string(&state).map_err(|error| format_error(path, error))?;
    write_tensors(path, &tensors, Some(state))
}

/// Reads a training back; `network` gives the structure.
///
/// # Errors
/// No such file, not a checkpoint, or another network's.
pub fn load<M: Module>(path: &Path, network: M, optimizer: OptimizerConfig) -> Result<Training<M>, CheckpointError> {
    let (tensors, state) = read_tensors(path)?;
    let state = state.ok_or_else(|| format_error(path, "no state in its header"))?;
    let state: State = serde_json::from_str(&state).map_err(|error| format_error(path, error))?;
    if state.schema != SCHEMA {
        return Err(format_error(path, format!("schema \"{}\"", state.schema)));
    }
    let mut parts = Vec::new();
    let mut averages = HashMap::new();
    for mut tensor in tensors {
        if let Some(name) = tensor.name.strip_prefix("network.") {
            tensor.name = name.to_owned();
            parts.push(tensor);
        } else {
            averages.insert(tensor.name, tensor.values);
        }
    }
    let mut average = |n: usize, name: &str| {
        let name = format!("optimizer.{n}.{name}");
        averages.remove(&name).ok_or_else(|| format_error(path, format!("no tensor {name}")))
    };
    let slots = (0..state.slots)
        .map(|n| Ok(Slot { first: average(n, "first")?, second: average(n, "second")? }))
        .collect::<Result<_, CheckpointError>>()?;
    let network = parameters::import(network, parts)
        .map_err(|source| CheckpointError::Network { path: path.to_owned(), source })?;
    Ok(Training { network, optimizer: Optimizer::restore(optimizer, state.steps, slots), history: state.history })
}

fn format_error(path: &Path, problem: impl ToString) -> CheckpointError {
    CheckpointError::Format { path: path.to_owned(), problem: problem.to_string() }
}

fn write_tensors(path: &Path, tensors: &[Parameter], state: Option<String>) -> Result<(), CheckpointError> {
    let bytes: Vec<Vec<u8>> = tensors.iter().map(|t| t.values.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|(tensor, bytes)| {
            TensorView::new(Dtype::F32, tensor.shape.clone(), bytes).map(|view| (tensor.name.as_str(), view))
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format_error(path, error))?;
    let metadata = state.map(|state| HashMap::from([("state".to_owned(), state)]));
    let file = safetensors::serialize(views, metadata).map_err(|error| format_error(path, error))?;
    Ok(write_atomic(path, |writer| writer.write_all(&file))?)
}

fn read_tensors(path: &Path) -> Result<(Vec<Parameter>, Option<String>), CheckpointError> {
    let bytes = std::fs::read(path).map_err(|source| CheckpointError::File { path: path.to_owned(), source })?;
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| format_error(path, error))?;
    let state = header.metadata().as_ref().and_then(|m| m.get("state").cloned());
    let file = SafeTensors::deserialize(&bytes).map_err(|error| format_error(path, error))?;
    let mut tensors = Vec::new();
    for (name, view) in file.tensors() {
        if view.dtype() != Dtype::F32 {
            return Err(format_error(path, format!("tensor {name} is not f32")));
        }
        tensors.push(Parameter {
            name,
            shape: view.shape().to_vec(),
            values: view.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        });
    }
    Ok((tensors, state))
}

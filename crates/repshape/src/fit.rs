//! Training, as a function with observers.

use std::cell::OnceCell;

use burn::module::Module;
use burn::tensor::Device;
use repshape_data::{Purpose, Train, Validation, epoch_order, stream};
use serde::{Deserialize, Serialize};

use crate::batch::{batch, target_columns};
use crate::evaluate::{Scores, evaluate};
use crate::groups::GroupsError;
use crate::network::Network;
use crate::objective::Objective;
use crate::optimizer::{Optimizer, OptimizerConfig};
use crate::parameters::{self, Parameter};

/// How to train.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitConfig {
    /// Passes over the training rows.
    pub epochs: usize,
    /// Rows of a step; the last step of an epoch takes what is left.
    pub batch_size: usize,
    /// The optimiser and its constants.
    pub optimizer: OptimizerConfig,
    /// Seed of the batches and dropout masks.
    pub seed: u64,
}

/// Every term's mean over one epoch's rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochValues {
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// The objective.
    pub loss: f64,
    /// The task's loss, then each penalty's unweighted value, as [`Objective::names`].
    pub terms: Vec<f64>,
    /// Scores on the validation rows after the epoch, if there are any.
    pub validation: Option<Scores>,
}

/// A training under way: what a checkpoint holds.
#[derive(Debug, Clone)]
pub struct Training<N> {
    /// The network.
    pub network: N,
    /// The optimiser's state.
    pub optimizer: Optimizer,
    /// Finished epochs.
    pub history: Vec<EpochValues>,
}

impl<N> Training<N> {
    /// A training before its first epoch.
    pub const fn new(network: N, optimizer: OptimizerConfig) -> Self {
        Self { network, optimizer: Optimizer::new(optimizer), history: Vec::new() }
    }
}

/// How a training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// All epochs were run.
    Finished,
    /// An observer stopped it.
    Stopped,
    /// The objective became infinite or NaN in this epoch (from 1). An outcome, not an error.
    Diverged {
        /// The epoch.
        epoch: usize,
    },
}

/// A finished training.
#[derive(Debug, Clone)]
pub struct Fitted<N> {
    /// The network, the optimiser and the history.
    pub training: Training<N>,
    /// How it ended.
    pub ending: Ending,
}

/// What an observer wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// End the training here.
    Stop,
}

/// A step that has just been taken, as an [`Observer`] sees it.
#[derive(Debug)]
pub struct Step<'a, N> {
    network: &'a N,
    plain: OnceCell<N>,
    epoch: usize,
    done: usize,
    total: usize,
    values: &'a [f64],
}

impl<'a, N> Step<'a, N> {
    /// The step number `done` of the `total` of an epoch, both from 1, after which `network` has its new weights.
    /// [`fit`] makes these; a training loop of one's own that has observers may too.
    pub const fn new(network: &'a N, epoch: usize, done: usize, total: usize, values: &'a [f64]) -> Self {
        Self { network, plain: OnceCell::new(), epoch, done, total, values }
    }

    /// The epoch that it belongs to, from 1.
    pub const fn epoch(&self) -> usize {
        self.epoch
    }

    /// Steps of this epoch so far, from 1.
    pub const fn done(&self) -> usize {
        self.done
    }

    /// Steps of an epoch.
    pub const fn total(&self) -> usize {
        self.total
    }

    /// Steps since the training began, from 1; a resumed training counts on.
    pub const fn global(&self) -> u64 {
        (self.epoch as u64).saturating_sub(1) * self.total as u64 + self.done as u64
    }

    /// Every term of the objective over the rows of this step, before its update, as
    /// [`Objective::names`].
    pub const fn values(&self) -> &[f64] {
        self.values
    }
}

impl<N: Module> Step<'_, N> {
    /// The network after the step, off the tape. Made when it is first asked for, and shared by all who ask; a step
    /// that nobody asks costs nothing.
    pub fn network(&self) -> &N {
        self.plain.get_or_init(|| self.network.valid())
    }
}

/// Looks on while a network is trained: progress, early stopping, monitoring, pruning, checkpoints.
///
/// Any `FnMut(&Training<N>) -> Flow`, called after each epoch, is an observer.
pub trait Observer<N> {
    /// After each epoch; the last entry of `training.history` is new.
    fn epoch(&mut self, training: &Training<N>) -> Flow;

    /// After each step. A stop here discards the epoch, so that what is left is a state between
    /// epochs.
    fn step(&mut self, _step: &Step<'_, N>) -> Flow {
        Flow::Continue
    }
}

impl<N, F: FnMut(&Training<N>) -> Flow> Observer<N> for F {
    fn epoch(&mut self, training: &Training<N>) -> Flow {
        self(training)
    }
}

/// Both look on; one of them is enough to stop.
impl<N, A: Observer<N>, B: Observer<N>> Observer<N> for (A, B) {
    fn epoch(&mut self, training: &Training<N>) -> Flow {
        either(self.0.epoch(training), self.1.epoch(training))
    }

    fn step(&mut self, step: &Step<'_, N>) -> Flow {
        either(self.0.step(step), self.1.step(step))
    }
}

fn either(a: Flow, b: Flow) -> Flow {
    if a == Flow::Stop { a } else { b }
}

/// What is wrong before the first step.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// A batch needs a row.
    #[error("batch size 0: a step needs at least one row")]
    EmptyBatch,
    /// There is nothing to train on.
    #[error("no training rows")]
    NoRows,
    /// The targets are labels, and the rows have none.
    #[error("the task compares outputs with labels, and the data has none")]
    NoLabels,
    /// The labels do not fit the declared classes.
    #[error(transparent)]
    Groups(#[from] GroupsError),
    /// The network's outputs do not fit the targets.
    #[error("the network has {outputs} outputs, the targets need {expected}")]
    Outputs {
        /// Units of the last site.
        outputs: usize,
        /// Columns of the targets.
        expected: usize,
    },
}

/// Trains a network on the training rows, from the state that `training` is in (a new one or a
/// checkpoint's), and returns it with how it ended.
///
/// The bits of the result depend on `training`, the rows, the objective and `config` alone: not
/// on the number of threads, nor on how often the training was interrupted between epochs.
///
/// # Errors
/// An empty batch or training set; targets that do not fit the network.
pub fn fit<N: Network>(
    mut training: Training<N>,
    train: &Train,
    validation: Option<&Validation>,
    objective: &Objective,
    config: &FitConfig,
    device: &Device,
    observer: &mut dyn Observer<N>,
) -> Result<Fitted<N>, FitError> {
    check(&training.network, train, objective, config)?;
    training.network = parameters::with_own_leaves(training.network);
    let steps = train.rows().div_ceil(config.batch_size);
    let mut ending = Ending::Finished;
    while training.history.len() < config.epochs {
        let epoch = training.history.len();
        let order = epoch_order(config.seed, epoch as u64, train.rows());
        let mut dropout = stream(config.seed, Purpose::Dropout, epoch as u64);
        let mut sums = vec![0.0; objective.names().len()];
        // a stop inside an epoch returns to the state before it; the history, which grows between epochs, is still that
        let before = (training.network.clone(), training.optimizer.clone());
        // by value: clones of a module share the running statistics of batch normalisation
        let values = parameters::export(&training.network);
        for (step, rows) in order.chunks(config.batch_size).enumerate() {
            let batch = batch(train, rows, objective.target(), device, true);
            let evaluation = objective.evaluate(&training.network, &batch, &mut dropout)?;
            if !evaluation.values.iter().all(|v| v.is_finite()) {
                return Ok(Fitted { training, ending: Ending::Diverged { epoch: epoch + 1 } });
            }
            for (sum, value) in sums.iter_mut().zip(&evaluation.values) {
                *sum += value * rows.len() as f64;
            }
            if let Some(root) = evaluation.root {
                let gradients = root.backward();
                training.network = training.optimizer.step(training.network, gradients);
            }
            let step = Step::new(&training.network, epoch + 1, step + 1, steps, &evaluation.values);
            if observer.step(&step) == Flow::Stop {
                (training.network, training.optimizer) = before;
                return Ok(Fitted { training: returned(training, values), ending: Ending::Stopped });
            }
        }
        if !parameters::all_finite(&training.network) {
            return Ok(Fitted { training, ending: Ending::Diverged { epoch: epoch + 1 } });
        }
        let terms: Vec<f64> = sums.iter().map(|s| s / train.rows() as f64).collect();
        let scores = validation.map(|rows| evaluate(&training.network.valid(), rows, objective, device));
        training.history.push(EpochValues {
            epoch: epoch + 1,
            loss: objective.total(&terms),
            terms,
            validation: scores,
        });
        if observer.epoch(&training) == Flow::Stop {
            ending = Ending::Stopped;
            break;
        }
    }
    Ok(Fitted { training, ending })
}

/// The state with the parameters and running statistics that it had.
fn returned<N: Network>(mut before: Training<N>, values: Vec<Parameter>) -> Training<N> {
    // takes in the statistics that the last step left pending: later they would replace what is put back
    let _ = before.network.valid();
    if let Ok(network) = parameters::import(before.network.clone(), values) {
        before.network = network;
    }
    before
}

fn check<N: Network>(network: &N, train: &Train, objective: &Objective, config: &FitConfig) -> Result<(), FitError> {
    if config.batch_size == 0 {
        return Err(FitError::EmptyBatch);
    }
    if train.rows() == 0 {
        return Err(FitError::NoRows);
    }
    let expected = target_columns(train, objective.target()).ok_or(FitError::NoLabels)?;
    match network.sites().last() {
        Some(site) if site.units != expected => Err(FitError::Outputs { outputs: site.units, expected }),
        _ => Ok(()),
    }
}

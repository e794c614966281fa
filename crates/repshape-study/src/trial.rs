//! What an experiment is given and what it gives back.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// The two stages of a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// A weight is tried and judged by validation rows.
    Tune,
    /// The selected weight is trained afresh and judged by test rows.
    Trial,
}

impl Stage {
    /// `tune` or `trial`, as in every file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tune => "tune",
            Self::Trial => "trial",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One run, ready to start: its weight is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// See [`run_id`](crate::identity::run_id).
    pub run_id: String,
    /// Name of the regularizer.
    pub regularizer: String,
    /// Its weight; `None` where it has none (`baseline`, `bn`).
    pub weight: Option<f64>,
    /// Tuning run or trial.
    pub stage: Stage,
    /// The only source of randomness of this run.
    pub seed: u64,
    /// Seed index, for display.
    pub index: u32,
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.stage, self.regularizer)?;
        // a row of a sweep has its weight in its name
        if let Some(weight) = self.weight.filter(|_| !self.regularizer.contains('=')) {
            write!(f, "={weight}")?;
        }
        // most weights have one tuning run: a number would tell nothing
        if self.stage == Stage::Trial || self.index > 0 {
            write!(f, " #{}", self.index + 1)?;
        }
        Ok(())
    }
}

/// A training and its measurement: what users of this crate implement.
pub trait Experiment: Sync {
    /// Trains and measures one run. Everything in the outcome but the details' `timings` must follow from the trial
    /// alone: the same trial gives the same outcome on any thread, in any order, beside anything else.
    ///
    /// Ask [`Control::is_cancelled`] at every epoch and return an `Err` when it says so: such a run is neither
    /// committed nor counted as failed.
    ///
    /// # Errors
    /// A message for a run that failed (data that cannot be read, no memory). A training that diverges did not fail:
    /// it is an outcome.
    fn run(&self, trial: &Trial, control: &Control<'_>) -> Result<Outcome, String>;
}

/// The link of a running experiment to whoever started it.
pub struct Control<'a> {
    cancelled: &'a (dyn Fn() -> bool + Sync),
    progress: &'a (dyn Fn(f64) + Sync),
}

impl<'a> Control<'a> {
    /// From a question and an announcement.
    pub fn new(cancelled: &'a (dyn Fn() -> bool + Sync), progress: &'a (dyn Fn(f64) + Sync)) -> Self {
        Self { cancelled, progress }
    }

    /// Whether to stop at the next epoch.
    pub fn is_cancelled(&self) -> bool {
        (self.cancelled)()
    }

    /// Tells how much of the run is done, from 0 to 1.
    pub fn progress(&self, fraction: f64) {
        (self.progress)(fraction);
    }
}

impl Control<'static> {
    /// Never cancels, tells nobody: for an experiment outside a study.
    pub fn detached() -> Self {
        Self { cancelled: &|| false, progress: &|_| {} }
    }
}

/// Error and loss over one split.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// What is compared, lower is better: a fraction of wrong rows, or a mean squared error. Finite.
    pub error: f64,
    /// The task's loss; decides between equal errors. Not finite is written as `null` and reads back as NaN.
    #[serde(default = "nan", deserialize_with = "null_as_nan")]
    pub loss: f64,
}

fn nan() -> f64 {
    f64::NAN
}

fn null_as_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// What one run gives: by type, only a trial can carry test scores.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Of a run with [`Stage::Tune`].
    Tune(Tuned),
    /// Of a run with [`Stage::Trial`].
    Trial(Tested),
}

/// Outcome of a tuning run. There is no place for test scores: selection cannot see them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tuned {
    /// The epoch at which the loss stopped being finite.
    pub diverged: Option<u64>,
    /// Over the training rows.
    pub train: Option<Scores>,
    /// Over the validation rows: needed unless diverged.
    pub validation: Option<Scores>,
    /// Measures by name; `None` where undefined. Not of test rows.
    pub measures: BTreeMap<String, Option<f64>>,
    /// Further fields of the record (history...); see [`Tested::details`].
    pub details: Map<String, Value>,
}

/// Outcome of a trial.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tested {
    /// The epoch at which the loss stopped being finite.
    pub diverged: Option<u64>,
    /// Over the training rows.
    pub train: Option<Scores>,
    /// Over the validation rows, where they were not merged back into training.
    pub validation: Option<Scores>,
    /// Over the test rows: needed unless diverged.
    pub test: Option<Scores>,
    /// Measures by name; `None` where undefined. A value that is not finite becomes undefined.
    pub measures: BTreeMap<String, Option<f64>>,
    /// Further fields of the record (history, pictures...). What differs from one execution to the next belongs under
    /// the key `timings`, which is left out of the result's hash. The names of the record's own fields are refused.
    pub details: Map<String, Value>,
}

//! How one network is trained and measured: the spec of `shape`, and the training part of a study.

use repshape::network::{Activation, MlpSpec};
use repshape::optimizer::OptimizerConfig;
use repshape::penalty::Term;
use repshape::task::{Target, Task};
use repshape_data::{DataSpec, Hold, SplitSpec};
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Outcome};

/// Everything that decides a run's numbers; `run.toml` holds it resolved. A default stands here
/// and nowhere else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RunSpec {
    /// `NAME[=PATH]`.
    pub data: DataSpec,
    /// Validation rows, a number or a fraction of the training rows; the data's default unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Hold>,
    /// Training rows kept after the validation rows are taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_rows: Option<usize>,
    /// Zero mean and unit variance by the training rows.
    #[serde(default)]
    pub standardize: bool,
    /// The rows are reduced to so many principal components of the training rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub components: Option<usize>,
    /// Seed of the split; the same for every run of a study.
    #[serde(default = "one")]
    pub split_seed: u64,
    /// The hidden layers and how weights start.
    pub network: MlpSpec,
    /// The task's loss.
    #[serde(default)]
    pub task: Task,
    /// What the outputs are compared with.
    #[serde(default)]
    pub target: Target,
    /// What the outputs go through before they meet the targets; a nonlinearity needs `mean-squared-error`.
    #[serde(default = "linear", skip_serializing_if = "is_linear")]
    pub output_activation: Activation,
    /// Weighted penalties and layers, `NAME=WEIGHT[@SITE]`.
    #[serde(default)]
    pub penalties: Vec<Term>,
    /// Sites to measure; the last hidden one unless told. Penalties without a site act at the first.
    #[serde(default)]
    pub sites: Vec<String>,
    /// Passes over the training rows.
    pub epochs: usize,
    /// Rows of a step.
    pub batch_size: usize,
    /// Optimiser and step size.
    pub optimizer: OptimizerConfig,
    /// Seed of weights, batches and dropout masks.
    #[serde(default = "one")]
    pub seed: u64,
    /// Noise variance of the mutual information bounds.
    #[serde(default = "mi_variance")]
    pub mi_variance: f64,
    /// Units whose share of the total variance `tdv` is.
    #[serde(default = "one_unit", skip_serializing_if = "is_one")]
    pub tdv_units: usize,
    /// What a network was rewired from, and how: there is nothing to train then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewired: Option<String>,
}

const fn one() -> u64 {
    1
}

const fn one_unit() -> usize {
    1
}

const fn is_one(units: &usize) -> bool {
    *units == 1
}

const fn linear() -> Activation {
    Activation::Linear
}

fn is_linear(activation: &Activation) -> bool {
    *activation == Activation::Linear
}

/// The value in the reference notebooks of the bounds.
const fn mi_variance() -> f64 {
    0.1
}

impl RunSpec {
    /// The site where penalties without one act.
    pub fn main_site(&self) -> String {
        self.sites.first().cloned().unwrap_or_else(|| self.network.last_hidden_site())
    }

    /// The sites to measure.
    pub fn measured_sites(&self) -> Vec<String> {
        if self.sites.is_empty() { vec![self.main_site()] } else { self.sites.clone() }
    }

    /// How the rows are split.
    pub fn split(&self) -> SplitSpec {
        SplitSpec {
            validation: self.validation,
            train_rows: self.train_rows,
            standardize: self.standardize,
            seed: self.split_seed,
        }
    }

    /// Refuses what no field's own type refuses.
    pub fn check(&self) -> Outcome {
        if self.batch_size == 0 {
            return Err(Failure::usage("batch-size is 0; a step needs at least one row"));
        }
        if !(self.mi_variance > 0.0 && self.mi_variance.is_finite()) {
            return Err(Failure::usage(format!("mi-variance is {}; expected a positive number", self.mi_variance)));
        }
        if !is_linear(&self.output_activation) && self.task != Task::MeanSquaredError {
            return Err(Failure::usage(format!(
                "output-activation is {}: task \"{}\" takes logits; expected linear, or task = \"mean-squared-error\"",
                self.output_activation, self.task
            )));
        }
        let known = self.network.site_names();
        let sites = self.sites.iter().map(|site| (format!("site \"{site}\""), site));
        let of_penalties =
            self.penalties.iter().filter_map(|term| Some((format!("penalty \"{term}\""), term.site.as_ref()?)));
        for (what, site) in sites.chain(of_penalties) {
            if !known.contains(site) {
                return Err(Failure::usage(format!(
                    "{what}: the network has no site \"{site}\"{}; its sites are {}",
                    repshape::nearest::suggestion(site, known.iter().map(String::as_str)),
                    known.join(", ")
                )));
            }
        }
        Ok(())
    }
}

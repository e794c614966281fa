//! A recipe: which regularizers, which weights, how often, and how to train.

use std::collections::BTreeMap;

use repshape::penalty::{PenaltyConfig, Takes, Term};
use repshape_study::{Regularizer, StudySpec};
use serde::{Deserialize, Serialize};

use super::RunSpec;
use crate::failure::{Failure, Outcome};

/// The member of the set that adds nothing.
pub const BASELINE: &str = "baseline";
/// The entry of `[weights]` for every regularizer without one of its own.
const DEFAULT: &str = "default";

/// A study as a user writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Recipe {
    /// The study's name.
    pub name: String,
    /// One line about it.
    #[serde(default)]
    pub about: String,
    /// Regularizers to compare: `baseline` and the penalties' names.
    pub set: Vec<Member>,
    /// Where penalties and layers act, and what is measured.
    pub site: String,
    /// Trials with fresh seeds after the weight is chosen.
    pub trials: u32,
    /// Seed of the study.
    #[serde(default = "one")]
    pub seed: u64,
    /// Weights to choose from: `default`, and by name.
    pub weights: BTreeMap<String, Vec<f64>>,
    /// How each network is trained.
    pub training: RunSpec,
}

const fn one() -> u64 {
    1
}

/// A member of the set: `baseline` or a penalty's name with its options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Member {
    /// No regularizer.
    Baseline,
    /// A penalty or a layer.
    Penalty(PenaltyConfig),
}

impl TryFrom<String> for Member {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl std::str::FromStr for Member {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == BASELINE {
            return Ok(Self::Baseline);
        }
        text.parse().map(Self::Penalty).map_err(|error: repshape::penalty::PenaltyError| error.to_string())
    }
}

impl std::fmt::Display for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Baseline => f.write_str(BASELINE),
            Self::Penalty(config) => config.fmt(f),
        }
    }
}

impl From<Member> for String {
    fn from(member: Member) -> Self {
        member.to_string()
    }
}

impl Member {
    /// The term that this member adds at `site` with `weight`.
    pub fn term(&self, weight: Option<f64>, site: &str) -> Option<Term> {
        match self {
            Self::Baseline => None,
            Self::Penalty(config) => {
                Some(Term { config: config.clone(), weight: weight.unwrap_or(0.0), site: Some(site.to_owned()) })
            }
        }
    }
}

impl Recipe {
    /// The weights that `member` is tuned over; none for members without a weight.
    fn weights_of(&self, member: &Member) -> Outcome<Vec<f64>> {
        let Member::Penalty(config) = member else {
            return Ok(Vec::new());
        };
        let row = config.row();
        if row.takes == Takes::Nothing {
            return Ok(Vec::new());
        }
        let name = config.to_string();
        let own = self.weights.get(&name).or_else(|| self.weights.get(row.name));
        let key = if own.is_some() { row.name } else { DEFAULT };
        let weights = match own {
            Some(weights) => weights,
            None if row.takes == Takes::Rate => {
                return Err(Failure::usage(format!(
                    "weights.{name} is missing: it takes rates between 0 and 1, not the default weights"
                )));
            }
            None => self.weights.get(DEFAULT).ok_or_else(|| {
                Failure::usage(format!("weights has neither \"{name}\" nor \"{DEFAULT}\"; expected a list of weights"))
            })?,
        };
        if weights.is_empty() {
            return Err(Failure::usage(format!("weights.{key} is empty; expected at least one weight")));
        }
        for &weight in weights {
            // the same check that a typed weight passes
            format!("{config}={weight}")
                .parse::<Term>()
                .map_err(|error| Failure::usage(format!("weights.{key}: {error}")))?;
        }
        Ok(weights.clone())
    }

    /// The study's spec: every run that it needs follows from it. `fingerprint` and `test_rows` say on
    /// which data.
    pub fn study(&self, fingerprint: &str, test_rows: usize) -> Outcome<StudySpec> {
        self.check()?;
        let training = serde_json::json!({
            "site": self.site,
            "data-fingerprint": fingerprint,
            "test-rows": test_rows,
            "run": self.training,
        });
        let mut spec = StudySpec::new(&self.name, self.seed, self.trials, training);
        for member in &self.set {
            spec.regularizers.push(Regularizer { name: member.to_string(), weights: self.weights_of(member)? });
        }
        Ok(spec)
    }

    /// Refuses what no field's own type refuses.
    pub fn check(&self) -> Outcome {
        if self.set.is_empty() {
            return Err(Failure::usage("set is empty; expected regularizers such as \"baseline\", \"cw-vr\""));
        }
        let known = self.training.network.site_names();
        if !known.contains(&self.site) {
            return Err(Failure::usage(format!(
                "site \"{}\": the network has no such site{}; its sites are {}",
                self.site,
                repshape::nearest::suggestion(&self.site, known.iter().map(String::as_str)),
                known.join(", ")
            )));
        }
        for name in self.weights.keys().filter(|name| *name != DEFAULT) {
            name.parse::<PenaltyConfig>().map_err(|error| Failure::usage(format!("weights.{name}: {error}")))?;
        }
        self.training.check()
    }

    /// The same protocol in seconds, for trying and testing: few rows, epochs, weights and trials.
    pub fn smoke(mut self) -> Self {
        self.trials = self.trials.min(2);
        self.training.epochs = self.training.epochs.min(2);
        self.training.train_rows = Some(self.training.train_rows.unwrap_or(300).min(300));
        for weights in self.weights.values_mut() {
            weights.truncate(2);
        }
        self
    }
}

//! A recipe: which regularizers, which weights, how often, and how to train.

use std::collections::BTreeMap;

use repshape::penalty::{PenaltyConfig, Takes, Term};
use repshape::representation::POSITIVE_PART;
use repshape_study::{Regularizer, StudySpec};
use serde::{Deserialize, Serialize};

use super::RunSpec;
use crate::cli::How;
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
    /// Further sites where they act, with the same weight.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_at: Vec<String>,
    /// Further sites that are measured, `SITE:relu` for the positive part of one; their measures are named `MEASURE@SITE`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measure_at: Vec<String>,
    /// Also count, as `live_units`, the units whose variance is above this share of their site's largest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_above: Option<f64>,
    /// What becomes of several weights.
    #[serde(default, skip_serializing_if = "Select::is_validation")]
    pub select: Select,
    /// Trials with fresh seeds after the weight is chosen.
    pub trials: u32,
    /// Tuning runs of each weight, whose mean validation error chooses; one unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuning_runs: Option<u32>,
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

/// What becomes of several weights of a regularizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Select {
    /// One is chosen by validation error and has the trials.
    #[default]
    Validation,
    /// Each has the trials: a row `NAME=WEIGHT` of its own.
    None,
}

impl Select {
    fn is_validation(&self) -> bool {
        *self == Self::Validation
    }
}

/// Where a study's regularizers act and what it measures; a part of every run's identity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Places {
    /// As in [`Recipe::site`].
    pub site: String,
    /// As in [`Recipe::also_at`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_at: Vec<String>,
    /// As in [`Recipe::measure_at`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measure_at: Vec<String>,
    /// As in [`Recipe::live_above`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_above: Option<f64>,
}

impl Places {
    /// Adds the row `name` of a study, `NAME` or `NAME=WEIGHT`, with its weight to a training.
    pub fn add(&self, run: &mut RunSpec, name: &str, weight: Option<f64>) -> Outcome {
        let member = Member::of_row(name)?;
        let sites = std::iter::once(&self.site).chain(&self.also_at);
        run.penalties.extend(sites.filter_map(|site| member.term(weight, site)));
        // a site's positive part is read where the site is
        let measured = self.measure_at.iter().map(|site| site.split(':').next().unwrap_or(site).to_owned());
        run.sites = std::iter::once(self.site.clone()).chain(measured).collect();
        Ok(())
    }

    /// What is measured: the main site first.
    pub fn measured(&self) -> Vec<String> {
        std::iter::once(&self.site).chain(&self.measure_at).cloned().collect()
    }
}

/// A member of the set: `baseline`, a penalty's name with its options, or `rewire:HOW`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Member {
    /// No regularizer.
    Baseline,
    /// A penalty or a layer.
    Penalty(PenaltyConfig),
    /// No regularizer, and the trained network is rewired at the site.
    Rewired(How),
}

/// What comes before the way to rewire in the name of a member.
const REWIRE: &str = "rewire:";

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
        if let Some(how) = text.strip_prefix(REWIRE) {
            return how.parse().map(Self::Rewired).map_err(|error| format!("{REWIRE}{how}: {error}"));
        }
        text.parse().map(Self::Penalty).map_err(|error: repshape::penalty::PenaltyError| error.to_string())
    }
}

impl std::fmt::Display for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Baseline => f.write_str(BASELINE),
            Self::Penalty(config) => config.fmt(f),
            Self::Rewired(how) => write!(f, "{REWIRE}{how}"),
        }
    }
}

impl From<Member> for String {
    fn from(member: Member) -> Self {
        member.to_string()
    }
}

impl Member {
    /// The member of the row `name` of a study, `NAME` or `NAME=WEIGHT`.
    pub fn of_row(name: &str) -> Outcome<Self> {
        // a target=FILE has the sign too
        let name = if name.starts_with(REWIRE) { name } else { name.split_once('=').map_or(name, |(name, _)| name) };
        name.parse().map_err(Failure::usage)
    }

    /// The term that this member adds at `site` with `weight`.
    pub fn term(&self, weight: Option<f64>, site: &str) -> Option<Term> {
        match self {
            Self::Baseline | Self::Rewired(_) => None,
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
        let mut training = serde_json::json!(self.places());
        training["data-fingerprint"] = fingerprint.into();
        training["test-rows"] = test_rows.into();
        training["run"] = serde_json::json!(self.training);
        let mut spec = StudySpec::new(&self.name, self.seed, self.trials, training);
        spec.tuning_runs = self.tuning_runs.unwrap_or(1);
        for member in &self.set {
            let weights = self.weights_of(member)?;
            if self.select == Select::None && !weights.is_empty() {
                let row = |weight: f64| Regularizer { name: format!("{member}={weight}"), weights: vec![weight] };
                spec.regularizers.extend(weights.into_iter().map(row));
            } else {
                spec.regularizers.push(Regularizer { name: member.to_string(), weights });
            }
        }
        Ok(spec)
    }

    /// Where regularizers act and what is measured.
    pub fn places(&self) -> Places {
        Places {
            site: self.site.clone(),
            also_at: self.also_at.clone(),
            measure_at: self.measure_at.clone(),
            live_above: self.live_above,
        }
    }

    /// Refuses what no field's own type refuses.
    pub fn check(&self) -> Outcome {
        if self.set.is_empty() {
            return Err(Failure::usage("set is empty; expected regularizers such as \"baseline\", \"cw-vr\""));
        }
        let known = self.training.network.site_names();
        let measured = self.measure_at.iter().map(|site| site.strip_suffix(POSITIVE_PART).unwrap_or(site));
        let sites = std::iter::once(("site", self.site.as_str()))
            .chain(self.also_at.iter().map(|site| ("also-at", site.as_str())))
            .chain(measured.map(|site| ("measure-at", site)));
        for (key, site) in sites {
            if !known.iter().any(|name| name == site) {
                return Err(Failure::usage(format!(
                    "{key} \"{site}\": the network has no such site{}; its sites are {}",
                    repshape::nearest::suggestion(site, known.iter().map(String::as_str)),
                    known.join(", ")
                )));
            }
        }
        if self.tuning_runs == Some(0) {
            return Err(Failure::usage("tuning-runs is 0; expected a whole number of at least 1"));
        }
        if let Some(share) = self.live_above.filter(|share| !(0.0..1.0).contains(share)) {
            return Err(Failure::usage(format!("live-above is {share}; expected a share from 0 to below 1")));
        }
        for name in self.weights.keys().filter(|name| *name != DEFAULT) {
            name.parse::<PenaltyConfig>().map_err(|error| Failure::usage(format!("weights.{name}: {error}")))?;
        }
        self.training.check()
    }

    /// The same protocol in seconds, for trying and testing: few rows, epochs, weights and trials.
    pub fn smoke(mut self) -> Self {
        self.trials = self.trials.min(2);
        self.tuning_runs = self.tuning_runs.map(|runs| runs.min(2));
        self.training.epochs = self.training.epochs.min(2);
        self.training.train_rows = Some(self.training.train_rows.unwrap_or(300).min(300));
        for weights in self.weights.values_mut() {
            weights.truncate(2);
        }
        self
    }
}

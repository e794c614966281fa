//! The record of a finished run: the content of `runs/ab/<run_id>.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::canonical::canonical_json;
use crate::trial::{Outcome, Scores, Stage, Trial};

/// Schema name in [`Record::schema`].
pub const TRIAL_SCHEMA: &str = "repshape.trial/1";

/// Fields that may differ between two executions of one run: left out of the result's hash.
const UNHASHED: [&str; 4] = ["result_hash", "seconds", "host", "timings"];

/// A finished run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Always [`TRIAL_SCHEMA`].
    pub schema: String,
    /// The run.
    pub run_id: String,
    /// Name of the regularizer.
    pub regularizer: String,
    /// The weight it ran with.
    pub weight: Option<f64>,
    /// Tuning run or trial.
    pub stage: Stage,
    /// Seed index.
    pub index: u32,
    /// The seed it ran with.
    pub seed: u64,
    /// Whether the training diverged.
    pub diverged: bool,
    /// The epoch at which it did.
    pub diverged_epoch: Option<u64>,
    /// Over the training rows.
    pub train: Option<Scores>,
    /// Over the validation rows.
    pub validation: Option<Scores>,
    /// Over the test rows; always `None` for a tuning run.
    pub test: Option<Scores>,
    /// Measures by name; `None` where undefined.
    pub measures: BTreeMap<String, Option<f64>>,
    /// BLAKE3 over the canonical JSON of everything but this field, `seconds`, `host` and `timings`.
    pub result_hash: String,
    /// How long the run took.
    pub seconds: f64,
    /// Where it ran.
    pub host: String,
    /// What the experiment added: further fields of the object.
    #[serde(flatten)]
    pub details: Map<String, Value>,
}

impl Record {
    /// Puts together what ran and what came out.
    ///
    /// # Errors
    /// A message where the outcome cannot be one of this trial: of the other stage, without the scores that decide
    /// although it did not diverge, with an error that is not finite, with a detail named like a field of the record.
    pub fn new(trial: &Trial, outcome: Outcome, seconds: f64, host: &str) -> Result<Self, String> {
        let stage = trial.stage;
        let (diverged, train, validation, test, measures, details) = match (outcome, stage) {
            (Outcome::Tune(o), Stage::Tune) => (o.diverged, o.train, o.validation, None, o.measures, o.details),
            (Outcome::Trial(o), Stage::Trial) => (o.diverged, o.train, o.validation, o.test, o.measures, o.details),
            _ => {
                return Err(format!("the experiment gave the outcome of another stage than {stage}"));
            }
        };
        // of a diverged run only finite scores are worth keeping; of any other the deciding ones must be there
        let finite = |scores: Option<Scores>| scores.filter(|s| s.error.is_finite());
        if diverged.is_none() {
            let (name, deciding) = match stage {
                Stage::Tune => ("validation", validation),
                Stage::Trial => ("test", test),
            };
            match deciding {
                None => {
                    return Err(format!("the experiment gave no {name} scores and did not say that it diverged"));
                }
                Some(s) if !s.error.is_finite() => {
                    return Err(format!(
                        "the {name} error is {} and the experiment did not say that it diverged",
                        s.error
                    ));
                }
                Some(_) => {}
            }
        }
        let mut record = Self {
            schema: TRIAL_SCHEMA.to_owned(),
            run_id: trial.run_id.clone(),
            regularizer: trial.regularizer.clone(),
            weight: trial.weight,
            stage,
            index: trial.index,
            seed: trial.seed,
            diverged: diverged.is_some(),
            diverged_epoch: diverged,
            train: finite(train),
            validation: finite(validation),
            test: finite(test),
            measures: measures.into_iter().map(|(name, x)| (name, x.filter(|x| x.is_finite()))).collect(),
            result_hash: String::new(),
            seconds,
            host: host.to_owned(),
            details: Map::new(),
        };
        let own = record.to_object()?;
        if let Some(name) = details.keys().find(|name| own.contains_key(*name)) {
            return Err(format!("the experiment's detail {name:?} has the name of a field of the record"));
        }
        record.details = details;
        record.result_hash = record.hash()?;
        Ok(record)
    }

    /// The hash that [`Record::result_hash`] should hold.
    pub(crate) fn hash(&self) -> Result<String, String> {
        let mut object = self.to_object()?;
        for field in UNHASHED {
            object.remove(field);
        }
        Ok(blake3::hash(canonical_json(&Value::Object(object)).as_bytes()).to_hex().to_string())
    }

    /// The file's content.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let mut bytes = serde_json::to_vec(self).map_err(|e| e.to_string())?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads a file's content; the message of an error says what is wrong with it.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let record: Self = serde_json::from_slice(bytes).map_err(|e| format!("not a whole trial record: {e}"))?;
        if record.schema != TRIAL_SCHEMA {
            return Err(format!("schema {:?}, expected {TRIAL_SCHEMA:?}", record.schema));
        }
        let hash = record.hash()?;
        if hash != record.result_hash {
            return Err(format!("its content has hash {hash}, its result_hash says {}", record.result_hash));
        }
        if record.stage == Stage::Tune && record.test.is_some() {
            return Err("a tuning run with test scores".to_owned());
        }
        Ok(record)
    }

    fn to_object(&self) -> Result<Map<String, Value>, String> {
        match serde_json::to_value(self).map_err(|e| e.to_string())? {
            Value::Object(object) => Ok(object),
            other => Err(format!("a record is an object, not {other}")),
        }
    }
}

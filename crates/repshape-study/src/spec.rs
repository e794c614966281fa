//! The resolved study: what is compared, over which weights, how often.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Schema name in [`StudySpec::schema`]. It enters every run's identity: a change of meaning needs a new number.
pub const SPEC_SCHEMA: &str = "repshape.study-spec/1";

/// Most runs that one study may have: a slip of the finger must not fill the memory.
const MOST_RUNS: usize = 100_000;

/// Most tuning runs that all trials together may select from; each is named in each trial's line of the manifest.
const MOST_REFERENCES: usize = 2_000_000;

/// A study with every default filled in: enough to repeat it anywhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StudySpec {
    /// Always [`SPEC_SCHEMA`].
    pub schema: String,
    /// A name for tables and reports; no part of any run's identity.
    pub name: String,
    /// The seed of the study; every run's seed follows from it and the run's identity.
    pub seed: u64,
    /// Trials of the final stage for each regularizer, at least 1.
    pub trials: u32,
    /// Tuning runs of each weight, whose mean validation error chooses, at least 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub tuning_runs: u32,
    /// How often a run may fail before it is given up, at least 1.
    pub max_attempts: u32,
    /// What is compared, in the order of the table.
    pub regularizers: Vec<Regularizer>,
    /// The resolved training: network, data, optimiser, epochs... Opaque here; any change of it gives other run ids.
    pub training: serde_json::Value,
}

const fn one() -> u32 {
    1
}

/// Serde asks for a reference.
#[expect(clippy::trivially_copy_pass_by_ref)]
const fn is_one(count: &u32) -> bool {
    *count == 1
}

/// One member of the set that a study compares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regularizer {
    /// Its name, unique in the study: `cw-vr`.
    pub name: String,
    /// The weights to choose from. None: nothing to tune (`baseline`, `bn`). One: that weight, without tuning.
    #[serde(default)]
    pub weights: Vec<f64>,
}

impl Regularizer {
    /// Whether the weight is chosen by tuning runs: two weights or more.
    pub fn is_tuned(&self) -> bool {
        self.weights.len() > 1
    }
}

impl StudySpec {
    /// A spec without regularizers yet, one tuning run for each weight, three attempts for each run.
    pub fn new(name: &str, seed: u64, trials: u32, training: serde_json::Value) -> Self {
        Self {
            schema: SPEC_SCHEMA.to_owned(),
            name: name.to_owned(),
            seed,
            trials,
            tuning_runs: 1,
            max_attempts: 3,
            regularizers: Vec::new(),
            training,
        }
    }

    /// Number of runs that the study needs: `tuning_runs` for each weight to tune, `trials` for each regularizer.
    pub fn runs(&self) -> usize {
        self.regularizers
            .iter()
            .map(|r| {
                let tuned = if r.is_tuned() { r.weights.len() } else { 0 };
                let tuning = tuned.saturating_mul(self.tuning_runs as usize);
                tuning.saturating_add(self.trials as usize)
            })
            .fold(0, usize::saturating_add)
    }

    /// Checks every field.
    ///
    /// # Errors
    /// [`Error::Spec`] with the field, what was found and what is expected: another schema, no regularizer, a name that
    /// is empty or given twice, a weight that is negative, not finite or given twice, no trial, no tuning run, no
    /// attempt, more than 100,000 runs, more than 2,000,000 pairs of a tuning run and a trial.
    pub fn check(&self) -> Result<(), Error> {
        let fault = |field: &str, message: String| Err(Error::Spec { field: field.to_owned(), message });
        if self.schema != SPEC_SCHEMA {
            return fault("schema", format!("found {:?}, expected {SPEC_SCHEMA:?}", self.schema));
        }
        for (field, value) in
            [("trials", self.trials), ("tuning_runs", self.tuning_runs), ("max_attempts", self.max_attempts)]
        {
            if value == 0 {
                return fault(field, "found 0, expected a whole number of at least 1".to_owned());
            }
        }
        if self.regularizers.is_empty() {
            return fault("regularizers", "found none, expected at least one".to_owned());
        }
        if self.runs() > MOST_RUNS {
            return fault(
                "trials and tuning_runs",
                format!("{} runs in all, expected at most {MOST_RUNS}", self.runs()),
            );
        }
        let mut names = BTreeSet::new();
        for (i, regularizer) in self.regularizers.iter().enumerate() {
            let field = format!("regularizers[{i}].name");
            if regularizer.name.is_empty() {
                return fault(&field, "found an empty name".to_owned());
            }
            if !names.insert(&regularizer.name) {
                return fault(&field, format!("{:?} is given twice; each regularizer once", regularizer.name));
            }
            let mut weights = BTreeSet::new();
            for (j, &weight) in regularizer.weights.iter().enumerate() {
                let field = format!("regularizers[{i}].weights[{j}]");
                let of = &regularizer.name;
                if !weight.is_finite() || weight.is_sign_negative() {
                    return fault(&field, format!("{of}: found {weight}, expected a finite number of at least 0"));
                }
                if !weights.insert(weight.to_bits()) {
                    return fault(&field, format!("{of}: {weight} is given twice; each weight once"));
                }
            }
        }
        let weights: usize = self.regularizers.iter().filter(|r| r.is_tuned()).map(|r| r.weights.len()).sum();
        let tuning = weights.saturating_mul(self.tuning_runs as usize);
        if tuning.saturating_mul(self.trials as usize) > MOST_REFERENCES {
            let found = format!("{tuning} tuning runs and {} trials each", self.trials);
            return fault(
                "trials and tuning_runs",
                format!("{found}, expected a product of at most {MOST_REFERENCES}"),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(weights: Vec<f64>) -> StudySpec {
        StudySpec {
            regularizers: vec![
                Regularizer { name: "baseline".into(), weights: vec![] },
                Regularizer { name: "vr".into(), weights },
            ],
            ..StudySpec::new("s", 1, 5, serde_json::json!({}))
        }
    }

    #[test]
    fn sizes_beyond_memory_are_refused_at_once() {
        let many: Vec<f64> = (0..50_000).map(f64::from).collect();
        let message = StudySpec { trials: 100, ..spec(many.clone()) }.check().unwrap_err().to_string();
        assert!(message.contains("50000 tuning runs and 100 trials each, expected a product"), "{message}");
        assert!(StudySpec { trials: 10, ..spec(many) }.check().is_ok());
        let names = (0..20_000).map(|i| Regularizer { name: i.to_string(), weights: vec![] }).collect();
        assert!(StudySpec { regularizers: names, ..spec(vec![]) }.check().is_ok());
    }

    #[test]
    fn counts_tuning_only_where_there_is_a_choice() {
        assert_eq!(spec(vec![]).runs(), 10);
        assert_eq!(spec(vec![0.1]).runs(), 10);
        assert_eq!(spec(vec![0.1, 1.0]).runs(), 12);
        assert_eq!(StudySpec { tuning_runs: 3, ..spec(vec![0.1, 1.0]) }.runs(), 16);
    }

    #[test]
    fn a_spec_of_one_tuning_run_is_written_as_before_there_were_more() {
        let written = |tuning_runs| serde_json::to_value(StudySpec { tuning_runs, ..spec(vec![]) }).unwrap();
        assert!(written(1).get("tuning_runs").is_none());
        assert_eq!(serde_json::from_value::<StudySpec>(written(1)).unwrap().tuning_runs, 1);
        assert_eq!(serde_json::from_value::<StudySpec>(written(4)).unwrap().tuning_runs, 4);
    }

    #[test]
    fn bad_fields_are_named_with_what_was_found() {
        let message = |spec: StudySpec| spec.check().unwrap_err().to_string();
        for (weights, found) in [
            (vec![0.1, -1.0], "found -1, expected"),
            (vec![0.1, f64::NAN], "found NaN, expected"),
            (vec![0.1, f64::INFINITY], "found inf, expected"),
            (vec![0.1, -0.0], "found -0, expected"),
            (vec![0.1, 0.1], "0.1 is given twice"),
        ] {
            let text = message(spec(weights));
            assert!(text.starts_with("regularizers[1].weights[1]: vr: "), "{text}");
            assert!(text.contains(found), "{text}");
        }
        assert!(message(StudySpec { trials: 0, ..spec(vec![]) }).starts_with("trials: found 0"));
        assert!(message(StudySpec { tuning_runs: 0, ..spec(vec![]) }).starts_with("tuning_runs: found 0"));
        assert!(message(StudySpec { max_attempts: 0, ..spec(vec![]) }).starts_with("max_attempts: found 0"));
        assert!(message(StudySpec { trials: u32::MAX, ..spec(vec![]) }).contains("expected at most 100000"));
        assert!(
            message(StudySpec { schema: "x".into(), ..spec(vec![]) }).contains("expected \"repshape.study-spec/1\"")
        );
        assert!(message(StudySpec { regularizers: vec![], ..spec(vec![]) }).starts_with("regularizers: found none"));
        let twice = Regularizer { name: "vr".into(), weights: vec![] };
        assert!(
            message(StudySpec { regularizers: vec![twice.clone(), twice], ..spec(vec![]) })
                .contains("\"vr\" is given twice")
        );
    }
}

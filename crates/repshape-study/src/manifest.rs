//! The list of all runs of a study, written once and never edited.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::identity::{is_run_id, run_id, run_seed};
use crate::select::selection_rule;
use crate::spec::StudySpec;
use crate::trial::{Stage, Trial};

/// Schema name in the header line of `manifest.jsonl`.
pub const MANIFEST_SCHEMA: &str = "repshape.manifest/1";

/// A task of an engine should take at least this long, or starting it costs more than it does.
const CHUNK_SECONDS: f64 = 300.0;

/// How many runs one task of an engine does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Chunking {
    /// This many runs, at least 1 (`--chunk K`).
    Runs(u32),
    /// As many as fill five minutes, given how long one run takes (`--chunk auto`).
    Auto {
        /// Seconds of one run, measured or estimated.
        run_seconds: f64,
    },
}

/// All runs of a study: first every tuning run, then every trial, both in the order of the regularizers.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    spec: StudySpec,
    runs: Vec<PlannedRun>,
}

/// One line of the manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedRun {
    /// See [`run_id`](crate::identity::run_id).
    pub run_id: String,
    /// The task that does this run. A chunk holds runs of one stage only.
    pub chunk: u32,
    /// Tuning run or trial.
    pub stage: Stage,
    /// Name of the regularizer.
    pub regularizer: String,
    /// Its weight, or how it will be found.
    pub weight: PlannedWeight,
    /// Seed index: 0 to `tuning_runs - 1` for the tuning runs of a weight, 0 to `trials - 1` for trials.
    pub index: u32,
    /// See [`run_seed`](crate::identity::run_seed).
    pub seed: u64,
}

/// The weight of a planned run: `null`, a number, or `{"selected": RULE, "from": [RUN_ID, ...]}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PlannedWeight {
    /// The regularizer has no weight.
    None,
    /// This one.
    Fixed(f64),
    /// The one that the rule selects from these tuning runs once they are committed.
    Selected {
        /// See [`selection_rule`]; a part of the run's identity.
        selected: String,
        /// Ids of the tuning runs, in the order of the weights, those of one weight beside each other.
        from: Vec<String>,
    },
}

impl PlannedRun {
    /// The run, ready to start with this weight.
    pub fn trial(&self, weight: Option<f64>) -> Trial {
        Trial {
            run_id: self.run_id.clone(),
            regularizer: self.regularizer.clone(),
            weight,
            stage: self.stage,
            seed: self.seed,
            index: self.index,
        }
    }
}

impl PlannedWeight {
    /// Whether it depends on tuning runs.
    pub fn is_selected(&self) -> bool {
        matches!(self, Self::Selected { .. })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    schema: String,
    spec: StudySpec,
    runs: usize,
    chunks: u32,
}

impl Manifest {
    /// Lists the runs of a spec. Deterministic: the same spec and chunking give the same bytes.
    ///
    /// # Errors
    /// What [`StudySpec::check`] finds; a chunk of 0 runs; a run time that is not a positive number.
    pub fn plan(spec: &StudySpec, chunking: Chunking) -> Result<Self, Error> {
        spec.check()?;
        let size = chunk_size(chunking)?;
        let planned = |regularizer: &str, stage, weight, index| {
            let run_id = run_id(spec, regularizer, stage, &weight, index);
            let seed = run_seed(spec.seed, &run_id);
            PlannedRun { run_id, chunk: 0, stage, regularizer: regularizer.to_owned(), weight, index, seed }
        };
        let mut runs = Vec::with_capacity(spec.runs());
        for r in spec.regularizers.iter().filter(|r| r.is_tuned()) {
            for &weight in &r.weights {
                let run = |index| planned(&r.name, Stage::Tune, PlannedWeight::Fixed(weight), index);
                runs.extend((0..spec.tuning_runs).map(run));
            }
        }
        let mut tuning: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for run in &runs {
            tuning.entry(run.regularizer.clone()).or_default().push(run.run_id.clone());
        }
        for r in &spec.regularizers {
            let weight = match r.weights[..] {
                [] => PlannedWeight::None,
                [weight] => PlannedWeight::Fixed(weight),
                _ => PlannedWeight::Selected {
                    selected: selection_rule(spec.tuning_runs).to_owned(),
                    from: tuning.remove(&r.name).unwrap_or_default(),
                },
            };
            runs.extend((0..spec.trials).map(|index| planned(&r.name, Stage::Trial, weight.clone(), index)));
        }
        let (mut chunk, mut filled) = (0, 0);
        let mut stage = runs.first().map(|r| r.stage);
        for run in &mut runs {
            if filled == size || stage != Some(run.stage) {
                (chunk, filled, stage) = (chunk + 1, 0, Some(run.stage));
            }
            run.chunk = chunk;
            filled += 1;
        }
        Ok(Self { spec: spec.clone(), runs })
    }

    /// The study.
    pub fn spec(&self) -> &StudySpec {
        &self.spec
    }

    /// Every run, in manifest order.
    pub fn runs(&self) -> &[PlannedRun] {
        &self.runs
    }

    /// Number of chunks; their ids run from 0.
    pub fn chunks(&self) -> u32 {
        self.runs.last().map_or(0, |run| run.chunk + 1)
    }

    /// The text of `manifest.jsonl`: a header, then one line for each run.
    pub fn to_jsonl(&self) -> Result<String, Error> {
        let header = Header {
            schema: MANIFEST_SCHEMA.to_owned(),
            spec: self.spec.clone(),
            runs: self.runs.len(),
            chunks: self.chunks(),
        };
        let fault = |e: serde_json::Error| Error::Spec { field: "training".to_owned(), message: e.to_string() };
        let mut text = serde_json::to_string(&header).map_err(fault)?;
        text.push('\n');
        for run in &self.runs {
            text.push_str(&serde_json::to_string(run).map_err(fault)?);
            text.push('\n');
        }
        Ok(text)
    }

    /// Reads the text of `manifest.jsonl`; the message of an error names the line.
    pub(crate) fn from_jsonl(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        let header: Header = serde_json::from_str(first).map_err(|e| format!("line 1: {e}"))?;
        if header.schema != MANIFEST_SCHEMA {
            return Err(format!("line 1: schema {:?}, expected {MANIFEST_SCHEMA:?}", header.schema));
        }
        header.spec.check().map_err(|e| format!("line 1: {e}"))?;
        let mut runs = Vec::new();
        let mut ids = BTreeSet::new();
        for (i, line) in lines.enumerate() {
            let run: PlannedRun = serde_json::from_str(line).map_err(|e| format!("line {}: {e}", i + 2))?;
            if !is_run_id(&run.run_id) || !ids.insert(run.run_id.clone()) {
                return Err(format!("line {}: run_id {:?} is malformed or stands twice", i + 2, run.run_id));
            }
            runs.push(run);
        }
        let manifest = Self { spec: header.spec, runs };
        if manifest.runs.len() != header.runs || manifest.chunks() != header.chunks {
            return Err(format!("{} runs, expected {} as line 1 says", manifest.runs.len(), header.runs));
        }
        Ok(manifest)
    }
}

/// The SHA-256 of a text in hexadecimal.
pub(crate) fn sha256(text: &[u8]) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn chunk_size(chunking: Chunking) -> Result<u32, Error> {
    let fault = |message: String| Err(Error::Spec { field: "chunk".to_owned(), message });
    match chunking {
        Chunking::Runs(0) => fault("found 0, expected \"auto\" or a whole number of at least 1".to_owned()),
        Chunking::Runs(runs) => Ok(runs),
        Chunking::Auto { run_seconds } if run_seconds.is_finite() && run_seconds > 0.0 => {
            Ok((CHUNK_SECONDS / run_seconds).ceil().clamp(1.0, f64::from(u32::MAX)) as u32)
        }
        Chunking::Auto { run_seconds } => {
            fault(format!("auto needs the seconds of one run: found {run_seconds}, expected a positive number"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::select::{SELECTION_RULE, SELECTION_RULE_OF_MEANS};
    use crate::spec::Regularizer;

    fn spec() -> StudySpec {
        let regularizer = |name: &str, weights: &[f64]| Regularizer { name: name.into(), weights: weights.to_vec() };
        StudySpec {
            regularizers: vec![
                regularizer("baseline", &[]),
                regularizer("vr", &[0.1, 1.0, 10.0]),
                regularizer("dropout", &[0.5]),
                regularizer("cr", &[0.1, 1.0]),
            ],
            ..StudySpec::new("s", 7, 2, serde_json::json!({"epochs": 1}))
        }
    }

    #[test]
    fn tuning_runs_come_first_and_trials_name_the_runs_that_they_select_from() {
        let manifest = Manifest::plan(&spec(), Chunking::Runs(2)).unwrap();
        let lines: Vec<_> =
            manifest.runs().iter().map(|r| (r.stage.as_str(), r.regularizer.as_str(), r.index, r.chunk)).collect();
        assert_eq!(
            lines,
            [
                ("tune", "vr", 0, 0),
                ("tune", "vr", 0, 0),
                ("tune", "vr", 0, 1),
                ("tune", "cr", 0, 1),
                ("tune", "cr", 0, 2), // a chunk ends with its stage
                ("trial", "baseline", 0, 3),
                ("trial", "baseline", 1, 3),
                ("trial", "vr", 0, 4),
                ("trial", "vr", 1, 4),
                ("trial", "dropout", 0, 5),
                ("trial", "dropout", 1, 5),
                ("trial", "cr", 0, 6),
                ("trial", "cr", 1, 6),
            ]
        );
        assert_eq!(manifest.chunks(), 7);
        let ids: Vec<String> = manifest.runs()[..3].iter().map(|r| r.run_id.clone()).collect();
        let expected = PlannedWeight::Selected { selected: SELECTION_RULE.into(), from: ids };
        assert_eq!(manifest.runs()[7].weight, expected);
        assert_eq!(manifest.runs()[5].weight, PlannedWeight::None);
        assert_eq!(manifest.runs()[9].weight, PlannedWeight::Fixed(0.5));
    }

    #[test]
    fn a_weight_has_as_many_tuning_runs_as_the_spec_says() {
        let one = Manifest::plan(&spec(), Chunking::Runs(1)).unwrap();
        let two = Manifest::plan(&StudySpec { tuning_runs: 2, ..spec() }, Chunking::Runs(1)).unwrap();
        let tuning = |manifest: &Manifest| -> Vec<PlannedRun> {
            manifest.runs().iter().filter(|run| run.stage == Stage::Tune).cloned().collect()
        };
        let (of_one, of_two) = (tuning(&one), tuning(&two));
        assert_eq!((of_one.len(), of_two.len(), two.runs().len()), (5, 10, 18));
        // the first of each weight is the one that a study of one run has: it need not be repeated
        let first: Vec<&String> = of_two.iter().step_by(2).map(|run| &run.run_id).collect();
        assert_eq!(first, of_one.iter().map(|run| &run.run_id).collect::<Vec<_>>());
        assert_eq!((of_two[1].weight.clone(), of_two[1].index), (PlannedWeight::Fixed(0.1), 1));
        assert_ne!(of_two[0].seed, of_two[1].seed);
        let trial = two.runs().iter().find(|run| run.stage == Stage::Trial && run.regularizer == "vr").unwrap();
        let from = of_two[..6].iter().map(|run| run.run_id.clone()).collect();
        let expected = PlannedWeight::Selected { selected: SELECTION_RULE_OF_MEANS.into(), from };
        assert_eq!(trial.weight, expected);
    }

    #[test]
    fn a_manifest_reads_back_as_written() {
        let manifest = Manifest::plan(&spec(), Chunking::Runs(3)).unwrap();
        let text = manifest.to_jsonl().unwrap();
        assert_eq!(text.lines().count(), 14);
        assert_eq!(Manifest::from_jsonl(&text).unwrap(), manifest);
        let cut = text.lines().take(9).collect::<Vec<_>>().join("\n");
        assert!(Manifest::from_jsonl(&cut).unwrap_err().contains("8 runs, expected 13"));
        let unknown = text.replace("\"index\"", "\"idx\"");
        assert!(Manifest::from_jsonl(&unknown).unwrap_err().starts_with("line 2: unknown field `idx`"));
    }

    #[test]
    fn a_regularizer_more_leaves_the_other_ids_alone() {
        let before = Manifest::plan(&spec(), Chunking::Runs(1)).unwrap();
        let mut more = spec();
        more.regularizers.insert(0, Regularizer { name: "l1".into(), weights: vec![1.0, 2.0] });
        let after = Manifest::plan(&more, Chunking::Runs(1)).unwrap();
        let ids: BTreeSet<_> = after.runs().iter().map(|r| (&r.run_id, r.seed)).collect();
        assert!(before.runs().iter().all(|r| ids.contains(&(&r.run_id, r.seed))));
    }

    #[test]
    fn automatic_chunks_fill_five_minutes() {
        assert_eq!(chunk_size(Chunking::Auto { run_seconds: 7.0 }).unwrap(), 43);
        assert_eq!(chunk_size(Chunking::Auto { run_seconds: 4000.0 }).unwrap(), 1);
        assert_eq!(chunk_size(Chunking::Auto { run_seconds: f64::NAN }).unwrap_err().exit_code(), 2);
        assert_eq!(chunk_size(Chunking::Runs(0)).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn sha256_is_the_published_one() {
        // FIPS 180-2, appendix B.1
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}

//! An experiment whose outcome is a formula of the trial.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use repshape_study::*;
use serde_json::json;

/// Errors follow from name, weight and seed; `worse` makes results of another program version.
#[derive(Default)]
pub struct Mock {
    pub sleep: Duration,
    pub worse: f64,
    /// Bytes of details, as pictures would be.
    pub payload: usize,
}

impl Experiment for Mock {
    fn run(&self, trial: &Trial, control: &Control) -> Result<Outcome, String> {
        for part in 0..4 {
            std::thread::sleep(self.sleep / 4);
            control.progress(f64::from(part + 1) / 4.0);
            if control.is_cancelled() {
                return Err("stopped".to_owned());
            }
        }
        let noise = (trial.seed % 1000) as f64 * 1e-6;
        let distance = trial.weight.map_or(0.5, |w| (w.log10() + 1.0).abs());
        let scores = Some(Scores { error: 0.02 + 0.01 * distance + noise + self.worse, loss: distance });
        let measures = BTreeMap::from([("covariance".to_owned(), Some(distance + noise)), ("mapc".to_owned(), None)]);
        let mut details = serde_json::Map::new();
        details.insert("history".into(), json!([0.1, 1e-3, trial.seed]));
        details.insert("timings".into(), json!(std::time::SystemTime::now()));
        if self.payload > 0 {
            details.insert("picture".into(), json!("x".repeat(self.payload)));
        }
        Ok(match trial.stage {
            Stage::Tune => Outcome::Tune(Tuned { validation: scores, measures, details, ..Tuned::default() }),
            Stage::Trial => {
                Outcome::Trial(Tested { test: scores, train: scores, measures, details, ..Tested::default() })
            }
        })
    }
}

/// Two regularizers to tune, one with a given weight, one without: 6 + 12 runs.
pub fn spec() -> StudySpec {
    let regularizer = |name: &str, weights: &[f64]| Regularizer { name: name.into(), weights: weights.to_vec() };
    StudySpec {
        max_attempts: 2,
        regularizers: vec![
            regularizer("baseline", &[]),
            regularizer("vr", &[0.01, 0.1, 1.0]),
            regularizer("dropout", &[0.5]),
            regularizer("cr", &[1.0, 10.0, 100.0]),
        ],
        ..StudySpec::new("mock", 7, 3, json!({"epochs": 4}))
    }
}

pub fn manifest(chunk: u32) -> Manifest {
    Manifest::plan(&spec(), Chunking::Runs(chunk)).unwrap()
}

/// Many short runs: 246 of them.
pub fn long_manifest() -> Manifest {
    Manifest::plan(&StudySpec { trials: 60, ..spec() }, Chunking::Runs(1)).unwrap()
}

pub fn run_all(store: &Store, experiment: &dyn Experiment, workers: usize) -> Result<Started, Error> {
    let cancel = AtomicBool::new(false);
    resume(store, &Local { workers, host: "test".into(), experiment, observer: &(), cancel: &cancel })
}

pub fn table_json(store: &Store) -> String {
    serde_json::to_string(&collect(store).unwrap()).unwrap()
}

/// The table of an uninterrupted run with one worker.
pub fn expected_table(manifest: &Manifest) -> String {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::plan(folder.path(), manifest).unwrap();
    run_all(&store, &Mock::default(), 1).unwrap();
    table_json(&store)
}

/// Every committed run: path to content. Fails on a file that is not a whole record of the manifest.
pub fn committed(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let store = Store::open(root, Access::Read).unwrap();
    let mut found = BTreeMap::new();
    let mut files = 0;
    for run in store.manifest().runs() {
        if store.record(run).unwrap().is_some() {
            found.insert(run.run_id.clone(), std::fs::read(store.run_path(&run.run_id)).unwrap());
        }
    }
    if let Ok(folders) = std::fs::read_dir(root.join("runs")) {
        for folder in folders {
            files += std::fs::read_dir(folder.unwrap().path()).unwrap().count();
        }
    }
    assert_eq!(files, found.len(), "a file under runs/ that is no run");
    found
}

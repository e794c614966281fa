//! The engine and the table.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use repshape_study::*;
use serde_json::{Value, json};

use super::mock::{Mock, expected_table, manifest, run_all, spec, table_json};

#[test]
fn one_two_and_three_workers_and_tasks_in_any_order_give_the_same_bytes() {
    let expected = expected_table(&manifest(1));
    for workers in [1, 2, 3] {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::plan(folder.path(), &manifest(4)).unwrap();
        run_all(&store, &Mock { sleep: Duration::from_millis(3), ..Mock::default() }, workers).unwrap();
        assert_eq!(table_json(&store), expected, "{workers} workers");
    }
    let folder = tempfile::tempdir().unwrap();
    let store = Store::plan(folder.path(), &manifest(1)).unwrap();
    let cancel = AtomicBool::new(false);
    let tuning_chunks = 6;
    let chunks: Vec<u32> = (0..tuning_chunks).rev().chain((tuning_chunks..18).rev()).collect();
    for chunk in chunks {
        run_task(&store, chunk, "test", &Mock::default(), &(), &cancel).unwrap();
    }
    assert_eq!(table_json(&store), expected);
}

/// Test errors by (regularizer, index), everything else as given: numbers small enough to work by hand.
struct ByHand;

impl Experiment for ByHand {
    fn run(&self, trial: &Trial, _: &Control) -> Result<Outcome, String> {
        let scores = |error: f64| Some(Scores { error, loss: error * 10.0 });
        if trial.stage == Stage::Tune {
            return Ok(Outcome::Tune(match (trial.regularizer.as_str(), trial.weight) {
                ("vr", Some(0.01)) => Tuned { diverged: Some(3), ..Tuned::default() },
                ("vr", Some(0.1)) => Tuned { validation: scores(0.04), ..Tuned::default() },
                ("vr", Some(1.0)) => Tuned { validation: scores(0.03), ..Tuned::default() },
                // all diverge
                _ => Tuned { diverged: Some(1), validation: scores(f64::NAN), ..Tuned::default() },
            }));
        }
        let (error, covariance) = match (trial.regularizer.as_str(), trial.index) {
            ("baseline", i) => ([0.05, 0.07, 0.06][i as usize], Some([1.0, 2.0, 4.5][i as usize])),
            ("vr", 0) => (0.04, None),
            ("vr", 1) => {
                let measures = BTreeMap::from([("covariance".to_owned(), Some(1e9))]);
                return Ok(Outcome::Trial(Tested { diverged: Some(2), measures, ..Tested::default() }));
            }
            ("vr", _) => (0.05, Some(0.5)),
            ("dropout", i) => ([0.059, 0.061, 0.06][i as usize], Some(f64::INFINITY)),
            _ => {
                return Ok(Outcome::Trial(Tested { diverged: Some(0), ..Tested::default() }));
            }
        };
        let measures = BTreeMap::from([("covariance".to_owned(), covariance)]);
        Ok(Outcome::Trial(Tested { test: scores(error), train: scores(0.0), measures, ..Tested::default() }))
    }
}

#[test]
fn every_number_of_a_table_worked_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::plan(folder.path(), &manifest(1)).unwrap();
    run_all(&store, &ByHand, 2).unwrap();
    let table = collect(&store).unwrap();
    let [baseline, vr, dropout, cr] = &table.rows[..] else { panic!("{} rows", table.rows.len()) };
    let close = |found: Option<f64>, expected: f64| {
        let found = found.unwrap();
        assert!((found - expected).abs() < 1e-15, "found {found}, expected {expected}");
    };

    // 0.05, 0.07, 0.06: mean 0.06, deviations -0.01, 0.01, 0: variance 2e-4 / 2
    close(baseline.test_error.mean, 0.06);
    close(baseline.test_error.std, 0.01);
    assert_eq!((baseline.weight, baseline.trials, baseline.diverged, baseline.test_error.n), (None, 3, 0, 3));
    assert_eq!(baseline.test_errors, [0.05, 0.07, 0.06]);
    // 1, 2, 4.5: mean 2.5, deviations -1.5, -0.5, 2: variance 6.5 / 2
    close(baseline.measures["covariance"].mean, 2.5);
    close(baseline.measures["covariance"].std, 3.25_f64.sqrt());
    assert!(baseline.tuning.is_empty());

    // the diverged trial counts and is left out: 0.04, 0.05
    assert_eq!((vr.weight, vr.trials, vr.diverged, vr.test_error.n), (Some(1.0), 3, 1, 2));
    close(vr.test_error.mean, 0.045);
    close(vr.test_error.std, 5e-5_f64.sqrt());
    close(vr.test_loss.mean, 0.45);
    close(vr.train_error.mean, 0.0);
    assert_eq!(vr.measures["covariance"], MeanStd { mean: Some(0.5), std: None, n: 1 });
    let curve: Vec<_> = vr.tuning.iter().map(|p| (p.weight, p.validation_error, p.diverged)).collect();
    assert_eq!(curve, [(0.01, None, true), (0.1, Some(0.04), false), (1.0, Some(0.03), false)]);

    assert!(vr.tuning.iter().all(|point| point.validation_error_std.is_none()), "one run has no deviation");

    // what is not finite is undefined
    assert_eq!(dropout.measures["covariance"], MeanStd { mean: None, std: None, n: 0 });
    close(dropout.test_error.std, 0.001);

    // all tuning runs diverged: the smallest weight; all trials diverged: no number at all
    assert_eq!((cr.weight, cr.trials, cr.diverged), (Some(1.0), 3, 3));
    assert_eq!(cr.test_error, MeanStd { mean: None, std: None, n: 0 });

    // vr reaches up to 0.045 + 0.00707 = 0.05207: baseline's 0.05 to 0.07 meets it, dropout's 0.059 to 0.061 does not
    assert_eq!(table.best.as_deref(), Some("vr"));
    assert_eq!(table.tied_with_best, ["baseline"]);
    assert_eq!(table.missing, 0);
}

/// Two tuning runs of each weight: 0.1 has a lucky one.
struct Lucky;

impl Experiment for Lucky {
    fn run(&self, trial: &Trial, _: &Control) -> Result<Outcome, String> {
        let scores = |error: f64| Some(Scores { error, loss: error });
        Ok(match (trial.stage, trial.weight, trial.index) {
            (Stage::Tune, Some(0.1), 0) => Outcome::Tune(Tuned { validation: scores(0.02), ..Tuned::default() }),
            (Stage::Tune, Some(0.1), _) => Outcome::Tune(Tuned { validation: scores(0.06), ..Tuned::default() }),
            (Stage::Tune, Some(1.0), _) => Outcome::Tune(Tuned { validation: scores(0.03), ..Tuned::default() }),
            (Stage::Tune, _, 0) => Outcome::Tune(Tuned { validation: scores(0.01), ..Tuned::default() }),
            (Stage::Tune, ..) => Outcome::Tune(Tuned { diverged: Some(1), ..Tuned::default() }),
            (Stage::Trial, ..) => Outcome::Trial(Tested { test: scores(0.05), ..Tested::default() }),
        })
    }
}

#[test]
fn a_weight_is_chosen_by_the_mean_of_its_tuning_runs() {
    let vr = Regularizer { name: "vr".into(), weights: vec![0.1, 1.0, 10.0] };
    let chosen = |tuning_runs| {
        let spec = StudySpec {
            regularizers: vec![vr.clone()],
            tuning_runs,
            ..StudySpec::new("s", 1, 1, json!({"epochs": 1}))
        };
        let folder = tempfile::tempdir().unwrap();
        let store = Store::plan(folder.path(), &Manifest::plan(&spec, Chunking::Runs(2)).unwrap()).unwrap();
        run_all(&store, &Lucky, 2).unwrap();
        collect(&store).unwrap().rows.remove(0)
    };
    assert_eq!(chosen(1).weight, Some(10.0));
    let row = chosen(2);
    assert_eq!(row.weight, Some(1.0));
    let [lucky, steady, unsteady] = &row.tuning[..] else { panic!("{:?}", row.tuning) };
    // 0.02 and 0.06: mean 0.04, deviations of 0.02: variance 8e-4
    assert!((lucky.validation_error.unwrap() - 0.04).abs() < 1e-15);
    assert!((lucky.validation_error_std.unwrap() - 8e-4_f64.sqrt()).abs() < 1e-15);
    assert_eq!((steady.validation_error, steady.validation_error_std, steady.diverged), (Some(0.03), Some(0.0), false));
    assert_eq!((unsteady.validation_error, unsteady.validation_error_std), (Some(0.01), None));
    assert!(unsteady.diverged);
}

#[test]
fn the_table_serialises_to_the_documented_shape() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::plan(folder.path(), &manifest(1)).unwrap();
    run_all(&store, &ByHand, 2).unwrap();
    let table = collect(&store).unwrap();
    let value = serde_json::to_value(&table).unwrap();
    assert_eq!(value["schema"], "repshape.study/1");
    assert_eq!(value["best"], "vr");
    assert_eq!(value["tied_with_best"], json!(["baseline"]));
    let row = &value["rows"][1];
    for field in ["regularizer", "weight", "trials", "diverged", "test_error", "measures", "tuning"] {
        assert!(row.get(field).is_some(), "{field}");
    }
    assert_eq!(row["measures"]["covariance"], json!({"mean": 0.5, "std": null, "n": 1}));
    assert_eq!(value["rows"][0]["weight"], Value::Null);
    assert_eq!(value["rows"][3]["test_error"], json!({"mean": null, "std": null, "n": 0}));
    let back: StudyTable = serde_json::from_str(&serde_json::to_string(&table).unwrap()).unwrap();
    assert_eq!(back, table);
}

#[test]
fn a_record_on_disk_has_the_documented_fields() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::plan(folder.path(), &manifest(1)).unwrap();
    run_all(&store, &ByHand, 1).unwrap();
    let read = |run: &PlannedRun| -> Value {
        serde_json::from_slice(&std::fs::read(store.run_path(&run.run_id)).unwrap()).unwrap()
    };
    let runs = store.manifest().runs();
    let [tune, diverged, trial] = [&runs[1], &runs[0], &runs[6]].map(read);
    assert_eq!(
        store.run_path(&runs[1].run_id).parent().unwrap().file_name().unwrap().to_str(),
        Some(&runs[1].run_id[..2])
    );
    for (field, expected) in [
        ("schema", json!("repshape.trial/1")),
        ("run_id", json!(runs[1].run_id)),
        ("regularizer", json!("vr")),
        ("weight", json!(0.1)),
        ("stage", json!("tune")),
        ("seed", json!(runs[1].seed)),
        ("diverged", json!(false)),
        ("validation", json!({"error": 0.04, "loss": 0.4})),
        ("test", Value::Null),
        ("host", json!("test")),
    ] {
        assert_eq!(tune[field], expected, "{field}");
    }
    assert!(tune["seconds"].is_f64() && tune["result_hash"].as_str().unwrap().len() == 64);
    assert_eq!((&diverged["diverged"], &diverged["diverged_epoch"]), (&json!(true), &json!(3)));
    assert_eq!(diverged["validation"], Value::Null);
    assert_eq!((&trial["stage"], &trial["test"]["error"]), (&json!("trial"), &json!(0.05)));
    assert_eq!(trial["measures"], json!({"covariance": 1.0}));
}

#[test]
fn an_outcome_that_cannot_be_one_of_the_trial_is_a_failure() {
    let trial =
        |stage| Trial { run_id: "0".repeat(32), regularizer: "vr".into(), weight: None, stage, seed: 1, index: 0 };
    let refused = |stage, outcome| Record::new(&trial(stage), outcome, 0.0, "h").unwrap_err();
    let tuned = |error| Outcome::Tune(Tuned { validation: Some(Scores { error, loss: 0.0 }), ..Tuned::default() });
    assert!(refused(Stage::Trial, tuned(0.1)).contains("outcome of another stage than trial"));
    assert!(refused(Stage::Tune, Outcome::Trial(Tested::default())).contains("another stage than tune"));
    assert!(refused(Stage::Tune, Outcome::Tune(Tuned::default())).contains("no validation scores"));
    assert!(refused(Stage::Trial, Outcome::Trial(Tested::default())).contains("no test scores"));
    assert!(refused(Stage::Tune, tuned(f64::NAN)).contains("validation error is NaN"));
    let details = serde_json::Map::from_iter([("seed".to_owned(), json!(1))]);
    let outcome = Outcome::Tune(Tuned { diverged: Some(1), details, ..Tuned::default() });
    assert!(refused(Stage::Tune, outcome).contains("\"seed\" has the name of a field"));
    // a loss alone may overflow
    let loss =
        Outcome::Tune(Tuned { validation: Some(Scores { error: 0.9, loss: f64::INFINITY }), ..Tuned::default() });
    assert!(Record::new(&trial(Stage::Tune), loss, 0.0, "h").is_ok());
}

/// Fails or panics for one regularizer until told to stop.
struct Faulty {
    heal: AtomicBool,
    starts: Mutex<Vec<String>>,
}

impl Experiment for Faulty {
    fn run(&self, trial: &Trial, control: &Control) -> Result<Outcome, String> {
        self.starts.lock().unwrap().push(trial.to_string());
        if !self.heal.load(Ordering::Relaxed) {
            if trial.regularizer == "vr" && trial.weight == Some(0.1) {
                panic!("index {} out of range", 7);
            }
            if trial.regularizer == "baseline" && trial.index == 2 {
                return Err("no memory".to_owned());
            }
        }
        Mock::default().run(trial, control)
    }
}

#[test]
fn failures_and_panics_are_recorded_limited_and_hurt_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::plan(folder.path(), &manifest(1)).unwrap();
    let faulty = Faulty { heal: AtomicBool::new(false), starts: Mutex::default() };
    let error = run_all(&store, &faulty, 2).unwrap_err();
    assert_eq!(error.exit_code(), 1);
    assert_eq!(error.to_string(), "2 of the runs failed; first: tune vr=0.1: panicked: index 7 out of range");
    // vr's trials wait for the tuning run that failed; everything else is done
    let now = status(&store);
    assert_eq!((now.all.done, now.all.failed, now.all.missing, now.all.retried), (13, 0, 5, 2));
    assert_eq!((now.tune.total, now.tune.done, now.trial.done), (6, 5, 8));
    assert_eq!(now.regularizers[1], ("vr".to_owned(), Counts { total: 6, done: 2, failed: 0, missing: 4, retried: 1 }));
    let failure = store.last_failure(&store.manifest().runs()[1].run_id).unwrap().unwrap();
    assert_eq!((failure.attempt, failure.message.as_str()), (1, "panicked: index 7 out of range"));

    // the second attempt is the last
    faulty.starts.lock().unwrap().clear();
    assert_eq!(run_all(&store, &faulty, 2).unwrap_err().exit_code(), 1);
    let mut starts = faulty.starts.lock().unwrap().clone();
    starts.sort();
    assert_eq!(starts, ["trial baseline #3", "tune vr=0.1"]);
    assert_eq!(status(&store).all, Counts { total: 18, done: 13, failed: 2, missing: 3, retried: 0 });
    faulty.starts.lock().unwrap().clear();
    faulty.heal.store(true, Ordering::Relaxed);
    assert_eq!(run_all(&store, &faulty, 2).unwrap_err().exit_code(), 1);
    assert!(faulty.starts.lock().unwrap().is_empty(), "given up");

    let error = collect(&store).unwrap_err();
    assert_eq!(error.exit_code(), 3);
    let message = error.to_string();
    assert!(
        message.contains("5 of 18 runs") && message.contains("2 failed as often as they may: panicked"),
        "{message}"
    );
    let partial = collect_partial(&store).unwrap();
    assert_eq!((partial.missing, partial.rows[0].trials, partial.rows[1].trials), (5, 2, 0));
    assert_eq!(partial.rows[1].weight, None, "not selected from a part of the tuning runs");
}

#[test]
fn a_failure_below_the_limit_is_made_good_by_resume() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::plan(folder.path(), &manifest(1)).unwrap();
    let faulty = Faulty { heal: AtomicBool::new(false), starts: Mutex::default() };
    run_all(&store, &faulty, 2).unwrap_err();
    faulty.heal.store(true, Ordering::Relaxed);
    run_all(&store, &faulty, 2).unwrap();
    assert_eq!(table_json(&store), expected_table(&manifest(1)));
    let submissions = store.submissions().unwrap();
    let chunks: Vec<_> = submissions.iter().map(|(n, s)| (*n, s.engine.as_str(), s.chunks.len())).collect();
    // the second time: what failed, and vr's three trials that waited for it
    assert_eq!(chunks, [(1, "local", 18), (2, "local", 5)]);
}

#[test]
fn trials_start_when_their_own_tuning_is_done_and_not_before() {
    /// Holds cr's last tuning run until a trial of vr has been seen.
    struct Held(AtomicUsize, Mutex<Vec<(String, Stage)>>);
    impl Experiment for Held {
        fn run(&self, trial: &Trial, control: &Control) -> Result<Outcome, String> {
            self.1.lock().unwrap().push((trial.regularizer.clone(), trial.stage));
            if trial.regularizer == "vr" && trial.stage == Stage::Trial {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
            if trial.regularizer == "cr" && trial.weight == Some(100.0) && trial.stage == Stage::Tune {
                let start = std::time::Instant::now();
                while self.0.load(Ordering::SeqCst) < 3 {
                    if start.elapsed() > Duration::from_secs(20) {
                        return Err("a global barrier: no trial of vr was started".to_owned());
                    }
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
            Mock::default().run(trial, control)
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let store = Store::plan(folder.path(), &manifest(1)).unwrap();
    let held = Held(AtomicUsize::new(0), Mutex::default());
    run_all(&store, &held, 2).unwrap();
    let starts = held.1.into_inner().unwrap();
    for name in ["vr", "cr"] {
        let of =
            |stage| starts.iter().enumerate().filter(move |(_, s)| **s == (name.to_owned(), stage)).map(|(i, _)| i);
        assert!(of(Stage::Tune).max() < of(Stage::Trial).min(), "{name}: {starts:?}");
    }
}

#[test]
fn a_task_whose_tuning_is_missing_is_retryable() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::plan(folder.path(), &manifest(6)).unwrap();
    let cancel = AtomicBool::new(false);
    let task = |chunk| run_task(&store, chunk, "test", &Mock::default(), &(), &cancel);
    // chunk 1: three baselines and three of vr, which have to wait
    let error = task(1).unwrap_err();
    assert_eq!(error.exit_code(), 75);
    assert!(error.to_string().starts_with("not ready: 3 trials wait"), "{error}");
    assert_eq!(status(&store).all.done, 3, "what was ready is done");
    assert_eq!(task(0).unwrap().committed, 6);
    let again = task(1).unwrap();
    assert_eq!((again.committed, again.skipped), (3, 3));
    assert_eq!(task(3).unwrap_err().exit_code(), 2);
    assert_eq!(outstanding_chunks(&store).into_iter().collect::<Vec<_>>(), [2]);
}

#[test]
fn cancelling_keeps_what_is_finished_and_blames_nobody() {
    struct Cancelling<'a>(&'a AtomicBool, AtomicUsize);
    impl Observer for Cancelling<'_> {
        fn finished(&self, _: &Trial, _: &Record) {
            if self.1.fetch_add(1, Ordering::SeqCst) + 1 == 4 {
                self.0.store(true, Ordering::SeqCst);
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let store = Store::plan(folder.path(), &manifest(1)).unwrap();
    let cancel = AtomicBool::new(false);
    let observer = Cancelling(&cancel, AtomicUsize::new(0));
    let mock = Mock { sleep: Duration::from_millis(20), ..Mock::default() };
    let local = Local { workers: 2, host: "test".into(), experiment: &mock, observer: &observer, cancel: &cancel };
    let error = resume(&store, &local).unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error}");
    let now = status(&store).all;
    assert!((4..=5).contains(&now.done), "{now:?}");
    assert_eq!(now.retried, 0);
    run_all(&store, &mock, 2).unwrap();
    assert_eq!(table_json(&store), expected_table(&manifest(1)));
}

#[test]
fn an_observer_hears_of_everything() {
    #[derive(Default)]
    struct Ears {
        started: AtomicUsize,
        progress: AtomicUsize,
        finished: AtomicUsize,
        failed: Mutex<Vec<(String, u32)>>,
    }
    impl Observer for Ears {
        fn started(&self, _: &Trial) {
            self.started.fetch_add(1, Ordering::Relaxed);
        }
        fn progress(&self, _: &Trial, fraction: f64) {
            assert!((0.0..=1.0).contains(&fraction));
            self.progress.fetch_add(1, Ordering::Relaxed);
        }
        fn finished(&self, trial: &Trial, record: &Record) {
            assert_eq!((&trial.run_id, trial.weight), (&record.run_id, record.weight));
            self.finished.fetch_add(1, Ordering::Relaxed);
        }
        fn failed(&self, trial: &Trial, attempt: u32, _: &str) {
            self.failed.lock().unwrap().push((trial.to_string(), attempt));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let store = Store::plan(folder.path(), &manifest(1)).unwrap();
    let faulty = Faulty { heal: AtomicBool::new(false), starts: Mutex::default() };
    let (ears, cancel) = (Ears::default(), AtomicBool::new(false));
    let local = Local { workers: 2, host: "test".into(), experiment: &faulty, observer: &ears, cancel: &cancel };
    resume(&store, &local).unwrap_err();
    let mut failed = ears.failed.into_inner().unwrap();
    failed.sort();
    assert_eq!(failed, [("trial baseline #3".to_owned(), 1), ("tune vr=0.1".to_owned(), 1)]);
    assert_eq!((ears.started.into_inner(), ears.finished.into_inner(), ears.progress.into_inner()), (15, 13, 52));
}

#[test]
fn a_trial_with_another_weight_than_selected_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::plan(folder.path(), &manifest(1)).unwrap();
    run_all(&store, &Mock::default(), 1).unwrap();
    let run = store.manifest().runs().iter().find(|r| r.weight.is_selected()).unwrap();
    let trial = Trial { weight: Some(77.0), ..store.trial(run).unwrap().unwrap() };
    let outcome = Mock::default().run(&trial, &Control::detached()).unwrap();
    let record = Record::new(&trial, outcome, 0.0, "test").unwrap();
    std::fs::write(store.run_path(&run.run_id), serde_json::to_vec(&record).unwrap()).unwrap();
    let error = collect(&store).unwrap_err();
    assert_eq!(error.exit_code(), 5);
    assert!(error.to_string().contains("it ran with weight 77, the committed tuning runs of vr select 0.1"), "{error}");
}

#[test]
fn best_and_ties_of_single_trials_need_equal_numbers() {
    let of = |values: &[f64]| MeanStd::of(values);
    assert!(of(&[0.1]).overlaps(&of(&[0.1])));
    assert!(!of(&[0.1]).overlaps(&of(&[0.2])));
    assert!(of(&[0.1]).overlaps(&of(&[0.0, 0.2])));
    assert!(!of(&[]).overlaps(&of(&[0.1])));
    assert_eq!(spec().regularizers.len(), 4);
}

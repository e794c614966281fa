//! Several processes at the same runs.

use repshape_study::*;

use super::child::Plan;
use super::kill::await_starts;
use super::mock::{Mock, committed, manifest, run_all, spec};

#[test]
fn processes_at_the_same_runs_commit_each_exactly_once() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("study");
    drop(Store::plan(&root, &manifest(6)).unwrap());
    // chunk 0 holds all six tuning runs; all four begin with the first, none is committed yet
    let plan = Plan { sleep_ms: 40, ..Plan::new(&root, "task") };
    let children: Vec<_> = (0..4).map(|_| plan.spawn()).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(committed(&root).len(), 6);
    for name in ["conflicts", "failed", "attempts"] {
        assert_eq!(std::fs::read_dir(root.join(name)).unwrap().count(), 0, "{name}");
    }
}

#[test]
fn of_many_threads_with_the_same_run_one_commits_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::plan(folder.path(), &manifest(1)).unwrap();
    for run in &store.manifest().runs()[..6] {
        let trial = store.trial(run).unwrap().unwrap();
        let results: Vec<Committed> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|i| {
                    let (store, trial) = (&store, &trial);
                    scope.spawn(move || {
                        let outcome = Mock::default().run(trial, &Control::detached()).unwrap();
                        store.commit(&Record::new(trial, outcome, f64::from(i), &format!("host {i}")).unwrap()).unwrap()
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert_eq!(results.iter().filter(|&&c| c == Committed::New).count(), 1, "{results:?}");
    }
}

#[test]
fn a_contradicting_result_is_kept_beside_and_ends_with_code_4() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("study");
    drop(Store::plan(&root, &manifest(1)).unwrap());
    // the slow one is at work when the quick one begins and commits, and gives another result
    let mut slow = Plan::new(&root, "task");
    (slow.sleep_ms, slow.worse) = (3000, 0.5);
    let slow = slow.spawn();
    await_starts(&root.with_extension("started"), 1);
    let quick = Plan::new(&root, "task").spawn();
    assert_eq!(quick.wait_with_output().unwrap().status.code(), Some(0));
    let before = committed(&root);
    let output = slow.wait_with_output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{message}");
    assert_eq!(committed(&root), before);
    let kept: Vec<_> = std::fs::read_dir(root.join("conflicts")).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(kept.len(), 1);
    assert!(message.contains(kept[0].to_str().unwrap()), "{message}");
    let text = std::fs::read_to_string(&kept[0]).unwrap();
    let record: Record = serde_json::from_str(&text).unwrap();
    assert_eq!(record.run_id, *before.keys().next().unwrap());
    assert!(record.validation.unwrap().error > 0.5);
}

#[test]
fn a_conflict_of_one_run_does_not_stop_the_others() {
    struct Contradicted<'a>(&'a Store);
    impl Experiment for Contradicted<'_> {
        fn run(&self, trial: &Trial, control: &Control) -> Result<Outcome, String> {
            if trial.regularizer == "baseline" && trial.index == 1 {
                // someone else is quicker, with another result
                let other = Mock { worse: 0.5, ..Mock::default() }.run(trial, control)?;
                let record = Record::new(trial, other, 0.0, "elsewhere")?;
                self.0.commit(&record).map_err(|e| e.to_string())?;
            }
            Mock::default().run(trial, control)
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let store = Store::plan(folder.path(), &manifest(1)).unwrap();
    let error = run_all(&store, &Contradicted(&store), 2).unwrap_err();
    assert_eq!(error.exit_code(), 4, "{error}");
    assert_eq!(status(&store).all.done, spec().runs());
}

#[test]
fn two_studies_refuse_each_other_and_tasks_share() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let store = Store::plan(root, &manifest(1)).unwrap();
    for refused in [
        Store::open(root, Access::Exclusive).unwrap_err(),
        Store::open(root, Access::Shared).unwrap_err(),
        Store::plan_or_open(root, &manifest(1)).unwrap_err(),
    ] {
        assert_eq!(refused.exit_code(), 2);
        let expected = format!("in use by another run, pid {}", std::process::id());
        assert!(refused.to_string().contains(&expected), "{refused}");
    }
    assert!(Store::open(root, Access::Read).is_ok(), "looking is free");
    drop(store);
    let shared = [Store::open(root, Access::Shared).unwrap(), Store::open(root, Access::Shared).unwrap()];
    let refused = Store::open(root, Access::Exclusive).unwrap_err();
    assert!(refused.to_string().contains("in use by one or more run-task processes"), "{refused}");
    drop(shared);
    assert!(Store::open(root, Access::Exclusive).is_ok());
}

/// A child that is just being started holds copies of its parent's files until it runs its own program.
#[cfg(unix)]
#[test]
fn a_lock_that_was_let_go_is_free_while_other_threads_start_processes() {
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                std::process::Command::new("true").status().unwrap();
            }
        });
        let outcome: Result<(), String> = (0..300).try_for_each(|_| {
            let folder = tempfile::tempdir().unwrap();
            drop(Store::plan(folder.path(), &manifest(1)).map_err(|e| format!("plan: {e}"))?);
            Store::open(folder.path(), Access::Exclusive).map(drop).map_err(|e| format!("open: {e}"))
        });
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        outcome.unwrap();
    });
}

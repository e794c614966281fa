//! SIGKILL at any moment loses no finished run, repeats none and tears no file.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use repshape_study::*;

use super::child::Plan;
use super::mock::{committed, expected_table, long_manifest, table_json};

const KILLS: usize = 20;
/// How many of them do not wait for a run to start.
const PLANNING: usize = 4;

/// Waits until this many runs were started; bounded, so that a broken child fails the test.
pub fn await_starts(log: &Path, starts: usize) {
    let begin = Instant::now();
    while std::fs::read_to_string(log).unwrap_or_default().lines().count() < starts {
        assert!(begin.elapsed() < Duration::from_secs(60), "no run was started");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_study_killed_at_twenty_moments_ends_in_the_same_table() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("study");
    let log = root.with_extension("started");
    let mut kept: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut killed_at_work = 0;
    let mut progress_seen = std::collections::BTreeSet::new();
    for kill in 0..KILLS {
        let plan = Plan { sleep_ms: 4, payload: 50_000, ..Plan::new(&root, "long") };
        let mut child = plan.spawn();
        // the first ones while the study is planned, the others so many starts of runs and so many milliseconds later
        if kill >= PLANNING {
            await_starts(&log, 1 + kill % 4);
        }
        std::thread::sleep(Duration::from_millis((kill as u64 * 37) % 13));
        killed_at_work += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        if !root.join("manifest.jsonl").exists() {
            continue;
        }
        let now = committed(&root);
        for (run_id, content) in &kept {
            assert_eq!(now.get(run_id), Some(content), "kill {kill}: run {run_id} was lost or rewritten");
        }
        // a run that was committed when a child began must not have been started by it
        let started = std::fs::read_to_string(&log).unwrap_or_default();
        for run_id in started.lines() {
            assert!(!kept.contains_key(run_id), "kill {kill}: run {run_id} was repeated");
        }
        let _ = std::fs::remove_file(&log);
        progress_seen.insert(now.len());
        kept = now;
    }
    let met = progress_seen.len();
    assert!(killed_at_work >= KILLS - PLANNING && met >= 5, "killed {killed_at_work} times at work: {progress_seen:?}");
    let output = Plan { payload: 50_000, ..Plan::new(&root, "long") }.spawn().wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let store = Store::open(&root, Access::Exclusive).unwrap();
    assert_eq!(table_json(&store), expected_table(&long_manifest()));
    assert_eq!(std::fs::read_dir(root.join("attempts")).unwrap().count(), 0, "leftovers are cleared");
    for name in ["conflicts", "failed"] {
        assert_eq!(std::fs::read_dir(root.join(name)).unwrap().count(), 0, "{name}");
    }
}

#[test]
fn leftover_attempts_are_cleared_only_by_someone_alone() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    drop(Store::plan(root, &super::mock::manifest(1)).unwrap());
    let leftover = root.join("attempts").join("x.json");
    std::fs::write(&leftover, b"half").unwrap();
    drop(Store::open(root, Access::Shared).unwrap());
    assert!(leftover.exists());
    drop(Store::open(root, Access::Exclusive).unwrap());
    assert!(!leftover.exists());
}

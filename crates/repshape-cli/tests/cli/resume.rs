//! Killed at any moment, gone on with, and no different from one that never stopped.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::{folder, listing, ok, ran, repshape, run, start, wait_until};

/// Two or three seconds on one core.
const SHAPE: [&str; 14] = [
    "shape",
    "--epochs",
    "400",
    "--network",
    "mlp:100,100,100",
    "--penalty",
    "cw-vr=0.1@fc3",
    "--penalty",
    "dropout=0.2@fc1",
    "--penalty",
    "bn@fc2",
    "--out",
    "run",
    "-q",
];

/// A run's files that an uninterrupted run writes with the same bytes, and its result without the time it took.
fn result(folder: &Path) -> (BTreeMap<&'static str, Vec<u8>>, Value) {
    let read = |name: &str| std::fs::read(folder.join("run").join(name)).unwrap();
    let files = ["run.toml", "history.csv", "model.safetensors", "model.onnx", "measurement.json", "page.json"];
    let mut json: Value = serde_json::from_slice(&read("run.json")).unwrap();
    assert!(json.as_object_mut().unwrap().remove("seconds").is_some());
    (files.map(|name| (name, read(name))).into(), json)
}

#[track_caller]
fn same_run(one: &Path, other: &Path) {
    let ((files, json), (other_files, other_json)) = (result(one), result(other));
    assert_eq!(json, other_json);
    for (name, bytes) in files {
        assert!(bytes == other_files[name], "{name} differs");
    }
    for folder in [one, other] {
        let unfinished = |path: &PathBuf| path.to_string_lossy().ends_with(".tmp");
        assert_eq!(listing(&folder.join("run")).into_keys().find(unfinished), None);
        assert!(!folder.join("run/checkpoint.safetensors").exists());
    }
}

#[test]
fn a_killed_run_goes_on_to_the_same_bits() {
    // without validation rows nobody reads batch normalisation's statistics between the epochs
    let mut shape = [&SHAPE[..], &["--validation", "0"]].concat();
    shape[2] = "1200";
    let (whole, killed) = (folder(), folder());
    ok(whole.path(), &shape);
    let resume = [&shape[..], &["--resume"]].concat();
    let checkpoint = killed.path().join("run/checkpoint.safetensors");
    let stamp = || checkpoint.metadata().ok().map(|m| (m.ino(), m.mtime_nsec()));
    // before anything, while the first files are written, and some time after each of two checkpoints
    for wait in [0, 7, 40] {
        let running = start(killed.path(), &resume);
        std::thread::sleep(Duration::from_millis(wait));
        drop(running);
    }
    // a checkpoint is written every second
    let mut checkpoints = 0;
    for wait in [3, 190] {
        let before = stamp();
        let mut running = start(killed.path(), &resume);
        wait_until("a checkpoint", || stamp() != before || running.0.try_wait().unwrap().is_some());
        std::thread::sleep(Duration::from_millis(wait));
        drop(running);
        checkpoints += usize::from(stamp() != before && stamp().is_some());
    }
    assert!(checkpoints > 0, "no checkpoint was written: the test kills nothing");
    let last = run(&mut repshape(killed.path()), &resume[..resume.len()]);
    assert_eq!(last.code, Some(0), "{last:?}");
    same_run(whole.path(), killed.path());
    // once more: nothing is done again
    let before = listing(&killed.path().join("run"));
    let stamp = killed.path().join("run/model.safetensors").metadata().unwrap().ino();
    ok(killed.path(), &resume);
    assert_eq!(listing(&killed.path().join("run")), before);
    assert_eq!(killed.path().join("run/model.safetensors").metadata().unwrap().ino(), stamp);
}

/// Killed while the results are written: whatever is there, `--resume` completes it.
#[test]
fn a_run_killed_while_its_files_are_written_is_completed() {
    let short = [&["shape", "--smoke"], &SHAPE[3..]].concat();
    let (whole, killed) = (folder(), folder());
    ok(whole.path(), &short);
    ok(killed.path(), &short);
    // run.json is the last file: take away the last n files that a run writes
    let resume = [&short[..], &["--resume"]].concat();
    let order =
        ["run.json", "report.html", "page.json", "measurement.json", "model.onnx", "model.safetensors", "history.csv"];
    for n in 1..=order.len() {
        for name in &order[..n] {
            let _ = std::fs::remove_file(killed.path().join("run").join(name));
        }
        std::fs::write(killed.path().join("run/.repshape-abc123.tmp"), "half").unwrap();
        ok(killed.path(), &resume);
        same_run(whole.path(), killed.path());
    }
}

/// Ctrl-C. By the shell: not every system has a program of that name.
fn interrupt(child: &Child) {
    let kill = Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status().unwrap();
    assert!(kill.success());
}

#[test]
fn an_interrupted_run_says_how_to_go_on_and_does() {
    let (whole, stopped) = (folder(), folder());
    ok(whole.path(), &SHAPE);
    let child = repshape(stopped.path()).args(SHAPE).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the run's spec", || stopped.path().join("run/run.toml").exists());
    std::thread::sleep(Duration::from_millis(300));
    interrupt(&child);
    let ended = ran(child.wait_with_output().unwrap());
    assert_eq!(ended.code, Some(75), "{ended:?}");
    assert_eq!(ended.out, "");
    for part in ["interrupted after epoch", "of 400", "--out run --resume"] {
        assert!(ended.err.contains(part), "{}", ended.err);
    }
    assert!(stopped.path().join("run/checkpoint.safetensors").exists());
    ok(stopped.path(), &[&SHAPE[..], &["--resume"]].concat());
    same_run(whole.path(), stopped.path());
}

const STUDY: [&str; 6] = ["study", "--smoke", "--set", "baseline,cr,cw-vr,dropout,bn", "-q", "--out"];

/// Name, inode and time of each committed run.
fn committed(study: &Path) -> BTreeMap<PathBuf, (u64, i64, i64)> {
    if !study.join("runs").is_dir() {
        return BTreeMap::new();
    }
    let stamp = |path: PathBuf| {
        let metadata = path.metadata().ok()?;
        metadata.is_file().then(|| (path, (metadata.ino(), metadata.mtime(), metadata.mtime_nsec())))
    };
    // link(2) may have come between the listing and here; nothing goes
    listing(&study.join("runs")).into_keys().filter_map(stamp).collect()
}

#[test]
fn a_killed_study_goes_on_and_repeats_nothing() {
    let folder = folder();
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    ok(folder.path(), &[&STUDY[..], &["whole"]].concat());
    let args = [&STUDY[..], &["killed", "--resume", "--workers", "2"]].concat();
    let mut before = committed(&killed);
    let mut kills = 0;
    loop {
        let mut running = start(folder.path(), &args);
        let target = before.len() + 1 + kills % 3;
        let mut ended = None;
        wait_until("a commit", || {
            ended = running.0.try_wait().unwrap();
            ended.is_some() || committed(&killed).len() >= target
        });
        // at another point of the next run each time
        std::thread::sleep(Duration::from_millis((kills as u64 * 13) % 50));
        drop(running);
        let now = committed(&killed);
        for (path, stamp) in &before {
            assert_eq!(now.get(path), Some(stamp), "{} was run again", path.display());
        }
        before = now;
        if let Some(ended) = ended {
            assert!(ended.success(), "{ended}");
            break;
        }
        kills += 1;
    }
    assert!(kills >= 4, "only {kills} kills");
    ok(folder.path(), &args);
    assert_eq!(committed(&killed), before);
    let table = |study: &Path| std::fs::read_to_string(study.join("study.json")).unwrap();
    assert_eq!(table(&whole), table(&killed));
    let hashes = |study: &Path| -> BTreeMap<String, String> {
        let hash = |path: PathBuf| {
            let record: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            let text = |key: &str| record[key].as_str().unwrap().to_owned();
            (text("run_id"), text("result_hash"))
        };
        committed(study).into_keys().map(hash).collect()
    };
    assert_eq!(hashes(&whole), hashes(&killed));
    assert!(listing(&killed.join("conflicts")).is_empty());
}

#[test]
fn an_interrupted_study_says_how_to_go_on_and_does() {
    let folder = folder();
    let args = ["study", "--set", "baseline,cr", "--trials", "2", "--workers", "1", "--out", "s", "-q"];
    let child = repshape(folder.path()).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("a commit", || !committed(&folder.path().join("s")).is_empty());
    interrupt(&child);
    let ended = ran(child.wait_with_output().unwrap());
    assert_eq!(ended.code, Some(75), "{ended:?}");
    assert!(ended.err.contains("repshape study resume s"), "{}", ended.err);
    let before = committed(&folder.path().join("s"));
    ok(folder.path(), &["study", "resume", "s", "-q"]);
    let after = committed(&folder.path().join("s"));
    assert!(before.iter().all(|(path, stamp)| after.get(path) == Some(stamp)));
    assert!(after.len() > before.len());
}

#[test]
fn same_table_at_any_number_of_workers_and_threads() {
    let folder = folder();
    let table = |more: &[&str]| {
        let out = more.concat().replace("--", "");
        ok(folder.path(), &[&STUDY[..], &[&out], more].concat());
        std::fs::read_to_string(folder.path().join(out).join("study.json")).unwrap()
    };
    let one = table(&["--workers", "1"]);
    for more in [["--workers", "2"], ["--workers", "3"], ["--threads", "1"], ["--threads", "2"]] {
        assert_eq!(table(&more), one, "{more:?}");
    }
    // and the same network at any number of threads
    let model = |threads: &str| {
        let out = format!("run{threads}");
        ok(folder.path(), &["shape", "--smoke", "--penalty", "cw-cr=1", "--threads", threads, "--out", &out, "-q"]);
        std::fs::read(folder.path().join(out).join("model.safetensors")).unwrap()
    };
    let one = model("1");
    assert!(one == model("2") && one == model("3"));
}

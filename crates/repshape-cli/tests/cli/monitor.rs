//! `shape --monitor`: its files, its warnings, and that the run is the same with it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::{folder, json, ok, repshape, run, skip, start, wait_until};

const SHAPE: [&str; 11] = [
    "shape",
    "--network",
    "mlp:32,24:tanh",
    "--penalty",
    "cw-vr=0.1@fc2",
    "--penalty",
    "dropout=0.2@fc1",
    "--penalty",
    "bn@fc2",
    "-q",
    "--out",
];
const MONITOR: [&str; 4] = ["--monitor", "fc1,fc2", "--monitor-every", "7"];

fn shape(out: &str, more: &[&str]) -> Vec<String> {
    [&SHAPE[..], &[out], more].concat().into_iter().map(str::to_owned).collect()
}

/// `repshape shape` in `folder` to `out`; its result.
fn train(folder: &Path, out: &str, more: &[&str]) -> Value {
    let args = shape(out, more);
    json(folder, &args.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The lines of `monitor.csv`, split, without the head; and the head.
fn table(run: &Path) -> (Vec<String>, Vec<Vec<String>>) {
    let text = std::fs::read_to_string(run.join("monitor.csv")).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    (lines.next().unwrap(), lines.collect())
}

#[test]
fn a_run_is_the_same_with_a_monitor_and_leaves_its_table() {
    let folder = folder();
    let plain = train(folder.path(), "plain", &["--epochs", "3"]);
    assert!(plain["monitor"].is_null());
    let watched = train(folder.path(), "watched", &[&["--epochs", "3"], &MONITOR[..]].concat());
    let bytes = |out: &str, name: &str| std::fs::read(folder.path().join(out).join(name)).unwrap();
    for name in ["run.toml", "history.csv", "model.safetensors", "model.onnx"] {
        assert!(bytes("plain", name) == bytes("watched", name), "{name} differs");
    }
    for key in ["train", "validation", "test", "terms"] {
        assert_eq!(plain[key], watched[key]);
    }
    let (head, lines) = table(&folder.path().join("watched"));
    assert_eq!(head[..5], ["step", "epoch", "site", "non_finite", "amplitude"].map(str::to_owned));
    for name in
        ["variance", "covariance", "correlation", "sparsity", "dead_units", "stable_rank_covariance", "nc1_quotient"]
    {
        assert!(head.contains(&name.to_owned()), "{name}");
    }
    // 1,150 rows in batches of 50 are 23 steps an epoch
    let steps = (23 * 3) / 7;
    assert_eq!(lines.len(), 2 * steps);
    let first: Vec<[&str; 3]> = lines.iter().map(|line| [0, 1, 2].map(|i| line[i].as_str())).collect();
    assert_eq!(first[..4], [["7", "1", "fc1"], ["7", "1", "fc2"], ["14", "1", "fc1"], ["14", "1", "fc2"]]);
    assert_eq!(first[6..8], [["28", "2", "fc1"], ["28", "2", "fc2"]]);
    assert!(lines.iter().all(|line| line.len() == head.len()));
    assert_eq!(watched["monitor"]["probes"], steps);
    assert_eq!(watched["monitor"]["sites"], serde_json::json!(["fc1", "fc2"]));
    assert_eq!((&watched["monitor"]["every"], &watched["monitor"]["rows"]), (&7.into(), &80.into()));
    // without names the sites of the run; other rows, more measures
    let more =
        ["--epochs", "1", "--monitor", "--monitor-rows", "50", "--monitor-measures", "effective_rank", "--site", "fc1"];
    let other = train(folder.path(), "other", &more);
    assert_eq!(other["monitor"]["sites"], serde_json::json!(["fc1"]));
    assert_eq!(other["monitor"]["rows"], 50);
    let (head, lines) = table(&folder.path().join("other"));
    assert_eq!(head.last().unwrap(), "effective_rank");
    assert!(lines[0].last().unwrap().parse::<f64>().unwrap() > 1.0);
}

#[test]
fn a_killed_run_goes_on_to_the_same_table_and_warnings() {
    // a step size at which units die and a representation collapses for a while
    let long = ["--epochs", "700", "--optimizer", "sgd:10", "--monitor", "fc1,fc2,fc2.pre", "--tensorboard"];
    let (whole, killed) = (folder(), folder());
    let mut wanted = train(whole.path(), "run", &long);
    let until = |warning: &Value| warning["until"].is_null();
    let warnings = wanted["monitor"]["warnings"].as_array().unwrap();
    assert!(warnings.iter().any(until) && !warnings.iter().all(until), "{warnings:?}");
    let resume = shape("run", &[&long[..], &["--resume"]].concat());
    let resume: Vec<&str> = resume.iter().map(String::as_str).collect();
    let run_folder = killed.path().join("run");
    let checkpoint = run_folder.join("checkpoint.safetensors");
    let stamp = || checkpoint.metadata().and_then(|found| found.modified()).ok();
    let mut kills = 0;
    for wait in [0, 30, 130] {
        let before = stamp();
        let mut running = start(killed.path(), &resume);
        wait_until("a checkpoint", || stamp() != before || running.0.try_wait().unwrap().is_some());
        std::thread::sleep(Duration::from_millis(wait));
        kills += usize::from(running.0.try_wait().unwrap().is_none());
        drop(running);
    }
    assert!(kills > 0, "the run was never killed");
    let mut found = json(killed.path(), &resume);
    for result in [&mut wanted, &mut found] {
        assert!(result.as_object_mut().unwrap().remove("seconds").is_some());
    }
    assert_eq!(found, wanted);
    let bytes = |folder: &Path, name: &str| std::fs::read(folder.join("run").join(name)).unwrap();
    for name in ["monitor.csv", "history.csv", "page.json"] {
        assert!(bytes(whole.path(), name) == bytes(killed.path(), name), "{name} differs");
    }
    // but for the times in them
    let events = "events.out.tfevents.0000000001.repshape-monitor";
    assert_eq!(bytes(whole.path(), events).len(), bytes(killed.path(), events).len());
}

#[test]
fn warnings_stand_on_standard_error_in_the_result_and_on_the_page() {
    let folder = folder();
    let args = ["shape", "--epochs", "6", "--optimizer", "adam:0.1", "--monitor", "fc1", "--out", "run", "-q"];
    let ran = run(&mut repshape(folder.path()), &args);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let found: Value = serde_json::from_str(&ran.out).unwrap();
    let warnings = found["monitor"]["warnings"].as_array().unwrap();
    let dead = warnings.iter().find(|warning| warning["kind"] == "dead-units").expect("a step size of 0.1 kills units");
    let line = format!("step {}: {}", dead["step"], dead["text"].as_str().unwrap());
    assert!(line.contains("fc1 is dying: ") && line.ends_with(" % of the units are 0 for every row"), "{line}");
    assert_eq!(ran.err.matches(&format!("warning: {line}\n")).count(), 1, "{}", ran.err);
    assert_eq!(ran.err.matches("warning: ").count(), warnings.len(), "{}", ran.err);
    let page = std::fs::read_to_string(folder.path().join("run/page.json")).unwrap();
    assert!(page.contains(&format!("Monitor, {line}.")));
}

#[test]
fn what_cannot_be_monitored_is_refused_before_a_folder_is_made() {
    let folder = folder();
    for (args, part) in [
        (&["--monitor", "fc9"][..], "--monitor: no site \"fc9\"; did you mean \"fc"),
        (&["--monitor", "fc1", "--monitor-measures", "rnak"], "--monitor: no measure \"rnak\"; did you mean \"rank\"?"),
        (&["--monitor", "--monitor-every", "0"], "--monitor-every"),
        (&["--monitor", "--monitor-rows", "0"], "--monitor-rows"),
        (&["--monitor-every", "5"], "--monitor"),
    ] {
        let args = [&["shape", "--smoke", "--out", "run"], args].concat();
        let ran = run(&mut repshape(folder.path()), &args);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.err.contains(part), "{}", ran.err);
        assert!(!folder.path().join("run").exists());
    }
    // a table of other columns: nothing of it is lost
    ok(folder.path(), &["shape", "--smoke", "--monitor", "--out", "run", "-q"]);
    let table = folder.path().join("run/monitor.csv");
    std::fs::remove_file(folder.path().join("run/run.json")).unwrap();
    let before = std::fs::read(&table).unwrap();
    let args = ["shape", "--smoke", "--monitor", "--monitor-measures", "rank", "--out", "run", "--resume", "-q"];
    let ran = run(&mut repshape(folder.path()), &args);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("monitor.csv: another monitor's columns"), "{}", ran.err);
    assert_eq!(std::fs::read(&table).unwrap(), before);
}

#[test]
fn tensorboard_reads_what_the_table_holds() {
    let python = std::env::var("REPSHAPE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let import = Command::new(&python).args(["-c", "import tensorboard"]).output();
    if !import.is_ok_and(|ran| ran.status.success()) {
        let reason = format!("{python} cannot import tensorboard; REPSHAPE_PYTHON names another Python");
        return skip("tensorboard_reads_what_the_table_holds", &reason);
    }
    let folder = folder();
    train(folder.path(), "run", &[&["--epochs", "4", "--tensorboard"], &MONITOR[..]].concat());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/tensorboard_peer.py");
    let ran = Command::new(&python).arg(&script).arg("run").current_dir(folder.path()).output().unwrap();
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{text}\n{}", String::from_utf8_lossy(&ran.stderr));
    // 92 steps: 13 probes of 2 sites; 4 epochs
    assert!(text.contains("13 steps of monitor.csv, 4 epochs of history.csv"), "{text}");
}

//! A study step by step, as a scheduler runs it; and a disk that fills up.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Ran, folder, json, listing, ok, repshape, run, say_skipped};

const PLAN: [&str; 4] = ["--smoke", "--set", "baseline,cr,dropout", "-q"];

fn study(folder: &Path, args: &[&str]) -> Ran {
    run(&mut repshape(folder), &[&["study"], args].concat())
}

#[test]
fn chunk_by_chunk_gives_the_table_of_study() {
    let folder = folder();
    let folder = folder.path();
    ok(folder, &[&["study", "--out", "whole"], &PLAN[..]].concat());
    let plan = json(folder, &[&["study", "plan", "--out", "s", "--chunk", "3"], &PLAN[..]].concat());
    assert_eq!(plan["runs"], 10);
    let chunks = plan["chunks"].as_u64().unwrap();
    assert!(chunks >= 3, "{plan}");
    let status = |code: i32| {
        let ran = study(folder, &["status", "s"]);
        assert_eq!(ran.code, Some(code), "{ran:?}");
        serde_json::from_str::<Value>(&ran.out).unwrap()["all"]["done"].as_u64().unwrap()
    };
    assert_eq!(status(3), 0);
    let incomplete = study(folder, &["collect", "s"]);
    assert_eq!((incomplete.code, incomplete.out.as_str()), (Some(3), ""), "{incomplete:?}");
    // a trial whose weight is not chosen yet may be tried again later, and commits nothing
    let early = study(folder, &["run-task", "s", "--chunk-id", &(chunks - 1).to_string(), "-q"]);
    assert_eq!(early.code, Some(75), "{early:?}");
    for chunk in 0..chunks {
        let id = chunk.to_string();
        let ran = match chunk % 3 {
            0 => study(folder, &["run-task", "s", "--chunk-id", &id, "-q"]),
            1 => run(repshape(folder).env("SLURM_ARRAY_TASK_ID", &id), &["study", "run-task", "s", "--from-env", "-q"]),
            _ => run(repshape(folder).env("HQ_TASK_ID", &id), &["study", "run-task", "s", "--from-env", "-q"]),
        };
        assert_eq!(ran.code, Some(0), "chunk {chunk}: {ran:?}");
        let done = status(if chunk + 1 == chunks { 0 } else { 3 });
        if chunk == 0 {
            // an array task that runs twice does nothing twice
            let before = listing(&folder.join("s/runs"));
            assert_eq!(study(folder, &["run-task", "s", "--chunk-id", &id, "-q"]).code, Some(0));
            assert_eq!(listing(&folder.join("s/runs")), before);
            assert!(done > 0);
        }
    }
    assert_eq!(status(0), 10);
    let collected = ok(folder, &["study", "collect", "s"]);
    assert_eq!(collected, std::fs::read_to_string(folder.join("whole/study.json")).unwrap());
    for name in ["study.json", "manifest.jsonl"] {
        let read = |study: &str| std::fs::read_to_string(folder.join(study).join(name)).unwrap();
        // the manifests differ in the chunks alone
        assert!(name == "manifest.jsonl" || read("s") == read("whole"), "{name}");
    }
    let sum = Command::new("sha256sum").args(["-c", "manifest.sha256"]).current_dir(folder.join("s")).output().unwrap();
    assert!(sum.status.success(), "{sum:?}");
}

#[test]
fn an_autoencoders_networks_are_compared_by_their_loss() {
    let folder = folder();
    let folder = folder.path();
    let spec = "name = \"ae\"\nset = [\"baseline\", \"cr\"]\nsite = \"fc1\"\ntrials = 2\nseed = 1\n[weights]\ndefault = [0.1, 1.0]\n\
                [training]\ndata = \"digits\"\nnetwork = \"mlp:8\"\ntask = \"mean-squared-error\"\ntarget = \"input\"\n\
                epochs = 1\nbatch-size = 100\noptimizer = \"adam:1e-3\"\n";
    std::fs::write(folder.join("ae.toml"), spec).unwrap();
    let ran = study(folder, &["ae.toml", "--out", "s", "--format", "table"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("test loss") && ran.out.contains("* lowest loss") && !ran.out.contains('%'), "{ran:?}");
    assert!(ran.err.contains("test loss 0."), "{ran:?}");
    let page = std::fs::read_to_string(folder.join("s/report.html")).unwrap();
    assert!(page.contains("<h2>Test loss</h2>") && !page.contains("Test error"));
}

#[test]
fn planned_then_resumed_gives_the_table_of_study() {
    let folder = folder();
    let folder = folder.path();
    ok(folder, &[&["study", "--out", "whole"], &PLAN[..]].concat());
    let plan = json(folder, &[&["study", "plan", "--out", "s", "--chunk", "auto"], &PLAN[..]].concat());
    assert_eq!(plan["runs"], 10);
    assert_eq!(study(folder, &["run-task", "s", "--chunk-id", "0", "-q"]).code, Some(0));
    let before = listing(&folder.join("s/runs"));
    let table = ok(folder, &["study", "resume", "s", "-q"]);
    assert_eq!(table, std::fs::read_to_string(folder.join("whole/study.json")).unwrap());
    assert!(before.iter().all(|(path, size)| path.is_dir() || listing(&folder.join("s/runs")).get(path) == Some(size)));
    // a partial table says so
    let partial = json(folder, &[&["study", "plan", "--out", "p"], &PLAN[..]].concat());
    assert_eq!(partial["runs"], 10);
    assert_eq!(json(folder, &["study", "collect", "p", "--partial"])["missing"], 10);
}

/// A small file system of its own; `None`, said loudly, where the tester may not mount one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new(test: &str, size: &str) -> Option<Self> {
        let disk = Self(tempfile::tempdir().unwrap());
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(disk.0.path())
            .output();
        if mount.is_ok_and(|ran| ran.status.success()) {
            return Some(disk);
        }
        // not `skip`: no installation makes this possible, only the right to mount
        say_skipped(test, "a small tmpfs cannot be mounted here");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_loses_nothing() {
    let folder = folder();
    let Some(disk) = SmallDisk::new("a_full_disk_loses_nothing", "500k") else { return };
    let out = disk.0.path().join("s");
    let out = out.to_str().unwrap();
    let whole = ok(folder.path(), &["study", "--smoke", "--set", "baseline,cr,vr", "--out", "whole", "-q"]);
    let full = run(
        &mut repshape(folder.path()),
        &["study", "--smoke", "--set", "baseline,cr,vr", "--out", out, "-q", "--workers", "1"],
    );
    assert_eq!(full.code, Some(75), "{full:?}");
    assert_eq!(full.err.matches("error: ").count(), 1, "{}", full.err);
    assert!(full.err.contains("No space left") || full.err.contains("no storage space"), "{}", full.err);
    let status = run(&mut repshape(folder.path()), &["study", "status", out]);
    let done = serde_json::from_str::<Value>(&status.out).unwrap()["all"]["done"].as_u64().unwrap();
    assert!(done > 0 && done < 10, "{}", status.out);
    // with room again, it goes on
    let more = Command::new("mount").args(["-o", "remount,size=64m"]).arg(disk.0.path()).status().unwrap();
    assert!(more.success());
    assert_eq!(ok(folder.path(), &["study", "resume", out, "-q"]), whole);
}

#[test]
fn a_full_disk_fails_a_shape_run_that_then_goes_on() {
    let folder = folder();
    let Some(disk) = SmallDisk::new("a_full_disk_fails_a_shape_run_that_then_goes_on", "100k") else { return };
    let out = disk.0.path().join("run");
    let shape = ["shape", "--smoke", "-q", "--out", out.to_str().unwrap()];
    let full = run(&mut repshape(folder.path()), &shape);
    assert_eq!(full.code, Some(75), "{full:?}");
    assert!(full.err.contains("cannot be written"), "{}", full.err);
    assert!(!out.join("run.json").exists());
    let left = listing(&out).into_keys().any(|path| path.to_string_lossy().ends_with(".tmp"));
    assert!(!left, "{:?}", listing(&out));
    let more = Command::new("mount").args(["-o", "remount,size=64m"]).arg(disk.0.path()).status().unwrap();
    assert!(more.success());
    let resumed = json(folder.path(), &[&shape[..], &["--resume"]].concat());
    assert!(resumed["test"]["error"].is_f64());
}

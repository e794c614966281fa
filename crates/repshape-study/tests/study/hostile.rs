//! Folders that are edited, cut, full, read-only or someone else's.

use std::path::Path;

use repshape_study::*;

use super::child::Plan;
use super::mock::{Mock, committed, manifest, run_all, spec, table_json};

fn planned() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::plan(&folder.path().join("study"), &manifest(1)).unwrap();
    (folder, store)
}

#[test]
fn an_edited_manifest_is_refused_with_code_5() {
    let (_folder, store) = planned();
    let root = store.root().to_path_buf();
    let path = root.join("manifest.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"epochs\":4", "\"epochs\":5", 1)).unwrap();
    // by whoever has it open, before a task starts, and by whoever opens it
    let open = run_all(&store, &Mock::default(), 2).unwrap_err();
    assert_eq!(status(&store).all.done, 0);
    drop(store);
    for error in [open, Store::open(&root, Access::Shared).unwrap_err()] {
        assert_eq!(error.exit_code(), 5);
        let message = error.to_string();
        assert!(message.contains("manifest.jsonl: its SHA-256 is") && message.contains("expected"), "{message}");
    }
    std::fs::write(&path, text).unwrap();
    std::fs::remove_file(root.join("manifest.sha256")).unwrap();
    assert_eq!(Store::open(&root, Access::Read).unwrap_err().exit_code(), 5);
}

#[test]
fn the_checksum_file_is_what_sha256sum_reads() {
    let (_folder, store) = planned();
    let text = std::fs::read_to_string(store.root().join("manifest.sha256")).unwrap();
    assert_eq!(text.len(), 64 + 2 + "manifest.jsonl\n".len());
    assert!(text.ends_with("  manifest.jsonl\n"));
}

#[test]
fn a_damaged_record_is_named_with_code_5() {
    let (_folder, store) = planned();
    run_all(&store, &Mock::default(), 2).unwrap();
    let run = &store.manifest().runs()[8];
    let path = store.run_path(&run.run_id);
    let whole = std::fs::read(&path).unwrap();
    let text = String::from_utf8(whole.clone()).unwrap();
    let other = std::fs::read(store.run_path(&store.manifest().runs()[9].run_id)).unwrap();
    for (damage, said) in [
        (whole[..whole.len() / 2].to_vec(), "not a whole trial record"),
        (vec![], "not a whole trial record"),
        (text.replacen("\"loss\":", "\"loss\":1", 1).into_bytes(), "its content has hash"),
        (
            text.replacen("repshape.trial/1", "repshape.trial/9", 1).into_bytes(),
            "schema \"repshape.trial/9\", expected",
        ),
        (other, "the manifest expects"),
    ] {
        std::fs::write(&path, damage).unwrap();
        let error = collect(&store).unwrap_err();
        assert_eq!(error.exit_code(), 5);
        let message = error.to_string();
        assert!(message.contains(path.to_str().unwrap()) && message.contains(said), "{message}");
    }
    // what differs from one execution to the next is not part of the result
    std::fs::write(&path, text.replacen("\"host\":\"test\"", "\"host\":\"elsewhere\"", 1)).unwrap();
    collect(&store).unwrap();
}

#[test]
fn a_damaged_tuning_record_stops_the_selection() {
    let (_folder, store) = planned();
    run_all(&store, &Mock::default(), 1).unwrap();
    let runs = store.manifest().runs();
    let tuning = store.run_path(&runs[0].run_id);
    std::fs::write(&tuning, b"{").unwrap();
    let trial = runs.iter().find(|r| r.weight.is_selected()).unwrap();
    std::fs::remove_file(store.run_path(&trial.run_id)).unwrap();
    let error = run_all(&store, &Mock::default(), 2).unwrap_err();
    assert_eq!(error.exit_code(), 5);
    assert!(error.to_string().contains(tuning.to_str().unwrap()), "{error}");
}

#[test]
fn a_folder_with_anything_else_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("thesis.tex"), b"x").unwrap();
    let error = Store::plan_or_open(folder.path(), &manifest(1)).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains("not empty"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was written");
    assert_eq!(Store::open(folder.path(), Access::Read).unwrap_err().exit_code(), 2);
    let missing = folder.path().join("missing");
    assert!(Store::open(&missing, Access::Exclusive).unwrap_err().to_string().contains("no study is planned here"));
    assert!(!missing.exists());
}

#[test]
fn a_plan_that_was_cut_off_can_be_made_again() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["lock", "manifest.sha256", "manifest.sha256.tmp17", "manifest.jsonl.tmp17"] {
        std::fs::write(folder.path().join(name), b"half").unwrap();
    }
    let store = Store::plan(folder.path(), &manifest(1)).unwrap();
    run_all(&store, &Mock::default(), 2).unwrap();
    let root = store.root().to_path_buf();
    drop(store);
    assert_eq!(Store::plan(&root, &manifest(1)).unwrap_err().exit_code(), 2);
}

#[test]
fn another_spec_is_refused_with_the_field_that_differs() {
    let (_folder, store) = planned();
    let root = store.root().to_path_buf();
    drop(store);
    let other = StudySpec { training: serde_json::json!({"epochs": 50}), ..spec() };
    let error = Store::plan_or_open(&root, &Manifest::plan(&other, Chunking::Runs(1)).unwrap()).unwrap_err();
    assert_eq!(error.exit_code(), 5);
    assert!(error.to_string().contains("training.epochs: 4 there, 50 here"), "{error}");
    // chunks are a matter of planning, not of the study
    assert_eq!(Store::plan_or_open(&root, &manifest(5)).unwrap().manifest().chunks(), 18);
}

/// A file size limit stands in for a full disk: the write fails half-way in the same place.
#[cfg(unix)]
#[test]
fn a_disk_that_is_full_loses_no_finished_run_and_leaves_nothing_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("study");
    let store = Store::plan(&root, &manifest(1)).unwrap();
    let cancel = std::sync::atomic::AtomicBool::new(false);
    run_task(&store, 0, "test", &Mock::default(), &(), &cancel).unwrap();
    drop(store);
    let before = committed(&root);
    let plan = Plan { payload: 5_000_000, ..Plan::new(&root, "study") };
    let exe = std::env::current_exe().unwrap();
    let inner = plan.command(&exe);
    let mut shell = std::process::Command::new("sh");
    // 1024 blocks of 512 or 1,024 bytes; without the trap the signal would kill the child instead
    shell.args(["-c", "trap '' XFSZ; ulimit -f 1024; exec \"$0\" \"$@\""]).arg(&exe).args(inner.get_args());
    shell.envs(inner.get_envs().filter_map(|(k, v)| v.map(|v| (k, v)))).stderr(std::process::Stdio::piped());
    let output = shell.stdout(std::process::Stdio::null()).spawn().unwrap().wait_with_output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(75), "{message}");
    assert!(message.contains("attempts") && message.contains("cannot write"), "{message}");
    assert_eq!(committed(&root), before);
    assert_eq!(std::fs::read_dir(root.join("attempts")).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(root.join("failed")).unwrap().count(), 0, "the disk's fault is not the run's");
    // with room again it goes on
    let output = Plan::new(&root, "study").spawn().wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(committed(&root).len(), 18);
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_can_be_read_and_is_not_written() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("study");
    let store = Store::plan(&root, &manifest(1)).unwrap();
    run_all(&store, &Mock::default(), 2).unwrap();
    let expected = table_json(&store);
    drop(store);
    let last = committed(&root);
    let store = Store::open(&root, Access::Read).unwrap();
    std::fs::remove_file(store.run_path(&store.manifest().runs()[17].run_id)).unwrap();
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let chmod = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    let each = |mode_folder, mode_file| {
        for entry in std::fs::read_dir(&root).unwrap() {
            let path = entry.unwrap().path();
            chmod(&path, if path.is_dir() { mode_folder } else { mode_file });
        }
        chmod(&root, mode_folder);
        chmod(&empty, mode_folder);
    };
    each(0o555, 0o444);
    chmod(folder.path(), 0o755);
    // permissions do not bind root: there the child is nobody, with a copy of this program that nobody can reach
    let is_root = std::fs::metadata(folder.path()).unwrap().uid() == 0;
    let mut exe = std::env::current_exe().unwrap();
    if is_root {
        let copy = folder.path().join("program");
        std::fs::copy(&exe, &copy).unwrap();
        chmod(&copy, 0o755);
        exe = copy;
    }
    for (job, path) in [("study", &root), ("task", &root), ("plan", &empty)] {
        let mut command = Plan::new(path, job).command(&exe);
        if is_root {
            command.uid(65534).gid(65534);
        }
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{job}: {message}");
        assert!(message.contains(path.to_str().unwrap()) && message.contains("denied"), "{job}: {message}");
    }
    assert_eq!(status(&store).all.missing, 1);
    assert_eq!(collect(&store).unwrap_err().exit_code(), 3);
    each(0o755, 0o644);
    assert_eq!(std::fs::read_dir(&empty).unwrap().count(), 0);
    let store = Store::open(&root, Access::Exclusive).unwrap();
    run_all(&store, &Mock::default(), 1).unwrap();
    assert_eq!(table_json(&store), expected);
    assert_eq!(committed(&root).len(), last.len());
}

//! Measuring in parts, from pipes and of every format: the same numbers as from one file in one go.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{folder, json, npy_bytes, npy_labels, ok, repshape, run};

const ROWS: usize = 700;
const UNITS: usize = 6;

fn values() -> Vec<f64> {
    let wave = |n: usize| (n as f64 * 0.37).sin() * (1.0 + (n % 7) as f64) + 0.3 * (n as f64 * 1.7).cos();
    (0..ROWS * UNITS).map(|n| if n % UNITS == 4 { 0.0 } else { wave(n).max(0.0) }).collect()
}

fn labels() -> Vec<i64> {
    (0..ROWS as i64).map(|n| (n * n) % 3).collect()
}

fn write(path: &Path, rows: std::ops::Range<usize>) {
    let bytes: Vec<u8> = values()[rows.start * UNITS..rows.end * UNITS].iter().flat_map(|v| v.to_le_bytes()).collect();
    std::fs::write(path, npy_bytes("<f8", false, &[rows.len(), UNITS], &bytes)).unwrap();
}

/// The whole as `z.npy`, `y.npy`, and in three parts with a state for each, with or without their first rows.
fn parts(folder: &Path, say_first_rows: bool) -> Vec<String> {
    write(&folder.join("whole.npy"), 0..ROWS);
    npy_labels(&folder.join("labels.npy"), &labels());
    let cuts = [0, 123, 456, ROWS];
    (0..3)
        .map(|part| {
            let rows = cuts[part]..cuts[part + 1];
            let (z, y, state) = (format!("z{part}.npy"), format!("y{part}.npy"), format!("{part}.state"));
            write(&folder.join(&z), rows.clone());
            npy_labels(&folder.join(&y), &labels()[rows.clone()]);
            let first = rows.start.to_string();
            let mut args = vec!["measure", &z, "--labels", &y, "--classes", "3", "--partial", &state, "-q"];
            if say_first_rows {
                args.extend(["--first-row", &first]);
            }
            assert_eq!(ok(folder, &args), "");
            state
        })
        .collect()
}

fn close(a: &Value, b: &Value, relative: f64) {
    for (name, value) in a["measures"].as_object().unwrap() {
        match (value.as_f64(), b["measures"][name].as_f64()) {
            (Some(x), Some(y)) => assert!((x - y).abs() <= relative * x.abs().max(1e-12), "{name}: {x}, {y}"),
            (x, y) => assert_eq!(x, y, "{name}"),
        }
    }
}

#[test]
fn merged_parts_are_the_whole() {
    for say_first_rows in [true, false] {
        let folder = folder();
        let folder = folder.path();
        let states = parts(folder, say_first_rows);
        let states: Vec<&str> = states.iter().map(String::as_str).collect();
        let whole = json(folder, &["measure", "whole.npy", "--labels", "labels.npy", "--classes", "3"]);
        let merged = json(folder, &[&["measure", "merge"], &states[..]].concat());
        assert_eq!(merged["rows"], ROWS);
        close(&whole, &merged, 1e-9);
        // the same sample of rows too
        assert_eq!(whole["mi_rows"], merged["mi_rows"]);
        if say_first_rows {
            let backwards: Vec<&str> = states.iter().rev().copied().collect();
            let again = json(folder, &[&["measure", "merge"], &backwards[..]].concat());
            assert_eq!(again, merged, "the same shards give the same bits in whatever order they come");
        }
        // a merge of merges is within rounding of it
        ok(folder, &["measure", "merge", states[0], states[1], "--partial", "half.state"]);
        close(&merged, &json(folder, &["measure", "merge", "half.state", states[2]]), 1e-9);
    }
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let folder = folder();
    let folder = folder.path();
    let states = parts(folder, true);
    ok(folder, &["measure", "z0.npy", "--partial", "unlabelled.state", "--first-row", "0"]);
    let bytes = std::fs::read(folder.join("0.state")).unwrap();
    std::fs::write(folder.join("cut.state"), &bytes[..bytes.len() - 9]).unwrap();
    let mut changed = bytes.clone();
    changed[bytes.len() / 2] ^= 1;
    std::fs::write(folder.join("changed.state"), changed).unwrap();
    let cases: [(&[&str], &[&str]); 7] = [
        (&[&states[0], &states[0]], &["z0.npy", "overlap"]),
        (&[&states[0], &states[2]], &["z0.npy", "z2.npy"]),
        (&["unlabelled.state", &states[1]], &["classes"]),
        (&["cut.state"], &["cut.state"]),
        (&["changed.state"], &["changed.state", "checksum"]),
        (&["whole.npy"], &["whole.npy"]),
        (&["absent.state"], &["absent.state"]),
    ];
    for (states, says) in cases {
        let ran = run(&mut repshape(folder), &[&["measure", "merge"], states].concat());
        assert!(ran.code == Some(2) && ran.out.is_empty(), "{states:?}: {ran:?}");
        for part in says {
            assert!(ran.err.contains(part), "{states:?}: no {part} in {}", ran.err);
        }
    }
    let nowhere = run(&mut repshape(folder), &["measure", "-", "--partial", "p.state"]);
    assert!(nowhere.code == Some(2) && nowhere.err.contains("--first-row"), "{nowhere:?}");
}

#[test]
fn standard_input_is_a_matrix() {
    let folder = folder();
    let folder = folder.path();
    write(&folder.join("whole.npy"), 0..ROWS);
    let mut file = json(folder, &["measure", "whole.npy"]);
    let pipe = std::fs::File::open(folder.join("whole.npy")).unwrap();
    let ran = repshape(folder).args(["measure", "-"]).stdin(Stdio::from(pipe)).output().unwrap();
    let piped: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(piped["source"], "standard input");
    file["source"] = piped["source"].clone();
    assert_eq!(file, piped);
    let empty = repshape(folder).args(["measure", "-"]).stdin(Stdio::null()).output().unwrap();
    assert_eq!(empty.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&empty.stderr).contains("standard input"));
}

#[test]
fn a_layout_makes_rows_of_positions_and_is_said() {
    let folder = folder();
    let folder = folder.path();
    let bytes: Vec<u8> = values().iter().flat_map(|v| v.to_le_bytes()).collect();
    // N x 2 x 3: as maps, as tokens, flat
    std::fs::write(folder.join("maps.npy"), npy_bytes("<f8", false, &[ROWS, 2, 3], &bytes)).unwrap();
    for (layout, rows, units) in [
        ("auto", 2 * ROWS, 3),
        ("tokens", 2 * ROWS, 3),
        ("channels", 3 * ROWS, 2),
        ("positions", 2 * ROWS, 3),
        ("flatten", ROWS, 6),
    ] {
        let found = json(folder, &["measure", "maps.npy", "--layout", layout, "--only", "variance"]);
        assert_eq!((&found["rows"], &found["units"]), (&rows.into(), &units.into()), "{layout}");
        assert!(found["layout"].is_string(), "{found}");
    }
    write(&folder.join("whole.npy"), 0..ROWS);
    let flat = json(folder, &["measure", "maps.npy", "--layout", "flatten"]);
    close(&flat, &json(folder, &["measure", "whole.npy"]), 0.0);
}

#[test]
fn a_subsample_says_how_far_its_draws_differ() {
    let folder = folder();
    let folder = folder.path();
    write(&folder.join("whole.npy"), 0..ROWS);
    let all = json(folder, &["measure", "whole.npy", "--mi-rows", "all"]);
    assert!(all["mi_spread"].is_null());
    let some = json(folder, &["measure", "whole.npy", "--mi-rows", "100"]);
    assert_eq!((&some["mi_rows"], &all["mi_rows"]), (&100.into(), &ROWS.into()));
    let spread = some["mi_spread"]["mi_x_lower"].as_f64().unwrap();
    assert!(spread > 0.0 && spread < 0.5, "{some}");
    let scaled = json(folder, &["measure", "whole.npy", "--mi-variance", "relative:0.1"]);
    let variance = all["measures"]["variance"].as_f64().unwrap();
    assert!((scaled["mi_variance"].as_f64().unwrap() - 0.1 * variance).abs() < 1e-12);
}

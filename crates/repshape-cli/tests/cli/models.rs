//! Other people's models from outside: what is measured is what onnxruntime and NumPy find.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{folder, json, npy_bytes, ok, repshape, run, skip};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../repshape-onnx/tests/fixtures").join(name)
}

/// Numbers that look drawn, from -2 to 2.
fn scattered(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 24) as f32
    };
    (0..count).map(|_| next() + next() + next() + next() - 2.0).collect()
}

fn write_f32(path: &Path, shape: &[usize], values: &[f32]) {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    std::fs::write(path, npy_bytes("<f4", false, shape, &bytes)).unwrap();
}

/// Rows for the only input of a model, labels in 3 classes, 2 rows without.
fn data(folder: &Path, row: &[usize], whole: Option<u32>) {
    const ROWS: usize = 61;
    let shape = [&[ROWS], row].concat();
    let values = scattered(shape.iter().product(), 7);
    match whole {
        None => write_f32(&folder.join("x.npy"), &shape, &values),
        Some(below) => {
            let ids = values.iter().map(|v| ((v + 2.0) / 4.0 * below as f32) as i64);
            let bytes: Vec<u8> = ids.flat_map(i64::to_le_bytes).collect();
            std::fs::write(folder.join("x.npy"), npy_bytes("<i8", false, &shape, &bytes)).unwrap();
        }
    }
    let labels: Vec<u8> = (0..ROWS as i64).flat_map(|n| ((n * n) % 3).to_le_bytes()).collect();
    std::fs::write(folder.join("y.npy"), npy_bytes("<i8", false, &[ROWS], &labels)).unwrap();
}

#[test]
fn every_site_of_a_model_has_the_characteristics_that_numpy_finds_on_onnxruntime_s_activations() {
    let name = "every_site_of_a_model_has_the_characteristics_that_numpy_finds_on_onnxruntime_s_activations";
    let python = std::env::var("REPSHAPE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let import = Command::new(&python).args(["-c", "import numpy, onnx, onnxruntime"]).output();
    if !import.is_ok_and(|ran| ran.status.success()) {
        return skip(name, &format!("{python} cannot import numpy, onnx and onnxruntime"));
    }
    let cases: [(&str, &[usize], Option<u32>, &str); 6] = [
        ("mlp_gemm_13.onnx", &[12], None, "auto"),
        ("torch_mlp_17.onnx", &[12], None, "auto"),
        ("cnn_residual_17.onnx", &[3, 9, 7], None, "flatten"),
        ("cnn_residual_17.onnx", &[3, 9, 7], None, "channels"),
        ("torch_cnn_17.onnx", &[3, 9, 7], None, "positions"),
        ("torch_encoder_17.onnx", &[5], Some(9), "auto"),
    ];
    for (model, row, whole, layout) in cases {
        let folder = folder();
        let path = fixture(model);
        let model = path.to_str().unwrap();
        let input = json(folder.path(), &["sites", model]);
        let sides = input["inputs"][0]["shape"].as_array().unwrap()[1..].iter();
        let declared: Option<Vec<usize>> = sides.map(|side| side.as_u64().map(|side| side as usize)).collect();
        let declared = declared.unwrap_or_else(|| row.to_vec());
        data(folder.path(), &declared, whole);
        let of_layout = ["--data", "x.npy", "--labels", "y.npy", "--site", "*", "--layout", layout];
        let found = json(folder.path(), &[&["measure", model, "--mi-rows", "all", "-q"], &of_layout[..]].concat());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/model_measures.py");
        let ran =
            Command::new(&python).arg(script).arg(model).args(of_layout).current_dir(folder.path()).output().unwrap();
        assert!(ran.status.success(), "{model}: {}", String::from_utf8_lossy(&ran.stderr));
        let expected: Value = serde_json::from_slice(&ran.stdout).unwrap();
        compare(model, layout, &found, &expected);
    }
}

/// Relative 1e-4: two runtimes' activations in single precision. A measure that such a difference may move by more, as the
/// rank of nearly dependent units, is listed as uncertain by the script and left out.
fn compare(model: &str, layout: &str, found: &Value, expected: &Value) {
    let listed = |value: &Value| if value.is_array() { value.as_array().unwrap().clone() } else { vec![value.clone()] };
    let (found, expected) = (listed(found), listed(expected));
    let mut compared = 0;
    for one in &expected {
        let Some(ours) = found.iter().find(|ours| ours["site"] == one["site"]) else { continue };
        for what in ["rows", "units", "classes"] {
            assert_eq!(ours[what], one[what], "{model} {layout} {}: {what}", one["site"]);
        }
        let uncertain = one["uncertain"].as_array().unwrap();
        for (name, value) in one["measures"].as_object().unwrap() {
            let is_mine = ours["measures"].get(name).is_some();
            if !is_mine || uncertain.iter().any(|other| other == name) {
                continue;
            }
            match (ours["measures"][name].as_f64(), value.as_f64()) {
                (Some(a), Some(b)) => {
                    let close = (a - b).abs() <= 1e-4 * b.abs().max(1e-6);
                    assert!(close, "{model} {layout} {} {name}: {a}, expected {b}", one["site"]);
                }
                (a, b) => assert_eq!(a, b, "{model} {layout} {} {name}", one["site"]),
            }
            compared += 1;
        }
    }
    assert!(compared > 50, "{model} {layout}: {compared} values compared");
    // sites whose leading axis is not the rows are the only ones left out
    assert!(found.len() * 10 >= expected.len() * 8, "{model}: {} of {} sites", found.len(), expected.len());
}

#[test]
fn a_run_and_its_model_measure_the_same() {
    let folder = folder();
    let folder = folder.path();
    let sites = ["--site", "fc4", "--site", "fc5", "--site", "output"];
    ok(folder, &[&["shape", "--smoke", "--penalty", "cw-vr=0.1@fc5", "--out", "run", "-q"], &sites[..]].concat());
    let listed = json(folder, &["sites", "run/model.onnx"]);
    let names: Vec<&str> =
        listed["sites"].as_array().unwrap().iter().filter_map(|site| site["name"].as_str()).collect();
    assert_eq!(names.len(), 11);
    let of_run = json(folder, &["sites", "run"]);
    let of_run: Vec<&str> =
        of_run["sites"].as_array().unwrap().iter().filter_map(|site| site["name"].as_str()).collect();
    assert_eq!(names, of_run);
    let run = json(folder, &[&["measure", "run"], &sites[..]].concat());
    let model = json(folder, &[&["measure", "run/model.onnx", "--data", "digits"], &sites[..]].concat());
    let mut compared = 0;
    for (a, b) in run.as_array().unwrap().iter().zip(model.as_array().unwrap()) {
        for what in ["site", "rows", "units", "classes"] {
            assert_eq!(a[what], b[what]);
        }
        for (name, value) in a["measures"].as_object().unwrap() {
            // a run knows its training rows, whose class means nc4 takes; a rank may turn on the last bits
            if ["nc4_disagreement", "rank", "alpha_req"].contains(&name.as_str()) {
                continue;
            }
            match (value.as_f64(), b["measures"][name].as_f64()) {
                (Some(x), Some(y)) => {
                    assert!((x - y).abs() <= 1e-4 * x.abs().max(1e-6), "{} {name}: {x}, {y}", a["site"])
                }
                (x, y) => assert_eq!(x, y, "{} {name}", a["site"]),
            }
            compared += 1;
        }
    }
    assert!(compared > 90, "{compared}");
    // the layer that reads fc5 is known in both; nothing linear reads fc4 and gives the outputs
    for found in [&run, &model] {
        assert!(found[1]["measures"]["nc3_duality"].is_f64() && found[1]["measures"]["nc4_disagreement"].is_f64());
        assert!(found[0]["measures"]["nc3_duality"].is_null());
    }
}

#[test]
fn what_was_measured_can_be_saved_and_measured_again() {
    let folder = folder();
    let folder = folder.path();
    data(folder, &[3, 9, 7], None);
    std::fs::create_dir(folder.join("saved")).unwrap();
    let path = fixture("cnn_residual_17.onnx");
    let args = [
        "measure",
        path.to_str().unwrap(),
        "--data",
        "x.npy",
        "--labels",
        "y.npy",
        "--site",
        "relu*",
        "--layout",
        "channels",
    ];
    let found = json(folder, &[&args[..], &["--save-activations", "saved"]].concat());
    let sites = found.as_array().unwrap();
    assert_eq!(sites.len(), 5);
    for site in sites {
        assert!(site["layout"].as_str().unwrap().contains("channels"), "{site}");
        let file = format!("saved/{}.npy", site["site"].as_str().unwrap());
        let again = json(folder, &["measure", &file]);
        for name in ["covariance", "sparsity", "rank", "variance_positive"] {
            assert_eq!(again["measures"][name], site["measures"][name], "{file} {name}");
        }
        assert_eq!(again["rows"], site["rows"]);
    }
    // one label for every position
    let labels = json(folder, &["measure", "saved/labels.npy"]);
    assert_eq!(labels["rows"], sites[0]["rows"]);
}

#[test]
fn a_mask_says_which_tokens_count() {
    let folder = folder();
    let folder = folder.path();
    data(folder, &[5], Some(9));
    let mask: Vec<u8> = (0..61 * 5).flat_map(|n| i64::from(n % 5 < 1 + (n / 5) % 5).to_le_bytes()).collect();
    std::fs::write(folder.join("mask.npy"), npy_bytes("<i8", false, &[61, 5], &mask)).unwrap();
    let kept: i64 = (0..61 * 5).map(|n| i64::from(n % 5 < 1 + (n / 5) % 5)).sum();
    let path = fixture("torch_encoder_17.onnx");
    let args = ["measure", path.to_str().unwrap(), "--data", "x.npy", "--site", "/layer/norm1*"];
    let all = json(folder, &args);
    let some = json(folder, &[&args[..], &["--mask", "mask.npy"]].concat());
    assert_eq!((all["rows"].as_i64(), some["rows"].as_i64()), (Some(61 * 5), Some(kept)));
    std::fs::write(folder.join("short.npy"), npy_bytes("<i8", false, &[60, 5], &mask[..60 * 5 * 8])).unwrap();
    let short = run(&mut repshape(folder), &[&args[..], &["--mask", "short.npy"]].concat());
    assert!(short.code == Some(2) && short.err.contains("short.npy: has 60 rows"), "{short:?}");
}

#[test]
fn what_a_model_cannot_be_run_on_is_refused_by_name() {
    let folder = folder();
    let folder = folder.path();
    data(folder, &[3, 9, 7], None);
    write_f32(&folder.join("small.npy"), &[4, 3, 8, 7], &scattered(4 * 3 * 8 * 7, 3));
    let mut bad = scattered(4 * 3 * 9 * 7, 3);
    bad[3 * 9 * 7 + 5] = f32::NAN;
    write_f32(&folder.join("nan.npy"), &[4, 3, 9, 7], &bad);
    std::fs::write(folder.join("not.onnx"), b"<html>").unwrap();
    let path = fixture("cnn_residual_17.onnx");
    let model = path.to_str().unwrap();
    let cases: [(&[&str], &[&str]); 10] = [
        (&[model], &["--data", "image"]),
        (&[model, "--data", "absent.npy"], &["absent.npy"]),
        (&[model, "--data", "small.npy"], &["small.npy", "[3, 8, 7]", "\"image\"", "[3, 9, 7]"]),
        (&[model, "--data", "digits"], &["digits", "\"image\""]),
        (&[model, "--data", "x.npy", "--site", "rellu1"], &["rellu1", "relu1"]),
        (&[model, "--data", "x.npy", "--site", "output", "--label-column", "a"], &["--label-column"]),
        (&[model, "--data", "x.npy", "--site", "relu1", "--layout", "tokens", "--labels", "x.npy"], &["x.npy"]),
        (&[model, "--data", "nan.npy", "--site", "conv1"], &["conv1", "row 1", "NaN"]),
        (&["not.onnx", "--data", "x.npy"], &["not.onnx", "not an ONNX model"]),
        (&["z.npy", "--data", "x.npy"], &["z.npy", "--data"]),
    ];
    for (args, says) in cases {
        let ran = run(&mut repshape(folder), &[&["measure"], args].concat());
        assert_eq!(ran.code, Some(2), "{args:?}: {ran:?}");
        assert!(!ran.err.contains("panicked") && ran.out.is_empty(), "{args:?}: {ran:?}");
        for part in says {
            assert!(ran.err.contains(part), "{args:?}: no {part} in {}", ran.err);
        }
    }
}

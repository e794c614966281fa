//! The `model.onnx` of a run, run by others: the same activations and the same characteristics.

use std::path::Path;
use std::process::Command;

use crate::support::{json, ok, skip};

#[test]
fn onnxruntime_sees_what_the_run_measured() {
    let python = std::env::var("REPSHAPE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let import = Command::new(&python).args(["-c", "import numpy, onnx, onnxruntime"]).output();
    if !import.is_ok_and(|ran| ran.status.success()) {
        let reason =
            format!("{python} cannot import numpy, onnx and onnxruntime; REPSHAPE_PYTHON names another Python");
        return skip("onnxruntime_sees_what_the_run_measured", &reason);
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/onnx_peer.py");
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let step = |what: &str| {
        let ran = Command::new(&python).arg(&script).arg(what).current_dir(folder).output().unwrap();
        let text = String::from_utf8_lossy(&ran.stdout).into_owned();
        assert!(ran.status.success(), "{text}\n{}", String::from_utf8_lossy(&ran.stderr));
        text
    };
    step("make");
    let sites = ["fc1.pre", "fc1", "fc2.pre", "fc2", "fc3", "fc4", "fc5.pre", "fc5", "output"];
    let layers =
        ["--penalty", "dropout=0.3@fc1", "--penalty", "bn@fc2", "--penalty", "dropout=0.2@fc2", "--penalty", "bn@fc5"];
    let network = ["--network", "mlp:12:leaky-relu,11:tanh,10:logistic,9:linear,8"];
    let shape =
        ["shape", "--data", "npz=set.npz", "--standardize", "--epochs", "3", "--batch-size", "20", "--validation", "0"];
    let mut args = [&shape[..], &network, &layers, &["--out", "run", "-q"]].concat();
    args.extend(sites.iter().flat_map(|site| ["--site", site]));
    json(folder, &args);
    std::fs::create_dir(folder.join("saved")).unwrap();
    let mut args = vec!["measure", "run", "--save-activations", "saved", "--output", "measured.json"];
    args.extend(sites.iter().flat_map(|site| ["--site", site]));
    ok(folder, &args);
    let text = step("compare");
    assert!(text.contains("compared 9 sites"), "{text}");
}

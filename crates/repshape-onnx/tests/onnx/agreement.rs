//! With onnxruntime at hand: other inputs, another batch size, the same agreement.

use std::{error::Error, io::Write as _, path::Path, process::Command};

use crate::{models::compare, reference::names};

/// Not the fixtures' own: their inputs are compared without Python.
const SEED: &str = "4";

#[test]
fn sites_are_what_onnxruntime_computes_from_other_inputs() -> Result<(), Box<dyn Error>> {
    let python = std::env::var("REPSHAPE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let import = Command::new(&python).args(["-c", "import numpy, onnx, onnxruntime"]).output();
    if !import.is_ok_and(|ran| ran.status.success()) {
        let reason =
            format!("{python} cannot import numpy, onnx and onnxruntime; REPSHAPE_PYTHON names another Python");
        if std::env::var_os("REPSHAPE_REQUIRE_ALL").is_some_and(|value| value == "1") {
            return Err(reason.into());
        }
        // Not eprintln: the test harness would swallow it.
        let test = "sites_are_what_onnxruntime_computes_from_other_inputs";
        writeln!(std::io::stderr(), "SKIPPED: {test}: {reason}")?;
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/make_models.py");
    let run = Command::new(&python).arg("-B").arg(script).arg("again").arg(folder.path()).arg(SEED).output()?;
    assert!(run.status.success(), "{}\n{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    let (mut compared, mut wrong) = (0, Vec::new());
    for name in names() {
        match compare(&name, &folder.path().join(format!("{name}.safetensors"))) {
            Ok((count, _)) => compared += count,
            Err(reason) => wrong.push(reason),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 4000, "{compared} arrays compared");
    Ok(())
}

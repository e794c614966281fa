//! With onnxruntime at hand: other inputs, another batch size, the same agreement.

use std::{error::Error, path::Path, process::Command};

use crate::{models::compare, python::with_onnxruntime, reference::names};

/// Not the fixtures' own: their inputs are compared without Python.
const SEED: &str = "4";

#[test]
fn sites_are_what_onnxruntime_computes_from_other_inputs() -> Result<(), Box<dyn Error>> {
    let Some(python) = with_onnxruntime("sites_are_what_onnxruntime_computes_from_other_inputs")? else {
        return Ok(());
    };
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

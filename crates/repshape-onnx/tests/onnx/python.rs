//! The Python that tests compare with.

use std::{error::Error, io::Write as _, process::Command};

/// A Python with NumPy, onnx and onnxruntime. Without one, `None`: the test says loudly that it is skipped, or fails where
/// nothing may be.
pub fn with_onnxruntime(test: &str) -> Result<Option<String>, Box<dyn Error>> {
    let python = std::env::var("REPSHAPE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let import = Command::new(&python).args(["-c", "import numpy, onnx, onnxruntime"]).output();
    if import.is_ok_and(|ran| ran.status.success()) {
        return Ok(Some(python));
    }
    let reason = format!("{python} cannot import numpy, onnx and onnxruntime; REPSHAPE_PYTHON names another Python");
    if std::env::var_os("REPSHAPE_REQUIRE_ALL").is_some_and(|value| value == "1") {
        return Err(reason.into());
    }
    // Not eprintln: the test harness would swallow it.
    writeln!(std::io::stderr(), "SKIPPED: {test}: {reason}")?;
    Ok(None)
}

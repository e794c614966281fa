//! Writes `crates/repshape-onnx/src/proto.rs` from the ONNX schema beside this tool.

use std::{error::Error, fs, path::Path};

/// What the generated file says about itself. The schema is proto2, so prost keeps the presence of every field and a model that
/// is read and written again keeps its bytes.
const HEADER: &str = "\
// Generated from tools/onnx-proto/onnx-ml.proto (ONNX 1.23.2, Apache-2.0). Do not edit: see tools/onnx-proto/README.md.
";

fn main() -> Result<(), Box<dyn Error>> {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = tool.join("../../crates/repshape-onnx/src/proto.rs");
    let schema = protox::compile([tool.join("onnx-ml.proto")], [tool])?;
    let out = tool.join("target/generated");
    fs::create_dir_all(&out)?;
    prost_build::Config::new()
        .out_dir(&out)
        // Weights are the bulk of a model: shared, not copied, when a model is read or a graph is cloned to be edited.
        .bytes([".onnx.TensorProto.raw_data"])
        // The schema's comments are not rustdoc: their indented text would become doctests.
        .disable_comments(["."])
        .compile_fds(schema)?;
    let generated = fs::read_to_string(out.join("onnx.rs"))?;
    fs::write(&target, format!("{HEADER}\n{generated}"))?;
    Ok(())
}

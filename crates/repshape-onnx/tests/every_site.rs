//! Written models are valid for `onnx.checker`, and onnxruntime finds at every site what NumPy computes from the same parameters.

use std::{error::Error, fs, io::Write, path::Path, process::Command};

use repshape_onnx::{Activation, BatchNormalization, ModelBuilder};
use serde_json::{Value, json};

/// Numbers in [-1, 1) from a linear congruence: the two sides share them by file, so any asymmetric numbers do.
struct Numbers(u64);

impl Numbers {
    fn take(&mut self, count: usize) -> Vec<f32> {
        let mut next = || {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }
}

/// No two neighbouring widths are equal, so that a transposed weight cannot pass; every activation, with and without batch
/// normalisation before it.
const LAYERS: [(usize, Activation, bool); 6] = [
    (7, Activation::Relu, true),
    (3, Activation::LeakyRelu(0.15), false),
    (6, Activation::Tanh, true),
    (4, Activation::Sigmoid, false),
    (8, Activation::Linear, true),
    (5, Activation::Relu, false),
];
const INPUTS: usize = 11;
const CLASSES: usize = 2;
/// Not PyTorch's or ONNX's default, so that an attribute left out shows.
const EPSILON: f32 = 0.037;

/// The model's bytes, and its parameters in a form that knows nothing of ONNX.
fn network() -> Result<(Vec<u8>, Value), Box<dyn Error>> {
    let mut numbers = Numbers(17);
    let mut model = ModelBuilder::new("every activation");
    model.input("input", INPUTS)?.metadata("repshape.sites", "seven layers")?;
    let (mut previous, mut width) = ("input".to_owned(), INPUTS);
    let (mut steps, mut sites) = (Vec::new(), Vec::new());
    for (index, &(units, activation, normalised)) in LAYERS.iter().enumerate() {
        let (site, pre) = (format!("fc{}", index + 1), format!("fc{}.pre", index + 1));
        let affine = if normalised { format!("{site}.affine") } else { pre.clone() };
        steps.push(dense(&mut model, &mut numbers, [&previous, &affine], [width, units])?);
        if normalised {
            let [scale, shift, mean] = [(); 3].map(|()| numbers.take(units));
            let variance = numbers.take(units).iter().map(|v| v * v + 0.01).collect::<Vec<_>>();
            let parameters =
                BatchNormalization { scale: &scale, shift: &shift, mean: &mean, variance: &variance, epsilon: EPSILON };
            model.batch_normalization(&affine, &pre, parameters)?;
            steps.push(json!({"kind": "normalise", "input": affine, "output": pre, "scale": scale, "shift": shift,
                "mean": mean, "variance": variance, "epsilon": EPSILON}));
        }
        model.activation(activation, &pre, &site)?;
        let (word, alpha) = match activation {
            Activation::Relu => ("relu", None),
            Activation::LeakyRelu(alpha) => ("leaky-relu", Some(alpha)),
            Activation::Tanh => ("tanh", None),
            Activation::Sigmoid => ("logistic", None),
            Activation::Linear => ("linear", None),
        };
        steps.push(json!({"kind": word, "alpha": alpha, "input": pre, "output": site}));
        sites.extend([pre, site.clone()]);
        (previous, width) = (site, units);
    }
    steps.push(dense(&mut model, &mut numbers, [&previous, "output"], [width, CLASSES])?);
    for site in &sites {
        model.output(site)?;
    }
    model.output("output")?;
    sites.insert(0, "output".to_owned());
    let description = json!({"columns": INPUTS, "steps": steps, "sites": sites,
        "metadata": {"repshape.sites": "seven layers"}});
    Ok((model.to_bytes()?, description))
}

fn dense(
    model: &mut ModelBuilder,
    numbers: &mut Numbers,
    [input, output]: [&str; 2],
    [inputs, outputs]: [usize; 2],
) -> Result<Value, Box<dyn Error>> {
    let (weight, bias) = (numbers.take(inputs * outputs), numbers.take(outputs));
    model.gemm(input, output, &weight, &bias, inputs, outputs)?;
    let rows = weight.chunks(outputs).collect::<Vec<_>>();
    Ok(json!({"kind": "dense", "input": input, "output": output, "weight": rows, "bias": bias}))
}

#[test]
fn onnxruntime_finds_at_every_site_what_numpy_computes() -> Result<(), Box<dyn Error>> {
    let python = std::env::var("REPSHAPE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let import = Command::new(&python).args(["-c", "import numpy, onnx, onnxruntime"]).output();
    let absent = match import {
        Ok(run) if run.status.success() => None,
        Ok(run) => {
            String::from_utf8_lossy(&run.stderr).lines().last().map(str::to_owned).or(Some("import failed".to_owned()))
        }
        Err(error) => Some(error.to_string()),
    };
    if let Some(reason) = absent {
        let message = format!(
            "{python} cannot import numpy, onnx and onnxruntime ({reason}); REPSHAPE_PYTHON names another Python"
        );
        if std::env::var_os("REPSHAPE_REQUIRE_ALL").is_some_and(|value| value == "1") {
            return Err(message.into());
        }
        // Not eprintln: the test harness would swallow it.
        writeln!(std::io::stderr(), "SKIPPED: onnxruntime_finds_at_every_site_what_numpy_computes: {message}")?;
        return Ok(());
    }

    let folder = tempfile::tempdir()?;
    let (bytes, description) = network()?;
    fs::write(folder.path().join("model.onnx"), bytes)?;
    fs::write(folder.path().join("network.json"), serde_json::to_vec(&description)?)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/every_site.py");
    let run = Command::new(&python).arg(script).arg(folder.path()).output()?;
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{text}\n{}", String::from_utf8_lossy(&run.stderr));
    // 6 x (pre, post) + output, at three batch sizes: the script says what it compared, so that comparing nothing cannot pass.
    assert!(text.contains("compared 39 arrays"), "{text}");
    Ok(())
}

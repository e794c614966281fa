//! Seconds and memory for rewiring every site of a deep model: `cargo bench -p repshape-onnx --bench rewire -- LAYERS UNITS`.
//!
//! The map is one general Q, made once and timed apart; each site costs two products with it in `f64`. The yardstick, NumPy's time
//! for such a product: `python3 -c "import numpy as n, time as t; a = n.ones((4096, 4096)); s = t.time(); a @ a; print(t.time() - s)"`.

#![allow(clippy::print_stdout, reason = "what it measures is what it prints")]

use std::{error::Error, time::Instant};

use repshape_onnx::{Model, ModelBuilder, Rewiring};
use repshape_stats::rewire::Affine;

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo adds `--bench`.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let [layers, units] = words.as_slice() else {
        println!("LAYERS UNITS: nothing measured");
        return Ok(());
    };
    let (layers, units): (usize, usize) = (layers.parse()?, units.parse()?);
    let mut state = 7_u64;
    let mut draw = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // the low bits of a linear congruence are poor
        state ^ state >> 32
    };
    let bytes = written(layers, units, &mut draw)?;
    println!("model       {:8.0} MiB", bytes.len() as f64 / f64::from(1 << 20));
    let model = Model::from_bytes(&bytes, "bench.onnx", None)?;
    drop(bytes);
    let start = Instant::now();
    let map = Affine::random_orthogonal(units, &mut draw)?.with_shift(vec![0.25; units])?;
    println!("random Q    {:8.2} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    let mut rewiring = Rewiring::of(&model)?;
    // as a caller does who has compared the two before
    drop(model);
    for layer in 1..layers {
        rewiring.apply(&format!("fc{layer}"), &map)?;
    }
    println!("{:3} sites   {:8.2} s", layers - 1, start.elapsed().as_secs_f64());
    let start = Instant::now();
    let bytes = rewiring.to_bytes()?;
    println!("to bytes    {:8.2} s, {} bytes", start.elapsed().as_secs_f64(), bytes.len());
    if let Some(peak) = peak() {
        println!("peak memory {peak:>8}");
    }
    Ok(())
}

fn written(layers: usize, units: usize, draw: &mut impl FnMut() -> u64) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut model = ModelBuilder::new("deep");
    model.input("input", units)?;
    let mut previous = "input".to_owned();
    for layer in 1..=layers {
        let name = if layer == layers { "output".to_owned() } else { format!("fc{layer}") };
        let scale = (3.0 / units as f32).sqrt();
        let weights: Vec<f32> =
            (0..units * units).map(|_| ((draw() >> 40) as f32 / (1 << 23) as f32 - 1.0) * scale).collect();
        model.gemm(&previous, &name, &weights, &vec![0.1; units], units, units)?;
        previous = name;
    }
    model.output("output")?;
    Ok(model.to_bytes()?)
}

/// The most memory that the process had, as Linux says it.
fn peak() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().to_owned())
}

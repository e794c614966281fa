//! Seconds of one run: `cargo bench -p repshape-onnx --bench throughput -- MODEL ROWS SITE [RUNS]`.
//!
//! Prints the least of the runs, because other work on the machine only ever adds. `throughput.py` sets it against onnxruntime.

#![allow(clippy::print_stdout, reason = "what it measures is what it prints")]

use std::{path::Path, time::Instant};

use repshape_onnx::{Data, Dim, Model, Tensor};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Cargo adds `--bench`.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let [path, rows, site, more @ ..] = words.as_slice() else {
        println!("MODEL ROWS SITE [RUNS]: nothing measured");
        return Ok(());
    };
    let (rows, runs): (usize, usize) = (rows.parse()?, more.first().map_or(Ok(30), |runs| runs.parse())?);
    let model = Model::open(Path::new(path))?;
    let runner = model.prepare(&model.matching(std::slice::from_ref(site))?)?;
    let mut inputs = Vec::new();
    for input in runner.inputs() {
        let side = |side: &Dim| if let Dim::Known(side) = side { *side } else { rows };
        let shape: Vec<usize> = input.shape.iter().flatten().map(side).collect();
        let values = (0..shape.iter().product()).map(|at: usize| ((at * 37 % 101) as f32) / 101.0).collect();
        inputs.push((input.name.clone(), Tensor { shape, values: Data::F32(values) }));
    }
    let mut least = f64::INFINITY;
    for _ in 0..runs {
        let start = Instant::now();
        std::hint::black_box(runner.run(&inputs)?);
        least = least.min(start.elapsed().as_secs_f64());
    }
    println!("{least:.9}");
    Ok(())
}

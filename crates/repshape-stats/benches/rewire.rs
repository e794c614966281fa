//! Folding a change of representation into two square layers, and making one:
//! `cargo bench -p repshape-stats --bench rewire`. The yardstick is NumPy's product of two such matrices in `f64`.
//!
//! `cargo bench -p repshape-stats --bench rewire -- ten-layers` folds one map after the other into a whole network of ten layers
//! of 4,096 units, once, and prints seconds, products and peak memory.

use std::time::Instant;

use divan::{Bencher, black_box};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use repshape_stats::rewire::{Affine, CompactOptions, Cutoff, Layer, Site, SiteStatistics, fold, plan_compact};

fn main() {
    if std::env::args().any(|argument| argument == "ten-layers") {
        return ten_layers(4096);
    }
    divan::main();
}

/// 4,096 inputs, ten linear layers of 4,096 units and 10 outputs in `f32`, as networks are stored: a map at each of the ten
/// sites, every fold in `f64`.
#[allow(clippy::print_stdout, reason = "what it measures is what it prints")]
fn ten_layers(units: usize) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut stored = |inputs: usize, outputs: usize| -> (Vec<f32>, Vec<f32>) {
        ((0..inputs * outputs).map(|_| rng.random_range(-0.02..0.02)).collect(), vec![0.5; outputs])
    };
    let mut network: Vec<(Vec<f32>, Vec<f32>)> = (0..10).map(|_| stored(units, units)).collect();
    network.push(stored(units, 10));
    println!("network made: peak {}", peak_memory());

    let (x, map) = (layer(units, 3).into_parts().0, layer(units, 4));
    let start = Instant::now();
    black_box(map.apply(&x).unwrap());
    let product = start.elapsed().as_secs_f64();
    drop((x, map));
    println!("one product of {units} x {units} in f64: {product:.2} s");

    let start = Instant::now();
    let dense = orthogonal(units);
    println!("a random orthogonal map: {:.1} s", start.elapsed().as_secs_f64());
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let diagonal = Affine::random_scale(units, 0.5, 2.0, &mut || rng.next_u64()).unwrap();
    for (name, site, map) in
        [("a positive diagonal", Site::RELU, &diagonal), ("a dense orthogonal map", Site::Linear, &dense)]
    {
        let (start, busy) = (Instant::now(), processor_seconds());
        let mut rewired = network.clone();
        for place in 0..10 {
            let (mut writer, mut readers) = (wide(&rewired[place]), [wide(&rewired[place + 1])]);
            fold(site, &mut writer, &mut readers, map).unwrap();
            rewired[place] = narrow(writer);
            let [reader] = readers;
            rewired[place + 1] = narrow(reader);
        }
        black_box(&rewired);
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "{name} at ten sites: {seconds:.1} s ({:.1} s of processors), {:.1} products of f64, peak {}",
            processor_seconds() - busy,
            seconds / product,
            peak_memory()
        );
    }
}

fn wide((weights, bias): &(Vec<f32>, Vec<f32>)) -> Layer {
    let cast = |values: &[f32]| values.iter().map(|&x| f64::from(x)).collect();
    Layer::new(weights.len() / bias.len(), cast(weights), cast(bias)).unwrap()
}

fn narrow(layer: Layer) -> (Vec<f32>, Vec<f32>) {
    let (weights, bias) = layer.into_parts();
    let cast = |values: Vec<f64>| values.into_iter().map(|x| x as f32).collect();
    (cast(weights), cast(bias))
}

/// User and system time of all threads as Linux tells it, in ticks of 10 ms: what a machine with other work to do has really
/// spent here.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// As Linux tells it.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |line| line.trim().to_owned())
}

fn layer(units: usize, seed: u64) -> Layer {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let weights = (0..units * units).map(|_| rng.random_range(-1.0..1.0)).collect();
    Layer::new(units, weights, vec![0.5; units]).unwrap()
}

fn orthogonal(units: usize) -> Affine {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    Affine::random_orthogonal(units, &mut || rng.next_u64()).unwrap()
}

/// Two products of `units x units`.
#[divan::bench(args = [1024, 4096], sample_count = 3)]
fn fold_two_layers(bencher: Bencher, units: usize) {
    let map = orthogonal(units);
    let (mut writer, mut readers) = (layer(units, 1), [layer(units, 2)]);
    bencher.bench_local(|| fold(Site::Linear, &mut writer, &mut readers, black_box(&map)).unwrap());
}

#[divan::bench(args = [1024, 4096], sample_count = 1)]
fn random_orthogonal(units: usize) -> Affine {
    orthogonal(units)
}

/// With the eigenvectors of a covariance.
#[divan::bench(args = [512, 1024, 4096], sample_count = 1)]
fn whiten(bencher: Bencher, units: usize) {
    let map = orthogonal(units).then(&Affine::scale((1..=units).map(|i| 1.0 / i as f64).collect()).unwrap()).unwrap();
    let identity: Vec<f64> = (0..units * units).map(|at| f64::from(at / units == at % units)).collect();
    let turned = orthogonal(units).inverse().covariance_after(&map.covariance_after(&identity).unwrap()).unwrap();
    let known = SiteStatistics::new(vec![0.0; units], turned).unwrap();
    bencher.bench_local(|| Affine::whiten(black_box(&known), Cutoff::Rounding).unwrap());
}

/// Behind a ReLU, by the weights alone.
#[divan::bench(args = [1024, 4096], sample_count = 1)]
fn plan_at_relu(bencher: Bencher, units: usize) {
    let (writers, readers) = ([layer(units, 1)], [layer(units, 2)]);
    bencher.bench_local(|| plan_compact(Site::RELU, None, &writers, &readers, &CompactOptions::default()).unwrap());
}

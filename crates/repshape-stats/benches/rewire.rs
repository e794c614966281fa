//! Folding a change of representation into two square layers, and making one:
//! `cargo bench -p repshape-stats --bench rewire`. The yardstick is NumPy's product of two such matrices in `f64`.

use divan::{Bencher, black_box};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use repshape_stats::rewire::{Affine, CompactOptions, Cutoff, Layer, Site, SiteStatistics, fold, plan_compact};

fn main() {
    divan::main();
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

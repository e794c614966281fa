//! All characteristics of 10,000 rows x 100 units with 10 classes, with and without mutual information, and their parts:
//! `cargo bench -p repshape-stats --bench measures`. The NumPy counterpart is `benches/peers/measures_numpy.py`.

use divan::{Bencher, black_box};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use repshape_stats::intrinsic_dimension::two_nn;
use repshape_stats::moments::ClassMoments;
use repshape_stats::{Block, Selection, Sketch, SketchConfig, measure};

fn main() {
    divan::main();
}

const CLASSES: usize = 10;

/// Rectified sums of 20 shared factors and noise, single precision, as a hidden layer gives them.
fn rows(rows: usize, units: usize) -> (Vec<f32>, Vec<u32>) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mix: Vec<f32> = (0..20 * units).map(|_| rng.random_range(-0.5..0.5)).collect();
    let mut z = Vec::with_capacity(rows * units);
    for _ in 0..rows {
        let factors: [f32; 20] = std::array::from_fn(|_| rng.random_range(-1.0..1.0));
        for unit in 0..units {
            let shared: f32 = factors.iter().enumerate().map(|(f, factor)| factor * mix[f * units + unit]).sum();
            z.push((shared + rng.random_range(-0.3_f32..0.3)).max(0.0));
        }
    }
    (z, (0..rows).map(|_| rng.random_range(0..CLASSES as u32)).collect())
}

fn sketch(z: &[f32], units: usize, labels: &[u32], config: &SketchConfig) -> Sketch {
    let mut sketch = Sketch::new(config).unwrap();
    sketch.update(&Block::new(z, units).unwrap().with_labels(labels).unwrap()).unwrap();
    sketch
}

/// Everything but the mutual information.
#[divan::bench(args = [(10_000, 100), (10_000, 512)])]
fn all_without_mi(bencher: Bencher, (count, units): (usize, usize)) {
    let (z, labels) = rows(count, units);
    let config = SketchConfig::new(units).with_classes(CLASSES);
    let selection = Selection::default().without_pairs_of_rows();
    bencher.bench_local(|| measure(&sketch(black_box(&z), units, &labels, &config), &selection));
}

/// Everything, all pairs of rows included.
#[divan::bench(args = [(10_000, 100)], sample_count = 5, sample_size = 1)]
fn all_with_mi(bencher: Bencher, (count, units): (usize, usize)) {
    let (z, labels) = rows(count, units);
    let config = SketchConfig::new(units).with_classes(CLASSES);
    let selection = Selection::default();
    bencher.bench_local(|| measure(&sketch(black_box(&z), units, &labels, &config), &selection));
}

/// The pass over the rows alone.
#[divan::bench(args = [(10_000, 100), (10_000, 512)])]
fn pass(bencher: Bencher, (count, units): (usize, usize)) {
    let (z, labels) = rows(count, units);
    let config = SketchConfig::new(units).with_classes(CLASSES);
    bencher.bench_local(|| sketch(black_box(&z), units, &labels, &config));
}

/// The pass without the positive-only pairs and the class-wise co-moments: one Gram product.
#[divan::bench(args = [(10_000, 100), (10_000, 512)])]
fn pass_of_one_covariance(bencher: Bencher, (count, units): (usize, usize)) {
    let (z, labels) = rows(count, units);
    let mut config = SketchConfig::new(units).with_classes(CLASSES);
    config.positive_pairs = false;
    config.class_moments = ClassMoments::Diagonal;
    bencher.bench_local(|| sketch(black_box(&z), units, &labels, &config));
}

/// Reading the measures from a sketch.
#[divan::bench(args = [(10_000, 100), (10_000, 512)])]
fn read(bencher: Bencher, (count, units): (usize, usize)) {
    let (z, labels) = rows(count, units);
    let sketch = sketch(&z, units, &labels, &SketchConfig::new(units).with_classes(CLASSES));
    let selection = Selection::default().without_pairs_of_rows();
    bencher.bench_local(|| measure(black_box(&sketch), &selection));
}

/// The pass for neural collapse: one covariance, and the pooled one within the classes.
#[divan::bench(args = [(10_000, 100), (10_000, 512)])]
fn pass_of_pooled_classes(bencher: Bencher, (count, units): (usize, usize)) {
    let (z, labels) = rows(count, units);
    let mut config = SketchConfig::new(units).with_classes(CLASSES);
    config.positive_pairs = false;
    config.class_moments = ClassMoments::Pooled;
    bencher.bench_local(|| sketch(black_box(&z), units, &labels, &config));
}

/// The intrinsic dimension: all pairs of rows.
#[divan::bench(args = [(10_000, 100)], sample_count = 5, sample_size = 1)]
fn intrinsic_dimension(bencher: Bencher, (count, units): (usize, usize)) {
    let z: Vec<f64> = rows(count, units).0.into_iter().map(f64::from).collect();
    bencher.bench_local(|| two_nn(black_box(&z), units));
}

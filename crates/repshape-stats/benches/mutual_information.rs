//! Mutual information over all pairs of rows.
//!
//! `cargo bench -p repshape-stats --bench mutual_information` times 1,000 and 10,000 rows of 100 units; add
//! `-- --include-ignored` for 100,000 rows as well, which takes about a minute on two cores.
//! Threads: `RAYON_NUM_THREADS`.

use std::hint::black_box;

use repshape_stats::mutual_information::{MiOptions, NoiseVariance, mutual_information};

const UNITS: usize = 100;
const CLASSES: usize = 10;

fn main() {
    divan::main();
}

/// Ten overlapping clusters from sines: no random numbers, and distances spread over the range of the
/// exponential, as after training.
fn rows(count: usize) -> (Vec<f64>, Vec<u32>) {
    let labels: Vec<u32> = (0..count).map(|n| (n * 7 % CLASSES) as u32).collect();
    let value = |n: usize, unit: usize| {
        let (row, column) = (n as f64, unit as f64);
        (12.9898 * row + 78.233 * column + 0.01 * row * column).sin()
            + f64::from(labels[n]) * (column + 1.0).cos() / 4.0
    };
    let values = (0..count * UNITS).map(|at| value(at / UNITS, at % UNITS)).collect();
    (values, labels)
}

fn measure(bencher: divan::Bencher, count: usize) {
    let (values, labels) = rows(count);
    let options = MiOptions { variance: NoiseVariance::Relative(1.0) };
    bencher.bench(|| mutual_information(black_box(&values), UNITS, Some((&labels, CLASSES)), &options));
}

#[divan::bench(args = [1_000, 10_000], sample_count = 10, sample_size = 1)]
fn rows_x_100_units(bencher: divan::Bencher, count: usize) {
    measure(bencher, count);
}

#[divan::bench(sample_count = 1, sample_size = 1, ignore)]
fn a_hundred_thousand_rows_x_100_units(bencher: divan::Bencher) {
    measure(bencher, 100_000);
}

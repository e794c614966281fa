//! Value and gradient of the penalties at 100 rows, 10 classes, one thread:
//! `cargo bench -p repshape --bench penalties`.

use burn::tensor::{DType, Device, Tensor, TensorData};
use divan::Bencher;
use repshape::groups::{Groups, Scope};
use repshape::penalty::PenaltyConfig;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROWS: usize = 100;
const CLASSES: usize = 10;

fn main() {
    divan::main();
}

#[divan::bench(args = [100, 512, 4096])]
fn vr(bencher: Bencher, units: usize) {
    value_and_gradient(bencher, "vr", units);
}

#[divan::bench(args = [100, 512, 4096])]
fn cw_vr(bencher: Bencher, units: usize) {
    value_and_gradient(bencher, "cw-vr", units);
}

#[divan::bench(args = [100, 512, 4096])]
fn cr(bencher: Bencher, units: usize) {
    value_and_gradient(bencher, "cr", units);
}

#[divan::bench(args = [100, 512, 4096])]
fn cw_cr(bencher: Bencher, units: usize) {
    value_and_gradient(bencher, "cw-cr", units);
}

/// As in a training step: the activations are shared with the tape, the groups are made for the batch.
fn value_and_gradient(bencher: Bencher, name: &str, units: usize) {
    let config: PenaltyConfig = name.parse().expect("a name of the catalog");
    let penalty = config.build().expect("no layer");
    let device = Device::flex();
    let values: Vec<f32> = (0..ROWS * units).map(|n| ((n * 7919) % 1009) as f32 / 1009.0).collect();
    let z = Tensor::<2>::from_data(TensorData::new(values, [ROWS, units]), &device);
    let labels: Vec<u32> = (0..ROWS).map(|row| (row % CLASSES) as u32).collect();
    // of all the pools that a thread can be in, the first one stays
    drop(rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build());
    assert_eq!(rayon::current_num_threads(), 1);
    bencher.bench_local(|| {
        let groups = match config.scope() {
            Scope::All => Groups::all(ROWS, &device, DType::F32),
            Scope::Class => Groups::by_class(&labels, CLASSES, &device, DType::F32).expect("labels below 10"),
        };
        penalty.value_and_gradient(&z, &groups)
    });
}

//! Rewired networks: the same outputs, other representations.

mod compact;
mod cpn;
mod outputs;
mod refusals;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use repshape::burn::module::Module;
use repshape::burn::tensor::{Device, Tensor, TensorData};
use repshape::network::{Mlp, MlpSpec, Network, Site};
use repshape::parameters::{export, import};
use repshape::rewire::Affine;
use repshape_data::{Classes, DataSet, Examples, Hold, Part, SplitSpec, Test, Tuning, Values};

/// What `f32` leaves of a fold through maps of condition below 10, in layers of a dozen units.
const SAME: f64 = 1e-5;

/// 90 training, 20 validation and 30 test rows of `columns` values from -1 to 1, in 3 classes.
fn rows(columns: usize) -> (Tuning, Test) {
    let part = |rows: usize, shift: usize| {
        let entry = |n: usize, i: usize| (((n + shift) * 37 + i * 101) % 97) as f32 / 48.5 - 1.0;
        let values: Vec<f32> = (0..rows).flat_map(|n| (0..columns).map(move |i| entry(n, i))).collect();
        let labels = (0..rows).map(|n| u32::from(values[n * columns] > 0.0) + u32::from(values[n * columns + 1] > 0.0));
        Part {
            file: "made.npy".to_owned(),
            labels_file: "made.npy".to_owned(),
            labels: Some(labels.collect()),
            values: Values::Reals(values),
        }
    };
    let classes = Classes { count: 3, names: None };
    let set = DataSet::new("made", &[columns], part(110, 0), part(30, 1000), Some(classes)).unwrap();
    set.split(&SplitSpec { validation: Some(Hold::Rows(20)), ..SplitSpec::default() }).unwrap()
}

/// A network from 7 columns to 3 outputs with biases and running statistics that are not those of the start.
fn network(spec: &str, norms: &[usize], seed: u64) -> Mlp {
    let mut spec: MlpSpec = spec.parse().unwrap();
    norms.iter().for_each(|&layer| spec.hidden[layer].batch_norm = true);
    let network = spec.init(7, 3, seed, &Device::flex());
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut parameters = export(&network);
    for parameter in &mut parameters {
        match parameter.name.rsplit('.').next().unwrap() {
            "running_var" => parameter.values.iter_mut().for_each(|v| *v = rng.random_range(0.25..4.0)),
            "gamma" => parameter.values.iter_mut().for_each(|v| *v = rng.random_range(-2.0..2.0)),
            "bias" | "beta" | "running_mean" => {
                parameter.values.iter_mut().for_each(|v| *v = rng.random_range(-0.5..0.5));
            }
            _ => {}
        }
    }
    import(network, parameters).unwrap().valid()
}

/// The values of a site, in `f64`.
fn values_at(network: &Mlp, rows: &Examples, name: &str) -> Vec<f64> {
    let mut found = Vec::new();
    let shape = [rows.rows(), rows.columns()];
    let data = TensorData::new(rows.values().to_vec(), shape);
    let mut read = |site: &Site, z: Tensor<2>| {
        if site.name == name {
            found = z.clone().into_data().iter::<f64>().collect();
        }
        z
    };
    network.valid().forward_tapped(Tensor::from_data(data, &Device::flex()), &mut read);
    found
}

fn bits(seed: u64) -> impl FnMut() -> u64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    move || rng.next_u64()
}

/// Orthogonal, scales from 1/3 to 3, orthogonal, and a shift: of condition below 9.
fn general(units: usize, seed: u64) -> Affine {
    let mut draw = bits(seed);
    let turn = Affine::random_orthogonal(units, &mut draw).unwrap();
    let scale = Affine::random_scale(units, 1.0 / 3.0, 3.0, &mut draw).unwrap();
    let map = turn.then(&scale).unwrap().then(&Affine::random_orthogonal(units, &mut draw).unwrap()).unwrap();
    map.with_shift((0..units).map(|i| i as f64 / units as f64 - 0.3).collect()).unwrap()
}

/// Largest difference over the largest value.
fn difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let largest = a.iter().chain(b).fold(1e-300f64, |largest, x| largest.max(x.abs()));
    a.iter().zip(b).fold(0.0f64, |most, (a, b)| most.max((a - b).abs())) / largest
}

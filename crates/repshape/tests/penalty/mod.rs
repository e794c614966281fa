//! Penalties: every row of the catalog against golden values, central differences, autodiff and its own laws.

use burn::tensor::{DType, Device, Tensor, TensorData};
use repshape::groups::Groups;
use repshape::penalty::{CATALOG, Penalty, PenaltyConfig, Target, UnitGroups};

mod conformance;
mod golden;
mod hand_worked;
mod spelling;

/// A matrix of the given rows.
pub(crate) fn matrix(values: &[f64], rows: usize, dtype: DType) -> Tensor<2> {
    let units = values.len() / rows;
    Tensor::from_data(TensorData::new(values.to_vec(), [rows, units]), (&Device::flex(), dtype))
}

/// Groups by class where there are labels, else all rows.
pub(crate) fn groups(labels: Option<(&[u32], usize)>, rows: usize, dtype: DType) -> Groups {
    match labels {
        Some((labels, classes)) => Groups::by_class(labels, classes, &Device::flex(), dtype).unwrap(),
        None => Groups::all(rows, &Device::flex(), dtype),
    }
}

/// Value and gradient as f64.
pub(crate) fn evaluate(penalty: &dyn Penalty, z: &Tensor<2>, groups: &Groups) -> (f64, Vec<f64>) {
    let (value, gradient) = penalty.value_and_gradient(z, groups);
    assert_eq!(gradient.dims(), z.dims());
    assert_eq!((value.dtype(), gradient.dtype()), (z.dtype(), z.dtype()));
    (value.into_scalar::<f64>(), numbers(gradient))
}

/// The entries of a tensor.
pub(crate) fn numbers(tensor: Tensor<2>) -> Vec<f64> {
    tensor.into_data().convert::<f64>().try_into_vec::<f64>().unwrap()
}

/// Irregular numbers of both signs, reproducible and never tied.
pub(crate) fn sample(rows: usize, units: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..rows * units).map(|_| next() + next() + next() - 1.4).collect()
}

/// Every penalty with a value, each with all its options.
pub(crate) fn configs(units: usize) -> Vec<PenaltyConfig> {
    let mut all: Vec<PenaltyConfig> = Vec::new();
    for row in CATALOG.iter().filter(|row| row.target != Target::Layer) {
        let mut found = vec![row.config.clone()];
        for option in row.options.iter().filter(|option| !option.contains(' ')) {
            found.push(format!("{}:{option}", row.name).parse().unwrap());
            if !["mean", "sum"].contains(option) {
                found.push(format!("{}:{option}:sum", row.name).parse().unwrap());
                found.push(format!("{}:{option}:mean", row.name).parse().unwrap());
            }
        }
        all.extend(found);
    }
    let half =
        UnitGroups::new(vec![(0..units / 2).collect(), (units / 2..units - 1).collect(), vec![units - 1]]).unwrap();
    all.into_iter().map(|config| config.with_unit_groups(half.clone())).collect()
}

//! Against NumPy (`tests/golden/penalties.py` writes `penalties.json`), in f64 and f32.

use burn::tensor::DType;
use repshape::penalty::{PenaltyConfig, Reduction, UnitGroups};

use super::{evaluate, groups, matrix};

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    spec: String,
    reduction: Option<String>,
    labels: Option<Vec<u32>>,
    classes: Option<usize>,
    groups: Option<Vec<Vec<usize>>>,
    rows: usize,
    z: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

/// Compares all cases; an entry may be off by `tolerance` times what the numbers that cancel in it are of.
fn compare(dtype: DType, tolerance: f64, of_mean_1000: f64) {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../golden/penalties.json")).unwrap();
    assert!(cases.len() > 200, "the golden file is cut short");
    let mut wrong = Vec::new();
    for case in &cases {
        let reduction = match case.reduction.as_deref() {
            Some("mean") => Some(Reduction::Mean),
            Some("sum") => Some(Reduction::Sum),
            _ => None,
        };
        let mut config = PenaltyConfig::parse(&case.spec, reduction).unwrap();
        if let Some(units) = &case.groups {
            config = config.with_unit_groups(UnitGroups::new(units.clone()).unwrap());
        }
        let labels = case.labels.as_deref().zip(case.classes);
        let (value, gradient) = evaluate(
            config.build().unwrap().as_ref(),
            &matrix(&case.z, case.rows, dtype),
            &groups(labels, case.rows, dtype),
        );
        let tolerance = if case.name.contains("mean 1000") { tolerance * of_mean_1000 } else { tolerance };
        let largest = |entries: &[f64]| entries.iter().fold(0.0f64, |most, entry| most.max(entry.abs()));
        // entries of a gradient are sums that cancel: measured against the largest of them, or, where all of them are 0
        // but for rounding (the rank of one row), against the value over the size of the activations
        let scale = largest(&case.gradient).max(1e-3 * case.value.abs() / largest(&case.z).max(1e-3));
        let off = gradient.iter().zip(&case.gradient).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        if (value - case.value).abs() > tolerance * case.value.abs().max(1e-12) || off > tolerance * scale.max(1e-12) {
            wrong.push(format!("{}: value {value} for {}, gradient off by {off} of {scale}", case.name, case.value));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn every_penalty_agrees_with_numpy_in_f64() {
    compare(DType::F64, 1e-10, 1.0);
}

#[test]
fn every_penalty_agrees_with_numpy_in_f32() {
    // 2^-24 times sums of tens of products; at a mean of 1000 the input itself rounds to 3e-5 of its deviation,
    // to the fourth power in the covariances
    compare(DType::F32, 1e-5, 100.0);
}

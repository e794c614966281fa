//! Against `tests/golden/rewire.json`, written by the NumPy script beside it.

use repshape_stats::rewire::{Affine, Cutoff};
use serde::Deserialize;

use super::{difference, statistics};

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    case: String,
    units: usize,
    rank: usize,
    rows: Vec<f64>,
    target: Vec<f64>,
    mean: Vec<f64>,
    whiten: Vec<f64>,
    pca: Vec<f64>,
    rotate: Vec<f64>,
    cholesky: Vec<f64>,
    target_times_covariance: Vec<f64>,
    condition: f64,
}

#[test]
fn matrices_equal_the_numpy_script() {
    let golden: Golden = serde_json::from_str(include_str!("../../golden/rewire.json")).unwrap();
    assert_eq!(golden.cases.len(), 5);
    for case in golden.cases {
        let (n, rank) = (case.units, case.rank);
        let known = statistics(&case.rows, n);
        assert!(difference(known.mean(), &case.mean) < 1e-13, "{}", case.case);
        let cutoff = Cutoff::Share(1e-12);
        let whiten = Affine::whiten(&known, cutoff).unwrap();
        let pca = Affine::pca(&known, cutoff).unwrap();
        let rotate = Affine::rotate(&known, cutoff).unwrap();
        let cholesky = Affine::cholesky(&known, cutoff).unwrap();
        let target = Affine::target(&known, case.target, cutoff).unwrap();
        for fitted in [&whiten, &pca, &rotate, &cholesky, &target] {
            assert_eq!(fitted.rank, rank, "{}", case.case);
            assert!(difference(fitted.affine.shift(), &case.mean) < 1e-13, "{}", case.case);
        }
        assert!((whiten.condition / case.condition - 1.0).abs() < 1e-9, "{}", case.case);
        let q = |affine: &Affine| affine.matrix();
        let covariance = known.covariance().unwrap();
        let t = q(&target.affine);
        let product: Vec<f64> =
            (0..n * n).map(|at| (0..n).map(|k| t[at / n * n + k] * covariance[k * n + at % n]).sum()).collect();
        for (name, found, expected) in [
            ("whiten", q(&whiten.affine), case.whiten),
            ("pca", q(&pca.affine)[..rank * n].to_vec(), case.pca),
            ("rotate", q(&rotate.affine)[..rank * n].to_vec(), case.rotate),
            ("cholesky", q(&cholesky.affine), case.cholesky),
            ("target", product, case.target_times_covariance),
        ] {
            let difference = difference(&found, &expected);
            assert!(difference < 1e-9, "{name} of {}: {difference:e}", case.case);
        }
    }
}

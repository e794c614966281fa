//! Against `tests/golden/compare.json`, written by the NumPy script beside it.

use std::collections::BTreeMap;

use repshape_stats::compare::{
    BootstrapOptions, CrossMoments, KernelMatrix, SIMILARITIES, SimilarityOptions, change, similarities,
};
use repshape_stats::{Block, Options, Selection};
use serde::Deserialize;

use crate::close;

#[derive(Deserialize)]
struct Golden {
    similarities: Vec<Case>,
    bootstrap: Bootstrap,
}

#[derive(Deserialize)]
struct Case {
    case: String,
    single: bool,
    units_a: usize,
    units_b: usize,
    svcca_variance: f64,
    a: Vec<f64>,
    b: Vec<f64>,
    values: BTreeMap<String, Option<f64>>,
}

#[derive(Deserialize)]
struct Bootstrap {
    a: Vec<f64>,
    units_a: usize,
    b: Vec<f64>,
    units_b: usize,
    labels: Vec<u32>,
    classes: usize,
    draws: usize,
    level: f64,
    seed: u64,
    /// In A, in B, difference, low, high.
    changes: BTreeMap<String, [f64; 5]>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../golden/compare.json")).unwrap()
}

#[test]
fn every_similarity_equals_the_numpy_script() {
    let cases = golden().similarities;
    assert_eq!(cases.len(), 14);
    for case in cases {
        let narrow = |z: &[f64]| z.iter().map(|&z| z as f32).collect::<Vec<f32>>();
        let (a, b) = (narrow(&case.a), narrow(&case.b));
        let rows = case.a.len() / case.units_a;
        let options = SimilarityOptions { svcca_variance: case.svcca_variance };
        // in one update, and in five, of which each is its own state, the last merged first
        for pieces in [1, 5] {
            let mut whole = CrossMoments::new(case.units_a, case.units_b).unwrap();
            for piece in (0..pieces).rev() {
                let (start, end) = (piece * rows / pieces, (piece + 1) * rows / pieces);
                let block = |narrow: &[f32], wide: &[f64], units: usize, update: &mut dyn FnMut(&Block<'_>)| {
                    let cells = start * units..end * units;
                    if case.single {
                        update(&Block::new(&narrow[cells], units).unwrap());
                    } else {
                        update(&Block::new(&wide[cells], units).unwrap());
                    }
                };
                let mut part = CrossMoments::new(case.units_a, case.units_b).unwrap();
                block(&a, &case.a, case.units_a, &mut |x| {
                    block(&b, &case.b, case.units_b, &mut |y| part.update(x, y).unwrap());
                });
                whole.merge(part).unwrap();
            }
            assert_eq!(whole.rows(), rows as u64);
            let ours = similarities(&whole, &options).unwrap();
            assert_eq!(case.values.len(), SIMILARITIES.len());
            for (name, &theirs) in &case.values {
                let ours = ours.get(name);
                assert!(close(ours, theirs, 1e-9, 1e-13), "{}: {name}: {ours:?}, NumPy has {theirs:?}", case.case);
            }
        }
        let kernel = |z: &[f64], units| KernelMatrix::of(&Block::new(z, units).unwrap()).unwrap();
        let found = kernel(&case.a, case.units_a).cka_unbiased(&kernel(&case.b, case.units_b)).unwrap();
        let theirs = case.values["cka_unbiased"];
        assert!(close(found, theirs, 1e-9, 1e-13), "{}: {found:?}, NumPy has {theirs:?}", case.case);
    }
}

#[test]
fn bootstrap_intervals_equal_the_numpy_script() {
    let case = golden().bootstrap;
    let a = Block::new(&case.a[..], case.units_a).unwrap().with_labels(&case.labels).unwrap();
    let b = Block::new(&case.b[..], case.units_b).unwrap();
    let selection = Selection::only(case.changes.keys().map(String::as_str), Options::default()).unwrap();
    let options = BootstrapOptions { draws: case.draws, level: case.level, seed: case.seed };
    let found = change(&a, &b, Some(case.classes), &selection, &options).unwrap();
    assert_eq!(found.changes.len(), 6);
    for (name, expected) in &case.changes {
        let change = found.get(name).unwrap();
        let ours = [change.a, change.b, change.difference, change.low, change.high];
        for (ours, &theirs) in ours.into_iter().zip(expected) {
            assert!(close(ours, Some(theirs), 1e-9, 1e-13), "{name}: {change:?}, NumPy has {expected:?}");
        }
    }
}

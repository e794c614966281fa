//! Against `tests/golden/measures.json`, written by the NumPy script beside it.

use std::collections::BTreeMap;

use repshape_stats::{Block, CATALOG, Head, Options, Selection, Sketch, SketchConfig, measure};
use serde::Deserialize;

use crate::close;

#[derive(Deserialize)]
struct Case {
    case: String,
    single: bool,
    units: usize,
    classes: Option<usize>,
    labels: Option<Vec<u32>>,
    z: Vec<f64>,
    /// Weights and biases.
    head: Option<[Vec<f64>; 2]>,
    class_means: Option<Vec<f64>>,
    measures: BTreeMap<String, Option<f64>>,
}

#[test]
fn every_measure_equals_the_numpy_script() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../golden/measures.json")).unwrap();
    assert_eq!(cases.len(), 13);
    for case in cases {
        let narrow: Vec<f32> = case.z.iter().map(|&z| z as f32).collect();
        let head = case.head.map(|[weights, bias]| Head::new(weights, bias).unwrap());
        let options = Options { head, class_means: case.class_means, ..Options::default() };
        let selection = Selection::all(options).unwrap();
        let mut config = SketchConfig::new(case.units);
        config.classes = case.classes;
        // in one update, and in five of which each is its own sketch
        let rows = case.z.len() / case.units;
        for pieces in [1, 5] {
            let mut whole = Sketch::new(&config).unwrap();
            for piece in 0..pieces {
                let (start, end) = (piece * rows / pieces, (piece + 1) * rows / pieces);
                let cells = start * case.units..end * case.units;
                let block = if case.single {
                    Block::new(&narrow[cells], case.units)
                } else {
                    Block::new(&case.z[cells], case.units)
                };
                let mut block = block.unwrap().starting_at(start as u64);
                if let Some(labels) = &case.labels {
                    block = block.with_labels(&labels[start..end]).unwrap();
                }
                let mut part = Sketch::new(&config).unwrap();
                part.update(&block).unwrap();
                whole.merge(part).unwrap();
            }
            let ours = measure(&whole, &selection);
            assert_eq!(case.measures.len(), CATALOG.len());
            for (name, &theirs) in &case.measures {
                let ours = ours.get(name);
                // the floor: estimates of I(z;y) are differences of entropies of about 1
                assert!(close(ours, theirs, 1e-9, 1e-13), "{}: {name}: {ours:?}, NumPy has {theirs:?}", case.case);
            }
        }
    }
}

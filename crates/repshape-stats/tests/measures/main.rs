//! The measures against hand-worked numbers, an independent NumPy script, and the laws of the catalog.

mod by_hand;
mod collapse;
mod compare;
mod conformance;
mod draws;
mod golden;
mod rewire;
mod same_bits;
mod wide;

use repshape_stats::{Block, Measurement, Selection, Sketch, SketchConfig, measure};

/// One sketch of all rows in one update.
fn sketch(z: &[f64], units: usize, labels: Option<(&[u32], usize)>) -> Sketch {
    let mut config = SketchConfig::new(units);
    let mut block = Block::new(z, units).unwrap();
    if let Some((labels, classes)) = labels {
        config = config.with_classes(classes);
        block = block.with_labels(labels).unwrap();
    }
    let mut sketch = Sketch::new(&config).unwrap();
    sketch.update(&block).unwrap();
    sketch
}

fn measurement(z: &[f64], units: usize, labels: Option<(&[u32], usize)>) -> Measurement {
    measure(&sketch(z, units, labels), &Selection::default())
}

/// Equal to a relative tolerance, or both below `floor`: sums that cancel to 0 keep the rounding of their terms.
fn close(a: Option<f64>, b: Option<f64>, relative: f64, floor: f64) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => (a - b).abs() <= relative * a.abs().max(b.abs()) || (a - b).abs() <= floor,
        _ => false,
    }
}

//! Two representations of the same rows: by hand, against NumPy, under the maps that must not matter.

mod by_hand;
mod golden;
mod laws;
mod same_bits;

use repshape_stats::Block;
use repshape_stats::compare::{CrossMoments, Similarities, SimilarityOptions, similarities};

fn moments((a, units_a): (&[f64], usize), (b, units_b): (&[f64], usize)) -> CrossMoments {
    let mut moments = CrossMoments::new(units_a, units_b).unwrap();
    moments.update(&Block::new(a, units_a).unwrap(), &Block::new(b, units_b).unwrap()).unwrap();
    moments
}

fn compared(a: (&[f64], usize), b: (&[f64], usize)) -> Similarities {
    similarities(&moments(a, b), &SimilarityOptions::default()).unwrap()
}

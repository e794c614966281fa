//! The laws that every row of [`SIMILARITIES`] obeys, over random representations.

use proptest::prelude::*;
use repshape_stats::Block;
use repshape_stats::compare::{
    CrossMoments, Invariance, SIMILARITIES, Similarities, SimilarityOptions, SimilarityRow, similarities,
};

use super::compared;
use crate::close;

#[derive(Debug, Clone)]
struct Pair {
    a: Vec<f64>,
    units_a: usize,
    b: Vec<f64>,
    units_b: usize,
    /// Numbers between -1 and 1 to make maps of.
    map: Vec<f64>,
}

impl Pair {
    fn compared(&self) -> Similarities {
        compared((&self.a, self.units_a), (&self.b, self.units_b))
    }
}

/// More rows than units on both sides together, so that the ranks do not hang on rounding; B is partly a map of A.
fn pair() -> impl Strategy<Value = Pair> {
    (1_usize..5, 1_usize..5).prop_flat_map(|(units_a, units_b)| {
        let row = prop::collection::vec(-128_i32..=128, units_a + units_b);
        let rows = prop::collection::vec(row, 12..40);
        (rows, prop::collection::vec(-1.0..1.0, 16), 0.0..1.0, prop::sample::select(vec![0.0, 1000.0])).prop_map(
            move |(rows, map, mixing, mean)| {
                let (mut a, mut b) = (Vec::new(), Vec::new());
                for row in &rows {
                    let (x, y) = row.split_at(units_a);
                    a.extend(x.iter().map(|&x| mean + f64::from(x) / 64.0));
                    b.extend(
                        y.iter()
                            .enumerate()
                            .map(|(j, &y)| f64::from(y) / 64.0 + mixing * f64::from(x[j % units_a]) / 16.0),
                    );
                }
                Pair { a, units_a, b, units_b, map }
            },
        )
    })
}

/// `z (1 - 2 w w^T / w^T w)`, a reflection.
fn reflected(z: &[f64], units: usize, map: &[f64]) -> Vec<f64> {
    let w: Vec<f64> = (0..units).map(|i| map[i] + if i == 0 { 2.0 } else { 0.0 }).collect();
    let norm: f64 = w.iter().map(|w| w * w).sum();
    let of_row = |row: &[f64]| -> Vec<f64> {
        let along: f64 = row.iter().zip(&w).map(|(z, w)| z * w).sum::<f64>() * 2.0 / norm;
        row.iter().zip(&w).map(|(z, w)| z - along * w).collect()
    };
    z.chunks_exact(units).flat_map(of_row).collect()
}

/// `z M`, M with a dominant diagonal and units of different scale, so of a condition of about 100 at most.
fn mapped(z: &[f64], units: usize, map: &[f64]) -> Vec<f64> {
    let entry = |i: usize, j: usize| {
        let near = if i == j { 1.0 } else { map[(i * units + j) % map.len()] / units as f64 };
        near * [1.0, 10.0, 0.3, 2.0][j % 4]
    };
    let of_row =
        |row: &[f64]| -> Vec<f64> { (0..units).map(|j| (0..units).map(|i| row[i] * entry(i, j)).sum()).collect() };
    z.chunks_exact(units).flat_map(of_row).collect()
}

fn assert_same(left: &Similarities, right: &Similarities, which: impl Fn(&SimilarityRow) -> bool, law: &str) {
    for row in SIMILARITIES.iter().filter(|row| which(row)) {
        let (left, right) = (left.get(row.name), right.get(row.name));
        // the floor: sums of about 1 that cancel, and canonical correlations of whitened directions
        assert!(close(left, right, 1e-9, 1e-10), "{}: {law}: {left:?} and {right:?}", row.name);
    }
}

/// SVCCA keeps directions until a share is reached and may jump there by rounding.
fn steady(row: &SimilarityRow) -> bool {
    row.name != "svcca"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn orthogonal_maps_scaling_and_moving_leave_all_but_pwcca(pair in pair()) {
        let found = pair.compared();
        let moved = |z: &[f64], scale: f64, by: f64| -> Vec<f64> { z.iter().map(|z| scale * z + by).collect() };
        let other = Pair {
            a: moved(&reflected(&pair.a, pair.units_a, &pair.map), 0.01, 3.0),
            b: moved(&reflected(&pair.b, pair.units_b, &pair.map[8..]), 7.0, -100.0),
            ..pair.clone()
        };
        let invariant = |row: &SimilarityRow| row.invariance != Invariance::InvertibleB && steady(row);
        assert_same(&found, &other.compared(), invariant, "rotated");
        // moving and scaling alone leave PWCCA too
        let other = Pair { a: moved(&pair.a, 0.5, 2.0), b: moved(&pair.b, 4.0, 1.0), ..pair.clone() };
        assert_same(&found, &other.compared(), steady, "scaled");
    }

    #[test]
    fn invertible_maps_leave_cca(pair in pair()) {
        let found = pair.compared();
        let other = Pair { b: mapped(&pair.b, pair.units_b, &pair.map), ..pair.clone() };
        let of_b = |row: &SimilarityRow| row.invariance != Invariance::Orthogonal;
        assert_same(&found, &other.compared(), of_b, "B mapped");
        let other = Pair { a: mapped(&pair.a, pair.units_a, &pair.map), ..other };
        assert_same(&found, &other.compared(), |row| row.invariance == Invariance::Invertible, "both mapped");
    }

    #[test]
    fn equals_are_equal_and_values_are_in_their_range(pair in pair()) {
        let found = pair.compared();
        let with_itself = compared((&pair.a, pair.units_a), (&pair.a, pair.units_a));
        for row in SIMILARITIES {
            if let Some(value) = found.get(row.name) {
                prop_assert!(value >= row.range.0 && value <= row.range.1, "{}: {}", row.name, value);
            }
            if let Some(value) = with_itself.get(row.name) {
                prop_assert!((value - row.of_equals).abs() < 1e-10, "{}: {}", row.name, value);
            }
        }
        let swapped = compared((&pair.b, pair.units_b), (&pair.a, pair.units_a));
        assert_same(&found, &swapped, |row| row.symmetric && steady(row), "swapped");
    }

    #[test]
    fn merged_parts_in_any_order_are_the_whole(
        pair in pair(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        reversed in any::<bool>(),
    ) {
        let rows = pair.a.len() / pair.units_a;
        let mut bounds: Vec<usize> = cuts.iter().map(|cut| cut.index(rows + 1)).chain([0, rows]).collect();
        bounds.sort_unstable();
        let mut parts: Vec<(usize, usize)> = bounds.windows(2).map(|pair| (pair[0], pair[1])).collect();
        if reversed {
            parts.reverse();
        }
        let mut whole = CrossMoments::new(pair.units_a, pair.units_b).unwrap();
        for (start, end) in parts {
            let a = Block::new(&pair.a[start * pair.units_a..end * pair.units_a], pair.units_a).unwrap();
            let b = Block::new(&pair.b[start * pair.units_b..end * pair.units_b], pair.units_b).unwrap();
            let mut part = CrossMoments::new(pair.units_a, pair.units_b).unwrap();
            part.update(&a, &b).unwrap();
            whole.merge(part).unwrap();
        }
        let merged = similarities(&whole, &SimilarityOptions::default()).unwrap();
        assert_same(&pair.compared(), &merged, steady, "merged");
    }
}

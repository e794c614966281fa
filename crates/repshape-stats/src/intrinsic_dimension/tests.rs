//! By hand, against all distances, and on manifolds of known dimension.

use std::f64::consts::TAU;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

#[test]
fn five_points_on_a_line() {
    // 0, 1, 3, 7, 15: nearest two of each at (1, 3), (1, 2), (2, 3), (4, 6), (8, 12)
    let found = two_nn(&[3.0, 15.0, 0.0, 7.0, 1.0], 1).unwrap();
    // ratios 3, 2, 1.5, 1.5, 1.5; the largest fifth is left out as floor(0.9 * 5) is 4
    let (half, double) = (1.5_f64.ln(), 2.0_f64.ln());
    let y = |i: f64| -(1.0 - i / 5.0).ln();
    let products = half * (y(1.0) + y(2.0) + y(3.0)) + double * y(4.0);
    let expected = products / (3.0 * half * half + double * double);
    assert!((found.dimension.unwrap() - expected).abs() < 1e-14, "{found:?} instead of {expected}");
    assert_eq!((found.rows, found.duplicates), (5, 0));
}

#[test]
fn duplicates_are_left_out_and_counted() {
    let once = two_nn(&[3.0, 15.0, 0.0, 7.0, 1.0], 1).unwrap();
    let twice = two_nn(&[3.0, 15.0, 3.0, -0.0, 7.0, 0.0, 3.0, 1.0], 1).unwrap();
    assert_eq!(twice, TwoNn { duplicates: 3, ..once });
}

#[test]
fn too_few_rows_and_equal_distances_have_no_dimension() {
    assert_eq!(two_nn(&[], 2).unwrap(), TwoNn { dimension: None, rows: 0, duplicates: 0 });
    assert_eq!(two_nn(&[1.0, 2.0, 1.0, 2.0, 3.0, 4.0], 2).unwrap(), TwoNn { dimension: None, rows: 2, duplicates: 1 });
    // a square, also where its sides round to different lengths
    for scale in [1.0, 0.1, 1e-170, 1e170] {
        let square = [0.3, 0.0, 0.3, 0.7, 1.0, 0.0, 1.0, 0.7].map(|z: f64| z * scale);
        assert_eq!(two_nn(&square, 2).unwrap().dimension, None, "{scale}");
    }
}

#[test]
fn bad_rows_are_refused() {
    assert_eq!(two_nn(&[1.0; 5], 2).unwrap_err().to_string(), "5 values are no whole number of rows of 2 units");
    assert_eq!(two_nn(&[1.0, f64::NAN], 1).unwrap_err().to_string(), "row 1, unit 0: NaN is not a finite number");
    assert_eq!(two_nn(&[1.0], 0).unwrap_err(), StatsError::NoUnits);
}

/// The nearest two of each row, by all differences in their plainest form.
fn by_definition(rows: &[f64], units: usize) -> Vec<[f64; 2]> {
    let rows: Vec<&[f64]> = rows.chunks_exact(units).collect();
    let of_row = |i: usize| {
        let squared = |j: usize| rows[i].iter().zip(rows[j]).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        let mut distances: Vec<f64> = (0..rows.len()).filter(|&j| j != i).map(squared).collect();
        distances.sort_unstable_by(f64::total_cmp);
        [distances[0], distances[1]]
    };
    (0..rows.len()).map(of_row).collect()
}

#[test]
fn nearest_two_are_those_of_all_differences() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    // below a piece, and beyond a block; far from zero; pairs whose distance is the rounding of their norms
    for (count, units, mean, spread) in
        [(5, 3, 0.0, 1.0), (700, 11, 0.0, 1.0), (241, 8, 1e6, 1.0), (500, 2, 0.0, 1e-9), (300, 37, -3.0, 1e-12)]
    {
        let mut rows = Vec::new();
        for n in 0..count {
            // clusters a thousand spreads apart or more
            let centre = mean + if spread < 1.0 { f64::from(n % 7) } else { 0.0 };
            rows.extend((0..units).map(|_| centre + spread * rng.random_range(-1.0..1.0)));
        }
        let rows = distinct(&rows, units);
        for (n, (found, expected)) in nearest_two(&rows, units).iter().zip(by_definition(&rows, units)).enumerate() {
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() <= 1e-14 * expected, "row {n} of {count}: {found}, {expected}");
            }
        }
    }
}

#[test]
fn manifolds_have_their_own_dimension() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    // a torus in ten dimensions: its two angles, turned and bent
    let mix: Vec<f64> = (0..60).map(|_| rng.random_range(-1.0..1.0)).collect();
    let mut rows = Vec::new();
    for _ in 0..3000 {
        let (a, b): (f64, f64) = (rng.random_range(0.0..TAU), rng.random_range(0.0..TAU));
        let bent = [a.cos(), a.sin(), b.cos(), b.sin(), (a + b).cos(), (a - b).sin()];
        rows.extend(mix.chunks_exact(6).map(|row| row.iter().zip(bent).map(|(m, x)| m * x).sum::<f64>()));
    }
    // the estimate's own deviation is about d / sqrt(N), 0.04
    let torus = two_nn(&rows, 10).unwrap().dimension.unwrap();
    assert!((torus - 2.0).abs() < 0.1, "{torus}");
    // a cube of five dimensions: its faces, near most rows, make it look smaller
    let cube: Vec<f64> = (0..15_000).map(|_| rng.random_range(0.0..1.0)).collect();
    let cube = two_nn(&cube, 5).unwrap().dimension.unwrap();
    assert!((4.4..5.2).contains(&cube), "{cube}");
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let rows: Vec<f64> = (0..900 * 6).map(|_| rng.random_range(-1.0..1.0)).collect();
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| two_nn(&rows, 6).unwrap().dimension.unwrap().to_bits())
    };
    assert!(on(1) == on(2) && on(1) == on(3));
}

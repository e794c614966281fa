//! Maps made from a covariance reach the covariance that they promise.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use repshape_stats::rewire::{Affine, Cutoff, Fitted, Kind, RewireError, SiteStatistics};

use super::{bits, difference, general_matrix, statistics, uniform};

/// 60 rows of `units` units that are mixtures of `factors`, with means from -3 to 3.
fn rows(units: usize, factors: usize, seed: u64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mixing, mean) = (uniform(&mut rng, factors * units), uniform(&mut rng, units));
    let of_row = |_| {
        let f = uniform(&mut rng, factors);
        let unit = |i: usize| 3.0 * mean[i] + (0..factors).map(|k| f[k] * mixing[k * units + i]).sum::<f64>();
        (0..units).map(unit).collect::<Vec<f64>>()
    };
    (0..60).flat_map(of_row).collect()
}

fn identity_of(n: usize, ones: impl Fn(usize) -> bool) -> Vec<f64> {
    (0..n * n).map(|at| if at / n == at % n && ones(at / n) { 1.0 } else { 0.0 }).collect()
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0f64, |most, (a, b)| most.max((a - b).abs()))
}

/// Of data with a null space the computed covariance has eigenvalues of rounding; these are to be read as 0.
const CUTOFF: Cutoff = Cutoff::Share(1e-12);

fn inverse_is_inverse(fitted: &Fitted) -> bool {
    let n = fitted.affine.units();
    let there_and_back = fitted.affine.then(&fitted.affine.inverse()).unwrap();
    largest_difference(&there_and_back.matrix(), &identity_of(n, |_| true)) < 1e-9
}

proptest! {
    #[test]
    fn whitening_gives_the_identity_on_the_range(units in 2usize..8, missing in 0usize..3, seed in any::<u64>()) {
        let factors = (units - missing.min(units - 1)).max(1);
        let z = rows(units, factors, seed);
        let known = statistics(&z, units);
        let smallest = repshape_stats::spectrum::eigenvalues(known.covariance().unwrap(), units);
        // nearly dependent draws would make 1e-9 a matter of luck
        prop_assume!(smallest[factors - 1] > 1e-5 * smallest[0]);
        // nor may the first units be so where all of them are not: Cholesky's condition was 34,059 once, and its algebra 1.0e-8
        // from the rows; of dependent ones it takes others
        let first: Vec<f64> = (0..factors * factors)
            .map(|at| known.covariance().unwrap()[at / factors * units + at % factors])
            .collect();
        prop_assume!(repshape_stats::spectrum::eigenvalues(&first, factors)[factors - 1] > 1e-5 * smallest[0]);

        let pca = Affine::pca(&known, CUTOFF).unwrap();
        prop_assert_eq!(pca.rank, factors);
        // of the rows themselves, not of the algebra
        let of_rows = |fitted: &Fitted| statistics(&fitted.affine.apply(&z).unwrap(), units).covariance().unwrap().to_vec();
        prop_assert!(largest_difference(&of_rows(&pca), &identity_of(units, |i| i < factors)) < 1e-9);

        let cholesky = Affine::cholesky(&known, CUTOFF).unwrap();
        prop_assert_eq!(cholesky.rank, factors);
        prop_assert!(largest_difference(&of_rows(&cholesky), &identity_of(units, |i| i < factors)) < 1e-9);
        let q = cholesky.affine.matrix();
        prop_assert!((0..units * units).all(|at| at % units <= at / units || q[at] == 0.0));

        // ZCA: the projection on the range, which is its own square and keeps C
        let zca = Affine::whiten(&known, CUTOFF).unwrap();
        let projection = of_rows(&zca);
        let trace: f64 = projection.iter().step_by(units + 1).sum();
        prop_assert!((trace - factors as f64).abs() < 1e-9);
        let times = |a: &[f64], b: &[f64]| -> Vec<f64> {
            let entry = |at: usize| (0..units).map(|k| a[at / units * units + k] * b[k * units + at % units]).sum();
            (0..units * units).map(entry).collect()
        };
        prop_assert!(largest_difference(&times(&projection, &projection), &projection) < 1e-9);
        prop_assert!(difference(&times(&projection, known.covariance().unwrap()), known.covariance().unwrap()) < 1e-9);

        let rotate = Affine::rotate(&known, CUTOFF).unwrap();
        let turned = of_rows(&rotate);
        let values: Vec<f64> = (0..units * units)
            .map(|at| if at / units == at % units { smallest[at / units] } else { 0.0 })
            .collect();
        prop_assert!(difference(&turned, &values) < 1e-9);
        prop_assert!((rotate.condition - 1.0).abs() < 1e-9);

        for fitted in [&pca, &cholesky, &zca, &rotate] {
            prop_assert!(inverse_is_inverse(fitted));
            // what is known without the rows agrees with the rows
            let algebra = fitted.affine.covariance_after(known.covariance().unwrap()).unwrap();
            prop_assert!(largest_difference(&algebra, &of_rows(fitted)) < 1e-9);
            let mean = fitted.affine.mean_after(known.mean()).unwrap();
            prop_assert!(mean.iter().all(|m| *m == 0.0));
            // the condition is that of the singular values
            prop_assert!((fitted.condition / fitted.affine.condition() - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn a_target_of_the_same_rank_is_reached(units in 2usize..7, missing in 0usize..2, seed in any::<u64>()) {
        let factors = units - missing;
        let z = rows(units, factors, seed);
        let known = statistics(&z, units);
        let target = statistics(&rows(units, factors, seed.wrapping_add(1)), units).covariance().unwrap().to_vec();
        for covariance in [known.covariance().unwrap(), &target] {
            let values = repshape_stats::spectrum::eigenvalues(covariance, units);
            prop_assume!(values[factors - 1] > 1e-5 * values[0]);
        }
        let fitted = Affine::target(&known, target.clone(), CUTOFF).unwrap();
        prop_assert_eq!(fitted.rank, factors);
        let after = statistics(&fitted.affine.apply(&z).unwrap(), units);
        prop_assert!(difference(after.covariance().unwrap(), &target) < 1e-9);
        prop_assert!(inverse_is_inverse(&fitted));
        prop_assert!((fitted.condition / fitted.affine.condition() - 1.0).abs() < 1e-6);
        // the site's own covariance asks for no change
        let own = Affine::target(&known, known.covariance().unwrap().to_vec(), CUTOFF).unwrap();
        prop_assert!(largest_difference(&own.affine.matrix(), &identity_of(units, |_| true)) < 1e-9);
    }

    #[test]
    fn random_matrices_are_what_they_say(units in 1usize..9, seed in any::<u64>()) {
        let orthogonal = Affine::random_orthogonal(units, &mut bits(seed)).unwrap();
        let squared = orthogonal.covariance_after(&identity_of(units, |_| true)).unwrap();
        prop_assert!(largest_difference(&squared, &identity_of(units, |_| true)) < 1e-13);
        prop_assert!((orthogonal.condition() - 1.0).abs() < 1e-12);

        let ones = Affine::ones_with_random_diagonal(units, &mut bits(seed)).unwrap();
        let q = ones.matrix();
        let fits = |at: usize| if at / units == at % units { 0.0 < q[at] && q[at] < 1.0 } else { q[at] == 1.0 };
        prop_assert!((0..units * units).all(fits));
        let back = ones.then(&ones.inverse()).unwrap();
        // a diagonal near 1 makes the inverse large
        prop_assert!(largest_difference(&back.matrix(), &identity_of(units, |_| true)) < 1e-13 * ones.condition());

        let scale = Affine::random_scale(units, 0.0, 1.0, &mut bits(seed)).unwrap();
        prop_assert_eq!(scale.kind(), Kind::PositiveDiagonal);
        let permutation = Affine::random_permutation(units, &mut bits(seed)).unwrap();
        prop_assert!(permutation.kind() == Kind::Permutation || permutation == Affine::identity(units).unwrap());
        prop_assert!(scale.is_positively_homogeneous() && permutation.is_positively_homogeneous());
        prop_assert_eq!(permutation.condition(), 1.0);
    }

    #[test]
    fn a_map_and_its_inverse_and_two_maps_in_turn(units in 1usize..7, seed in any::<u64>()) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut map = |seed| general_matrix(units, seed).with_shift(uniform(&mut rng, units)).unwrap();
        let general = [map(seed), map(seed ^ 1)];
        let order = Affine::random_permutation(units, &mut bits(seed)).unwrap();
        let scaled = Affine::random_scale(units, 0.3, 3.0, &mut bits(seed)).unwrap().then(&order).unwrap();
        let scaled = scaled.with_shift(uniform(&mut rng, units)).unwrap();
        let z = uniform(&mut rng, 5 * units);
        for (a, b) in [(&general[0], &general[1]), (&general[0], &scaled), (&scaled, &general[1]), (&scaled, &scaled)] {
            let in_turn = b.apply(&a.apply(&z).unwrap()).unwrap();
            prop_assert!(difference(&a.then(b).unwrap().apply(&z).unwrap(), &in_turn) < 1e-12);
            prop_assert!(difference(&a.inverse().apply(&a.apply(&z).unwrap()).unwrap(), &z) < 1e-12);
            // the numbers alone give the same map
            let again = Affine::new(a.matrix(), a.shift().to_vec()).unwrap();
            prop_assert_eq!(again.kind(), a.kind());
            prop_assert!(difference(&again.inverse().matrix(), &a.inverse().matrix()) < 1e-12);
        }
    }
}

#[test]
fn random_orthogonal_matrices_have_no_preferred_entry() {
    // Haar: an entry has mean 0 and variance 1/3; of 4000 draws the means are within 0.04 and 0.02 (four deviations)
    let mut draw = bits(11);
    let (mut mean, mut square) = ([0.0; 9], [0.0; 9]);
    for _ in 0..4000 {
        let q = Affine::random_orthogonal(3, &mut draw).unwrap().matrix();
        for at in 0..9 {
            mean[at] += q[at] / 4000.0;
            square[at] += q[at] * q[at] / 4000.0;
        }
    }
    assert!(mean.iter().all(|m| m.abs() < 0.04), "{mean:?}");
    assert!(square.iter().all(|s| (s - 1.0 / 3.0).abs() < 0.02), "{square:?}");
}

#[test]
fn what_does_not_vary_is_left_alone() {
    // unit 1 is dead, unit 2 constant
    let known = statistics(&[1.0, 0.0, 5.0, 3.0, 0.0, 5.0], 3);
    for make in [Affine::whiten, Affine::cholesky] {
        let fitted = make(&known, Cutoff::Rounding).unwrap();
        assert_eq!((fitted.rank, fitted.affine.kind()), (1, Kind::PositiveDiagonal));
        assert_eq!(fitted.affine.matrix(), identity_of(3, |_| true));
        assert_eq!(fitted.affine.shift(), [2.0, 0.0, 5.0]);
    }
    let nothing = SiteStatistics::new(vec![1.0, 2.0], vec![0.0; 4]).unwrap();
    let fitted = Affine::whiten(&nothing, Cutoff::Rounding).unwrap();
    assert_eq!((fitted.rank, fitted.condition), (0, 1.0));
    // a rank that differs cannot be reached
    let target = Affine::target(&known, identity_of(3, |i| i < 2), Cutoff::Rounding);
    assert_eq!(target.unwrap_err(), RewireError::Rank { site: 1, target: 2 });
}

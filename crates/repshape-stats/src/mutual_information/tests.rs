//! Hand-worked values, golden values of `tests/golden/mutual_information.py`, and what holds for all data.

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

fn absolute(variance: f64) -> MiOptions {
    MiOptions { variance: NoiseVariance::Absolute(variance) }
}

fn close(found: f64, expected: f64, relative: f64) -> bool {
    (found - expected).abs() <= relative * expected.abs()
}

#[test]
fn two_rows_at_a_known_distance() {
    // D = 9 + 16 = 25, s2 = 5: sums 1 + exp(-25/40) and 1 + exp(-25/10), of N = 2.
    let mi = mutual_information(&[1.0, 2.0, 4.0, 6.0], 2, Some((&[1, 0], 3)), &absolute(5.0)).unwrap();
    let lower = -((1.0 + (-0.625f64).exp()) / 2.0).ln();
    let upper = -((1.0 + (-2.5f64).exp()) / 2.0).ln();
    assert!(close(mi.x_lower, lower, 1e-14), "{mi:?}");
    assert!(close(mi.x_upper, upper, 1e-14), "{mi:?}");
    // A class of one row has H(z|y) = 0, so all of I(z;x) is I(z;y).
    assert!(close(mi.y_lower.unwrap(), lower, 1e-14), "{mi:?}");
    assert!(close(mi.y_upper.unwrap(), upper, 1e-14), "{mi:?}");
    assert_eq!((mi.rows, mi.variance, mi.ceiling), (2, 5.0, 2f64.ln()));
    assert!(!mi.x_at_ceiling);
}

#[test]
fn three_rows_two_classes_by_hand() {
    // Rows 0, 1 | 3 with s2 = 1/2: exponents -D/4 and -D, classes {0, 1} and {3}.
    let mi = mutual_information(&[0.0, 3.0, 1.0], 1, Some((&[0, 4, 0], 5)), &absolute(0.5)).unwrap();
    let bounds = |factor: f64| {
        let e = |distance: f64| (-distance * distance / factor).exp();
        let rows = [1.0 + e(1.0) + e(3.0), 1.0 + e(1.0) + e(2.0), 1.0 + e(3.0) + e(2.0)];
        let x = -rows.iter().map(|sum| (sum / 3.0).ln()).sum::<f64>() / 3.0;
        (x, x - 2.0 / 3.0 * -((1.0 + e(1.0)) / 2.0).ln())
    };
    let (lower, upper) = (bounds(4.0), bounds(1.0));
    assert!(close(mi.x_lower, lower.0, 1e-14) && close(mi.y_lower.unwrap(), lower.1, 1e-14), "{mi:?}");
    assert!(close(mi.x_upper, upper.0, 1e-14) && close(mi.y_upper.unwrap(), upper.1, 1e-14), "{mi:?}");
}

#[test]
fn equal_rows_say_nothing() {
    let rows: Vec<f64> = (0..300 * 3).map(|at| [0.1, 1e3, -7.3][at % 3]).collect();
    let labels: Vec<u32> = (0..300).map(|n| n % 2).collect();
    let mi = mutual_information(&rows, 3, Some((&labels, 2)), &MiOptions::default()).unwrap();
    assert_eq!((mi.x_lower, mi.x_upper, mi.y_lower, mi.y_upper), (0.0, 0.0, Some(0.0), Some(0.0)));
    assert!(!mi.x_at_ceiling);
}

#[test]
fn one_row_is_at_its_ceiling_of_zero() {
    let mi = mutual_information(&[3.0, 4.0], 2, None, &MiOptions::default()).unwrap();
    assert_eq!((mi.x_lower, mi.x_upper, mi.ceiling, mi.y_lower), (0.0, 0.0, 0.0, None));
    assert!(mi.x_at_ceiling);
}

#[test]
fn rows_far_apart_reach_the_ceiling_and_tell_the_label() {
    let rows: Vec<f64> = (0..300).map(|n| f64::from(n) * 100.0).collect();
    let labels: Vec<u32> = (0..300).map(|n| n % 3).collect();
    let mi = mutual_information(&rows, 1, Some((&labels, 3)), &MiOptions::default()).unwrap();
    assert!(close(mi.x_lower, 300f64.ln(), 1e-14) && close(mi.x_upper, 300f64.ln(), 1e-14), "{mi:?}");
    assert!(close(mi.y_lower.unwrap(), 3f64.ln(), 1e-13), "{mi:?}");
    assert!(mi.x_at_ceiling);
    assert!(close(mi.in_bits().x_upper, 300f64.log2(), 1e-14));
}

#[derive(Deserialize)]
struct Golden {
    name: String,
    rows: usize,
    units: usize,
    classes: usize,
    offset: f64,
    scale: f64,
    shift: f64,
    variance: f64,
    relative: bool,
    absolute: f64,
    x_lower: f64,
    x_upper: f64,
    y_lower: Option<f64>,
    y_upper: Option<f64>,
}

impl Golden {
    /// The same input as `values_of` and `labels_of` of the script, to the bit.
    fn input(&self) -> (Vec<f64>, Vec<u32>) {
        let present = if self.classes > 2 { self.classes - 1 } else { self.classes.max(1) };
        let labels: Vec<u32> = (0..self.rows).map(|n| ((n * n + n / 3) % present) as u32).collect();
        let value = |n: usize, u: usize| {
            let pseudo = (n * 7919 + u * 104729 + n * u * 31 + n * n * 17) % 1009;
            let label = if self.classes == 0 { 0.0 } else { f64::from(labels[n]) };
            self.offset + self.scale * (pseudo as f64 / 1009.0) + self.shift * label
        };
        let rows = (0..self.rows * self.units).map(|at| value(at / self.units, at % self.units)).collect();
        (rows, labels)
    }

    fn estimate(&self) -> MutualInformation {
        let (rows, labels) = self.input();
        let labels = (self.classes > 0).then_some((&labels[..], self.classes));
        let variance =
            if self.relative { NoiseVariance::Relative(self.variance) } else { NoiseVariance::Absolute(self.variance) };
        mutual_information(&rows, self.units, labels, &MiOptions { variance }).unwrap()
    }
}

fn golden() -> Vec<Golden> {
    serde_json::from_str(include_str!("../../tests/golden/mutual_information.json")).unwrap()
}

#[test]
fn agrees_with_numpy() {
    let cases = golden();
    assert_eq!(cases.len(), 9);
    for case in &cases {
        let mi = case.estimate();
        assert!(close(mi.variance, case.absolute, 1e-13), "{}: {} {}", case.name, mi.variance, case.absolute);
        let pairs = [
            (Some(mi.x_lower), Some(case.x_lower)),
            (Some(mi.x_upper), Some(case.x_upper)),
            (mi.y_lower, case.y_lower),
            (mi.y_upper, case.y_upper),
        ];
        for (found, expected) in pairs {
            assert_eq!(found.is_some(), expected.is_some(), "{}", case.name);
            if let (Some(found), Some(expected)) = (found, expected) {
                assert!(close(found, expected, 1e-9), "{}: {found} instead of {expected}", case.name);
            }
        }
        assert_eq!(mi.x_at_ceiling, case.name == "ceiling", "{}", case.name);
    }
}

#[test]
fn same_bits_at_any_number_of_threads() {
    // Over 1,024 tiles, so that more than one wave is combined.
    let case = Golden { rows: 11_700, units: 2, ..golden().remove(3) };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| case.estimate())
    };
    let one = on(1);
    assert_eq!(one, on(2));
    assert_eq!(one, on(3));
}

#[test]
fn order_of_rows_does_not_matter() {
    for case in golden() {
        let (rows, labels) = case.input();
        let classes = case.classes.max(1);
        let options = absolute(case.absolute);
        let plain = mutual_information(&rows, case.units, Some((&labels, classes)), &options).unwrap();
        // 11 has no factor in common with any of the numbers of rows.
        let order: Vec<usize> = (0..case.rows).map(|n| n * 11 % case.rows).collect();
        let shuffled: Vec<f64> =
            order.iter().flat_map(|&n| rows[n * case.units..(n + 1) * case.units].iter().copied()).collect();
        let shuffled_labels: Vec<u32> = order.iter().map(|&n| labels[n]).collect();
        let other = mutual_information(&shuffled, case.units, Some((&shuffled_labels, classes)), &options).unwrap();
        assert!(close(other.x_lower, plain.x_lower, 1e-11), "{}", case.name);
        assert!(close(other.x_upper, plain.x_upper, 1e-11), "{}", case.name);
        assert!((other.y_upper.unwrap() - plain.y_upper.unwrap()).abs() < 1e-11, "{}", case.name);
    }
}

#[test]
fn one_class_tells_nothing_about_the_label() {
    let case = &golden()[2];
    let (rows, _) = case.input();
    let labels = vec![6; case.rows];
    let mi = mutual_information(&rows, case.units, Some((&labels, 9)), &MiOptions::default()).unwrap();
    assert_eq!((mi.y_lower, mi.y_upper), (Some(0.0), Some(0.0)));
}

#[test]
fn relative_noise_ignores_scale() {
    let case = &golden()[6];
    let (rows, _) = case.input();
    let scaled: Vec<f64> = rows.iter().map(|value| value * 1024.0).collect();
    let options = MiOptions { variance: NoiseVariance::Relative(0.25) };
    let plain = mutual_information(&rows, case.units, None, &options).unwrap();
    let other = mutual_information(&scaled, case.units, None, &options).unwrap();
    assert_eq!((plain.x_lower, plain.x_upper), (other.x_lower, other.x_upper));
}

#[test]
fn progress_counts_every_pair_once() {
    let seen = std::sync::Mutex::new(Vec::new());
    let case = &golden()[3];
    let (rows, _) = case.input();
    let record = |done, total| seen.lock().unwrap().push((done, total));
    mutual_information_with_progress(&rows, case.units, None, &MiOptions::default(), &record).unwrap();
    let mut seen = seen.into_inner().unwrap();
    seen.sort_unstable();
    let total = 601 * 602 / 2;
    assert!(seen.iter().all(|call| call.1 == total));
    assert_eq!(seen.iter().filter(|call| call.0 == total).count(), 1);
    assert_eq!(seen.len(), 6);
}

#[test]
fn errors_name_the_culprit() {
    let options = MiOptions::default();
    let message = |rows: &[f64], units, labels: Option<(&[u32], usize)>, options: &MiOptions| {
        mutual_information(rows, units, labels, options).unwrap_err().to_string()
    };
    let rows = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
    assert!(message(&[], 2, None, &options).contains("at least one row"));
    assert!(message(&rows, 0, None, &options).contains("at least one row"));
    assert!(message(&rows, 4, None, &options).contains("6 values are not a whole number of rows of 4 units"));
    assert!(message(&rows, 2, Some((&[0, 1], 2)), &options).contains("2 labels for 3 rows"));
    assert!(message(&rows, 2, Some((&[0, 12, 1], 10)), &options).contains("row 1 has label 12"));
    assert!(message(&[0.0, 1.0, 2.0, f64::NAN], 2, None, &options).contains("row 1, unit 1 is NaN"));
    assert!(message(&[1e200, -1e200, 1.0], 1, None, &options).contains("row 0 is too far"));
    assert!(message(&rows, 2, None, &absolute(0.0)).contains("noise variance is 0"));
    assert!(message(&rows, 2, None, &absolute(f64::NAN)).contains("noise variance is NaN"));
    let relative = MiOptions { variance: NoiseVariance::Relative(0.1) };
    assert_eq!(mutual_information(&[0.1; 9], 3, None, &relative), Err(MiError::NothingVaries));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn bounds_are_ordered_and_below_their_ceilings(
        (units, rows, labels) in (1..5usize, 1..60usize).prop_flat_map(|(units, count)| (
            Just(units),
            proptest::collection::vec(-3.0..3.0f64, count * units),
            proptest::collection::vec(0..4u32, count),
        )),
        variance in 0.001..10.0f64,
    ) {
        let mi = mutual_information(&rows, units, Some((&labels, 4)), &absolute(variance)).unwrap();
        prop_assert!(0.0 <= mi.x_lower && mi.x_lower <= mi.x_upper && mi.x_upper <= mi.ceiling);
        // Only these hold for the estimates: the mixture holds p_k times the class (so at most H(y)), and a
        // class cannot have a negative entropy less the noise (so at most I(z;x)).
        let count = labels.len() as f64;
        let entropy: f64 = (0..4)
            .map(|k| labels.iter().filter(|label| **label == k).count() as f64 / count)
            .filter(|p| *p > 0.0)
            .map(|p| -p * p.ln())
            .sum();
        for (y, x) in [(mi.y_lower.unwrap(), mi.x_lower), (mi.y_upper.unwrap(), mi.x_upper)] {
            prop_assert!(y <= entropy + 1e-12 && y <= x + 1e-12);
        }
    }
}

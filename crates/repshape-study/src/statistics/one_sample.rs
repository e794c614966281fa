//! One sample against a stated value, and the exact tests for samples that do not vary.

use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, StudentsT};

use super::{mean, standard_deviation};

/// Two one-sided p-values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tails {
    /// Of the claim "lower".
    pub lower: f64,
    /// Of the claim "higher".
    pub higher: f64,
}

/// Student's t-test of a mean against `value`: is the mean lower, is it higher.
///
/// `t = (mean - value) / (s / sqrt(n))` with `n - 1` degrees of freedom. Where nothing varies, t is not defined and the sign
/// test takes its place: n equal values on one side have `p = 2^-n` there, n values equal to `value` 1. `None` below two
/// values.
pub fn one_sample(values: &[f64], value: f64) -> Option<Tails> {
    let (mean, sd) = (mean(values)?, standard_deviation(values)?);
    let n = values.len() as f64;
    if sd == 0.0 {
        return Some(on_one_side(mean, value, 0.5_f64.powf(n)));
    }
    let t = (mean - value) / (sd / n.sqrt());
    let student = StudentsT::new(0.0, 1.0, n - 1.0).ok().filter(|_| t.is_finite())?;
    Some(Tails { lower: student.cdf(t), higher: student.sf(t) })
}

/// Welch's test of two samples, in both directions. Where neither varies, t is not defined and the permutation test
/// takes its place: two different constants have the most extreme of all `C(n_a + n_b, n_a)` divisions, so `p` is one over
/// their number. `None` below two values in a sample.
pub fn two_samples(a: &[f64], b: &[f64]) -> Option<Tails> {
    if let Some(welch) = super::welch(a, b) {
        let other = super::welch(b, a)?;
        return Some(Tails { lower: welch.p_lower, higher: other.p_lower });
    }
    let constant =
        |values: &[f64]| values.len() > 1 && values.iter().all(|value| value.is_finite() && *value == values[0]);
    let divisions: f64 = (1..=a.len()).map(|i| (b.len() + i) as f64 / i as f64).product();
    (constant(a) && constant(b)).then(|| on_one_side(a[0], b[0], 1.0 / divisions))
}

fn on_one_side(left: f64, right: f64, p: f64) -> Tails {
    Tails { lower: if left < right { p } else { 1.0 }, higher: if left > right { p } else { 1.0 } }
}

/// The exact binomial test: of `successes` in `n` trials, is the share of successes lower than `share`, is it higher.
///
/// `P(X <= successes)` and `P(X >= successes)` for X binomial with `n` and `share`. `None` without trials or for a share
/// outside `[0, 1]`.
pub fn binomial(successes: u64, n: u64, share: f64) -> Option<Tails> {
    if n == 0 || successes > n {
        return None;
    }
    let distribution = Binomial::new(share, n).ok()?;
    let below = successes.checked_sub(1).map_or(0.0, |one_less| distribution.cdf(one_less));
    let higher = if below < 0.5 { 1.0 - below } else { distribution.sf(successes - 1) };
    Some(Tails { lower: distribution.cdf(successes), higher })
}

/// Pearson's correlation of pairs and its t-test against none: `t = r sqrt((n - 2) / (1 - r^2))` with `n - 2` degrees of
/// freedom. `None` below three pairs, for lists of different lengths, and where one of them does not vary.
pub fn correlation(x: &[f64], y: &[f64]) -> Option<(f64, Tails)> {
    if x.len() != y.len() || x.len() < 3 {
        return None;
    }
    let (mean_x, mean_y) = (mean(x)?, mean(y)?);
    let sum = |f: &dyn Fn(f64, f64) -> f64| x.iter().zip(y).map(|(x, y)| f(x - mean_x, y - mean_y)).sum::<f64>();
    let r = sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt();
    if !r.is_finite() {
        return None;
    }
    let r = r.clamp(-1.0, 1.0);
    let freedom = (x.len() - 2) as f64;
    // a perfect correlation has t at infinity, where the tails are 0 and 1
    let t = (r * (freedom / (1.0 - r * r)).sqrt()).clamp(-1e300, 1e300);
    let student = StudentsT::new(0.0, 1.0, freedom).ok()?;
    Some((r, Tails { lower: student.cdf(t), higher: student.sf(t) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn close(found: f64, expected: &Value) {
        let expected = expected.as_f64().unwrap();
        assert!((found - expected).abs() <= 1e-9 * expected, "found {found}, expected {expected}");
    }

    #[test]
    fn tails_are_scipys() {
        let golden: Value = serde_json::from_str(include_str!("../../tests/golden/golden.json")).unwrap();
        for case in golden["one_sample"].as_array().unwrap() {
            let values: Vec<f64> = case["values"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
            let found = one_sample(&values, case["value"].as_f64().unwrap()).unwrap();
            close(found.lower, &case["lower"]);
            close(found.higher, &case["higher"]);
        }
        for case in golden["binomial"].as_array().unwrap() {
            let number = |key: &str| case[key].as_u64().unwrap();
            let found = binomial(number("successes"), number("n"), case["share"].as_f64().unwrap()).unwrap();
            close(found.lower, &case["lower"]);
            close(found.higher, &case["higher"]);
        }
    }

    #[test]
    fn correlations_are_scipys() {
        let golden: Value = serde_json::from_str(include_str!("../../tests/golden/golden.json")).unwrap();
        let list = |value: &Value| value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect::<Vec<_>>();
        for case in golden["correlation"].as_array().unwrap() {
            let (r, tails) = correlation(&list(&case["x"]), &list(&case["y"])).unwrap();
            assert!((r - case["r"].as_f64().unwrap()).abs() < 1e-12);
            close(tails.lower, &case["lower"]);
            close(tails.higher, &case["higher"]);
        }
        assert_eq!(correlation(&[1.0, 2.0], &[1.0, 2.0]), None);
        assert_eq!(correlation(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]), None);
        let (r, tails) = correlation(&[1.0, 2.0, 4.0], &[-1.0, -2.0, -4.0]).unwrap();
        assert!(r < -1.0 + 1e-12 && tails.lower < 1e-6);
    }

    #[test]
    fn samples_that_do_not_vary_by_hand() {
        assert_eq!(one_sample(&[1.0; 5], 0.9), Some(Tails { lower: 1.0, higher: 1.0 / 32.0 }));
        assert_eq!(one_sample(&[1.0; 5], 1.0), Some(Tails { lower: 1.0, higher: 1.0 }));
        assert_eq!(one_sample(&[1.0], 1.0), None);
        // C(5, 2) = 10
        assert_eq!(two_samples(&[0.0; 2], &[1.0; 3]), Some(Tails { lower: 0.1, higher: 1.0 }));
        assert_eq!(two_samples(&[1.0; 2], &[1.0; 3]), Some(Tails { lower: 1.0, higher: 1.0 }));
        assert_eq!(two_samples(&[1.0], &[0.0; 3]), None);
        assert_eq!(two_samples(&[f64::NAN; 2], &[0.0; 3]), None);
        assert_eq!(binomial(0, 0, 0.5), None);
        assert_eq!(binomial(1, 2, 1.5), None);
    }
}

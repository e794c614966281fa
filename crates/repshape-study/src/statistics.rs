//! The statistics of few trials: mean, standard deviation, Welch's test, Student's interval, Holm's correction.

mod one_sample;

use statrs::distribution::{ContinuousCDF, StudentsT};

pub use one_sample::{Tails, binomial, correlation, one_sample, two_samples};

/// Arithmetic mean; `None` of nothing. Summed from the first value on, so that equal values have exactly their mean: rounding
/// would make a spread of them.
pub fn mean(values: &[f64]) -> Option<f64> {
    let first = values.first()?;
    Some(first + values.iter().map(|x| x - first).sum::<f64>() / values.len() as f64)
}

/// Sample standard deviation, over `n - 1`; `None` below two values.
pub fn standard_deviation(values: &[f64]) -> Option<f64> {
    variance(values).map(f64::sqrt)
}

/// Two-pass, so that a large mean does not cancel a small spread.
fn variance(values: &[f64]) -> Option<f64> {
    let mean = mean(values).filter(|_| values.len() > 1)?;
    Some(values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64)
}

/// Result of Welch's t-test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Welch {
    /// `(mean a - mean b) / sqrt(var a / n_a + var b / n_b)`, variances over `n - 1`.
    pub t: f64,
    /// Welch-Satterthwaite degrees of freedom.
    pub df: f64,
    /// Two-sided p-value: of equal means.
    pub p: f64,
    /// One-sided p-value for the claim "a's mean is lower than b's".
    pub p_lower: f64,
}

/// Welch's t-test of two independent samples; variances need not be equal.
///
/// `None` below two values in a sample, where neither sample varies (t is not defined then), or where a value is not
/// finite. Source: Welch (1947), "The generalization of Student's problem when several different population variances
/// are involved".
pub fn welch(a: &[f64], b: &[f64]) -> Option<Welch> {
    let share_a = variance(a)? / a.len() as f64;
    let share_b = variance(b)? / b.len() as f64;
    let squared = share_a + share_b;
    let t = (mean(a)? - mean(b)?) / squared.sqrt();
    let df = squared.powi(2) / (share_a.powi(2) / (a.len() - 1) as f64 + share_b.powi(2) / (b.len() - 1) as f64);
    if !t.is_finite() || !df.is_finite() {
        return None;
    }
    let student = StudentsT::new(0.0, 1.0, df).ok()?;
    // both tails from the side where they are small: 1 - cdf would lose every p below 1e-16
    Some(Welch { t, df, p: 2.0 * student.sf(t.abs()), p_lower: student.cdf(t) })
}

/// Student's two-sided confidence interval of the mean at a level such as 0.95: `mean ± t_{(1+level)/2, n-1} s / sqrt(n)`.
///
/// `None` below two values or for a level outside `(0, 1)`.
pub fn confidence_interval(values: &[f64], level: f64) -> Option<(f64, f64)> {
    if !(level > 0.0 && level < 1.0) {
        return None;
    }
    let (mean, sd) = (mean(values)?, standard_deviation(values)?);
    let n = values.len() as f64;
    let half = StudentsT::new(0.0, 1.0, n - 1.0).ok()?.inverse_cdf((1.0 + level) / 2.0) * sd / n.sqrt();
    Some((mean - half, mean + half))
}

/// Holm's adjusted p-values, in the order given: reject at level alpha where the adjusted value is at most alpha.
///
/// With the m values sorted ascending, the j-th becomes `max over i <= j of min(1, (m - i + 1) p_(i))`. Values must be
/// numbers; ties keep equal results. Source: Holm (1979), "A simple sequentially rejective multiple test procedure".
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest: f64 = 0.0;
    for (rank, &i) in order.iter().enumerate() {
        largest = largest.max((p_values[i] * (p_values.len() - rank) as f64).min(1.0));
        adjusted[i] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// Values of `tests/golden/golden.py` (SciPy).
    fn golden() -> Value {
        serde_json::from_str(include_str!("../tests/golden/golden.json")).unwrap()
    }

    fn numbers(value: &Value) -> Vec<f64> {
        value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
    }

    fn close(found: f64, expected: &Value, relative: f64) {
        let expected = expected.as_f64().unwrap();
        assert!((found - expected).abs() <= relative * expected.abs(), "found {found}, expected {expected}");
    }

    #[test]
    fn mean_and_standard_deviation_are_numpys() {
        for case in golden()["means"].as_array().unwrap() {
            let values = numbers(&case["values"]);
            close(mean(&values).unwrap(), &case["mean"], 1e-14);
            close(standard_deviation(&values).unwrap(), &case["sd"], 1e-12);
        }
    }

    #[test]
    fn equal_values_have_no_spread() {
        for (value, n) in [(88.65, 3), (0.1, 10), (-1.0 / 3.0, 7)] {
            assert_eq!((mean(&vec![value; n]), standard_deviation(&vec![value; n])), (Some(value), Some(0.0)));
        }
    }

    #[test]
    fn welch_is_scipys_far_into_the_tails() {
        for case in golden()["welch"].as_array().unwrap() {
            let result = welch(&numbers(&case["a"]), &numbers(&case["b"])).unwrap();
            close(result.t, &case["t"], 1e-12);
            close(result.df, &case["df"], 1e-12);
            close(result.p, &case["p"], 1e-9);
            close(result.p_lower, &case["p_lower"], 1e-9);
        }
    }

    #[test]
    fn confidence_intervals_are_scipys() {
        for case in golden()["intervals"].as_array().unwrap() {
            let values = numbers(&case["values"]);
            let (low, high) = confidence_interval(&values, case["level"].as_f64().unwrap()).unwrap();
            // relative to the width: around a mean of 1000 the ends say little
            let width = case["high"].as_f64().unwrap() - case["low"].as_f64().unwrap();
            assert!((low - case["low"].as_f64().unwrap()).abs() < 1e-9 * width, "{low} {case}");
            assert!((high - case["high"].as_f64().unwrap()).abs() < 1e-9 * width, "{high} {case}");
        }
    }

    #[test]
    fn holm_by_hand_and_by_script() {
        // sorted 0.01, 0.02, 0.03 times 3, 2, 1: 0.03, 0.04, 0.03, which may not fall below 0.04
        let found = holm(&[0.03, 0.01, 0.02]);
        assert_eq!(found, [0.04, 0.03, 0.04]);
        let case = &golden()["holm"];
        for (found, expected) in holm(&numbers(&case["p"])).into_iter().zip(case["adjusted"].as_array().unwrap()) {
            close(found, expected, 1e-15);
        }
        assert!(holm(&[]).is_empty());
    }

    #[test]
    fn what_is_not_defined_is_none() {
        assert_eq!(mean(&[]), None);
        assert_eq!(standard_deviation(&[1.0]), None);
        assert_eq!(welch(&[1.0], &[1.0, 2.0]), None);
        assert_eq!(welch(&[1.0, 1.0], &[2.0, 2.0]), None);
        assert_eq!(welch(&[1.0, f64::NAN], &[2.0, 3.0]), None);
        assert_eq!(confidence_interval(&[1.0], 0.95), None);
        assert_eq!(confidence_interval(&[1.0, 2.0], 1.0), None);
        assert_eq!(confidence_interval(&[1.0, 2.0], f64::NAN), None);
    }
}

//! How far the variance of a representation sits in few, uncorrelated units: CVR, TdV and UD.
//!
//! All three read second moments, so any normalisation (`1/N` or `1/(N-1)`) gives the same value.
//! Source: Kågebäck & Mogren (2017), section 3.1.

/// Covariance over variance ratio: `sum_ij |C_ij| / tr(C)`, diagonal included.
///
/// 1 when the units are uncorrelated, `units` when all are copies of one another. The formula printed in
/// the paper has a factor `1/p^2` that contradicts its text (an optimum of one) and its Table 1; it is
/// left out here.
///
/// `covariance` is `units x units`, row-major. `None` when the trace is 0 or a value is not finite.
///
/// ```
/// use repshape_stats::disentanglement::cvr;
/// assert_eq!(cvr(&[2.0, -1.0, -1.0, 2.0], 2), Some(1.5));
/// assert_eq!(cvr(&[0.0; 4], 2), None);
/// ```
///
/// # Panics
/// When `covariance` does not hold `units * units` values.
pub fn cvr(covariance: &[f64], units: usize) -> Option<f64> {
    assert_eq!(covariance.len(), units * units, "a covariance of {units} units is {units} x {units}");
    let trace: f64 = (0..units).map(|i| covariance[i * units + i]).sum();
    let total: f64 = covariance.iter().map(|c| c.abs()).sum();
    defined(total / trace, trace)
}

/// Share of the total variance held by the `count` units of largest variance (TdV).
///
/// From 0 (`count` is 0) to 1 (`count` is at least the number of units).
/// `None` when the total variance is 0 or a value is not finite.
pub fn tdv(variances: &[f64], count: usize) -> Option<f64> {
    let shares = cumulative_shares(variances)?;
    Some(match count.min(shares.len()) {
        0 => 0.0,
        held => shares[held - 1],
    })
}

/// Smallest number of units, largest variance first, that hold at least the share `q` of the total
/// variance (UD; `q = 0.9` is the paper's UD90%).
///
/// A share that misses `q` by less than `1e-12` counts as reaching it, so that ten equal units have a
/// UD90% of 9 whatever the rounding of their sum. `None` when the total variance is 0, a value is not
/// finite, or `q` is not in `[0, 1]`.
///
/// ```
/// use repshape_stats::disentanglement::ud;
/// assert_eq!(ud(&[1.0, 6.0, 3.0], 0.9), Some(2));
/// ```
pub fn ud(variances: &[f64], q: f64) -> Option<usize> {
    if !(0.0..=1.0).contains(&q) {
        return None;
    }
    if q == 0.0 {
        return cumulative_shares(variances).map(|_| 0);
    }
    let shares = cumulative_shares(variances)?;
    // The last share is 1 by construction, so some unit is always found.
    shares.iter().position(|share| *share >= q - 1e-12).map(|before| before + 1)
}

/// Shares of the total held by the 1, 2, ... largest variances; the last is exactly 1.
fn cumulative_shares(variances: &[f64]) -> Option<Vec<f64>> {
    let mut sorted = variances.to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let mut held = 0.0;
    for value in &mut sorted {
        held += *value;
        *value = held;
    }
    defined(1.0, held)?;
    Some(sorted.into_iter().map(|sum| sum / held).collect())
}

/// `value`, unless it or the total it is a share of makes it undefined.
fn defined(value: f64, total: f64) -> Option<f64> {
    (total > 0.0 && total.is_finite() && value.is_finite()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cvr_counts_the_diagonal_and_has_no_square() {
        // Uncorrelated units are the paper's optimum of one; p copies of one unit give p.
        assert_eq!(cvr(&[3.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.5], 3), Some(1.0));
        assert_eq!(cvr(&[2.0; 9], 3), Some(3.0));
        assert_eq!(cvr(&[4.0, -1.0, 0.5, -1.0, 2.0, 0.0, 0.5, 0.0, 2.0], 3), Some(11.0 / 8.0));
    }

    #[test]
    fn tdv_takes_the_largest_whatever_their_order() {
        let variances = [1.0, 6.0, 0.0, 3.0];
        assert_eq!(tdv(&variances, 0), Some(0.0));
        assert_eq!(tdv(&variances, 1), Some(0.6));
        assert_eq!(tdv(&variances, 2), Some(0.9));
        assert_eq!(tdv(&variances, 3), Some(1.0));
        assert_eq!(tdv(&variances, 9), Some(1.0));
    }

    #[test]
    fn ud_reaches_its_share_exactly_at_ties() {
        for value in [0.1, 0.3, 1.0, 1e-300, 1e300] {
            assert_eq!(ud(&[value; 10], 0.9), Some(9), "ten units of variance {value}");
        }
        assert_eq!(ud(&[1.0, 6.0, 0.0, 3.0], 0.9), Some(2));
        assert_eq!(ud(&[1.0, 6.0, 0.0, 3.0], 0.91), Some(3));
        assert_eq!(ud(&[1.0, 6.0, 0.0, 3.0], 1.0), Some(3));
        assert_eq!(ud(&[1.0, 6.0, 0.0, 3.0], 0.0), Some(0));
    }

    #[test]
    fn nothing_varies_is_undefined() {
        assert_eq!(cvr(&[0.0; 9], 3), None);
        assert_eq!(tdv(&[0.0; 3], 1), None);
        assert_eq!(ud(&[0.0; 3], 0.9), None);
        assert_eq!(ud(&[], 0.9), None);
        assert_eq!(cvr(&[], 0), None);
    }

    #[test]
    fn what_is_not_finite_is_undefined_and_not_nan() {
        assert_eq!(cvr(&[f64::NAN], 1), None);
        assert_eq!(tdv(&[1.0, f64::INFINITY], 1), None);
        assert_eq!(tdv(&[1.0, f64::NAN], 1), None);
        assert_eq!(ud(&[1.0], f64::NAN), None);
        assert_eq!(ud(&[1.0], 1.1), None);
    }

    proptest! {
        #[test]
        fn ud_and_tdv_are_inverse(variances in proptest::collection::vec(0.01..10.0f64, 1..30), q in 0.05..1.0f64) {
            let units = ud(&variances, q).unwrap();
            prop_assert!(tdv(&variances, units).unwrap() >= q - 1e-12);
            prop_assert!(tdv(&variances, units - 1).unwrap() < q);
        }
    }
}

//! `exp` of what is not above 0, written so that the compiler turns a loop over it into vector code.

/// 1.5 * 2^52: adding it rounds to the nearest integer, which is then found in the low bits.
const ROUND: f64 = 6755399441055744.0;
/// ln 2 in two parts, the first with zeros at the end so that its product with an integer is exact.
const LN_2_HIGH: f64 = 0.693147180559663;
const LN_2_LOW: f64 = 2.8235290563031577e-13;
/// Below this the result would be under 2.3e-308, the smallest normal number: it is 0 instead.
pub(crate) const UNDERFLOW: f64 = -708.39;

/// `exp(x)` for `x <= 0`, within two units in the last place; 0 below -708.39. NaN gives 0.
///
/// `FUSED` says whether the code around it is compiled for a machine with fused multiply-add; without one,
/// `mul_add` would be a call of a slow function.
///
/// `exp(x) = 2^n exp(r)`, `n` the integer nearest to `x / ln 2`, so that `|r| <= ln 2 / 2`, and a
/// polynomial for `exp(r)`. No branch, no table, nothing that stops the compiler from vectorising.
#[inline(always)]
pub(crate) fn exp_nonpositive<const FUSED: bool>(x: f64) -> f64 {
    let fma = |a: f64, b: f64, c: f64| if FUSED { a.mul_add(b, c) } else { a * b + c };
    let bounded = if x >= UNDERFLOW { x } else { UNDERFLOW };
    let shifted = fma(bounded, std::f64::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = fma(n, -LN_2_LOW, fma(n, -LN_2_HIGH, bounded));
    // Coefficients of SLEEF's exp (Shibata & Petrogalli 2020), minimax on |r| <= ln 2 / 2; in pairs (Estrin),
    // since a chain of eleven dependent steps would leave the multipliers idle.
    let r2 = r * r;
    let r4 = r2 * r2;
    let c0 = fma(0.16666666666666685, r, 0.5);
    let c2 = fma(0.008333333333316527, r, 0.041666666666666505);
    let c4 = fma(0.0001984126989605092, r, 0.001388888888897745);
    let c6 = fma(2.7557236291192883e-06, r, 2.4801587159235273e-05);
    let c8 = fma(2.5111293089287652e-08, r, 2.7557391123490047e-07);
    let c10 = 2.088606211072837e-09;
    let low = fma(c2, r2, c0);
    let middle = fma(c6, r2, c4);
    let high = fma(c10, r2, c8);
    let quotient = fma(fma(high, r4, middle), r4, low);
    let mantissa = 1.0 + fma(quotient, r2, r);
    // n sits in the low bits of `shifted`; 2^n has n + 1023 in the exponent's bits.
    let power = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    if x >= UNDERFLOW { mantissa * power } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::exp_nonpositive;

    /// Distance in units in the last place of `exact`.
    fn ulps(found: f64, exact: f64) -> u64 {
        found.to_bits().abs_diff(exact.to_bits())
    }

    #[test]
    fn within_two_units_of_std_down_to_the_smallest_normal_number() {
        let points = 2_000_000;
        let mut worst = (0, 0.0);
        for k in 0..=points {
            // Dense near 0, where the sums get their digits, and over the whole range.
            for x in [-708.39 * f64::from(k) / f64::from(points), -f64::from(k) / f64::from(points)] {
                let exact = x.exp();
                for found in [exp_nonpositive::<true>(x), exp_nonpositive::<false>(x)] {
                    if ulps(found, exact) > worst.0 {
                        worst = (ulps(found, exact), x);
                    }
                }
            }
        }
        assert!(worst.0 <= 2, "{} ulp at {}", worst.0, worst.1);
    }

    #[test]
    fn underflows_to_zero_and_is_one_at_zero() {
        assert_eq!(exp_nonpositive::<true>(0.0), 1.0);
        assert_eq!(exp_nonpositive::<false>(-0.0), 1.0);
        for x in [-708.4, -744.0, -745.2, -1e10, -f64::MAX, f64::NEG_INFINITY, f64::NAN] {
            assert_eq!(exp_nonpositive::<true>(x), 0.0, "{x}");
            assert_eq!(exp_nonpositive::<false>(x), 0.0, "{x}");
        }
        assert!((-708.4f64).exp() < 2.3e-308);
    }
}

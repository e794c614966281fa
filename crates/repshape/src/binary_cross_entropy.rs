//! Binary cross-entropy of logits and its gradient, in one pass over the entries.

use burn::tensor::{Tensor, TensorData, activation};

use crate::network::on_cpu;
use crate::widest::widest;

/// Sums kept beside each other, so that a loop over entries becomes vector code with the same bits at any width.
const LANES: usize = 16;

/// `1/(N O) sum (softplus(y) - t y)` and `(logistic(y) - t) / (N O)` of the logits `y` and targets `t`, both `[N, O]`.
///
/// A NaN among the logits makes the value and its gradient's entry NaN.
pub(crate) fn value_and_gradient(outputs: &Tensor<2>, targets: &Tensor<2>) -> (Tensor<1>, Tensor<2>) {
    let shape = outputs.dims();
    let per_entry = 1.0 / (shape[0] * shape[1]) as f64;
    if on_cpu(outputs) && on_cpu(targets) && targets.dims() == shape {
        let (y, t) = (outputs.clone().into_data(), targets.clone().into_data());
        if let (Ok(y), Ok(t)) = (y.as_slice::<f32>(), t.as_slice::<f32>()) {
            let mut gradient = vec![0.0; y.len()];
            let sum = sum_and_gradient(y, t, per_entry as f32, &mut gradient);
            let value = vec![(sum * per_entry) as f32];
            let device = outputs.device();
            return (
                Tensor::from_data(TensorData::new(value, [1]), &device),
                Tensor::from_data(TensorData::new(gradient, shape), &device),
            );
        }
    }
    // softplus(y) = max(y, 0) + ln(1 + exp(-|y|)) never overflows
    let softplus = outputs.clone().clamp_min(0.0) + (outputs.clone().abs() * -1.0).exp().log1p();
    let value = (softplus - outputs.clone() * targets.clone()).sum() * per_entry;
    let gradient = (activation::sigmoid(outputs.clone()) - targets.clone()) * per_entry;
    (value, gradient)
}

/// `sum (softplus(y) - t y)`; the gradient, times `scale`, goes to `gradient`.
fn sum_and_gradient(y: &[f32], t: &[f32], scale: f32, gradient: &mut [f32]) -> f64 {
    let mut sums = [0.0_f64; LANES];
    // the widest vectors of this processor; every operation is exact IEEE, so the bits do not depend on the width
    widest(
        #[inline(always)]
        || {
            let whole = y.len() - y.len() % LANES;
            let chunks = y[..whole].chunks_exact(LANES).zip(t[..whole].chunks_exact(LANES));
            for ((y, t), g) in chunks.zip(gradient[..whole].chunks_exact_mut(LANES)) {
                for lane in 0..LANES {
                    let (loss, slope) = entry(y[lane], t[lane]);
                    g[lane] = slope * scale;
                    sums[lane] += f64::from(loss);
                }
            }
            for (lane, i) in (whole..y.len()).enumerate() {
                let (loss, slope) = entry(y[i], t[i]);
                gradient[i] = slope * scale;
                sums[lane] += f64::from(loss);
            }
        },
    );
    sums.iter().sum()
}

/// `softplus(y) - t y` and `logistic(y) - t`; both need `exp(-|y|)`, which never overflows.
#[inline(always)]
fn entry(y: f32, t: f32) -> (f32, f32) {
    let e = exp_nonpositive(-y.abs());
    let positive_part = if y > 0.0 { y } else { 0.0 };
    let numerator = if y >= 0.0 { 1.0 } else { e };
    // the difference first: where y is large and right it is 0, and what is left of the loss is ln(1 + e)
    ((positive_part - t * y) + ln_1p(e), numerator / (1.0 + e) - t)
}

/// `exp(x)` for `x <= 0`, to two units in the last place; below -87.3 it stays 1.2e-38, the smallest normal number.
///
/// `exp(x) = 2^n exp(r)`, `n` the integer nearest to `x / ln 2`, and Cephes' polynomial (Moshier 1989) for `exp(r)`.
#[inline(always)]
fn exp_nonpositive(x: f32) -> f32 {
    /// 1.5 * 2^23: adding it rounds to the nearest integer, which is then found in the low bits.
    const ROUND: f32 = 12_582_912.0;
    /// ln 2 in two parts, the first with zeros at the end so that its product with an integer is exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    const UNDERFLOW: f32 = -87.33;
    // written so that NaN stays NaN
    let x = if x < UNDERFLOW { UNDERFLOW } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    let p = 1.987_569_2e-4;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let mantissa = p * (r * r) + r + 1.0;
    mantissa * f32::from_bits(shifted.to_bits().wrapping_add(127) << 23)
}

/// `ln(1 + e)` for `0 <= e <= 1`, to three units in the last place: `2 artanh(s)`, `s = e / (2 + e)`, whose series
/// `2 s (1 + s^2/3 + s^4/5 + ...)` needs seven terms since `s <= 1/3`.
#[inline(always)]
fn ln_1p(e: f32) -> f32 {
    let s = e / (2.0 + e);
    let q = s * s;
    let p = 1.0 / 15.0;
    let p = p * q + 1.0 / 13.0;
    let p = p * q + 1.0 / 11.0;
    let p = p * q + 1.0 / 9.0;
    let p = p * q + 1.0 / 7.0;
    let p = p * q + 1.0 / 5.0;
    let p = p * q + 1.0 / 3.0;
    2.0 * s + 2.0 * s * (p * q)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device};

    use super::*;

    /// Distance in units in the last place of `exact`.
    fn units_in_the_last_place(found: f32, exact: f64) -> f64 {
        let exact_f32 = exact as f32;
        let unit = f64::from(exact_f32.next_up()) - f64::from(exact_f32);
        (f64::from(found) - exact).abs() / unit
    }

    #[test]
    fn exp_and_logarithm_are_within_three_units_in_the_last_place() {
        let (mut exp, mut ln) = (0.0_f64, 0.0_f64);
        for k in 0..=1_000_000 {
            // dense near 0, where the sums get their digits, and over the whole range
            for x in [-87.3 * k as f32 / 1e6, -(k as f32) / 1e6] {
                let e = exp_nonpositive(x);
                exp = exp.max(units_in_the_last_place(e, f64::from(x).exp()));
                ln = ln.max(units_in_the_last_place(ln_1p(e), f64::from(e).ln_1p()));
            }
        }
        assert!(exp <= 2.0, "exp: {exp}");
        assert!(ln <= 3.0, "ln(1 + e): {ln}");
        assert_eq!((exp_nonpositive(0.0), ln_1p(0.0)), (1.0, 0.0));
        assert!(exp_nonpositive(f32::NEG_INFINITY) < 1.2e-38);
        assert!(exp_nonpositive(f32::NAN).is_nan());
    }

    /// Entries of every size and both signs, a number that is no multiple of the lanes.
    fn entries() -> (Vec<f64>, Vec<f64>) {
        let logits = (0..91).map(|k| f64::from(k - 45) * 0.7 * f64::from(k % 7)).collect();
        let targets = (0..91).map(|k| f64::from(k % 5) / 4.0).collect();
        (logits, targets)
    }

    #[test]
    fn one_pass_agrees_with_the_tensors_operations() {
        let (logits, targets) = entries();
        let device = Device::flex();
        let at = |dtype: DType| {
            let tensor = |v: &[f64]| Tensor::<2>::from_data(TensorData::new(v.to_vec(), [13, 7]), (&device, dtype));
            let (value, gradient) = value_and_gradient(&tensor(&logits), &tensor(&targets));
            (
                value.cast(DType::F64).into_scalar::<f64>(),
                gradient.cast(DType::F64).into_data().try_into_vec::<f64>().unwrap(),
            )
        };
        let ((value, gradient), (exact, exact_gradient)) = (at(DType::F32), at(DType::F64));
        assert!((value / exact - 1.0).abs() < 2e-7, "{value} {exact}");
        for (i, (found, exact)) in gradient.iter().zip(exact_gradient).enumerate() {
            assert!((found - exact).abs() < 2e-7 / 91.0, "entry {i}: {found} {exact}");
        }
    }

    #[test]
    fn not_a_number_is_passed_on() {
        // one among the lanes, one behind them
        for at in [3, 17] {
            let (mut logits, mut gradient) = ([0.5; 19], [0.0; 19]);
            logits[at] = f32::NAN;
            assert!(sum_and_gradient(&logits, &[0.0; 19], 1.0, &mut gradient).is_nan());
            assert!(gradient.iter().enumerate().all(|(i, g)| g.is_nan() == (i == at)), "{at}: {gradient:?}");
        }
    }

    #[test]
    fn a_loss_far_below_the_logit_keeps_its_digits() {
        let (loss, _) = entry(20.0, 1.0);
        assert!((f64::from(loss) / (-20.0_f64).exp() - 1.0).abs() < 1e-6, "{loss}");
    }
}

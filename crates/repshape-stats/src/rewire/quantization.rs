//! What rounding weights to few bits would lose.

use super::RewireError;
use super::error::finite;

/// Rounding errors of a tensor under one step for all of it, symmetric about 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuantizationError {
    /// `max |w| / (2^(bits-1) - 1)`.
    pub step: f64,
    /// Largest `|w - q(w)|`, at most half a step.
    pub largest: f64,
    /// Mean of `(w - q(w))^2`.
    pub mean_square: f64,
    /// `sqrt(sum (w - q(w))^2 / sum w^2)`; 0 where all weights are 0.
    pub relative: f64,
}

/// Of `q(w) = step * round(w / step)`, ties to even, as ONNX's `QuantizeLinear` rounds, with the zero point at 0.
///
/// # Errors
/// If `bits` is not from 2 to 16, or a weight is not finite.
///
/// ```
/// use repshape_stats::rewire::quantization_error;
/// // steps of 1: 0.25 is rounded to 0
/// let error = quantization_error(&[127.0, 0.25, -3.0, 8.0], 8)?;
/// assert_eq!(error.step, 1.0);
/// assert!((error.largest - 0.25).abs() < 1e-12 && (error.mean_square - 0.25 * 0.25 / 4.0).abs() < 1e-12);
/// # Ok::<(), repshape_stats::rewire::RewireError>(())
/// ```
pub fn quantization_error(weights: &[f64], bits: u32) -> Result<QuantizationError, RewireError> {
    let Some((range, steps)) = range_and_steps(weights, bits)? else {
        return Ok(QuantizationError { step: 0.0, largest: 0.0, mean_square: 0.0, relative: 0.0 });
    };
    // in units of the range, whose squares cannot overflow
    let (mut largest, mut errors, mut squares) = (0.0f64, 0.0, 0.0);
    for w in weights.iter().map(|w| w / range) {
        let error = (w - rounded(w, steps)).abs();
        largest = largest.max(error);
        errors += error * error;
        squares += w * w;
    }
    Ok(QuantizationError {
        step: range / steps,
        largest: range * largest,
        mean_square: range * range * errors / weights.len() as f64,
        relative: (errors / squares).sqrt(),
    })
}

/// The weights as they are after rounding, `q(w)` of [`quantization_error`]: what a network of few bits computes with.
///
/// # Errors
/// If `bits` is not from 2 to 16, or a weight is not finite.
///
/// ```
/// use repshape_stats::rewire::quantized;
/// assert_eq!(quantized(&[127.0, 0.25, -3.0, 8.0], 8)?, [127.0, 0.0, -3.0, 8.0]);
/// # Ok::<(), repshape_stats::rewire::RewireError>(())
/// ```
pub fn quantized(weights: &[f64], bits: u32) -> Result<Vec<f64>, RewireError> {
    Ok(match range_and_steps(weights, bits)? {
        None => weights.to_vec(),
        Some((range, steps)) => weights.iter().map(|w| range * rounded(w / range, steps)).collect(),
    })
}

/// Largest absolute weight, and how many steps it is; `None` if all weights are 0.
fn range_and_steps(weights: &[f64], bits: u32) -> Result<Option<(f64, f64)>, RewireError> {
    if !(2..=16).contains(&bits) {
        return Err(RewireError::Setting { field: "bits", found: bits.to_string(), expected: "from 2 to 16" });
    }
    finite("the weights", weights)?;
    let range = weights.iter().fold(0.0f64, |range, w| range.max(w.abs()));
    Ok((range > 0.0).then(|| (range, f64::from((1u32 << (bits - 1)) - 1))))
}

/// A weight in units of the range, at the nearest step.
fn rounded(weight: f64, steps: f64) -> f64 {
    (weight * steps).round_ties_even() / steps
}

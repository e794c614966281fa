//! The correlation of every pair of units as a heat map on the fixed scale -1 to 1.

use serde_json::{Value, json};

use crate::base64;

/// The byte that stands for an undefined correlation.
const UNDEFINED: i8 = i8::MIN;

/// The matrix for `report.js`, one signed byte a cell: `round(100 r)`, -128 where a unit is constant.
///
/// `None` when there is nothing to draw: no units, or a matrix of another size than `units x units`.
pub(crate) fn matrix(units: usize, correlation: &[Option<f32>]) -> Option<Value> {
    if units == 0 || units.checked_mul(units) != Some(correlation.len()) {
        return None;
    }
    let bytes: Vec<u8> = correlation.iter().map(|&value| cell(value) as u8).collect();
    Some(json!({ "matrix": { "units": units, "cells": base64::encode(&bytes) } }))
}

fn cell(value: Option<f32>) -> i8 {
    match value {
        Some(value) if value.is_finite() => (100.0 * value.clamp(-1.0, 1.0)).round() as i8,
        _ => UNDEFINED,
    }
}

/// Mean absolute correlation of two different units, constant ones left out; `None` without such a pair.
pub(crate) fn mean_absolute(units: usize, correlation: &[Option<f32>]) -> Option<f64> {
    let (mut sum, mut pairs) = (0.0, 0u64);
    for (at, value) in correlation.iter().enumerate() {
        if let Some(value) = value.filter(|value| value.is_finite() && at / units != at % units) {
            sum += f64::from(value.abs());
            pairs += 1;
        }
    }
    (pairs > 0).then(|| sum / pairs as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_hundredths_and_the_undefined_is_apart() {
        assert_eq!(
            [cell(Some(1.0)), cell(Some(-0.256)), cell(Some(1.0001)), cell(Some(f32::NAN)), cell(None)],
            [100, -26, 100, -128, -128]
        );
        let drawn = matrix(2, &[Some(1.0), None, Some(-1.0), Some(0.0)]).unwrap();
        assert_eq!(drawn["matrix"]["cells"], base64::encode(&[100, 128, 156, 0]));
    }

    #[test]
    fn wrong_size_is_not_drawn() {
        assert!(matrix(2, &[None]).is_none());
        assert!(matrix(0, &[]).is_none());
        assert!(matrix(usize::MAX, &[None]).is_none());
    }

    #[test]
    fn mean_leaves_out_the_diagonal_and_the_undefined() {
        assert_eq!(mean_absolute(2, &[Some(1.0), Some(-0.5), None, Some(1.0)]), Some(0.5));
        assert_eq!(mean_absolute(1, &[Some(1.0)]), None);
    }
}

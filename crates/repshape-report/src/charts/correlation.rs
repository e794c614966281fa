//! The correlation of every pair of units as a heat map on the fixed scale -1 to 1.

use repshape_stats::pictures::Pictures;
use serde_json::{Value, json};

use crate::base64;

/// The byte that stands for an undefined value.
const UNDEFINED: i8 = i8::MIN;

/// The matrix for `report.js`, one signed byte a cell: `round(100 r)`, -128 where a unit is constant; with the numbers
/// of the units where they are not all, and the order that clusters them.
///
/// `None` when there is nothing to draw: no correlations, or a matrix that is not square.
pub(crate) fn matrix(pictures: &Pictures) -> Option<Value> {
    let shown = shown(pictures)?;
    let mut matrix =
        json!({ "columns": shown, "cells": cells(pictures.correlation.iter().copied()), "scale": "correlation" });
    if !pictures.matrix_units.is_empty() && shown != pictures.units {
        matrix["units"] = json!(pictures.matrix_units);
    }
    if let Some(order) = order(pictures, shown) {
        matrix["order"] = json!(order);
    }
    Some(json!({ "matrix": matrix }))
}

/// Number of units in the matrix; `None` if it is empty or does not fit them.
pub(crate) fn shown(pictures: &Pictures) -> Option<usize> {
    let shown = if pictures.matrix_units.is_empty() { pictures.units } else { pictures.matrix_units.len() };
    (shown > 0 && shown.checked_mul(shown) == Some(pictures.correlation.len())).then_some(shown)
}

/// The order that clusters the `shown` units; `None` where it is not known.
pub(crate) fn order(pictures: &Pictures, shown: usize) -> Option<&[usize]> {
    is_permutation(&pictures.order, shown).then_some(&pictures.order[..])
}

fn is_permutation(order: &[usize], of: usize) -> bool {
    let mut sorted = order.to_vec();
    sorted.sort_unstable();
    sorted.into_iter().eq(0..of)
}

/// Values from -1 to 1 as signed hundredths in base64.
pub(super) fn cells(values: impl Iterator<Item = Option<f32>>) -> String {
    base64::encode(&values.map(|value| cell(value) as u8).collect::<Vec<u8>>())
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

    fn pictures(units: usize, correlation: &[Option<f32>]) -> Pictures {
        Pictures { units, correlation: correlation.to_vec(), ..Pictures::default() }
    }

    #[test]
    fn cells_are_hundredths_and_the_undefined_is_apart() {
        assert_eq!(
            [cell(Some(1.0)), cell(Some(-0.256)), cell(Some(1.0001)), cell(Some(f32::NAN)), cell(None)],
            [100, -26, 100, -128, -128]
        );
        let drawn = matrix(&pictures(2, &[Some(1.0), None, Some(-1.0), Some(0.0)])).unwrap();
        assert_eq!(drawn["matrix"]["cells"], base64::encode(&[100, 128, 156, 0]));
        assert!(drawn["matrix"].get("order").is_none() && drawn["matrix"].get("units").is_none());
    }

    #[test]
    fn some_of_the_units_carry_their_numbers_and_an_order_is_checked() {
        let mut pictures = pictures(9, &[Some(1.0), None, None, Some(1.0)]);
        pictures.matrix_units = vec![3, 7];
        pictures.order = vec![1, 0];
        let drawn = matrix(&pictures).unwrap();
        assert_eq!((&drawn["matrix"]["units"], &drawn["matrix"]["order"]), (&json!([3, 7]), &json!([1, 0])));
        pictures.order = vec![1, 1];
        assert!(matrix(&pictures).unwrap()["matrix"].get("order").is_none());
    }

    #[test]
    fn wrong_size_is_not_drawn() {
        assert!(matrix(&pictures(2, &[None])).is_none());
        assert!(matrix(&pictures(0, &[])).is_none());
        assert!(matrix(&pictures(usize::MAX, &[None])).is_none());
    }

    #[test]
    fn mean_leaves_out_the_diagonal_and_the_undefined() {
        assert_eq!(mean_absolute(2, &[Some(1.0), Some(-0.5), None, Some(1.0)]), Some(0.5));
        assert_eq!(mean_absolute(1, &[Some(1.0)]), None);
    }
}

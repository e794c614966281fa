//! The sampled rows on the first principal axes.

use super::Components;
use crate::sample::SampledRows;
use crate::{gram, spectrum};

/// Axes of the principal components.
const AXES: usize = 3;

/// Units whose products are summed at a time: what a site of any width takes beside its sample.
const UNITS_AT_ONCE: usize = 1024;

/// On the axes of the covariance of all rows.
pub(super) fn of_covariance(points: &SampledRows, covariance: &[f64], mean: &[f64]) -> Components {
    let units = mean.len();
    let eigen = spectrum::eigen(covariance, units);
    let project = |z: &[f64], axes: usize| {
        let mut point = [0.0; AXES];
        for (coordinate, axis) in point.iter_mut().zip(eigen.vectors.chunks_exact(units)).take(axes) {
            *coordinate = z.iter().zip(mean).zip(axis).map(|((z, mean), axis)| (z - mean) * axis).sum::<f64>() as f32;
        }
        point
    };
    let variance_share = shares(&eigen.values);
    Components {
        points: points.values.chunks_exact(units).map(|z| project(z, variance_share.len())).collect(),
        variance_share,
        labels: points.labels.clone(),
    }
}

/// On the axes of the sampled rows themselves, from their `N x N` Gram matrix: with `Zc Zc^T u = N l u`, the
/// coordinates on the axis are `sqrt(N l) u`. `O(N^2 I)` time and `O(N^2)` memory at any number of units.
pub(super) fn of_sample(points: &SampledRows, units: usize) -> Components {
    let rows = points.indices.len();
    let mut gram = vec![0.0; rows * rows];
    let mut part = vec![0.0; rows * rows];
    for start in (0..units).step_by(UNITS_AT_ONCE) {
        let width = UNITS_AT_ONCE.min(units - start);
        let mut columns = vec![0.0; width * rows];
        for (unit, column) in columns.chunks_exact_mut(rows).enumerate() {
            let values = || points.values.iter().skip(start + unit).step_by(units);
            let mean = values().sum::<f64>() / rows as f64;
            column.iter_mut().zip(values()).for_each(|(centred, z)| *centred = z - mean);
        }
        gram::gram_lower(&mut part, &columns, rows);
        gram.iter_mut().zip(&part).for_each(|(sum, part)| *sum += part);
    }
    let eigen = spectrum::eigen(&gram, rows);
    let variance_share = shares(&eigen.values);
    let coordinate = |row: usize, axis: usize| {
        if axis < variance_share.len() {
            (eigen.values[axis].max(0.0).sqrt() * eigen.vectors[axis * rows + row]) as f32
        } else {
            0.0
        }
    };
    Components {
        points: (0..rows).map(|row| std::array::from_fn(|axis| coordinate(row, axis))).collect(),
        variance_share,
        labels: points.labels.clone(),
    }
}

/// The shares of the first eigenvalues in their sum; none if nothing varies.
fn shares(eigenvalues: &[f64]) -> Vec<f64> {
    let total: f64 = eigenvalues.iter().map(|l| l.max(0.0)).sum();
    let axes = if total > 0.0 { AXES.min(eigenvalues.len()) } else { 0 };
    eigenvalues[..axes].iter().map(|l| l.max(0.0) / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five rows of three units whose mean is 0: both ways must find the same axes.
    #[test]
    fn sample_and_covariance_agree_where_the_sample_is_all_rows() {
        let z = [4.0, 1.0, 0.0, -3.0, 0.5, 1.0, 2.0, -2.0, -0.5, -4.0, 1.5, -0.5, 1.0, -1.0, 0.0];
        let points = SampledRows { indices: (0..5).collect(), values: z.to_vec(), labels: vec![] };
        let c = |i: usize, j: usize| z.chunks(3).map(|z| z[i] * z[j]).sum::<f64>() / 5.0;
        let covariance: Vec<f64> = (0..9).map(|at| c(at / 3, at % 3)).collect();
        let (a, b) = (of_covariance(&points, &covariance, &[0.0; 3]), of_sample(&points, 3));
        assert_eq!(a.variance_share.len(), 3);
        for (a, b) in a.variance_share.iter().zip(&b.variance_share) {
            assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
        for axis in 0..3 {
            // an axis may point either way
            let sign = (a.points[0][axis] * b.points[0][axis]).signum();
            for (a, b) in a.points.iter().zip(&b.points) {
                assert!((a[axis] - sign * b[axis]).abs() < 1e-5, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn one_row_and_constant_rows_have_no_axes() {
        let one = SampledRows { indices: vec![3], values: vec![1.0, 2.0], labels: vec![0] };
        assert_eq!(of_sample(&one, 2).points, [[0.0; 3]]);
        assert!(of_sample(&one, 2).variance_share.is_empty());
    }
}

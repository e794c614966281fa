//! Zero mean and unit variance by the training rows.

use serde::{Deserialize, Serialize};

/// The map `x -> (x - mean) * scale` of each column, computed in f64.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standardization {
    /// Each column's mean over the training rows.
    pub mean: Vec<f64>,
    /// One over each column's standard deviation (1/N) over the training rows; 0 for a constant
    /// column.
    pub scale: Vec<f64>,
}

impl Standardization {
    /// The map that standardizes these rows (row-major).
    pub(crate) fn of(values: &[f32], columns: usize) -> Standardization {
        let rows = (values.len() / columns) as f64;
        let mut mean = vec![0.0f64; columns];
        for row in values.chunks_exact(columns) {
            mean.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x));
        }
        mean.iter_mut().for_each(|sum| *sum /= rows);
        let mut variance = vec![0.0f64; columns];
        for row in values.chunks_exact(columns) {
            for ((sum, &x), &mean) in variance.iter_mut().zip(row).zip(&mean) {
                *sum += (f64::from(x) - mean).powi(2);
            }
        }
        let first = &values[..columns];
        let scale = (0..columns)
            .map(|column| {
                // by comparison, because a constant's computed variance can round above 0
                let constant = values.chunks_exact(columns).all(|row| row[column] == first[column]);
                if constant { 0.0 } else { (variance[column] / rows).sqrt().recip() }
            })
            .collect();
        Standardization { mean, scale }
    }

    /// Maps rows (row-major) in place.
    ///
    /// # Panics
    ///
    /// If there are no columns.
    pub fn apply(&self, values: &mut [f32]) {
        for row in values.chunks_exact_mut(self.mean.len()) {
            for ((x, mean), scale) in row.iter_mut().zip(&self.mean).zip(&self.scale) {
                *x = ((f64::from(*x) - mean) * scale) as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_get_mean_0_and_variance_1_and_constants_become_0() {
        let mut values = [1.0, 0.1, 2.0, 0.1, 6.0, 0.1];
        let map = Standardization::of(&values, 2);
        assert_eq!((map.mean[0], map.scale[1]), (3.0, 0.0));
        map.apply(&mut values);
        // variance (4 + 1 + 9) / 3
        let sd = (14.0f64 / 3.0).sqrt();
        for (row, x) in [-2.0, -1.0, 3.0].into_iter().enumerate() {
            assert_eq!(values[2 * row], (x / sd) as f32);
            assert_eq!(values[2 * row + 1], 0.0);
        }
        // a column constant in training is 0 in other rows too
        let mut other = [3.0, 7.0];
        map.apply(&mut other);
        assert_eq!(other, [0.0, 0.0]);
    }
}

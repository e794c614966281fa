//! Random changes of representation.
//!
//! Random bits come from the caller, 64 at a time, so that a project has one source of them; what is made of the bits is
//! fixed here and does not change with another crate's version.

use std::f64::consts::TAU;

use super::affine::check_units;
use super::product::{orthogonal_factor, transpose};
use super::{Affine, RewireError};

/// Uniform in (0, 1): the 2^53 midpoints, so neither 0 nor 1.
fn uniform(bits: u64) -> f64 {
    ((bits >> 12) as f64 + 0.5) / (1u64 << 52) as f64
}

/// Two independent standard normals (Box & Muller 1958).
fn normals(draw: &mut dyn FnMut() -> u64) -> [f64; 2] {
    let radius = (-2.0 * uniform(draw()).ln()).sqrt();
    let (sine, cosine) = (TAU * uniform(draw())).sin_cos();
    [radius * cosine, radius * sine]
}

impl Affine {
    /// A random orthogonal Q, uniform over all of them (Haar measure), m = 0: the orthogonal factor of a matrix of
    /// normals whose triangular factor has a positive diagonal (Mezzadri 2007). Covariances turn, total variance stays.
    /// `draw` gives 64 random bits a call. Cost `O(units^3)`.
    ///
    /// # Errors
    /// If there are no units.
    pub fn random_orthogonal(units: usize, draw: &mut dyn FnMut() -> u64) -> Result<Self, RewireError> {
        check_units(units)?;
        let normals: Vec<f64> = (0..(units * units).div_ceil(2)).flat_map(|_| normals(draw)).collect();
        let q = orthogonal_factor(&normals[..units * units], units);
        let inverse = transpose(&q, units, units);
        Self::of_pair(q, inverse, vec![0.0; units])
    }

    /// A random positive diagonal, each scale uniform in (`low`, `high`), m = 0. C18, Table 3 takes (0, 1).
    ///
    /// # Errors
    /// If there are no units, or not `0 <= low < high`.
    pub fn random_scale(units: usize, low: f64, high: f64, draw: &mut dyn FnMut() -> u64) -> Result<Self, RewireError> {
        if !(0.0 <= low && low < high && high.is_finite()) {
            let found = format!("from {low} to {high}");
            return Err(RewireError::Setting { field: "the range of scales", found, expected: "0 <= low < high" });
        }
        Self::scale((0..units).map(|_| low + (high - low) * uniform(draw())).collect())
    }

    /// A random order of the units, all equally likely (Fisher & Yates).
    ///
    /// # Errors
    /// If there are no units.
    pub fn random_permutation(units: usize, draw: &mut dyn FnMut() -> u64) -> Result<Self, RewireError> {
        let mut order: Vec<usize> = (0..units).collect();
        for i in (1..units).rev() {
            let other = (u128::from(draw()) * (i as u128 + 1)) >> 64;
            order.swap(i, other as usize);
        }
        Self::permute(order)
    }

    /// Ones with a random diagonal from U(0, 1), m = 0: the Q of comparable performance networks (C18, section 3.2 and
    /// Table 3, "ones with random positive diagonal"). It is not a positive diagonal: applied to a ReLU layer it
    /// changes the outputs.
    ///
    /// With `d` the diagonal and `e_i = 1 / (1 - d_i)`: `Q^-1 = e e^T / (sum e - 1) - diag(e)`.
    ///
    /// # Errors
    /// If there are no units.
    pub fn ones_with_random_diagonal(units: usize, draw: &mut dyn FnMut() -> u64) -> Result<Self, RewireError> {
        check_units(units)?;
        let diagonal: Vec<f64> = (0..units).map(|_| uniform(draw())).collect();
        if units == 1 {
            return Self::scale(diagonal);
        }
        let e: Vec<f64> = diagonal.iter().map(|d| 1.0 / (1.0 - d)).collect();
        // each is above 1, so the sum is above 1 too
        let below: f64 = e.iter().sum::<f64>() - 1.0;
        let (mut q, mut inverse) = (vec![1.0; units * units], vec![0.0; units * units]);
        for i in 0..units {
            for j in 0..units {
                inverse[i * units + j] = e[i] * e[j] / below;
            }
            q[i * units + i] = diagonal[i];
            // e_i^2 / below - e_i, without taking nearly equal numbers from each other
            let others: f64 = e.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, e)| e).sum::<f64>() - 1.0;
            inverse[i * units + i] = -e[i] * others / below;
        }
        Self::of_pair(q, inverse, vec![0.0; units])
    }
}

//! `Affine`: a change of representation that can be undone.

use std::fmt;

use super::RewireError;
use super::error::{finite, length, units};
use super::product::{View, inverse, product, row_times, times_column};
use crate::spectrum;

/// What a matrix is, which decides through which activations it passes (theorems 1 and 2 of C18).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Mixes units, or turns the sign of one: linear sites only.
    General,
    /// Scales each unit by a number above 0; the identity is one.
    PositiveDiagonal,
    /// Puts the units into another order.
    Permutation,
    /// Both together.
    ScaledPermutation,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::General => "a general matrix",
            Self::PositiveDiagonal => "a positive diagonal",
            Self::Permutation => "a permutation",
            Self::ScaledPermutation => "a positive diagonal times a permutation",
        })
    }
}

/// The change of representation `z' = (z - m) Q^T`, rows of `units` values, Q nonsingular, together with its inverse.
///
/// A matrix with one entry in each row and column, all above 0, is kept as an order and a scale, whatever it was made
/// from: [`kind`](Self::kind) looks at the numbers. Every other holds Q and `Q^-1`, `2 units^2` numbers.
///
/// ```
/// use repshape_stats::rewire::{Affine, Kind};
///
/// // z'_0 = 2 (z_1 - 1), z'_1 = z_0
/// let map = Affine::new(vec![0.0, 2.0, 1.0, 0.0], vec![0.0, 1.0])?;
/// assert_eq!(map.apply(&[5.0, 4.0])?, [6.0, 5.0]);
/// assert_eq!(map.inverse().apply(&[6.0, 5.0])?, [5.0, 4.0]);
/// assert_eq!(map.kind(), Kind::ScaledPermutation);
/// // behind a ReLU the shift would have to be 0
/// assert!(!map.is_positively_homogeneous() && map.without_shift().is_positively_homogeneous());
/// # Ok::<(), repshape_stats::rewire::RewireError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Affine {
    map: Map,
    shift: Vec<f64>,
}

#[derive(Debug, Clone, PartialEq)]
enum Map {
    /// `z'_i = scale_i (z - m)_{order_i}`
    Units { order: Vec<usize>, scale: Vec<f64> },
    /// Row-major Q and its inverse.
    General { q: Vec<f64>, inverse: Vec<f64> },
}

impl Affine {
    /// Of a row-major `units x units` matrix Q and a shift m of `units` values.
    ///
    /// # Errors
    /// If there are no units, a value is not finite, Q has another size than `units x units`, or Q is singular to working
    /// precision: its smallest singular value is at most `units * 2^-52` of its largest. Cost `O(units^3)`.
    pub fn new(q: Vec<f64>, shift: Vec<f64>) -> Result<Self, RewireError> {
        let n = shift.len();
        check_units(n)?;
        length("the matrix", n.saturating_mul(n), q.len())?;
        finite("the matrix", &q)?;
        finite("the shift", &shift)?;
        if let Some(map) = monomial(&q, n) {
            return Ok(Self { map, shift });
        }
        let quotient = 1.0 / condition_of(&q, n);
        if quotient <= n as f64 * f64::EPSILON {
            return Err(RewireError::Singular { quotient });
        }
        let inverse = inverse(&q, n);
        finite("the inverse of the matrix", &inverse)?;
        Ok(Self { map: Map::General { q, inverse }, shift })
    }

    /// Of a matrix and an inverse that is known, such as an eigendecomposition gives.
    pub(super) fn of_pair(q: Vec<f64>, inverse: Vec<f64>, shift: Vec<f64>) -> Result<Self, RewireError> {
        finite("the matrix", &q)?;
        finite("the inverse of the matrix", &inverse)?;
        let map = monomial(&q, shift.len()).unwrap_or(Map::General { q, inverse });
        Ok(Self { map, shift })
    }

    /// The map that changes nothing.
    ///
    /// # Errors
    /// If there are no units.
    pub fn identity(units: usize) -> Result<Self, RewireError> {
        Self::scale(vec![1.0; units])
    }

    /// `z'_i = scale_i z_i`.
    ///
    /// # Errors
    /// If there are no units, or a scale is not a finite number above 0 whose inverse is finite.
    pub fn scale(scale: Vec<f64>) -> Result<Self, RewireError> {
        check_units(scale.len())?;
        if let Some(unit) = scale.iter().position(|s| !(*s > 0.0 && s.is_finite() && s.recip().is_finite())) {
            return Err(RewireError::Scale { unit, found: scale[unit] });
        }
        let n = scale.len();
        Ok(Self { map: Map::Units { order: (0..n).collect(), scale }, shift: vec![0.0; n] })
    }

    /// `z'_i = z_{order_i}`: unit i of the new representation is unit `order[i]` of the old one.
    ///
    /// # Errors
    /// If there are no units, or the order does not name each of them once.
    pub fn permute(order: Vec<usize>) -> Result<Self, RewireError> {
        let n = order.len();
        check_units(n)?;
        let mut named = vec![false; n];
        for (position, &unit) in order.iter().enumerate() {
            if unit >= n || std::mem::replace(&mut named[unit], true) {
                return Err(RewireError::Order { position, found: unit, last: n - 1 });
            }
        }
        Ok(Self { map: Map::Units { order, scale: vec![1.0; n] }, shift: vec![0.0; n] })
    }

    /// Number of units.
    #[must_use]
    pub fn units(&self) -> usize {
        self.shift.len()
    }

    /// The shift m.
    #[must_use]
    pub fn shift(&self) -> &[f64] {
        &self.shift
    }

    /// Q, row-major.
    #[must_use]
    pub fn matrix(&self) -> Vec<f64> {
        let n = self.units();
        match &self.map {
            Map::General { q, .. } => q.clone(),
            Map::Units { order, scale } => {
                let mut q = vec![0.0; n * n];
                for (i, (&j, s)) in order.iter().zip(scale).enumerate() {
                    q[i * n + j] = *s;
                }
                q
            }
        }
    }

    /// The same Q with m = 0: where a shift cannot pass.
    #[must_use]
    pub fn without_shift(&self) -> Self {
        Self { map: self.map.clone(), shift: vec![0.0; self.units()] }
    }

    /// The same Q with this shift.
    ///
    /// # Errors
    /// If it has another length or a value that is not finite.
    pub fn with_shift(self, shift: Vec<f64>) -> Result<Self, RewireError> {
        units("the shift", self.units(), shift.len())?;
        finite("the shift", &shift)?;
        Ok(Self { shift, ..self })
    }

    /// What Q is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        let Map::Units { order, scale } = &self.map else { return Kind::General };
        let in_place = order.iter().enumerate().all(|(i, j)| i == *j);
        let ones = scale.iter().all(|s| *s == 1.0);
        match (in_place, ones) {
            (true, _) => Kind::PositiveDiagonal,
            (false, true) => Kind::Permutation,
            (false, false) => Kind::ScaledPermutation,
        }
    }

    /// Whether the map passes a positively homogeneous activation (theorem 2): Q a positive diagonal times a permutation,
    /// and m = 0.
    #[must_use]
    pub fn is_positively_homogeneous(&self) -> bool {
        self.kind() != Kind::General && self.shift.iter().all(|m| *m == 0.0)
    }

    /// Largest over smallest singular value of Q, at least 1. A round trip through Q loses about
    /// `log10(condition)` of the digits. Cost `O(units^3)` for a general Q, `O(units)` for the others.
    #[must_use]
    pub fn condition(&self) -> f64 {
        match &self.map {
            Map::General { q, .. } => condition_of(q, self.units()),
            Map::Units { scale, .. } => {
                let largest = scale.iter().fold(0.0f64, |a, b| a.max(*b));
                largest / scale.iter().fold(f64::INFINITY, |a, b| a.min(*b))
            }
        }
    }

    /// The map back: `z = (z' + m Q^T) Q^-T`.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let n = self.units();
        let shift = self.forward(&self.shift).into_iter().map(|m| 0.0 - m).collect();
        let map = match &self.map {
            Map::General { q, inverse } => Map::General { q: inverse.clone(), inverse: q.clone() },
            Map::Units { order, scale } => {
                let (mut back, mut factor) = (vec![0; n], vec![0.0; n]);
                for (i, (&j, s)) in order.iter().zip(scale).enumerate() {
                    (back[j], factor[j]) = (i, s.recip());
                }
                Map::Units { order: back, scale: factor }
            }
        };
        Self { map, shift }
    }

    /// This map and then `next`: `Q = Q_next Q_this`, `m = m_this + m_next Q_this^-T`.
    ///
    /// # Errors
    /// If `next` is of another number of units, or the product leaves the range of `f64`.
    pub fn then(&self, next: &Self) -> Result<Self, RewireError> {
        let n = self.units();
        units("the second map", n, next.units())?;
        let back = self.inverse().forward(&next.shift);
        let shift: Vec<f64> = self.shift.iter().zip(back).map(|(a, b)| a + b).collect();
        finite("the shift", &shift)?;
        if let (Map::Units { order, scale }, Map::Units { order: next_order, scale: next_scale }) =
            (&self.map, &next.map)
        {
            let joined: Vec<f64> = next_order.iter().zip(next_scale).map(|(&j, s)| s * scale[j]).collect();
            let order = next_order.iter().map(|&j| order[j]).collect();
            Self::scale(joined.clone())?;
            return Ok(Self { map: Map::Units { order, scale: joined }, shift });
        }
        let q = next.left_of(&self.matrix(), n);
        let inverse = self.inverse().left_of(&next.inverse().matrix(), n);
        Self::of_pair(q, inverse, shift)
    }

    /// `(z - m) Q^T` of each row of `z`, row-major.
    ///
    /// # Errors
    /// If `z` is no whole number of rows.
    pub fn apply(&self, z: &[f64]) -> Result<Vec<f64>, RewireError> {
        let n = self.units();
        length("the rows", z.len() / n * n, z.len())?;
        let mut moved = z.to_vec();
        for row in moved.chunks_exact_mut(n) {
            row.iter_mut().zip(&self.shift).for_each(|(z, m)| *z -= m);
        }
        Ok(self.right_of(&moved))
    }

    /// `Q v` of one vector: the same as `v Q^T` as a row.
    pub(super) fn forward(&self, v: &[f64]) -> Vec<f64> {
        match &self.map {
            Map::General { q, .. } => times_column(q, v),
            Map::Units { order, scale } => order.iter().zip(scale).map(|(&j, s)| s * v[j]).collect(),
        }
    }

    /// `rows Q^T`.
    pub(super) fn right_of(&self, rows: &[f64]) -> Vec<f64> {
        let n = self.units();
        match &self.map {
            Map::General { q, .. } => product(View::new(rows, rows.len() / n, n), View::new(q, n, n).transposed()),
            Map::Units { .. } => rows.chunks_exact(n).flat_map(|row| self.forward(row)).collect(),
        }
    }

    /// `Q matrix`, of a matrix with `units` rows.
    fn left_of(&self, matrix: &[f64], columns: usize) -> Vec<f64> {
        let n = self.units();
        match &self.map {
            Map::General { q, .. } => product(View::new(q, n, n), View::new(matrix, n, columns)),
            Map::Units { order, scale } => {
                let row = |(&j, s): (&usize, &f64)| {
                    let s = *s;
                    matrix[j * columns..(j + 1) * columns].iter().map(move |x| s * x)
                };
                order.iter().zip(scale).flat_map(row).collect()
            }
        }
    }

    /// `Q^-T matrix`, of a matrix with `units` rows.
    pub(super) fn inverse_transposed_left_of(&self, matrix: &[f64], columns: usize) -> Vec<f64> {
        let n = self.units();
        match &self.map {
            Map::General { inverse, .. } => {
                product(View::new(inverse, n, n).transposed(), View::new(matrix, n, columns))
            }
            Map::Units { order, scale } => {
                let row = |(&j, s): (&usize, &f64)| {
                    let s = *s;
                    matrix[j * columns..(j + 1) * columns].iter().map(move |x| x / s)
                };
                order.iter().zip(scale).flat_map(row).collect()
            }
        }
    }

    /// `m matrix`, of a matrix with `units` rows.
    pub(super) fn shift_times(&self, matrix: &[f64], columns: usize) -> Vec<f64> {
        row_times(&self.shift, matrix, columns)
    }

    /// The covariance of the new representation, `Q C Q^T`, from the old one's: row-major, both triangles, exactly symmetric.
    ///
    /// # Errors
    /// If `covariance` is not `units x units`.
    pub fn covariance_after(&self, covariance: &[f64]) -> Result<Vec<f64>, RewireError> {
        let n = self.units();
        length("the covariance", n * n, covariance.len())?;
        let mut after = self.left_of(&self.right_of(covariance), n);
        for i in 0..n {
            for j in 0..i {
                let mean = 0.5 * (after[i * n + j] + after[j * n + i]);
                (after[i * n + j], after[j * n + i]) = (mean, mean);
            }
        }
        Ok(after)
    }

    /// The means of the new representation, `(mu - m) Q^T`.
    ///
    /// # Errors
    /// If `mean` does not have one value for each unit.
    pub fn mean_after(&self, mean: &[f64]) -> Result<Vec<f64>, RewireError> {
        units("the mean", self.units(), mean.len())?;
        self.apply(mean)
    }
}

/// As an order and a scale, if there is exactly one entry in each row and column, all above 0.
fn monomial(q: &[f64], n: usize) -> Option<Map> {
    let (mut order, mut scale, mut named) = (Vec::with_capacity(n), Vec::with_capacity(n), vec![false; n]);
    for row in q.chunks_exact(n) {
        let mut entries = row.iter().enumerate().filter(|(_, x)| **x != 0.0);
        let (j, s) = entries.next()?;
        if entries.next().is_some() || *s <= 0.0 || s.recip().is_infinite() || std::mem::replace(&mut named[j], true) {
            return None;
        }
        order.push(j);
        scale.push(*s);
    }
    Some(Map::Units { order, scale })
}

/// Infinity if the smallest singular value is 0 or the values are not finite.
fn condition_of(q: &[f64], n: usize) -> f64 {
    let Some(singular) = spectrum::singular(q, n, n) else { return f64::INFINITY };
    let (first, last) = (singular.values[0], singular.values[n - 1]);
    if last > 0.0 { first / last } else { f64::INFINITY }
}

pub(super) fn check_units(n: usize) -> Result<(), RewireError> {
    if n > 0 {
        return Ok(());
    }
    Err(RewireError::Setting { field: "units", found: "0".into(), expected: "at least 1" })
}

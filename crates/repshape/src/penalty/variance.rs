//! Variance of each unit, over all rows (VR) or within each class (cw-VR).

use burn::tensor::Tensor;

use super::{Penalty, Reduction};
use crate::groups::{Groups, Scope};

/// Mean variance of the units: `1/(K I) sum_k sum_i v^k_i`, biased (`1/|S_k|`); `Sum` drops `1/(K I)`.
///
/// | scope | gradient at row n of class k |
/// |---|---|
/// | [`Scope::All`] | `2 (z_in - mu_i) / (N I)` |
/// | [`Scope::Class`] | `2 (z_in - mu^k_i) / (K I |S_k|)` |
///
/// An absent class adds nothing and still counts in `K`; a class with one row adds 0. Within classes it is the
/// centre loss up to scale, and drives the neural-collapse measure `nc1` down. Cost `O(N I)`.
/// Source: Choi & Rhee (2019), Table 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variance {
    /// All rows or within classes.
    pub scope: Scope,
    /// Mean by default.
    pub reduction: Reduction,
}

impl Penalty for Variance {
    fn value_and_gradient(&self, z: &Tensor<2>, groups: &Groups) -> (Tensor<1>, Tensor<2>) {
        let [_, units] = z.dims();
        let scale = self.reduction.scale((groups.count() * units) as f64);
        let centred = groups.centre(z);
        let gradient = groups.weigh(centred.clone(), 2.0 * scale);
        ((centred * gradient.clone()).sum() * 0.5, gradient)
    }

    fn scope(&self) -> Scope {
        self.scope
    }

    fn degree(&self) -> Option<f64> {
        Some(2.0)
    }
}

//! Squared covariance between units, over all rows (CR) or within each class (cw-CR).

use burn::tensor::Tensor;

use super::products::squared_covariances;
use super::{Penalty, Reduction};
use crate::groups::{Groups, Scope};

/// `1/(K I(I-1)) sum_k sum_{i!=j} (c^k_ij)^2`, a mean over the ordered pairs of units, biased covariances
/// (`1/|S_k|`); `Sum` drops the factor.
///
/// | scope | gradient at row n of class k |
/// |---|---|
/// | [`Scope::All`] | `4/(N I(I-1)) sum_{j!=i} c_ij (z_jn - mu_j)` |
/// | [`Scope::Class`] | `4/(K I(I-1) |S_k|) sum_{j!=i} c^k_ij (z_jn - mu^k_j)` |
///
/// An absent class adds nothing and still counts in `K`; a class with one row, or one unit, gives 0. Cost
/// `O(min(N, I) N I)`: no `I x I` matrix where the rows are fewer, no loop over classes in a batch. Source: Choi & Rhee
/// (2019), Table 1, whose printed factor `2/(I(I-1))` counts each pair once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Covariance {
    /// All rows or within classes.
    pub scope: Scope,
    /// Mean by default.
    pub reduction: Reduction,
}

impl Penalty for Covariance {
    fn value_and_gradient(&self, z: &Tensor<2>, groups: &Groups) -> (Tensor<1>, Tensor<2>) {
        let [_, units] = z.dims();
        let pairs = units as f64 * units.saturating_sub(1) as f64;
        let scale = self.reduction.scale(groups.count() as f64 * pairs);
        squared_covariances(groups.centre(z), groups, scale)
    }

    fn scope(&self) -> Scope {
        self.scope
    }

    fn degree(&self) -> Option<f64> {
        Some(4.0)
    }
}

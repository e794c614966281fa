//! Squared covariance between units as VICReg scales it.

use burn::tensor::Tensor;

use super::products::{squared_covariances, unbiased};
use super::{Penalty, Reduction};
use crate::groups::{Groups, Scope};

/// `1/I sum_{i!=j} C_ij^2` with unbiased covariances (`1/(N-1)`); `Sum` drops `1/I`. 0 for one row or one unit.
///
/// The gradient is `4/(I (N-1)) sum_{j!=i} C_ij (z_jn - mu_j)`. Source: Bardes et al. (2022), eq. 4.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VicregCovariance {
    /// Mean by default.
    pub reduction: Reduction,
}

impl Penalty for VicregCovariance {
    fn value_and_gradient(&self, z: &Tensor<2>, groups: &Groups) -> (Tensor<1>, Tensor<2>) {
        let [rows, units] = z.dims();
        // from 1/N to 1/(N-1), squared
        let scale = self.reduction.scale(units as f64) * (rows as f64 * unbiased(rows)).powi(2);
        squared_covariances(groups.centre(z), groups, scale)
    }

    fn scope(&self) -> Scope {
        Scope::All
    }

    fn degree(&self) -> Option<f64> {
        Some(4.0)
    }
}

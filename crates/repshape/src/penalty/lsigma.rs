//! Absolute covariance of the units, variances included (L-Sigma).

use burn::tensor::Tensor;

use super::products::{absolute_products, unbiased};
use super::{Penalty, Reduction};
use crate::groups::{Groups, Scope};

/// `1/I^2 sum_ij |C_ij|`, **diagonal included**, with unbiased covariances (`1/(N-1)`, 0 for one row); `Sum` drops `1/I^2`.
///
/// The gradient is `2/(I^2 (N-1)) sum_j sign(C_ij) (z_jn - mu_j)`, with sign 0 at 0. Source: Kageback & Mogren (2017), section 2.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LSigma {
    /// Mean by default.
    pub reduction: Reduction,
}

impl Penalty for LSigma {
    fn value_and_gradient(&self, z: &Tensor<2>, groups: &Groups) -> (Tensor<1>, Tensor<2>) {
        let [rows, units] = z.dims();
        let scale = self.reduction.scale(units as f64 * units as f64) * unbiased(rows);
        let (sum, signed) = absolute_products(groups.centre(z));
        (sum * scale, signed * (2.0 * scale))
    }

    fn scope(&self) -> Scope {
        Scope::All
    }

    fn degree(&self) -> Option<f64> {
        Some(2.0)
    }
}

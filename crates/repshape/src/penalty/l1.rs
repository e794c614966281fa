//! Size of the activations (L1R).

use burn::tensor::Tensor;

use super::{Penalty, Reduction};
use crate::groups::{Groups, Scope};

/// `1/(N I) sum_n sum_i |z_in|`; `Sum` drops the factor.
///
/// The gradient is `sign(z_in)/(N I)`, 0 at 0. The code released with the papers divides by `I` only; this
/// follows the paper. Source: Choi & Rhee (2019), p. 7.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct L1 {
    /// Mean by default.
    pub reduction: Reduction,
}

impl Penalty for L1 {
    fn value_and_gradient(&self, z: &Tensor<2>, _groups: &Groups) -> (Tensor<1>, Tensor<2>) {
        let [rows, units] = z.dims();
        let scale = self.reduction.scale((rows * units) as f64);
        (z.clone().abs().sum() * scale, z.clone().sign() * scale)
    }

    fn scope(&self) -> Scope {
        Scope::All
    }

    fn degree(&self) -> Option<f64> {
        Some(1.0)
    }
}

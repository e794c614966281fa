//! A floor under each unit's standard deviation (VICReg's variance term).

use burn::tensor::Tensor;

use super::products::unbiased;
use super::{Penalty, Reduction};
use crate::groups::{Groups, Scope};

/// The standard deviation below which a unit is pushed.
const FLOOR: f64 = 1.0;
/// Under the square root, so that a constant unit has a gradient that is finite.
const EPSILON: f64 = 1e-4;

/// `1/I sum_i max(0, 1 - sqrt(C_ii + 1e-4))` with unbiased variances (`1/(N-1)`, 0 for one row); `Sum` drops `1/I`.
///
/// The gradient is `-(z_in - mu_i)/(I (N-1) sqrt(C_ii + 1e-4))` where the square root is below 1, else 0. Alone it spreads
/// representations out; VICReg pairs it with [`super::VicregCovariance`]. Source: Bardes et al. (2022), eq. 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VarianceHinge {
    /// Mean by default.
    pub reduction: Reduction,
}

impl Penalty for VarianceHinge {
    fn value_and_gradient(&self, z: &Tensor<2>, groups: &Groups) -> (Tensor<1>, Tensor<2>) {
        let [rows, units] = z.dims();
        let scale = self.reduction.scale(units as f64);
        let centred = groups.centre(z);
        let deviation = (centred.clone().square().sum_dim(0) * unbiased(rows) + EPSILON).sqrt();
        let above = deviation.clone().greater_equal_elem(FLOOR);
        let slope = (deviation.clone().recip() * (-scale * unbiased(rows))).mask_fill(above.clone(), 0.0);
        let short = (deviation * -1.0 + FLOOR).mask_fill(above, 0.0);
        (short.sum() * scale, centred * slope)
    }

    fn scope(&self) -> Scope {
        Scope::All
    }

    fn degree(&self) -> Option<f64> {
        None
    }
}

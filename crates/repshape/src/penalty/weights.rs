//! Size of a layer's weights (L1W, L2W): the matrix, not the bias, stands in the place of the activations.

use burn::tensor::Tensor;

use super::Penalty;
use crate::groups::{Groups, Scope};

/// `sum |W|`, gradient `sign(W)`, 0 at 0. One form only. Source: Choi & Rhee (2019), p. 5.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct L1Weight;

impl Penalty for L1Weight {
    fn value_and_gradient(&self, w: &Tensor<2>, _groups: &Groups) -> (Tensor<1>, Tensor<2>) {
        (w.clone().abs().sum(), w.clone().sign())
    }

    fn scope(&self) -> Scope {
        Scope::All
    }

    fn degree(&self) -> Option<f64> {
        Some(1.0)
    }
}

/// `sum W^2`, gradient `2 W`. One form only, without the 1/2 of some definitions. Source: Choi & Rhee (2019), p. 5.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct L2Weight;

impl Penalty for L2Weight {
    fn value_and_gradient(&self, w: &Tensor<2>, _groups: &Groups) -> (Tensor<1>, Tensor<2>) {
        (w.clone().square().sum(), w.clone() * 2.0)
    }

    fn scope(&self) -> Scope {
        Scope::All
    }

    fn degree(&self) -> Option<f64> {
        Some(2.0)
    }
}

//! Any differentiable closure as a penalty.

use std::fmt;

use burn::tensor::Tensor;

use super::Penalty;
use crate::groups::{Groups, Scope};

/// A penalty from a differentiable closure `value(z, groups)`, its gradient by autodiff.
///
/// For ideas of one's own, and the independent check of the closed forms. The closure gets `z` on the tape;
/// what [`Groups`] gives are constants. Scale by `* (1.0 / s)`, not `/ s`: the backward of a division by a
/// scalar rounds `1/s` to f32 in Burn 0.22.
///
/// ```
/// use burn::tensor::{DType, Device, Tensor};
/// use repshape::groups::{Groups, Scope};
/// use repshape::penalty::{ByAutodiff, Penalty};
///
/// let energy = ByAutodiff::new("energy", Scope::All, Some(2.0), |z, _| z.square().sum());
/// let device = Device::flex();
/// let z = Tensor::<2>::from_data([[1.0, -2.0]], &device);
/// let (value, gradient) = energy.value_and_gradient(&z, &Groups::all(1, &device, DType::F32));
/// assert_eq!(value.into_scalar::<f32>(), 5.0);
/// gradient.into_data().assert_eq(&[[2.0f32, -4.0]].into(), true);
/// ```
pub struct ByAutodiff<F> {
    name: String,
    scope: Scope,
    degree: Option<f64>,
    value: F,
}

impl<F> ByAutodiff<F>
where
    F: Fn(Tensor<2>, &Groups) -> Tensor<1> + Send + Sync,
{
    /// `degree` is that of [`Penalty::degree`]; the closure returns one number (`[1]`).
    pub fn new(name: impl Into<String>, scope: Scope, degree: Option<f64>, value: F) -> Self {
        Self { name: name.into(), scope, degree, value }
    }
}

impl<F> fmt::Debug for ByAutodiff<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ByAutodiff({})", self.name)
    }
}

impl<F> Penalty for ByAutodiff<F>
where
    F: Fn(Tensor<2>, &Groups) -> Tensor<1> + Send + Sync,
{
    fn value_and_gradient(&self, z: &Tensor<2>, groups: &Groups) -> (Tensor<1>, Tensor<2>) {
        let z = Tensor::from_inner(z.clone()).require_grad();
        let value = (self.value)(z.clone(), groups);
        let gradient = match value.is_tracked() {
            true => z.grad(&value.backward()),
            false => None,
        };
        // no gradient: the closure does not depend on z
        (value.inner(), gradient.unwrap_or_else(|| z.inner().zeros_like()))
    }

    fn scope(&self) -> Scope {
        self.scope
    }

    fn degree(&self) -> Option<f64> {
        self.degree
    }
}

//! A closed-form gradient onto the autodiff tape.

use burn::tensor::Tensor;

use super::Penalty;
use crate::groups::Groups;

/// `weight * <z, gradient>`: a scalar whose gradient with respect to `z` (on the tape) is `weight * gradient`.
///
/// Add it to the loss to descend along a gradient known in closed form. Its own value means nothing:
/// log the penalty's value instead. `gradient` is a constant to the tape, also where it depends on `z`.
pub fn graft(z: Tensor<2>, gradient: Tensor<2>, weight: f64) -> Tensor<1> {
    (z * Tensor::from_inner(gradient)).sum() * weight
}

/// Adds `weight` times a penalty on `z` (on the tape) to a loss; returns the new loss, to call `backward` on,
/// and the penalty's unweighted value, off the tape, to log.
///
/// The number that the returned loss holds is not `loss + weight * value`, only its gradient is right: see [`graft`].
pub fn add_penalty(
    loss: Tensor<1>,
    z: &Tensor<2>,
    penalty: &dyn Penalty,
    groups: &Groups,
    weight: f64,
) -> (Tensor<1>, Tensor<1>) {
    let (value, gradient) = penalty.value_and_gradient(&z.clone().inner(), groups);
    (loss + graft(z.clone(), gradient, weight), value)
}

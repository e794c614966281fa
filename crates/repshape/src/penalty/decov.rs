//! Half the sum of squared covariances between units (DeCov).

use burn::tensor::Tensor;

use super::Penalty;
use super::products::squared_covariances;
use crate::groups::{Groups, Scope};

/// `1/2 sum_{i!=j} c_ij^2`, biased covariances (`1/N`): [`super::Covariance`] over all rows, summed, times 1/2. One form only.
///
/// The gradient is `2/N sum_{j!=i} c_ij (z_jn - mu_j)`; the one printed in Cogswell et al. (2016) is too small by 2.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeCov;

impl Penalty for DeCov {
    fn value_and_gradient(&self, z: &Tensor<2>, groups: &Groups) -> (Tensor<1>, Tensor<2>) {
        squared_covariances(groups.centre(z), groups, 0.5)
    }

    fn scope(&self) -> Scope {
        Scope::All
    }

    fn degree(&self) -> Option<f64> {
        Some(4.0)
    }
}

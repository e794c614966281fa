//! Penalties on a hidden layer: scalars of the activations `Z` (`[N rows, I units]`) of one batch, with
//! their gradients in closed form.
//!
//! A penalty sees plain activations, off the autodiff tape, and returns its value and `d value / d z`;
//! [`add_penalty`] grafts that gradient onto the tape, so any Burn network can use any penalty:
//!
//! ```
//! use burn::tensor::{DType, Device, Tensor};
//! use repshape::groups::Groups;
//! use repshape::penalty::{PenaltyConfig, add_penalty};
//!
//! let device = Device::flex().autodiff();
//! let z = Tensor::<2>::from_data([[1.0, 5.0], [3.0, 9.0], [7.0, 2.0]], &device).require_grad();
//! let groups = Groups::by_class(&[0, 0, 1], 2, &device, DType::F32)?;
//! let penalty = "cw-vr".parse::<PenaltyConfig>()?.build()?;
//! let task = (z.clone() * 0.5).sum();
//! let (loss, value) = add_penalty(task, &z, penalty.as_ref(), &groups, 0.1);
//! assert_eq!(value.into_scalar::<f32>(), 1.25); // (1 + 4 + 0 + 0) / (2 classes * 2 units)
//! let gradient = z.grad(&loss.backward());
//! # assert!(gradient.is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt::Debug;

use burn::tensor::Tensor;

use crate::groups::{Groups, Scope};

mod autodiff;
mod catalog;
mod config;
mod covariance;
mod decov;
mod error;
mod graft;
mod l1;
mod lsigma;
mod pairwise;
mod products;
mod rank;
mod term;
mod unit_groups;
mod variance;
mod variance_hinge;
mod vicreg_covariance;
mod weights;
mod xcov;

pub use autodiff::ByAutodiff;
pub use catalog::{CATALOG, Row, Takes, Target};
pub use config::PenaltyConfig;
pub use covariance::Covariance;
pub use decov::DeCov;
pub use error::PenaltyError;
pub use graft::{add_penalty, graft};
pub use l1::L1;
pub use lsigma::LSigma;
pub use pairwise::{Form, Pairwise};
pub use rank::{Estimate, Rank};
pub use term::Term;
pub use unit_groups::UnitGroups;
pub use variance::Variance;
pub use variance_hinge::VarianceHinge;
pub use vicreg_covariance::VicregCovariance;
pub use weights::{L1Weight, L2Weight};
pub use xcov::XCov;

/// A scalar of a batch's activations and its gradient.
pub trait Penalty: Debug + Send + Sync {
    /// The value (`[1]`) and `d value / d z` (`[N, I]`) at `z` (`[N, I]`), off the autodiff tape, in the
    /// float type of `z`. Not finite where `z` is not finite; never a panic for it.
    ///
    /// `groups` has as many rows as `z`, on its device, in its float type, and is made for [`Self::scope`].
    fn value_and_gradient(&self, z: &Tensor<2>, groups: &Groups) -> (Tensor<1>, Tensor<2>);

    /// Which groups it is defined over.
    fn scope(&self) -> Scope;

    /// `p` where `value(a z) = a^p value(z)` for `a > 0`, so that `<z, gradient> = p * value` (Euler);
    /// `None` where no such `p` exists.
    fn degree(&self) -> Option<f64>;

    /// Whether it is defined on `units` units.
    ///
    /// # Errors
    /// With the reason, for instance a group of units that names a unit beyond the last.
    fn accepts(&self, units: usize) -> Result<(), PenaltyError> {
        let _ = units;
        Ok(())
    }
}

/// Whether a penalty is a mean or a sum over its terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reduction {
    /// The weight means the same at every width, batch size and number of classes.
    #[default]
    Mean,
    /// The unnormalised form.
    Sum,
}

impl Reduction {
    /// `1 / terms` for a mean, 1 for a sum; 0 where a mean has no terms.
    fn scale(self, terms: f64) -> f64 {
        match self {
            Reduction::Mean if terms == 0.0 => 0.0,
            Reduction::Mean => 1.0 / terms,
            Reduction::Sum => 1.0,
        }
    }
}

impl std::fmt::Display for Reduction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Reduction::Mean => "mean",
            Reduction::Sum => "sum",
        })
    }
}

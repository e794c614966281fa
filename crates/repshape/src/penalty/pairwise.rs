//! Covariance between the units of a bottleneck, in three forms.

use std::fmt;
use std::str::FromStr;

use burn::tensor::Tensor;

use super::products::{absolute_products, squared_covariances};
use super::{Penalty, Reduction};
use crate::groups::{Groups, Scope};

/// What is done to each covariance before it is summed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Form {
    /// `c_ij`, as printed. **No lower bound**: anticorrelated units make it ever more negative, and training can diverge.
    #[default]
    Signed,
    /// `|c_ij|`
    Absolute,
    /// `c_ij^2`
    Squared,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Form::Signed => "signed",
            Form::Absolute => "absolute",
            Form::Squared => "squared",
        })
    }
}

impl FromStr for Form {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Form::Signed, Form::Absolute, Form::Squared].into_iter().find(|form| form.to_string() == text).ok_or(())
    }
}

/// `sum_{i!=j} f(c_ij)`, biased covariances (`1/N`), the form `f` as [`Form`]; `Mean` divides by the `I(I-1)` ordered pairs.
///
/// | form | gradient of the sum |
/// |---|---|
/// | `signed` | `2/N sum_{j!=i} (z_jn - mu_j)` |
/// | `absolute` | `2/N sum_{j!=i} sign(c_ij) (z_jn - mu_j)`, sign 0 at 0 |
/// | `squared` | `4/N sum_{j!=i} c_ij (z_jn - mu_j)` |
///
/// The default reduction of this one is the sum, as published. Source: Laakom et al. (2022), eq. 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pairwise {
    /// Signed by default.
    pub form: Form,
    /// Sum by default.
    pub reduction: Reduction,
}

impl Penalty for Pairwise {
    fn value_and_gradient(&self, z: &Tensor<2>, groups: &Groups) -> (Tensor<1>, Tensor<2>) {
        let [rows, units] = z.dims();
        let scale = self.reduction.scale(units as f64 * units.saturating_sub(1) as f64);
        let per_row = scale / rows as f64;
        let c = groups.centre(z);
        match self.form {
            Form::Signed => {
                // sum_{j!=i} c_jn is the row's sum without its own unit
                let others = c.clone().sum_dim(1) - c.clone();
                ((c * others.clone()).sum() * per_row, others * (2.0 * per_row))
            }
            Form::Absolute => {
                // the diagonal of c^T c holds sums of squares, whose sign is 1 or whose column is 0
                let (sum, signed) = absolute_products(c.clone());
                ((sum - c.clone().square().sum()) * per_row, (signed - c) * (2.0 * per_row))
            }
            Form::Squared => squared_covariances(c, groups, scale),
        }
    }

    fn scope(&self) -> Scope {
        Scope::All
    }

    fn degree(&self) -> Option<f64> {
        match self.form {
            Form::Signed | Form::Absolute => Some(2.0),
            Form::Squared => Some(4.0),
        }
    }
}

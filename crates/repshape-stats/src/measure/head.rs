//! `Head`: the linear layer that reads the representation.

use crate::{SketchConfig, StatsError};

/// The linear layer that follows a site and gives the scores of the classes, `W z + b`: what `nc3_duality` and
/// `nc4_disagreement` compare the representation with.
///
/// ```
/// use repshape_stats::measure::Head;
/// // two classes, three units
/// let head = Head::new(vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0], vec![0.0, 0.5])?;
/// assert_eq!((head.classes(), head.units()), (2, 3));
/// assert!(Head::new(vec![1.0; 5], vec![0.0; 2]).is_err());
/// # Ok::<(), repshape_stats::StatsError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    weights: Vec<f64>,
    bias: Vec<f64>,
}

impl Head {
    /// From the weights, row-major `classes x units`, and the bias of each class.
    ///
    /// # Errors
    /// If there is no class or no unit, the weights are no whole number of units for each class, or a value is not finite.
    pub fn new(weights: Vec<f64>, bias: Vec<f64>) -> Result<Self, StatsError> {
        let expected = "at least 1 class and 1 unit, and for each class as many weights as there are units";
        if bias.is_empty() || weights.is_empty() || !weights.len().is_multiple_of(bias.len()) {
            let found = format!("{} weights and {} biases", weights.len(), bias.len());
            return Err(StatsError::Setting { field: "head", found, expected });
        }
        let units = weights.len() / bias.len();
        if let Some(at) = weights.iter().position(|weight| !weight.is_finite()) {
            let found = format!("{} at class {}, unit {}", weights[at], at / units, at % units);
            return Err(StatsError::Setting { field: "head", found, expected: "finite weights" });
        }
        if let Some(class) = bias.iter().position(|bias| !bias.is_finite()) {
            let found = format!("{} as bias of class {class}", bias[class]);
            return Err(StatsError::Setting { field: "head", found, expected: "finite biases" });
        }
        Ok(Self { weights, bias })
    }

    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.bias.len()
    }

    /// Number of units.
    #[must_use]
    pub fn units(&self) -> usize {
        self.weights.len() / self.bias.len()
    }

    /// The weights, row-major `classes x units`.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The bias of each class.
    #[must_use]
    pub fn bias(&self) -> &[f64] {
        &self.bias
    }

    /// Whether it reads such rows.
    pub(super) fn fits(&self, config: &SketchConfig) -> bool {
        config.units == self.units() && config.classes == Some(self.classes())
    }
}

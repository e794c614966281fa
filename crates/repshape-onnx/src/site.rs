//! Places in a model where a representation can be read.

use std::fmt;

use crate::value::Dim;

/// A float value that depends on an input of the model.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Site {
    /// The value's name in the model.
    pub name: String,
    /// The operator that gives it; with its domain, as in `com.microsoft.FusedGelu`, if that is not ONNX's own.
    pub operator: String,
    /// The node that gives it; empty if the model gives it no name.
    pub node: String,
    /// Sides, the first being rows; `None` where neither the model nor inference knows even their number.
    pub shape: Option<Vec<Dim>>,
    /// Where it stands to nonlinearities.
    pub place: Place,
    /// Whether it is an output of the model.
    pub is_output: bool,
    pub(crate) map: bool,
}

impl Site {
    /// Whether its sides are rows, channels and places, as in the maps of a convolutional network: what a convolution, a pool or a
    /// normalisation by channels gave, and what came of that element by element, by joining, padding or resizing.
    ///
    /// `N x C x L` of a 1-d convolution has the sides of `N x T x D` of a transformer; only the operators tell them apart. `false`
    /// where there are fewer than three sides, or their order changed since (a flattened or transposed map is none).
    pub fn is_map(&self) -> bool {
        self.map
    }
}

/// Where a site stands to the nonlinearities around it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// Its value goes into this nonlinearity: `Before("Relu")`.
    Before(String),
    /// It is what this nonlinearity gave. A value between two nonlinearities is after the first.
    After(String),
    /// Neither.
    Neither,
}

impl fmt::Display for Place {
    /// `before Relu`, `after Relu`, `-`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before(operator) => write!(f, "before {operator}"),
            Self::After(operator) => write!(f, "after {operator}"),
            Self::Neither => f.write_str("-"),
        }
    }
}

//! The nonlinearity of a layer.

use std::fmt;
use std::str::FromStr;

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

/// Slope of [`Activation::LeakyRelu`] below zero.
pub const LEAKY_SLOPE: f64 = 0.01;

/// The nonlinearity `f` of a layer `z = f(x W + b)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// `max(x, 0)`. Positively homogeneous.
    #[default]
    Relu,
    /// `x` where positive, else `0.01 x`. Positively homogeneous.
    LeakyRelu,
    /// Hyperbolic tangent.
    Tanh,
    /// `1 / (1 + exp(-x))`.
    Logistic,
    /// `x`.
    Linear,
}

impl Activation {
    /// Every activation, in the order of the documentation.
    pub const ALL: [Self; 5] = [Self::Relu, Self::LeakyRelu, Self::Tanh, Self::Logistic, Self::Linear];

    /// The name used in network specs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::LeakyRelu => "leaky-relu",
            Self::Tanh => "tanh",
            Self::Logistic => "logistic",
            Self::Linear => "linear",
        }
    }

    /// The values that it tends to on either side, where it saturates on both.
    pub const fn bounds(self) -> Option<[f64; 2]> {
        match self {
            Self::Tanh => Some([-1.0, 1.0]),
            Self::Logistic => Some([0.0, 1.0]),
            Self::Relu | Self::LeakyRelu | Self::Linear => None,
        }
    }

    /// Applies the nonlinearity to every entry.
    pub fn forward(self, x: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Relu => activation::relu(x),
            Self::LeakyRelu => activation::leaky_relu(x, LEAKY_SLOPE),
            Self::Tanh => activation::tanh(x),
            Self::Logistic => activation::sigmoid(x),
            Self::Linear => x,
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Activation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|a| a.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            format!(
                "unknown activation \"{text}\"{}; known: {}",
                crate::nearest::suggestion(text, names),
                names.join(", ")
            )
        })
    }
}

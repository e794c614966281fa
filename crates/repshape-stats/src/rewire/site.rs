//! `Site`: what stands between the layer that writes a representation and the layers that read it.

use std::fmt;

/// What is applied to each unit between the layer that writes and the layers that read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Site {
    /// Nothing: any nonsingular Q and any shift pass (theorem 1).
    Linear,
    /// `x` for `x >= 0`, `negative_slope * x` below: every activation with `f(s x) = s f(x)` for `s > 0` is this one but
    /// for a factor. 0 is ReLU, 0.01 the usual LeakyReLU, -1 the absolute value. A positive diagonal times a
    /// permutation passes (theorem 2). ReLU6, Tanh, GELU and so on are not homogeneous and are no site of this kind.
    Homogeneous {
        /// The slope below 0.
        negative_slope: f64,
    },
}

impl Site {
    /// ReLU.
    pub const RELU: Self = Self::Homogeneous { negative_slope: 0.0 };

    /// The activation of one value.
    #[must_use]
    pub fn activate(self, x: f64) -> f64 {
        match self {
            Self::Linear => x,
            Self::Homogeneous { .. } if x >= 0.0 => x,
            Self::Homogeneous { negative_slope } => negative_slope * x,
        }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Linear => f.write_str("a linear site"),
            Self::Homogeneous { negative_slope: 0.0 } => f.write_str("a ReLU"),
            Self::Homogeneous { negative_slope } => write!(f, "an activation of slope {negative_slope} below 0"),
        }
    }
}

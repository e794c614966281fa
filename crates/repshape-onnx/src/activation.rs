//! The nonlinearities that a written model can have.

use crate::proto::{AttributeProto, attribute_proto::AttributeType};

/// An element-wise nonlinearity `y = f(x)`.
///
/// | kind | `f(x)` | ONNX operator |
/// |---|---|---|
/// | [`Relu`](Self::Relu) | `max(0, x)` | `Relu` |
/// | [`LeakyRelu`](Self::LeakyRelu)`(alpha)` | `x` if `x >= 0`, else `alpha x` | `LeakyRelu` |
/// | [`Tanh`](Self::Tanh) | `tanh x` | `Tanh` |
/// | [`Sigmoid`](Self::Sigmoid) | `1 / (1 + exp(-x))`, the logistic function | `Sigmoid` |
/// | [`Linear`](Self::Linear) | `x` | `Identity` |
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activation {
    /// `max(0, x)`.
    Relu,
    /// `x` where it is not negative, `alpha x` elsewhere; `alpha` is finite.
    LeakyRelu(f32),
    /// Hyperbolic tangent.
    Tanh,
    /// The logistic function.
    Sigmoid,
    /// No nonlinearity: the value only gets a second name.
    Linear,
}

impl Activation {
    /// The ONNX operator, of the default domain.
    pub fn operator(self) -> &'static str {
        match self {
            Self::Relu => "Relu",
            Self::LeakyRelu(_) => "LeakyRelu",
            Self::Tanh => "Tanh",
            Self::Sigmoid => "Sigmoid",
            Self::Linear => "Identity",
        }
    }

    /// Attributes of its node. `alpha` is always spelled out: not every runtime fills in defaults.
    pub(crate) fn attributes(self) -> Vec<AttributeProto> {
        match self {
            Self::LeakyRelu(alpha) => vec![float_attribute("alpha", alpha)],
            _ => Vec::new(),
        }
    }
}

/// A node's attribute holding one f32.
pub(crate) fn float_attribute(name: &str, value: f32) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(AttributeType::Float.into()),
        f: Some(value),
        ..Default::default()
    }
}

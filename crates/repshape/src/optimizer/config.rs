//! The text form of an optimiser: `adam:1e-4`, `sgd:0.01:0.9`, `rmsprop:1e-4`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::adam::Adam;
use super::rmsprop::RmsProp;
use super::sgd::Sgd;

/// Which optimiser, with its constants.
///
/// ```
/// use repshape::optimizer::OptimizerConfig;
/// let adam: OptimizerConfig = "adam:1e-4".parse()?;
/// assert_eq!(adam.to_string(), "adam:0.0001");
/// # Ok::<(), repshape::optimizer::OptimizerError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum OptimizerConfig {
    /// `adam:RATE`.
    Adam(Adam),
    /// `sgd:RATE[:MOMENTUM]`.
    Sgd(Sgd),
    /// `rmsprop:RATE`.
    RmsProp(RmsProp),
}

impl OptimizerConfig {
    /// Names in text form.
    pub const NAMES: [&'static str; 3] = ["adam", "sgd", "rmsprop"];
}

/// What is wrong with an optimiser's text form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("optimizer \"{text}\": {problem}; expected adam:RATE, sgd:RATE[:MOMENTUM] or rmsprop:RATE, as in adam:1e-4")]
pub struct OptimizerError {
    text: String,
    problem: String,
}

impl FromStr for OptimizerConfig {
    type Err = OptimizerError;

    fn from_str(text: &str) -> Result<Self, OptimizerError> {
        let problem = |problem: String| OptimizerError { text: text.to_owned(), problem };
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default();
        if !Self::NAMES.contains(&name) {
            return Err(problem(format!("unknown name \"{name}\"{}", crate::nearest::suggestion(name, Self::NAMES))));
        }
        let mut number = |what: &str, valid: fn(f64) -> bool| {
            let Some(part) = parts.next() else {
                return Ok(None);
            };
            match part.trim().parse::<f64>() {
                Ok(value) if valid(value) => Ok(Some(value)),
                _ => Err(problem(format!("\"{part}\" is not a {what}"))),
            }
        };
        let rate = number("positive rate", |r| r > 0.0 && r.is_finite())?
            .ok_or_else(|| problem("the rate is missing".to_owned()))?;
        let config = match name {
            "adam" => Self::Adam(Adam::with_rate(rate)),
            "rmsprop" => Self::RmsProp(RmsProp::with_rate(rate)),
            _ => Self::Sgd(Sgd {
                rate,
                momentum: number("momentum in [0, 1)", |m| (0.0..1.0).contains(&m))?.unwrap_or(0.0),
            }),
        };
        match parts.next() {
            Some(rest) => Err(problem(format!("nothing may follow, found \"{rest}\""))),
            None => Ok(config),
        }
    }
}

impl fmt::Display for OptimizerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Adam(adam) => write!(f, "adam:{}", adam.rate),
            Self::RmsProp(rmsprop) => write!(f, "rmsprop:{}", rmsprop.rate),
            Self::Sgd(Sgd { rate, momentum }) if *momentum == 0.0 => write!(f, "sgd:{rate}"),
            Self::Sgd(Sgd { rate, momentum }) => write!(f, "sgd:{rate}:{momentum}"),
        }
    }
}

impl TryFrom<String> for OptimizerConfig {
    type Error = OptimizerError;

    fn try_from(text: String) -> Result<Self, OptimizerError> {
        text.parse()
    }
}

impl From<OptimizerConfig> for String {
    fn from(config: OptimizerConfig) -> Self {
        config.to_string()
    }
}

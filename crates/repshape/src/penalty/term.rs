//! One weighted term of an objective, as a user writes it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{PenaltyConfig, PenaltyError, Takes};

/// `NAME[:OPTION]...=WEIGHT[@SITE]`, `dropout=RATE[@SITE]` or `bn[@SITE]`; serde formats hold that text.
///
/// ```
/// use repshape::penalty::Term;
/// let term: Term = "cr:sum=0.1@fc5".parse()?;
/// assert_eq!((term.config.name(), term.weight, term.site.as_deref()), ("cr", 0.1, Some("fc5")));
/// assert_eq!(term.to_string(), "cr:sum=0.1@fc5");
/// assert!("cr=-1".parse::<Term>().is_err());
/// # Ok::<(), repshape::penalty::PenaltyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Term {
    /// Which penalty or layer.
    pub config: PenaltyConfig,
    /// Lambda; the rate for dropout; 0 for batch normalisation, which has none.
    pub weight: f64,
    /// Where, if said.
    pub site: Option<String>,
}

impl FromStr for Term {
    type Err = PenaltyError;

    fn from_str(text: &str) -> Result<Self, PenaltyError> {
        let (body, site) = match text.split_once('@') {
            Some((_, "")) => {
                return Err(PenaltyError::NoSite { text: text.to_owned() });
            }
            Some((body, site)) => (body, Some(site.to_owned())),
            None => (text, None),
        };
        let (name, number) = match body.split_once('=') {
            Some((name, number)) => (name, Some(number)),
            None => (body, None),
        };
        let config: PenaltyConfig = name.parse()?;
        let row = config.row();
        let owned = |text: &str| text.to_owned();
        let weight = match (row.takes, number) {
            (Takes::Nothing, None) => 0.0,
            (Takes::Nothing, Some(found)) => {
                return Err(PenaltyError::TakesNoWeight { name: owned(name), found: owned(found) });
            }
            (Takes::Weight, None) => {
                return Err(PenaltyError::NoWeight { name: owned(name), example: 0.1 });
            }
            (Takes::Rate, None) => {
                return Err(PenaltyError::NoWeight { name: owned(name), example: 0.5 });
            }
            (Takes::Weight, Some(found)) => match found.trim().parse::<f64>() {
                Ok(weight) if weight.is_finite() && weight >= 0.0 => weight,
                _ => {
                    return Err(PenaltyError::Weight { name: owned(name), found: owned(found) });
                }
            },
            (Takes::Rate, Some(found)) => match found.trim().parse::<f64>() {
                Ok(rate) if rate > 0.0 && rate < 1.0 => rate,
                _ => {
                    return Err(PenaltyError::Rate { name: owned(name), found: owned(found) });
                }
            },
        };
        // -0.0 passes as at least 0 and would print as "-0"
        Ok(Self { config, weight: weight.abs(), site })
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.config)?;
        if self.config.row().takes != Takes::Nothing {
            write!(f, "={}", self.weight)?;
        }
        match &self.site {
            Some(site) => write!(f, "@{site}"),
            None => Ok(()),
        }
    }
}

impl From<Term> for String {
    fn from(term: Term) -> String {
        term.to_string()
    }
}

impl TryFrom<String> for Term {
    type Error = PenaltyError;

    fn try_from(text: String) -> Result<Self, PenaltyError> {
        text.parse()
    }
}

//! What a study compares its networks by.

use serde::{Deserialize, Serialize};

use crate::number::{percent, places, significant};

/// What a study compares its networks by: the numbers of its table under the names of errors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Criterion {
    /// The share of wrong rows, a fraction that is shown in percent.
    #[default]
    Error,
    /// The task's loss, where rows have no class to get wrong, as an autoencoder's; shown as it is.
    Loss,
}

impl Criterion {
    /// Its name behind `test` or `validation`.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Loss => "loss",
        }
    }

    /// The same with the unit: `error, %`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Error => "error, %",
            Self::Loss => "loss",
        }
    }

    /// A value in the unit of [`label`](Self::label).
    pub fn plotted(self, value: f64) -> f64 {
        match self {
            Self::Error => 100.0 * value,
            Self::Loss => value,
        }
    }

    /// A mean and a standard deviation under a heading that has the unit: `2.31` and `0.12`; those of losses with two digits of
    /// the deviation, `0.0123` and `0.0020`.
    pub fn spread(self, mean: f64, std: f64) -> (String, String) {
        match places(std).filter(|&places| self == Self::Loss && places <= 9) {
            Some(places) => (format!("{mean:.places$}"), format!("{std:.places$}")),
            None => (self.number(mean), self.number(std)),
        }
    }

    /// A value under a heading that has the unit: `2.31`, `0.0123`.
    pub fn number(self, value: f64) -> String {
        match self {
            Self::Error => percent(value),
            Self::Loss => significant(value),
        }
    }

    /// A value that stands alone: `2.31 %`, `0.0123`.
    pub fn text(self, value: f64) -> String {
        format!("{}{}", self.number(value), self.unit())
    }

    /// What stands behind a number.
    pub(crate) const fn unit(self) -> &'static str {
        match self {
            Self::Error => " %",
            Self::Loss => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Criterion;

    #[test]
    fn errors_are_in_percent_and_losses_as_they_are() {
        assert_eq!((Criterion::Error.text(0.0231), Criterion::Loss.text(0.0123)), ("2.31 %".into(), "0.0123".into()));
        let both = |criterion: Criterion, std| criterion.spread(0.0123, std);
        assert_eq!(both(Criterion::Error, 0.002), ("1.23".into(), "0.20".into()));
        assert_eq!(both(Criterion::Loss, 0.002), ("0.0123".into(), "0.0020".into()));
        assert_eq!(both(Criterion::Loss, 0.0), ("0.0123".into(), "0".into()));
        assert_eq!(both(Criterion::Loss, f64::NAN), ("0.0123".into(), "–".into()));
        assert_eq!((Criterion::Error.plotted(0.25), Criterion::Loss.plotted(0.25)), (25.0, 0.25));
    }
}

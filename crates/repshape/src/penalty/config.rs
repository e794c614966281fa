//! The closed set of penalties as configuration: how each is written, read back and built.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{
    CATALOG, Covariance, DeCov, Estimate, Form, L1, L1Weight, L2Weight, LSigma, Pairwise, Penalty, PenaltyError, Rank,
    Reduction, Row, UnitGroups, Variance, VarianceHinge, VicregCovariance, XCov,
};
use crate::groups::Scope;

/// A member of the set, with its options, as `NAME[:OPTION]...` writes it (also in serde formats):
/// `cw-vr`, `cr:sum`, `rr:spectral`, `pairwise:absolute`, `xcov:0-9/10-11`. [`CATALOG`] lists the names.
///
/// ```
/// use repshape::penalty::PenaltyConfig;
/// let config: PenaltyConfig = "rr:spectral".parse()?;
/// assert_eq!(config.to_string(), "rr:spectral");
/// let typo = "cwvr".parse::<PenaltyConfig>().unwrap_err();
/// assert_eq!(typo.to_string(), r#"unknown penalty "cwvr"; did you mean "cw-vr"?"#);
/// # Ok::<(), repshape::penalty::PenaltyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum PenaltyConfig {
    /// `l1`
    L1 {
        /// Mean by default.
        reduction: Reduction,
    },
    /// `cr`, `cw-cr`
    Covariance {
        /// All rows or within classes.
        scope: Scope,
        /// Mean by default.
        reduction: Reduction,
    },
    /// `vr`, `cw-vr`
    Variance {
        /// All rows or within classes.
        scope: Scope,
        /// Mean by default.
        reduction: Reduction,
    },
    /// `rr`, `cw-rr`
    Rank {
        /// All rows or within classes.
        scope: Scope,
        /// Hölder's bound by default.
        estimate: Estimate,
        /// Mean by default.
        reduction: Reduction,
    },
    /// `lsigma`
    LSigma {
        /// Mean by default.
        reduction: Reduction,
    },
    /// `pairwise`
    Pairwise {
        /// Signed by default.
        form: Form,
        /// Sum by default.
        reduction: Reduction,
    },
    /// `decov`
    DeCov,
    /// `xcov`
    XCov {
        /// None until the network or the user names them.
        groups: Option<UnitGroups>,
        /// Sum by default.
        reduction: Reduction,
    },
    /// `variance-hinge`
    VarianceHinge {
        /// Mean by default.
        reduction: Reduction,
    },
    /// `vicreg-covariance`
    VicregCovariance {
        /// Mean by default.
        reduction: Reduction,
    },
    /// `l1w`: on a weight matrix.
    L1Weight,
    /// `l2w`: on a weight matrix.
    L2Weight,
    /// `dropout`: a layer.
    Dropout,
    /// `bn`: a layer.
    BatchNorm,
}

impl PenaltyConfig {
    /// Reads `NAME[:OPTION]...`, with a reduction given beside it (`--reduction`), if any.
    ///
    /// # Errors
    /// An unknown name (with the nearest valid one) or option, or options that contradict each other or `reduction`.
    pub fn parse(text: &str, reduction: Option<Reduction>) -> Result<Self, PenaltyError> {
        let mut parts = text.split(':');
        let row = Row::named(parts.next().unwrap_or_default())?;
        let mut config = row.config.clone();
        let mut given: Vec<(&str, &str)> = Vec::new();
        for option in parts {
            let kind = config.apply(row, option)?;
            if given.iter().any(|&(other, value)| other == kind && value != option) {
                return Err(PenaltyError::Contradiction { text: text.to_owned(), other: format!(":{option}") });
            }
            given.push((kind, option));
        }
        if let Some(reduction) = reduction {
            config.set_reduction(reduction)?;
            if given.iter().any(|&(kind, value)| kind == "reduction" && value != reduction.to_string()) {
                return Err(PenaltyError::Contradiction {
                    text: text.to_owned(),
                    other: format!("--reduction {reduction}"),
                });
            }
        }
        Ok(config)
    }

    /// Applies one option and says of which kind it is.
    fn apply(&mut self, row: &Row, option: &str) -> Result<&'static str, PenaltyError> {
        match (&mut *self, option) {
            (_, "mean") => self.set_reduction(Reduction::Mean).map(|()| "reduction"),
            (_, "sum") => self.set_reduction(Reduction::Sum).map(|()| "reduction"),
            (Self::Rank { estimate, .. }, _) if option.parse::<Estimate>().is_ok() => {
                *estimate = option.parse().unwrap_or_default();
                Ok("estimate")
            }
            (Self::Pairwise { form, .. }, _) if option.parse::<Form>().is_ok() => {
                *form = option.parse().unwrap_or_default();
                Ok("form")
            }
            (Self::XCov { groups, .. }, _) => {
                *groups = Some(option.parse()?);
                Ok("groups")
            }
            _ => Err(PenaltyError::UnknownOption {
                name: row.name,
                option: option.to_owned(),
                hint: match row.options {
                    [] => "it takes none".to_owned(),
                    options => format!("it takes {}", options.join(", ")),
                },
            }),
        }
    }

    fn set_reduction(&mut self, wanted: Reduction) -> Result<(), PenaltyError> {
        match self {
            Self::L1 { reduction }
            | Self::Covariance { reduction, .. }
            | Self::Variance { reduction, .. }
            | Self::Rank { reduction, .. }
            | Self::LSigma { reduction }
            | Self::Pairwise { reduction, .. }
            | Self::XCov { reduction, .. }
            | Self::VarianceHinge { reduction }
            | Self::VicregCovariance { reduction } => *reduction = wanted,
            Self::DeCov | Self::L1Weight | Self::L2Weight if wanted == Reduction::Sum => {}
            Self::DeCov | Self::L1Weight | Self::L2Weight => {
                return Err(PenaltyError::OneForm { name: self.name(), reduction: wanted });
            }
            Self::Dropout | Self::BatchNorm => {
                return Err(PenaltyError::Layer { name: self.name() });
            }
        }
        Ok(())
    }

    /// The same with these groups of units, which only XCov uses and which take the place of its own.
    pub fn with_unit_groups(mut self, unit_groups: UnitGroups) -> Self {
        if let Self::XCov { groups, .. } = &mut self {
            *groups = Some(unit_groups);
        }
        self
    }

    /// Whether it still needs groups of units.
    pub fn needs_unit_groups(&self) -> bool {
        matches!(self, Self::XCov { groups: None, .. })
    }

    /// The name, without options.
    pub fn name(&self) -> &'static str {
        match self {
            Self::L1 { .. } => "l1",
            Self::Covariance { scope: Scope::All, .. } => "cr",
            Self::Covariance { scope: Scope::Class, .. } => "cw-cr",
            Self::Variance { scope: Scope::All, .. } => "vr",
            Self::Variance { scope: Scope::Class, .. } => "cw-vr",
            Self::Rank { scope: Scope::All, .. } => "rr",
            Self::Rank { scope: Scope::Class, .. } => "cw-rr",
            Self::LSigma { .. } => "lsigma",
            Self::Pairwise { .. } => "pairwise",
            Self::DeCov => "decov",
            Self::XCov { .. } => "xcov",
            Self::VarianceHinge { .. } => "variance-hinge",
            Self::VicregCovariance { .. } => "vicreg-covariance",
            Self::L1Weight => "l1w",
            Self::L2Weight => "l2w",
            Self::Dropout => "dropout",
            Self::BatchNorm => "bn",
        }
    }

    /// Its row of the catalog.
    pub fn row(&self) -> &'static Row {
        // a test finds every name in the catalog
        CATALOG.iter().find(|row| row.name == self.name()).unwrap_or(&CATALOG[0])
    }

    /// The reduction in use; `Sum` for those with one form only, `Mean` for layers, which have none.
    pub fn reduction(&self) -> Reduction {
        match self {
            Self::L1 { reduction }
            | Self::Covariance { reduction, .. }
            | Self::Variance { reduction, .. }
            | Self::Rank { reduction, .. }
            | Self::LSigma { reduction }
            | Self::Pairwise { reduction, .. }
            | Self::XCov { reduction, .. }
            | Self::VarianceHinge { reduction }
            | Self::VicregCovariance { reduction } => *reduction,
            Self::DeCov | Self::L1Weight | Self::L2Weight => Reduction::Sum,
            Self::Dropout | Self::BatchNorm => Reduction::Mean,
        }
    }

    /// The scope: within classes only for the `cw-` names.
    pub fn scope(&self) -> Scope {
        self.row().scope
    }

    /// The penalty itself.
    ///
    /// # Errors
    /// XCov without groups of units; `dropout` and `bn`, which are layers.
    pub fn build(&self) -> Result<Box<dyn Penalty>, PenaltyError> {
        Ok(match *self {
            Self::L1 { reduction } => Box::new(L1 { reduction }),
            Self::Covariance { scope, reduction } => Box::new(Covariance { scope, reduction }),
            Self::Variance { scope, reduction } => Box::new(Variance { scope, reduction }),
            Self::Rank { scope, estimate, reduction } => Box::new(Rank { scope, estimate, reduction }),
            Self::LSigma { reduction } => Box::new(LSigma { reduction }),
            Self::Pairwise { form, reduction } => Box::new(Pairwise { form, reduction }),
            Self::DeCov => Box::new(DeCov),
            Self::XCov { groups: None, .. } => return Err(PenaltyError::NoUnitGroups),
            Self::XCov { groups: Some(ref groups), reduction } => Box::new(XCov { groups: groups.clone(), reduction }),
            Self::VarianceHinge { reduction } => Box::new(VarianceHinge { reduction }),
            Self::VicregCovariance { reduction } => Box::new(VicregCovariance { reduction }),
            Self::L1Weight => Box::new(L1Weight),
            Self::L2Weight => Box::new(L2Weight),
            Self::Dropout | Self::BatchNorm => {
                return Err(PenaltyError::Layer { name: self.name() });
            }
        })
    }
}

impl fmt::Display for PenaltyConfig {
    /// The name and the options that differ from the default: reads back to the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Rank { estimate, .. } if *estimate != Estimate::default() => write!(f, ":{estimate}")?,
            Self::Pairwise { form, .. } if *form != Form::default() => write!(f, ":{form}")?,
            Self::XCov { groups: Some(groups), .. } => write!(f, ":{}", groups.to_string().replace(',', "/"))?,
            _ => {}
        }
        if self.reduction() != self.row().config.reduction() {
            write!(f, ":{}", self.reduction())?;
        }
        Ok(())
    }
}

impl FromStr for PenaltyConfig {
    type Err = PenaltyError;

    fn from_str(text: &str) -> Result<Self, PenaltyError> {
        Self::parse(text, None)
    }
}

impl From<PenaltyConfig> for String {
    fn from(config: PenaltyConfig) -> String {
        config.to_string()
    }
}

impl TryFrom<String> for PenaltyConfig {
    type Error = PenaltyError;

    fn try_from(text: String) -> Result<Self, PenaltyError> {
        text.parse()
    }
}

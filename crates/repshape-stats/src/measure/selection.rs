//! Which measures to read, and the few settings they have.

use super::catalog::{self, CATALOG, MeasureRow};
use crate::StatsError;
use crate::mutual_information::{MiOptions, NoiseVariance};

/// The settings of the measures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// The Gaussian noise that mutual information assumes; [`MiOptions`] holds its default.
    pub mi_variance: NoiseVariance,
    /// Number of units of TdV.
    pub tdv_units: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { mi_variance: MiOptions::default().variance, tdv_units: 1 }
    }
}

/// Measures of the [`CATALOG`], in its order, with their [`Options`].
///
/// ```
/// use repshape_stats::{Options, Selection};
/// let some = Selection::only(["rank", "covariance"], Options::default())?;
/// assert!(some.rows().map(|row| row.name).eq(["covariance", "rank"]));
/// let error = Selection::only(["covarience"], Options::default()).unwrap_err();
/// assert_eq!(error.to_string(), "unknown measure \"covarience\"; did you mean \"covariance\"?");
/// # Ok::<(), repshape_stats::StatsError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    chosen: Vec<bool>,
    options: Options,
}

impl Default for Selection {
    fn default() -> Self {
        Self { chosen: vec![true; CATALOG.len()], options: Options::default() }
    }
}

impl Selection {
    /// Every measure.
    ///
    /// # Errors
    /// If the noise variance is not a finite number above 0, or TdV has no units.
    pub fn all(options: Options) -> Result<Self, StatsError> {
        Self::only(CATALOG.iter().map(|row| row.name), options)
    }

    /// The measures of these names.
    ///
    /// # Errors
    /// As [`Selection::all`], and if a name is not in the catalog; the error says the nearest one.
    pub fn only<'n>(names: impl IntoIterator<Item = &'n str>, options: Options) -> Result<Self, StatsError> {
        let (NoiseVariance::Absolute(variance) | NoiseVariance::Relative(variance)) = options.mi_variance;
        if !(variance > 0.0 && variance.is_finite()) {
            let expected = "a finite number above 0";
            return Err(StatsError::Setting { field: "mi_variance", found: variance.to_string(), expected });
        }
        if options.tdv_units == 0 {
            return Err(StatsError::Setting { field: "tdv_units", found: "0".into(), expected: "at least 1" });
        }
        let mut chosen = vec![false; CATALOG.len()];
        for name in names {
            chosen[catalog::position(name)?] = true;
        }
        Ok(Self { chosen, options })
    }

    /// The same without the measures that cost a loop over all pairs of sampled rows (the mutual informations).
    #[must_use]
    pub fn without_pairs_of_rows(mut self) -> Self {
        for (chosen, row) in self.chosen.iter_mut().zip(CATALOG) {
            *chosen &= !row.needs.rows;
        }
        self
    }

    /// The chosen measures, in the order of the catalog.
    pub fn rows(&self) -> impl Iterator<Item = &'static MeasureRow> {
        CATALOG.iter().zip(&self.chosen).filter(|(_, chosen)| **chosen).map(|(row, _)| row)
    }

    /// The settings.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }
}

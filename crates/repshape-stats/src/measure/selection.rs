//! Which measures to read, and the few settings they have.

use super::Head;
use super::catalog::{self, CATALOG, MeasureRow};
use crate::moments::ClassMoments;
use crate::mutual_information::{MiOptions, NoiseVariance};
use crate::{SketchConfig, StatsError};

/// The settings of the measures.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The Gaussian noise that mutual information assumes; [`MiOptions`] holds its default.
    pub mi_variance: NoiseVariance,
    /// Number of units of TdV.
    pub tdv_units: usize,
    /// The linear layer that reads the site; without it `nc3_duality` and `nc4_disagreement` are undefined.
    pub head: Option<Head>,
    /// The class means of the training rows, row-major `classes x units`, for `nc4_disagreement`; without them it takes
    /// those of the measured rows.
    pub class_means: Option<Vec<f64>>,
}

impl Default for Options {
    fn default() -> Self {
        Self { mi_variance: MiOptions::default().variance, tdv_units: 1, head: None, class_means: None }
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
    /// If the noise variance is not a finite number above 0, TdV has no units, or a class mean is not finite.
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
        if let Some(mean) = options.class_means.iter().flatten().find(|mean| !mean.is_finite()) {
            let expected = "finite numbers, classes x units";
            return Err(StatsError::Setting { field: "class_means", found: mean.to_string(), expected });
        }
        let mut chosen = vec![false; CATALOG.len()];
        for name in names {
            chosen[catalog::position(name)?] = true;
        }
        Ok(Self { chosen, options })
    }

    /// The same without the measures that cost a loop over all pairs of sampled rows (the mutual informations and
    /// the intrinsic dimension).
    #[must_use]
    pub fn without_pairs_of_rows(mut self) -> Self {
        for (chosen, row) in self.chosen.iter_mut().zip(CATALOG) {
            *chosen &= !row.needs.pairs_of_rows;
        }
        self
    }

    /// The chosen measures, in the order of the catalog.
    pub fn rows(&self) -> impl Iterator<Item = &'static MeasureRow> {
        CATALOG.iter().zip(&self.chosen).filter(|(_, chosen)| **chosen).map(|(row, _)| row)
    }

    /// What has to be kept of each class for the chosen measures.
    #[must_use]
    pub fn class_moments(&self) -> ClassMoments {
        self.rows().map(|row| row.needs.class_moments).max().unwrap_or(ClassMoments::Off)
    }

    /// [`SketchConfig::new`] less what no chosen measure reads: the moments of pairs over positive rows, and those of
    /// classes. The sample stays, as pictures are drawn from it.
    ///
    /// ```
    /// use repshape_stats::{Options, Selection, moments::ClassMoments};
    /// let config = Selection::only(["nc1", "variance"], Options::default())?.config(512);
    /// assert_eq!((config.class_moments, config.positive_pairs), (ClassMoments::Pooled, false));
    /// # Ok::<(), repshape_stats::StatsError>(())
    /// ```
    #[must_use]
    pub fn config(&self, units: usize) -> SketchConfig {
        SketchConfig {
            class_moments: self.class_moments(),
            positive_pairs: self.rows().any(|row| row.needs.positive_pairs),
            ..SketchConfig::new(units)
        }
    }

    /// Whether the head and the class means of the options belong to rows of this many units and classes; where they do
    /// not, the measures that read them are undefined.
    ///
    /// # Errors
    /// If they do not; the error says both sizes.
    pub fn check(&self, config: &SketchConfig) -> Result<(), StatsError> {
        let (units, classes) = (config.units, config.classes.unwrap_or(0));
        if let Some(head) = self.options.head.as_ref().filter(|head| !head.fits(config)) {
            let found = format!("a layer of {} units and {} classes", head.units(), head.classes());
            let found = format!("{found}, the rows have {units} units and {classes} classes");
            return Err(StatsError::Setting { field: "head", found, expected: "one that takes such rows" });
        }
        match &self.options.class_means {
            Some(means) if means.len() != classes * units => {
                let found = format!("{} values, the rows have {units} units and {classes} classes", means.len());
                Err(StatsError::Setting { field: "class_means", found, expected: "classes x units values" })
            }
            _ => Ok(()),
        }
    }

    /// The same measures of a site that `head` reads, with the class means of the training rows; a head that was given
    /// already stays.
    ///
    /// # Errors
    /// If a class mean is not finite.
    pub fn of_site(&self, head: Option<Head>, class_means: Option<Vec<f64>>) -> Result<Self, StatsError> {
        let mut options = self.options.clone();
        options.head = options.head.or(head);
        options.class_means = class_means;
        Self::only(self.rows().map(|row| row.name), options)
    }

    /// The settings.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }
}

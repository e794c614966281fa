//! `Reading`: one look at a sketch, in which whatever several measures share is computed once.

use std::sync::OnceLock;

use super::Options;
use super::class_means::ClassMeans;
use super::wide::{self, WidePairs};
use crate::intrinsic_dimension::{TwoNn, two_nn_of_finite};
use crate::mutual_information::{MiError, MiOptions, MiSpread, MutualInformation, mutual_information_with_progress};
use crate::sample::SampledRows;
use crate::{Sketch, spectrum};

/// A sketch with the shared intermediate results of its measures, each computed when first asked for.
#[derive(Debug)]
pub struct Reading<'a> {
    sketch: &'a Sketch,
    options: &'a Options,
    covariance: OnceLock<Option<Vec<f64>>>,
    variances: OnceLock<Option<Vec<f64>>>,
    eigenvalues: OnceLock<Option<Vec<f64>>>,
    uncentred_eigenvalues: OnceLock<Option<Vec<f64>>>,
    sample: OnceLock<SampledRows>,
    information: OnceLock<Option<Result<MutualInformation, MiError>>>,
    information_spread: OnceLock<Option<MiSpread>>,
    wide_pairs: OnceLock<Option<WidePairs>>,
    class_means: OnceLock<Option<ClassMeans>>,
    two_nn: OnceLock<Option<TwoNn>>,
}

impl<'a> Reading<'a> {
    /// Looks at a sketch.
    #[must_use]
    pub fn new(sketch: &'a Sketch, options: &'a Options) -> Self {
        Self {
            sketch,
            options,
            covariance: OnceLock::new(),
            variances: OnceLock::new(),
            eigenvalues: OnceLock::new(),
            uncentred_eigenvalues: OnceLock::new(),
            sample: OnceLock::new(),
            information: OnceLock::new(),
            information_spread: OnceLock::new(),
            wide_pairs: OnceLock::new(),
            class_means: OnceLock::new(),
            two_nn: OnceLock::new(),
        }
    }

    /// What is looked at.
    #[must_use]
    pub fn sketch(&self) -> &'a Sketch {
        self.sketch
    }

    /// The settings of the measures.
    #[must_use]
    pub fn options(&self) -> &'a Options {
        self.options
    }

    /// Number of units.
    #[must_use]
    pub fn units(&self) -> usize {
        self.sketch.config().units
    }

    /// Number of units that are 0 for every row.
    #[must_use]
    pub fn dead(&self) -> usize {
        (0..self.units()).filter(|&unit| self.sketch.moments().units.is_dead(unit)).count()
    }

    /// Number of units with one value only, the dead ones included.
    #[must_use]
    pub fn constant(&self) -> usize {
        (0..self.units()).filter(|&unit| self.sketch.moments().units.is_constant(unit)).count()
    }

    /// The biased covariance of all rows, row-major and symmetric, exactly 0 for constant units. `None` without
    /// rows, and where no moments of pairs were kept.
    #[must_use]
    pub fn covariance(&self) -> Option<&[f64]> {
        let compute = || {
            let moments = self.sketch.moments();
            let units = self.units();
            if !moments.all.keeps_pairs() {
                return None;
            }
            let constant: Vec<bool> = (0..units).map(|unit| moments.units.is_constant(unit)).collect();
            let mut covariance = vec![0.0; units * units];
            for i in 0..units {
                for j in 0..=i {
                    let value = moments.all.covariance(i, j)?;
                    if !constant[i] && !constant[j] {
                        covariance[i * units + j] = value;
                        covariance[j * units + i] = value;
                    }
                }
            }
            Some(covariance)
        };
        self.covariance.get_or_init(compute).as_deref()
    }

    /// The biased variance of each unit over all rows, exactly 0 for constant units. `None` without rows.
    #[must_use]
    pub fn variances(&self) -> Option<&[f64]> {
        let moments = self.sketch.moments();
        let variance = |i| {
            if moments.units.is_constant(i) { Some(0.0) } else { moments.all.covariance(i, i) }
        };
        let compute = || {
            let variances = (0..self.units()).map(variance).collect::<Option<Vec<f64>>>();
            variances.filter(|_| moments.rows() > 0)
        };
        self.variances.get_or_init(compute).as_deref()
    }

    /// The eigenvalues of the covariance of all rows, descending. `None` without rows.
    #[must_use]
    pub fn eigenvalues(&self) -> Option<&[f64]> {
        let compute = || {
            let Some(covariance) = self.covariance() else { return wide::eigenvalues(self, true) };
            let varying = |unit: &usize| !self.sketch.moments().units.is_constant(*unit);
            let varying: Vec<usize> = (0..self.units()).filter(varying).collect();
            Some(self.eigenvalues_of(covariance, &varying))
        };
        self.eigenvalues.get_or_init(compute).as_deref()
    }

    /// The eigenvalues of the uncentred second moments `Z^T Z / N`, descending. `None` without rows.
    #[must_use]
    pub fn uncentred_eigenvalues(&self) -> Option<&[f64]> {
        let compute = || {
            let units = self.units();
            let mean = self.sketch.moments().all.mean();
            let Some(covariance) = self.covariance() else { return wide::eigenvalues(self, false) };
            let mut second = covariance.to_vec();
            for (row, mean_i) in second.chunks_exact_mut(units).zip(&mean) {
                row.iter_mut().zip(&mean).for_each(|(c, mean_j)| *c += mean_i * mean_j);
            }
            let live = |unit: &usize| !self.sketch.moments().units.is_dead(*unit);
            let live: Vec<usize> = (0..units).filter(live).collect();
            Some(self.eigenvalues_of(&second, &live))
        };
        self.uncentred_eigenvalues.get_or_init(compute).as_deref()
    }

    /// Eigenvalues of the rows and columns `of` of a matrix, the others being 0: they add zeros, and exactly so.
    fn eigenvalues_of(&self, matrix: &[f64], of: &[usize]) -> Vec<f64> {
        let units = self.units();
        let mut part = Vec::with_capacity(of.len() * of.len());
        for &i in of {
            part.extend(of.iter().map(|&j| matrix[i * units + j]));
        }
        let mut values = spectrum::eigenvalues(&part, of.len());
        // the null directions round to either side of 0; none of a second moment's is below
        values.iter_mut().for_each(|value| *value = if *value < 0.0 { 0.0 } else { *value });
        values.resize(units, 0.0);
        values
    }

    /// The sampled rows, in the order of their indices.
    #[must_use]
    pub fn sample(&self) -> &SampledRows {
        self.sample.get_or_init(|| self.sketch.sample().read())
    }

    /// Where the classes lie about the mean of all rows. `None` without rows, and without moments of classes.
    #[must_use]
    pub fn class_means(&self) -> Option<&ClassMeans> {
        self.class_means.get_or_init(|| ClassMeans::of(self.sketch.moments())).as_ref()
    }

    /// The intrinsic dimension of the sampled rows. `None` without rows.
    #[must_use]
    pub fn two_nn(&self) -> Option<&TwoNn> {
        let compute = || {
            let sample = self.sample();
            (!sample.indices.is_empty()).then(|| two_nn_of_finite(&sample.values, self.units()))
        };
        self.two_nn.get_or_init(compute).as_ref()
    }

    /// Means over pairs of units where no moments of pairs were kept, if every row is at hand.
    pub(super) fn wide_pairs(&self) -> Option<&WidePairs> {
        self.wide_pairs.get_or_init(|| wide::pairs(self)).as_ref()
    }

    /// Of how many draws of rows the mutual information is estimated, so that its spread can be told: 1 if that of
    /// further draws was not asked for, every row is in the sample, or there is no room for a second one.
    pub(super) fn information_draws(&self) -> usize {
        let sample = self.sketch.sample();
        let bounded = (sample.len() as u64) < self.sketch.rows() && !sample.is_empty();
        if bounded { sample.draws() } else { 1 }
    }

    /// Whether the draws overlap, there being too few rows for as many disjoint ones.
    pub(super) fn draws_overlap(&self) -> bool {
        let sample = self.sketch.sample();
        sample.kept() < sample.len() * self.information_draws()
    }

    /// The standard deviations of the mutual information over draws of rows
    /// ([`SketchConfig::draws`](crate::SketchConfig)); `None` if it was not asked for, or the sample holds every row.
    #[must_use]
    pub fn information_spread(&self) -> Option<&MiSpread> {
        self.information_spread_with_progress(&|_, _| {})
    }

    /// The same, telling how many of how many pairs of rows of all draws are done.
    pub(super) fn information_spread_with_progress(&self, progress: &(dyn Fn(u64, u64) + Sync)) -> Option<&MiSpread> {
        let compute = || {
            let draws = self.information_draws();
            if draws < 2 {
                return None;
            }
            let (sample, count) = (self.sketch.sample(), self.sketch.sample().len());
            let mut estimates = vec![*self.information()?.as_ref().ok()?];
            for draw in 1..draws {
                let rows = if self.draws_overlap() {
                    sample.read_redrawn(draw as u64, count)
                } else {
                    sample.read_ranks(draw * count, count)
                };
                let so_far = |done, total| progress(draw as u64 * total + done, draws as u64 * total);
                estimates.push(self.estimate(&rows, &so_far).ok()?);
            }
            MiSpread::of(&estimates)
        };
        self.information_spread.get_or_init(compute).as_ref()
    }

    fn estimate(&self, rows: &SampledRows, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<MutualInformation, MiError> {
        let labels = self.sketch.config().classes.map(|classes| (rows.labels.as_slice(), classes));
        let options = MiOptions { variance: self.options.mi_variance };
        mutual_information_with_progress(&rows.values, self.units(), labels, &options, progress)
    }

    /// The mutual information if a measure has asked for it.
    pub(super) fn information_read(&self) -> Option<&MutualInformation> {
        self.information.get()?.as_ref()?.as_ref().ok()
    }

    /// The mutual information of the sampled rows with the input and, with classes, the label; the error says why there
    /// is none. `None` without rows.
    #[must_use]
    pub fn information(&self) -> Option<&Result<MutualInformation, MiError>> {
        self.information_with_progress(&|_, _| {})
    }

    /// The same, telling how many of how many pairs of rows are done if it is not there yet.
    pub(super) fn information_with_progress(
        &self,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Option<&Result<MutualInformation, MiError>> {
        let compute = || {
            let sample = self.sample();
            (!sample.indices.is_empty()).then(|| self.estimate(sample, progress))
        };
        self.information.get_or_init(compute).as_ref()
    }
}

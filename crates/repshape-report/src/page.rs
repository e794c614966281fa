//! What a page shows, as plain data.

use std::collections::BTreeMap;

use repshape_stats::pictures::Pictures;
use serde::{Deserialize, Deserializer, Serialize};

use crate::criterion::Criterion;

/// One part of a report; several make one HTML file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "page", rename_all = "lowercase")]
pub enum Page {
    /// A comparison of regularizers.
    Study(StudyPage),
    /// One training run.
    Run(RunPage),
    /// Measurements of matrices or of the sites of a model.
    Measurement(MeasurementPage),
    /// Two representations of the same rows beside each other.
    Comparison(ComparisonPage),
    /// A network and others that give the same outputs.
    Rewiring(RewiringPage),
}

/// A mean over trials and its standard deviation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The mean over trials.
    pub mean: f64,
    /// The sample standard deviation, over `n - 1`; 0 for a single trial.
    pub std: f64,
}

/// A study: a set of regularizers, each tuned, repeated and measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudyPage {
    /// The heading, such as `Twelve regularizers on digits`.
    pub title: String,
    /// One line under it, such as the network and the site.
    pub subtitle: String,
    /// What the errors of the table are.
    #[serde(default)]
    pub criterion: Criterion,
    /// One row for each regularizer, in the order shown.
    pub table: Vec<RegularizerRow>,
    /// The pictures of each regularizer, in the order shown.
    pub panels: Vec<Panel>,
    /// How it was run, as (term, value): spec, seeds, versions, time. A value of several lines is shown folded.
    pub how: Vec<(String, String)>,
    /// Sentences a reader has to know, such as `3 dead units left out of correlation`.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// What the trials of one regularizer gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegularizerRow {
    /// Its name; `baseline` is the one that others are compared with.
    pub regularizer: String,
    /// The chosen weight; `None` where there is none to choose.
    pub weight: Option<f64>,
    /// Trials that finished, the diverged ones among them.
    pub trials: usize,
    /// Trials whose loss became non-finite.
    pub diverged: usize,
    /// Test error as a fraction, or whatever the study's criterion is; `None` when no trial gave one.
    pub test_error: Option<Spread>,
    /// The same of each trial.
    #[serde(default, deserialize_with = "null_is_nan")]
    pub test_errors: Vec<f64>,
    /// Characteristics by their name in `repshape measure --format json`; `None` when undefined.
    pub measures: BTreeMap<String, Option<Spread>>,
    /// Whether it has the lowest mean test error.
    pub best: bool,
    /// Whether its interval mean ± standard deviation overlaps the best's.
    pub tied: bool,
    /// The weights tried, each with the same on validation rows; `None` when a run diverged.
    #[serde(default)]
    pub tuning: Vec<(f64, Option<f64>)>,
}

/// The pictures of one representation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Panel {
    /// Whose representation it is: a regularizer, a run or a file.
    pub regularizer: String,
    /// Where it was read, such as `fc5`.
    pub site: String,
    /// Matrices, histogram, scatter and components.
    pub pictures: Pictures,
    /// Learning curves; empty where nothing was trained.
    #[serde(default)]
    pub history: Vec<Curve>,
}

/// One quantity over the epochs of a training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// What it is. A name that ends in `error` is drawn as a percentage, any other on a logarithmic axis.
    pub name: String,
    /// The epochs, increasing.
    pub epochs: Vec<u32>,
    /// The value at each epoch; one that is not finite (`null` in JSON) leaves a gap.
    #[serde(deserialize_with = "null_is_nan")]
    pub values: Vec<f64>,
}

/// One training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunPage {
    /// The heading.
    pub title: String,
    /// One line under it.
    pub subtitle: String,
    /// Error and loss of each split, in the order shown.
    pub scores: Vec<Score>,
    /// The last value of every term of the objective, by name.
    #[serde(default)]
    pub terms: Vec<(String, Option<f64>)>,
    /// Every term and error over the epochs.
    #[serde(default)]
    pub history: Vec<Curve>,
    /// The measured sites.
    pub sites: Vec<Measured>,
    /// As in [`StudyPage::how`].
    pub how: Vec<(String, String)>,
    /// As in [`StudyPage::notes`].
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Error and loss on one split of the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// `train`, `validation` or `test`.
    pub split: String,
    /// Share of rows misclassified; `None` for a task without classes.
    pub error: Option<f64>,
    /// The task's loss; `None` when it is not finite.
    pub loss: Option<f64>,
}

/// Measurements of matrices or of the sites of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeasurementPage {
    /// The heading.
    pub title: String,
    /// One line under it.
    pub subtitle: String,
    /// What was measured, in the order shown. Sites of one source are taken to be in the order of the network, and
    /// `NAME.pre` is what stands before the nonlinearity that gives `NAME`.
    pub measured: Vec<Measured>,
    /// As in [`StudyPage::how`].
    pub how: Vec<(String, String)>,
    /// As in [`StudyPage::notes`].
    #[serde(default)]
    pub notes: Vec<String>,
}

/// The characteristics of one representation, with its pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The file, model or run it came from.
    pub source: String,
    /// The site; `None` for a plain matrix.
    pub site: Option<String>,
    /// Rows `N`.
    pub rows: u64,
    /// Units `I`.
    pub units: usize,
    /// Classes `K`; `None` without labels.
    pub classes: Option<usize>,
    /// Characteristics by name; `None` when undefined.
    pub measures: BTreeMap<String, Option<f64>>,
    /// Rows that mutual information is over: its ceiling is their logarithm. `None` if it was not measured.
    #[serde(default)]
    pub mi_rows: Option<u64>,
    /// What has to be known to read the values.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Its pictures, if they were made.
    pub pictures: Option<Pictures>,
}

/// Two representations of the same rows: how alike they are, and what changed from one to the other.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ComparisonPage {
    /// The heading.
    pub title: String,
    /// One line under it.
    pub subtitle: String,
    /// The name of the first.
    pub a: String,
    /// The name of the second.
    pub b: String,
    /// Similarities by name, in the order shown; `None` when undefined.
    pub similarities: Vec<(String, Option<f64>)>,
    /// What each characteristic did, in the order shown.
    pub changes: Vec<Change>,
    /// The similarity of every layer of one with every layer of the other, if it was measured.
    #[serde(default)]
    pub layers: Option<LayerMap>,
    /// As in [`StudyPage::how`].
    pub how: Vec<(String, String)>,
    /// As in [`StudyPage::notes`].
    #[serde(default)]
    pub notes: Vec<String>,
}

/// The change of one characteristic from `a` to `b`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Its name in `repshape measure --format json`.
    pub measure: String,
    /// Its value in the first; `None` when undefined.
    pub a: Option<f64>,
    /// Its value in the second.
    pub b: Option<f64>,
    /// `b - a`, in the measure's own unit.
    pub difference: Option<f64>,
    /// The lower end of the interval of the difference; `None` without an interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
}

/// The linear CKA of every layer of one model with every layer of another, on the same rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerMap {
    /// The layers of the first model, in the order of the network: the rows.
    pub a: Vec<String>,
    /// The layers of the second model: the columns.
    pub b: Vec<String>,
    /// `cka[i][j]` of `a[i]` and `b[j]`, from 0 to 1; `None` when undefined.
    pub cka: Vec<Vec<Option<f64>>>,
}

/// A network and others made from it that give the same outputs, or nearly.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RewiringPage {
    /// The heading.
    pub title: String,
    /// One line under it.
    pub subtitle: String,
    /// Each rewired site, in the order of the network.
    pub sites: Vec<RewiredSite>,
    /// How the outputs compare with the original's, one for each variant and set of rows: shown first, it is the proof.
    /// One whose `variant` is the first variant's name is the original beside itself: its parameters and error are
    /// what the others save and lose against, its differences are not shown.
    pub proofs: Vec<Proof>,
    /// As in [`StudyPage::how`].
    pub how: Vec<(String, String)>,
    /// As in [`StudyPage::notes`].
    #[serde(default)]
    pub notes: Vec<String>,
}

/// The outputs of one network beside the original's, over the same rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// The name of the network, as in [`Variant::name`].
    pub variant: String,
    /// What the rows were, such as `test rows of digits` or `seeded noise`.
    pub rows_of: String,
    /// How many rows both networks ran on.
    pub rows: u64,
    /// The largest absolute difference of an output. One that is not finite (`null` in JSON) proves nothing and is said so.
    #[serde(deserialize_with = "null_is_not_a_number")]
    pub max_abs_difference: f64,
    /// The largest absolute difference over the largest absolute output.
    #[serde(deserialize_with = "null_is_not_a_number")]
    pub max_rel_difference: f64,
    /// The share of rows with the same prediction; `None` where outputs are not classes.
    #[serde(default)]
    pub same_predictions: Option<f64>,
    /// The root of the summed mean squares of the differences over the summed variances of the outputs, where that is what the
    /// tolerance is about: outputs that are nearly the same. `None` where the largest relative difference is.
    #[serde(default)]
    pub rms_difference: Option<f64>,
    /// What was allowed; `None` where the outputs were not meant to be the same.
    #[serde(default)]
    pub tolerance: Option<f64>,
    /// Weights and biases of the whole network, where counted.
    #[serde(default)]
    pub parameters: Option<u64>,
    /// Test error as a fraction, where known.
    #[serde(default)]
    pub error: Option<f64>,
}

/// One site in the original and in the networks that were made from it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RewiredSite {
    /// The name of the site, the same in all of them.
    pub site: String,
    /// First the original, then each rewired one.
    pub variants: Vec<Variant>,
    /// For `compact`: (units kept, expected relative error of what reads the site), in any order; may be empty.
    #[serde(default, deserialize_with = "null_error_is_nan")]
    pub curve: Vec<(usize, f64)>,
    /// The number of units that was chosen of `curve`.
    #[serde(default)]
    pub chosen: Option<usize>,
    /// What was taken out: the reason, for which inputs that leaves the outputs alone, both in words, and how many.
    #[serde(default)]
    pub removed: Vec<(String, String, usize)>,
}

/// What one network holds at a site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// What it is called: `original`, `whiten`, ...
    pub name: String,
    /// One line on what was done.
    pub line: String,
    /// Its characteristics and pictures.
    pub measured: Measured,
}

/// As [`null_is_nan`], for one number.
fn null_is_not_a_number<'de, D: Deserializer<'de>>(value: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(value)?.unwrap_or(f64::NAN))
}

/// As [`null_is_nan`], for errors by size.
fn null_error_is_nan<'de, D: Deserializer<'de>>(curve: D) -> Result<Vec<(usize, f64)>, D::Error> {
    let curve = Vec::<(usize, Option<f64>)>::deserialize(curve)?;
    Ok(curve.into_iter().map(|(size, error)| (size, error.unwrap_or(f64::NAN))).collect())
}

/// JSON has no NaN: serde_json writes it as `null`, and this reads it back.
fn null_is_nan<'de, D: Deserializer<'de>>(values: D) -> Result<Vec<f64>, D::Error> {
    let values = Vec::<Option<f64>>::deserialize(values)?;
    Ok(values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curve_with_a_gap_survives_json() {
        let curve = Curve { name: "train error".into(), epochs: vec![1, 2], values: vec![0.5, f64::NAN] };
        let json = serde_json::to_string(&curve).unwrap();
        let back: Curve = serde_json::from_str(&json).unwrap();
        assert_eq!(back.values[0], 0.5);
        assert!(back.values[1].is_nan());
    }
    #[test]
    fn a_difference_that_is_not_finite_survives_json() {
        let proof = Proof { max_abs_difference: f64::INFINITY, max_rel_difference: 0.5, ..Proof::default() };
        let site = RewiredSite { curve: vec![(3, f64::NAN), (4, 0.25)], ..RewiredSite::default() };
        let page = RewiringPage { proofs: vec![proof], sites: vec![site], ..RewiringPage::default() };
        let json = serde_json::to_string(&Page::Rewiring(page)).unwrap();
        assert!(json.starts_with("{\"page\":\"rewiring\","), "{json}");
        let Page::Rewiring(back) = serde_json::from_str(&json).unwrap() else { panic!("another kind of page: {json}") };
        assert!(back.proofs[0].max_abs_difference.is_nan() && back.proofs[0].max_rel_difference == 0.5);
        assert!(back.sites[0].curve[0].1.is_nan() && back.sites[0].curve[1] == (4, 0.25));
    }
}

//! The table of a study.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::manifest::{PlannedRun, PlannedWeight};
use crate::record::Record;
use crate::select::mean_over_runs;
use crate::statistics;
use crate::status::{State, state};
use crate::store::Store;
use crate::trial::{Scores, Stage};

/// Schema name in [`StudyTable::schema`].
pub const STUDY_SCHEMA: &str = "repshape.study/1";

/// Mean and sample standard deviation over trials.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct MeanStd {
    /// `None` where no trial has a value.
    pub mean: Option<f64>,
    /// Over `n - 1`; `None` below two values.
    pub std: Option<f64>,
    /// Number of trials with a value.
    pub n: usize,
}

impl MeanStd {
    /// Of the values that are there.
    pub fn of(values: &[f64]) -> Self {
        Self { mean: statistics::mean(values), std: statistics::standard_deviation(values), n: values.len() }
    }

    /// Whether the intervals `mean ± std` have a point in common; an absent std is an interval of no width.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self.mean, other.mean) {
            (Some(a), Some(b)) => {
                let low = |m: f64, s: Option<f64>| m - s.unwrap_or(0.0);
                let high = |m: f64, s: Option<f64>| m + s.unwrap_or(0.0);
                low(a, self.std) <= high(b, other.std) && low(b, other.std) <= high(a, self.std)
            }
            _ => false,
        }
    }
}

/// One weight that was tried; means over its tuning runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TuningPoint {
    /// The weight.
    pub weight: f64,
    /// Validation error; `None` where every run diverged or is missing.
    pub validation_error: Option<f64>,
    /// Its standard deviation over n - 1; `None` below two runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_error_std: Option<f64>,
    /// Validation loss, likewise; also `None` where not finite.
    pub validation_loss: Option<f64>,
    /// Whether a run diverged.
    pub diverged: bool,
}

/// One regularizer. Diverged trials are counted, and left out of every mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its name.
    pub regularizer: String,
    /// Its weight; `None` where it has none, or while it cannot be selected yet.
    pub weight: Option<f64>,
    /// Committed trials, the diverged ones included.
    pub trials: usize,
    /// How many of them diverged.
    pub diverged: usize,
    /// Error over the test rows, a fraction; null mean where every trial diverged.
    pub test_error: MeanStd,
    /// Loss over the test rows.
    pub test_loss: MeanStd,
    /// Error over the training rows.
    pub train_error: MeanStd,
    /// Each trial's test error in order of seed index, without the diverged: for tests and plots.
    pub test_errors: Vec<f64>,
    /// Measures by name, over the trials in which they are defined.
    pub measures: BTreeMap<String, MeanStd>,
    /// Validation error by weight, in the order of the weights; empty without tuning.
    pub tuning: Vec<TuningPoint>,
}

/// The result of a study; serialises to `repshape.study/1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudyTable {
    /// Always [`STUDY_SCHEMA`].
    pub schema: String,
    /// The study's name.
    pub name: String,
    /// One for each regularizer, in the order of the spec.
    pub rows: Vec<Row>,
    /// The regularizer of lowest mean test error; the earlier row where two are equal.
    pub best: Option<String>,
    /// Every other whose interval mean ± std overlaps the best's, in row order.
    pub tied_with_best: Vec<String>,
    /// Runs that are not committed: 0 unless a partial table was asked for.
    pub missing: usize,
}

/// The table of a complete study. Records are read one by one in manifest order: memory is that of the table.
///
/// # Errors
/// [`Error::Incomplete`] with what is missing; those of [`Store::record`]; [`Error::Corrupt`] where a trial ran with
/// another weight than its tuning runs select.
pub fn collect(store: &Store) -> Result<StudyTable, Error> {
    match missing(store)? {
        Some(what) => Err(Error::Incomplete(what)),
        None => collect_partial(store),
    }
}

/// The table of whatever is committed so far.
///
/// # Errors
/// As [`collect`], but for [`Error::Incomplete`].
pub fn collect_partial(store: &Store) -> Result<StudyTable, Error> {
    store.check_manifest()?;
    let mut runs: BTreeMap<&str, Vec<&PlannedRun>> = BTreeMap::new();
    for run in store.manifest().runs() {
        runs.entry(&run.regularizer).or_default().push(run);
    }
    let mut rows: Vec<Row> = Vec::new();
    let mut missing = 0;
    for regularizer in &store.manifest().spec().regularizers {
        let runs = runs.remove(regularizer.name.as_str()).unwrap_or_default();
        let mut row = RowInProgress::default();
        // one rule for all trials of a regularizer: its tuning records are read once
        let trial = runs.iter().find(|run| run.stage == Stage::Trial);
        let selected = trial.map_or(Ok(None), |run| store.weight(run))?;
        for run in runs {
            let expected = if run.stage == Stage::Trial { selected } else { store.weight(run)? };
            let record = store.record(run)?;
            missing += usize::from(record.is_none());
            if let Some(record) = record.as_ref().filter(|record| expected != Some(record.weight)) {
                return Err(wrong_weight(store, run, record, expected.flatten()));
            }
            row.add(run, record);
        }
        rows.push(row.finish(&regularizer.name, selected.flatten()));
    }
    let (best, tied_with_best) = best(&rows);
    let name = store.manifest().spec().name.clone();
    Ok(StudyTable { schema: STUDY_SCHEMA.to_owned(), name, rows, best, tied_with_best, missing })
}

fn wrong_weight(store: &Store, run: &PlannedRun, record: &Record, expected: Option<f64>) -> Error {
    let show = |weight: Option<f64>| weight.map_or("none".to_owned(), |w| w.to_string());
    Error::Corrupt {
        path: store.run_path(&run.run_id),
        message: format!(
            "it ran with weight {}, the committed tuning runs of {} select {}",
            show(record.weight),
            run.regularizer,
            show(expected)
        ),
    }
}

/// The lowest mean, and who overlaps it.
fn best(rows: &[Row]) -> (Option<String>, Vec<String>) {
    let mut best: Option<(&Row, f64)> = None;
    for row in rows {
        if let Some(mean) = row.test_error.mean
            && best.is_none_or(|(_, lowest)| mean < lowest)
        {
            best = Some((row, mean));
        }
    }
    let Some((best, _)) = best else {
        return (None, Vec::new());
    };
    let tied = rows
        .iter()
        .filter(|row| row.regularizer != best.regularizer && row.test_error.overlaps(&best.test_error))
        .map(|row| row.regularizer.clone())
        .collect();
    (Some(best.regularizer.clone()), tied)
}

/// What is not committed, in words; `None` where nothing is missing.
fn missing(store: &Store) -> Result<Option<String>, Error> {
    let (mut open, mut failed, mut first, mut reason) = (0, 0, None, None);
    for run in store.manifest().runs() {
        match state(store, run) {
            State::Done => continue,
            State::Missing { .. } => open += 1,
            State::Failed => {
                failed += 1;
                if reason.is_none() {
                    reason = store.last_failure(&run.run_id)?.map(|f| f.message);
                }
            }
        }
        first.get_or_insert(run);
    }
    let Some(first) = first else { return Ok(None) };
    let total = store.manifest().runs().len();
    let mut what = format!(
        "{} of {total} runs are not committed, first the {} {} of {} ({})",
        open + failed,
        if first.stage == Stage::Tune { "tuning run" } else { "trial" },
        first.index + 1,
        first.regularizer,
        first.run_id
    );
    if failed > 0 {
        what.push_str(&format!("; {failed} failed as often as they may"));
        if let Some(reason) = reason {
            what.push_str(&format!(": {reason}"));
        }
    }
    Ok(Some(what))
}

/// The values of one row, in manifest order.
#[derive(Default)]
struct RowInProgress {
    trials: usize,
    diverged: usize,
    test_errors: Vec<f64>,
    test_losses: Vec<f64>,
    train_errors: Vec<f64>,
    measures: BTreeMap<String, Vec<f64>>,
    /// Weights and their runs, those of one weight beside each other in the manifest.
    tuning: Vec<(f64, TuningRuns)>,
}

/// The tuning runs of one weight.
#[derive(Default)]
struct TuningRuns {
    errors: Vec<f64>,
    losses: Vec<f64>,
    diverged: bool,
}

impl TuningRuns {
    fn add(&mut self, record: Option<&Record>) {
        self.diverged |= record.is_some_and(|record| record.diverged);
        if let Some(scores) = record.filter(|record| !record.diverged).and_then(|record| record.validation) {
            self.errors.push(scores.error);
            self.losses.push(scores.loss);
        }
    }

    fn point(&self, weight: f64) -> TuningPoint {
        TuningPoint {
            weight,
            validation_error: mean_over_runs(self.errors.clone()),
            validation_error_std: statistics::standard_deviation(&self.errors),
            validation_loss: mean_over_runs(self.losses.clone()).filter(|loss| loss.is_finite()),
            diverged: self.diverged,
        }
    }
}

impl RowInProgress {
    fn add(&mut self, run: &PlannedRun, record: Option<Record>) {
        if let (Stage::Tune, &PlannedWeight::Fixed(weight)) = (run.stage, &run.weight) {
            if self.tuning.last().is_none_or(|(last, _)| last.to_bits() != weight.to_bits()) {
                self.tuning.push((weight, TuningRuns::default()));
            }
            if let Some((_, runs)) = self.tuning.last_mut() {
                runs.add(record.as_ref());
            }
            return;
        }
        let Some(record) = record else { return };
        self.trials += 1;
        for name in record.measures.keys() {
            // a measure that is nowhere defined still has its column
            self.measures.entry(name.clone()).or_default();
        }
        if record.diverged {
            self.diverged += 1;
            return;
        }
        let loss = |s: &Scores| Some(s.loss).filter(|x| x.is_finite());
        self.test_errors.extend(record.test.map(|s| s.error));
        self.test_losses.extend(record.test.as_ref().and_then(loss));
        self.train_errors.extend(record.train.map(|s| s.error));
        for (name, value) in record.measures {
            self.measures.entry(name).or_default().extend(value);
        }
    }

    fn finish(self, regularizer: &str, weight: Option<f64>) -> Row {
        Row {
            regularizer: regularizer.to_owned(),
            weight,
            trials: self.trials,
            diverged: self.diverged,
            test_error: MeanStd::of(&self.test_errors),
            test_loss: MeanStd::of(&self.test_losses),
            train_error: MeanStd::of(&self.train_errors),
            test_errors: self.test_errors,
            measures: self.measures.into_iter().map(|(name, values)| (name, MeanStd::of(&values))).collect(),
            tuning: self.tuning.iter().map(|(weight, runs)| runs.point(*weight)).collect(),
        }
    }
}

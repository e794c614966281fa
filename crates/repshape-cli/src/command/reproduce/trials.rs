//! The trials of finished studies, and numbers read from them.

use std::collections::BTreeMap;

use repshape_study::{Record, Scores, Stage, Store, StudyTable, collect_partial};
use serde_json::Map;

use crate::failure::Outcome;
use crate::spec::{Expression, SharedStudy, Source};
use crate::study_table::criterion;

/// A finished study's trials by row, in the order of the table.
pub struct Trials {
    /// The study's name, with its place in the sweep.
    pub name: String,
    /// The study's name without it.
    pub family: String,
    /// What it was trained on, as its spec says.
    pub data: String,
    /// A hash of the rows.
    pub fingerprint: String,
    /// Number of runs, tuning included.
    pub runs: usize,
    /// Training time in all, over all workers.
    pub seconds: f64,
    /// What its networks are compared by: `error` or `loss`.
    pub criterion: &'static str,
    /// The study's table.
    pub table: StudyTable,
    rows: Vec<(String, Vec<Record>)>,
}

impl Trials {
    /// Reads a store; what is not committed is not there.
    pub fn read(study: &SharedStudy, store: &Store) -> Outcome<Self> {
        let spec = store.manifest().spec();
        let mut rows: Vec<(String, Vec<Record>)> =
            spec.regularizers.iter().map(|regularizer| (regularizer.name.clone(), Vec::new())).collect();
        let place: BTreeMap<String, usize> =
            rows.iter().enumerate().map(|(at, (name, _))| (name.clone(), at)).collect();
        let mut seconds = 0.0;
        for run in store.manifest().runs() {
            let Some(mut record) = store.record(run)? else { continue };
            seconds += record.seconds;
            // pictures and histories are large, and the report reads them itself
            record.details = Map::new();
            if let (Stage::Trial, Some(&at)) = (run.stage, place.get(&run.regularizer)) {
                rows[at].1.push(record);
            }
        }
        let text = |key: &str| spec.training[key].as_str().unwrap_or_default().to_owned();
        Ok(Self {
            name: study.name.clone(),
            family: study.family.clone(),
            data: spec.training["run"]["data"].as_str().unwrap_or_default().to_owned(),
            fingerprint: text("data-fingerprint"),
            runs: store.manifest().runs().len(),
            seconds,
            criterion: criterion(store).noun(),
            table: collect_partial(store)?,
            rows,
        })
    }

    /// Whether `name` means this study: itself, or the sweep that it is of.
    pub fn is_of(&self, name: &str) -> bool {
        self.name == name || self.family == name
    }

    /// The rows that a pattern means: a name, or `l1=*` for every weight of one.
    pub fn rows(&self, pattern: &str) -> impl Iterator<Item = &str> {
        let start = pattern.strip_suffix('*').map(ToOwned::to_owned);
        let pattern = pattern.to_owned();
        self.rows
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(move |name| start.as_ref().map_or(*name == pattern, |start| name.starts_with(start.as_str())))
    }

    fn of(&self, regularizer: &str) -> &[Record] {
        self.rows.iter().find(|(name, _)| name == regularizer).map_or(&[], |(_, records)| records)
    }
}

/// What the trials of one row give.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sample {
    /// The number in each trial in which it is defined, in manifest order.
    pub values: Vec<f64>,
    /// Trials in all.
    pub trials: usize,
    /// Trials that diverged.
    pub diverged: usize,
    /// The weights of the trials, without repetition.
    pub weights: Vec<f64>,
}

/// The numbers of `source` over all studies that it names.
pub fn sample(studies: &[Trials], source: &Source) -> Sample {
    let mut sample = Sample::default();
    let (Some(study), Some(regularizer), Some(value)) = (&source.study, &source.regularizer, &source.value) else {
        return sample;
    };
    for record in studies.iter().filter(|trials| trials.is_of(study)).flat_map(|trials| trials.of(regularizer)) {
        sample.trials += 1;
        sample.diverged += usize::from(record.diverged);
        sample.weights.extend(record.weight.filter(|weight| !sample.weights.contains(weight)));
        sample.values.extend(number(record, value, source.site.as_deref()));
    }
    sample
}

/// A formula's value in one trial.
pub fn number(record: &Record, value: &Expression, site: Option<&str>) -> Option<f64> {
    let error = |scores: Option<Scores>| scores.map(|scores| scores.error);
    let loss = |scores: Option<Scores>| scores.map(|scores| scores.loss);
    value.value(&|name| match name {
        "test_error" => error(record.test),
        "train_error" => error(record.train),
        "validation_error" => error(record.validation),
        "test_loss" => loss(record.test),
        "train_loss" => loss(record.train),
        "weight" => record.weight,
        "diverged" => Some(f64::from(u8::from(record.diverged))),
        measure => {
            let at_site = site.map(|site| format!("{measure}@{site}"));
            let key = at_site.as_deref().filter(|key| record.measures.contains_key(*key)).unwrap_or(measure);
            // a measure of another site must not stand in for one that is missing
            if at_site.is_some() && key == measure && !measure.contains('@') && !SITELESS.contains(&measure) {
                return None;
            }
            record.measures.get(key).copied().flatten()
        }
    })
}

/// Measures of the whole network.
const SITELESS: [&str; 1] = ["mean_squared_error"];

#[cfg(test)]
impl Trials {
    /// Made-up trials: for each row its numbers `x`, as measures.
    pub fn made_up(name: &str, rows: &[(&str, &[f64])]) -> Self {
        use repshape_study::{Outcome, Tested, Trial};
        let record = |regularizer: &str, index: usize, x: f64| {
            let trial = Trial {
                run_id: format!("{index:032x}"),
                regularizer: regularizer.to_owned(),
                weight: None,
                stage: Stage::Trial,
                seed: 1,
                index: index as u32,
            };
            let tested = Tested {
                test: Some(Scores { error: x, loss: x }),
                measures: [("x".to_owned(), Some(x)), ("x@fc1".to_owned(), Some(2.0 * x))].into(),
                ..Tested::default()
            };
            Record::new(&trial, Outcome::Trial(tested), 1.0, "here").unwrap()
        };
        let rows = rows.iter().map(|(row, values)| {
            let records = values.iter().enumerate().map(|(index, &x)| record(row, index, x)).collect();
            ((*row).to_owned(), records)
        });
        Self {
            name: format!("{name}-d10"),
            family: name.to_owned(),
            data: "digits".to_owned(),
            fingerprint: String::new(),
            runs: 0,
            seconds: 0.0,
            criterion: "error",
            table: StudyTable {
                schema: String::new(),
                name: name.to_owned(),
                rows: Vec::new(),
                best: None,
                tied_with_best: Vec::new(),
                missing: 0,
            },
            rows: rows.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(study: &str, regularizer: &str, site: Option<&str>, value: &str) -> Source {
        Source {
            study: Some(study.to_owned()),
            regularizer: Some(regularizer.to_owned()),
            site: site.map(ToOwned::to_owned),
            value: Some(Expression::try_from(value.to_owned()).unwrap()),
        }
    }

    #[test]
    fn a_sweep_pools_its_studies_and_a_site_changes_the_measures() {
        let studies = [Trials::made_up("s", &[("a", &[1.0, 2.0])]), Trials::made_up("s", &[("a", &[4.0])])];
        assert_eq!(sample(&studies, &source("s", "a", None, "10 * x")).values, [10.0, 20.0, 40.0]);
        assert_eq!(sample(&studies, &source("s-d10", "a", Some("fc1"), "x + test_error")).values, [3.0, 6.0, 12.0]);
        assert_eq!(sample(&studies, &source("s", "a", None, "x@fc1")).values, [2.0, 4.0, 8.0]);
        // what a site has no measure of is not taken from another
        assert_eq!(sample(&studies, &source("s", "a", Some("fc2"), "x")).trials, 3);
        assert!(sample(&studies, &source("s", "a", Some("fc2"), "x")).values.is_empty());
        assert_eq!(sample(&studies, &source("other", "a", None, "x")), Sample::default());
    }
}

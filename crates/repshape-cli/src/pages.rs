//! From results to what the report shows.

use std::collections::BTreeMap;

use repshape::evaluate::Scores;
use repshape::fit::EpochValues;
use repshape_report::{Curve, Measured, Panel, RegularizerRow, Spread, StudyPage};
use repshape_stats::pictures::Pictures;
use repshape_stats::{Measurement, Value};
use repshape_study::{MeanStd, Stage, Store, StudyTable};
use serde::Deserialize;

use crate::failure::Outcome;
use crate::study_table::{chosen_by, criterion};

/// How every page was made.
pub fn how() -> Vec<(String, String)> {
    vec![("Made by".to_owned(), format!("repshape {}", env!("CARGO_PKG_VERSION")))]
}

/// How a page was made that one command makes from other people's files.
pub fn how_by_command() -> Vec<(String, String)> {
    let mut how = how();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    how.push(("Command".to_owned(), format!("repshape {}", arguments.join(" "))));
    how
}

/// A measurement with its pictures, as the report takes it.
pub fn measured(measurement: &Measurement, pictures: Option<Pictures>) -> Measured {
    Measured {
        source: measurement.source.clone().unwrap_or_default(),
        site: measurement.site.clone(),
        rows: measurement.rows,
        units: measurement.units,
        classes: measurement.classes,
        measures: measurement.measures.iter().map(|(n, v)| (n.to_owned(), v.map(Value::as_f64))).collect(),
        mi_rows: measurement.mi_rows.map(|rows| rows as u64),
        notes: measurement.notes.clone(),
        pictures,
    }
}

/// One curve for the loss, one for each term, one for the validation error, or loss where rows have no class.
pub fn curves(names: &[String], history: &[EpochValues]) -> Vec<Curve> {
    let epochs: Vec<u32> = history.iter().map(|e| e.epoch as u32).collect();
    let curve = |name: String, values: Vec<f64>| Curve { name, epochs: epochs.clone(), values };
    let mut curves = vec![curve("loss".to_owned(), history.iter().map(|e| e.loss).collect())];
    for (n, name) in names.iter().enumerate() {
        let values = history.iter().map(|e| e.terms.get(n).copied().unwrap_or(f64::NAN)).collect();
        curves.push(curve(name.clone(), values));
    }
    let of = |score: fn(Scores) -> Option<f64>| -> Option<Vec<f64>> {
        let scores: Option<Vec<f64>> = history.iter().map(|e| e.validation.and_then(score)).collect();
        scores.filter(|scores| !scores.is_empty())
    };
    if let Some(errors) = of(|scores| scores.error) {
        curves.push(curve("validation error".to_owned(), errors));
    } else if let Some(losses) = of(|scores| Some(scores.loss)) {
        curves.push(curve("validation loss".to_owned(), losses));
    }
    curves
}

/// A study's page, from its table and the runs that hold pictures.
pub fn study_page(store: &Store, table: &StudyTable, site: &str, how: Vec<(String, String)>) -> Outcome<StudyPage> {
    let spread = |s: &MeanStd| s.mean.map(|mean| Spread { mean, std: s.std.unwrap_or(f64::NAN) });
    let rows = table
        .rows
        .iter()
        .map(|row| RegularizerRow {
            regularizer: row.regularizer.clone(),
            weight: row.weight,
            trials: row.trials,
            diverged: row.diverged,
            test_error: spread(&row.test_error),
            test_errors: row.test_errors.clone(),
            measures: row.measures.iter().map(|(name, s)| (name.clone(), spread(s))).collect::<BTreeMap<_, _>>(),
            best: table.best.as_deref() == Some(&row.regularizer),
            tied: table.tied_with_best.contains(&row.regularizer),
            // a weight of which only some runs diverged is no candidate: it has no place on the curve either
            tuning: row
                .tuning
                .iter()
                .map(|point| (point.weight, point.validation_error.filter(|_| !point.diverged)))
                .collect(),
        })
        .collect();
    let mut panels = Vec::new();
    for run in store.manifest().runs().iter().filter(|run| run.stage == Stage::Trial && run.index == 0) {
        let Some(record) = store.record(run)? else { continue };
        // a diverged run has no pictures
        let Some(pictures) = detail::<Pictures>(&record.details, "pictures") else { continue };
        let names: Vec<String> = detail(&record.details, "terms").unwrap_or_default();
        let history: Vec<EpochValues> = detail(&record.details, "history").unwrap_or_default();
        panels.push(Panel {
            regularizer: record.regularizer.clone(),
            site: site.to_owned(),
            pictures,
            history: curves(&names, &history),
        });
        // further sites, in the order of their names
        for (key, value) in &record.details {
            let further = key.strip_prefix("pictures@").zip(Pictures::deserialize(value).ok());
            panels.extend(further.map(|(site, pictures)| Panel {
                regularizer: record.regularizer.clone(),
                site: site.to_owned(),
                pictures,
                history: Vec::new(),
            }));
        }
    }
    let (criterion, count) = (criterion(store), table.rows.len());
    Ok(StudyPage {
        title: format!("Study {}", table.name),
        subtitle: [Some(format!("{count} regularizers at {site}")), chosen_by(store)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(", "),
        criterion,
        table: rows,
        panels,
        how,
        notes: Vec::new(),
    })
}

fn detail<T: serde::de::DeserializeOwned>(
    details: &serde_json::Map<String, serde_json::Value>,
    key: &str,
) -> Option<T> {
    details.get(key).and_then(|value| T::deserialize(value).ok())
}

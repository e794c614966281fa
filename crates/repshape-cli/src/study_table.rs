//! The table of a study, as the terminal shows it.

use repshape_report::Criterion;
use repshape_stats::SketchConfig;
use repshape_study::{MeanStd, Regularizer, Row, Store, StudyTable};

use crate::output::{Mark, Rows, Text};

/// The columns of characteristics: head and measure.
const COLUMNS: [(&str, &str); 7] = [
    ("amplitude", "amplitude_positive"),
    ("covariance", "covariance_positive"),
    ("correlation", "correlation_positive"),
    ("sparsity", "sparsity"),
    ("dead units", "dead_units"),
    ("stable rank", "stable_rank_covariance"),
    ("I(z;x)", "mi_x_lower"),
];

/// What a study's networks are compared by: rows without a class of their own have no error.
pub fn criterion(store: &Store) -> Criterion {
    match store.manifest().spec().training["run"]["target"].as_str() {
        Some("input") => Criterion::Loss,
        _ => Criterion::Error,
    }
}

/// One line a regularizer, what the marks mean below.
pub fn table(table: &StudyTable, store: &Store) -> Rows {
    let criterion = criterion(store);
    let test = format!("test {}", criterion.label().replace(',', ""));
    let mut head = vec!["regularizer".to_owned(), test, "weight".to_owned()];
    head.extend(COLUMNS.iter().map(|(name, _)| (*name).to_owned()));
    let rows = table.rows.iter().map(|row| table_row(row, table, criterion)).collect();
    let trials = table.rows.iter().map(|row| row.trials).max().unwrap_or(0);
    let mut notes = vec![
        format!("mean ± sd of {trials} trials; * lowest {}, ~ its mean ± sd overlaps the lowest's", criterion.noun()),
        "amplitude, covariance, correlation over positive values; stable rank of the covariance".to_owned(),
        information_note(store),
    ];
    if store.manifest().spec().tuning_runs > 1 {
        notes.extend(chosen_by(store));
    }
    let diverged: Vec<String> = table
        .rows
        .iter()
        .filter(|row| row.diverged > 0)
        .map(|row| format!("{} {}", row.diverged, row.regularizer))
        .collect();
    if !diverged.is_empty() {
        notes.push(format!("diverged trials, left out of the means: {}", diverged.join(", ")));
    }
    if table.missing > 0 {
        notes.push(format!("{} runs are missing: the table is partial", table.missing));
    }
    notes.push(format!("report: {}", store.root().join("report.html").display()));
    Rows { head, rows, notes }
}

/// What chose the weights, in words; `None` where none was chosen.
pub fn chosen_by(store: &Store) -> Option<String> {
    let spec = store.manifest().spec();
    let noun = criterion(store).noun();
    spec.regularizers.iter().any(Regularizer::is_tuned).then(|| match spec.tuning_runs {
        1 => format!("weights chosen by validation {noun}"),
        runs => format!("weights chosen by the mean validation {noun} of {runs} runs each"),
    })
}

/// What bounds I(z;x), with the ceiling that it cannot pass.
fn information_note(store: &Store) -> String {
    let rows = store.manifest().spec().training["test-rows"].as_u64().unwrap_or(0);
    let drawn = rows.min(SketchConfig::SAMPLE_ROWS as u64);
    format!(
        "I(z;x): lower bound in nats over {drawn} test rows; it saturates at ln {drawn} = {:.2}",
        (drawn as f64).ln()
    )
}

fn table_row(row: &Row, table: &StudyTable, criterion: Criterion) -> Vec<Text> {
    let mark = if table.best.as_deref() == Some(&row.regularizer) {
        Mark::Best
    } else if table.tied_with_best.contains(&row.regularizer) {
        Mark::Tied
    } else {
        Mark::Plain
    };
    let weight = row.weight.map_or_else(|| "-".to_owned(), |w| w.to_string());
    let mut cells = vec![
        row.regularizer.as_str().into(),
        Text { mark, ..spread(&row.test_error, criterion).into() },
        weight.into(),
    ];
    cells.extend(COLUMNS.iter().map(|(_, name)| {
        let mean = row.measures.get(*name).and_then(|s| s.mean);
        Text {
            exact: Some(mean.map_or_else(String::new, |mean| mean.to_string())),
            ..mean.map_or_else(|| "-".to_owned(), short).into()
        }
    }));
    cells
}

fn spread(score: &MeanStd, criterion: Criterion) -> String {
    match (score.mean, score.std) {
        (None, _) => "-".to_owned(),
        (Some(mean), None) => criterion.number(mean),
        (Some(mean), Some(std)) => {
            let (mean, std) = criterion.spread(mean, std);
            format!("{mean} ± {std}")
        }
    }
}

/// A number in a narrow column: two decimals, more below 0.1.
fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        v if v < 1e-3 => format!("{value:.1e}"),
        v if v < 0.1 => format!("{value:.4}"),
        v if v < 100.0 => format!("{value:.2}"),
        _ => format!("{value:.0}"),
    }
}

//! Measurements as tables.

use repshape_stats::Measurement;

use crate::output::{Rows, Text};

/// What a table of many sites shows; all of it stands in JSON and CSV.
const SHOWN: [&str; 9] = [
    "amplitude",
    "variance",
    "covariance",
    "correlation",
    "sparsity",
    "dead_units",
    "stable_rank_covariance",
    "effective_rank",
    "mi_x_lower",
];

/// Characteristics as rows, inputs as columns.
pub fn table(measurements: &[&Measurement]) -> Rows {
    let mut head = vec!["measure".to_owned()];
    head.extend(measurements.iter().map(|m| {
        let parts = [m.source.as_deref(), m.site.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }));
    let rows = names(measurements)
        .iter()
        .map(|name| {
            let mut row = vec![(*name).into()];
            row.extend(measurements.iter().map(|m| cell(m.get(name))));
            row
        })
        .collect();
    Rows { head, rows, notes: notes(measurements) }
}

/// Sites as rows, characteristics as columns: those that matter most, or all.
pub fn sites_by_measures(measurements: &[&Measurement], short: bool) -> Rows {
    let names = names(measurements);
    let columns: Vec<&str> = names.into_iter().filter(|name| !short || SHOWN.contains(name)).collect();
    let describing: &[&str] =
        if short { &["site", "units"] } else { &["source", "site", "rows", "units", "classes", "layout"] };
    let describe = |m: &Measurement, what: &str| match what {
        "source" => m.source.clone().unwrap_or_default(),
        "site" if short => m.site.clone().or_else(|| m.source.clone()).unwrap_or_default(),
        "site" => m.site.clone().unwrap_or_default(),
        "rows" => m.rows.to_string(),
        "units" => m.units.to_string(),
        "classes" => m.classes.map_or_else(String::new, |k| k.to_string()),
        _ => m.layout.clone().unwrap_or_default(),
    };
    let rows = measurements
        .iter()
        .map(|m| {
            let mut row: Vec<Text> = describing.iter().map(|what| describe(m, what).into()).collect();
            row.extend(columns.iter().map(|name| cell(m.get(name))));
            row
        })
        .collect();
    let head = describing.iter().chain(&columns).map(|name| (*name).to_owned()).collect();
    Rows { head, rows, notes: if short { shared_notes(measurements) } else { Vec::new() } }
}

fn names<'a>(measurements: &[&'a Measurement]) -> Vec<&'a str> {
    measurements.first().map_or_else(Vec::new, |m| m.measures.iter().map(|(name, _)| name).collect())
}

/// What is said of many sites: each note once with the number of its sites, those of single sites only counted.
fn shared_notes(measurements: &[&Measurement]) -> Vec<String> {
    let mut sites_of: Vec<(&str, usize)> = Vec::new();
    for note in measurements.iter().flat_map(|m| m.layout.iter().chain(&m.notes)) {
        match sites_of.iter_mut().find(|(known, _)| known == note) {
            Some((_, sites)) => *sites += 1,
            None => sites_of.push((note, 1)),
        }
    }
    let shared = sites_of.iter().filter(|(_, sites)| *sites > 1);
    let mut notes: Vec<String> = shared.map(|(note, sites)| format!("{note} ({sites} sites)")).collect();
    let single = sites_of.iter().filter(|(_, sites)| *sites == 1).count();
    if single > 0 {
        notes.push(format!("{single} more remarks on single sites: --format json"));
    }
    notes.push("all characteristics: --format json or csv; a page: --report FILE.html".to_owned());
    notes
}

/// Sizes, layouts and notes.
fn notes(measurements: &[&Measurement]) -> Vec<String> {
    let mut notes = Vec::new();
    for m in measurements {
        let labels = m.classes.map_or_else(|| "no labels".to_owned(), |k| format!("{k} classes"));
        let layout = m.layout.as_ref().map_or_else(String::new, |layout| format!("; {layout}"));
        let source = m.site.as_deref().or(m.source.as_deref()).unwrap_or_default();
        notes.push(format!("{source}: {} rows, {} units, {labels}{layout}", m.rows, m.units));
        notes.extend(m.notes.iter().map(|note| format!("  {note}")));
    }
    notes
}

/// A number in a table, with all of its digits in CSV.
pub fn cell(value: Option<f64>) -> Text {
    let exact = value.map_or_else(String::new, |v| {
        let whole = v.fract() == 0.0 && v.abs() < 1e15;
        if whole { format!("{v}") } else { format!("{v:?}") }
    });
    Text { exact: Some(exact), ..number(value).into() }
}

/// A number to read: six significant digits, `-` where it is undefined.
pub fn number(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(0.0) => "0".to_owned(),
        Some(v) if v.fract() == 0.0 && v.abs() < 1e9 => format!("{v}"),
        Some(v) if v.abs() < 1e-3 || v.abs() >= 1e6 => format!("{v:.5e}"),
        Some(v) => {
            let digits = 5 - v.abs().log10().floor() as i32;
            format!("{v:.*}", digits.clamp(0, 9) as usize)
        }
    }
}

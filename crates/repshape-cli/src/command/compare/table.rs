//! Comparisons as tables.

use super::{Comparison, LayerMap, Side};
use crate::command::measure::cell;
use crate::output::Rows;

/// The changes, the similarities below; or the map of the layers.
pub fn for_people(of: &Comparison) -> Rows {
    let mut rows = match &of.layers {
        Some(layers) => map(layers),
        None => Rows {
            head: ["measure", "A", "B", "B - A", "low", "high"].map(String::from).to_vec(),
            rows: changes(of),
            notes: of.similarities.iter().map(|(name, value)| format!("{name}: {}", cell(value).text)).collect(),
        },
    };
    rows.notes.extend([("A", &of.a), ("B", &of.b)].map(|(name, side)| format!("{name}: {}", described(side))));
    rows.notes.extend(of.notes.iter().cloned());
    rows
}

/// One row for each similarity and each change; or the map of the layers.
pub fn for_spreadsheets(of: &Comparison) -> Rows {
    if let Some(layers) = &of.layers {
        return map(layers);
    }
    let head = ["name", "a", "b", "difference", "low", "high", "similarity"].map(String::from).to_vec();
    let similarity = |(name, value): (&'static str, Option<f64>)| {
        let mut row = vec![name.into()];
        row.extend((0..5).map(|_| cell(None)));
        row.push(cell(value));
        row
    };
    let mut rows: Vec<_> = of.similarities.iter().map(similarity).collect();
    rows.extend(changes(of).into_iter().map(|mut row| {
        row.push(cell(None));
        row
    }));
    Rows { head, rows, notes: Vec::new() }
}

fn changes(of: &Comparison) -> Vec<Vec<crate::output::Text>> {
    let row = |change: &repshape_stats::compare::Change| {
        let mut row = vec![change.measure.into()];
        row.extend([change.a, change.b, change.difference, change.low, change.high].map(cell));
        row
    };
    of.changes.changes.iter().map(row).collect()
}

/// A's layers as rows, B's as columns.
fn map(layers: &LayerMap) -> Rows {
    let head = std::iter::once("layer".to_owned()).chain(layers.b.iter().cloned()).collect();
    let row = |(name, values): (&String, &Vec<Option<f64>>)| {
        let mut row = vec![name.as_str().into()];
        row.extend(values.iter().map(|value| cell(*value)));
        row
    };
    Rows { head, rows: layers.a.iter().zip(&layers.cka).map(row).collect(), notes: Vec::new() }
}

fn described(side: &Side) -> String {
    let site = side.site.as_ref().map_or_else(String::new, |site| format!(" {site}"));
    let units = side.units.map_or_else(String::new, |units| format!(", {units} units"));
    format!("{}{site}: {} rows{units}", side.source, side.rows)
}

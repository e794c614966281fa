//! The page of a comparison.

use std::path::Path;

use repshape_report::{Change, ComparisonPage, LayerMap, Page, render};

use super::{Comparison, Side};
use crate::cli::CompareArgs;
use crate::failure::Outcome;
use crate::output::write_file;
use crate::pages::how_by_command;

/// Writes one self-contained page.
pub fn write(path: &Path, of: &Comparison, args: &CompareArgs) -> Outcome {
    let (a, b) = (name(&of.a), name(&of.b));
    let mut how = how_by_command();
    if of.layers.is_none() && !args.no_bootstrap {
        let level = 100.0 * args.level;
        how.push(("Intervals".to_owned(), format!("{level} % percentiles of {} resamples of the rows", args.draws)));
    }
    let change = |change: &repshape_stats::compare::Change| Change {
        measure: change.measure.to_owned(),
        a: change.a,
        b: change.b,
        difference: change.difference,
        low: change.low,
        high: change.high,
    };
    let page = Page::Comparison(ComparisonPage {
        title: format!("{a} and {b}"),
        subtitle: format!("{} rows", of.a.rows),
        similarities: of.similarities.iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        changes: of.changes.changes.iter().map(change).collect(),
        layers: of.layers.as_ref().map(|layers| LayerMap {
            a: layers.a.clone(),
            b: layers.b.clone(),
            cka: layers.cka.clone(),
        }),
        how,
        notes: of.notes.clone(),
        a,
        b,
    });
    write_file(path, render(&[page]).as_bytes())
}

fn name(side: &Side) -> String {
    side.site.as_ref().map_or_else(|| side.source.clone(), |site| format!("{} {site}", side.source))
}

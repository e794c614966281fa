//! The page of a rewiring.

use std::path::Path;

use repshape_report::{Page, Proof as Shown, RewiredSite, RewiringPage, Variant};
use repshape_stats::Measurement;
use repshape_stats::pictures::Pictures;

use super::job::Change;
use super::proof::Proof;
use super::result::{Rewired, Whole, removed_in_words};
use crate::cli::How;
use crate::pages::{how_by_command, measured};

/// What the network that was given is called.
pub const ORIGINAL: &str = "original";

/// What is shown of a site.
pub type SiteShown = RewiredSite;

/// A measurement and its pictures.
pub type Side<'a> = (&'a Measurement, Option<Pictures>);

/// A site before and after.
pub fn site(change: &Change, how: &How, before: Side<'_>, after: Side<'_>) -> SiteShown {
    let variant = |name: &str, line: String, (measurement, pictures): Side<'_>| Variant {
        name: name.to_owned(),
        line,
        measured: measured(measurement, pictures),
    };
    let condition = change.condition.map_or_else(String::new, |c| format!("condition of Q {c:.2e}"));
    let units = format!("{} of {} units", after.0.units, before.0.units);
    let done = if change.plan.is_some() { units } else { condition };
    let plan = change.plan.as_ref();
    RewiredSite {
        site: change.now.clone(),
        curve: plan.iter().flat_map(|plan| &plan.curve).map(|point| (point.units, point.error.relative)).collect(),
        chosen: plan.map(|plan| plan.units_after()),
        removed: plan.map(removed_in_words).unwrap_or_default(),
        variants: vec![variant(ORIGINAL, String::new(), before), variant(&how.to_string(), done, after)],
    }
}

/// One proof on some rows.
fn proof(variant: &str, rows_of: &str, proof: &Proof, whole: &Whole) -> Shown {
    Shown {
        variant: variant.to_owned(),
        rows_of: rows_of.to_owned(),
        rows: proof.rows,
        max_abs_difference: proof.max_abs_difference,
        max_rel_difference: proof.max_rel_difference,
        same_predictions: proof.same_predictions,
        rms_difference: whole.lossy.then_some(proof.rms_rel_difference),
        tolerance: whole.tolerance,
        parameters: Some(whole.parameters_after),
        error: None,
    }
}

/// The network that the others are compared with.
pub fn original(rows_of: &str, rows: u64, parameters: Option<u64>, error: Option<f64>) -> Shown {
    Shown {
        variant: ORIGINAL.to_owned(),
        rows_of: rows_of.to_owned(),
        rows,
        max_abs_difference: 0.0,
        max_rel_difference: 0.0,
        same_predictions: None,
        rms_difference: None,
        tolerance: None,
        parameters,
        error,
    }
}

/// The page of one call of the command.
pub fn page(path: &Path, how: &How, results: &[Rewired], sites: Vec<SiteShown>) -> Page {
    let mut proofs = Vec::new();
    let whole = results.first().map(|one| &one.whole);
    if let Some(whole) = whole {
        let error = whole.comparable.as_ref().map(|comparable| comparable.error_before);
        proofs.push(original(&whole.data, whole.proof.rows, Some(whole.parameters_before), error));
        let mut given = proof(&how.to_string(), &whole.data, &whole.proof, whole);
        given.error = whole.comparable.as_ref().map(|comparable| comparable.error_after);
        proofs.push(given);
        for other in &whole.verified {
            proofs.push(proof(&how.to_string(), &other.data, &other.proof, whole));
        }
    }
    let mut notes = whole.map(|whole| whole.notes.clone()).unwrap_or_default();
    notes.extend(whole.and_then(|whole| whole.int8).map(|int8| int8.in_words()));
    notes.extend(whole.and_then(|whole| whole.comparable.as_ref()).map(|comparable| comparable.in_words()));
    let names: Vec<&str> = results.iter().map(|one| one.site.as_str()).collect();
    Page::Rewiring(RewiringPage {
        title: match whole {
            Some(whole) if whole.lossy => "Nearly the same outputs, fewer units".to_owned(),
            Some(whole) if whole.tolerance.is_none() => "Comparable networks".to_owned(),
            _ => "Same outputs, another representation".to_owned(),
        },
        subtitle: format!("{}: {} by {how}", path.display(), names.join(", ")),
        sites,
        proofs,
        how: how_by_command(),
        notes,
    })
}

//! What `rewire` prints.

use repshape::rewire::Plan;
use repshape_stats::Measurement;
use repshape_stats::rewire::{Holds, Reason, Removal, Removed};
use serde::Serialize;

use super::cpn::Comparable;
use super::proof::Proof;
use crate::command::measure::{sites_by_measures, table};
use crate::output::Rows;

/// One rewired site.
#[derive(Debug, Serialize)]
pub struct Rewired {
    pub schema: &'static str,
    /// Its name in the new network: that of the inserted layer if there is one.
    pub site: String,
    /// Largest over smallest singular value of Q; `null` for compact.
    pub condition: Option<f64>,
    /// Directions in the range of the covariance, where it was read.
    pub rank: Option<usize>,
    pub units_before: usize,
    pub units_after: usize,
    /// What compact took out.
    pub removed: Vec<Taken>,
    /// Expected error, relative to the standard deviation of what reads the site, at every size.
    pub curve: Vec<Size>,
    #[serde(flatten)]
    pub whole: Whole,
    pub before: Measurement,
    pub after: Measurement,
}

/// What all rewired sites of one network share.
#[derive(Debug, Clone, Serialize)]
pub struct Whole {
    pub model: String,
    pub by: String,
    /// The rows of the statistics and the proof.
    pub data: String,
    pub seed: u64,
    #[serde(flatten)]
    pub proof: Proof,
    /// What the outputs may differ by; `null` for networks that are comparable only.
    pub tolerance: Option<f64>,
    /// Whether that is about `rms_rel_difference`, as of compact with a tolerance, and not about the largest.
    #[serde(skip)]
    pub lossy: bool,
    /// The proof on other rows.
    pub verified: Vec<Verified>,
    pub parameters_before: u64,
    pub parameters_after: u64,
    /// Rounding of all weights to 8 bits, for equalize.
    pub int8: Option<Int8>,
    /// Test error, where the outputs are only comparable.
    pub comparable: Option<Comparable>,
    /// The hidden layers of the new network, where it is our own.
    pub network: Option<String>,
    pub notes: Vec<String>,
    pub out: String,
}

/// The proof on other rows.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    pub data: String,
    #[serde(flatten)]
    pub proof: Proof,
}

/// One unit or direction that was taken out.
#[derive(Debug, Serialize)]
pub struct Taken {
    /// `null` for a direction.
    pub unit: Option<usize>,
    pub reason: &'static str,
    /// What it always was.
    pub value: Option<f64>,
    /// The unit that it is a multiple of, and the multiple.
    pub of: Option<usize>,
    pub factor: Option<f64>,
    pub holds: &'static str,
    pub variance: Option<f64>,
}

/// The price of a size.
#[derive(Debug, Serialize)]
pub struct Size {
    pub units: usize,
    pub error: f64,
}

/// What rounding all weights to 8 bits costs, before and after: of the weights `sqrt(sum (w - q)^2 / sum w^2)`, mean over the
/// matrices; of the outputs as `rms_rel_difference`.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Int8 {
    pub weights_before: f64,
    pub weights_after: f64,
    pub outputs_before: f64,
    pub outputs_after: f64,
}

impl Int8 {
    /// Of (weights, outputs) before and after.
    pub fn of(before: (f64, f64), after: (f64, f64)) -> Self {
        Self { weights_before: before.0, weights_after: after.0, outputs_before: before.1, outputs_after: after.1 }
    }

    /// In one line.
    pub fn in_words(&self) -> String {
        format!(
            "rounded to 8 bits: error of the weights {:.3e} -> {:.3e}, of the outputs {:.3e} -> {:.3e}",
            self.weights_before, self.weights_after, self.outputs_before, self.outputs_after
        )
    }
}

impl Taken {
    pub fn of(removal: &Removal) -> Self {
        let unit = match removal.removed {
            Removed::Unit(unit) => Some(unit),
            Removed::Direction => None,
        };
        let (mut value, mut of, mut factor) = (None, None, None);
        match removal.reason {
            Reason::ZeroIn { value: always } | Reason::ConstantOnData { value: always } => value = Some(always),
            Reason::DuplicateOf { unit, factor: times } => (of, factor) = (Some(unit), Some(times)),
            _ => {}
        }
        let (reason, holds) = (reason(&removal.reason).0, holds(removal.holds).0);
        Self { unit, reason, value, of, factor, holds, variance: removal.variance }
    }
}

/// A reason's name in JSON, and in words.
fn reason(reason: &Reason) -> (&'static str, &'static str) {
    match reason {
        Reason::ZeroOut => ("zero_out", "no weight out"),
        Reason::ZeroIn { .. } => ("zero_in", "no weight in"),
        Reason::DuplicateOf { .. } => ("duplicate", "a multiple of another unit"),
        Reason::DeadOnData => ("dead", "0 on every row given"),
        Reason::ConstantOnData { .. } => ("constant", "the same on every row given"),
        Reason::NullSpace => ("null_space", "null space of the covariance"),
        Reason::LowVariance => ("low_variance", "what the readers depend on least"),
    }
}

/// For which inputs, in JSON and in words.
fn holds(holds: Holds) -> (&'static str, &'static str) {
    match holds {
        Holds::EveryInput => ("every_input", "exact for every input"),
        Holds::RowsGiven => ("rows_given", "exact on the rows given"),
        Holds::Approximately => ("approximately", "approximate"),
    }
}

/// What a plan takes out, in words, and how many of each.
pub fn removed_in_words(plan: &Plan) -> Vec<(String, String, usize)> {
    let mut counts: Vec<(String, String, usize)> = Vec::new();
    for removal in &plan.removed {
        let (why, when) = (reason(&removal.reason).1, holds(removal.holds).1);
        match counts.iter_mut().find(|(reason, holds, _)| reason == why && holds == when) {
            Some((_, _, count)) => *count += 1,
            None => counts.push((why.to_owned(), when.to_owned(), 1)),
        }
    }
    counts
}

/// For people: before and after, and the proof below.
pub fn for_people(results: &[Rewired]) -> Rows {
    let mut rows = match results {
        [one] => {
            let mut rows = table(&[&one.before, &one.after]);
            rows.notes.dedup();
            rows.head = vec!["measure".to_owned(), format!("{} before", one.site), format!("{} after", one.site)];
            rows
        }
        many => {
            let sides: Vec<&Measurement> = many.iter().flat_map(|one| [&one.before, &one.after]).collect();
            let mut rows = sites_by_measures(&sides, true);
            for (at, row) in rows.rows.iter_mut().enumerate() {
                row[0].text = format!("{} {}", row[0].text, if at % 2 == 0 { "before" } else { "after" });
            }
            rows.notes.clear();
            rows
        }
    };
    let Some(whole) = results.first().map(|one| &one.whole) else { return rows };
    for one in results {
        let condition = one.condition.map_or_else(String::new, |c| format!(", condition of Q {c:.3e}"));
        let rank = one.rank.map_or_else(String::new, |rank| format!(", rank {rank} of {}", one.units_before));
        let units = if one.units_before == one.units_after {
            String::new()
        } else {
            format!(", {} units of {} left", one.units_after, one.units_before)
        };
        rows.notes.push(format!("{}: {}{condition}{rank}{units}", one.site, whole.by));
    }
    rows.notes.extend(whole.notes.iter().cloned());
    rows.notes.push(proof(&whole.data, &whole.proof, whole.tolerance));
    rows.notes.extend(whole.verified.iter().map(|one| proof(&one.data, &one.proof, whole.tolerance)));
    if whole.parameters_after != whole.parameters_before {
        let saved = 100.0 * (1.0 - whole.parameters_after as f64 / whole.parameters_before as f64);
        let word = if saved > 0.0 { "saved" } else { "more" };
        rows.notes.push(format!(
            "parameters: {} -> {} ({:.1} % {word})",
            whole.parameters_before,
            whole.parameters_after,
            saved.abs()
        ));
    }
    if let Some(int8) = &whole.int8 {
        rows.notes.push(int8.in_words());
    }
    if let Some(comparable) = &whole.comparable {
        rows.notes.push(comparable.in_words());
    }
    if let Some(network) = whole.network.as_ref().filter(|_| whole.parameters_after != whole.parameters_before) {
        rows.notes.push(format!("the new network is {network}"));
    }
    rows.notes.push(format!("written to {}", whole.out));
    rows
}

/// One sentence of proof.
pub fn proof(data: &str, proof: &Proof, tolerance: Option<f64>) -> String {
    let same = proof
        .same_predictions
        .map_or_else(String::new, |share| format!("; {} of the predictions the same", percent(share)));
    let allowed = tolerance.map_or_else(String::new, |eps| format!(" (allowed {eps:.0e})"));
    format!(
        "outputs on {} rows ({data}): largest difference {:.2e}, relative {:.2e}, root mean square {:.2e} of their deviation{allowed}{same}",
        proof.rows, proof.max_abs_difference, proof.max_rel_difference, proof.rms_rel_difference
    )
}

/// A share; all of it only where nothing is missing.
pub fn percent(share: f64) -> String {
    if share == 1.0 { "100 %".to_owned() } else { format!("{:.2} %", (100.0 * share).min(99.99)) }
}

/// For spreadsheets: a line for each site and side.
pub fn for_spreadsheets(results: &[Rewired]) -> Rows {
    let sides: Vec<&Measurement> = results.iter().flat_map(|one| [&one.before, &one.after]).collect();
    let mut rows = sites_by_measures(&sides, false);
    rows.head.insert(0, "network".to_owned());
    for (at, row) in rows.rows.iter_mut().enumerate() {
        row.insert(0, if at % 2 == 0 { "before" } else { "after" }.into());
    }
    rows
}

//! The outputs of each network beside the original's.

use crate::{
    escape,
    number::{UNDEFINED, grouped, percent, scientific, share, weight},
    page::{Proof, RewiringPage},
    rewired::{self, Verdict},
    sections::{
        measures::{close, open, value_cell},
        results::term,
    },
    sheet::Sheet,
};

/// Writes the section; nothing without proofs. A column that nobody has a value in is left out.
pub(super) fn write(sheet: &mut Sheet, page: &RewiringPage) {
    let proofs = &page.proofs;
    let Some(first) = proofs.first() else { return };
    let original = rewired::original(page);
    let line = |variant: &str| {
        let variants = page.sites.iter().flat_map(|site| &site.variants);
        variants.into_iter().find(|one| one.name == variant).map_or("", |one| one.line.as_str())
    };
    let same_rows = proofs.iter().all(|proof| (proof.rows, &proof.rows_of) == (first.rows, &first.rows_of));
    let allowed: Vec<f64> = proofs.iter().filter_map(|proof| proof.tolerance).collect();
    let same_tolerance = allowed.windows(2).all(|pair| pair[0] == pair[1]);
    let columns = Columns {
        rows: !same_rows,
        whole: proofs.iter().any(|proof| proof.rms_difference.is_some()),
        tolerance: !same_tolerance,
        predictions: proofs.iter().any(|proof| proof.same_predictions.is_some()),
        parameters: proofs.iter().any(|proof| proof.parameters.is_some()),
        saving: proofs.iter().any(|proof| rewired::saving(page, proof).is_some_and(|saving| saving != 0.0)),
        error: proofs.iter().any(|proof| proof.error.is_some()),
    };
    sheet.raw("<section>\n<h2>Same outputs, other representation</h2>\n<p class=\"lead\">");
    if same_rows {
        sheet.raw(&format!("Every network ran on the same {}. ", escape::html(&rewired::rows(first))));
    }
    sheet.raw("Largest difference of any output from the original's, and the same relative to the largest output");
    if columns.whole {
        sheet.raw("; and the root mean square relative to the outputs' deviation");
    }
    if let (true, Some(tolerance)) = (same_tolerance, allowed.first()) {
        let of = if columns.whole { "of the last" } else { "relative" };
        sheet.raw(&format!("; {of} {} is allowed", weight(*tolerance)));
    }
    sheet.raw(".</p>\n");
    open(sheet, "results proofs");
    columns.head(sheet);
    for proof in proofs {
        columns.row(sheet, page, proof, original == Some(proof.variant.as_str()), line(&proof.variant));
    }
    close(sheet);
    sheet.raw("</section>\n");
}

/// The columns that are not always there.
struct Columns {
    rows: bool,
    whole: bool,
    tolerance: bool,
    predictions: bool,
    parameters: bool,
    saving: bool,
    error: bool,
}

impl Columns {
    fn head(&self, sheet: &mut Sheet) {
        sheet.raw("<thead><tr><th scope=\"col\">Network</th>");
        let columns = [
            (self.rows, "Rows"),
            (true, "Largest difference"),
            (true, "Relative"),
            (self.whole, "Root mean square"),
            (self.tolerance, "Allowed"),
            (self.predictions, "Equal predictions, %"),
            (self.parameters, "Parameters"),
            (self.saving, "Saved, %"),
            (self.error, "Test error, %"),
        ];
        for (_, title) in columns.iter().filter(|(shown, _)| *shown) {
            sheet.raw(&format!("<th scope=\"col\" class=\"number\">{title}</th>"));
        }
        sheet.raw("</tr></thead>\n<tbody>\n");
    }

    fn row(&self, sheet: &mut Sheet, page: &RewiringPage, proof: &Proof, is_original: bool, line: &str) {
        let mark = match rewired::verdict(proof) {
            _ if is_original => "",
            Verdict::Same => " <span class=\"mark best\">same</span>",
            Verdict::Near => " <span class=\"mark best\">near</span>",
            Verdict::Differs => " <span class=\"mark warn\">differs</span>",
            Verdict::NotFinite => " <span class=\"mark warn\">not finite</span>",
            Verdict::NotAsked => "",
        };
        sheet.raw(&format!(
            "<tr><th scope=\"row\" data-value=\"{}\">{}{mark}</th>",
            escape::html(&proof.variant),
            term(&proof.variant, line)
        ));
        // the original beside itself shows nothing
        let difference = |value: f64| Some(value).filter(|_| !is_original);
        let text = |value: Option<f64>, write: fn(f64) -> String| value.map_or(UNDEFINED.into(), write);
        let parameters = proof.parameters.map(|count| count as f64);
        let saving = rewired::saving(page, proof).filter(|_| !is_original);
        let (absolute, relative) = (difference(proof.max_abs_difference), difference(proof.max_rel_difference));
        if self.rows {
            sheet.raw(&format!("<td class=\"number\">{}</td>", escape::html(&rewired::rows(proof))));
        }
        let cells = [
            (true, absolute, text(absolute, scientific)),
            (true, relative, text(relative, scientific)),
            (self.whole, proof.rms_difference, text(proof.rms_difference, scientific)),
            (self.tolerance, proof.tolerance, text(proof.tolerance, weight)),
            (self.predictions, proof.same_predictions, text(proof.same_predictions, share)),
            (self.parameters, parameters, text(parameters, |count| grouped(count as usize))),
            (self.saving, saving, text(saving, |share| format!("{:.1}", 100.0 * share).replace('-', "−"))),
            (self.error, proof.error, text(proof.error, percent)),
        ];
        for (_, value, text) in cells.iter().filter(|(shown, _, _)| *shown) {
            sheet.raw(&value_cell(*value, text));
        }
        sheet.raw("</tr>\n");
    }
}

//! The sections of each kind of page, written in reading order.

pub(crate) mod comparison;
mod how;
mod layers;
pub(crate) mod measurement;
mod measures;
mod panels;
mod results;
pub(crate) mod rewiring;
pub(crate) mod run;
pub(crate) mod study;

use crate::sheet::Sheet;

/// Kind, title and subtitle at the head of a page.
fn head(sheet: &mut Sheet, kind: &str, title: &str, subtitle: &str) {
    sheet.text("p", "kicker", kind);
    sheet.text("h1", "", title);
    sheet.text("p", "subtitle", subtitle);
}

/// Sentences a reader has to know.
fn notes(sheet: &mut Sheet, notes: &[String]) {
    if notes.is_empty() {
        return;
    }
    sheet.raw("<ul class=\"notes\">\n");
    for note in notes {
        sheet.text("li", "", note);
    }
    sheet.raw("</ul>\n");
}

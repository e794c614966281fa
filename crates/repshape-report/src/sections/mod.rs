//! The sections of each kind of page, written in reading order.

mod how;
mod measures;
pub(crate) mod measurement;
mod panels;
pub(crate) mod run;
mod results;
pub(crate) mod study;

use crate::sheet::Sheet;

/// Kind, title, subtitle and notes at the head of a page.
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

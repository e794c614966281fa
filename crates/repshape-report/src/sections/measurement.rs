//! The page of measurements: one heat table of all, then the pictures of each.

use std::collections::BTreeSet;

use crate::{
    escape,
    page::{Measured, MeasurementPage},
    sections::{
        head, how,
        measures::{HeatRow, heat_table},
        notes,
        panels::{self, Pictured},
    },
    sheet::Sheet,
};

pub(crate) fn write(sheet: &mut Sheet, page: &MeasurementPage) {
    head(sheet, "Measurement", &page.title, &page.subtitle);
    notes(sheet, &page.notes);
    measured(sheet, &page.measured);
    how::write(sheet, &page.how);
}

/// Sizes, characteristics, notes and pictures of each representation.
pub(crate) fn measured(sheet: &mut Sheet, measured: &[Measured]) {
    if measured.is_empty() {
        return;
    }
    let names: BTreeSet<&str> = measured.iter().flat_map(|one| one.measures.keys().map(String::as_str)).collect();
    let titles: Vec<String> = measured.iter().map(|one| title(one, measured)).collect();
    let rows: Vec<HeatRow> = measured
        .iter()
        .zip(&titles)
        .map(|(one, title)| HeatRow {
            name: title,
            mark: "",
            values: one
                .measures
                .iter()
                .filter_map(|(name, value)| {
                    value.filter(|value| value.is_finite()).map(|value| (name.as_str(), (value, None)))
                })
                .collect(),
        })
        .collect();
    sheet.raw("<section>\n<h2>Characteristics</h2>\n");
    if measured.len() > 1 {
        sheet.raw("<p class=\"lead\">A darker cell ranks higher in its column; tap a heading for its meaning.</p>\n");
    }
    heat_table(sheet, if measured.len() > 1 { "Measured" } else { "" }, &rows, &names.into_iter().collect::<Vec<_>>());
    sheet.raw("<ul class=\"sizes\">\n");
    for (one, title) in measured.iter().zip(&titles) {
        let classes = one.classes.map_or("no labels".into(), |classes| format!("{classes} classes"));
        let notes: String = one.notes.iter().map(|note| format!("; {note}")).collect();
        let line = format!(": {} rows, {} units, {classes}{notes}", one.rows, one.units);
        sheet.raw(&format!("<li><b>{}</b>{}</li>\n", escape::html(title), escape::html(&line)));
    }
    sheet.raw("</ul>\n</section>\n");
    let pictured: Vec<Pictured> = measured
        .iter()
        .zip(&titles)
        .filter_map(|(one, title)| {
            Some(Pictured { name: title, mark: "", site: None, pictures: one.pictures.as_ref()?, history: &[] })
        })
        .collect();
    if !pictured.is_empty() {
        sheet.raw("<section class=\"representations\">\n<h2>Representations</h2>\n");
        panels::write(sheet, &pictured);
        sheet.raw("</section>\n");
    }
}

/// The site alone where all come from one source, else source and site.
fn title(one: &Measured, all: &[Measured]) -> String {
    match &one.site {
        Some(site) if all.iter().all(|other| other.source == one.source) => site.clone(),
        Some(site) => format!("{} · {site}", one.source),
        None => one.source.clone(),
    }
}

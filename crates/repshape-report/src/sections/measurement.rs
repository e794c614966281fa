//! The page of measurements: from layer to layer, one table of all, then the pictures of each.

use std::collections::BTreeSet;

use crate::{
    escape,
    number::{grouped, significant},
    page::{Measured, MeasurementPage},
    sections::{
        head, how, layers,
        measures::{HeatRow, heat_table, measure_table},
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

/// Curves over the layers, characteristics, notes and pictures of each representation.
pub(crate) fn measured(sheet: &mut Sheet, measured: &[Measured]) {
    if measured.is_empty() {
        return;
    }
    let titles: Vec<String> = measured.iter().map(|one| title(one, measured)).collect();
    if let [one] = measured {
        at_a_glance(sheet, one);
    }
    layers::write(sheet, measured);
    // many are compared in one table; of a few, the pictures say more at first sight than a long list
    if measured.len() > COLUMNS {
        characteristics(sheet, measured, &titles);
        representations(sheet, measured, &titles);
    } else {
        representations(sheet, measured, &titles);
        characteristics(sheet, measured, &titles);
    }
}

/// Sizes and the first answers of a single representation.
fn at_a_glance(sheet: &mut Sheet, one: &Measured) {
    let value = |name: &str| one.measures.get(name).copied().flatten().filter(|value| value.is_finite());
    let mut cards: Vec<(&str, String, String)> =
        vec![("units", grouped(one.units), format!("{} rows", grouped(one.rows as usize)))];
    if let Some(rank) = value("effective_rank") {
        cards.push(("effective rank", significant(rank), format!("of {} directions", grouped(one.units))));
    }
    if let Some(correlation) = value("correlation") {
        cards.push(("mean |correlation|", significant(correlation), "of two units".into()));
    }
    if let Some(sparsity) = value("sparsity") {
        cards.push(("zeros", format!("{} %", significant(100.0 * sparsity)), "of the activations".into()));
    }
    if let Some(dead) = value("dead_units") {
        let count = (dead * one.units as f64).round() as usize;
        cards.push(("dead units", grouped(count), format!("of {}", grouped(one.units))));
    }
    sheet.raw("<section>\n<div class=\"cards\">\n");
    for (title, value, remark) in cards {
        sheet.raw(&format!("<div class=\"card\"><span>{title}</span><b>{value}</b><small>{remark}</small></div>\n"));
    }
    sheet.raw("</div>\n</section>\n");
}

fn representations(sheet: &mut Sheet, measured: &[Measured], titles: &[String]) {
    let pictured: Vec<Pictured> = measured
        .iter()
        .zip(titles)
        .filter_map(|(one, title)| {
            Some(Pictured {
                name: title,
                mark: "",
                site: None,
                line: "",
                pictures: one.pictures.as_ref()?,
                measures: Some(&one.measures),
                history: &[],
            })
        })
        .collect();
    if !pictured.is_empty() {
        sheet.raw(&format!(
            "<section class=\"representations\">\n<h2>{}</h2>\n",
            if pictured.len() > 1 { "Representations" } else { "Representation" }
        ));
        panels::write(sheet, &pictured);
        sheet.raw("</section>\n");
    }
}

/// Up to this many representations are columns of a table with a row for each measure.
const COLUMNS: usize = 3;

fn characteristics(sheet: &mut Sheet, measured: &[Measured], titles: &[String]) {
    let names: BTreeSet<&str> = measured.iter().flat_map(|one| one.measures.keys().map(String::as_str)).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let rows: Vec<HeatRow> = measured
        .iter()
        .zip(titles)
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
    if measured.len() > COLUMNS {
        sheet.raw("<p class=\"lead\">A darker cell ranks higher in its column; tap a heading for its meaning.</p>\n");
        heat_table(sheet, "Measured", &rows, &names);
        sheet.text("p", "sizes", &sizes(measured));
    } else {
        let text = |of: fn(&Measured) -> String| measured.iter().map(of).collect::<Vec<String>>();
        let sizes = [
            ("Rows", text(|one| grouped(one.rows as usize))),
            ("Units", text(|one| grouped(one.units))),
            ("Classes", text(|one| one.classes.map_or("no labels".into(), grouped))),
        ];
        measure_table(sheet, &rows, &sizes, &names);
    }
    let notes: Vec<(&str, &[String])> =
        measured.iter().zip(titles).map(|(one, title)| (title.as_str(), &one.notes[..])).collect();
    remarks(sheet, &notes);
    sheet.raw("</section>\n");
}

/// Rows, units and classes as ranges: `1,000 rows; 10 to 100 units; 10 classes`.
fn sizes(measured: &[Measured]) -> String {
    let range = |of: &dyn Fn(&Measured) -> Option<usize>, name: &str, none: &str| {
        let values: Vec<usize> = measured.iter().filter_map(of).collect();
        match (values.iter().min(), values.iter().max()) {
            (Some(low), Some(high)) if low == high => format!("{} {name}", grouped(*low)),
            (Some(low), Some(high)) => format!("{} to {} {name}", grouped(*low), grouped(*high)),
            _ => none.into(),
        }
    };
    [
        range(&|one| Some(one.rows as usize), "rows", ""),
        range(&|one| Some(one.units), "units", ""),
        range(&|one| one.classes, "classes", "no labels"),
    ]
    .join("; ")
}

/// What has to be known to read the values of each (title, notes), each sentence once with the representations that it
/// is about.
pub(super) fn remarks(sheet: &mut Sheet, measured: &[(&str, &[String])]) {
    let mut remarks: Vec<(&str, Vec<&str>)> = Vec::new();
    for (title, notes) in measured {
        for note in *notes {
            match remarks.iter_mut().find(|(known, _)| known == note) {
                Some((_, about)) => about.push(title),
                None => remarks.push((note, vec![title])),
            }
        }
    }
    if remarks.is_empty() {
        return;
    }
    let long = remarks.len() > 6;
    if long {
        sheet.raw(&format!("<details class=\"glossary\"><summary>{} remarks</summary>\n", remarks.len()));
    }
    sheet.raw("<ul class=\"remarks\">\n");
    for (note, about) in remarks {
        let about = if about.len() == measured.len() && measured.len() > 1 { "all".into() } else { about.join(", ") };
        sheet.raw(&format!("<li><b>{}</b>: {}</li>\n", escape::html(&about), escape::html(note)));
    }
    sheet.raw(if long { "</ul>\n</details>\n" } else { "</ul>\n" });
}

/// The site alone where all come from one source, else source and site.
fn title(one: &Measured, all: &[Measured]) -> String {
    match &one.site {
        Some(site) if all.iter().all(|other| other.source == one.source) => site.clone(),
        Some(site) => format!("{} · {site}", one.source),
        None => one.source.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(site: &str, units: usize, notes: &[&str]) -> Measured {
        Measured {
            source: "m.onnx".into(),
            site: Some(site.into()),
            rows: 1000,
            units,
            classes: None,
            measures: Default::default(),
            mi_rows: None,
            notes: notes.iter().map(|note| note.to_string()).collect(),
            pictures: None,
        }
    }

    #[test]
    fn a_remark_is_made_once_and_says_about_whom() {
        let measured = [one("a", 10, &["x", "y"]), one("b", 4096, &["x"]), one("c", 10, &["x"])];
        assert_eq!(sizes(&measured), "1,000 rows; 10 to 4,096 units; no labels");
        let titles: Vec<String> = measured.iter().map(|one| title(one, &measured)).collect();
        let mut sheet = Sheet::default();
        let notes: Vec<(&str, &[String])> =
            measured.iter().zip(&titles).map(|(one, title)| (title.as_str(), &one.notes[..])).collect();
        remarks(&mut sheet, &notes);
        assert!(sheet.html.contains("<li><b>all</b>: x</li>\n<li><b>a</b>: y</li>"), "{}", sheet.html);
    }
}

//! The page of a study: what was found, errors, results, characteristics, tuning, pictures, how.

use std::collections::BTreeSet;

use crate::{
    charts::{test_errors, tuning},
    escape,
    headline::headline,
    page::{RegularizerRow, StudyPage},
    sections::{
        head, how,
        measures::{HeatRow, heat_table},
        notes,
        panels::{self, Pictured},
        results,
    },
    sheet::Sheet,
};

pub(crate) fn write(sheet: &mut Sheet, study: &StudyPage) {
    head(sheet, "Study", &study.title, &study.subtitle);
    if !study.table.is_empty() {
        sheet.text("p", "headline", &headline(&study.table, study.criterion));
    }
    notes(sheet, &study.notes);
    if study.table.iter().any(|row| row.test_error.is_some()) {
        errors(sheet, study);
    }
    if !study.table.is_empty() {
        sheet.raw("<section>\n<h2>Results</h2>\n");
        results::write(sheet, study);
        sheet.raw("</section>\n");
        characteristics(sheet, study);
    }
    weights(sheet, study);
    if !study.panels.is_empty() {
        sheet.raw("<section class=\"representations\">\n<h2>Representations</h2>\n");
        let pictured: Vec<Pictured> = study
            .panels
            .iter()
            .map(|panel| Pictured {
                name: &panel.regularizer,
                mark: study
                    .table
                    .iter()
                    .find(|row| row.regularizer == panel.regularizer)
                    .map_or("", |row| results::mark(row).1),
                site: Some(&panel.site),
                line: "",
                pictures: &panel.pictures,
                // the table's are means over trials, the pictures are of one
                measures: None,
                history: &panel.history,
            })
            .collect();
        panels::write(sheet, &pictured);
        sheet.raw("</section>\n");
    }
    how::write(sheet, &study.how);
}

fn errors(sheet: &mut Sheet, study: &StudyPage) {
    let noun = study.criterion.noun();
    sheet.raw(&format!(
        "<section>\n<h2>Test {noun}</h2>\n<figure class=\"errors\" style=\"--rows:{}\">\n",
        study.table.len()
    ));
    sheet.chart(
        "test-errors",
        &format!("Test {noun} of each regularizer"),
        serde_json::json!({ "option": test_errors::option(&study.table, study.criterion) }),
    );
    sheet.raw(
        "<figcaption>Large dot and bar: mean ± standard deviation over trials. Small dots: single trials. \
         Filled: the best; ringed: its bar overlaps the best's. Dashed: the baseline's mean.</figcaption>\n</figure>\n</section>\n",
    );
}

fn characteristics(sheet: &mut Sheet, study: &StudyPage) {
    let names: BTreeSet<&str> = study.table.iter().flat_map(|row| row.measures.keys().map(String::as_str)).collect();
    if names.is_empty() {
        return;
    }
    sheet.raw("<section>\n<h2>Characteristics</h2>\n<p class=\"lead\">Means over trials, measured on test rows. A darker cell ranks higher in its column; tap a heading for its meaning.</p>\n");
    let rows: Vec<HeatRow> = study
        .table
        .iter()
        .map(|row| HeatRow {
            name: &row.regularizer,
            mark: results::mark(row).1,
            values: row
                .measures
                .iter()
                .filter_map(|(name, value)| {
                    value
                        .filter(|value| value.mean.is_finite())
                        .map(|value| (name.as_str(), (value.mean, Some(value.std))))
                })
                .collect(),
        })
        .collect();
    heat_table(sheet, "Regularizer", &rows, &names.into_iter().collect::<Vec<_>>());
    sheet.raw("</section>\n");
}

fn weights(sheet: &mut Sheet, study: &StudyPage) {
    let Some(range) = tuning::shared_range(&study.table) else {
        return;
    };
    let drawn: Vec<(&RegularizerRow, serde_json::Value)> =
        study.table.iter().filter_map(|row| Some((row, tuning::option(row, range, study.criterion)?))).collect();
    if drawn.is_empty() {
        return;
    }
    let noun = study.criterion.noun();
    let label = study.criterion.label().replace(", %", ", in percent,");
    sheet.raw(&format!(
        "<section>\n<h2>Choice of weight</h2>\n<p class=\"lead\">Validation {label} against the weight. The large dot is the weight chosen; \
         a triangle is a value above the scale, a cross a run that diverged. All share one scale.</p>\n<div class=\"tunings\">\n",
    ));
    for (row, option) in drawn {
        sheet.raw(&format!("<figure><div class=\"figure-title\">{}</div>\n", escape::html(&row.regularizer)));
        sheet.chart(
            "tuning",
            &format!("Validation {noun} against the weight of {}", row.regularizer),
            serde_json::json!({ "option": option }),
        );
        sheet.raw("</figure>\n");
    }
    sheet.raw("</div>\n</section>\n");
}

//! The page of one training run: scores, learning curves, the measured sites, how.

use crate::{
    charts::learning,
    escape,
    number::{UNDEFINED, percent, significant},
    page::RunPage,
    sections::{head, how, measurement, notes},
    sheet::Sheet,
};

pub(crate) fn write(sheet: &mut Sheet, run: &RunPage) {
    head(sheet, "Run", &run.title, &run.subtitle);
    notes(sheet, &run.notes);
    scores(sheet, run);
    if let Some(option) = learning::option(&run.history) {
        sheet.raw("<section>\n<h2>Learning curves</h2>\n<figure class=\"wide\">\n");
        sheet.chart("learning", "Learning curves", serde_json::json!({ "option": option }));
        sheet.raw("<figcaption>Errors in percent above; below, on a logarithmic axis, the terms that training minimised.</figcaption>\n</figure>\n</section>\n");
    }
    measurement::measured(sheet, &run.sites);
    how::write(sheet, &run.how);
}

fn scores(sheet: &mut Sheet, run: &RunPage) {
    if run.scores.is_empty() && run.terms.is_empty() {
        return;
    }
    sheet.raw("<section>\n<h2>Scores</h2>\n<div class=\"cards\">\n");
    for score in &run.scores {
        let loss = score.loss.map_or(UNDEFINED.into(), significant);
        sheet.raw(&match score.error {
            Some(error) => format!(
                "<div class=\"card\"><span>{} error</span><b>{} %</b><small>loss {loss}</small></div>\n",
                escape::html(&score.split),
                percent(error)
            ),
            None => {
                format!("<div class=\"card\"><span>{} loss</span><b>{loss}</b></div>\n", escape::html(&score.split))
            }
        });
    }
    for (term, value) in &run.terms {
        sheet.raw(&format!(
            "<div class=\"card part\"><span>{}</span><b>{}</b></div>\n",
            escape::html(term),
            value.map_or(UNDEFINED.into(), significant)
        ));
    }
    sheet.raw("</div>\n</section>\n");
}

//! The page of a comparison: how alike two representations are, what changed, every layer with every layer.

use crate::{
    charts::{changes, layer_map},
    definitions, escape,
    number::{self, significant},
    page::{Change, ComparisonPage, LayerMap},
    sections::{
        head, how,
        measures::{close, named_row, open, value_cell},
        notes,
    },
    sheet::Sheet,
    similarities,
};

pub(crate) fn write(sheet: &mut Sheet, page: &ComparisonPage) {
    head(sheet, "Comparison", &page.title, &page.subtitle);
    if !page.a.is_empty() && !page.b.is_empty() {
        sheet.raw(&format!(
            "<p class=\"headline versus\"><b>{}</b> <span>with</span> <b>{}</b></p>\n",
            escape::html(&page.a),
            escape::html(&page.b)
        ));
    }
    notes(sheet, &page.notes);
    alike(sheet, &page.similarities);
    changed(sheet, page);
    if let Some(layers) = &page.layers {
        every_layer(sheet, page, layers);
    }
    how::write(sheet, &page.how);
}

/// Similarities as a table, each with its meaning and, between 0 and 1, a bar.
fn alike(sheet: &mut Sheet, similarities: &[(String, Option<f64>)]) {
    if similarities.is_empty() {
        return;
    }
    sheet.raw("<section>\n<h2>How alike they are</h2>\n");
    open(sheet, "measures similarities");
    sheet.raw("<thead data-skip><tr><th scope=\"col\">Similarity</th><th scope=\"col\" class=\"number\">Value</th><th scope=\"col\" class=\"bar-head\"><span>0</span><span>1</span></th></tr></thead>\n<tbody>\n");
    for (name, value) in similarities {
        let known = similarities::find(name);
        named_row(sheet, name, known.map_or(name, |known| known.title), known.map_or("", |known| known.line));
        let value = value.filter(|value| value.is_finite());
        sheet.raw(&value_cell(
            value,
            &value.map_or(number::UNDEFINED.into(), |value| format!("{value:.3}").replace('-', "−")),
        ));
        let distance = known.is_some_and(|known| known.distance);
        sheet.raw(&match value.filter(|value| (-0.5..=1.0 + 1e-9).contains(value) && !distance) {
            Some(value) => format!(
                "<td class=\"bar\" data-skip><i style=\"--share:{:.3}\"></i></td></tr>\n",
                value.clamp(0.0, 1.0)
            ),
            None => "<td data-skip></td></tr>\n".into(),
        });
    }
    close(sheet);
    sheet.raw("</section>\n");
}

/// The forest plot, and the numbers in a table.
fn changed(sheet: &mut Sheet, page: &ComparisonPage) {
    if page.changes.is_empty() {
        return;
    }
    let intervals = page.changes.iter().any(|change| change.low.is_some() && change.high.is_some());
    sheet.raw("<section>\n<h2>What changed</h2>\n");
    if let Some(option) = changes::option(&page.changes) {
        let drawn = changes::drawn(&page.changes).len();
        sheet.raw(&format!("<figure class=\"errors forest\" style=\"--rows:{drawn}\">\n"));
        sheet.chart(
            "changes",
            &format!("Change of each characteristic from {} to {}", page.a, page.b),
            serde_json::json!({ "option": option }),
        );
        let mut caption = format!(
            "Difference from {} to {}, in percent of the size of the first.",
            escape::html(&page.a),
            escape::html(&page.b)
        );
        if intervals {
            caption.push_str(" Bars: the interval of the difference. Filled: it leaves 0 out; ringed: it holds 0, so the sign is not certain.");
        }
        caption.push_str(" A triangle at the edge stands for a change beyond the scale.");
        sheet.raw(&format!("<figcaption>{caption}</figcaption>\n</figure>\n"));
    }
    table(sheet, page, intervals);
    sheet.raw("</section>\n");
}

fn table(sheet: &mut Sheet, page: &ComparisonPage, intervals: bool) {
    open(sheet, "results changes");
    sheet.raw(&format!(
        "<thead><tr><th scope=\"col\">Measure</th><th scope=\"col\" class=\"number\">{}</th><th scope=\"col\" class=\"number\">{}</th><th scope=\"col\" class=\"number\">Difference</th>",
        escape::html(&page.a),
        escape::html(&page.b)
    ));
    if intervals {
        sheet.raw("<th scope=\"col\" class=\"number\">from</th><th scope=\"col\" class=\"number\">to</th>");
    }
    sheet.raw("</tr></thead>\n<tbody>\n");
    for change in &page.changes {
        row(sheet, change, intervals);
    }
    close(sheet);
}

fn row(sheet: &mut Sheet, change: &Change, intervals: bool) {
    let column = &definitions::columns([change.measure.as_str()])[0];
    let certain = if changes::excludes_zero(change) { " class=\"certain\"" } else { "" };
    sheet.raw(&format!(
        "<tr{certain}><th scope=\"row\" data-value=\"{}\">{}</th>",
        escape::html(&change.measure),
        super::results::term(column.title, column.line)
    ));
    let values = number::column(&[change.a, change.b]);
    sheet.raw(&value_cell(change.a, &values[0]));
    sheet.raw(&value_cell(change.b, &values[1]));
    let text = |value: Option<f64>| value.map_or(number::UNDEFINED.into(), significant);
    sheet.raw(&value_cell(change.difference, &text(change.difference)));
    if intervals {
        sheet.raw(&value_cell(change.low, &text(change.low)));
        sheet.raw(&value_cell(change.high, &text(change.high)));
    }
    sheet.raw("</tr>\n");
}

/// The layer map with its scale.
fn every_layer(sheet: &mut Sheet, page: &ComparisonPage, layers: &LayerMap) {
    let Some(matrix) = layer_map::matrix(layers) else { return };
    sheet.raw(&format!(
        "<section>\n<h2>Every layer with every layer</h2>\n<p class=\"lead\">Linear CKA of each layer of {} (down) with each layer of {} (across), on the same rows. \
         A strong diagonal: the networks do the same things in the same places.</p>\n\
         <div class=\"keys\"><div class=\"scale similarity\" aria-hidden=\"true\"><span>0</span><i></i><span>1</span><b></b><span>undefined</span></div></div>\n<figure class=\"layer-map\">\n",
        escape::html(&page.a),
        escape::html(&page.b)
    ));
    sheet.chart("layer-map", "Linear CKA of every layer with every layer", matrix);
    sheet.raw("</figure>\n</section>\n");
}

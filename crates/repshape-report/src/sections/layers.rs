//! The measures worth following from layer to layer, one small chart each, where a source has several sites.

use crate::{
    charts::layers::{Band, COLOURS, Series, band, lines, short_names},
    definitions,
    layers::{FOLLOWED, Layers, SERIES, by_source},
    page::Measured,
    sections::results::term,
    sheet::Sheet,
};

/// Writes the section; nothing unless a source has two sites.
pub(crate) fn write(sheet: &mut Sheet, measured: &[Measured]) {
    let drawn = by_source(measured);
    if drawn.is_empty() {
        return;
    }
    sheet.raw("<section>\n<h2>Layer by layer</h2>\n");
    for (source, layers) in &drawn {
        if drawn.len() > 1 {
            sheet.text("h3", "source", source);
        }
        charts(sheet, layers);
    }
    sheet.raw("</section>\n");
}

fn charts(sheet: &mut Sheet, layers: &Layers) {
    let names: Vec<String> = layers.names.iter().map(|name| name.to_string()).collect();
    let short = short_names(&names);
    let both = layers.has(0) && layers.has(1);
    sheet.raw("<p class=\"lead\">Each measure at the sites in the order of the network");
    if both {
        let key =
            |side: usize| format!("<i class=\"stroke\" style=\"--dot:var(--{})\"></i> {}", COLOURS[side], SERIES[side]);
        sheet.raw(&format!(": {} and {}", key(0), key(1)));
    }
    sheet.raw(". Tap a title for its meaning.</p>\n<div class=\"multiples\">\n");
    // a source with one kind of site has nothing to tell apart
    let name = |side: usize| if both { SERIES[side] } else { "" };
    for (measure, share) in FOLLOWED {
        let series: Vec<Series> =
            [0, 1].map(|side| Series { name: name(side), values: layers.values(side, measure) }).into();
        if let Some(option) = lines(&names, &short, &series, *share) {
            let column = &definitions::columns([*measure])[0];
            figure(sheet, &term(column.title, column.line), column.title, option);
        }
    }
    let bands: Vec<Band> = [0, 1]
        .map(|side| Band {
            name: name(side),
            low: layers.values(side, "mi_x_lower"),
            high: layers.values(side, "mi_x_upper"),
        })
        .into();
    if let Some(option) = band(&names, &short, &bands, &layers.ceiling()) {
        let line = "Between the lower and the upper bound on the information about the input, in nats. Dotted: ln N, the most that N rows can show; a band at it says little.";
        figure(sheet, &term("Mutual information with the input", line), "Mutual information with the input", option);
    }
    sheet.raw("</div>\n");
}

fn figure(sheet: &mut Sheet, title: &str, label: &str, option: serde_json::Value) {
    sheet.raw(&format!("<figure><div class=\"figure-title\">{title}</div>\n"));
    sheet.chart("layers", &format!("{label}, layer by layer"), serde_json::json!({ "option": option }));
    sheet.raw("</figure>\n");
}

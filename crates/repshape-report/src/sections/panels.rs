//! The pictures of one or many representations, to be compared kind by kind or looked at one by one.

use repshape_stats::pictures::Pictures;

use crate::{
    charts::{correlation, histogram, learning, points},
    colours, escape,
    number::significant,
    page::Curve,
    sheet::Sheet,
};

/// One representation among those compared.
pub(crate) struct Pictured<'a> {
    pub name: &'a str,
    pub mark: &'static str,
    pub site: Option<&'a str>,
    pub pictures: &'a Pictures,
    pub history: &'a [Curve],
}

/// A kind of picture: its name in the page, its title, and how to read it.
struct Kind {
    name: &'static str,
    title: &'static str,
    reading: &'static str,
}

const KINDS: [Kind; 5] = [
    Kind {
        name: "correlation",
        title: "Correlation",
        reading: "Each cell is a pair of units: red when they rise together, blue when one rises as the other falls, blank when unrelated. A quiet square means that units share little.",
    },
    Kind {
        name: "histogram",
        title: "One unit by class",
        reading: "Activations of the unit with the largest variance, stacked by class. Colours in separate places: the unit tells those classes apart. An arrow marks a bar cut at the top, with its count.",
    },
    Kind {
        name: "scatter",
        title: "Two units",
        reading: "The two units with the largest variances, one dot a row, coloured by class. Dots along a line: the two units are redundant. Dots on the axes: the units are sparse.",
    },
    Kind {
        name: "components",
        title: "Principal components",
        reading: "Rows on the two directions of largest variance; the axes tell its share. Tight, separate clouds: the classes are well shaped in this layer.",
    },
    Kind {
        name: "learning",
        title: "Learning curves",
        reading: "Errors in percent above; below, on a logarithmic axis, the terms that training minimised.",
    },
];

/// Writes the class legend, the choice of picture and one panel for each representation.
pub(crate) fn write(sheet: &mut Sheet, pictured: &[Pictured]) {
    if pictured.is_empty() {
        return;
    }
    let kinds: Vec<&Kind> = KINDS
        .iter()
        .filter(|kind| kind.name != "learning" || pictured.iter().any(|one| !one.history.is_empty()))
        .collect();
    // a single representation has nothing to be compared with: all its pictures at once
    let view = if pictured.len() > 1 { "correlation" } else { "all" };
    sheet.raw(&format!("<div class=\"pictures\" data-view=\"{view}\">\n"));
    if pictured.len() > 1 {
        sheet.raw("<div class=\"picker\" role=\"group\" aria-label=\"Picture\" hidden>\n");
        for kind in &kinds {
            sheet.raw(&format!(
                "<button type=\"button\" data-show=\"{}\" aria-pressed=\"{}\">{}</button>\n",
                kind.name,
                kind.name == view,
                kind.title
            ));
        }
        sheet.raw("<button type=\"button\" data-show=\"all\" aria-pressed=\"false\">All</button>\n</div>\n");
    }
    sheet.raw("<div class=\"readings\">\n");
    for kind in &kinds {
        sheet
            .raw(&format!("<p data-reading=\"{}\"><strong>{}.</strong> {}</p>\n", kind.name, kind.title, kind.reading));
    }
    sheet.raw("</div>\n<div class=\"keys\"><div class=\"scale\" data-key=\"correlation\" aria-hidden=\"true\"><span>−1</span><i></i><span>1</span><b></b><span>constant unit</span></div>\n");
    class_key(sheet, pictured);
    sheet.raw("</div>\n<div class=\"panels\">\n");
    for one in pictured {
        panel(sheet, one);
    }
    sheet.raw("</div>\n</div>\n");
}

/// The colours of the classes; nothing without labels.
fn class_key(sheet: &mut Sheet, pictured: &[Pictured]) {
    let classes = pictured.iter().map(|one| one.pictures.histogram.counts.len()).max().unwrap_or(0);
    if classes < 2 {
        return;
    }
    sheet.raw("<div class=\"classes\" data-key=\"classes\"><span>class</span>");
    for k in 0..classes.min(colours::CLASSES.len() * colours::SYMBOLS.len()) {
        sheet.raw(&format!(
            "<span><i class=\"dot {}\" style=\"--dot:{}\"></i>{k}</span>",
            colours::symbol(k),
            colours::class(k)
        ));
    }
    sheet.raw("</div>\n");
}

fn panel(sheet: &mut Sheet, one: &Pictured) {
    let pictures = one.pictures;
    sheet.raw(&format!("<section class=\"panel\">\n<h3>{}{}", escape::html(one.name), one.mark));
    if let Some(site) = one.site {
        sheet.raw(&format!(" <span class=\"site\">{}</span>", escape::html(site)));
    }
    sheet.raw("</h3>\n<div class=\"strip\">\n");
    let mean = correlation::mean_absolute(pictures.units, &pictures.correlation);
    let charts = [
        (
            correlation::matrix(pictures.units, &pictures.correlation),
            match mean {
                Some(mean) => format!("{} units, mean |r| {}", pictures.units, significant(mean)),
                None => format!("{} units", pictures.units),
            },
        ),
        (histogram::option(&pictures.histogram).map(option), String::new()),
        (points::scatter(&pictures.scatter).map(option), String::new()),
        (points::components(&pictures.components).map(option), String::new()),
        (learning::option(one.history).map(option), String::new()),
    ];
    for (kind, (spec, caption)) in KINDS.iter().zip(charts) {
        if kind.name == "learning" && one.history.is_empty() {
            continue;
        }
        sheet
            .raw(&format!("<figure data-picture=\"{}\"><div class=\"figure-title\">{}</div>\n", kind.name, kind.title));
        match spec {
            Some(spec) => sheet.chart(kind.name, &format!("{}: {}", one.name, kind.title), spec),
            None => sheet.raw("<p class=\"nothing\">nothing to draw</p>\n"),
        }
        sheet.text("figcaption", "", &caption);
        sheet.raw("</figure>\n");
    }
    sheet.raw("</div>\n</section>\n");
}

/// A specification that ECharts draws.
fn option(option: serde_json::Value) -> serde_json::Value {
    serde_json::json!({ "option": option })
}

//! The pictures of one or many representations, to be compared kind by kind or looked at one by one.

mod caption;

use std::collections::BTreeMap;

use repshape_stats::pictures::Pictures;
use serde_json::{Value, json};

use crate::{
    charts::{by_unit, correlation, histogram, learning, points, spectrum},
    colours, escape,
    page::Curve,
    sheet::Sheet,
};

/// One representation among those compared.
pub(crate) struct Pictured<'a> {
    pub name: &'a str,
    pub mark: &'static str,
    pub site: Option<&'a str>,
    /// What has to be known of it, in a line; may be empty.
    pub line: &'a str,
    pub pictures: &'a Pictures,
    /// Its characteristics by name, where they are its own and not a mean over trials.
    pub measures: Option<&'a BTreeMap<String, Option<f64>>>,
    pub history: &'a [Curve],
}

/// A kind of picture: its name in the page, its title, and how to read it.
struct Kind {
    name: &'static str,
    title: &'static str,
    reading: &'static str,
    /// What is drawn, and what is said below it in HTML; without a drawing, why there is none.
    draw: fn(&Pictured) -> (Option<Value>, String),
}

const KINDS: &[Kind] = &[
    Kind {
        name: "correlation",
        title: "Correlation",
        reading: "Each cell is a pair of units: red when they rise together, blue when one rises as the other falls, blank when unrelated. Ordered by cluster, units that carry the same signal form squares along the diagonal. A quiet map means that units share little.",
        draw: |one| (correlation::matrix(one.pictures), caption::correlation(one.pictures)),
    },
    Kind {
        name: "spectrum",
        title: "Spectrum",
        reading: "Variance along each principal direction, largest first, both axes logarithmic where there are many. A steep fall: few directions carry the representation. Each rank measure is a different answer to how many.",
        draw: |one| {
            let marks = spectrum::marks(one.pictures, one.measures);
            (spectrum::option(one.pictures, &marks).map(option), caption::spectrum(one.pictures, &marks))
        },
    },
    Kind {
        name: "variances",
        title: "Unit variances",
        reading: "Variance of each unit, largest first, and the share of the total that the first so many hold. A line that rises at once: a few units do the work.",
        draw: |one| {
            let ud90 = by_unit::ud90(one.pictures, one.measures);
            (by_unit::variances(one.pictures, ud90).map(option), caption::variances(one.pictures, ud90))
        },
    },
    Kind {
        name: "sparsity",
        title: "Zeros by unit",
        reading: "Share of rows for which each unit is zero, the most silent first. A flat top at 100 % in the second colour: dead units, which no row wakes.",
        draw: |one| (by_unit::sparsity(one.pictures).map(option), caption::sparsity(one.pictures)),
    },
    Kind {
        name: "histogram",
        title: "One unit by class",
        reading: "Activations of the unit with the largest variance, stacked by class. Colours in separate places: the unit tells those classes apart. An arrow marks a bar cut at the top, with its count.",
        draw: |one| (histogram::option(&one.pictures.histogram).map(option), String::new()),
    },
    Kind {
        name: "scatter",
        title: "Two units",
        reading: "The two units with the largest variances, one dot a row, coloured by class. Dots along a line: the two units are redundant. Dots on the axes: the units are sparse.",
        draw: |one| (points::scatter(&one.pictures.scatter).map(option), String::new()),
    },
    Kind {
        name: "components",
        title: "Principal components",
        reading: "Rows on the two directions of largest variance; the axes tell its share. Tight, separate clouds: the classes are well shaped in this layer.",
        draw: |one| (points::components(&one.pictures.components).map(option), String::new()),
    },
    Kind {
        name: LEARNING,
        title: "Learning curves",
        reading: "Errors in percent above; below, on a logarithmic axis, the terms that training minimised.",
        draw: |one| (learning::option(one.history).map(option), String::new()),
    },
];

const LEARNING: &str = "learning";

/// Pictures whose colours are the classes.
const CLASS_COLOURED: &str = "histogram scatter components";

/// The kinds that are seen together at a glance.
const AT_A_GLANCE: &[&str] = &["correlation", "histogram", "scatter"];

/// The name of the view that shows them.
const GLANCE: &str = "glance";

/// Writes the choice of picture, the keys and one panel for each representation.
///
/// Whatever belongs to some kinds of picture only says so in `data-for`; `report.js` switches it `off` in the others.
pub(crate) fn write(sheet: &mut Sheet, pictured: &[Pictured]) {
    gallery(sheet, pictured, None);
}

/// As [`write`], opening with a few kinds of picture of each representation together, one representation beside the other.
pub(crate) fn side_by_side(sheet: &mut Sheet, pictured: &[Pictured], reading: &str) {
    gallery(sheet, pictured, Some(reading).filter(|_| pictured.len() > 1));
}

/// `glance` is how to read the kinds that are seen together, where they are.
fn gallery(sheet: &mut Sheet, pictured: &[Pictured], glance: Option<&str>) {
    if pictured.is_empty() {
        return;
    }
    let kinds: Vec<&Kind> = KINDS
        .iter()
        .filter(|kind| kind.name != LEARNING || pictured.iter().any(|one| !one.history.is_empty()))
        .collect();
    // a single representation has nothing to be compared with: all its pictures at once
    let single = pictured.len() == 1;
    let view = View {
        shown: match glance {
            _ if single => "all",
            Some(_) => GLANCE,
            None => KINDS[0].name,
        },
        glance: glance.is_some(),
    };
    let class = match pictured.len() {
        1 => " single",
        2 | 3 => " few",
        _ => "",
    };
    sheet.raw(&format!("<div class=\"pictures{class}\" data-view=\"{}\">\n", view.shown));
    if !single {
        sheet.raw("<div class=\"picker\" role=\"group\" aria-label=\"Picture\" hidden>\n");
        let views = glance.map(|_| (GLANCE, "At a glance")).into_iter();
        for (name, title) in views.chain(kinds.iter().map(|kind| (kind.name, kind.title))) {
            sheet.raw(&format!(
                "<button type=\"button\" data-show=\"{name}\" aria-pressed=\"{}\">{title}</button>\n",
                name == view.shown,
            ));
        }
        sheet.raw("<button type=\"button\" data-show=\"all\" aria-pressed=\"false\">All</button>\n</div>\n");
        sheet.raw("<div class=\"readings\">\n");
        if let Some(reading) = glance {
            sheet.raw(&format!("<p {}>{}</p>\n", shown_for(GLANCE, view.shown, ""), escape::html(reading)));
        }
        for kind in &kinds {
            sheet.raw(&format!(
                "<p {}><strong>{}.</strong> {}</p>\n",
                shown_for(kind.name, view.shown, ""),
                kind.title,
                kind.reading
            ));
        }
        sheet.raw("</div>\n");
    }
    keys(sheet, pictured, view);
    sheet.raw("<div class=\"panels\">\n");
    for one in pictured {
        panel(sheet, one, &kinds, view, single);
    }
    sheet.raw("</div>\n</div>\n");
}

/// What is shown at first.
#[derive(Clone, Copy)]
struct View {
    /// A kind of picture, several of them ([`GLANCE`]) or `all`.
    shown: &'static str,
    /// Whether several kinds can be seen together.
    glance: bool,
}

impl View {
    /// The attributes of what is shown with some kinds of picture, and with those seen together if they are among them.
    fn shown_for(self, kinds: &str, class: &str) -> String {
        if self.glance && kinds.split(' ').any(|kind| AT_A_GLANCE.contains(&kind)) {
            shown_for(&format!("{kinds} {GLANCE}"), self.shown, class)
        } else {
            shown_for(kinds, self.shown, class)
        }
    }
}

/// The attributes of what is shown in some views only.
fn shown_for(kinds: &str, view: &str, class: &str) -> String {
    let off = if view == "all" || kinds.split(' ').any(|kind| kind == view) { "" } else { "off" };
    let class = format!("{class} {off}");
    match class.trim() {
        "" => format!("data-for=\"{kinds}\""),
        class => format!("data-for=\"{kinds}\" class=\"{class}\""),
    }
}

/// The scale of the correlations, the order of their units, the colours of the classes.
fn keys(sheet: &mut Sheet, pictured: &[Pictured], view: View) {
    sheet.raw("<div class=\"keys\">\n");
    if pictured.iter().any(|one| correlation::shown(one.pictures).is_some()) {
        sheet.raw(&format!(
            "<div {}><span>−1</span><i></i><span>1</span><b></b><span>constant unit</span></div>\n",
            view.shown_for("correlation", "scale")
        ));
        // units that stand in clusters as they are numbered leave nothing to choose
        if pictured.iter().any(|one| !one.pictures.order.is_sorted()) {
            sheet.raw(&format!(
                "<div {} role=\"group\" aria-label=\"Order of the units\" hidden><span>units by</span>\
                 <button type=\"button\" data-order=\"cluster\" aria-pressed=\"true\">cluster</button>\
                 <button type=\"button\" data-order=\"number\" aria-pressed=\"false\">number</button></div>\n",
                view.shown_for("correlation", "order")
            ));
        }
    }
    let classes = pictured.iter().map(|one| one.pictures.histogram.counts.len()).max().unwrap_or(0);
    if classes > 1 {
        sheet.raw(&format!("<div {}><span>class</span>", view.shown_for(CLASS_COLOURED, "classes")));
        for k in 0..classes.min(colours::CLASSES.len() * colours::SYMBOLS.len()) {
            sheet.raw(&format!(
                "<span><i class=\"dot {}\" style=\"--dot:{}\"></i>{k}</span>",
                colours::symbol(k),
                colours::class(k)
            ));
        }
        sheet.raw("</div>\n");
    }
    sheet.raw("</div>\n");
}

fn panel(sheet: &mut Sheet, one: &Pictured, kinds: &[&Kind], view: View, single: bool) {
    sheet.raw("<section class=\"panel\">\n");
    sheet.raw(&format!("<h3>{}{}", escape::html(one.name), one.mark));
    if let Some(site) = one.site {
        sheet.raw(&format!(" <span class=\"site\">{}</span>", escape::html(site)));
    }
    sheet.raw("</h3>\n");
    sheet.text("p", "line", one.line);
    sheet.raw("<div class=\"strip\">\n");
    for kind in kinds.iter().filter(|kind| kind.name != LEARNING || !one.history.is_empty()) {
        let (spec, caption) = (kind.draw)(one);
        sheet.raw(&format!(
            "<figure {}><div class=\"figure-title\">{}</div>\n",
            view.shown_for(kind.name, kind.name),
            kind.title
        ));
        let drawn = spec.is_some();
        match spec {
            Some(spec) => sheet.chart(kind.name, &format!("{}: {}", one.name, kind.title), spec),
            None => sheet.raw(&format!(
                "<p class=\"nothing\">{}</p>\n",
                if caption.is_empty() { "nothing to draw" } else { &caption }
            )),
        }
        let reading = if single && drawn { kind.reading } else { "" };
        let caption = if drawn { caption } else { String::new() };
        let paragraphs: String = [caption.as_str(), reading]
            .iter()
            .filter(|text| !text.is_empty())
            .map(|text| format!("<p>{text}</p>"))
            .collect();
        if !paragraphs.is_empty() {
            sheet.raw(&format!("<figcaption>{paragraphs}</figcaption>\n"));
        }
        sheet.raw("</figure>\n");
    }
    sheet.raw("</div>\n</section>\n");
}

/// A specification that ECharts draws.
fn option(option: Value) -> Value {
    json!({ "option": option })
}

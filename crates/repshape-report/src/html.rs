//! The document around the pages: one file that needs nothing else.

use serde_json::Value;

use crate::{colours, escape, page::Page, sections, sheet::Sheet};

const STYLE: &str = include_str!("../assets/report.css");
const SCRIPT: &str = include_str!("../assets/report.js");
const CHARTS: &str = include_str!("../assets/echarts.min.js");

/// One self-contained HTML document with the given pages in their order.
///
/// It loads nothing: style, script, charts and data are inside, and a content security policy forbids
/// the rest. All text is escaped. A value that is undefined is shown as a dash, or left out of its chart.
///
/// ```
/// use repshape_report::{MeasurementPage, Page, render};
///
/// let page = MeasurementPage {
///     title: "fc5".into(),
///     subtitle: "digits, 360 test rows".into(),
///     measured: vec![],
///     how: vec![("version".into(), "0.1.0".into())],
///     notes: vec![],
/// };
/// let html = render(&[Page::Measurement(page)]);
/// assert!(html.starts_with("<!doctype html>") && !html.contains("http-equiv=\"refresh\""));
/// ```
pub fn render(pages: &[Page]) -> String {
    let sheet = skeleton(pages);
    let title = pages.first().map_or("Report", title);
    let class_colours: String =
        colours::CLASSES.iter().enumerate().map(|(k, colour)| format!("--class-{k}:{colour};")).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n\
         <title>{title} · repshape</title>\n<style>\n:root{{{class_colours}}}\n{STYLE}</style>\n</head>\n<body>\n{body}\
         <script type=\"application/json\" id=\"chart-specs\">{specs}</script>\n\
         <script>{CHARTS}</script>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        title = escape::html(title),
        body = sheet.html,
        specs = escape::json(&Value::Array(sheet.charts)),
    )
}

/// The body without scripts, and the charts that belong into it.
pub(crate) fn skeleton(pages: &[Page]) -> Sheet {
    let mut sheet = Sheet::default();
    sheet.raw("<header class=\"masthead\"><span class=\"brand\">repshape</span>");
    if pages.len() > 1 {
        sheet.raw("<nav>");
        for (at, page) in pages.iter().enumerate() {
            sheet.raw(&format!("<a href=\"#page-{at}\">{}</a>", escape::html(title(page))));
        }
        sheet.raw("</nav>");
    }
    sheet.raw(
        "<button type=\"button\" id=\"theme\" hidden aria-label=\"Switch between light and dark\">\
         <span class=\"theme-icon\" aria-hidden=\"true\"></span></button></header>\n\
         <noscript><p class=\"noscript\">The tables below are complete; the charts need JavaScript, which this page runs without any network.</p></noscript>\n<main>\n",
    );
    for (at, page) in pages.iter().enumerate() {
        sheet.raw(&format!("<article id=\"page-{at}\">\n"));
        match page {
            Page::Study(study) => sections::study::write(&mut sheet, study),
            Page::Run(run) => sections::run::write(&mut sheet, run),
            Page::Measurement(page) => sections::measurement::write(&mut sheet, page),
            Page::Comparison(page) => sections::comparison::write(&mut sheet, page),
            Page::Rewiring(page) => sections::rewiring::write(&mut sheet, page),
        }
        sheet.raw("</article>\n");
    }
    sheet.raw("</main>\n<div id=\"tip\" role=\"tooltip\" hidden></div>\n");
    sheet
}

fn title(page: &Page) -> &str {
    match page {
        Page::Study(page) => &page.title,
        Page::Run(page) => &page.title,
        Page::Measurement(page) => &page.title,
        Page::Comparison(page) => &page.title,
        Page::Rewiring(page) => &page.title,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::criterion::Criterion;
    use crate::page::{
        Change, ComparisonPage, Curve, LayerMap, Measured, MeasurementPage, Panel, Proof, RegularizerRow, RewiredSite,
        RewiringPage, Spread, StudyPage, Variant,
    };
    use repshape_stats::pictures::{ClassHistogram, Components, Pictures, Scatter};

    /// Two rows, one panel of two units, two classes.
    fn tiny(name: &str) -> Page {
        let row = |regularizer: &str, mean: Option<f64>, best: bool| RegularizerRow {
            regularizer: regularizer.into(),
            weight: best.then_some(0.1),
            trials: 2,
            diverged: usize::from(mean.is_none()),
            test_error: mean.map(|mean| Spread { mean, std: 0.001 }),
            test_errors: vec![0.02, f64::NAN],
            measures: [
                ("sparsity".to_string(), mean.map(|mean| Spread { mean, std: f64::NAN })),
                (name.to_string(), None),
            ]
            .into(),
            best,
            tied: false,
            tuning: vec![(0.1, Some(0.03)), (1.0, None)],
        };
        Page::Study(StudyPage {
            title: name.into(),
            subtitle: name.into(),
            criterion: Criterion::Error,
            table: vec![row("baseline", None, false), row(name, Some(0.02), true)],
            panels: vec![Panel {
                regularizer: name.into(),
                site: name.into(),
                pictures: Pictures {
                    units: 2,
                    correlation: vec![Some(1.0), Some(0.5), Some(0.5), None],
                    order: vec![1, 0],
                    eigenvalues: vec![2.0, 0.5],
                    variances: vec![2.0, 0.5],
                    sparsity: vec![0.0; 2],
                    histogram: ClassHistogram {
                        unit: 1,
                        edges: vec![0.0, 1.0, 2.0],
                        counts: vec![vec![1, 0], vec![0, 1]],
                    },
                    scatter: Scatter { units: [0, 1], points: vec![[1.0, 2.0]], labels: vec![1] },
                    components: Components { variance_share: vec![], points: vec![], labels: vec![] },
                    ..Pictures::default()
                },
                history: vec![Curve { name: name.into(), epochs: vec![1], values: vec![0.5] }],
            }],
            how: vec![("command".into(), name.into()), ("spec".into(), format!("a = 1\nb = \"{name}\""))],
            notes: vec![name.into()],
        })
    }

    /// Sites of one model, the first without pictures, one measure undefined.
    fn sites(name: &str, count: usize) -> Page {
        let Page::Study(study) = tiny(name) else { unreachable!("tiny() makes a study") };
        let pictures = study.panels.into_iter().next().map(|panel| panel.pictures);
        let one = |at: usize| Measured {
            source: name.into(),
            site: Some(format!("{name}{at}")),
            rows: 1000,
            units: 2,
            classes: Some(2),
            measures: [
                ("covariance".to_string(), Some(0.25 * at as f64)),
                ("rank".into(), Some(2.0)),
                ("nc1".into(), Some(f64::NAN)),
                (name.into(), None),
            ]
            .into(),
            mi_rows: Some(1000),
            notes: vec![name.into()],
            pictures: pictures.clone().filter(|_| at > 0),
        };
        Page::Measurement(MeasurementPage {
            title: name.into(),
            subtitle: name.into(),
            measured: (0..count).map(one).collect(),
            how: vec![],
            notes: vec![],
        })
    }

    fn comparison(name: &str) -> Page {
        let change = |measure: &str, low: f64| Change {
            measure: measure.into(),
            a: Some(1.0),
            b: Some(1.5),
            difference: Some(0.5),
            low: Some(low),
            high: Some(1.0),
        };
        Page::Comparison(ComparisonPage {
            title: name.into(),
            subtitle: name.into(),
            a: name.into(),
            b: format!("{name}'"),
            similarities: vec![
                ("cka".into(), Some(0.75)),
                ("procrustes_distance".into(), Some(0.5)),
                (name.into(), None),
            ],
            changes: vec![change("covariance", 0.25), change(name, f64::NEG_INFINITY)],
            layers: Some(LayerMap { a: vec![name.into()], b: vec![name.into()], cka: vec![vec![Some(f64::NAN)]] }),
            how: vec![],
            notes: vec![name.into()],
        })
    }

    fn rewiring(name: &str) -> Page {
        let Page::Measurement(page) = sites(name, 3) else { unreachable!("sites() makes a measurement") };
        let variants = page.measured.into_iter().zip(["original", name, "whiten"]).map(|(measured, own)| Variant {
            name: own.into(),
            line: format!("by {name}"),
            measured,
        });
        let proof = |variant: &str, difference: f64| Proof {
            variant: variant.into(),
            rows_of: name.into(),
            rows: 1000,
            max_abs_difference: difference,
            max_rel_difference: difference,
            same_predictions: Some(0.5),
            rms_difference: None,
            tolerance: Some(0.25),
            parameters: Some(if variant == name { 750 } else { 1000 }),
            error: Some(f64::NAN),
        };
        Page::Rewiring(RewiringPage {
            title: name.into(),
            subtitle: name.into(),
            sites: vec![RewiredSite {
                site: name.into(),
                variants: variants.collect(),
                curve: vec![(1, 0.5), (2, 0.0)],
                chosen: Some(2),
                removed: vec![(name.into(), name.into(), 1), ("dead".into(), "on the rows given".into(), 2)],
            }],
            proofs: vec![proof("original", 0.0), proof(name, f64::INFINITY), proof("whiten", 0.125)],
            how: vec![],
            notes: vec![name.into()],
        })
    }

    #[test]
    fn skeleton_of_a_rewiring() {
        insta::assert_snapshot!(skeleton(&[rewiring("compact")]).html);
    }

    #[test]
    fn skeleton_of_a_tiny_study() {
        insta::assert_snapshot!(skeleton(&[tiny("cw-vr")]).html);
    }

    #[test]
    fn skeleton_of_two_sites() {
        insta::assert_snapshot!(skeleton(&[sites("fc1", 2)]).html);
    }

    #[test]
    fn skeleton_of_many_sites() {
        insta::assert_snapshot!(skeleton(&[sites("fc1", 5)]).html);
    }

    #[test]
    fn skeleton_of_a_comparison() {
        insta::assert_snapshot!(skeleton(&[comparison("fc5")]).html);
    }

    #[test]
    fn hostile_names_stay_text() {
        let hostile = "</script><img src=x onerror=alert(1)>\"'& größe 名前 \u{202e}";
        let html = render(&[
            tiny(hostile),
            tiny("l1"),
            sites(hostile, 2),
            sites(hostile, 5),
            comparison(hostile),
            rewiring(hostile),
        ]);
        assert!(!html.contains("<img"));
        // the specifications, the charts' library and the page's own script
        assert_eq!(html.matches("</script").count(), 3);
        assert!(html.contains("größe 名前"));
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        let html = render(&[tiny("l1")]);
        let own = html.replace(CHARTS, "");
        for loading in ["src=", "url(", "@import", "<link", "http://", "https://"] {
            assert!(!own.contains(loading), "{loading}");
        }
        assert!(html.contains("default-src 'none'"));
    }

    #[test]
    fn no_undefined_value_is_printed() {
        let html = skeleton(&[tiny("l1"), sites("fc1", 2), sites("fc1", 5), comparison("fc5"), rewiring("l1")]).html;
        assert!(!html.contains("NaN") && !html.contains("inf"));
        assert!(!render(&[]).is_empty());
    }
}

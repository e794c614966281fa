//! The reports of a real run and a real study in a browser without a network: every chart drawn, no error.

use std::path::Path;

use serde_json::Value;

use crate::chromium::{check, chromium, open};
use crate::support::{folder, json, ok};

/// Every chart that the page has is drawn, and it has at least these.
fn opens_with(page: &Path, least: u64) {
    let page = std::fs::read_to_string(page).unwrap();
    let charts = page.matches("<div class=\"chart\"").count() as u64;
    assert!(charts >= least, "{charts} charts instead of {least} or more");
    let Some(browser) = chromium() else { return };
    for width in [1400, 400] {
        check(&open(&browser, &page, width), charts, width);
    }
}

/// Nothing that a browser would fetch: no address in an attribute or a style.
fn is_self_contained(page: &Path) {
    let page = std::fs::read_to_string(page).unwrap();
    for outside in ["src=\"http", "href=\"http", "url(http", "@import", "<link "] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn a_study_s_report_draws_every_chart() {
    let folder = folder();
    let found = json(folder.path(), &["study", "--smoke", "--set", "baseline,cr,dropout,bn", "--out", "s", "-q"]);
    let page = folder.path().join("s/report.html");
    is_self_contained(&page);
    let rows = found["rows"].as_array().unwrap();
    let tuned = rows.iter().filter(|row| row["weight"].is_f64()).count();
    // the errors, one choice of weight for each that has one, and eight pictures for each regularizer
    opens_with(&page, (1 + tuned + 8 * rows.len()) as u64);
    ok(folder.path(), &["report", "s", "--out", "again.html", "--figures", "figures"]);
    is_self_contained(&folder.path().join("again.html"));
    let figures = std::fs::read_dir(folder.path().join("figures")).unwrap();
    let names: Vec<String> = figures.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    assert!(names.iter().any(|name| name == "test-errors.svg") && names.len() > 10, "{names:?}");
}

#[test]
fn a_run_s_report_draws_every_chart() {
    let folder = folder();
    let shape =
        ["shape", "--smoke", "--site", "fc4", "--site", "fc5", "--penalty", "cw-vr=0.1", "--out", "a b ü", "-q"];
    let found: Value = json(folder.path(), &shape);
    assert_eq!(found["sites"].as_object().unwrap().len(), 2);
    let page = folder.path().join("a b ü/report.html");
    is_self_contained(&page);
    // learning curves, seven measures over the sites, and seven pictures for each
    opens_with(&page, 1 + 7 + 7 * 2);
    // a matrix beside it
    ok(folder.path(), &["measure", "z.npy", "--labels", "y.npy", "--report", "m.html"]);
    is_self_contained(&folder.path().join("m.html"));
    // all but zeros by unit, where there may be none
    opens_with(&folder.path().join("m.html"), 6);
}

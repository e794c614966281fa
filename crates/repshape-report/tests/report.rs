//! The page in a real browser, without a network; and the figures on disk.

#![allow(clippy::print_stderr)] // a skipped test says so, and the browser's timing is worth seeing

mod browser;
mod synthetic;

use browser::{check, chromium, open};
use repshape_report::{Page, figures, render};

#[test]
fn study_of_twelve_draws_every_chart_wide_and_narrow() {
    let pages = [synthetic::study()];
    let size = render(&pages).len();
    assert!(size < 3_000_000, "{size} bytes");
    let Some(browser) = chromium() else { return };
    // the errors, ten tuned weights, and five pictures for each of the twelve
    for width in [1400, 400] {
        let found = open(&browser, &render(&pages), width);
        eprintln!("{width} px: {found}, page of {size} bytes");
        check(&found, 1 + 10 + 12 * 5, width);
    }
}

#[test]
fn runs_and_measurements_share_a_page() {
    let Some(browser) = chromium() else { return };
    // learning curves, four pictures for each of two sites, and of two matrices
    for width in [1400, 400] {
        check(&open(&browser, &render(&[synthetic::run(), synthetic::measurement()]), width), 1 + 8 + 8, width);
    }
}

#[test]
fn hostile_names_run_nothing() {
    let Some(browser) = chromium() else { return };
    let Page::Study(mut study) = synthetic::study() else { unreachable!("study() makes a study") };
    let hostile = "</script><img src=x onerror=\"console.error(1)\">${1}{{名前}}";
    study.title = hostile.into();
    study.subtitle = "long".repeat(200);
    study.table.truncate(2);
    study.panels.truncate(1);
    study.table[1].regularizer = hostile.into();
    study.panels[0].regularizer = hostile.into();
    study.panels[0].history[0].name = hostile.into();
    study.table[1].measures.insert(hostile.into(), None);
    check(&open(&browser, &render(&[Page::Study(study)]), 400), 1 + 1 + 5, 400);
}

#[test]
fn figures_are_written_as_svg_and_png_and_large_heat_maps_as_png() {
    let folder = tempfile::tempdir().unwrap();
    let Page::Study(mut study) = synthetic::study() else { unreachable!("study() makes a study") };
    study.panels.truncate(1);
    let files = figures(&Page::Study(study), &folder.path().join("figures")).unwrap();
    let names: Vec<String> =
        files.iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(
        names,
        [
            "test-errors.svg",
            "test-errors.png",
            "tuning.svg",
            "tuning.png",
            "baseline-fc5-correlation.png",
            "baseline-fc5-histogram.svg",
            "baseline-fc5-histogram.png",
            "baseline-fc5-scatter.svg",
            "baseline-fc5-scatter.png",
            "baseline-fc5-components.svg",
            "baseline-fc5-components.png",
            "baseline-fc5-learning.svg",
            "baseline-fc5-learning.png",
        ]
    );
    for file in &files {
        let bytes = std::fs::read(file).unwrap();
        let is_png = file.extension().unwrap() == "png";
        assert!(
            if is_png {
                bytes.starts_with(b"\x89PNG")
            } else {
                bytes.starts_with(b"<svg") || bytes.starts_with(b"<?xml")
            },
            "{}",
            file.display()
        );
    }
}

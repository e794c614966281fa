//! The page in a real browser, without a network; and the figures on disk.

#![allow(clippy::print_stderr)] // a skipped test says so, and the browser's timing is worth seeing

mod browser;
mod synthetic;

use browser::{check, chromium, open};
use repshape_report::{Page, figures, render};

/// Pictures of a representation; learning curves are one more.
const PICTURES: u64 = 7;

/// Charts from layer to layer where all that is followed was measured, with labels.
const FOLLOWED: u64 = 7;

#[test]
fn study_of_twelve_draws_every_chart_wide_and_narrow() {
    let pages = [synthetic::study()];
    let size = render(&pages).len();
    assert!(size < 3_000_000, "{size} bytes");
    let Some(browser) = chromium() else { return };
    // the errors, ten tuned weights, and the pictures of each of the twelve
    for width in [1400, 400] {
        let found = open(&browser, &render(&pages), width);
        eprintln!("{width} px: {} ms, page of {size} bytes", found["milliseconds"]);
        check(&found, 1 + 10 + 12 * (PICTURES + 1), width);
        // a kind of picture that nobody looks at costs nothing
        assert_eq!(found["first"], 1 + 10 + 12);
        assert_eq!(found["views"].as_array().unwrap().len(), 9);
        assert_eq!(found["orders"], serde_json::json!([true]));
    }
}

#[test]
fn runs_and_measurements_share_a_page() {
    let Some(browser) = chromium() else { return };
    // learning curves, two sites of one run, and two matrices
    for width in [1400, 400] {
        let found = open(&browser, &render(&[synthetic::run(), synthetic::measurement()]), width);
        check(&found, 1 + FOLLOWED + 2 * PICTURES + 2 * PICTURES, width);
    }
}

#[test]
fn a_single_matrix_shows_everything_at_once() {
    let Some(browser) = chromium() else { return };
    for width in [1400, 400] {
        let found = open(&browser, &render(&[synthetic::single()]), width);
        check(&found, PICTURES, width);
        let table = found["tables"][0].as_str().unwrap();
        assert!(table.starts_with("Measure\tz.npy\nRows\t1,000\nUnits\t100\nClasses\t10\namplitude\t0."), "{table}");
        let variance = table.lines().find_map(|line| line.strip_prefix("variance\t")).unwrap();
        assert!(variance.len() > 12 && variance.parse::<f64>().is_ok(), "a copy has all digits, not {variance}");
    }
}

#[test]
fn twenty_sites_are_followed_from_layer_to_layer() {
    let page = render(&[synthetic::layers(10, 128)]);
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
    let Some(browser) = chromium() else { return };
    for width in [1400, 400] {
        let found = open(&browser, &page, width);
        eprintln!("{width} px: {} ms, page of {} bytes", found["milliseconds"], page.len());
        // nothing is zero before a nonlinearity: no picture of zeros there
        check(&found, FOLLOWED + 10 * PICTURES + 10 * (PICTURES - 1), width);
    }
}

#[test]
fn forty_long_names_and_missing_values_fit() {
    let Some(browser) = chromium() else { return };
    for width in [1400, 400] {
        let found = open(&browser, &render(&[synthetic::deep()]), width);
        check(&found, FOLLOWED + 1, width);
        let table = found["tables"][0].as_str().unwrap();
        assert_eq!(table.lines().count(), 1 + 40);
        assert!(table.starts_with("Measured\tamplitude\tvariance\tsparsity\t"), "{table}");
    }
}

#[test]
fn wide_sites_small_ones_and_those_without_pairs_show_what_there_is() {
    let Some(browser) = chromium() else { return };
    for width in [1400, 400] {
        let found = open(&browser, &render(&[synthetic::odd_sizes()]), width);
        // without pairs no correlation and no spectrum; four units without a zero
        check(&found, PICTURES + (PICTURES - 2) + (PICTURES - 1), width);
    }
}

#[test]
fn comparisons_draw_changes_and_layers() {
    let Some(browser) = chromium() else { return };
    for (depth, width) in [(5, 1400), (5, 400), (36, 1400), (36, 400)] {
        let found = open(&browser, &render(&[synthetic::comparison(depth)]), width);
        check(&found, 2, width);
        let tables = found["tables"].as_array().unwrap();
        assert!(tables[0].as_str().unwrap().starts_with("cka\t0.812\ncka_unbiased\t0.794\n"), "{tables:?}");
        assert!(tables[1].as_str().unwrap().contains("\ndead_units\t0\t0\t\t\t\n"), "{tables:?}");
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
    check(&open(&browser, &render(&[Page::Study(study)]), 400), 1 + 1 + PICTURES + 1, 400);
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

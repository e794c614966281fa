//! The page in a real browser, without a network; and the figures on disk.

#![allow(clippy::print_stderr)] // a skipped test says so, and the browser's timing is worth seeing

mod browser;
mod synthetic;

use browser::{check, chromium, open};
use repshape_report::{Page, figures, render};

/// Pictures of a representation; learning curves are one more.
const PICTURES: u64 = 7;

/// Charts from layer to layer where all that is followed was measured, with labels.
const FOLLOWED: u64 = 10;

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

/// Many pages in one file: a browser takes a second or two to start.
#[test]
fn pages_of_every_kind_draw_every_chart_wide_and_narrow() {
    let Some(browser) = chromium() else { return };
    let pages = [
        // learning curves, and two sites of one run
        (synthetic::run(), 1 + FOLLOWED + 2 * PICTURES),
        // two matrices
        (synthetic::measurement(), 2 * PICTURES),
        (synthetic::single(), PICTURES),
        // forty sites with long names and missing values, without pictures
        (synthetic::deep(), FOLLOWED),
        // without pairs no correlation and no spectrum; four units without a zero
        (synthetic::odd_sizes(), PICTURES + (PICTURES - 2) + (PICTURES - 1)),
        // the changes and the layers
        (synthetic::comparison(5), 2),
        (synthetic::comparison(36), 2),
        // eleven networks at one site; units that take both signs are never zero in seven of them
        (synthetic::rewiring(), 11 * PICTURES - 7),
        // two sites with a curve each, and one without anything to draw
        (synthetic::compacted(), 2 * (2 * PICTURES + 1)),
    ];
    let charts = pages.iter().map(|(_, charts)| charts).sum();
    let page = render(&pages.map(|(page, _)| page));
    for width in [1400, 400] {
        let found = open(&browser, &page, width);
        check(&found, charts, width);
        let tables: Vec<&str> =
            found["tables"].as_array().unwrap().iter().map(|table| table.as_str().unwrap()).collect();
        let [_, _, single, deep, _, similarities, changes, ..] = tables[..] else {
            panic!("{} tables", tables.len());
        };
        assert!(single.starts_with("Measure\tz.npy\nRows\t1,000\nUnits\t100\nClasses\t10\namplitude\t0."), "{single}");
        let variance = single.lines().find_map(|line| line.strip_prefix("variance\t")).unwrap();
        assert!(variance.len() > 12 && variance.parse::<f64>().is_ok(), "a copy has all digits, not {variance}");
        assert!(
            deep.starts_with("Measured\tamplitude\tvariance\tsparsity\t") && deep.lines().count() == 1 + 40,
            "{deep}"
        );
        assert!(similarities.starts_with("cka\t0.812\ncka_unbiased\t0.794\n"), "{similarities}");
        assert!(changes.contains("\ndead_units\t0\t0\t\t\t\n"), "{changes}");
    }
}

#[test]
fn twenty_sites_are_followed_from_layer_to_layer() {
    let page = render(&[synthetic::layers(10, 128)]);
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
    let Some(browser) = chromium() else { return };
    let found = open(&browser, &page, 1400);
    eprintln!("{} ms, page of {} bytes", found["milliseconds"], page.len());
    // nothing is zero before a nonlinearity: no picture of zeros there
    check(&found, FOLLOWED + 10 * PICTURES + 10 * (PICTURES - 1), 1400);
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
            "baseline-fc5-spectrum.svg",
            "baseline-fc5-spectrum.png",
            "baseline-fc5-variances.svg",
            "baseline-fc5-variances.png",
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

#[test]
fn rewired_networks_stand_side_by_side_in_one_figure() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = figures(&synthetic::rewiring(), folder.path()).unwrap();
    files.extend(figures(&synthetic::compacted(), folder.path()).unwrap());
    let names: Vec<String> =
        files.iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect();
    // heat maps of over 64 units are no SVG
    assert_eq!(
        names,
        [
            "rewiring.png",
            "fc1-rewiring.svg",
            "fc1-rewiring.png",
            "fc1-size.svg",
            "fc1-size.png",
            "fc2-rewiring.png",
            "fc2-size.svg",
            "fc2-size.png",
        ]
    );
    let drawn = std::fs::read_to_string(folder.path().join("fc1-rewiring.svg")).unwrap();
    assert!(drawn.contains(">original<") && drawn.contains(">compact<") && drawn.contains("mean |r| 0."));
}

#[test]
fn figures_follow_the_layers_and_compare_them() {
    let folder = tempfile::tempdir().unwrap();
    let Page::Measurement(mut page) = synthetic::layers(2, 20) else { unreachable!("layers() makes a measurement") };
    page.measured.iter_mut().for_each(|one| one.pictures = None);
    let mut files = figures(&Page::Measurement(page), folder.path()).unwrap();
    files.extend(figures(&synthetic::comparison(5), folder.path()).unwrap());
    let names: Vec<String> = files
        .iter()
        .filter(|file| file.extension().unwrap() == "svg")
        .map(|file| file.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let of_units = ["covariance", "correlation", "sparsity", "dead_units", "stable_rank_covariance", "effective_rank"];
    let followed = of_units.into_iter().chain(["intrinsic_dimension", "nc1", "cdnv"]);
    let expected = followed.chain(["mutual_information"]).map(|name| format!("model.onnx-layers-{name}"));
    assert_eq!(names, expected.chain(["layers-cka".to_string()]).collect::<Vec<_>>());
    let map = std::fs::read_to_string(folder.path().join("layers-cka.svg")).unwrap();
    assert!(map.contains("layer1.2.relu") && map.contains("#0b6e75"), "names and the colour of 1");
    let curves = std::fs::read_to_string(folder.path().join("model.onnx-layers-covariance.svg")).unwrap();
    assert!(curves.contains("fc2") && curves.contains("before it"));
}

//! Static figures for papers: each plot of a page as SVG and PNG.

mod chart;
mod layers;
mod plots;
mod rewired;
mod sites;

use std::path::{Path, PathBuf};

use kuva::render::{layout::Layout, plots::Plot, render::Scene};
use repshape_stats::pictures::Pictures;

use crate::{
    charts::{by_unit, spectrum},
    layers::by_source,
    page::{Curve, Measured, Page},
    write::{ReportError, atomically},
};

pub use chart::{Chart, ChartSeries, chart_svg};

/// Heat maps with more units than this are written as PNG alone: an SVG takes 137 bytes a cell.
const LARGEST_SVG_HEAT_MAP: usize = 64;

/// Pixels for each unit of the drawing; 4 x 480 units is 300 dpi at 16 cm.
const PNG_SCALE: f32 = 4.0;

/// A plot ready to be drawn.
pub(crate) struct Figure {
    plots: Vec<Plot>,
    layout: Layout,
    svg: bool,
}

/// What a file is made from.
#[allow(clippy::large_enum_variant)] // a dozen of them at most, and nearly all are plots
enum Drawing {
    Plots(Figure),
    /// A scene drawn cell by cell, and whether it is small enough for an SVG.
    Cells(Scene, bool),
}

/// Writes each plot of `page` into `folder` (made if absent) and returns the files in the order written.
///
/// A study gives `test-errors`, `tuning` and, for each panel, `NAME-SITE-correlation`, `-spectrum`, `-variances`,
/// `-histogram`, `-scatter`, `-components` and `-learning`; the other pages give the same for each representation, and
/// where a source has several sites `layers-MEASURE` over them. A comparison gives `layers-cka`; rewired networks
/// give `rewiring`, all of them side by side, and `size`, error against size, of several sites `SITE-rewiring`. Two panels that would
/// share a name are told apart by a number. A plot without data is left out. Every file is an SVG and a PNG, except heat
/// maps of over 64 units or layers, which are PNG alone.
pub fn figures(page: &Page, folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
    std::fs::create_dir_all(folder).map_err(|source| ReportError::Write { path: folder.into(), source })?;
    let mut written = Vec::new();
    for (stem, drawing) in collect(page) {
        write(drawing, folder, &stem, true, &mut written)?;
    }
    Ok(written)
}

/// Writes the plots of `page` whose names end in one of `kinds`, such as `histogram`, as SVG (PNG where [`figures`] writes
/// no SVG), and returns the files in the order written.
///
/// # Errors
/// A file that cannot be written.
pub fn figures_of(page: &Page, folder: &Path, kinds: &[String]) -> Result<Vec<PathBuf>, ReportError> {
    std::fs::create_dir_all(folder).map_err(|source| ReportError::Write { path: folder.into(), source })?;
    let mut written = Vec::new();
    for (stem, drawing) in collect(page).into_iter().filter(|(stem, _)| kinds.iter().any(|kind| stem.ends_with(kind))) {
        write(drawing, folder, &stem, false, &mut written)?;
    }
    Ok(written)
}

fn collect(page: &Page) -> Vec<(String, Drawing)> {
    let mut drawn: Vec<(String, Drawing)> =
        plotted(page).into_iter().map(|(stem, figure)| (stem, Drawing::Plots(figure))).collect();
    if let Page::Rewiring(page) = page {
        for site in &page.sites {
            let prefix = prefix(&[if page.sites.len() > 1 { &site.site } else { "" }]);
            let side_by_side = rewired::side_by_side(site).map(|(scene, svg)| Drawing::Cells(scene, svg));
            drawn.extend(side_by_side.map(|drawing| (format!("{prefix}rewiring"), drawing)));
            let size = plots::size(&site.curve, site.chosen).map(Drawing::Plots);
            drawn.extend(size.map(|drawing| (format!("{prefix}size"), drawing)));
        }
    }
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for (stem, _) in &mut drawn {
        let count = seen.entry(stem.clone()).or_default();
        *count += 1;
        if *count > 1 {
            stem.push_str(&format!("-{count}"));
        }
    }
    drawn
}

fn plotted(page: &Page) -> Vec<(String, Figure)> {
    let mut drawn = Vec::new();
    match page {
        Page::Study(study) => {
            drawn.extend(
                plots::test_errors(&study.table, study.criterion).map(|figure| ("test-errors".to_string(), figure)),
            );
            drawn.extend(plots::tuning(&study.table, study.criterion).map(|figure| ("tuning".to_string(), figure)));
            for panel in &study.panels {
                drawn.extend(pictures(&[&panel.regularizer, &panel.site], &panel.pictures, None, &panel.history));
            }
        }
        Page::Run(run) => {
            drawn.extend(plots::learning(&run.history).map(|figure| ("learning".to_string(), figure)));
            drawn.extend(measured(&run.sites, false));
        }
        Page::Measurement(page) => drawn.extend(measured(&page.measured, true)),
        Page::Comparison(page) => {
            let map = page.layers.as_ref().and_then(layers::map);
            drawn.extend(map.map(|figure| ("layers-cka".to_string(), figure)));
        }
        // drawn cell by cell
        Page::Rewiring(_) => {}
    }
    drawn
}

/// The figures of representations; `sourced` puts their source before their site.
fn measured(all: &[Measured], sourced: bool) -> Vec<(String, Figure)> {
    let mut drawn = Vec::new();
    for (source, layers) in by_source(all) {
        let prefix = prefix(&[if sourced { source } else { "" }]);
        let named =
            layers::curves(&layers).into_iter().map(|(name, figure)| (format!("{prefix}layers-{name}"), figure));
        drawn.extend(named);
    }
    for one in all {
        let names = [if sourced { &one.source } else { "" }, one.site.as_deref().unwrap_or("")];
        if let Some(own) = &one.pictures {
            drawn.extend(pictures(&names, own, Some(one), &[]));
        }
    }
    drawn
}

fn pictures(names: &[&str], pictures: &Pictures, of: Option<&Measured>, history: &[Curve]) -> Vec<(String, Figure)> {
    let prefix = prefix(names);
    let marks = spectrum::marks(pictures, of.map(|one| &one.measures));
    [
        ("correlation", plots::correlation(pictures)),
        ("spectrum", sites::spectrum(pictures, &marks)),
        ("variances", sites::variances(pictures, by_unit::ud90(pictures, of.map(|one| &one.measures)))),
        ("histogram", plots::histogram(&pictures.histogram)),
        ("scatter", plots::scatter(&pictures.scatter)),
        ("components", plots::components(&pictures.components)),
        ("learning", plots::learning(history)),
    ]
    .into_iter()
    .filter_map(|(kind, figure)| Some((format!("{prefix}{kind}"), figure?)))
    .collect()
}

/// The names that are not empty, each followed by a hyphen.
fn prefix(names: &[&str]) -> String {
    names.iter().filter(|name| !name.is_empty()).map(|name| slug(name) + "-").collect()
}

/// `name` as part of a file name on any system: letters, digits, `.`, `_` and `-`, at most 60 of them.
fn slug(name: &str) -> String {
    let safe = |c: char| {
        if c.is_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' }
    };
    let slug: String = name.chars().map(safe).take(60).collect();
    slug.trim_start_matches(['.', '-']).to_string()
}

/// As SVG where that is small enough, and as PNG: with `both` always, else where there is no SVG.
fn write(
    drawing: Drawing,
    folder: &Path,
    stem: &str,
    both: bool,
    written: &mut Vec<PathBuf>,
) -> Result<(), ReportError> {
    let (scene, svg) = match drawing {
        Drawing::Plots(figure) => (kuva::render::render::render_multiple(figure.plots, figure.layout), figure.svg),
        Drawing::Cells(scene, svg) => (scene, svg),
    };
    if svg {
        let path = folder.join(format!("{stem}.svg"));
        atomically(&path, kuva::backend::svg::SvgBackend.render_scene(&scene).as_bytes())?;
        written.push(path);
        if !both {
            return Ok(());
        }
    }
    let path = folder.join(format!("{stem}.png"));
    let pixels = kuva::RasterBackend::new().with_scale(PNG_SCALE).render_scene(&scene);
    atomically(&path, &pixels.map_err(|reason| ReportError::Draw { path: path.clone(), reason })?)?;
    written.push(path);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_stay_inside_their_folder() {
        assert_eq!(slug("../../etc/passwd"), "_.._etc_passwd");
        assert_eq!(slug("cw-vr"), "cw-vr");
        assert_eq!(slug("größe <b>"), "größe__b_");
        assert_eq!(slug(&"x".repeat(300)).len(), 60);
    }
}

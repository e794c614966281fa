//! The figures of an item.

use std::path::{Path, PathBuf};

use repshape_report::{Chart, ChartSeries, Page, chart_svg, figures_of};
use repshape_study::statistics::confidence_interval;
use repshape_study::{MeanStd, Store};

use super::trials::{Trials, sample};
use crate::command::study;
use crate::failure::{Failure, Outcome};
use crate::output::write_file;
use crate::spec::{Figure, Item, PictureFigure, Plot, Source};

/// Draws every figure of an item into `folder` as SVG; one without data is left out.
pub fn figures(item: &Item, trials: &[Trials], stores: &[Store], folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut written = Vec::new();
    for figure in &item.figures {
        match figure {
            Figure::Plot(plot) => {
                let Some(svg) = chart_svg(&chart(plot, trials)) else { continue };
                let path = folder.join(format!("{}.svg", plot.name));
                write_file(&path, svg.as_bytes())?;
                written.push(path);
            }
            Figure::Pictures(pictures) => written.extend(draw_pictures(pictures, trials, stores, folder)?),
        }
    }
    Ok(written)
}

fn chart(plot: &Plot, trials: &[Trials]) -> Chart {
    let series = plot.series.iter().map(|series| {
        let mut points = Vec::new();
        for name in names(trials, &series.study, &series.rows) {
            let of = |value: &crate::spec::Expression| {
                let source = Source {
                    study: Some(series.study.clone()),
                    regularizer: Some(name.clone()),
                    site: None,
                    value: Some(value.clone()),
                };
                sample(trials, &source).values
            };
            let (x, y) = (of(&plot.x_value), of(series.y_value.as_ref().unwrap_or(&plot.y_value)));
            let Some((x, mean)) = MeanStd::of(&x).mean.zip(MeanStd::of(&y).mean) else { continue };
            if plot.log_x && x <= 0.0 {
                continue;
            }
            let half = confidence_interval(&y, super::results::LEVEL).map(|(_, high)| high - mean);
            points.push((x, mean, half));
        }
        if plot.joined {
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        ChartSeries { name: series.head.clone(), points }
    });
    Chart {
        x_label: plot.x.clone(),
        y_label: plot.y.clone(),
        log_x: plot.log_x,
        joined: plot.joined,
        series: series.collect(),
    }
}

/// The rows that patterns mean, over every study of that name.
fn names(trials: &[Trials], study: &str, patterns: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for pattern in patterns {
        for one in trials.iter().filter(|one| one.is_of(study)) {
            for name in one.rows(pattern) {
                if !names.iter().any(|known| known == name) {
                    names.push(name.to_owned());
                }
            }
        }
    }
    names
}

fn draw_pictures(figure: &PictureFigure, trials: &[Trials], stores: &[Store], folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut written = Vec::new();
    for (trials, store) in trials.iter().zip(stores).filter(|(trials, _)| trials.is_of(&figure.study)) {
        let mut page = study::page(store, &trials.table)?;
        page.panels.retain(|panel| figure.rows.is_empty() || figure.rows.contains(&panel.regularizer));
        written.extend(figures_of(&Page::Study(page), folder, &figure.plots).map_err(Failure::usage)?);
    }
    Ok(written)
}

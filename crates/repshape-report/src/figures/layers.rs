//! Measures from layer to layer, and the similarity of every layer with every layer.

use std::sync::Arc;

use kuva::{
    plot::{ColorMap, Heatmap, LinePlot},
    render::{layout::Layout, plots::Plot},
};

use super::{
    Figure, LARGEST_SVG_HEAT_MAP,
    plots::{CURVES, LEGEND, OTHER, WIDTH, axes, label},
};
use crate::{
    charts::layers::short_names,
    colours, definitions,
    layers::{FOLLOWED, Layers, SERIES},
    page::LayerMap,
};

/// One figure for each measure that two layers have, and one for the bounds on mutual information.
pub(super) fn curves(layers: &Layers) -> Vec<(String, Figure)> {
    let both = layers.has(0) && layers.has(1);
    let mut figures: Vec<(String, Figure)> = FOLLOWED
        .iter()
        .filter_map(|(measure, share)| {
            let scale = if *share { 100.0 } else { 1.0 };
            let lines = [0, 1].map(|side| points(&layers.values(side, measure), scale));
            let title = definitions::columns([*measure])[0].title;
            let title = if *share { format!("{title}, %") } else { title.to_string() };
            Some((measure.to_string(), figure(layers, drawn(lines, both)?, &title)))
        })
        .collect();
    let mut plots: Vec<Plot> = Vec::new();
    for side in [0, 1] {
        let [low, high] = ["mi_x_lower", "mi_x_upper"].map(|name| points(&layers.values(side, name), 1.0));
        if low.len() < 2 || low.len() != high.len() {
            continue;
        }
        let bound = |points: &[(f64, f64)]| points.iter().map(|point| point.1).collect::<Vec<f64>>();
        let band = LinePlot::new().with_data(low.clone()).with_band(bound(&low), bound(&high)).with_color(CURVES[side]);
        plots.push(if both { band.with_legend(SERIES[side]).into() } else { band.into() });
        plots.push(LinePlot::new().with_data(high).with_color(CURVES[side]).into());
    }
    if !plots.is_empty() {
        let ceiling = points(&layers.ceiling(), 1.0);
        if ceiling.len() > 1 {
            plots.push(LinePlot::new().with_data(ceiling).with_color(OTHER).with_dotted().with_legend("ln N").into());
        }
        figures.push(("mutual_information".into(), figure(layers, plots, "information about the input, nats")));
    }
    figures
}

/// The two series as lines; `None` unless one has two points.
fn drawn(lines: [Vec<(f64, f64)>; 2], both: bool) -> Option<Vec<Plot>> {
    if lines.iter().all(|points| points.len() < 2) {
        return None;
    }
    let plot = |(side, points): (usize, Vec<(f64, f64)>)| {
        let line = LinePlot::new().with_data(points).with_color(CURVES[side]);
        let line = if side == 1 { line.with_dashed() } else { line };
        if both { line.with_legend(SERIES[side]).into() } else { line.into() }
    };
    Some(lines.into_iter().enumerate().filter(|(_, points)| !points.is_empty()).map(plot).collect())
}

/// The finite values at 1, 2, ...
fn points(values: &[Option<f64>], scale: f64) -> Vec<(f64, f64)> {
    let point =
        |(at, value): (usize, &Option<f64>)| Some(((at + 1) as f64, scale * value.filter(|value| value.is_finite())?));
    values.iter().enumerate().filter_map(point).collect()
}

fn figure(layers: &Layers, plots: Vec<Plot>, title: &str) -> Figure {
    let names: Vec<String> = layers.names.iter().map(|name| name.to_string()).collect();
    let layout = axes(&plots, "", title).with_x_categories(thinned(&names)).with_x_tick_rotate(-45.0);
    let legend = if layers.has(0) && layers.has(1) { LEGEND } else { 0.0 };
    let layout = layout
        .with_width(WIDTH + legend)
        .with_x_axis_min(0.5)
        .with_x_axis_max(names.len() as f64 + 0.5)
        .with_y_axis_min(0.0);
    Figure { plots, layout, svg: true }
}

/// Short names; of more than 24, every so-manieth.
fn thinned(names: &[String]) -> Vec<String> {
    let every = names.len().div_ceil(24);
    let keep = |(at, name): (usize, String)| if at % every == 0 { label(&name) } else { String::new() };
    short_names(names).into_iter().enumerate().map(keep).collect()
}

/// The map from white (0) to green (1), grey where undefined; the first layer of each at the top left.
pub(super) fn map(map: &LayerMap) -> Option<Figure> {
    let (rows, columns) = (map.a.len(), map.b.len());
    if rows == 0 || columns == 0 || map.cka.len() != rows || map.cka.iter().any(|row| row.len() != columns) {
        return None;
    }
    let value = |cell: &Option<f64>| cell.map_or(f64::NAN, |value| value.clamp(0.0, 1.0));
    // the first row of the data is drawn at the foot
    let data: Vec<Vec<f64>> = map.cka.iter().rev().map(|row| row.iter().map(value).collect()).collect();
    // kuva scales the colours to the data's range: undo that, so that the same colour is the same value in every figure
    let defined = || data.iter().flatten().copied().filter(|value| !value.is_nan());
    let (lowest, highest) = (defined().fold(f64::INFINITY, f64::min), defined().fold(f64::NEG_INFINITY, f64::max));
    if lowest > highest {
        return None;
    }
    let dye = ColorMap::Custom(Arc::new(move |share: f64| {
        if share.is_nan() {
            return "#b4bac2".into();
        }
        let [red, green, blue] = colours::similar(lowest + share * (highest - lowest));
        format!("#{red:02x}{green:02x}{blue:02x}")
    }));
    let heat_map = Heatmap::new().with_data(data).with_color_map(dye).with_legend("CKA");
    let plots: Vec<Plot> = vec![heat_map.into()];
    let layout = Layout::auto_from_plots(&plots)
        .with_x_categories(thinned(&map.b))
        .with_y_categories(thinned(&map.a).into_iter().rev().collect())
        .with_x_axis_min(0.5)
        .with_x_axis_max(columns as f64 + 0.5)
        .with_y_axis_min(0.5)
        .with_y_axis_max(rows as f64 + 0.5)
        .with_x_tick_rotate(-90.0)
        .with_width(WIDTH + 105.0)
        .with_height(WIDTH * (rows as f64 / columns as f64).clamp(0.4, 2.0))
        .with_show_grid(false);
    Some(Figure { plots, layout, svg: rows.max(columns) <= LARGEST_SVG_HEAT_MAP })
}

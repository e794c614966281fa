//! The plots of a paper: axes, colours and ranges.

use std::sync::Arc;

use kuva::{
    plot::{ColorMap, Heatmap, LinePlot, MarkerShape, ScatterPlot},
    render::{
        annotations::ReferenceLine,
        layout::{Layout, TickFormat},
        plots::Plot,
    },
};
use repshape_stats::pictures::{ClassHistogram, Components, Pictures, Scatter};

use super::{Figure, LARGEST_SVG_HEAT_MAP};
use crate::{
    charts::{correlation::shown, learning::is_error, points, size, tuning::shared_range},
    colours,
    criterion::Criterion,
    headline::BASELINE,
    number::weight,
    page::{Curve, RegularizerRow},
};

pub(super) const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 360.0;
/// What a legend beside a plot of [`WIDTH`] takes.
pub(super) const LEGEND: f64 = 150.0;
pub(super) const BEST: &str = "#0b6e75";
pub(super) const OTHER: &str = "#66717f";
pub(super) const CURVES: [&str; 5] = ["#0b6e75", "#d97706", "#4c5a9e", "#b0417a", "#66717f"];

/// Mean ± standard deviation with each trial, in the table's order; the baseline dashed.
pub(super) fn test_errors(table: &[RegularizerRow], criterion: Criterion) -> Option<Figure> {
    let plotted = |value: f64| criterion.plotted(value);
    let at = |row: usize| (table.len() - row) as f64;
    let mut plots: Vec<Plot> = Vec::new();
    for (row, regularizer) in table.iter().enumerate() {
        let trials = regularizer
            .test_errors
            .iter()
            .filter(|error| error.is_finite())
            .map(|&error| (plotted(error), at(row) - 0.25));
        let trials: Vec<(f64, f64)> = trials.collect();
        if !trials.is_empty() {
            plots.push(
                ScatterPlot::new().with_data(trials).with_color(OTHER).with_size(2.0).with_marker_opacity(0.6).into(),
            );
        }
        if let Some(error) = regularizer.test_error.filter(|error| error.mean.is_finite() && error.std.is_finite()) {
            let colour = if regularizer.best || regularizer.tied { BEST } else { OTHER };
            let mean = ScatterPlot::new().with_data([(plotted(error.mean), at(row))]).with_x_err([plotted(error.std)]);
            plots.push(mean.with_color(colour).with_size(4.0).into());
        }
    }
    if plots.is_empty() {
        return None;
    }
    let names = table.iter().rev().map(|row| label(&row.regularizer)).collect();
    let mut layout = Layout::auto_from_plots(&plots)
        .with_y_categories(names)
        .with_y_axis_min(0.4)
        .with_y_axis_max(table.len() as f64 + 0.6)
        .with_x_label(format!("test {}", criterion.label()))
        .with_width(WIDTH)
        .with_height(60.0 + 24.0 * table.len() as f64);
    if let Some(error) = table.iter().find(|row| row.regularizer == BASELINE).and_then(|row| row.test_error) {
        layout = layout
            .with_reference_line(ReferenceLine::vertical(plotted(error.mean)).with_color(OTHER).with_dasharray("6 4"));
    }
    Some(Figure { plots, layout, svg: true })
}

/// Validation error against the weight, one line for each regularizer that tried two or more positive weights.
///
/// The axis ends at twice the lowest error, as on the page; higher errors and diverged weights are left out.
pub(super) fn tuning(table: &[RegularizerRow], criterion: Criterion) -> Option<Figure> {
    let (_, top) = shared_range(table)?;
    let plots: Vec<Plot> = table
        .iter()
        .filter_map(|row| {
            let mut tried: Vec<(f64, f64)> = row
                .tuning
                .iter()
                .filter_map(|&(at, error)| Some((at, error?)))
                .filter(|(at, error)| at.is_finite() && *at > 0.0 && *error <= top)
                .map(|(at, error)| (at, criterion.plotted(error)))
                .collect();
            tried.sort_by(|a, b| a.0.total_cmp(&b.0));
            (tried.len() > 1).then_some((row, tried))
        })
        .enumerate()
        .map(|(k, (row, tried))| {
            let line = LinePlot::new().with_data(tried).with_color(colours::class(k));
            line.with_legend(label(&row.regularizer)).into()
        })
        .collect();
    if plots.is_empty() {
        return None;
    }
    let layout = axes(&plots, "weight", &format!("validation {}", criterion.label()))
        .with_log_x()
        .with_x_tick_format(powers_of_ten());
    Some(Figure { plots, layout, svg: true })
}

/// Correlations, blue at -1, white at 0, red at 1, grey where undefined; by cluster where that is known, the first at
/// the top.
pub(super) fn correlation(pictures: &Pictures) -> Option<Figure> {
    let units = shown(pictures)?;
    let clustered = pictures.order.len() == units && pictures.order.iter().all(|&row| row < units);
    let place = |at: usize| if clustered { pictures.order[at] } else { at };
    let value = |cell: Option<f32>| cell.map_or(f64::NAN, |value| f64::from(value.clamp(-1.0, 1.0)));
    let row = |i: usize| (0..units).map(|j| value(pictures.correlation[place(i) * units + place(j)])).collect();
    let rows: Vec<Vec<f64>> = (0..units).rev().map(row).collect();
    // kuva scales the colours to the data's range: undo that, so that white is 0 in every figure
    let defined = || rows.iter().flatten().copied().filter(|value| !value.is_nan());
    let (lowest, highest) = (defined().fold(f64::INFINITY, f64::min), defined().fold(f64::NEG_INFINITY, f64::max));
    if lowest > highest {
        return None;
    }
    let map = ColorMap::Custom(Arc::new(move |share: f64| {
        if share.is_nan() {
            return "#b4bac2".into();
        }
        let [red, green, blue] = colours::diverging(lowest + share * (highest - lowest));
        format!("#{red:02x}{green:02x}{blue:02x}")
    }));
    let side = units as f64;
    let heat_map = Heatmap::new().with_data(rows).with_color_map(map).with_cell_size(1.0);
    let plots: Vec<Plot> =
        vec![heat_map.with_legend("correlation").with_x_range(0.0, side).with_y_range(0.0, side).into()];
    let mut layout = Layout::auto_from_plots(&plots)
        .with_x_label(if clustered { "units by cluster" } else { "unit" })
        .with_y_label(if clustered { "units by cluster" } else { "unit" })
        // the colour bar takes the rest: the matrix itself is square
        .with_width(HEIGHT + 105.0)
        .with_height(HEIGHT)
        .with_show_grid(false)
        .with_x_axis_min(0.0)
        .with_x_axis_max(side)
        .with_y_axis_min(0.0)
        .with_y_axis_max(side)
        // the first row is drawn at the top, so the axis counts downwards
        .with_y_tick_format(TickFormat::Custom(Arc::new(move |at| format!("{}", side - at))));
    if units >= 4 {
        layout = layout.with_x_tick_step((side / 4.0).floor()).with_y_tick_step((side / 4.0).floor());
    }
    Some(Figure { plots, layout, svg: units <= LARGEST_SVG_HEAT_MAP })
}

/// One unit's counts as an outline for each class.
pub(super) fn histogram(histogram: &ClassHistogram) -> Option<Figure> {
    let bins = histogram.edges.len().checked_sub(1).filter(|bins| *bins > 0)?;
    if histogram.counts.iter().any(|counts| counts.len() != bins)
        || histogram.counts.iter().flatten().all(|count| *count == 0)
    {
        return None;
    }
    let labelled = histogram.counts.len() > 1;
    let plots: Vec<Plot> = histogram
        .counts
        .iter()
        .enumerate()
        .map(|(k, counts)| {
            let first = (histogram.edges[0], 0.0);
            let steps = counts.iter().enumerate().flat_map(|(bin, &count)| {
                [(histogram.edges[bin], count as f64), (histogram.edges[bin + 1], count as f64)]
            });
            let outline: Vec<(f64, f64)> =
                std::iter::once(first).chain(steps).chain([(histogram.edges[bins], 0.0)]).collect();
            let line = LinePlot::new()
                .with_data(outline)
                .with_color(colours::class(k))
                .with_stroke_width(1.2)
                .with_fill()
                .with_fill_opacity(0.3);
            if labelled { line.with_legend(k.to_string()).into() } else { line.into() }
        })
        .collect();
    let layout = axes(&plots, &format!("activation of unit {}", histogram.unit), "rows");
    Some(Figure { plots, layout, svg: true })
}

/// Two units, one dot a row.
pub(super) fn scatter(scatter: &Scatter) -> Option<Figure> {
    let [first, second] = scatter.units;
    dots(&scatter.points, &scatter.labels, &format!("unit {first}"), &format!("unit {second}"))
}

/// The first two principal components, one dot a row.
pub(super) fn components(components: &Components) -> Option<Figure> {
    let points: Vec<[f32; 2]> = components.points.iter().map(|point| [point[0], point[1]]).collect();
    dots(&points, &components.labels, &points::axis_name(components, 0), &points::axis_name(components, 1))
}

fn dots(points: &[[f32; 2]], labels: &[u32], x: &str, y: &str) -> Option<Figure> {
    let plots: Vec<Plot> = points::by_class(points, labels)
        .into_iter()
        .map(|(class, points)| {
            let shape = match colours::symbol(class.unwrap_or(0)) {
                "triangle" => MarkerShape::Triangle,
                "diamond" => MarkerShape::Diamond,
                "rect" => MarkerShape::Square,
                _ => MarkerShape::Circle,
            };
            let points: Vec<(f64, f64)> = points.into_iter().map(|[x, y]| (f64::from(x), f64::from(y))).collect();
            let dots = ScatterPlot::new().with_data(points).with_size(2.0).with_marker(shape).with_marker_opacity(0.7);
            match class {
                Some(k) => dots.with_color(colours::class(k)).with_legend(k.to_string()).into(),
                None => dots.with_color(BEST).into(),
            }
        })
        .collect();
    if plots.is_empty() {
        return None;
    }
    let layout = axes(&plots, x, y);
    Some(Figure { plots, layout, svg: true })
}

/// Error curves in percent; the objective's terms, on a logarithmic axis, where there is no error.
pub(super) fn learning(history: &[Curve]) -> Option<Figure> {
    let errors =
        history.iter().any(|curve| is_error(&curve.name) && curve.values.iter().any(|value| value.is_finite()));
    let scale = if errors { 100.0 } else { 1.0 };
    let plots: Vec<Plot> = history
        .iter()
        .filter(|curve| is_error(&curve.name) == errors)
        .enumerate()
        .filter_map(|(at, curve)| {
            let points = curve.epochs.iter().zip(&curve.values);
            let points: Vec<(f64, f64)> = points
                .filter(|(_, value)| value.is_finite() && (errors || **value > 0.0))
                .map(|(epoch, value)| (f64::from(*epoch), scale * value))
                .collect();
            let line = LinePlot::new()
                .with_data(points.clone())
                .with_color(CURVES[at % CURVES.len()])
                .with_legend(label(&curve.name));
            (!points.is_empty()).then(|| line.into())
        })
        .collect();
    if plots.is_empty() {
        return None;
    }
    let layout = axes(&plots, "epoch", if errors { "error, %" } else { "terms" });
    Some(Figure {
        plots,
        layout: if errors { layout } else { layout.with_log_y().with_y_tick_format(powers_of_ten()) },
        svg: true,
    })
}

/// The expected error of what reads a site against the units kept, the chosen number dashed.
pub(super) fn size(curve: &[(usize, f64)], chosen: Option<usize>) -> Option<Figure> {
    let points = size::points(curve);
    if points.len() < 2 {
        return None;
    }
    let points: Vec<(f64, f64)> =
        points.into_iter().map(|(size, error)| (size as f64, error.max(size::ROUNDING))).collect();
    let plots: Vec<Plot> = vec![LinePlot::new().with_data(points).with_color(BEST).into()];
    let mut layout =
        axes(&plots, "units kept", "expected relative error").with_log_y().with_y_tick_format(powers_of_ten());
    if let Some(chosen) = chosen {
        layout = layout.with_reference_line(
            ReferenceLine::vertical(chosen as f64)
                .with_label(format!("{chosen} kept"))
                .with_color(OTHER)
                .with_dasharray("6 4"),
        );
    }
    Some(Figure { plots, layout, svg: true })
}

pub(super) fn axes(plots: &[Plot], x: &str, y: &str) -> Layout {
    Layout::auto_from_plots(plots)
        .with_x_label(x)
        .with_y_label(y)
        .with_width(WIDTH)
        .with_height(HEIGHT)
        .with_show_grid(false)
}

/// Labels the powers of ten of a logarithmic axis and leaves the ticks between them bare: all would overlap.
pub(super) fn powers_of_ten() -> TickFormat {
    TickFormat::Custom(Arc::new(|value| {
        let power = value.log10();
        if (power - power.round()).abs() < 1e-6 { weight(value) } else { String::new() }
    }))
}

/// A name as it is: kuva would typeset what stands between dollar signs.
pub(super) fn label(name: &str) -> String {
    name.replace('$', "\\$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heat_map_colours_do_not_follow_the_datas_range() {
        let pictures =
            Pictures { units: 2, correlation: vec![Some(1.0), Some(0.5), Some(0.5), None], ..Pictures::default() };
        let figure = correlation(&pictures).unwrap();
        let scene = kuva::render::render::render_multiple(figure.plots, figure.layout);
        let svg = kuva::backend::svg::SvgBackend.render_scene(&scene);
        let [red, green, blue] = colours::diverging(0.5);
        for colour in ["#b2182b".to_string(), format!("#{red:02x}{green:02x}{blue:02x}"), "#b4bac2".into()] {
            assert!(svg.contains(&colour), "{colour} is not in the figure");
        }
        assert!(histogram(&pictures.histogram).is_none() && scatter(&pictures.scatter).is_none());
    }
}

//! Means against means: curves over a weight, or one named point each.

use kuva::{
    plot::{LinePlot, ScatterPlot},
    render::plots::Plot,
};

use super::{
    Figure,
    plots::{LEGEND, WIDTH, axes, label, powers_of_ten},
};
use crate::colours;

/// A plot of means with their intervals.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Chart {
    /// Label of the axis to the right.
    pub x_label: String,
    /// Label of the axis upwards.
    pub y_label: String,
    /// Whether the axis to the right is logarithmic; every x is above 0 then.
    pub log_x: bool,
    /// Whether the points of a series are joined in their order.
    pub joined: bool,
    /// What is plotted.
    pub series: Vec<ChartSeries>,
}

/// One series of a chart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChartSeries {
    /// Its name in the legend.
    pub name: String,
    /// x, y and half the height of the interval of y, if there is one.
    pub points: Vec<(f64, f64, Option<f64>)>,
}

/// The chart as SVG; `None` without a point. Points with a value that is not finite are left out, and so are those without
/// a positive x on a logarithmic axis.
pub fn chart_svg(chart: &Chart) -> Option<String> {
    let figure = figure(chart)?;
    let scene = kuva::render::render::render_multiple(figure.plots, figure.layout);
    Some(kuva::backend::svg::SvgBackend.render_scene(&scene))
}

/// Colour of intervals behind names.
const PALE: &str = "#d0d0d0";

/// x, y and half the height of the interval of y, 0 without one.
type Point = (f64, f64, f64);

/// What is drawn of a series, and its place among all: a series without a point takes no other's colour.
struct Series<'a> {
    at: usize,
    name: &'a str,
    points: Vec<Point>,
}

fn figure(chart: &Chart) -> Option<Figure> {
    let drawn = |(x, y, _): &&(f64, f64, Option<f64>)| x.is_finite() && y.is_finite() && (!chart.log_x || *x > 0.0);
    let series: Vec<Series> = chart
        .series
        .iter()
        .enumerate()
        .map(|(at, series)| {
            let points = series.points.iter().filter(drawn);
            let points = points.map(|&(x, y, half)| (x, y, half.filter(|h| h.is_finite()).unwrap_or(0.0)));
            Series { at, name: &series.name, points: points.collect() }
        })
        .filter(|series| !series.points.is_empty())
        .collect();
    if series.is_empty() {
        return None;
    }
    let plots = if chart.joined { curves(&series) } else { named_points(&series) };
    let width = if chart.joined { WIDTH + LEGEND } else { WIDTH + LEGEND / 2.0 };
    let layout = axes(&plots, &chart.x_label, &chart.y_label).with_width(width);
    let layout = if chart.log_x { layout.with_log_x().with_x_tick_format(powers_of_ten()) } else { layout };
    Some(Figure { plots, layout, svg: true })
}

fn places(points: &[Point]) -> impl Iterator<Item = (f64, f64)> {
    points.iter().map(|&(x, y, _)| (x, y))
}

fn with_intervals(points: &[Point]) -> ScatterPlot {
    ScatterPlot::new().with_data(places(points)).with_y_err(points.iter().map(|&(_, _, half)| half))
}

/// One line a series, with a legend.
fn curves(series: &[Series]) -> Vec<Plot> {
    let mut plots: Vec<Plot> = Vec::new();
    for Series { at, name, points } in series {
        let colour = colours::class(*at);
        if points.len() > 1 {
            plots.push(LinePlot::new().with_data(places(points)).with_color(colour).into());
        }
        let dots = with_intervals(points).with_color(colour).with_size(3.0);
        plots.push(dots.with_legend(label(name)).into());
    }
    plots
}

/// Every name beside its point: in a legend a dozen colours could not be told apart. Intervals are pale, for names to be read
/// across them.
fn named_points(series: &[Series]) -> Vec<Plot> {
    let points: Vec<Point> = series.iter().flat_map(|series| series.points.clone()).collect();
    let names = series.iter().flat_map(|series| series.points.iter().map(|_| label(series.name)));
    let dots = ScatterPlot::new().with_data(places(&points)).with_color(colours::class(0)).with_size(3.0);
    vec![
        with_intervals(&points).with_color(PALE).with_size(0.0).into(),
        dots.with_labels(names).with_repel_labels().into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_with_a_point_is_drawn_and_named() {
        let series =
            |name: &str, points: &[(f64, f64, Option<f64>)]| ChartSeries { name: name.into(), points: points.to_vec() };
        let mut chart = Chart {
            x_label: "weight".into(),
            y_label: "sparsity".into(),
            log_x: true,
            joined: true,
            series: vec![
                series("ten factors", &[(0.01, 0.3, Some(0.02)), (0.1, 0.5, None), (1.0, 0.9, Some(0.1))]),
                series("none", &[(0.0, 0.3, None), (f64::NAN, 0.2, None)]),
            ],
        };
        let svg = chart_svg(&chart).unwrap();
        assert!(svg.contains("ten factors") && svg.contains("sparsity") && !svg.contains("NaN"));
        assert!(!svg.contains(">none<"));
        chart.joined = false;
        let named = chart_svg(&chart).unwrap();
        assert_eq!((svg.matches("ten factors").count(), named.matches("ten factors").count()), (1, 3));
        chart.series.remove(0);
        assert_eq!(chart_svg(&chart), None);
    }
}

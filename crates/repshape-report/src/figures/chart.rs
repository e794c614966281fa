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

fn figure(chart: &Chart) -> Option<Figure> {
    let mut plots: Vec<Plot> = Vec::new();
    for (at, series) in chart.series.iter().enumerate() {
        let drawn = |(x, y, _): &&(f64, f64, Option<f64>)| x.is_finite() && y.is_finite() && (!chart.log_x || *x > 0.0);
        let points: Vec<(f64, f64, f64)> = series
            .points
            .iter()
            .filter(drawn)
            .map(|&(x, y, half)| (x, y, half.filter(|h| h.is_finite()).unwrap_or(0.0)))
            .collect();
        if points.is_empty() {
            continue;
        }
        let places: Vec<(f64, f64)> = points.iter().map(|&(x, y, _)| (x, y)).collect();
        let colour = colours::class(at);
        if chart.joined && places.len() > 1 {
            plots.push(LinePlot::new().with_data(places.clone()).with_color(colour).into());
        }
        let dots = ScatterPlot::new().with_data(places).with_y_err(points.iter().map(|&(_, _, half)| half));
        plots.push(dots.with_color(colour).with_size(3.0).with_legend(label(&series.name)).into());
    }
    if plots.is_empty() {
        return None;
    }
    let layout = axes(&plots, &chart.x_label, &chart.y_label).with_width(WIDTH + LEGEND);
    let layout = if chart.log_x { layout.with_log_x().with_x_tick_format(powers_of_ten()) } else { layout };
    Some(Figure { plots, layout, svg: true })
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
        chart.series.remove(0);
        assert_eq!(chart_svg(&chart), None);
    }
}

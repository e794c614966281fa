//! The spectrum and the unit variances of one site.

use kuva::{
    plot::LinePlot,
    render::{annotations::ReferenceLine, plots::Plot},
};
use repshape_stats::pictures::Pictures;

use super::{
    Figure,
    plots::{BEST, CURVES, LEGEND, OTHER, WIDTH, axes, powers_of_ten},
};
use crate::{
    charts::{by_unit, spectrum as chart},
    number::whole_or_significant,
};

/// The eigenvalues on logarithmic axes, each rank measure as a dashed line of its colour in the legend.
pub(super) fn spectrum(pictures: &Pictures, marks: &[chart::Mark]) -> Option<Figure> {
    let values = chart::above_rounding(pictures);
    if values.len() < 2 {
        return None;
    }
    let points: Vec<(f64, f64)> = values.iter().enumerate().map(|(at, value)| ((at + 1) as f64, *value)).collect();
    let ends = (values[values.len() - 1], values[0]);
    let mut plots: Vec<Plot> = vec![LinePlot::new().with_data(points).with_color("#1b2430").into()];
    for mark in marks {
        let line = LinePlot::new().with_data([(mark.value, ends.0), (mark.value, ends.1)]).with_dashed();
        plots.push(
            line.with_color(dye(mark.colour))
                .with_legend(format!("{} {}", mark.title, whole_or_significant(mark.value)))
                .into(),
        );
    }
    let layout = axes(&plots, "direction", "eigenvalue of the covariance")
        .with_width(WIDTH + LEGEND)
        .with_log_x()
        .with_log_y()
        .with_x_tick_format(powers_of_ten())
        .with_y_tick_format(powers_of_ten());
    Some(Figure { plots, layout, svg: true })
}

/// The page's colours by their CSS variables.
fn dye(colour: &str) -> &'static str {
    let number = colour.strip_prefix("curve-").and_then(|number| number.parse::<usize>().ok());
    number.and_then(|number| CURVES.get(number.wrapping_sub(1))).unwrap_or(&OTHER)
}

/// Variances of the units, largest first; dashed where the first units hold 90 %.
pub(super) fn variances(pictures: &Pictures, ud90: Option<usize>) -> Option<Figure> {
    let ranked = by_unit::ranked(&pictures.variances);
    if ranked.first().is_none_or(|first| first.value <= 0.0) {
        return None;
    }
    // each unit is a step as wide as itself
    let steps = ranked.iter().flat_map(|unit| {
        let value = f64::from(unit.value);
        [(unit.rank as f64 + 0.5, value), (unit.rank as f64 + 1.5, value)]
    });
    let line = LinePlot::new().with_data(steps.collect::<Vec<_>>()).with_color(BEST).with_fill().with_fill_opacity(0.3);
    let plots: Vec<Plot> = vec![line.into()];
    let mut layout = axes(&plots, "units, largest variance first", "variance")
        .with_x_axis_min(0.5)
        .with_x_axis_max(ranked.len() as f64 + 0.5);
    if let Some(count) = ud90 {
        layout = layout.with_reference_line(
            ReferenceLine::vertical(count as f64)
                .with_label(format!("UD90 {count}"))
                .with_color(OTHER)
                .with_dasharray("6 4"),
        );
    }
    Some(Figure { plots, layout, svg: true })
}

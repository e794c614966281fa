//! Learning curves: errors in percent above, the terms of the objective on a logarithmic axis below.

use serde_json::{Value, json};

use super::{colour, format_by, in_percent, value_axis, with};
use crate::page::Curve;

/// The option; `None` when no curve has a finite value to draw.
pub(crate) fn option(history: &[Curve]) -> Option<Value> {
    let (errors, terms): (Vec<&Curve>, Vec<&Curve>) = history.iter().partition(|curve| is_error(&curve.name));
    let errors: Vec<(&str, Vec<Value>)> =
        errors.iter().filter_map(|curve| points(curve, f64::is_finite, in_percent)).collect();
    let terms: Vec<(&str, Vec<Value>)> = terms
        .iter()
        .filter_map(|curve| points(curve, |value| value.is_finite() && value > 0.0, |value| json!(value)))
        .collect();
    if errors.is_empty() && terms.is_empty() {
        return None;
    }
    let top = errors_top(history);
    // the legend wraps at about three names a line
    let legend = 26 + 16 * (errors.len() + terms.len()).div_ceil(3);
    let mut grids = Vec::new();
    let (mut x_axes, mut y_axes, mut series) = (Vec::new(), Vec::new(), Vec::new());
    let both = !errors.is_empty() && !terms.is_empty();
    let mut dye = 0;
    for (curves, unit, log) in [(&errors, "error, %", false), (&terms, "terms", true)] {
        if curves.is_empty() {
            continue;
        }
        let at = grids.len();
        grids.push(match (both, at) {
            (true, 0) => json!({ "left": 46, "right": 14, "top": legend, "bottom": "58%" }),
            (true, _) => json!({ "left": 46, "right": 14, "top": "54%", "bottom": 36 }),
            _ => json!({ "left": 46, "right": 14, "top": legend, "bottom": 36 }),
        });
        let last = !both || at == 1;
        x_axes.push(with(value_axis(if last { "epoch" } else { "" }), json!({
            "gridIndex": at, "nameLocation": "middle", "nameGap": 22, "splitLine": { "show": false }, "minInterval": 1,
            "axisLine": { "show": true, "onZero": false, "lineStyle": { "color": colour("hairline") } },
            "axisLabel": { "show": last, "color": colour("muted"), "hideOverlap": true },
        })));
        y_axes.push(with(
            value_axis(unit),
            json!({
                "gridIndex": at, "type": if log { "log" } else { "value" }, "nameGap": 6,
                "max": if log { None } else { top.map(in_percent) }, "scale": log,
                "nameTextStyle": { "color": colour("muted"), "align": "left" },
                "axisLabel": { "color": colour("muted"), "hideOverlap": true, "formatter": format_by("short") },
            }),
        ));
        for (name, points) in curves {
            series.push(json!({
                "name": name, "type": "line", "xAxisIndex": at, "yAxisIndex": at, "data": points,
                "showSymbol": points.len() == 1, "symbol": "circle", "symbolSize": 4, "lineStyle": { "width": 1.75 },
                "color": colour(["curve-1", "curve-2", "curve-3", "curve-4", "curve-5"][dye % 5]),
            }));
            dye += 1;
        }
    }
    Some(json!({
        "grid": grids, "xAxis": x_axes, "yAxis": y_axes, "series": series,
        "legend": { "top": 0, "left": 0, "itemWidth": 14, "itemHeight": 3, "icon": "roundRect", "itemGap": 12,
            "textStyle": { "color": colour("ink"), "fontSize": 11 } },
        "tooltip": { "trigger": "axis", "formatter": format_by("epoch"), "axisPointer": { "lineStyle": { "color": colour("muted") } } },
    }))
}

/// The top of the error axis where the first epochs would squash the last ones: five times the largest last error,
/// at least 2 %; `None` when all errors are lower. Higher errors leave the chart at its top.
fn errors_top(history: &[Curve]) -> Option<f64> {
    let finite = |curve: &Curve| curve.values.iter().copied().filter(|value| value.is_finite()).collect::<Vec<f64>>();
    let errors: Vec<Vec<f64>> = history.iter().filter(|curve| is_error(&curve.name)).map(finite).collect();
    let last = errors.iter().filter_map(|values| values.last().copied()).reduce(f64::max)?;
    let highest = errors.iter().flatten().copied().reduce(f64::max)?;
    // whole percents, so that the axis ends on a tick
    let top = (500.0 * last).max(2.0).ceil() / 100.0;
    (top < highest).then_some(top)
}

/// Whether the curve is a share of errors.
pub(crate) fn is_error(name: &str) -> bool {
    name.ends_with("error")
}

/// `[epoch, value]` of each epoch, `null` as a gap; `None` when no value can be drawn.
fn points(curve: &Curve, drawable: fn(f64) -> bool, show: fn(f64) -> Value) -> Option<(&str, Vec<Value>)> {
    if !curve.values.iter().any(|&value| drawable(value)) {
        return None;
    }
    let points = curve.epochs.iter().zip(&curve.values);
    let points = points.map(|(epoch, &value)| json!([epoch, if drawable(value) { show(value) } else { Value::Null }]));
    Some((&curve.name, points.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(name: &str, values: &[f64]) -> Curve {
        Curve { name: name.into(), epochs: (1..=values.len() as u32).collect(), values: values.to_vec() }
    }

    #[test]
    fn errors_and_terms_have_axes_of_their_own_and_gaps_stay_gaps() {
        let option = option(&[curve("task", &[1.0, f64::NAN, 0.0]), curve("train error", &[0.5, 0.25])]).unwrap();
        assert_eq!(option["grid"].as_array().unwrap().len(), 2);
        assert_eq!(option["series"][0]["data"], json!([[1, 50.0], [2, 25.0]]));
        assert_eq!(option["series"][1]["data"], json!([[1, 1.0], [2, null], [3, null]]));
        assert_eq!(option["yAxis"][1]["type"], "log");
    }

    #[test]
    fn first_epochs_do_not_squash_the_last() {
        assert_eq!(
            errors_top(&[curve("train error", &[0.9, 0.1, 0.0]), curve("test error", &[0.8, 0.03])]),
            Some(0.15)
        );
        assert_eq!(errors_top(&[curve("train error", &[0.9, 0.5])]), None);
        assert_eq!(errors_top(&[curve("task", &[0.9, 0.5])]), None);
    }

    #[test]
    fn one_kind_fills_the_chart_and_none_draws_nothing() {
        assert_eq!(option(&[curve("task", &[1.0])]).unwrap()["grid"].as_array().unwrap().len(), 1);
        assert!(option(&[curve("task", &[f64::NAN])]).is_none());
        assert!(option(&[]).is_none());
    }
}

//! Validation error against a regularizer's weight, the chosen weight marked.

use serde_json::{Value, json};

use super::{colour, format_by, value_axis, with};
use crate::{criterion::Criterion, page::RegularizerRow};

/// Errors (or losses), not in percent, at the foot and the top of the axis that the tuning charts of a study share.
///
/// The top is twice the error of the regularizer that tunes worst, or the highest error of all if that is
/// less: every chosen weight is inside, and one that ruins the network is marked at the edge.
pub(crate) fn shared_range(table: &[RegularizerRow]) -> Option<(f64, f64)> {
    let errors = |row: &RegularizerRow| -> Vec<f64> {
        row.tuning.iter().filter_map(|&(_, error)| error).filter(|error| error.is_finite()).collect()
    };
    let of_rows: Vec<Vec<f64>> = table.iter().map(errors).collect();
    let best = || of_rows.iter().filter_map(|errors| errors.iter().copied().reduce(f64::min));
    let lowest = best().reduce(f64::min)?;
    let worst_best = best().reduce(f64::max)?;
    let highest = of_rows.iter().flatten().copied().reduce(f64::max)?;
    let top = if worst_best > 0.0 { highest.min(2.0 * worst_best) } else { highest };
    Some((lowest, top.max(lowest + 1e-3)))
}

/// The option for one row; `None` when it tried fewer than two positive weights.
pub(crate) fn option(row: &RegularizerRow, (lowest, top): (f64, f64), criterion: Criterion) -> Option<Value> {
    let plotted = |value: f64| json!(criterion.plotted(value));
    let mut tried: Vec<(f64, Option<f64>)> =
        row.tuning.iter().copied().filter(|(weight, _)| weight.is_finite() && *weight > 0.0).collect();
    if tried.len() < 2 {
        return None;
    }
    tried.sort_by(|a, b| a.0.total_cmp(&b.0));
    let margin = 0.08 * (top - lowest);
    let mut line = Vec::new();
    let mut beyond = Vec::new();
    for (weight, error) in tried {
        let chosen = row.weight.is_some_and(|chosen| (chosen / weight - 1.0).abs() < 1e-9);
        match error.filter(|error| error.is_finite()) {
            Some(error) if error <= top => line.push(json!({
                "value": [weight, plotted(error)],
                "symbolSize": if chosen { 11 } else { 6 },
                "itemStyle": { "color": colour(if chosen { "best" } else { "muted" }) },
            })),
            other => {
                line.push(json!([weight, null]));
                beyond.push(json!({
                    "value": [weight, plotted(top + margin), other.map(plotted)],
                    "symbol": if other.is_some() { "triangle" } else { "path://M0,0 L10,10 M10,0 L0,10" },
                }));
            }
        }
    }
    Some(json!({
        "grid": { "left": 6, "right": 14, "top": 22, "bottom": 6, "containLabel": true },
        "percent": criterion == Criterion::Error,
        "tooltip": { "trigger": "item", "formatter": format_by("tuning") },
        "xAxis": with(value_axis(""), json!({
            "type": "log", "splitLine": { "show": false },
            "axisLabel": { "color": colour("muted"), "hideOverlap": true, "formatter": format_by("weight") },
        })),
        "yAxis": with(value_axis(criterion.unit().trim()), json!({
            "min": plotted(lowest - margin), "max": plotted(top + 2.0 * margin),
            "axisLabel": { "color": colour("muted"), "showMinLabel": false, "showMaxLabel": false, "formatter": format_by("short") },
            "nameGap": 6,
        })),
        "series": [
            { "name": "validation", "type": "line", "data": line, "symbol": "circle", "lineStyle": { "color": colour("muted"), "width": 1.5 }, "connectNulls": false },
            { "name": "off the scale", "type": "scatter", "data": beyond, "symbolSize": 8, "itemStyle": { "color": colour("warn"), "borderColor": colour("warn"), "borderWidth": 1 } },
        ],
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(tuning: &[(f64, Option<f64>)]) -> RegularizerRow {
        RegularizerRow {
            regularizer: "l1".into(),
            weight: Some(0.1),
            trials: 1,
            diverged: 0,
            test_error: None,
            test_errors: Vec::new(),
            measures: Default::default(),
            best: false,
            tied: false,
            tuning: tuning.to_vec(),
        }
    }

    #[test]
    fn ruined_and_diverged_weights_stand_at_the_edge() {
        let row = row(&[(1.0, Some(0.9)), (0.1, Some(0.02)), (10.0, None), (0.01, Some(0.03)), (0.0, Some(0.04))]);
        let range = shared_range(std::slice::from_ref(&row)).unwrap();
        assert_eq!(range, (0.02, 0.04));
        let option = option(&row, range, Criterion::Error).unwrap();
        assert_eq!(option["series"][0]["data"][0]["value"], json!([0.01, 3.0]));
        assert_eq!(option["series"][0]["data"][1]["symbolSize"], 11);
        assert_eq!(option["series"][0]["data"][2], json!([1.0, null]));
        assert_eq!(option["series"][1]["data"][0]["value"][2], 90.0);
        assert_eq!(option["series"][1]["data"][1]["value"][2], Value::Null);
    }

    #[test]
    fn nothing_to_draw_without_weights() {
        assert!(shared_range(&[row(&[(1.0, None)])]).is_none());
        assert!(option(&row(&[(1.0, Some(0.1))]), (0.1, 0.2), Criterion::Error).is_none());
    }
}

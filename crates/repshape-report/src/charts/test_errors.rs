//! Test errors: each trial as a dot, mean ± standard deviation as a bar, the baseline as a line.

use serde_json::{Value, json};

use super::{colour, format_by, value_axis, with};
use crate::{criterion::Criterion, headline::BASELINE, page::RegularizerRow};

/// The option, rows from top to bottom in the table's order.
pub(crate) fn option(table: &[RegularizerRow], criterion: Criterion) -> Value {
    let plotted = |value: f64| json!(criterion.plotted(value));
    let names: Vec<&str> = table.iter().map(|row| row.regularizer.as_str()).collect();
    let mut trials = Vec::new();
    let mut means = Vec::new();
    let mut bars = Vec::new();
    let mut ends = Vec::new();
    for (at, row) in table.iter().enumerate() {
        trials
            .extend(row.test_errors.iter().filter(|error| error.is_finite()).map(|&error| json!([plotted(error), at])));
        let Some(error) = row.test_error.filter(|error| error.mean.is_finite()) else {
            continue;
        };
        let emphasis = if row.best {
            "best"
        } else if row.tied {
            "tied"
        } else {
            "plain"
        };
        let std = if error.std.is_finite() { error.std } else { 0.0 };
        means.push(json!({
            "value": [plotted(error.mean), at, plotted(std)],
            "itemStyle": { "color": colour(if row.tied && !row.best { "paper" } else { emphasis }), "borderColor": colour(emphasis), "borderWidth": 2 },
        }));
        ends.extend([error.mean - std, error.mean + std].map(|end| json!([plotted(end), at])));
        bars.push(json!([
            { "coord": [plotted(error.mean - std), at], "lineStyle": { "color": colour(emphasis) } },
            { "coord": [plotted(error.mean + std), at] },
        ]));
    }
    let baseline: Vec<Value> = table
        .iter()
        .filter(|row| row.regularizer == BASELINE)
        .filter_map(|row| row.test_error)
        .map(|error| json!({ "xAxis": plotted(error.mean) }))
        .collect();
    json!({
        "grid": { "left": 8, "right": 20, "top": 26, "bottom": 40, "containLabel": true },
        "percent": criterion == Criterion::Error,
        "tooltip": { "trigger": "item", "formatter": format_by("testError") },
        "xAxis": with(value_axis(&format!("test {}", criterion.label())), json!({
            "nameLocation": "middle", "nameGap": 26, "splitNumber": 6,
        })),
        "yAxis": {
            "type": "category", "data": names, "inverse": true,
            "axisLine": { "show": false }, "axisTick": { "show": false },
            "axisLabel": { "color": colour("ink"), "fontSize": 13, "interval": 0, "width": 120, "overflow": "truncate" },
        },
        "series": [
            {
                "name": "mean", "type": "scatter", "symbol": "circle", "symbolSize": 11, "z": 4, "data": means,
                "markLine": {
                    "silent": true, "symbol": "none", "animation": false, "label": { "show": false },
                    "lineStyle": { "type": "solid", "width": 3, "cap": "round" }, "data": bars,
                },
            },
            // the axis takes its range from points, not from lines
            { "name": "ends", "type": "scatter", "silent": true, "symbolSize": 0, "data": ends },
            {
                "name": "trial", "type": "scatter", "symbol": "circle", "symbolSize": 6, "symbolOffset": [0, 9], "z": 3,
                "itemStyle": { "color": colour("muted"), "opacity": 0.55 }, "data": trials,
                "markLine": {
                    // two decimals unless told, which are none of a small loss
                    "silent": true, "symbol": "none", "animation": false, "precision": 9,
                    "label": { "formatter": BASELINE, "color": colour("muted"), "position": "start", "distance": 6 },
                    "lineStyle": { "type": [3, 4], "width": 1, "color": colour("muted") }, "data": baseline,
                },
            },
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Spread;

    fn row(name: &str, error: Option<f64>, trials: &[f64]) -> RegularizerRow {
        RegularizerRow {
            regularizer: name.into(),
            weight: None,
            trials: trials.len(),
            diverged: 0,
            test_error: error.map(|mean| Spread { mean, std: 0.005 }),
            test_errors: trials.to_vec(),
            measures: Default::default(),
            best: name == "l1",
            tied: false,
            tuning: Vec::new(),
        }
    }

    #[test]
    fn rows_keep_the_tables_order_and_undefined_ones_keep_their_place() {
        let option = option(
            &[row(BASELINE, Some(0.03), &[0.02, 0.04]), row("rr", None, &[f64::NAN]), row("l1", Some(0.02), &[0.02])],
            Criterion::Error,
        );
        assert_eq!(option["yAxis"]["data"], json!([BASELINE, "rr", "l1"]));
        assert_eq!(option["series"][2]["data"], json!([[2.0, 0], [4.0, 0], [2.0, 2]]));
        assert_eq!(option["series"][0]["data"][1]["value"], json!([2.0, 2, 0.5]));
        assert_eq!(option["series"][0]["markLine"]["data"][0][0]["coord"], json!([2.5, 0]));
        assert_eq!(option["series"][2]["markLine"]["data"], json!([{ "xAxis": 3.0 }]));
    }
}

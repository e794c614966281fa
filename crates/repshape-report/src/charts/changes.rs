//! Changes of the characteristics as a forest plot: each difference and its interval over the size of the first value.

use serde_json::{Value, json};

use super::{colour, format_by, in_percent, value_axis, with};
use crate::{definitions, page::Change};

/// A difference and its interval as multiples of `|a|`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scaled {
    pub difference: f64,
    pub interval: Option<(f64, f64)>,
}

/// The change over `|a|`; `None` where it is undefined or `a` is 0.
pub(crate) fn scaled(change: &Change) -> Option<Scaled> {
    let size = change.a.map(f64::abs).filter(|size| *size > 0.0)?;
    let finite = |value: Option<f64>| value.map(|value| value / size).filter(|value| value.is_finite());
    Some(Scaled { difference: finite(change.difference)?, interval: finite(change.low).zip(finite(change.high)) })
}

/// Whether the interval is there and leaves 0 out.
pub(crate) fn excludes_zero(change: &Change) -> bool {
    matches!((change.low, change.high), (Some(low), Some(high)) if low > 0.0 || high < 0.0)
}

/// The rows that the chart shows, in the order given.
pub(crate) fn drawn(changes: &[Change]) -> Vec<(&Change, Scaled)> {
    changes.iter().filter_map(|change| Some((change, scaled(change)?))).collect()
}

/// The option; `None` when no change can be drawn. What is far beyond the others stands at the edge with its value.
pub(crate) fn option(changes: &[Change]) -> Option<Value> {
    let rows = drawn(changes);
    if rows.is_empty() {
        return None;
    }
    let limit = limit(&rows.iter().map(|(_, scaled)| reach(scaled)).collect::<Vec<f64>>());
    let inside = |value: f64| value.clamp(-limit, limit);
    let (mut dots, mut bars, mut ends, mut beyond) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (at, (change, scaled)) in rows.iter().enumerate() {
        let certain = excludes_zero(change);
        let dye = if certain { "best" } else { "plain" };
        if let Some((low, high)) = scaled.interval {
            bars.push(json!([
                { "coord": [in_percent(inside(low)), at], "lineStyle": { "color": colour(dye) } },
                { "coord": [in_percent(inside(high)), at] },
            ]));
            ends.extend([low, high].map(|end| json!([in_percent(inside(end)), at])));
        }
        if scaled.difference.abs() > limit {
            let up = scaled.difference > 0.0;
            beyond.push(json!({
                "value": [in_percent(inside(scaled.difference)), at], "symbol": "triangle",
                "symbolRotate": if up { -90 } else { 90 },
                "itemStyle": { "color": colour(dye) },
                "label": { "show": true, "position": if up { "left" } else { "right" }, "color": colour("muted"),
                    "fontSize": 11, "formatter": signed_percent(scaled.difference) },
            }));
        } else {
            let filled = certain || scaled.interval.is_none();
            dots.push(json!({
                "value": [in_percent(scaled.difference), at],
                "itemStyle": { "color": colour(if filled { dye } else { "paper" }), "borderColor": colour(dye), "borderWidth": 2 },
            }));
        }
    }
    let names: Vec<&str> =
        rows.iter().flat_map(|(change, _)| definitions::columns([change.measure.as_str()])).map(|c| c.title).collect();
    let texts: Vec<[String; 2]> = rows
        .iter()
        .map(|(_, scaled)| {
            let interval =
                scaled.interval.map(|(low, high)| format!("{} to {}", signed_percent(low), signed_percent(high)));
            [signed_percent(scaled.difference), interval.unwrap_or_default()]
        })
        .collect();
    Some(json!({
        "grid": { "left": 8, "right": 20, "top": 8, "bottom": 40, "containLabel": true },
        "tooltip": { "trigger": "item", "formatter": format_by("change") },
        "texts": texts,
        "xAxis": with(value_axis("difference, % of the first"), json!({
            "nameLocation": "middle", "nameGap": 26, "splitNumber": 6,
        })),
        "yAxis": {
            "type": "category", "data": names, "inverse": true, "axisLine": { "show": false }, "axisTick": { "show": false },
            "axisLabel": { "color": colour("ink"), "fontSize": 12.5, "interval": 0, "width": 140, "overflow": "truncate" },
        },
        "series": [
            {
                "name": "difference", "type": "scatter", "symbol": "circle", "symbolSize": 10, "z": 4, "data": dots,
                "markLine": {
                    "silent": true, "symbol": "none", "animation": false, "label": { "show": false },
                    "lineStyle": { "type": "solid", "width": 3, "cap": "round" }, "data": bars,
                },
            },
            // the axis takes its range from points, not from lines
            {
                "name": "ends", "type": "scatter", "silent": true, "symbolSize": 0, "data": ends,
                "markLine": {
                    "silent": true, "symbol": "none", "animation": false, "label": { "show": false },
                    "lineStyle": { "type": "solid", "width": 1, "color": colour("muted") }, "data": [{ "xAxis": 0 }],
                },
            },
            { "name": "beyond", "type": "scatter", "symbolSize": 10, "z": 5, "data": beyond },
        ],
    }))
}

/// How far a row reaches from 0.
fn reach(scaled: &Scaled) -> f64 {
    let (low, high) = scaled.interval.unwrap_or((0.0, 0.0));
    scaled.difference.abs().max(low.abs()).max(high.abs())
}

/// Where the axis is cut: at the farthest row that is within four times the upper quartile.
fn limit(reaches: &[f64]) -> f64 {
    let mut sorted = reaches.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let quartile = sorted[3 * (sorted.len() - 1) / 4];
    sorted.iter().copied().rfind(|reach| *reach <= 4.0 * quartile).unwrap_or(quartile)
}

/// `+12.3 %`, `−0.41 %`.
fn signed_percent(share: f64) -> String {
    let percent = 100.0 * share;
    let text = match percent.abs() {
        large if large >= 100.0 => format!("{percent:+.0}"),
        middle if middle >= 10.0 => format!("{percent:+.1}"),
        _ => format!("{percent:+.2}"),
    };
    format!("{} %", text.replace('-', "−"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(measure: &str, a: f64, difference: f64, interval: Option<(f64, f64)>) -> Change {
        Change {
            measure: measure.into(),
            a: Some(a),
            b: Some(a + difference),
            difference: Some(difference),
            low: interval.map(|interval| interval.0),
            high: interval.map(|interval| interval.1),
        }
    }

    #[test]
    fn differences_are_over_the_size_of_the_first() {
        let found = scaled(&change("covariance", -2.0, 1.0, Some((0.5, 1.5)))).unwrap();
        assert_eq!(found, Scaled { difference: 0.5, interval: Some((0.25, 0.75)) });
        assert!(scaled(&change("dead_units", 0.0, 1.0, None)).is_none());
        assert!(scaled(&Change::default()).is_none());
    }

    #[test]
    fn an_interval_that_leaves_out_zero_is_filled() {
        let changes = [change("sparsity", 1.0, 0.1, Some((0.05, 0.2))), change("rank", 10.0, 1.0, Some((-1.0, 3.0)))];
        assert!(excludes_zero(&changes[0]) && !excludes_zero(&changes[1]));
        assert!(!excludes_zero(&change("rank", 1.0, 1.0, None)));
        let option = option(&changes).unwrap();
        assert_eq!(option["yAxis"]["data"], json!(["Sparsity", "Rank"]));
        assert_eq!(option["series"][0]["data"][0]["itemStyle"]["color"], colour("best"));
        assert_eq!(option["series"][0]["data"][1]["itemStyle"]["color"], colour("paper"));
        assert_eq!(option["series"][1]["data"][2], json!([-10.0, 1]));
    }

    #[test]
    fn one_giant_does_not_squash_the_rest() {
        let mut changes: Vec<Change> = (1..=7).map(|at| change("rank", 1.0, 0.01 * f64::from(at), None)).collect();
        changes.push(change("variance", 1.0, 43.0, Some((40.0, 50.0))));
        let option = option(&changes).unwrap();
        let beyond = &option["series"][2]["data"][0];
        assert_eq!(beyond["value"], json!([7.000000000000001, 7]));
        assert_eq!(beyond["label"]["formatter"], "+4300 %");
        assert_eq!(option["series"][0]["data"].as_array().unwrap().len(), 7);
        assert!(super::option(&[Change::default()]).is_none());
    }
}

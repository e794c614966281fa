//! One unit's values, stacked by class.

use repshape_stats::pictures::ClassHistogram;
use serde_json::{Value, json};

use super::{colour, format_by, value_axis, with};
use crate::{colours, number::significant};

/// The option; `None` when the edges do not fit the counts or nothing was counted.
///
/// A bin that towers over the rest (after a ReLU: the zeros) is cut at the top and carries its count.
pub(crate) fn option(histogram: &ClassHistogram) -> Option<Value> {
    let bins = histogram.edges.len().checked_sub(1)?;
    if bins == 0 || histogram.counts.iter().any(|counts| counts.len() != bins) {
        return None;
    }
    let totals: Vec<u64> = (0..bins).map(|bin| histogram.counts.iter().map(|counts| counts[bin]).sum()).collect();
    if totals.iter().all(|&total| total == 0) {
        return None;
    }
    let cut = cut(&totals);
    let labelled = histogram.counts.len() > 1;
    let mut series: Vec<Value> = histogram
        .counts
        .iter()
        .enumerate()
        .map(|(k, counts)| {
            json!({
                "name": if labelled { format!("class {k}") } else { "all rows".into() },
                "type": "bar", "stack": "rows", "barCategoryGap": "6%", "data": counts,
                "itemStyle": { "color": if labelled { json!(colours::class(k)) } else { colour("best") } },
            })
        })
        .collect();
    if let (Some(height), Some(first)) = (cut, series.first_mut()) {
        let marks: Vec<Value> = totals
            .iter()
            .enumerate()
            .filter(|(_, total)| **total as f64 > height)
            .map(|(bin, total)| json!({ "coord": [bin, height], "value": format!("↑ {total}") }))
            .collect();
        first["markPoint"] = json!({
            "silent": true, "symbol": "rect", "symbolSize": 0, "data": marks,
            "label": { "position": "right", "distance": 8, "color": colour("muted"), "fontSize": 11 },
        });
    }
    let middles: Vec<String> = histogram.edges.windows(2).map(|pair| significant((pair[0] + pair[1]) / 2.0)).collect();
    let ranges: Vec<[String; 2]> =
        histogram.edges.windows(2).map(|pair| [significant(pair[0]), significant(pair[1])]).collect();
    Some(json!({
        "grid": { "left": 6, "right": 12, "top": 22, "bottom": 26, "containLabel": true },
        "tooltip": { "trigger": "item", "formatter": format_by("histogram") },
        "bins": ranges,
        "xAxis": {
            "type": "category", "data": middles, "name": format!("activation of unit {}", histogram.unit),
            "nameLocation": "middle", "nameGap": 24, "nameTextStyle": { "color": colour("muted") },
            "axisTick": { "show": false }, "axisLine": { "lineStyle": { "color": colour("hairline") } },
            "axisLabel": { "color": colour("muted"), "hideOverlap": true },
        },
        "yAxis": with(value_axis("rows"), json!({ "scale": false, "max": cut, "nameGap": 8,
            "axisLabel": { "color": colour("muted"), "showMaxLabel": false, "hideOverlap": true } })),
        "series": series,
    }))
}

/// The axis' top when one bin is over three times as high as the next one.
pub(crate) fn cut(totals: &[u64]) -> Option<f64> {
    let mut sorted = totals.to_vec();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    match sorted[..] {
        [first, second, ..] if second > 0 && first > 3 * second => Some((1.25 * second as f64).ceil()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(counts: &[&[u64]], edges: &[f64]) -> ClassHistogram {
        ClassHistogram { unit: 7, edges: edges.to_vec(), counts: counts.iter().map(|counts| counts.to_vec()).collect() }
    }

    #[test]
    fn classes_are_stacked_in_their_colours() {
        let option = option(&histogram(&[&[3, 0], &[1, 2]], &[0.0, 1.0, 2.0])).unwrap();
        assert_eq!(option["series"][1]["data"], json!([1, 2]));
        assert_eq!(option["series"][1]["itemStyle"]["color"], colours::class(1));
        assert_eq!(option["yAxis"]["max"], Value::Null);
        assert_eq!(option["xAxis"]["name"], "activation of unit 7");
    }

    #[test]
    fn a_towering_bin_is_cut_and_says_its_count() {
        let option = option(&histogram(&[&[900, 4, 3], &[100, 4, 1]], &[0.0, 1.0, 2.0, 3.0])).unwrap();
        assert_eq!(option["yAxis"]["max"], 10.0);
        assert_eq!(option["series"][0]["markPoint"]["data"], json!([{ "coord": [0, 10.0], "value": "↑ 1000" }]));
    }

    #[test]
    fn nothing_counted_or_edges_that_do_not_fit_draw_nothing() {
        assert!(option(&histogram(&[&[0, 0]], &[0.0, 1.0, 2.0])).is_none());
        assert!(option(&histogram(&[&[1]], &[0.0, 1.0, 2.0])).is_none());
        assert!(option(&histogram(&[], &[])).is_none());
    }
}

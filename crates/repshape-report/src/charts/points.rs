//! Rows as dots coloured by class: a scatter of two units, or of two principal components.

use repshape_stats::pictures::{Components, Scatter};
use serde_json::{Value, json};

use super::{colour, format_by, value_axis, with};
use crate::{base64, colours};

/// Values of two units; `None` without points.
pub(crate) fn scatter(scatter: &Scatter) -> Option<Value> {
    let [first, second] = scatter.units;
    dots(&scatter.points, &scatter.labels, [format!("unit {first}"), format!("unit {second}")])
}

/// The first two principal components; `None` without points.
pub(crate) fn components(components: &Components) -> Option<Value> {
    let points: Vec<[f32; 2]> = components.points.iter().map(|point| [point[0], point[1]]).collect();
    dots(&points, &components.labels, [0, 1].map(|axis| axis_name(components, axis)))
}

/// `PC1, 41 %`: the share of the variance on that axis, where known.
pub(crate) fn axis_name(components: &Components, axis: usize) -> String {
    match components.variance_share.get(axis) {
        Some(share) if share.is_finite() => format!("PC{}, {:.0} %", axis + 1, 100.0 * share),
        _ => format!("PC{}", axis + 1),
    }
}

/// The finite points of each class that has any, in order of class; without labels, all of them as one.
pub(crate) fn by_class(points: &[[f32; 2]], labels: &[u32]) -> Vec<(Option<usize>, Vec<[f32; 2]>)> {
    let finite = |point: &&[f32; 2]| point.iter().all(|value| value.is_finite());
    if labels.len() != points.len() {
        let all: Vec<[f32; 2]> = points.iter().filter(finite).copied().collect();
        return if all.is_empty() { Vec::new() } else { vec![(None, all)] };
    }
    let mut classes = std::collections::BTreeMap::<u32, Vec<[f32; 2]>>::new();
    for (point, label) in points.iter().zip(labels).filter(|(point, _)| finite(point)) {
        classes.entry(*label).or_default().push(*point);
    }
    classes.into_iter().map(|(class, points)| (Some(class as usize), points)).collect()
}

fn dots(points: &[[f32; 2]], labels: &[u32], [x, y]: [String; 2]) -> Option<Value> {
    let series: Vec<Value> = by_class(points, labels)
        .into_iter()
        .map(|(class, points)| {
            json!({
                "name": class.map_or("all rows".into(), |k| format!("class {k}")),
                "type": "scatter", "symbolSize": 4.5, "symbol": colours::symbol(class.unwrap_or(0)),
                "itemStyle": { "color": class.map_or(colour("best"), |k| json!(colours::class(k))), "opacity": 0.65 },
                "data": { "$f32": base64::encode_f32(points.into_iter().flatten()), "columns": 2 },
            })
        })
        .collect();
    if series.is_empty() {
        return None;
    }
    let axis = |name: String| {
        with(
            value_axis(&name),
            json!({
                "nameLocation": "middle", "splitLine": { "show": false },
                "axisLine": { "show": true, "onZero": false, "lineStyle": { "color": colour("hairline") } },
                "axisLabel": { "color": colour("muted"), "hideOverlap": true, "formatter": format_by("short") },
            }),
        )
    };
    Some(json!({
        "grid": { "left": 26, "right": 12, "top": 10, "bottom": 26, "containLabel": true },
        "tooltip": { "trigger": "item", "formatter": format_by("point") },
        "xAxis": with(axis(x), json!({ "nameGap": 24 })),
        "yAxis": with(axis(y), json!({ "nameGap": 34 })),
        "series": series,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_is_one_series_and_broken_points_are_left_out() {
        let picture =
            Scatter { units: [3, 5], points: vec![[1.0, 2.0], [3.0, 4.0], [f32::NAN, 0.0]], labels: vec![12, 0, 0] };
        let option = scatter(&picture).unwrap();
        assert_eq!(option["series"].as_array().unwrap().len(), 2);
        assert_eq!(option["series"][0]["name"], "class 0");
        assert_eq!(option["series"][0]["data"]["$f32"], base64::encode_f32([3.0, 4.0]));
        assert_eq!(option["series"][1]["symbol"], "triangle");
        assert_eq!(option["yAxis"]["name"], "unit 5");
    }

    #[test]
    fn shares_name_the_axes() {
        let picture = Components { variance_share: vec![0.413], points: vec![[1.0, 2.0, 3.0]], labels: vec![] };
        let option = components(&picture).unwrap();
        assert_eq!(option["xAxis"]["name"], "PC1, 41 %");
        assert_eq!(option["yAxis"]["name"], "PC2");
        assert_eq!(option["series"][0]["name"], "all rows");
    }

    #[test]
    fn nothing_finite_draws_nothing() {
        assert!(scatter(&Scatter { units: [0, 0], points: vec![[f32::NAN, 1.0]], labels: vec![] }).is_none());
    }
}

//! The expected error of a site's readers against the number of units that are kept, the chosen number marked.

use serde_json::{Value, json};

use super::{colour, format_by, value_axis, with};

/// Relative errors below this are lost in the rounding of a network in `f32` and stand at the foot of the axis, with
/// exact zeros.
pub(crate) const ROUNDING: f64 = 1e-8;

/// The finite points in order of size.
pub(crate) fn points(curve: &[(usize, f64)]) -> Vec<(usize, f64)> {
    let mut points: Vec<(usize, f64)> =
        curve.iter().copied().filter(|(_, error)| error.is_finite() && *error >= 0.0).collect();
    points.sort_by_key(|point| point.0);
    points.dedup_by_key(|point| point.0);
    points
}

/// The option; `None` when fewer than two points are finite.
pub(crate) fn option(curve: &[(usize, f64)], chosen: Option<usize>) -> Option<Value> {
    let points = points(curve);
    if points.len() < 2 {
        return None;
    }
    let (smallest, largest) = (points[0].0, points[points.len() - 1].0);
    // beyond about a hundred points the dots would make the line
    let few = points.len() <= 100;
    let data: Vec<Value> = points
        .iter()
        .map(|&(size, error)| {
            let is_chosen = chosen == Some(size);
            json!({
                "value": [size, error.max(ROUNDING), error],
                "symbolSize": if is_chosen { 11 } else if few { 4 } else { 0 },
                "itemStyle": { "color": colour(if is_chosen { "best" } else { "muted" }) },
            })
        })
        .collect();
    let mut line = json!({
        "name": "expected error", "type": "line", "data": data, "symbol": "circle", "showAllSymbol": true,
        "lineStyle": { "color": colour("muted"), "width": 1.75 },
    });
    if let Some(chosen) = chosen {
        // the label stands on the side that has more room
        let left = 2 * chosen > smallest + largest;
        line["markLine"] = json!({
            "silent": true, "symbol": "none", "data": [{ "xAxis": chosen }],
            "lineStyle": { "color": colour("best"), "type": "dashed", "width": 1.25 },
            "label": { "formatter": format!("{chosen} units kept"), "position": "insideEndTop", "rotate": 0,
                "align": if left { "right" } else { "left" }, "offset": [if left { -6 } else { 6 }, 8],
                "color": colour("best"), "fontWeight": 600 },
        });
    }
    let foot = points.iter().any(|(_, error)| *error < ROUNDING).then_some(ROUNDING);
    let low = smallest.min(chosen.unwrap_or(smallest));
    let high = largest.max(chosen.unwrap_or(largest));
    Some(json!({
        "grid": { "left": 6, "right": 18, "top": 24, "bottom": 26, "containLabel": true },
        "tooltip": { "trigger": "axis", "formatter": format_by("size"), "axisPointer": { "lineStyle": { "color": colour("muted") } } },
        "xAxis": with(value_axis("units kept"), json!({
            "min": low, "max": high, "minInterval": 1, "nameLocation": "middle", "nameGap": 24,
            "splitLine": { "show": false },
            "axisLine": { "show": true, "onZero": false, "lineStyle": { "color": colour("hairline") } },
        })),
        "yAxis": with(value_axis("expected relative error"), json!({
            "type": "log", "min": foot, "nameGap": 8, "nameTextStyle": { "color": colour("muted"), "align": "left" },
            "axisLabel": { "color": colour("muted"), "hideOverlap": true, "formatter": format_by("short") },
        })),
        "series": [line],
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_size_is_marked_and_zero_stands_at_the_foot() {
        let curve = [(3, 0.0), (1, 0.5), (2, 0.01), (4, f64::NAN), (5, f64::INFINITY)];
        let option = option(&curve, Some(2)).unwrap();
        let data = &option["series"][0]["data"];
        assert_eq!(data[0]["value"], json!([1, 0.5, 0.5]));
        assert_eq!((&data[1]["symbolSize"], &data[0]["symbolSize"]), (&json!(11), &json!(4)));
        assert_eq!(data[2]["value"], json!([3, 1e-8, 0.0]));
        assert_eq!(data.as_array().unwrap().len(), 3);
        assert_eq!(option["yAxis"]["min"], 1e-8);
        assert_eq!(option["series"][0]["markLine"]["data"][0]["xAxis"], 2);
    }

    #[test]
    fn a_chosen_size_outside_the_curve_is_inside_the_axis() {
        let option = option(&[(4, 0.5), (6, 0.1)], Some(9)).unwrap();
        assert_eq!((&option["xAxis"]["min"], &option["xAxis"]["max"]), (&json!(4), &json!(9)));
    }

    #[test]
    fn nothing_to_draw_without_two_finite_points() {
        assert!(option(&[(1, 0.5), (2, f64::NAN)], Some(1)).is_none());
        assert!(option(&[], None).is_none());
    }
}

//! The eigenvalues of the covariance, largest first, with the rank measures as vertical lines.

use std::collections::BTreeMap;

use repshape_stats::{pictures::Pictures, spectrum};
use serde_json::{Value, json};

use super::{colour, format_by, value_axis, with};

/// Up to this many directions the horizontal axis is linear and each has a dot.
const FEW: usize = 20;

/// A rank measure as a line across the spectrum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mark {
    /// What the line is called.
    pub title: &'static str,
    /// The CSS variable of its colour.
    pub colour: &'static str,
    /// Where it stands.
    pub value: f64,
}

/// The rank measures that are defined: as measured, or read from the eigenvalues where no measures are at hand and
/// the spectrum is whole.
pub(crate) fn marks(pictures: &Pictures, measures: Option<&BTreeMap<String, Option<f64>>>) -> Vec<Mark> {
    let eigenvalues = &pictures.eigenvalues;
    let whole = eigenvalues.len() == pictures.units;
    let read = |name: &str| match name {
        "rank" => spectrum::rank(eigenvalues, pictures.units).map(|rank| rank as f64),
        "effective_rank" => spectrum::effective_rank(eigenvalues),
        "participation_ratio" => spectrum::participation_ratio(eigenvalues),
        "stable_rank_covariance" => spectrum::stable_rank_of_covariance(eigenvalues),
        _ => None,
    };
    [
        ("rank", "rank", "curve-5"),
        ("rankme", "RankMe", "curve-4"),
        ("effective_rank", "effective rank", "curve-1"),
        ("participation_ratio", "participation ratio", "curve-2"),
        ("stable_rank_covariance", "stable rank", "curve-3"),
    ]
    .into_iter()
    .filter_map(|(name, title, colour)| {
        let value = match measures {
            Some(measures) => measures.get(name).copied().flatten(),
            None => read(name).filter(|_| whole),
        };
        Some(Mark { title, colour, value: value.filter(|value| value.is_finite() && *value > 0.0)? })
    })
    .collect()
}

/// The eigenvalues that are not rounding (`> I 2^-52` of the largest), by their number from 1; empty if nothing varies.
pub(crate) fn above_rounding(pictures: &Pictures) -> &[f64] {
    let count = spectrum::rank(&pictures.eigenvalues, pictures.units).unwrap_or(0);
    &pictures.eigenvalues[..count.min(pictures.eigenvalues.len())]
}

/// The option; `None` when nothing varies or the eigenvalues are not known.
pub(crate) fn option(pictures: &Pictures, marks: &[Mark]) -> Option<Value> {
    let drawn = above_rounding(pictures);
    if drawn.is_empty() {
        return None;
    }
    let few = pictures.units <= FEW;
    let points: Vec<Value> = drawn.iter().enumerate().map(|(at, value)| json!([at + 1, value])).collect();
    let lines: Vec<Value> = marks
        .iter()
        .map(|mark| json!({ "xAxis": mark.value, "lineStyle": { "color": colour(mark.colour) } }))
        .collect();
    let total: f64 = pictures.eigenvalues.iter().sum();
    Some(json!({
        "grid": { "left": 6, "right": 14, "top": 14, "bottom": 26, "containLabel": true },
        "tooltip": { "trigger": "axis", "formatter": format_by("spectrum"), "axisPointer": { "lineStyle": { "color": colour("muted") } } },
        "total": total,
        "xAxis": with(value_axis("direction, largest variance first"), json!({
            "type": if few { "value" } else { "log" }, "min": 1, "max": pictures.units.max(2), "minInterval": 1, "scale": few,
            "nameLocation": "middle", "nameGap": 24, "splitLine": { "show": false },
            "axisLine": { "show": true, "onZero": false, "lineStyle": { "color": colour("hairline") } },
        })),
        "yAxis": with(value_axis(""), json!({
            "type": "log", "scale": true,
            "axisLabel": { "color": colour("muted"), "hideOverlap": true, "formatter": format_by("short") },
        })),
        "series": [{
            "name": "eigenvalue", "type": "line", "data": points, "symbol": "circle", "symbolSize": 5,
            "showSymbol": few || drawn.len() == 1, "color": colour("ink"), "lineStyle": { "width": 1.75 },
            "areaStyle": { "opacity": 0.06, "origin": "start" }, "z": 3,
            "markLine": { "silent": true, "symbol": "none", "animation": false, "label": { "show": false },
                "lineStyle": { "type": "solid", "width": 1.75 }, "data": lines },
        }],
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pictures() -> Pictures {
        Pictures { units: 4, eigenvalues: vec![4.0, 2.0, 2.0, 0.0], ..Pictures::default() }
    }

    #[test]
    fn null_directions_are_not_drawn_and_marks_stand_where_they_are_measured() {
        let measures = BTreeMap::from([("rank".to_string(), Some(3.0)), ("rankme".into(), Some(2.5))]);
        let marks = marks(&pictures(), Some(&measures));
        let titles: Vec<&str> = marks.iter().map(|mark| mark.title).collect();
        assert_eq!(titles, ["rank", "RankMe"]);
        let option = option(&pictures(), &marks).unwrap();
        assert_eq!(option["series"][0]["data"], json!([[1, 4.0], [2, 2.0], [3, 2.0]]));
        assert_eq!(option["series"][0]["markLine"]["data"][1]["xAxis"], 2.5);
        assert_eq!(option["total"], 8.0);
    }

    #[test]
    fn without_measures_the_marks_come_from_a_whole_spectrum() {
        let found = marks(&pictures(), None);
        assert_eq!(
            found.iter().map(|mark| mark.title).collect::<Vec<_>>(),
            ["rank", "effective rank", "participation ratio", "stable rank"]
        );
        assert_eq!((found[0].value, found[2].value, found[3].value), (3.0, 64.0 / 24.0, 1.5));
        assert!(marks(&Pictures { units: 5, ..pictures() }, None).is_empty());
    }

    #[test]
    fn nothing_that_varies_draws_nothing() {
        assert!(option(&Pictures { units: 2, eigenvalues: vec![0.0; 2], ..Pictures::default() }, &[]).is_none());
        assert!(option(&Pictures { units: 2, ..Pictures::default() }, &[]).is_none());
        assert!(option(&Pictures { units: 1, eigenvalues: vec![f64::NAN], ..Pictures::default() }, &[]).is_none());
    }
}

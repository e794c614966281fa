//! One value for each unit, the largest first: variances with their cumulative share, and shares of zeros.

use std::collections::BTreeMap;

use repshape_stats::{disentanglement, pictures::Pictures};
use serde_json::{Value, json};

use super::{colour, format_by, value_axis, with};

/// Bars of a chart; of more units every so-manieth is drawn, by rank.
const BARS: usize = 400;

/// A unit at its rank.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ranked {
    /// Its place, from 0.
    pub rank: usize,
    pub unit: usize,
    pub value: f32,
}

/// All units by value, the largest first, equal ones in their own order; empty if a value is not finite.
pub(crate) fn ranked(values: &[f32]) -> Vec<Ranked> {
    if values.iter().any(|value| !value.is_finite()) {
        return Vec::new();
    }
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    order.into_iter().enumerate().map(|(rank, unit)| Ranked { rank, unit, value: values[unit] }).collect()
}

/// Number of units that hold 90 % of the variance, as measured; read from the variances where it was not.
pub(crate) fn ud90(pictures: &Pictures, measures: Option<&BTreeMap<String, Option<f64>>>) -> Option<usize> {
    let measured = measures.and_then(|measures| measures.get("ud90").copied().flatten());
    let variances = || pictures.variances.iter().map(|&variance| f64::from(variance)).collect::<Vec<f64>>();
    measured
        .filter(|units| *units >= 1.0)
        .map(|units| units as usize)
        .or_else(|| disentanglement::ud(&variances(), 0.9))
}

/// The shares of the total held by the first 1, 2, ... of the units.
pub(crate) fn cumulative(ranked: &[Ranked]) -> Vec<f64> {
    let total: f64 = ranked.iter().map(|unit| f64::from(unit.value)).sum();
    let mut held = 0.0;
    let share = |unit: &Ranked| {
        held += f64::from(unit.value);
        held / total
    };
    ranked.iter().map(share).collect()
}

/// Variances as bars, their cumulative share as a line, `ud90` units marked. `None` when nothing varies.
pub(crate) fn variances(pictures: &Pictures, ud90: Option<usize>) -> Option<Value> {
    let all = ranked(&pictures.variances);
    if all.first().is_none_or(|first| first.value <= 0.0) {
        return None;
    }
    let shares = cumulative(&all);
    let drawn = thinned(&all);
    let mut option = bars(&drawn, "units, largest variance first", |unit| json!(unit.value));
    let held: Vec<Value> = drawn.iter().map(|unit| percent(shares[unit.rank])).collect();
    option["held"] = json!(held);
    option["tooltip"]["formatter"] = format_by("variances");
    option["yAxis"] = json!([
        with(
            value_axis(""),
            json!({ "scale": false,
            "axisLabel": { "color": colour("muted"), "hideOverlap": true, "formatter": format_by("short") } })
        ),
        with(
            value_axis(""),
            json!({ "scale": false, "min": 0, "max": 100, "interval": 25, "position": "right", "splitLine": { "show": false },
            "axisLabel": { "color": colour("curve-2"), "formatter": "{value} %" } })
        ),
    ]);
    let mark: Vec<Value> = ud90
        .and_then(|count| drawn.iter().position(|unit| unit.rank + 1 >= count))
        .map(|at| json!({ "xAxis": at }))
        .into_iter()
        .collect();
    option["series"].as_array_mut()?.push(json!({
        "name": "held by the first", "type": "line", "yAxisIndex": 1, "data": held, "showSymbol": drawn.len() <= 12,
        "symbol": "circle", "symbolSize": 5, "color": colour("curve-2"), "lineStyle": { "width": 1.75 }, "z": 4,
        "markLine": { "silent": true, "symbol": "none", "animation": false, "label": { "show": false },
            "lineStyle": { "type": [4, 3], "width": 1.5, "color": colour("curve-2") }, "data": mark },
    }));
    Some(option)
}

/// Shares of zeros as bars, dead units in another colour. `None` when no unit has any zero.
pub(crate) fn sparsity(pictures: &Pictures) -> Option<Value> {
    let all = ranked(&pictures.sparsity);
    if all.first().is_none_or(|first| first.value <= 0.0) {
        return None;
    }
    let drawn = thinned(&all);
    let dead: Vec<bool> = drawn.iter().map(|unit| pictures.dead.binary_search(&unit.unit).is_ok()).collect();
    let mut at = dead.iter();
    let mut option = bars(&drawn, "units, most zeros first", |unit| match at.next() {
        Some(true) => json!({ "value": percent(unit.value.into()), "itemStyle": { "color": colour("warn") } }),
        _ => percent(unit.value.into()),
    });
    option["dead"] = json!(dead);
    option["tooltip"]["formatter"] = format_by("sparsity");
    option["yAxis"] = with(
        value_axis(""),
        json!({ "scale": false, "min": 0, "max": 100, "interval": 25, "axisLabel": { "color": colour("muted"), "formatter": "{value} %" } }),
    );
    Some(option)
}

/// Bars by rank, the number of each unit beside them for the tooltip.
fn bars(drawn: &[Ranked], name: &str, mut value: impl FnMut(&Ranked) -> Value) -> Value {
    let ranks: Vec<usize> = drawn.iter().map(|unit| unit.rank + 1).collect();
    let units: Vec<usize> = drawn.iter().map(|unit| unit.unit).collect();
    let values: Vec<Value> = drawn.iter().map(&mut value).collect();
    json!({
        "grid": { "left": 6, "right": 8, "top": 14, "bottom": 26, "containLabel": true },
        "tooltip": { "trigger": "axis", "axisPointer": { "type": "shadow" } },
        "units": units,
        "xAxis": {
            "type": "category", "data": ranks, "name": name, "nameLocation": "middle", "nameGap": 24,
            "nameTextStyle": { "color": colour("muted") }, "axisTick": { "show": false },
            "axisLine": { "lineStyle": { "color": colour("hairline") } },
            "axisLabel": { "color": colour("muted"), "hideOverlap": true },
        },
        "series": [{
            "name": name, "type": "bar", "data": values, "barCategoryGap": if drawn.len() > 60 { "0%" } else { "18%" },
            "itemStyle": { "color": colour("bar") },
        }],
    })
}

/// At most [`BARS`] of the units, evenly by rank, the first and the last among them.
fn thinned(all: &[Ranked]) -> Vec<Ranked> {
    if all.len() <= BARS {
        return all.to_vec();
    }
    (0..BARS).map(|at| all[at * (all.len() - 1) / (BARS - 1)]).collect()
}

/// A share in percent to two decimals: more would only make the page larger.
fn percent(share: f64) -> Value {
    json!((10_000.0 * share).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pictures(variances: &[f32], sparsity: &[f32], dead: &[usize]) -> Pictures {
        Pictures {
            units: variances.len(),
            variances: variances.to_vec(),
            sparsity: sparsity.to_vec(),
            dead: dead.to_vec(),
            ..Pictures::default()
        }
    }

    #[test]
    fn variances_fall_and_their_shares_rise() {
        let pictures = pictures(&[1.0, 6.0, 0.0, 3.0], &[], &[]);
        assert_eq!(ud90(&pictures, None), Some(2));
        let measures = BTreeMap::from([("ud90".to_string(), Some(1.0))]);
        assert_eq!(ud90(&pictures, Some(&measures)), Some(1));
        assert_eq!(ud90(&Pictures::default(), Some(&BTreeMap::new())), None);
        let option = variances(&pictures, ud90(&pictures, None)).unwrap();
        assert_eq!(option["series"][0]["data"], json!([6.0, 3.0, 1.0, 0.0]));
        assert_eq!(option["units"], json!([1, 3, 0, 2]));
        assert_eq!(option["series"][1]["data"], json!([60.0, 90.0, 100.0, 100.0]));
        assert_eq!(option["series"][1]["markLine"]["data"], json!([{ "xAxis": 1 }]));
    }

    #[test]
    fn dead_units_have_a_colour_of_their_own() {
        let option = sparsity(&pictures(&[1.0; 3], &[0.25, 1.0, 1.0], &[2])).unwrap();
        assert_eq!(option["units"], json!([1, 2, 0]));
        assert_eq!(option["dead"], json!([false, true, false]));
        assert_eq!(option["series"][0]["data"][1]["itemStyle"]["color"], colour("warn"));
        assert_eq!(option["series"][0]["data"][2], 25.0);
    }

    #[test]
    fn many_units_are_thinned_by_rank() {
        let values: Vec<f32> = (0..5000).map(|unit| unit as f32).collect();
        let option = variances(&pictures(&values, &[], &[]), Some(3000)).unwrap();
        let units = option["units"].as_array().unwrap();
        assert_eq!((units.len(), &units[0], &units[399]), (BARS, &json!(4999), &json!(0)));
        let mark = option["series"][1]["markLine"]["data"][0]["xAxis"].as_u64().unwrap();
        assert_eq!(mark, 240, "the first bar of rank 3,000 or more");
    }

    #[test]
    fn nothing_that_varies_or_is_finite_draws_nothing() {
        assert!(variances(&pictures(&[0.0; 2], &[], &[]), None).is_none());
        assert!(variances(&pictures(&[1.0, f32::NAN], &[], &[]), None).is_none());
        assert!(sparsity(&pictures(&[], &[0.0, 0.0], &[])).is_none());
        assert!(sparsity(&pictures(&[], &[], &[])).is_none());
    }
}

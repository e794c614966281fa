//! One measure from layer to layer, and the band between the bounds of mutual information.

use serde_json::{Value, json};

use super::{colour, format_by, value_axis, with};

/// Values of one measure at the layers, `None` where it is undefined or there is no such site.
pub(crate) struct Series {
    pub name: &'static str,
    pub values: Vec<Option<f64>>,
}

/// The bounds on one quantity at the layers, with their ceiling.
pub(crate) struct Band {
    pub name: &'static str,
    pub low: Vec<Option<f64>>,
    pub high: Vec<Option<f64>>,
}

/// The colours of what stands after and before the nonlinearity.
pub(crate) const COLOURS: [&str; 2] = ["curve-1", "curve-2"];

/// One line for each series; `None` unless one of them has two finite values. Values that span more than two powers
/// of ten get a logarithmic axis, shares an axis in percent.
pub(crate) fn lines(names: &[String], short: &[String], series: &[Series], share: bool) -> Option<Value> {
    let finite = |series: &Series| series.values.iter().flatten().copied().filter(|value| value.is_finite()).count();
    if series.iter().all(|series| finite(series) < 2) {
        return None;
    }
    let values = || series.iter().flat_map(|series| series.values.iter().flatten()).filter(|value| value.is_finite());
    let (lowest, highest) =
        values().fold((f64::INFINITY, 0.0f64), |(low, high), &value| (low.min(value), high.max(value)));
    let log = lowest > 0.0 && highest > 100.0 * lowest && !share;
    let scale = if share { 100.0 } else { 1.0 };
    let drawn: Vec<Value> = series
        .iter()
        .zip(COLOURS)
        .enumerate()
        .filter(|(_, (series, _))| finite(series) > 0)
        .map(|(at, (series, dye))| line(series.name, dye, at > 0, points(&series.values, scale)))
        .collect();
    let label = if share { json!("{value} %") } else { format_by("short") };
    Some(json!({
        "grid": grid(),
        "tooltip": tooltip(if share { "layerShare" } else { "layer" }),
        "names": names,
        "xAxis": layer_axis(short),
        "yAxis": with(value_axis(""), json!({
            "type": if log { "log" } else { "value" }, "scale": log,
            "axisLabel": { "color": colour("muted"), "hideOverlap": true, "formatter": label },
        })),
        "series": drawn,
    }))
}

/// The band between the bounds of each, dotted below the `ceiling`; `None` unless one has two whole pairs of bounds.
pub(crate) fn band(names: &[String], short: &[String], bands: &[Band], ceiling: &[Option<f64>]) -> Option<Value> {
    let whole =
        |band: &Band| band.low.iter().zip(&band.high).filter(|(low, high)| low.is_some() && high.is_some()).count();
    if bands.iter().all(|band| whole(band) < 2) {
        return None;
    }
    let mut series = Vec::new();
    let mut bounds = Vec::new();
    for (at, (band, dye)) in bands.iter().zip(COLOURS).enumerate().filter(|(_, (band, _))| whole(band) > 0) {
        let width = band.low.iter().zip(&band.high).map(|(low, high)| Some((*high)? - (*low)?)).collect::<Vec<_>>();
        let mut base = line(band.name, dye, at > 0, points(&band.low, 1.0));
        base["stack"] = json!(format!("band {at}"));
        // the axis would leave out what is stacked on a negative value otherwise
        base["stackStrategy"] = json!("all");
        let mut top = line(band.name, dye, at > 0, points(&width, 1.0));
        top["stack"] = base["stack"].clone();
        top["stackStrategy"] = json!("all");
        top["areaStyle"] = json!({ "color": colour(dye), "opacity": 0.18 });
        series.extend([base, top]);
        bounds.push(json!({ "name": band.name, "low": band.low, "high": band.high, "colour": colour(dye) }));
    }
    if ceiling.iter().flatten().next().is_some() {
        series.push(json!({
            "name": "ln N", "type": "line", "data": points(ceiling, 1.0), "showSymbol": false, "silent": true,
            "color": colour("muted"), "lineStyle": { "type": [2, 4], "width": 1.5 },
            "endLabel": { "show": false },
        }));
    }
    Some(json!({
        "grid": grid(),
        "tooltip": tooltip("bounds"),
        "names": names, "bounds": bounds, "ceiling": ceiling,
        "xAxis": layer_axis(short),
        "yAxis": with(value_axis(""), json!({ "scale": false,
            "axisLabel": { "color": colour("muted"), "hideOverlap": true, "formatter": format_by("short") } })),
        "series": series,
    }))
}

fn line(name: &str, dye: &str, dashed: bool, data: Vec<Value>) -> Value {
    json!({
        "name": name, "type": "line", "data": data, "symbol": if dashed { "emptyCircle" } else { "circle" },
        "symbolSize": if data.len() > 30 { 3 } else { 5 }, "showAllSymbol": true, "color": colour(dye),
        "lineStyle": { "width": 1.75, "type": if dashed { json!([5, 3]) } else { json!("solid") } },
    })
}

fn points(values: &[Option<f64>], scale: f64) -> Vec<Value> {
    values.iter().map(|value| json!(value.filter(|value| value.is_finite()).map(|value| scale * value))).collect()
}

fn grid() -> Value {
    json!({ "left": 6, "right": 14, "top": 12, "bottom": 4, "containLabel": true })
}

fn tooltip(format: &str) -> Value {
    json!({ "trigger": "axis", "formatter": format_by(format), "axisPointer": { "lineStyle": { "color": colour("muted") } } })
}

/// The layers by their short names, upright where they fit.
fn layer_axis(short: &[String]) -> Value {
    let lengths = || short.iter().map(|name| name.chars().count());
    let upright = lengths().max().unwrap_or(0) <= 3 || lengths().map(|length| length + 2).sum::<usize>() <= 40;
    json!({
        "type": "category", "data": short, "boundaryGap": short.len() < 3,
        "axisTick": { "show": false }, "axisLine": { "onZero": false, "lineStyle": { "color": colour("hairline") } },
        "axisLabel": { "color": colour("muted"), "rotate": if upright { 0 } else { 45 }, "hideOverlap": true,
            "fontSize": 11 },
    })
}

/// Names short enough for an axis: without what all begin and end with (up to a separator) and, still too long, by
/// their ends.
pub(crate) fn short_names(names: &[String]) -> Vec<String> {
    const LONGEST: usize = 14;
    let shorten = |own: &str| {
        let length = own.chars().count();
        if length <= LONGEST {
            own.to_string()
        } else {
            std::iter::once('…').chain(own.chars().skip(length + 1 - LONGEST)).collect()
        }
    };
    if names.len() < 2 || names.iter().all(|name| name.chars().count() <= LONGEST) {
        return names.iter().map(|name| shorten(name)).collect();
    }
    let front = shared(names.iter().map(|name| name.bytes()));
    let rest: Vec<&str> = names.iter().map(|name| &name[front..]).collect();
    let back = shared(rest.iter().map(|name| name.bytes().rev()));
    // a name that is another's beginning would be left without any letter
    let own = |name: &&str| name[..name.len() - back].to_string();
    let own: Vec<String> = rest.iter().map(own).collect();
    let own = if own.iter().any(String::is_empty) { rest.iter().map(|name| name.to_string()).collect() } else { own };
    own.iter().map(|name| shorten(name)).collect()
}

/// How many bytes all have in common at the start, up to and with a separator.
fn shared(mut names: impl Iterator<Item = impl Iterator<Item = u8>>) -> usize {
    let mut common: Vec<u8> = names.next().map(Iterator::collect).unwrap_or_default();
    for name in names {
        let same = common.iter().zip(name).take_while(|(a, b)| **a == *b).count();
        common.truncate(same);
    }
    common.iter().rposition(|byte| b"./_:".contains(byte)).map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn names_lose_what_they_share_and_keep_their_ends() {
        assert_eq!(short_names(&names(&["fc1", "fc2"])), ["fc1", "fc2"]);
        assert_eq!(short_names(&names(&["/model/layers.0/relu/Relu", "/model/layers.10/relu/Relu"])), ["0", "10"]);
        assert_eq!(short_names(&names(&["a_very_long_name_of_one_site"])), ["…e_of_one_site"]);
        assert_eq!(short_names(&names(&["größe/größe/größe1", "größe/größe/größe2"])), ["größe1", "größe2"]);
        // one is the beginning of the other
        assert_eq!(short_names(&names(&["encoder.layer.0", "encoder.layer.0.mlp.0"])), ["0", "0.mlp.0"]);
        assert!(short_names(&[]).is_empty());
    }

    #[test]
    fn gaps_stay_gaps_and_shares_are_percent() {
        let layers = names(&["a", "b", "c"]);
        let series = [
            Series { name: "after", values: vec![Some(0.5), None, Some(0.25)] },
            Series { name: "before", values: vec![None, None, None] },
        ];
        let option = lines(&layers, &layers, &series, true).unwrap();
        assert_eq!(option["series"].as_array().unwrap().len(), 1);
        assert_eq!(option["series"][0]["data"], json!([50.0, null, 25.0]));
        assert!(lines(&layers, &layers, &series[1..], true).is_none());
    }

    #[test]
    fn wide_ranges_are_logarithmic() {
        let layers = names(&["a", "b"]);
        let option = |values: [f64; 2]| {
            let values = values.map(Some).to_vec();
            lines(&layers, &layers, &[Series { name: "after", values }], false).unwrap()["yAxis"]["type"].clone()
        };
        assert_eq!(option([1.0, 1000.0]), "log");
        assert_eq!(option([1.0, 50.0]), "value");
        assert_eq!(option([0.0, 1000.0]), "value");
    }

    #[test]
    fn bands_are_stacked_between_their_bounds() {
        let layers = names(&["a", "b"]);
        let bands = [Band { name: "after", low: vec![Some(1.0), Some(2.0)], high: vec![Some(1.5), Some(4.0)] }];
        let option = band(&layers, &layers, &bands, &[Some(5.0), Some(5.0)]).unwrap();
        assert_eq!(option["series"][1]["data"], json!([0.5, 2.0]));
        assert_eq!(option["series"][2]["data"], json!([5.0, 5.0]));
        assert!(band(&layers, &layers, &[], &[]).is_none());
    }
}

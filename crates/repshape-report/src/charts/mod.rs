//! Chart options for ECharts from plain data, one chart a file.
//!
//! An option is the JSON that ECharts takes, plus three marks that `report.js` resolves when it draws:
//! `{"$colour": "ink"}` (a CSS variable, so that light, dark and print share one option),
//! `{"$f32": base64, "columns": n}` (rows of numbers) and `{"$format": "percent"}` (a formatter by name). Matrices are
//! not ECharts': `correlation` and `layer_map` give `{"matrix": ...}`, which `report.js` draws cell by cell.

pub(crate) mod by_unit;
pub(crate) mod changes;
pub(crate) mod correlation;
pub(crate) mod histogram;
pub(crate) mod layer_map;
pub(crate) mod layers;
pub(crate) mod learning;
pub(crate) mod points;
pub(crate) mod size;
pub(crate) mod spectrum;
pub(crate) mod test_errors;
pub(crate) mod tuning;

use serde_json::{Value, json};

/// The CSS variable `--NAME` at the time of drawing.
fn colour(name: &str) -> Value {
    json!({ "$colour": name })
}

/// One of the formatters of `report.js`.
fn format_by(name: &str) -> Value {
    json!({ "$format": name })
}

/// The value in percent; `null` when it is not finite.
fn in_percent(fraction: f64) -> Value {
    json!(100.0 * fraction)
}

/// A value axis in the page's style: no line, faint grid, three to five ticks.
fn value_axis(name: &str) -> Value {
    json!({
        "type": "value",
        "name": name,
        "scale": true,
        "splitNumber": 3,
        "nameTextStyle": { "color": colour("muted") },
        "axisLine": { "show": false },
        "axisTick": { "show": false },
        "axisLabel": { "color": colour("muted"), "hideOverlap": true },
        "splitLine": { "lineStyle": { "color": colour("hairline") } },
    })
}

/// `base` with the fields of `over` added or replaced, at the top level.
fn with(mut base: Value, over: Value) -> Value {
    if let (Value::Object(base), Value::Object(over)) = (&mut base, over) {
        base.extend(over);
    }
    base
}

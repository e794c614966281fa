//! One text for each JSON value, so that hashes are of meaning and not of layout.

use serde_json::Value;

/// Largest integer below which every whole number is an f64: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Canonical JSON: keys sorted by their UTF-8 bytes, no spaces, the shortest number that reads back to the same f64.
///
/// A whole number is written without a fraction (`1.0` as `1`, `-0.0` as `0`), as RFC 8785 does, so that it does not
/// matter whether a spec's author typed `1` or `1.0`. Integers of 2^53 and beyond keep all their digits.
pub fn canonical_json(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => {
            // not taken from the map's own order: that depends on a feature any crate of the build may switch on
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| key.as_str());
            join(out, ['{', '}'], fields, |(key, value), out| {
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write(value, out);
            });
        }
        Value::Array(items) => join(out, ['[', ']'], items, write),
        Value::Number(number) => match number.as_f64() {
            Some(x) if number.is_f64() && x.fract() == 0.0 && x.abs() < EXACT => out.push_str(&(x as i64).to_string()),
            _ => out.push_str(&number.to_string()),
        },
        other => out.push_str(&other.to_string()),
    }
}

fn join<T>(out: &mut String, ends: [char; 2], items: impl IntoIterator<Item = T>, each: impl Fn(T, &mut String)) {
    out.push(ends[0]);
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        each(item, out);
    }
    out.push(ends[1]);
}

/// The first place where two JSON values differ, in words: `training.epochs: 5 there, 10 here`.
pub(crate) fn first_difference(there: &Value, here: &Value) -> Option<String> {
    difference("", there, here)
}

fn difference(path: &str, there: &Value, here: &Value) -> Option<String> {
    match (there, here) {
        (Value::Object(a), Value::Object(b)) => {
            let mut keys: Vec<_> = a.keys().chain(b.keys()).collect();
            keys.sort();
            keys.dedup();
            keys.into_iter().find_map(|key| {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                difference(&below, a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null))
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(i, (a, b))| difference(&format!("{path}[{i}]"), a, b))
        }
        _ => {
            let (there, here) = (canonical_json(there), canonical_json(here));
            (there != here).then(|| format!("{path}: {} there, {} here", shortened(&there), shortened(&here)))
        }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn layout_and_number_spelling_do_not_matter() {
        let a: Value = serde_json::from_str(r#"{"b": 1.0, "a": [0.10, 1e-4, -0.0], "é": "\u0041"}"#).unwrap();
        let b: Value = serde_json::from_str(r#"{"é":"A","a":[0.1,0.0001,0],"b":1}"#).unwrap();
        assert_eq!(canonical_json(&a), r#"{"a":[0.1,0.0001,0],"b":1,"é":"A"}"#);
        assert_eq!(canonical_json(&a), canonical_json(&b));
    }

    #[test]
    fn integers_beyond_two_to_the_53_keep_their_digits() {
        assert_eq!(canonical_json(&json!(u64::MAX)), "18446744073709551615");
        assert_eq!(canonical_json(&json!(9_007_199_254_740_993_u64)), "9007199254740993");
        assert_eq!(canonical_json(&json!(1e300)), "1e+300");
    }

    #[test]
    fn the_first_difference_is_named() {
        let a = json!({"training": {"epochs": 5, "sizes": [1, 2]}, "seed": 1});
        assert_eq!(first_difference(&a, &a), None);
        let b = json!({"training": {"epochs": 10, "sizes": [1, 2]}, "seed": 1.0});
        assert_eq!(first_difference(&a, &b).unwrap(), "training.epochs: 5 there, 10 here");
        let c = json!({"training": {"epochs": 5, "sizes": [1, 3]}, "seed": 1});
        assert_eq!(first_difference(&a, &c).unwrap(), "training.sizes[1]: 2 there, 3 here");
    }
}

//! The similarity of every layer of one model with every layer of another, from 0 to 1.

use serde_json::{Value, json};

use super::{correlation::cells, layers::short_names};
use crate::page::LayerMap;

/// The matrix for `report.js`, one byte a cell: hundredths, -128 where undefined. `None` when there are no layers or
/// the rows do not fit them.
pub(crate) fn matrix(map: &LayerMap) -> Option<Value> {
    let columns = map.b.len();
    if map.a.is_empty()
        || columns == 0
        || map.cka.len() != map.a.len()
        || map.cka.iter().any(|row| row.len() != columns)
    {
        return None;
    }
    let values = map.cka.iter().flatten().map(|value| value.map(|value| value.clamp(0.0, 1.0) as f32));
    Some(json!({ "matrix": {
        "columns": columns, "cells": cells(values), "scale": "similarity",
        "rows": map.a, "names": map.b, "short_rows": short_names(&map.a), "short_names": short_names(&map.b),
    } }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64;

    #[test]
    fn rows_that_do_not_fit_are_not_drawn() {
        let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        let mut map = LayerMap {
            a: names(&["fc1"]),
            b: names(&["fc1", "fc2", "fc3"]),
            cka: vec![vec![Some(1.0), Some(-1e-3), None]],
        };
        let drawn = matrix(&map).unwrap();
        assert_eq!(drawn["matrix"]["cells"], base64::encode(&[100, 0, 128]));
        map.cka[0].pop();
        assert!(matrix(&map).is_none());
        assert!(matrix(&LayerMap::default()).is_none());
    }
}

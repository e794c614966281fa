//! The libraries' golden values (written by NumPy, see the scripts beside them), through files and flags.

use serde_json::Value;

use crate::support::{json, npy, npy_labels, read_npy};

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// As the library's own test of these values: sums that cancel to 0 keep the rounding of their terms.
fn close(found: f64, golden: f64) -> bool {
    (found - golden).abs() <= 1e-9 * golden.abs() || found.abs().max(golden.abs()) <= 1e-13
}

#[test]
fn measures_are_those_of_numpy() {
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../../../repshape-stats/tests/golden/measures.json")).unwrap();
    assert!(cases.len() > 8, "the golden file is cut short");
    let folder = tempfile::tempdir().unwrap();
    let mut compared = 0;
    for case in &cases {
        let (z, units) = (floats(&case["z"]), case["units"].as_u64().unwrap() as usize);
        npy(&folder.path().join("z.npy"), &[z.len() / units, units], &z);
        let mut args = vec!["measure".to_owned(), "z.npy".to_owned(), "--mi-rows".to_owned(), "all".to_owned()];
        if let Some(labels) = case["labels"].as_array() {
            let labels: Vec<i64> = labels.iter().map(|y| y.as_i64().unwrap()).collect();
            npy_labels(&folder.path().join("y.npy"), &labels);
            args.extend([
                "--labels".to_owned(),
                "y.npy".to_owned(),
                "--classes".to_owned(),
                case["classes"].to_string(),
            ]);
        }
        let found = json(folder.path(), &args.iter().map(String::as_str).collect::<Vec<_>>());
        let name = case["case"].as_str().unwrap();
        for (measure, golden) in case["measures"].as_object().unwrap() {
            let found = &found["measures"][measure];
            // no flag gives the layer that reads a matrix
            let golden = golden.as_f64().filter(|_| !["nc3_duality", "nc4_disagreement"].contains(&measure.as_str()));
            match (golden, found.as_f64()) {
                (None, None) => {}
                (Some(golden), Some(found)) => assert!(close(found, golden), "{name}, {measure}: {found} for {golden}"),
                _ => panic!("{name}, {measure}: {found} for {golden:?}"),
            }
            compared += 1;
        }
    }
    assert!(compared > 250, "{compared}");
}

#[test]
fn penalties_and_gradients_are_those_of_numpy() {
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../../../repshape/tests/golden/penalties.json")).unwrap();
    assert!(cases.len() > 200, "the golden file is cut short");
    let folder = tempfile::tempdir().unwrap();
    let mut compared = 0;
    // every third: each costs a process, and the library compares all of them
    for case in cases.iter().step_by(3) {
        let name = case["name"].as_str().unwrap();
        let (rows, units) = (case["rows"].as_u64().unwrap() as usize, case["units"].as_u64().unwrap() as usize);
        let z = floats(&case["z"]);
        npy(&folder.path().join("z.npy"), &[rows, units], &z);
        let mut args = vec!["penalty", "z.npy", "--penalty", case["spec"].as_str().unwrap(), "--gradient-out", "g.npy"];
        let classes = case["classes"].to_string();
        if let Some(labels) = case["labels"].as_array() {
            let labels: Vec<i64> = labels.iter().map(|y| y.as_i64().unwrap()).collect();
            npy_labels(&folder.path().join("y.npy"), &labels);
            args.extend(["--labels", "y.npy", "--classes", &classes]);
        }
        if let Some(reduction) = case["reduction"].as_str() {
            args.extend(["--reduction", reduction]);
        }
        let groups = case["groups"].as_array().map(|groups| {
            let group = |g: &Value| floats(g).iter().map(ToString::to_string).collect::<Vec<_>>().join("+");
            groups.iter().map(group).collect::<Vec<_>>().join(",")
        });
        if let Some(groups) = &groups {
            args.extend(["--groups", groups]);
        }
        let found = json(folder.path(), &args);
        let (value, golden) = (found["value"].as_f64().unwrap(), case["value"].as_f64().unwrap());
        // a mean of 1,000 leaves three digits less
        let tolerance = if name.contains("mean 1000") { 1e-6 } else { 1e-9 };
        assert!((value - golden).abs() <= tolerance * golden.abs().max(1e-12), "{name}: {value} for {golden}");
        let (shape, gradient) = read_npy(&folder.path().join("g.npy"));
        assert_eq!(shape, [rows, units], "{name}");
        let golden = floats(&case["gradient"]);
        let largest = |entries: &[f64]| entries.iter().fold(0.0f64, |most, entry| most.max(entry.abs()));
        // as the library's test: entries are sums that cancel, or rounding of the value over the activations
        let scale = largest(&golden).max(1e-3 * value.abs() / largest(&z).max(1e-3)).max(1e-12);
        let off = gradient.iter().zip(&golden).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off <= tolerance * scale, "{name}: gradient off by {off} of {scale}");
        compared += 1;
    }
    assert!(compared > 70, "{compared}");
}

//! `repshape compare`: two matrices, a run with itself and with its model, and what is refused.

use std::path::Path;

use serde_json::Value;

use crate::support::{Z, folder, json, npy, npy_labels, ok, repshape, run};

/// [`Z`] with its units in another order, doubled and moved.
fn turned() -> Vec<f64> {
    Z.chunks(3).flat_map(|row| [2.0 * row[2] + 1.0, 5.0 - 2.0 * row[0], 2.0 * row[1]]).collect()
}

#[track_caller]
fn close(found: &Value, expected: f64, tolerance: f64) {
    let value = found.as_f64().unwrap_or(f64::NAN);
    assert!((value - expected).abs() <= tolerance, "{found}, expected {expected}");
}

#[track_caller]
fn refused(folder: &Path, args: &[&str], says: &[&str]) {
    let ran = run(&mut repshape(folder), &[&["compare"], args].concat());
    assert_eq!(ran.code, Some(2), "{args:?}: {ran:#?}");
    assert_eq!(ran.out, "", "{args:?}");
    assert_eq!(ran.err.matches("error: ").count(), 1, "{args:?}: {}", ran.err);
    for part in says {
        assert!(ran.err.contains(part), "{args:?}: no \"{part}\" in {}", ran.err);
    }
}

#[test]
fn a_matrix_and_itself_turned_doubled_and_moved() {
    let folder = folder();
    npy(&folder.path().join("b.npy"), &[7, 3], &turned());
    let args = ["compare", "z.npy", "b.npy", "--labels", "y.npy", "--only", "variance,class_wise_variance,mi_x_lower"];
    let found = json(folder.path(), &args);
    assert_eq!(found["schema"], "repshape.comparison/1");
    assert_eq!((&found["a"]["source"], &found["b"]["source"]), (&"z.npy".into(), &"b.npy".into()));
    assert!(found["a"]["site"].is_null() && found["layers"].is_null());
    assert_eq!((&found["a"]["rows"], &found["b"]["units"]), (&7.into(), &3.into()));
    for name in ["cka", "cka_unbiased", "cca_mean", "svcca", "pwcca"] {
        close(&found["similarities"][name], 1.0, 1e-9);
    }
    close(&found["similarities"]["procrustes_distance"], 0.0, 1e-9);
    for name in ["variance", "class_wise_variance"] {
        let change = &found["changes"][name];
        let [a, b, low, high] = ["a", "b", "low", "high"].map(|key| change[key].as_f64().unwrap());
        assert!((b - 4.0 * a).abs() < 1e-12 * b, "{change}");
        close(&change["difference"], b - a, 0.0);
        assert!(low < high, "{change}");
    }
    let information = &found["changes"]["mi_x_lower"];
    assert!(information["difference"].is_f64() && information["low"].is_null(), "{information}");
    // the same rows, the same seed: the same text; another seed, other draws
    let text = ok(folder.path(), &args);
    assert_eq!(text, ok(folder.path(), &[&args[..], &["--threads", "1"]].concat()));
    let other = json(folder.path(), &[&args[..], &["--seed", "1"]].concat());
    assert_eq!(other["similarities"], found["similarities"]);
    assert_ne!(other["changes"]["variance"]["low"], found["changes"]["variance"]["low"]);
    // one side with labels serves both; without intervals the ends are null
    let plain = json(folder.path(), &[&args[..], &["--no-bootstrap"]].concat());
    assert!(plain["changes"]["variance"]["low"].is_null() && plain["changes"]["variance"]["difference"].is_f64());
}

#[test]
fn table_and_csv_hold_similarities_and_changes() {
    let folder = folder();
    npy(&folder.path().join("b.npy"), &[7, 2], &Z[..14]);
    let of = |format| {
        ok(folder.path(), &["compare", "z.npy", "b.npy", "--only", "rank", "--no-bootstrap", "--format", format])
    };
    let (table, csv) = (of("table"), of("csv"));
    assert!(table.starts_with("measure  A  B  B - A  low  high\nrank     3  2     -1    -     -\ncka: 0."), "{table}");
    assert!(table.contains("\nA: z.npy: 7 rows, 3 units\nB: b.npy: 7 rows, 2 units\n"), "{table}");
    assert!(csv.starts_with("name,a,b,difference,low,high,similarity\ncka,,,,,,0."), "{csv}");
    assert!(csv.ends_with("\nrank,3,2,-1,,,\n"), "{csv}");
}

#[test]
fn a_run_with_itself_with_its_model_and_layer_by_layer() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    json(folder, &["shape", "--network", "mlp:12,9,7", "--smoke", "--out", "run", "-q"]);
    let same = json(folder, &["compare", "run", "run", "--site", "fc2", "--draws", "40", "--only", "variance,rank"]);
    assert_eq!((&same["a"]["site"], &same["a"]["units"]), (&"fc2".into(), &9.into()));
    close(&same["similarities"]["cka"], 1.0, 1e-12);
    for end in ["difference", "low", "high"] {
        close(&same["changes"]["variance"][end], 0.0, 0.0);
    }
    // as the model that was exported says
    let model = ["compare", "run", "run/model.onnx", "--data", "digits", "--site-a", "fc2", "--site-b", "fc2"];
    let model = json(folder, &[&model[..], &["--no-bootstrap", "--only", "variance,class_wise_variance"]].concat());
    close(&model["similarities"]["cka"], 1.0, 1e-6);
    assert!(model["changes"]["class_wise_variance"]["b"].is_f64(), "{model}");
    // two layers of one side, three of the other, which share one
    let layers =
        ["compare", "run", "run", "--site-a", "fc1", "--site-a", "fc2", "--site-b", "fc*", "--report", "page.html"];
    let found = json(folder, &layers);
    let (a, b) = (&found["layers"]["a"], &found["layers"]["b"]);
    assert_eq!(a, &serde_json::json!(["fc1", "fc2"]));
    let at = b.as_array().unwrap().iter().position(|name| name == "fc2").unwrap();
    close(&found["layers"]["cka"][1][at], 1.0, 1e-9);
    assert!(found["layers"]["cka"][0][at].as_f64().unwrap() < 0.999, "{found}");
    assert_eq!(found["layers"]["rows"], found["a"]["rows"]);
    assert_eq!(found["similarities"], serde_json::json!({}));
    let page = std::fs::read_to_string(folder.join("page.html")).unwrap();
    assert!(page.contains("run and run"), "no title");
    let table = ok(folder, &[&layers[..9], &["--format", "table"]].concat());
    assert!(table.starts_with("layer"), "{table}");

    refused(folder, &["run", "run", "--site", "conv1"], &["run: the network has no site \"conv1\"", "fc1"]);
    refused(folder, &["run", "run", "--data", "digits"], &["--data does not belong to a run folder"]);
    // digits have 360 test rows and 10 classes
    npy(&folder.join("z.npy"), &[360, 1], &(0..360).map(|n| f64::from(n % 7)).collect::<Vec<_>>());
    npy_labels(&folder.join("y.npy"), &(0..360).map(|n| n % 4).collect::<Vec<_>>());
    let says = ["run has 10 classes and z.npy 4: both must be of the same rows"];
    refused(folder, &["run", "z.npy", "--site", "fc1", "--labels", "y.npy"], &says);
    let mixed = ["run", "z.npy", "--site", "fc1", "--labels", "y.npy", "--classes", "10"];
    refused(
        folder,
        &mixed,
        &["row ", " has label ", " in run: site fc1 and ", " in z.npy: both must be of the same rows"],
    );
}

#[test]
fn what_cannot_be_compared_is_refused_by_name() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    npy(&at("short.npy"), &[5, 3], &Z[..15]);
    let mut bad = Z;
    bad[13] = f64::NAN;
    npy(&at("bad.npy"), &[7, 3], &bad);
    npy_labels(&at("w.npy"), &[0, 2, 1, 1, 0, 2, 1]);
    std::fs::write(at("short.csv"), "1,2\n3,4\n5,5\n").unwrap();
    let path = folder.path();
    let rows = "both must be of the same rows, in the same order";
    refused(path, &["z.npy", "short.npy"], &["z.npy has 7 rows and short.npy 5: ", rows]);
    refused(path, &["z.npy", "short.csv"], &["z.npy", "short.csv", rows]);
    refused(path, &["z.npy", "bad.npy"], &["bad.npy: row 4, unit 1: NaN is not a finite number"]);
    refused(path, &["bad.npy", "z.npy"], &["bad.npy: row 4, unit 1: NaN is not a finite number"]);
    let labels = ["z.npy", "z.npy", "--labels", "y.npy", "--labels", "w.npy"];
    refused(path, &labels, &["row 3 has label 2 in z.npy and 1 in z.npy: ", rows]);
    refused(path, &[&labels[..], &["--labels", "y.npy"]].concat(), &["3 --labels for A and B"]);
    refused(path, &["z.npy", "z.npy", "--site", "fc5"], &["z.npy: --site belongs to run folders and models"]);
    refused(path, &["z.npy", "z.npy", "--only", "rnak"], &["unknown measure \"rnak\"; did you mean \"rank\""]);
    refused(path, &["z.npy", "z.npy", "--draws", "10"], &["draws is 10 for a level of 0.95"]);
    refused(path, &["z.npy", "z.npy", "--level", "1"], &["level is 1, expected above 0 and below 1"]);
    refused(path, &["z.npy", "absent.npy"], &["absent.npy: no such file"]);
}

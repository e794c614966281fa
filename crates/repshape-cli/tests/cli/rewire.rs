//! `repshape rewire`: the same outputs from another network, the proof, and what is refused.

use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{json, listing, npy, ok, read_npy, repshape, run};

/// A folder with a run whose second layer is linear, wider than what it reads; its third has a tanh.
fn trained() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let network = "mlp:12,20:linear,9,7:tanh";
    ok(folder.path(), &["shape", "--network", network, "--epochs", "6", "--seed", "3", "--out", "run", "-q"]);
    folder
}

fn rewire(folder: &Path, args: &[&str]) -> Value {
    json(folder, &[&["rewire"], args, &["--format", "json", "-q"]].concat())
}

/// The message of a command that must be refused and leave nothing.
#[track_caller]
fn refused(folder: &Path, code: i32, args: &[&str]) -> String {
    let before = listing(folder);
    let ran = run(&mut repshape(folder), &[&["rewire"], args, &["-q"]].concat());
    assert_eq!(ran.code, Some(code), "{args:?}: {ran:#?}");
    assert_eq!(ran.out, "", "{args:?}");
    assert_eq!(listing(folder), before, "{args:?}");
    ran.err
}

#[track_caller]
fn same_outputs(found: &Value) {
    assert!(found["max_rel_difference"].as_f64().unwrap() <= 1e-5, "{found:#}");
    assert_eq!(found["same_predictions"], 1.0);
    assert_eq!(found["tolerance"], 1e-5);
}

fn measure(found: &Value, side: &str, name: &str) -> f64 {
    found[side]["measures"][name].as_f64().unwrap()
}

#[test]
fn a_linear_site_takes_any_representation_and_the_outputs_stay() {
    let folder = trained();
    let folder = folder.path();
    npy(
        &folder.join("target.npy"),
        &[20, 20],
        &(0..400).map(|at| if at % 21 == 0 { 4.0 } else { 0.0 }).collect::<Vec<_>>(),
    );
    for by in ["whiten", "pca", "cholesky", "rotate", "random-orthogonal", "scale", "permute"] {
        let found = rewire(folder, &["run", "--site", "fc2", "--by", by, "--out", by]);
        assert_eq!(
            (&found["schema"], &found["site"], &found["by"]),
            (&"repshape.rewiring/1".into(), &"fc2".into(), &by.into())
        );
        assert_eq!((&found["rows"], &found["out"]), (&360.into(), &by.into()));
        same_outputs(&found);
        let covariance = measure(&found, "after", "covariance");
        match by {
            // of rank 12 among 20 units: the range is white, and ZCA leaves it where it lies
            "pca" | "rotate" => assert!(covariance < 1e-6, "{by}: {covariance}"),
            "permute" => assert!((covariance / measure(&found, "before", "covariance") - 1.0).abs() < 1e-5),
            _ => assert!((covariance / measure(&found, "before", "covariance") - 1.0).abs() > 1e-3, "{by}"),
        }
        // what was printed of the new run is what is measured of it, in whatever form it is read
        let of_run = json(folder, &["measure", by, "--site", "fc2", "-q"]);
        let model = format!("{by}/model.onnx");
        let of_model = json(folder, &["measure", &model, "--site", "fc2", "--data", "digits", "-q"]);
        assert_eq!(of_run["measures"], found["after"]["measures"], "{by}");
        let (of_run, of_model) = (&of_run["measures"]["variance"], &of_model["measures"]["variance"]);
        assert!((of_run.as_f64().unwrap() / of_model.as_f64().unwrap() - 1.0).abs() < 1e-4, "{by}");
    }
    let outputs = |run: &str| {
        let saved = format!("{run}-outputs");
        std::fs::create_dir(folder.join(&saved)).unwrap();
        ok(folder, &["measure", run, "--site", "output", "--only", "variance", "--save-activations", &saved, "-q"]);
        read_npy(&folder.join(saved).join("output.npy")).1
    };
    let (old, new) = (outputs("run"), outputs("whiten"));
    let largest = old.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
    assert!(old.iter().zip(&new).all(|(a, b)| (a - b).abs() <= 1e-5 * largest));
    assert_ne!(old, new);
}

#[test]
fn a_target_is_reached_on_the_range_of_the_covariance() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    ok(folder, &["shape", "--network", "mlp:30,6:linear,9", "--epochs", "5", "--out", "run", "-q"]);
    let target: Vec<f64> = (0..36).map(|at| if at % 7 == 0 { 4.0 } else { 3.0 }).collect();
    npy(&folder.join("target.npy"), &[6, 6], &target);
    let found = rewire(folder, &["run", "--site", "fc2", "--by", "target=target.npy", "--out", "new"]);
    same_outputs(&found);
    assert!((measure(&found, "after", "variance") - 4.0).abs() < 1e-4);
    assert!((measure(&found, "after", "correlation") - 0.75).abs() < 1e-5);
}

#[test]
fn a_relu_site_keeps_its_correlations_under_a_positive_diagonal() {
    let folder = trained();
    let found = rewire(folder.path(), &["run", "--site", "fc3", "--by", "scale", "--out", "new", "--verify", "train"]);
    same_outputs(&found);
    assert!(measure(&found, "after", "variance") < 0.9 * measure(&found, "before", "variance"));
    for name in ["correlation_positive", "sparsity", "dead_units"] {
        let (before, after) = (measure(&found, "before", name), measure(&found, "after", name));
        assert!((before - after).abs() < 1e-5, "{name}: {before} {after}");
    }
    assert_eq!(found["verified"][0]["data"], "the run's own training rows");
    assert!(found["verified"][0]["max_rel_difference"].as_f64().unwrap() <= 1e-5);
}

#[test]
fn compact_drops_what_carries_nothing_and_says_for_which_inputs() {
    let folder = trained();
    let folder = folder.path();
    let found = rewire(
        folder,
        &["run", "--site", "*", "--by", "compact", "--rows", "train", "--verify", "test", "--force", "--out", "small"],
    );
    let sites: Vec<&str> = found.as_array().unwrap().iter().map(|one| one["site"].as_str().unwrap()).collect();
    assert_eq!(sites, ["fc1", "fc2", "fc3"]);
    let linear = &found[1];
    same_outputs(linear);
    // 20 units that read 12 and are read by 9
    assert!(linear["units_after"].as_u64().unwrap() <= 9, "{linear:#}");
    assert!(linear["parameters_after"].as_u64() < linear["parameters_before"].as_u64());
    let holds = |one: &Value| {
        one["removed"].as_array().unwrap().iter().map(|r| r["holds"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(holds(linear).iter().any(|holds| holds == "every_input"));
    assert!(
        linear["notes"].as_array().unwrap().iter().any(|note| note.as_str().unwrap().contains("fc4")),
        "{linear:#}"
    );
    let spec = linear["network"].as_str().unwrap();
    assert!(std::fs::read_to_string(folder.join("small/run.toml")).unwrap().contains("rewired = \"run by compact\""));
    // the new folder is one of the kind that every verb takes
    assert_eq!(json(folder, &["measure", "small", "--site", "fc2", "-q"])["units"], linear["units_after"]);
    ok(folder, &["report", "small", "--out", "page.html", "-q"]);
    assert!(std::fs::read_to_string(folder.join("page.html")).unwrap().contains("Same outputs"));
    let refused = run(&mut repshape(folder), &["shape", "small/run.toml", "--out", "again"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("was rewired (run by compact)"), "{}", refused.err);
    // lossy: smaller still, within what was allowed
    let lossy = rewire(folder, &["run", "--site", "*", "--by", "compact", "--tolerance", "0.2", "--out", "smaller"]);
    let page = std::fs::read_to_string(folder.join("smaller/report.html")).unwrap();
    assert!(page.contains("Nearly the same outputs, fewer units") && !page.contains("Not proven"));
    assert!(lossy[0]["parameters_after"].as_u64() < linear["parameters_after"].as_u64());
    let error = lossy[0]["rms_rel_difference"].as_f64().unwrap();
    assert!(error > 1e-4 && error <= 0.2, "{error}");
    assert!(!lossy[1]["curve"].as_array().unwrap().is_empty());
    assert_ne!(lossy[0]["network"], spec);
}

#[test]
fn weights_in_a_file_and_an_exported_model_are_rewired_as_the_run_is() {
    let folder = trained();
    let folder = folder.path();
    let of_run = rewire(folder, &["run", "--site", "fc2", "--by", "random-orthogonal", "--seed", "7", "--out", "new"]);
    let weights = ["run/model.safetensors", "--network", "mlp:12,20:linear,9,7:tanh", "--data", "digits"];
    let how = ["--site", "fc2", "--by", "random-orthogonal", "--seed", "7", "--out"];
    let of_weights = rewire(folder, &[&weights[..], &how, &["new.safetensors"]].concat());
    same_outputs(&of_weights);
    let of_model = rewire(folder, &[&["run/model.onnx", "--data", "digits"][..], &how, &["new.onnx"]].concat());
    same_outputs(&of_model);
    for (found, what) in [(&of_weights, "weights"), (&of_model, "model")] {
        for name in ["variance", "mapc", "amplitude"] {
            let (a, b) = (measure(found, "before", name), measure(&of_run, "before", name));
            assert!((a / b - 1.0).abs() < 1e-4, "{what} {name}: {a} {b}");
        }
    }
    assert_eq!(read_network(&folder.join("new.safetensors")), read_network(&folder.join("new/model.safetensors")));
    // without data: noise, which says nothing of a covariance
    let noise = rewire(folder, &["new.onnx", "--site", "fc3", "--by", "equalize", "--out", "even.onnx"]);
    assert_eq!((&noise["data"], &noise["rows"]), (&"standard normal noise, seed 0".into(), &256.into()));
    assert!(noise["int8"]["weights_before"].as_f64().unwrap() > 0.0);
    same_outputs(&noise);
}

fn read_network(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

#[test]
fn a_linear_layer_is_put_behind_a_relu_and_whitened() {
    let folder = trained();
    let found = rewire(folder.path(), &["run", "--site", "fc3", "--by", "whiten", "--insert-linear", "--out", "new"]);
    same_outputs(&found);
    assert_eq!((&found["site"], &found["network"]), (&"fc4".into(), &"mlp:12,20:linear,9,9:linear,7:tanh".into()));
    assert!(measure(&found, "after", "covariance") < 1e-5 * measure(&found, "before", "covariance"));
}

#[test]
fn a_comparable_network_keeps_little_but_the_error() {
    let folder = trained();
    let folder = folder.path();
    let found =
        rewire(folder, &["run", "--site", "fc3", "--by", "cpn:ones-random-diagonal", "--draws", "4", "--out", "ones"]);
    assert!(found["tolerance"].is_null());
    let comparable = &found["comparable"];
    assert_eq!(comparable["draws"].as_array().unwrap().len(), 4);
    assert!(
        comparable["error_after"].as_f64().unwrap() < comparable["error_before"].as_f64().unwrap() + 0.1,
        "{comparable:#}"
    );
    assert!(measure(&found, "after", "correlation") > measure(&found, "before", "correlation"));
    let found = rewire(folder, &["run", "--site", "fc3", "--by", "cpn:whitening", "--out", "white"]);
    assert!(measure(&found, "after", "correlation") < measure(&found, "before", "correlation"));
}

#[test]
fn the_demonstration_makes_ten_networks_with_the_same_outputs() {
    let folder = tempfile::tempdir().unwrap();
    let found = json(folder.path(), &["rewire", "--demo", "--out", "demo", "-q"]);
    let networks = found["networks"].as_array().unwrap();
    assert_eq!(networks.len(), 11);
    let of = |name: &str| -> Vec<f64> {
        networks.iter().map(|one| one["measurement"]["measures"][name].as_f64().unwrap()).collect()
    };
    for one in networks {
        assert!(one["max_rel_difference"].as_f64().unwrap() <= 1e-5, "{one:#}");
        assert_eq!((&one["same_predictions"], &one["test_error"]), (&1.0.into(), &networks[0]["test_error"]));
    }
    let range =
        |name: &str| of(name).into_iter().fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x), high.max(x)));
    let (low, high) = range("correlation");
    assert!(low < 1e-5 && high > 0.9, "correlation from {low} to {high}");
    let (low, high) = range("variance");
    assert!(high / low > 1e8, "variance from {low} to {high}");
    let (low, high) = range("sparsity");
    assert!(low == 0.0 && high > 0.45, "sparsity from {low} to {high}");
    for file in ["original.onnx", "principal-axes.onnx", "all-alike.onnx", "report.html"] {
        assert!(folder.path().join("demo").join(file).is_file(), "{file}");
    }
    let again = run(&mut repshape(folder.path()), &["rewire", "--demo", "--out", "demo"]);
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("demo: not empty"), "{}", again.err);
}

#[test]
fn refusals_say_why() {
    let folder = trained();
    let folder = folder.path();
    npy(&folder.join("small.npy"), &[2, 2], &[1.0, 0.0, 0.0, 1.0]);
    let cases: [&[&str]; 21] = [
        &["missing", "--site", "fc1", "--by", "scale", "--out", "new"],
        &["small.npy", "--site", "fc1", "--by", "scale", "--out", "new.npy"],
        &["run", "--site", "fc1", "--by", "whiten", "--out", "new"],
        &["run", "--site", "fc3.pre", "--by", "random-orthogonal", "--out", "new"],
        &["run", "--site", "fc4", "--by", "scale", "--out", "new"],
        &["run", "--site", "output", "--by", "scale", "--out", "new"],
        &["run", "--site", "fc9", "--by", "scale", "--out", "new"],
        &["run", "--site", "fc4*", "--by", "scale", "--out", "new"],
        &["run", "--site", "fc2", "--site", "fc2.pre", "--by", "scale", "--out", "new"],
        &["run", "--site", "fc2", "--by", "target=small.npy", "--out", "new"],
        &["run", "--site", "fc2", "--by", "target=missing.npy", "--out", "new"],
        &["run", "--site", "fc2", "--by", "scale", "--out", "run"],
        &["run", "--site", "fc2", "--by", "scale", "--out", "missing/new"],
        &["run", "--site", "fc2", "--by", "scale", "--insert-linear", "--site", "fc3", "--out", "new"],
        &["run", "--site", "fc2", "--by", "scale", "--verify", "missing.npy", "--out", "new"],
        &["run/model.onnx", "--site", "fc2", "--by", "whiten", "--out", "new.onnx"],
        &["run/model.onnx", "--site", "fc2", "--by", "compact", "--tolerance", "0.1", "--out", "new.onnx"],
        &["run/model.onnx", "--site", "fc2", "--by", "scale", "--out", "new.safetensors"],
        &["run/model.onnx", "--site", "fc3", "--by", "cpn:whitening", "--data", "digits", "--out", "new.onnx"],
        &["run/model.safetensors", "--site", "fc2", "--by", "scale", "--out", "new.safetensors"],
        &[
            "run/model.safetensors",
            "--network",
            "mlp:12,20",
            "--site",
            "fc2",
            "--by",
            "scale",
            "--out",
            "new.safetensors",
        ],
    ];
    let mut said = String::new();
    for args in cases {
        said += &format!("$ repshape rewire {}\n{}", args.join(" "), refused(folder, 2, args));
    }
    assert_snapshot!("rewire_refusals", said);
    let how = run(&mut repshape(folder), &["rewire", "run", "--site", "fc2", "--by", "whitten", "--out", "new"]);
    assert_eq!(how.code, Some(2));
    assert!(how.err.contains("whiten") && how.err.contains("expected one of"), "{}", how.err);
}

#[test]
fn a_difference_that_is_too_large_writes_nothing_unless_forced() {
    let folder = trained();
    let folder = folder.path();
    for out in ["new", "new.onnx"] {
        let model: PathBuf = if out == "new" { "run".into() } else { "run/model.onnx".into() };
        let model = model.to_str().unwrap();
        let mut args = vec![model, "--site", "fc2", "--by", "random-orthogonal", "--tolerance", "1e-12", "--out", out];
        let said = refused(folder, 1, &args);
        assert!(said.contains("(allowed 1e-12)") && said.contains("nothing was written: --force"), "{said}");
        args.push("--force");
        let found = rewire(folder, &args);
        assert!(found["max_rel_difference"].as_f64().unwrap() > 1e-12);
        assert!(folder.join(out).exists());
    }
}

#[test]
fn a_table_says_what_stayed_and_what_changed() {
    let folder = trained();
    let args =
        ["rewire", "run", "--site", "fc2", "--by", "permute", "--only", "variance,rank", "--out", "new", "--format"];
    let table = ok(folder.path(), &[&args[..], &["table", "-q"]].concat());
    // the differences are of the last bits
    let digits = regex_lite(&table);
    assert_snapshot!("rewire_table", digits);
    let folder = trained();
    let csv = ok(folder.path(), &[&args[..], &["csv", "-q"]].concat());
    assert!(
        csv.starts_with("network,source,site,rows,units,classes,layout,variance,rank\nbefore,run,fc2,360,20,10,"),
        "{csv}"
    );
    assert!(csv.contains("\nafter,new,fc2,360,20,10,"), "{csv}");
}

/// Numbers such as 1.23e-7 without their digits.
fn regex_lite(text: &str) -> String {
    text.split(' ')
        .map(|word| {
            if word.contains("e-") && word.starts_with(|c: char| c.is_ascii_digit()) && !word.contains("1e-5") {
                "N"
            } else {
                word
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

//! The papers' tables and figures, from outside.

use serde_json::Value;

use crate::support::{folder, json, ok, repshape, run};

fn items() -> Vec<String> {
    let folder = folder();
    let list = json(folder.path(), &["reproduce"]);
    assert_eq!(list["schema"], "repshape.reproductions/1");
    let items = list["items"].as_array().unwrap();
    assert!(items.iter().all(|item| item["status"] == "missing"));
    items.iter().map(|item| item["item"].as_str().unwrap().to_owned()).collect()
}

fn smoke<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["reproduce", "--smoke", "--out", "s", "--quiet"], more].concat()
}

/// Every recipe, in its smoke size, in one folder: nothing is downloaded.
#[test]
fn every_item_runs_in_smoke_size_and_is_collected() {
    let folder = folder();
    let items = items();
    for item in &items {
        let found = json(folder.path(), &smoke(&[item]));
        assert_eq!((&found["schema"], &found["item"]), (&"repshape.reproduction/1".into(), &item.as_str().into()));
        assert_eq!(found["smoke"], true);
        let with_value = |cell: &Value| !cell["mean"].is_null();
        let cells = || {
            let tables = found["tables"].as_array().unwrap();
            let rows = tables.iter().flat_map(|table| table["rows"].as_array().unwrap());
            rows.flat_map(|row| row["cells"].as_array().unwrap())
        };
        assert!(cells().next().is_none() || cells().any(with_value), "{item}: no number at all");
        let out = folder.path().join("s").join(item);
        for file in ["results.json", "results.md", "results.csv", "report.html"] {
            assert!(out.join(file).metadata().unwrap().len() > 100, "{item}: {file}");
        }
    }
    let list = json(folder.path(), &smoke(&[]));
    assert!(list["items"].as_array().unwrap().iter().all(|item| item["status"] == "done"), "{list}");
    // the second time everything is there
    let again = ok(folder.path(), &smoke(&[&items[0], "--format", "csv"]));
    assert!(again.starts_with("table,row,column,mean,std,n,low,high,"), "{again}");
    ok(folder.path(), &smoke(&["--collect", "--results", "r", "--commit", "0123abc"]));
    let read = |page: &str| std::fs::read_to_string(folder.path().join("r").join(page)).unwrap();
    let (index, claims, differences) = (read("reproductions.md"), read("claims.md"), read("differences.md"));
    let count = |item: &Value| item["claims"].as_u64().unwrap();
    let lines = claims.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| claim |")).count();
    let headings = claims.lines().filter(|line| *line == "| --- | --- | --- | --- | --- |").count();
    assert_eq!((lines - headings) as u64, list["items"].as_array().unwrap().iter().map(count).sum::<u64>());
    assert!(differences.contains("| Baseline | default |") && !differences.contains("findings.md"), "{differences}");
    for item in &items {
        assert!(index.contains(&format!("| [{item}]({item}/results.md) |")), "{item} in {index}");
        assert!(folder.path().join("r").join(item).join("results.json").is_file());
    }
    assert!(index.contains("commit 0123abc") && index.contains("Machine: "));
}

#[test]
fn an_unfinished_study_goes_on_only_when_asked() {
    let folder = folder();
    let args = ["reproduce", "choi2018/table6", "--smoke", "--out", "s", "--quiet"];
    ok(folder.path(), &args);
    let runs = folder.path().join("s/studies/mnist-default/runs");
    let first = std::fs::read_dir(runs).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_dir_all(first).unwrap();
    let refused = run(&mut repshape(folder.path()), &args);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("runs are done; go on with --resume"), "{}", refused.err);
    let list = json(folder.path(), &["reproduce", "--smoke", "--out", "s"]);
    let status = |item: &Value| (item["item"] == "choi2018/table6").then(|| item["status"].clone());
    assert_eq!(list["items"].as_array().unwrap().iter().find_map(status).unwrap(), "part");
    ok(folder.path(), &[&args[..], &["--resume"]].concat());
    // one of five studies is finished: what there is is collected, and what is not there is said
    ok(folder.path(), &["reproduce", "--smoke", "--out", "s", "--collect", "--results", "r", "--quiet"]);
    let read = |name: &str| std::fs::read_to_string(folder.path().join("r").join(name)).unwrap();
    assert!(read("choi2018/table8/results.md").contains("not finished, left out: mnist-1k, mnist-5k, mnist-width-2"));
    assert!(read("reproductions.md").contains("| kageback2017/figure3 |"), "not run");
}

#[test]
fn a_folder_of_another_study_is_refused() {
    let folder = folder();
    ok(
        folder.path(),
        &["study", "digits", "--smoke", "--set", "baseline", "--out", "s/studies/mnist-default", "--quiet"],
    );
    let ran = run(&mut repshape(folder.path()), &["reproduce", "choi2018/table6", "--smoke", "--out", "s", "--resume"]);
    assert_eq!(ran.code, Some(5), "{}", ran.err);
    assert!(ran.err.contains("holds another study"), "{}", ran.err);
}

#[test]
fn what_cannot_be_done_is_said() {
    let folder = folder();
    for (args, expected) in [
        (&["reproduce", "choi2019/tabel7"][..], "did you mean \"choi2019/table7\"?"),
        (&["reproduce", "choi2019/table7", "--out", "o"], "repshape data get mnist"),
        (&["reproduce", "kageback2017/figure3", "--data", "digits", "--out", "o"], "kageback2017/figure3 reads xor"),
        (&["reproduce", "--collect", "--results", "r", "--out", "o"], "no item's studies are finished there"),
    ] {
        let ran = run(&mut repshape(folder.path()), args);
        assert_eq!(ran.code, Some(2), "{args:?}: {}", ran.err);
        assert!(ran.err.contains(expected), "{args:?}: {}", ran.err);
    }
}

/// The exported model's outputs are those of the run, behind the activation, and a logit is refused one.
#[test]
fn an_output_activation_is_a_part_of_the_network() {
    let folder = folder();
    let spec = "data = \"digits\"\nnetwork = \"mlp:8\"\ntarget = \"input\"\nepochs = 2\nbatch-size = 50\n\
                optimizer = \"adam:1e-2\"\noutput-activation = \"logistic\"\n";
    let of =
        |task: &str| std::fs::write(folder.path().join("spec.toml"), format!("{spec}task = \"{task}\"\n")).unwrap();
    of("mean-squared-error");
    ok(folder.path(), &["shape", "spec.toml", "--out", "run", "--quiet"]);
    let amplitude = |model: &str, more: &[&str]| {
        let args = [&["measure", model, "--site", "output", "--only", "amplitude,sparsity"], more].concat();
        json(folder.path(), &args)["measures"]["amplitude"].as_f64().unwrap()
    };
    let (run_s, model_s) = (amplitude("run", &[]), amplitude("run/model.onnx", &["--data", "digits"]));
    assert!(0.05 < run_s && run_s < 0.95, "a mean of logistic outputs: {run_s}");
    // f32 sums of two programs
    assert!((run_s - model_s).abs() < 1e-5, "{run_s} and {model_s}");
    of("binary-cross-entropy");
    let ran = run(&mut repshape(folder.path()), &["shape", "spec.toml", "--out", "other"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.contains("output-activation is logistic: task \"binary-cross-entropy\" takes logits"),
        "{}",
        ran.err
    );
}

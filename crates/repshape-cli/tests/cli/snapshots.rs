//! What the command says about itself, and its messages, word for word.

use insta::assert_snapshot;

use crate::support::{Y, Z, folder, npy, npy_labels, ok, repshape, run};

#[test]
fn alone_it_prints_a_map_of_the_verbs() {
    let folder = folder();
    assert_snapshot!("map", ok(folder.path(), &[]));
}

#[test]
fn every_verb_explains_itself() {
    let folder = folder();
    let verbs: [&[&str]; 20] = [
        &[],
        &["study"],
        &["study", "plan"],
        &["study", "run-task"],
        &["study", "status"],
        &["study", "resume"],
        &["study", "collect"],
        &["shape"],
        &["measure"],
        &["measure", "merge"],
        &["sites"],
        &["compare"],
        &["rewire"],
        &["penalty"],
        &["report"],
        &["reproduce"],
        &["data"],
        &["data", "show"],
        &["data", "get"],
        &["completions"],
    ];
    for verb in verbs {
        let name = format!("help {}", verb.join(" "));
        let help = ok(folder.path(), &[verb, &["--help"]].concat());
        assert_snapshot!(name.trim().replace(' ', "_"), help);
    }
}

#[test]
fn every_verb_of_the_help_stands_on_the_map() {
    let folder = folder();
    let (map, help) = (ok(folder.path(), &[]), ok(folder.path(), &["--help"]));
    let commands = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    // a long description goes on in the next line, further to the right
    for line in commands.lines().filter(|line| !line.starts_with("   ")) {
        let verb = line.split_whitespace().next().unwrap();
        assert!(["completions", "man"].contains(&verb) || map.contains(&format!("\n  {verb} ")), "{verb}");
    }
}

#[test]
fn data_sets_are_listed_and_shown() {
    let folder = folder();
    assert_snapshot!("data_list", ok(folder.path(), &["data", "list", "--format", "table"]));
    assert_snapshot!("data_show_digits", ok(folder.path(), &["data", "show", "digits", "--format", "table"]));
    assert_snapshot!("data_show_digits_json", ok(folder.path(), &["data", "show", "digits"]));
}

#[test]
fn penalties_as_table_csv_and_json() {
    let folder = folder();
    let of = |more: &[&str]| ok(folder.path(), &[&["penalty", "z.npy", "--penalty"], more].concat());
    assert_snapshot!("penalty_json", of(&["cw-vr", "--labels", "y.npy"]));
    assert_snapshot!("penalty_table", of(&["cr:sum", "--format", "table"]));
    assert_snapshot!("penalty_csv", of(&["xcov", "--groups", "0-1,2", "--format", "csv"]));
}

#[test]
fn measurements_as_table_and_csv() {
    let folder = folder();
    npy(&folder.path().join("z2.npy"), &[7, 3], &Z.map(|v| v * 2.0));
    npy_labels(&folder.path().join("y2.npy"), &Y.map(|y| y % 2));
    let files = ["measure", "z.npy", "z2.npy", "--labels", "y.npy", "--labels", "y2.npy"];
    let only = ["--only", "covariance,rank,class_wise_variance,sparsity,dead_units,ud90"];
    assert_snapshot!("measure_table", ok(folder.path(), &[&files[..], &only, &["--format", "table"]].concat()));
    assert_snapshot!("measure_csv", ok(folder.path(), &[&files[..], &only, &["--format", "csv"]].concat()));
}

/// One message each, with the exit code; the folder is the current one, so no path is the machine's own.
#[test]
fn messages_word_for_word() {
    let folder = folder();
    std::fs::write(folder.path().join("typo.toml"), TYPO).unwrap();
    std::fs::write(folder.path().join("site.toml"), TYPO.replace("bacth", "batch").replace("fc1", "fc7")).unwrap();
    let cases: &[&[&str]] = &[
        &["measur"],
        &["measure", "absent.npy"],
        &["measure", "z.npy", "--only", "covarience"],
        &["measure", "z.npy", "--labels", "y.npy", "--classes", "2"],
        &["measure", "z.npy", "--mi-variance", "-1"],
        &["measure", "z.npy", "--site", "fc5"],
        &["measure", "z.npy", "--layout", "tokens"],
        &["measure", "z.npy", "--mi-variance", "relative:0"],
        &["measure", "z.npy", "--head", "y.npy"],
        &["measure", "absent.onnx"],
        &["measure", "merge", "z.npy"],
        &["sites", "z.npy"],
        &["compare", "z.npy", "absent.npy"],
        &["penalty", "z.npy", "--penalty", "cwvr"],
        &["penalty", "z.npy", "--penalty", "cw-vr"],
        &["penalty", "z.npy", "--penalty", "cr:sum", "--reduction", "mean"],
        &["penalty", "z.npy", "--penalty", "cr", "--groups", "0,1"],
        &["penalty", "z.npy", "--penalty", "xcov"],
        &["shape", "--penalty", "cr=-1"],
        &["shape", "--penalty", "cr=1@fc6", "--out", "run"],
        &["shape", "--network", "mlp:1000000,1000000", "--out", "run"],
        &["shape", "--data", "mnist", "--out", "run"],
        &["shape", "typo.toml", "--out", "run"],
        &["shape", "site.toml", "--out", "run"],
        &["study", "--set", "baseline,crr"],
        &["study", "dgits"],
        &["study", "status", "."],
        &["report", "absent"],
        &["data", "show", "digit"],
    ];
    let mut all = String::new();
    for args in cases {
        let ran = run(&mut repshape(folder.path()), args);
        assert_eq!(ran.out, "", "{args:?}");
        all.push_str(&format!("$ repshape {}\n{}[{}]\n\n", args.join(" "), ran.err, ran.code.unwrap()));
    }
    assert_snapshot!("messages", all);
}

const TYPO: &str = r#"data = "digits"
network = "mlp:8"
sites = ["fc1"]
epochs = 1
bacth-size = 50
optimizer = "adam:1e-3"
"#;

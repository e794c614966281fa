//! The JSON that scripts rely on, key by key, over every form in which a matrix comes.

use std::path::Path;

use serde_json::{Value, json as value};

use crate::support::{ROWS, UNITS, Y, Z, folder, json, npy, npy_bytes, npy_labels, ok, read_npy, repshape, run};

/// The names of INTERFACE.md, in its order.
const MEASURES: [&str; 38] = [
    "amplitude",
    "covariance",
    "correlation",
    "variance",
    "sparsity",
    "dead_units",
    "amplitude_positive",
    "covariance_positive",
    "correlation_positive",
    "variance_positive",
    "class_wise_correlation",
    "class_wise_variance",
    "normalized_class_wise_variance",
    "class_wise_covariance",
    "stable_rank_covariance",
    "stable_rank",
    "rank",
    "effective_rank",
    "participation_ratio",
    "mapc",
    "cvr",
    "tdv",
    "ud90",
    "mi_x_lower",
    "mi_x_upper",
    "mi_y_lower",
    "mi_y_upper",
    "nc1",
    "nc1_quotient",
    "cdnv",
    "nc2_equinorm",
    "nc2_equiangular",
    "nc2_etf_error",
    "nc3_duality",
    "nc4_disagreement",
    "rankme",
    "alpha_req",
    "intrinsic_dimension",
];

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn measure_prints_the_keys_of_the_contract() {
    let folder = folder();
    let found = json(folder.path(), &["measure", "z.npy", "--labels", "y.npy"]);
    for key in ["schema", "source", "site", "rows", "units", "classes", "measures", "notes"] {
        assert!(found.get(key).is_some(), "{key} is missing in {found}");
    }
    assert_eq!(found["schema"], "repshape.measurement/1");
    assert_eq!(found["source"], "z.npy");
    assert!(found["site"].is_null());
    assert_eq!((&found["rows"], &found["units"], &found["classes"]), (&value!(7), &value!(3), &value!(3)));
    let mut names = keys(&found["measures"]);
    for name in MEASURES {
        assert!(names.contains(&name), "{name} is missing");
    }
    names.retain(|name| !MEASURES.contains(name));
    assert_eq!(names, [""; 0], "measures beyond the contract");
    for name in ["rank", "ud90"] {
        assert!(found["measures"][name].is_u64(), "{name} is {}", found["measures"][name]);
    }
    assert!(found["mi_rows"].is_u64());
    assert!(found["notes"].is_array());
}

#[test]
fn by_hand() {
    let folder = folder();
    let found = json(folder.path(), &["measure", "z.npy"]);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let amplitude = mean(&Z.map(f64::abs));
    let unit = |i: usize| Z.iter().skip(i).step_by(UNITS).copied().collect::<Vec<f64>>();
    let centred = |i: usize| {
        let unit = unit(i);
        let mean = mean(&unit);
        unit.iter().map(|v| v - mean).collect::<Vec<f64>>()
    };
    let variance =
        mean(&(0..UNITS).map(|i| mean(&centred(i).iter().map(|v| v * v).collect::<Vec<_>>())).collect::<Vec<_>>());
    for (name, expected) in
        [("amplitude", amplitude), ("variance", variance), ("sparsity", 2.0 / 21.0), ("dead_units", 0.0)]
    {
        let found = found["measures"][name].as_f64().unwrap();
        assert!((found - expected).abs() <= 1e-12, "{name}: {found} for {expected}");
    }
    assert_eq!(found["measures"]["rank"], 3);
}

#[test]
fn without_labels_what_is_class_wise_is_null() {
    let folder = folder();
    let found = json(folder.path(), &["measure", "z.npy"]);
    assert!(found["classes"].is_null());
    for name in MEASURES {
        let of_classes =
            ["class_wise", "mi_y", "nc1", "nc2", "nc3", "nc4", "cdnv"].iter().any(|part| name.contains(part));
        let is_null = found["measures"][name].is_null();
        if of_classes {
            assert!(is_null, "{name} is {}", found["measures"][name]);
        } else {
            // a power law needs more units than z has
            assert!(!is_null || ["cvr", "alpha_req"].contains(&name), "{name} is null");
        }
    }
}

#[test]
fn several_inputs_give_an_array_and_labels_go_once_or_to_each() {
    let folder = folder();
    npy_labels(&folder.path().join("w.npy"), &[0, 1, 0, 1, 0, 1, 0]);
    let of = |labels: &[&str]| json(folder.path(), &[&["measure", "z.npy", "z.npy"], labels].concat());
    let (none, once) = (of(&[]), of(&["--labels", "y.npy"]));
    let each = of(&["--labels", "y.npy", "--labels", "w.npy"]);
    for found in [&none, &once, &each] {
        assert_eq!(found.as_array().unwrap().len(), 2);
    }
    let classes = |found: &Value| [found[0]["classes"].clone(), found[1]["classes"].clone()];
    assert_eq!(classes(&none), [Value::Null, Value::Null]);
    assert_eq!(classes(&once), [3, 3].map(Value::from));
    assert_eq!(classes(&each), [3, 2].map(Value::from));
    assert_eq!(once[0], each[0]);
    assert_ne!(once[1]["measures"], each[1]["measures"]);
    let refused = run(&mut repshape(folder.path()), &["measure", "z.npy", "--labels", "y.npy", "--labels", "y.npy"]);
    assert_eq!(refused.code, Some(2));
}

#[test]
fn declared_classes_may_be_absent() {
    let folder = folder();
    let of = |classes: &[&str]| json(folder.path(), &[&["measure", "z.npy", "--labels", "y.npy"], classes].concat());
    let (three, five) = (of(&[]), of(&["--classes", "5"]));
    assert_eq!(five["classes"], 5);
    // left out of the means over k
    assert_eq!(three["measures"]["class_wise_variance"], five["measures"]["class_wise_variance"]);
}

#[test]
fn only_gives_only() {
    let folder = folder();
    let all = json(folder.path(), &["measure", "z.npy", "--labels", "y.npy"]);
    for name in MEASURES {
        let found = json(folder.path(), &["measure", "z.npy", "--labels", "y.npy", "--only", name]);
        assert_eq!(keys(&found["measures"]), [name]);
        match (found["measures"][name].as_f64(), all["measures"][name].as_f64()) {
            // the spread within classes is one sum where no measure needs it class by class: another order of adding
            (Some(one), Some(of_all)) if name.starts_with("nc1") => {
                assert!((one - of_all).abs() <= 1e-14 * of_all.abs(), "{name}");
            }
            // the same bits: what is left out of the sketch is not read
            (one, of_all) => assert_eq!(one, of_all, "{name}"),
        }
    }
    let two = json(folder.path(), &["measure", "z.npy", "--only", "rank,covariance"]);
    assert_eq!(keys(&two["measures"]).len(), 2);
}

#[test]
fn values_read_back_to_the_same_bits() {
    let folder = folder();
    let text = ok(folder.path(), &["measure", "z.npy", "--labels", "y.npy"]);
    for line in text.lines().filter(|line| line.contains(": ")) {
        let number = line.split(": ").nth(1).unwrap().trim_end_matches(',');
        if let Ok(read) = number.parse::<f64>() {
            let again = serde_json::to_string(&serde_json::from_str::<Value>(number).unwrap()).unwrap();
            assert_eq!(again.parse::<f64>().unwrap().to_bits(), read.to_bits(), "{line}");
        }
    }
    // the mean of 1/3-like numbers needs all 17 digits
    npy(&folder.path().join("third.npy"), &[3, 1], &[1.0, 0.0, 0.0]);
    let found = json(folder.path(), &["measure", "third.npy", "--only", "amplitude"]);
    assert_eq!(found["measures"]["amplitude"].as_f64().unwrap().to_bits(), (1.0f64 / 3.0).to_bits());
}

/// The same matrix in every form gives the same numbers.
#[test]
fn every_form_of_a_matrix_gives_the_same_numbers() {
    let folder = folder();
    let write = |name: &str, bytes: Vec<u8>| std::fs::write(folder.path().join(name), bytes).unwrap();
    let all = |bytes: &dyn Fn(f64) -> Vec<u8>| Z.iter().flat_map(|v| bytes(*v)).collect::<Vec<u8>>();
    let columns: Vec<u8> =
        (0..UNITS).flat_map(|i| Z.iter().skip(i).step_by(UNITS)).flat_map(|v| v.to_le_bytes()).collect();
    let shape = [ROWS, UNITS];
    write("fortran.npy", npy_bytes("<f8", true, &shape, &columns));
    write("big.npy", npy_bytes(">f8", false, &shape, &all(&|v| v.to_be_bytes().to_vec())));
    write("single.npy", npy_bytes("<f4", false, &shape, &all(&|v| (v as f32).to_le_bytes().to_vec())));
    write("half.npy", npy_bytes("<f2", false, &shape, &all(&|v| half(v).to_le_bytes().to_vec())));
    write("four.npy", npy_bytes("<f8", false, &[ROWS, 1, UNITS, 1], &all(&|v| v.to_le_bytes().to_vec())));
    let rows: String = Z.chunks(UNITS).map(|row| format!("{},{},{}\n", row[0], row[1], row[2])).collect();
    write("plain.csv", rows.clone().into_bytes());
    write("head.csv", format!("a,b,c\n{rows}").into_bytes());
    write("tab.tsv", rows.replace(',', "\t").into_bytes());
    write("with space ü.csv", rows.into_bytes());
    let expected = json(folder.path(), &["measure", "z.npy", "--labels", "y.npy"])["measures"].clone();
    for name in [
        "fortran.npy",
        "big.npy",
        "single.npy",
        "half.npy",
        "four.npy",
        "plain.csv",
        "head.csv",
        "tab.tsv",
        "with space ü.csv",
    ] {
        let found = json(folder.path(), &["measure", name, "--labels", "y.npy"]);
        assert_eq!(found["measures"], expected, "{name}");
        assert_eq!(found["source"], name);
    }
    std::fs::copy(folder.path().join("z.npy"), folder.path().join("-x.npy")).unwrap();
    let dashed = json(folder.path(), &["measure", "--labels", "y.npy", "--", "-x.npy"]);
    assert_eq!(dashed["measures"], expected);
    // whole numbers of any kind, and one dimension
    let whole = Z.map(|v| (4.0 * v) as i64);
    let doubles = whole.map(|v| v as f64);
    npy(&folder.path().join("doubles.npy"), &shape, &doubles);
    let expected = json(folder.path(), &["measure", "doubles.npy"])["measures"].clone();
    write("i8.npy", npy_bytes("|i1", false, &shape, &whole.map(|v| v as u8)));
    write(
        "i16.npy",
        npy_bytes(">i2", false, &shape, &whole.iter().flat_map(|v| (*v as i16).to_be_bytes()).collect::<Vec<_>>()),
    );
    write("i64.npy", npy_bytes("<i8", false, &shape, &whole.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>()));
    for name in ["i8.npy", "i16.npy", "i64.npy"] {
        assert_eq!(json(folder.path(), &["measure", name])["measures"], expected, "{name}");
    }
    npy(&folder.path().join("one.npy"), &[21], &Z);
    let one = json(folder.path(), &["measure", "one.npy"]);
    assert_eq!((&one["rows"], &one["units"]), (&value!(21), &value!(1)));
}

/// The 16 bits of a number that they hold exactly.
fn half(value: f64) -> u16 {
    if value == 0.0 {
        return 0;
    }
    let bits = (value as f32).to_bits();
    let exponent = ((bits >> 23) & 0xff) as i32 - 127 + 15;
    ((bits >> 16) as u16 & 0x8000) | ((exponent as u16) << 10) | ((bits >> 13) as u16 & 0x3ff)
}

#[test]
fn arrays_of_an_archive_go_by_key() {
    // written by NumPy, see crates/repshape-data/tests/golden/sets.py
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../repshape-data/tests/golden/types.npz");
    let folder = folder();
    std::fs::copy(golden, folder.path().join("types.npz")).unwrap();
    let without = run(&mut repshape(folder.path()), &["measure", "types.npz"]);
    assert_eq!(without.code, Some(2), "{without:?}");
    assert!(without.err.contains("types.npz: holds several arrays"), "{}", without.err);
    let name = without.err.split('(').nth(1).unwrap().split([',', ')']).next().unwrap().to_owned();
    let found = json(folder.path(), &["measure", "types.npz", "--key", &name]);
    assert!(found["rows"].as_u64().unwrap() > 0);
    let wrong = run(&mut repshape(folder.path()), &["measure", "types.npz", "--key", "zzz"]);
    assert!(wrong.code == Some(2) && wrong.err.contains("no array \"zzz\""), "{wrong:?}");
}

#[test]
fn a_table_may_hold_its_own_labels() {
    let folder = folder();
    let rows = Z.chunks(UNITS).zip(Y);
    let rows: String =
        rows.map(|(z, y)| format!("{},{},{},{}\n", z[0], z[1], ["cat", "dog", "fox"][y as usize], z[2])).collect();
    std::fs::write(folder.path().join("t.csv"), format!("a,b,animal,c\n{rows}")).unwrap();
    let found = json(folder.path(), &["measure", "t.csv", "--label-column", "animal"]);
    assert_eq!(found["measures"], json(folder.path(), &["measure", "z.npy", "--labels", "y.npy"])["measures"]);
    let typo = run(&mut repshape(folder.path()), &["measure", "t.csv", "--label-column", "animals"]);
    assert!(typo.code == Some(2) && typo.err.contains("animals"), "{typo:?}");
    let no_table = run(&mut repshape(folder.path()), &["measure", "z.npy", "--label-column", "animal"]);
    assert!(no_table.code == Some(2) && no_table.err.contains("animal"), "{no_table:?}");
}

#[test]
fn csv_holds_all_digits() {
    let folder = folder();
    let found = json(folder.path(), &["measure", "z.npy", "--labels", "y.npy"]);
    let csv = ok(folder.path(), &["measure", "z.npy", "--labels", "y.npy", "--format", "csv"]);
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    let [names, values] = rows.as_slice() else { panic!("{csv}") };
    assert_eq!(names[..6], ["source", "site", "rows", "units", "classes", "layout"]);
    assert_eq!(values[..6], ["z.npy", "", "7", "3", "3", ""]);
    assert_eq!(names.len(), 6 + MEASURES.len());
    for (name, value) in names.iter().zip(values).skip(6) {
        assert_eq!(value.parse::<f64>().ok(), found["measures"][name].as_f64(), "{name}");
    }
}

#[test]
fn results_go_to_a_file_whole() {
    let folder = folder();
    let printed = ok(folder.path(), &["measure", "z.npy"]);
    assert_eq!(ok(folder.path(), &["measure", "z.npy", "--output", "m.json"]), "");
    assert_eq!(std::fs::read_to_string(folder.path().join("m.json")).unwrap(), printed);
    // and devices stay devices
    assert_eq!(ok(folder.path(), &["measure", "z.npy", "--output", "/dev/null"]), "");
    assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn same_bits_at_any_number_of_threads() {
    let folder = folder();
    // several blocks of rows
    let many: Vec<f64> = (0..9000 * UNITS).map(|n| ((n * 7919) % 1009) as f64 / 500.0 - 1.0).collect();
    npy(&folder.path().join("many.npy"), &[9000, UNITS], &many);
    let of = |threads: &str| ok(folder.path(), &["measure", "many.npy", "--mi-rows", "2000", "--threads", threads]);
    let one = of("1");
    assert_eq!(one, of("2"));
    assert_eq!(one, of("7"));
}

#[test]
fn penalty_prints_the_contract() {
    let folder = folder();
    let found = json(folder.path(), &["penalty", "z.npy", "--penalty", "cw-vr", "--labels", "y.npy", "--classes", "4"]);
    assert_eq!(keys(&found), ["classes", "penalty", "reduction", "rows", "schema", "scope", "units", "value"]);
    assert_eq!(found["schema"], "repshape.penalty/1");
    assert_eq!(found["penalty"], "cw-vr");
    assert_eq!(found["scope"], "class");
    assert_eq!(found["reduction"], "mean");
    assert_eq!((&found["rows"], &found["units"], &found["classes"]), (&value!(7), &value!(3), &value!(4)));
    // 1/(K I) sum over classes and units of the biased variance, by hand
    let mut total = 0.0;
    for class in 0..3 {
        for unit in 0..UNITS {
            let of: Vec<f64> = (0..ROWS).filter(|n| Y[*n] == class).map(|n| Z[n * UNITS + unit]).collect();
            let mean = of.iter().sum::<f64>() / of.len() as f64;
            total += of.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / of.len() as f64;
        }
    }
    let found = found["value"].as_f64().unwrap();
    assert!((found - total / 12.0).abs() < 1e-12, "{found} for {}", total / 12.0);
    let all = json(folder.path(), &["penalty", "z.npy", "--penalty", "cr"]);
    assert_eq!((&all["scope"], &all["classes"]), (&value!("all"), &Value::Null));
}

#[test]
fn reductions_agree_or_are_refused() {
    let folder = folder();
    let of = |more: &[&str]| json(folder.path(), &[&["penalty", "z.npy", "--penalty"], more].concat());
    let sum = of(&["cr", "--reduction", "sum"]);
    assert_eq!(sum["reduction"], "sum");
    assert_eq!(sum["value"], of(&["cr:sum"])["value"]);
    assert_eq!(sum["value"], of(&["cr:sum", "--reduction", "sum"])["value"]);
    assert_ne!(sum["value"], of(&["cr"])["value"]);
    let refused =
        run(&mut repshape(folder.path()), &["penalty", "z.npy", "--penalty", "cr:sum", "--reduction", "mean"]);
    assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""));
}

#[test]
fn gradients_have_the_input_s_shape() {
    let folder = folder();
    npy(&folder.path().join("four.npy"), &[ROWS, 1, UNITS, 1], &Z);
    npy(&folder.path().join("one.npy"), &[21], &Z);
    let of = |input: &str| {
        ok(folder.path(), &["penalty", input, "--penalty", "vr", "--gradient-out", "g.npy"]);
        read_npy(&folder.path().join("g.npy"))
    };
    let (shape, flat) = of("z.npy");
    assert_eq!(shape, [ROWS, UNITS]);
    let (shape, four) = of("four.npy");
    assert_eq!(shape, [ROWS, 1, UNITS, 1]);
    assert_eq!(flat, four);
    let (shape, one) = of("one.npy");
    assert_eq!(shape, [21]);
    // 2 (z - mean) / N
    let mean = Z.iter().sum::<f64>() / 21.0;
    assert!(one.iter().zip(&Z).all(|(g, z)| (g - 2.0 * (z - mean) / 21.0).abs() < 1e-13));
}

#[test]
fn shape_prints_the_contract_and_fills_its_folder() {
    let folder = folder();
    let args = [
        "shape",
        "--smoke",
        "--network",
        "mlp:12,9",
        "--penalty",
        "cw-vr=0.1@fc2",
        "--penalty",
        "l2w=0.01@fc1",
        "--site",
        "fc2",
        "--site",
        "output",
        "--seed",
        "5",
        "--out",
        "run",
        "--format",
        "json",
        "-q",
    ];
    let found = json(folder.path(), &args);
    assert_eq!(found["schema"], "repshape.run/1");
    assert_eq!(found["seed"], 5);
    for part in ["train", "validation", "test"] {
        let error = found[part]["error"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&error) && found[part]["loss"].is_f64(), "{found}");
    }
    assert_eq!(found["terms"].as_object().unwrap().len(), 3, "{}", found["terms"]);
    assert!(found["terms"]["task"].is_f64() && found["terms"]["cw-vr@fc2"].is_f64(), "{}", found["terms"]);
    assert_eq!(keys(&found["sites"]), ["fc2", "output"]);
    assert_eq!(found["sites"]["fc2"]["schema"], "repshape.measurement/1");
    assert_eq!(found["sites"]["fc2"]["units"], 9);
    assert!(found["seconds"].is_f64());
    assert_eq!(found["out"], "run");
    let run_folder = folder.path().join("run");
    for name in
        ["run.toml", "history.csv", "model.safetensors", "model.onnx", "measurement.json", "report.html", "run.json"]
    {
        assert!(run_folder.join(name).metadata().unwrap().len() > 0, "{name}");
    }
    assert!(!run_folder.join("checkpoint.safetensors").exists());
    let history = std::fs::read_to_string(run_folder.join("history.csv")).unwrap();
    let mut lines = history.lines();
    assert_eq!(lines.next().unwrap(), "epoch,loss,task,cw-vr@fc2,l2w@fc1,validation_error,validation_loss");
    assert_eq!(lines.count(), 2);
    // run.toml is enough to repeat the run
    let again = json(folder.path(), &["shape", "run/run.toml", "--out", "again", "-q"]);
    assert_eq!(again["test"], found["test"]);
    let bytes = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    assert_eq!(bytes("run/model.safetensors"), bytes("again/model.safetensors"));
    assert_eq!(bytes("run/run.toml"), bytes("again/run.toml"));
    // a run measured again is what it measured of itself
    let measured = json(folder.path(), &["measure", "run", "--seed", "5"]);
    let same = |a: &Value, b: &Value| assert_eq!(a["measures"], b["measures"]);
    same(&measured[0], &found["sites"]["fc2"]);
    same(&measured[1], &found["sites"]["output"]);
}

#[test]
fn saved_activations_measure_the_same() {
    let folder = folder();
    ok(folder.path(), &["shape", "--smoke", "--network", "mlp:12,9", "--out", "run", "-q"]);
    std::fs::create_dir(folder.path().join("saved")).unwrap();
    let of_run =
        json(folder.path(), &["measure", "run", "--site", "fc1", "--site", "fc2.pre", "--save-activations", "saved"]);
    for (number, site) in ["fc1", "fc2.pre"].iter().enumerate() {
        let file = format!("saved/{site}.npy");
        let (shape, _) = read_npy(&folder.path().join(&file));
        assert_eq!(shape, [360, [12, 9][number]]);
        let of_file = json(folder.path(), &["measure", &file, "--labels", "saved/labels.npy", "--seed", "1"]);
        assert_eq!(of_file["measures"], of_run[number]["measures"], "{site}");
    }
    assert_eq!(std::fs::read_dir(folder.path().join("saved")).unwrap().count(), 3);
}

#[test]
fn study_prints_the_contract() {
    let folder = folder();
    let found = json(folder.path(), &["study", "--smoke", "--set", "baseline,cr,bn", "--out", "s", "-q"]);
    assert_eq!(found["schema"], "repshape.study/1");
    let rows = found["rows"].as_array().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row["regularizer"].as_str().unwrap()).collect();
    assert_eq!(names, ["baseline", "cr", "bn"]);
    for row in rows {
        assert_eq!(row["trials"], 2);
        assert_eq!(row["diverged"], 0);
        assert!(row["test_error"]["mean"].is_f64() && row["test_error"]["std"].is_f64(), "{row}");
        assert!(
            row["measures"]["covariance"]["mean"].is_f64() && row["measures"]["covariance"]["std"].is_f64(),
            "{row}"
        );
        assert_eq!(row["weight"].is_f64(), row["regularizer"] == "cr");
    }
    assert!(names.contains(&found["best"].as_str().unwrap()));
    assert!(found["tied_with_best"].is_array());
    assert_eq!(json(folder.path(), &["study", "collect", "s"]), found);
    // each committed run
    let mut runs = 0;
    for (path, _) in crate::support::listing(&folder.path().join("s/runs")) {
        if path.extension().is_none_or(|end| end != "json") {
            continue;
        }
        let record: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(record["schema"], "repshape.trial/1");
        for key in [
            "run_id",
            "regularizer",
            "stage",
            "seed",
            "diverged",
            "validation",
            "measures",
            "result_hash",
            "seconds",
            "host",
        ] {
            assert!(!record[key].is_null(), "{key} in {record}");
        }
        assert!(record.get("weight").is_some());
        // the test rows are out of tuning's reach
        assert_eq!(record["test"].is_null(), record["stage"] == "tune", "{record}");
        assert!(path.to_string_lossy().contains(record["run_id"].as_str().unwrap()));
        runs += 1;
    }
    // two weights of cr are tuned; baseline and bn have nothing to tune
    assert_eq!(runs, 2 + 3 * 2);
}

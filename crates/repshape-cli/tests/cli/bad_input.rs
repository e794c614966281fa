//! What a hostile user types: each gives one message that names the culprit, in no time and little memory, and leaves
//! the folder as it was.

use std::path::Path;

use crate::support::{Ran, Y, Z, folder, limited, listing, npy, npy_bytes, npy_labels, ok, run, start, wait_until};

/// Megabytes of address space. Far less is resident (60 MB for a matrix of any length), but the C library reserves 128 MB
/// of addresses for each of the first threads.
const ADDRESS_SPACE: u64 = 600;

/// Refused with `code`, one message that holds every part of `says`, nothing written.
///
/// 2 s of processor time: a killed process has no code.
#[track_caller]
fn refused_with(code: i32, folder: &Path, args: &[&str], says: &[&str]) -> Ran {
    let before = listing(folder);
    let ran = run(&mut limited(folder, ADDRESS_SPACE, 2), args);
    assert_eq!(ran.code, Some(code), "{args:?}: {ran:#?}");
    assert_eq!(ran.err.matches("error: ").count(), 1, "{args:?}: {}", ran.err);
    assert!(ran.err.starts_with("error: "), "{args:?}: {}", ran.err);
    assert!(!ran.err.contains("panicked"), "{args:?}: {}", ran.err);
    for part in says {
        assert!(ran.err.contains(part), "{args:?}: no \"{part}\" in {}", ran.err);
    }
    assert_eq!(listing(folder), before, "{args:?} wrote something");
    ran
}

#[track_caller]
fn refused(folder: &Path, args: &[&str], says: &[&str]) {
    let ran = refused_with(2, folder, args, says);
    assert_eq!(ran.out, "", "{args:?}");
}

/// Bytes of [`Z`] as a file.
fn z_file() -> Vec<u8> {
    npy_bytes("<f8", false, &[7, 3], &Z.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>())
}

#[test]
fn broken_matrices() {
    let folder = folder();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    let whole = z_file();
    write("empty.npy", b"");
    write("truncated.npy", &whole[..whole.len() - 9]);
    write("short.npy", &whole[..20]);
    write("long.npy", &[&whole[..], b"abc"].concat());
    write("magic.npy", &[b"XXXXXX", &whole[6..]].concat());
    write("objects.npy", &npy_bytes("|O", false, &[2, 1], b"\x80\x03]q\x00.xxxxxxxxxxxxxxxx"));
    write("text.npy", &npy_bytes("<U1", false, &[1, 2], &[0; 8]));
    write("complex.npy", &npy_bytes("<c16", false, &[1, 1], &[0; 16]));
    write("huge.npy", &npy_bytes("<f8", false, &[1_000_000_000_000, 5], &[0; 80]));
    write("overflow.npy", &npy_bytes("<f8", false, &[usize::MAX, usize::MAX], &[0; 80]));
    write("scalar.npy", &npy_bytes("<f8", false, &[], &[0; 8]));
    write("norows.npy", &npy_bytes("<f8", false, &[0, 5], b""));
    write("nounits.npy", &npy_bytes("<f8", false, &[5, 0], b""));
    write("broken.npy.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");
    write("cut.npy.gz", b"\x1f\x8b\x08");
    write("no.npz", b"PK\x03\x04rest");
    write("ragged.csv", b"1,2\n3\n");
    write("word.csv", b"1,2\n3,x\n");
    write("empty.csv", b"");
    write("unknown.bin", b"?????????");
    let mut nan = Z;
    nan[2 * 3 + 1] = f64::NAN;
    npy(&folder.path().join("nan.npy"), &[7, 3], &nan);
    nan[2 * 3 + 1] = f64::NEG_INFINITY;
    npy(&folder.path().join("inf.npy"), &[7, 3], &nan);
    let cases: [(&str, &[&str]); 24] = [
        ("absent.npy", &["absent.npy: no such file"]),
        ("empty.npy", &["empty.npy", "empty"]),
        ("truncated.npy", &["truncated.npy", "(7, 3)", "168", "159"]),
        ("short.npy", &["short.npy"]),
        ("long.npy", &["long.npy", "wrong size"]),
        ("magic.npy", &["magic.npy", "no .npy file"]),
        ("objects.npy", &["objects.npy", "objects", "expected"]),
        ("text.npy", &["text.npy", "strings", "expected"]),
        ("complex.npy", &["complex.npy", "expected"]),
        ("huge.npy", &["huge.npy", "(1000000000000, 5)"]),
        ("overflow.npy", &["overflow.npy"]),
        ("scalar.npy", &["scalar.npy", "expected 1 to"]),
        ("norows.npy", &["norows.npy", "(0, 5)"]),
        ("nounits.npy", &["nounits.npy", "(5, 0)"]),
        ("broken.npy.gz", &["broken.npy.gz"]),
        ("cut.npy.gz", &["cut.npy.gz"]),
        ("no.npz", &["no.npz"]),
        ("ragged.csv", &["ragged.csv: line 2"]),
        ("word.csv", &["word.csv: line 2", "x"]),
        ("empty.csv", &["empty.csv", "empty"]),
        ("unknown.bin", &["unknown.bin", "expected", ".npy"]),
        ("nan.npy", &["nan.npy", "row 2, unit 1", "NaN", "finite"]),
        ("inf.npy", &["inf.npy", "row 2, unit 1", "-inf", "finite"]),
        ("/dev/null", &["/dev/null"]),
    ];
    for (name, says) in cases {
        refused(folder.path(), &["measure", name], says);
        refused(folder.path(), &["penalty", name, "--penalty", "cr", "--gradient-out", "g.npy"], says);
    }
    refused(folder.path(), &["measure", "z.npy", "nan.npy", "--output", "m.json", "--report", "r.html"], &["nan.npy"]);
    refused(folder.path(), &["measure", "-x.npy"], &["-x", "-- -x"]);
    refused(folder.path(), &["measure", "--", "-x.npy"], &["-x.npy: no such file"]);
    refused(folder.path(), &["measure", "a b ü.npy"], &["a b ü.npy: no such file"]);
    refused(folder.path(), &["measure", "."], &["run.toml", "expected"]);
    refused(folder.path(), &["penalty", ".", "--penalty", "cr"], &["is a folder; expected a file"]);
    refused(folder.path(), &["measure", "z.npy/x"], &["z.npy/x"]);
}

#[test]
fn broken_labels() {
    let folder = folder();
    let labels = |name: &str, values: &[i64]| npy_labels(&folder.path().join(name), values);
    labels("short.npy", &Y[..6]);
    labels("long.npy", &[0; 8]);
    labels("negative.npy", &[0, 2, 1, -2, 0, 2, 1]);
    labels("large.npy", &[0, 2, 1, 1 << 40, 0, 2, 1]);
    let fractions = Y.map(|y| y as f64 + 0.5);
    npy(&folder.path().join("fraction.npy"), &[7], &fractions);
    npy(&folder.path().join("nan.npy"), &[7], &fractions.map(|_| f64::NAN));
    npy(&folder.path().join("matrix.npy"), &[7, 3], &Z);
    std::fs::write(folder.path().join("text.npy"), npy_bytes("<U1", false, &[7], &[0; 28])).unwrap();
    let cases: [(&str, &[&str]); 9] = [
        ("absent.npy", &["absent.npy: no such file"]),
        ("short.npy", &["short.npy: has 6 labels", "7 rows"]),
        ("long.npy", &["long.npy: has 8 labels", "7 rows"]),
        ("negative.npy", &["negative.npy: row 3 has label -2"]),
        ("large.npy", &["large.npy: row 3 has label"]),
        ("fraction.npy", &["fraction.npy: row 0 has label 0.5"]),
        ("nan.npy", &["nan.npy: row 0 has label NaN"]),
        ("matrix.npy", &["matrix.npy"]),
        ("text.npy", &["text.npy"]),
    ];
    for (name, says) in cases {
        refused(folder.path(), &["measure", "z.npy", "--labels", name], says);
        refused(folder.path(), &["penalty", "z.npy", "--penalty", "cw-cr", "--labels", name], says);
    }
    let beyond = ["measure", "z.npy", "--labels", "y.npy", "--classes", "2"];
    refused(folder.path(), &beyond, &["y.npy: row 1 has label 2, but --classes is 2 (labels run from 0 to 1)"]);
    for classes in ["0", "-1", "x", "1.5"] {
        let ran = refused_with(2, folder.path(), &["measure", "z.npy", "--labels", "y.npy", "--classes", classes], &[]);
        assert!(ran.err.contains(classes), "{}", ran.err);
    }
    refused(folder.path(), &["measure", "z.npy", "--labels", "."], &["folder"]);
}

#[test]
fn nonsense_for_measure_and_penalty() {
    let folder = folder();
    let cases: [(&[&str], &[&str]); 29] = [
        (&["measure", "z.npy", "--only", "covarience"], &["covarience", "did you mean \"covariance\"?"]),
        (&["measure", "z.npy", "--only", ""], &["unknown measure \"\""]),
        (&["measure", "z.npy", "--mi-variance", "0"], &["--mi-variance", "above 0"]),
        (&["measure", "z.npy", "--mi-variance", "-1"], &["--mi-variance", "'-1'", "above 0"]),
        (&["measure", "z.npy", "--mi-variance", "nan"], &["--mi-variance", "above 0"]),
        (&["measure", "z.npy", "--mi-rows", "0"], &["--mi-rows", "all or a number"]),
        (&["measure", "z.npy", "--mi-rows", "-5"], &["-5"]),
        (&["measure", "z.npy", "--tdv-units", "0"], &["--tdv-units"]),
        (&["measure", "z.npy", "--zero-eps", "-1"], &["--zero-eps", "at least 0"]),
        (&["measure", "z.npy", "--seed", "-1"], &["--seed", "-1"]),
        (&["measure", "z.npy", "--threads", "0"], &["--threads", "1..="]),
        (&["measure", "z.npy", "--format", "xml"], &["xml", "json"]),
        (&["measure", "z.npy", "--site", "fc5"], &["z.npy", "--site"]),
        (&["measure", "z.npy", "--save-activations", "."], &["z.npy", "--save-activations"]),
        (&["measure", "z.npy", "--output", "absent/m.json"], &["absent/m.json", "no existing folder"]),
        (&["measure", "z.npy", "--output", "."], &[".: cannot be written"]),
        (&["measure", "z.npy", "--report", "absent/r.html"], &["absent/r.html", "no existing folder"]),
        (&["penalty", "z.npy", "--penalty", "cwvr"], &["\"cwvr\"", "did you mean \"cw-vr\"?"]),
        (&["penalty", "z.npy", "--penalty", "cw-vr"], &["cw-vr", "--labels"]),
        (&["penalty", "z.npy", "--penalty", "cw-rr"], &["cw-rr", "--labels"]),
        (&["penalty", "z.npy", "--penalty", "cr=1"], &["cr=1", "NAME[:OPTION]"]),
        (&["penalty", "z.npy", "--penalty", "dropout"], &["dropout", "layer"]),
        (&["penalty", "z.npy", "--penalty", "xcov"], &["groups of units"]),
        (&["penalty", "z.npy", "--penalty", "xcov", "--groups", "0-1,2-9"], &["unit 3", "3 units"]),
        (&["penalty", "z.npy", "--penalty", "xcov", "--groups", "0-1,1-2"], &["twice"]),
        (&["penalty", "z.npy", "--penalty", "xcov", "--groups", "0,4000000000"], &["4000000000"]),
        (&["penalty", "z.npy", "--penalty", "cr", "--groups", "0-1,2"], &["--groups", "xcov"]),
        (&["penalty", "z.npy", "--penalty", "cr", "--reduction", "max"], &["max", "mean or sum"]),
        (&["penalty", "z.npy", "--penalty", "cr", "--gradient-out", "absent/g.npy"], &["absent/g.npy"]),
    ];
    for (args, says) in cases {
        refused(folder.path(), args, says);
    }
}

/// The moments of all pairs of 100,000 units would need 373 GiB: they are not kept, and what needs them is left out.
#[test]
fn very_wide_matrices_are_measured_without_their_pairs() {
    let folder = folder();
    let row: Vec<u8> = (0..100_000u32).flat_map(|n| ((n % 7) as f32).to_le_bytes()).collect();
    std::fs::write(folder.path().join("wide.npy"), npy_bytes("<f4", false, &[5, 100_000], &row.repeat(5))).unwrap();
    let only = ["measure", "wide.npy", "--only", "variance,dead_units,covariance_positive"];
    let ran = run(&mut limited(folder.path(), ADDRESS_SPACE, 4), &only);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let found: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(found["measures"]["variance"], 0.0);
    assert!(found["measures"]["covariance_positive"].is_null());
    let notes = found["notes"].to_string();
    assert!(notes.contains("100000 units") && notes.contains("372.5 GiB"), "{notes}");
    // and a penalty takes the smaller of the two Gram forms
    ok(folder.path(), &["penalty", "wide.npy", "--penalty", "cr"]);
}

#[test]
fn networks_and_trainings_that_cannot_be() {
    let folder = folder();
    let cases: [(&[&str], &[&str]); 39] = [
        (&["--network", "mlp:1000000,1000000"], &["mlp:1000000,1000000", "parameters", "expected at most"]),
        (&["--network", "mlp:1000000"], &["1000000 units", "GiB"]),
        (&["--network", "mlp:20000"], &["fc1", "20000 units", "GiB"]),
        (&["--network", "mlp:0"], &["width 0"]),
        (&["--network", "mlp:"], &["mlp:WIDTH"]),
        (&["--network", "cnn:3"], &["mlp:WIDTH"]),
        (&["--network", "mlp:9:rleu"], &["did you mean \"relu\"?"]),
        (&["--batch-size", "0"], &["batch-size is 0"]),
        (&["--epochs", "-1"], &["-1"]),
        (&["--epochs", "99999999999999999999"], &["--epochs"]),
        (&["--optimizer", "adam"], &["rate is missing"]),
        (&["--optimizer", "adm:1"], &["adm"]),
        (&["--optimizer", "adam:nan"], &["adam:nan"]),
        (&["--optimizer", "adam:-1"], &["adam:-1"]),
        (&["--train-rows", "0"], &["0 training rows"]),
        (&["--train-rows", "99999"], &["99,999 training rows"]),
        (&["--validation", "99999"], &["99,999 validation rows"]),
        (&["--validation", "1.5"], &["1.5"]),
        (&["--validation", "-1"], &["-1"]),
        (&["--validation", "nan"], &["NaN"]),
        (&["--mi-variance", "0"], &["--mi-variance"]),
        (&["--site", "fc9"], &["\"fc9\"", "did you mean", "output"]),
        (&["--penalty", "cr=-1"], &["\"cr\"", "at least 0", "-1"]),
        (&["--penalty", "cr=nan"], &["\"cr\"", "finite", "nan"]),
        (&["--penalty", "cr=inf"], &["\"cr\"", "finite", "inf"]),
        (&["--penalty", "cr=x"], &["\"cr\"", "x"]),
        (&["--penalty", "cr"], &["cr"]),
        (&["--penalty", "crr=1"], &["\"crr\"", "did you mean \"cr\"?"]),
        (&["--penalty", "cr=1@fc9"], &["\"fc9\"", "did you mean"]),
        (&["--penalty", "cr=1", "--penalty", "cr=2"], &["twice"]),
        (&["--penalty", "dropout=1"], &["dropout"]),
        (&["--penalty", "bn@output"], &["bn", "output"]),
        (&["--penalty", "xcov=1"], &["groups"]),
        (&["--data", "digit"], &["\"digit\"", "did you mean \"digits\"?"]),
        (&["--data", "mnist"], &["$REPSHAPE_DATA", "repshape data get mnist", "mnist=DIR"]),
        (&["--data", "mnist=absent"], &["absent", "no such folder"]),
        (&["--data", "npy=z.npy,absent.npy"], &["absent.npy: no such file"]),
        (&["--device", "cuda"], &["cuda"]),
        (&["absent.toml"], &["absent.toml: no such file", "digits, mnist"]),
    ];
    for (args, says) in cases {
        refused(folder.path(), &[&["shape", "--out", "run", "-q"], args].concat(), says);
    }
}

const SPEC: &str = r#"data = "digits"
network = "mlp:8"
epochs = 1
batch-size = 50
optimizer = "adam:1e-3"
"#;

#[test]
fn toml_files_are_refused_by_line() {
    let folder = folder();
    let with = |from: &str, to: &str| SPEC.replace(from, to);
    let cases: [(String, &[&str]); 22] = [
        (format!("{SPEC}epoch = 3\n"), &["t.toml:6: unknown key \"epoch\"", "did you mean \"epochs\"?"]),
        (with("epochs = 1", "epochs = \"x\""), &["t.toml:3:", "whole number"]),
        (with("epochs = 1", "epochs = 1.5"), &["t.toml:3:", "whole number"]),
        (with("epochs = 1", "epochs = -1"), &["t.toml:3:", "-1", "whole number"]),
        (with("\"digits\"", "\"digit\""), &["t.toml:1:", "did you mean \"digits\"?"]),
        (with("\"digits\"", "7"), &["t.toml:1:", "7"]),
        (with("mlp:8", "mlp:0"), &["t.toml:2:", "width 0"]),
        (
            with("\"mlp:8\"", "{ hidden = [{ wdth = 5 }] }"),
            &["t.toml:2: unknown key \"wdth\"", "did you mean \"width\"?"],
        ),
        (with("\"mlp:8\"", "{ hidden = [{ width = 0 }] }"), &["t.toml:2:", "width 0"]),
        (with("\"mlp:8\"", "3"), &["t.toml:2:", "\"mlp:100,100\""]),
        (with("adam:1e-3", "adm:1e-3"), &["t.toml:5:", "adm"]),
        (format!("{SPEC}penalties = [\"cr=1\",\n \"cwvr=1\"]\n"), &["t.toml:", "\"cwvr\"", "did you mean \"cw-vr\"?"]),
        (format!("{SPEC}penalties = [\"cr=-1\"]\n"), &["t.toml:6:", "at least 0"]),
        (format!("{SPEC}penalties = [\"cr=1@fc7\"]\n"), &["t.toml:6:", "\"fc7\"", "did you mean"]),
        (format!("{SPEC}sites = [\"fc1\",\n \"fc8\"]\n"), &["t.toml:7:", "\"fc8\"", "did you mean"]),
        (format!("{SPEC}mi-variance = 0\n"), &["t.toml:6: mi-variance is 0"]),
        (with("batch-size = 50", "batch-size = 0"), &["t.toml:4: batch-size is 0"]),
        (format!("{SPEC}target = \"labls\"\n"), &["t.toml:6:", "did you mean \"labels\"?"]),
        (with("data = \"digits\"\n", ""), &["t.toml:", "missing key \"data\""]),
        ("[[[".to_owned(), &["t.toml:1:"]),
        (String::new(), &["t.toml:1:", "missing key"]),
        (format!("{SPEC}seed = -4\n"), &["t.toml:6:", "-4"]),
    ];
    for (text, says) in &cases {
        std::fs::write(folder.path().join("t.toml"), text).unwrap();
        refused(folder.path(), &["shape", "t.toml", "--out", "run"], says);
    }
    std::fs::write(folder.path().join("t.toml"), b"\xff\xfe").unwrap();
    refused(folder.path(), &["shape", "t.toml", "--out", "run"], &["t.toml", "UTF-8"]);
    std::fs::write(folder.path().join("t.toml"), vec![b'#'; 2 << 20]).unwrap();
    refused(folder.path(), &["shape", "t.toml", "--out", "run"], &["t.toml", "too long"]);
    refused(folder.path(), &["shape", ".", "--out", "run"], &["not a file"]);
    // a recipe
    let recipe = format!(
        "name = \"mine\"\nset = [\"baseline\", \"cr\"]\nsite = \"fc1\"\ntrials = 2\n[weights]\ndefault = [1.0]\n[training]\n{SPEC}"
    );
    let with = |from: &str, to: &str| recipe.replace(from, to);
    let cases: [(String, &[&str]); 7] = [
        (with("\"cr\"", "\"crr\""), &["t.toml:2:", "\"crr\"", "did you mean \"cr\"?"]),
        (with("\"fc1\"", "\"fc7\""), &["t.toml:3:", "\"fc7\"", "did you mean"]),
        (with("trials", "trails"), &["t.toml:4: unknown key \"trails\"", "did you mean \"trials\"?"]),
        (with("default = [1.0]", "crr = [1.0]"), &["t.toml:6:", "\"crr\""]),
        (with("default = [1.0]", "default = [-1.0]"), &["-1", "at least 0"]),
        (with("epochs = 1", "epoch = 1"), &["t.toml:10: unknown key \"epoch\""]),
        (with("[\"baseline\", \"cr\"]", "[]"), &["t.toml:2: set is empty"]),
    ];
    for (text, says) in &cases {
        std::fs::write(folder.path().join("t.toml"), text).unwrap();
        refused(folder.path(), &["study", "t.toml", "--out", "s"], says);
        refused(folder.path(), &["study", "plan", "t.toml", "--out", "s"], says);
    }
}

#[test]
fn nonsense_for_study() {
    let folder = folder();
    let cases: [(&[&str], &[&str]); 17] = [
        (&["--trials", "0"], &["trials", "at least 1"]),
        (&["--trials", "4294967295"], &["trials", "at most"]),
        (&["--workers", "0"], &["--workers", "1..="]),
        (&["--threads", "0"], &["--threads", "1..="]),
        (&["--set", "baseline,baseline"], &["\"baseline\" is given twice"]),
        (&["--set", "baseline,crr"], &["\"crr\"", "did you mean \"cr\"?"]),
        (&["--set", ""], &["--set", "unknown penalty \"\""]),
        (&["--set", "cr,,vr"], &["--set", "unknown penalty \"\""]),
        (&["--set", "cr=1"], &["--set", "cr=1"]),
        (&["--set", "xcov"], &["xcov", "groups"]),
        (&["--epochs", "0"], &["epochs is 0"]),
        (&["--batch-size", "0"], &["batch-size is 0"]),
        (&["--validation", "0"], &["validation"]),
        (&["--site", "fc9"], &["\"fc9\"", "did you mean"]),
        (&["--network", "mlp:1000000,1000000"], &["parameters", "expected at most"]),
        (&["--data", "npy=z.npy"], &["labels"]),
        (&["absent.toml"], &["absent.toml: no such file"]),
    ];
    for (args, says) in cases {
        refused(folder.path(), &[&["study", "--out", "s", "-q"], args].concat(), says);
    }
    for chunk in ["0", "x"] {
        refused(folder.path(), &["study", "plan", "--out", "s", "--chunk", chunk], &["chunk"]);
    }
}

#[test]
fn folders_that_cannot_be_used() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("full")).unwrap();
    std::fs::write(folder.path().join("full/file"), "mine").unwrap();
    for verb in ["shape", "study"] {
        for out in ["full", "z.npy", "z.npy/below", "/proc/repshape", ""] {
            refused(folder.path(), &[verb, "--smoke", "--out", out], &[out]);
        }
        refused(folder.path(), &[verb, "--smoke", "--out", "full", "--resume"], &["full"]);
    }
    for step in ["status", "resume", "collect"] {
        refused(folder.path(), &["study", step, "full"], &["full", "no study", "manifest.jsonl"]);
        refused(folder.path(), &["study", step, "absent"], &["absent", "no study"]);
        refused(folder.path(), &["study", step, "z.npy"], &["z.npy", "no study"]);
    }
    refused(folder.path(), &["study", "run-task", "absent", "--chunk-id", "0"], &["absent"]);
    refused(folder.path(), &["study", "run-task", "absent", "--from-env"], &["SLURM_ARRAY_TASK_ID"]);
    for nonsense in ["absent", "full", "z.npy", "/dev/null"] {
        refused(folder.path(), &["report", nonsense, "--out", "r.html"], &[nonsense, "expected"]);
    }
    std::fs::write(folder.path().join("other.json"), "{\"schema\": \"mine\"}").unwrap();
    refused(folder.path(), &["report", "other.json", "--out", "r.html"], &["other.json", "expected"]);
}

#[test]
fn folders_in_use_are_refused() {
    let folder = folder();
    let shape = ["shape", "--epochs", "100000", "--out", "run", "-q"];
    let running = start(folder.path(), &shape);
    wait_until("the run's spec", || folder.path().join("run/run.toml").is_file());
    let second = run(&mut limited(folder.path(), ADDRESS_SPACE, 2), &[&shape[..], &["--resume"]].concat());
    assert_eq!(second.code, Some(2), "{second:?}");
    assert!(second.err.contains("run: in use by another run"), "{}", second.err);
    drop(running);
    let study = ["study", "--set", "baseline", "--epochs", "100000", "--out", "s", "-q"];
    let running = start(folder.path(), &study);
    wait_until("the manifest", || folder.path().join("s/manifest.sha256").is_file());
    let again = [&study[..], &["--resume"]].concat();
    for args in [&again[..], &["study", "resume", "s"], &["study", "run-task", "s", "--chunk-id", "0"]] {
        let second = run(&mut limited(folder.path(), ADDRESS_SPACE, 2), args);
        assert_eq!(second.code, Some(2), "{args:?}: {second:?}");
        assert!(second.err.contains("s: in use by"), "{}", second.err);
    }
    // reading is no work
    let status = run(&mut limited(folder.path(), ADDRESS_SPACE, 2), &["study", "status", "s"]);
    assert_eq!(status.code, Some(3), "{status:?}");
    drop(running);
}

/// A file of a run, its new bytes if any, the command that meets it, and what the message holds.
type Broken<'a> = (&'a str, Option<&'a [u8]>, &'a [&'a str], &'a [&'a str]);

#[test]
fn broken_runs() {
    let folder = folder();
    let shape = ["shape", "--smoke", "--network", "mlp:9,7", "--out", "run", "-q"];
    ok(folder.path(), &shape);
    let resume = [&shape[..], &["--resume"]].concat();
    let file = |name: &str| folder.path().join("run").join(name);
    let measure: &[&str] = &["measure", "run"];
    let report: &[&str] = &["report", "run", "--out", "r.html"];
    // what is written in place of a file, and who says what about it
    let cases: [Broken<'_>; 14] = [
        ("run.toml", None, measure, &["run.toml"]),
        ("run.toml", Some(b"[["), measure, &["run/run.toml:1"]),
        ("run.toml", Some(b"[["), &resume, &["run/run.toml:1"]),
        ("run.toml", Some(b""), measure, &["run/run.toml:1"]),
        ("model.safetensors", None, measure, &["run/model.safetensors"]),
        ("model.safetensors", Some(b""), measure, &["run/model.safetensors"]),
        ("model.safetensors", Some(b"\xff\xff\xff\xff\xff\xff\xff\x7f"), measure, &["run/model.safetensors"]),
        ("model.safetensors", Some(b"\x02\0\0\0\0\0\0\0{}"), measure, &["run/model.safetensors"]),
        ("run.json", Some(b"{"), &resume, &["run/run.json"]),
        ("run.json", Some(b"{}"), &resume, &["run/run.json"]),
        ("run.json", Some(b"\xff"), &resume, &["run/run.json"]),
        ("page.json", Some(b"{"), report, &["run/page.json"]),
        ("page.json", Some(b"{}"), report, &["run/page.json"]),
        ("page.json", None, report, &["run", "expected"]),
    ];
    for (name, bytes, args, says) in cases {
        let whole = std::fs::read(file(name)).unwrap();
        match bytes {
            Some(bytes) => std::fs::write(file(name), bytes).unwrap(),
            None => std::fs::remove_file(file(name)).unwrap(),
        }
        refused(folder.path(), args, says);
        std::fs::write(file(name), whole).unwrap();
    }
    // of another network
    let spec = std::fs::read_to_string(file("run.toml")).unwrap();
    std::fs::write(file("run.toml"), spec.replace("width = 9", "width = 10")).unwrap();
    refused(folder.path(), measure, &["run/model.safetensors", "has shape"]);
    std::fs::write(file("run.toml"), &spec).unwrap();
    let other = [&resume[..], &["--seed", "9"]].concat();
    refused_with(5, folder.path(), &other, &["run/run.toml", "another run's spec"]);
    // a broken checkpoint
    let result = std::fs::read(file("run.json")).unwrap();
    std::fs::remove_file(file("run.json")).unwrap();
    std::fs::copy(file("model.safetensors"), file("checkpoint.safetensors")).unwrap();
    refused(folder.path(), &resume, &["run/checkpoint.safetensors"]);
    std::fs::write(file("checkpoint.safetensors"), b"\xff\xff").unwrap();
    refused(folder.path(), &resume, &["run/checkpoint.safetensors"]);
    std::fs::remove_file(file("checkpoint.safetensors")).unwrap();
    std::fs::write(file("run.json"), result).unwrap();
    refused(folder.path(), &["measure", "run", "--labels", "y.npy"], &["run", "labels of its own"]);
    refused(folder.path(), &["measure", "run", "--site", "fc3"], &["\"fc3\"", "did you mean"]);
    ok(folder.path(), measure);
}

#[test]
fn broken_studies() {
    let folder = folder();
    ok(folder.path(), &["study", "--smoke", "--set", "baseline,cr", "--out", "s", "-q"]);
    let file = |name: &str| folder.path().join("s").join(name);
    let steps: [&[&str]; 6] = [
        &["study", "status", "s"],
        &["study", "collect", "s"],
        &["study", "resume", "s"],
        &["study", "run-task", "s", "--chunk-id", "0"],
        &["study", "--smoke", "--set", "baseline,cr", "--out", "s", "--resume"],
        &["report", "s", "--out", "r.html"],
    ];
    let manifest = std::fs::read(file("manifest.jsonl")).unwrap();
    let edited = String::from_utf8(manifest.clone()).unwrap().replacen("\"cr\"", "\"vr\"", 1);
    for bytes in [&b""[..], b"{", edited.as_bytes(), &manifest[..manifest.len() / 2]] {
        std::fs::write(file("manifest.jsonl"), bytes).unwrap();
        for args in steps {
            refused_with(5, folder.path(), args, &["s/manifest.jsonl", "SHA-256"]);
        }
    }
    std::fs::write(file("manifest.jsonl"), &manifest).unwrap();
    // another study's folder
    let other = ["study", "--smoke", "--set", "baseline,vr", "--out", "s", "--resume"];
    refused_with(5, folder.path(), &other, &["another study", "\"vr\""]);
    // a record that is not one
    let record = listing(&file("runs")).into_keys().find(|path| path.is_file()).unwrap();
    let whole = std::fs::read(&record).unwrap();
    std::fs::write(&record, "{").unwrap();
    for args in [steps[1], steps[5]] {
        refused_with(5, folder.path(), args, &[&record.file_name().unwrap().to_string_lossy()]);
    }
    std::fs::write(&record, whole).unwrap();
    refused(folder.path(), &["study", "run-task", "s", "--chunk-id", "99"], &["chunk", "99"]);
    ok(folder.path(), &["study", "collect", "s"]);
}

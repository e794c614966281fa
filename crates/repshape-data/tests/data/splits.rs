//! Which rows end up where.

use std::collections::BTreeSet;
use std::path::Path;

use repshape_data::write::write_npy;
use repshape_data::{Classes, DataSet, DataSpec, Hold, Part, SearchFolder, SplitSpec, Targets, Values, load, summary};

/// One column that holds each row's number.
fn part(rows: usize) -> Part {
    Part {
        file: "made up".into(),
        values: Values::Reals((0..rows).map(|row| row as f32).collect()),
        labels_file: "made up".into(),
        labels: Some((0..rows as u32).map(|row| row % 3).collect()),
    }
}

fn set(rows: usize) -> DataSet {
    DataSet::new("toy", &[1], part(rows), part(5), Some(Classes { count: 4, names: None })).unwrap()
}

#[test]
fn training_and_validation_share_no_row_and_leave_none_out() {
    let (tuning, test) = set(103).split(&SplitSpec { seed: 4, ..SplitSpec::default() }).unwrap();
    let train: BTreeSet<u32> = tuning.train.source_rows().iter().copied().collect();
    let validation: BTreeSet<u32> = tuning.validation.source_rows().iter().copied().collect();
    assert_eq!((train.len(), validation.len(), test.rows()), (82, 21, 5));
    assert!(train.is_disjoint(&validation));
    assert_eq!(train.len() + validation.len(), 103);
    // values, labels and row numbers go together
    for examples in [&*tuning.train, &*tuning.validation, &*test] {
        assert_eq!(examples.classes(), Some(4));
        for (row, &source) in examples.source_rows().iter().enumerate() {
            assert_eq!(examples.row(row), [source as f32]);
            assert_eq!(examples.labels().unwrap()[row], source % 3);
        }
    }
}

#[test]
fn mnist_sized_sets_hold_out_10000_and_others_a_fifth() {
    let held = |rows| set(rows).split(&SplitSpec::default()).unwrap().0.validation.rows();
    assert_eq!([60_000, 50_000, 10_000, 1437, 6].map(held), [10_000, 10_000, 2000, 288, 2]);
}

#[test]
fn fewer_training_rows_leave_validation_as_it_is() {
    let spec = SplitSpec { seed: 2, ..SplitSpec::default() };
    let (whole, _) = set(500).split(&spec).unwrap();
    let (some, _) = set(500).split(&SplitSpec { train_rows: Some(50), ..spec.clone() }).unwrap();
    assert_eq!(some.train.rows(), 50);
    assert_eq!(some.validation.source_rows(), whole.validation.source_rows());
    let all: BTreeSet<u32> = whole.train.source_rows().iter().copied().collect();
    assert!(some.train.source_rows().iter().all(|row| all.contains(row)));
}

#[test]
fn a_seed_is_a_split() {
    let rows = |seed| {
        let spec = SplitSpec { seed, train_rows: Some(20), ..SplitSpec::default() };
        let (tuning, _) = set(200).split(&spec).unwrap();
        (tuning.train.source_rows().to_vec(), tuning.validation.source_rows().to_vec())
    };
    assert_eq!(rows(1), rows(1));
    assert_ne!(rows(1).0, rows(2).0);
    assert_ne!(rows(1).1, rows(2).1);
}

#[test]
fn rows_that_are_not_there_are_refused() {
    let message = |validation, train_rows| {
        let spec = SplitSpec { validation, train_rows, ..SplitSpec::default() };
        set(100).split(&spec).map(|_| ()).unwrap_err().to_string()
    };
    let messages = [
        message(Some(Hold::Rows(100)), None),
        message(Some(Hold::Fraction(1.0)), None),
        message(Some(Hold::Fraction(f64::NAN)), None),
        message(None, Some(81)),
        message(None, Some(0)),
    ];
    insta::assert_snapshot!(messages.join("\n"), @r#"
    100 validation rows leave nothing to train on: toy has 100 training rows
    validation = 1 is no number of rows and no fraction from 0 to below 1
    validation = NaN is no number of rows and no fraction from 0 to below 1
    81 training rows cannot be had: toy has 100 and validation takes 20 of them, which leaves 1 to 80
    0 training rows cannot be had: toy has 100 and validation takes 20 of them, which leaves 1 to 80
    "#);
    let none = SplitSpec { validation: Some(Hold::Rows(0)), ..SplitSpec::default() };
    assert_eq!(set(100).split(&none).unwrap().0.train.rows(), 100);
}

#[test]
fn a_spec_reads_rows_and_fractions_and_refuses_typing_errors() {
    let read = |text| serde_json::from_str::<SplitSpec>(text);
    assert_eq!(read(r#"{"validation": 10}"#).unwrap().validation, Some(Hold::Rows(10)));
    assert_eq!(read(r#"{"validation": 0.1}"#).unwrap().validation, Some(Hold::Fraction(0.1)));
    assert_eq!(read("{}").unwrap(), SplitSpec::default());
    assert!(read(r#"{"train-rows": 5}"#).unwrap_err().to_string().contains("train_rows"));
    let spec = SplitSpec { train_rows: Some(3), seed: 9, ..SplitSpec::default() };
    assert_eq!(read(&serde_json::to_string(&spec).unwrap()).unwrap(), spec);
    let data: DataSpec = serde_json::from_str(r#""mnist=a b""#).unwrap();
    assert_eq!(serde_json::to_string(&data).unwrap(), r#""mnist=a b""#);
}

#[test]
fn standardizing_goes_by_the_training_rows_that_are_kept() {
    let spec = SplitSpec { standardize: true, train_rows: Some(30), ..SplitSpec::default() };
    let (plain, plain_test) = set(100).split(&SplitSpec { standardize: false, ..spec.clone() }).unwrap();
    let (tuning, test) = set(100).split(&spec).unwrap();
    let values: Vec<f64> = plain.train.values().iter().map(|&x| f64::from(x)).collect();
    let mean = values.iter().sum::<f64>() / 30.0;
    let sd = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 30.0).sqrt();
    let pairs = [(&*plain.train, &*tuning.train), (&*plain.validation, &*tuning.validation), (&*plain_test, &*test)];
    for (before, after) in pairs {
        for (before, after) in before.values().iter().zip(after.values()) {
            // f64 arithmetic, then one rounding to f32
            let expected = (f64::from(*before) - mean) / sd;
            assert!((f64::from(*after) - expected).abs() <= 1e-7 * (1.0 + expected.abs()));
        }
    }
    assert_eq!(tuning.standardization.unwrap().mean.len(), 1);
}

#[test]
fn batches_gather_the_rows_asked_for() {
    let (tuning, _) = set(50).split(&SplitSpec::default()).unwrap();
    let (mut values, mut labels) = (Vec::new(), vec![9]);
    tuning.train.gather(&[3, 0, 3], &mut values);
    tuning.train.gather_labels(&[3, 0, 3], &mut labels);
    let row = |i: usize| tuning.train.row(i)[0];
    assert_eq!(values, [row(3), row(0), row(3)]);
    assert_eq!(labels, [row(3) as u32 % 3, row(0) as u32 % 3, row(3) as u32 % 3]);
}

fn load_text(text: &str) -> DataSet {
    load(&text.parse().unwrap(), &[]).unwrap()
}

fn write_mnist(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let images = |rows: u8, first: u8| {
        let mut bytes = vec![0, 0, 8, 3, 0, 0, 0, rows, 0, 0, 0, 2, 0, 0, 0, 1];
        bytes.extend((0..rows * 2).map(|i| first + i));
        bytes
    };
    let labels = |values: &[u8]| [&[0, 0, 8, 1, 0, 0, 0, values.len() as u8][..], values].concat();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, &images(6, 0)).unwrap();
    std::fs::write(folder.join("train-images-idx3-ubyte.gz"), gz.finish().unwrap()).unwrap();
    std::fs::write(folder.join("train-labels-idx1-ubyte"), labels(&[0, 1, 2, 3, 4, 5])).unwrap();
    std::fs::write(folder.join("t10k-images.idx3-ubyte"), images(2, 240)).unwrap();
    std::fs::write(folder.join("t10k-labels.idx1-ubyte"), labels(&[9, 0])).unwrap();
}

#[test]
fn four_idx_files_keep_their_own_test_rows_and_pixels_become_fractions() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("MNIST, ein Satz – ü");
    write_mnist(&place);
    let set = load_text(&format!("mnist={}", place.display()));
    assert_eq!((set.row_shape(), set.classes().unwrap().count), (&[2, 1][..], 10));
    let (tuning, test) = set.split(&SplitSpec::default()).unwrap();
    assert_eq!((tuning.train.rows(), tuning.validation.rows(), test.rows()), (4, 2, 2));
    assert_eq!(test.values(), [240.0 / 255.0, 241.0 / 255.0, 242.0 / 255.0, 243.0 / 255.0]);
    assert_eq!(test.labels().unwrap(), [9, 0]);
    let summary = summary(&set);
    assert_eq!(summary.train.class_counts, [1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
    assert_eq!((summary.train.minimum, summary.train.maximum), (0.0, 11.0 / 255.0));
}

#[test]
fn without_a_path_the_search_folders_are_tried_in_order() {
    let folder = tempfile::tempdir().unwrap();
    write_mnist(&folder.path().join("second/mnist"));
    let place = |label: &str, name: &str| SearchFolder { label: label.into(), path: Some(folder.path().join(name)) };
    let folders = [place("$REPSHAPE_DATA", "first"), place("the user's data folder", "second")];
    assert_eq!(load(&"mnist".parse().unwrap(), &folders).unwrap().train_rows(), 6);
}

#[test]
fn arrays_stay_as_they_are_and_a_fifth_is_held_out() {
    let folder = tempfile::tempdir().unwrap();
    let x = folder.path().join("x, one.npy");
    let y = folder.path().join("-y.npy");
    let values: Vec<f64> = (0..22).map(|i| f64::from(i) * 100.0).collect();
    write_npy(&x, &[11, 2], &values).unwrap();
    write_npy(&y, &[11], &[0i64, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1]).unwrap();
    let set = load_text(&format!("npy={},{}", x.display(), y.display()));
    assert_eq!((set.train_rows(), set.test_rows(), set.columns()), (8, 3, 2));
    let (tuning, test) = set.split(&SplitSpec::default()).unwrap();
    for examples in [&*tuning.train, &*tuning.validation, &*test] {
        for (row, &source) in examples.source_rows().iter().enumerate() {
            let first = source as f32 * 200.0;
            assert_eq!(examples.row(row), [first, first + 100.0]);
            assert_eq!(examples.labels().unwrap()[row], source % 3);
        }
    }
    assert!(summary(&set).notes[0].contains("3 of 11 rows held out"));

    let unlabelled = load_text(&format!("npy={}", x.display()));
    let (tuning, _) = unlabelled.split(&SplitSpec::default()).unwrap();
    assert_eq!(tuning.train.targets(), &Targets::Input);
    assert_eq!((tuning.train.labels(), tuning.train.classes()), (None, None));
}

/// The archive is NumPy's: tests/golden/sets.py.
#[test]
fn archives_hold_a_set_with_or_without_test_rows() {
    let folder = crate::golden::folder();
    let own = load_text(&format!("npz={}", folder.join("set_test.npz").display()));
    assert_eq!((own.train_rows(), own.test_rows(), own.row_shape()), (6, 4, &[2, 3][..]));
    assert_eq!(own.classes().unwrap().count, 5);
    let (_, test) = own.split(&SplitSpec::default()).unwrap();
    assert_eq!(test.labels().unwrap(), [4, 0, 1, 2]);
    assert!(summary(&own).notes[0].contains("used as they are, from 0 to 255"));
    assert_eq!(test.row(3), [78.0, 79.0, 80.0, 81.0, 82.0, 83.0]);

    let drawn = load_text(&format!("npz={}", folder.join("set.npz").display()));
    assert_eq!((drawn.train_rows(), drawn.test_rows()), (8, 2));
    let (tuning, _) = drawn.split(&SplitSpec::default()).unwrap();
    let row = tuning.train.source_rows()[0] as f32;
    assert_eq!(tuning.train.row(0), [row, -row]);
}

#[test]
fn words_and_numbers_in_tables_are_labels() {
    use repshape_data::{LabelOptions, read_labels};
    let pets = crate::golden::folder().join("pets.csv");
    let by = |key: &str| {
        let options = LabelOptions { key: Some(key.to_owned()), ..LabelOptions::default() };
        read_labels(&pets, &options).unwrap()
    };
    let pet = by("pet");
    assert_eq!((pet.values, pet.classes), (vec![2, 1, 0, 1], 3));
    assert_eq!(pet.names.unwrap(), ["a \"big\" dog", "cat", "dog"]);
    let age = by("age");
    assert_eq!((age.values, age.classes, age.names), (vec![3, 2, 7, 0], 8, None));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("y.txt");
    let read = |text: &str, classes| {
        std::fs::write(&path, text).unwrap();
        let options = LabelOptions { classes, ..LabelOptions::default() };
        read_labels(&path, &options).unwrap()
    };
    // one column: a first line that alone is no number names it; words alone are all labels
    assert_eq!(read("colour\n1\n0\n1\n", None).values, [1, 0, 1]);
    assert_eq!(read("red\nblue\nred\n", Some(5)).values, [1, 0, 1]);
    assert_eq!(read("red\nblue\nred\n", Some(5)).classes, 5);
    assert_eq!(read("2.0\r\n1e0\r\n", None).values, [2, 1]);
    assert_eq!(read("0\n", Some(10)).classes, 10);
}

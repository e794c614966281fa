//! Safetensors, parquet and labels of strings as their own writers write them: tests/golden/tables.py.

use std::collections::BTreeMap;

use repshape_data::{
    Entry, LabelOptions, MatrixOptions, Numbers, RowSource, keys, open_matrix, open_matrix_from, prefetched,
    read_labels, read_matrix,
};

use crate::golden::{Golden, folder};

/// The column of labels that a golden file has beside its matrix.
fn label_column(file: &str) -> Option<String> {
    let column = match file {
        _ if file.starts_with("columns_") => "species",
        "fixed_lists.parquet" | "lists.parquet" => "label",
        "words.parquet" => "class",
        _ => return None,
    };
    Some(column.to_owned())
}

fn open(name: &str) -> Box<dyn RowSource> {
    let (file, key) = match name.split_once(':') {
        Some((file, key)) => (file, Some(key.to_owned())),
        None => (name, None),
    };
    open_matrix(&folder().join(file), &MatrixOptions { key, label_column: label_column(file) }).unwrap()
}

/// All rows by [`RowSource::next_numbers`], and whether they came as f32.
fn numbers(source: &mut dyn RowSource, block_rows: usize) -> (Vec<f64>, bool) {
    let (mut values, mut single, mut block) = (Vec::new(), None, Numbers::default());
    loop {
        let rows = source.next_numbers(&mut block, block_rows).unwrap();
        assert_eq!(block.len(), rows * source.units());
        if rows == 0 {
            return (values, single.unwrap());
        }
        assert!(rows <= block_rows);
        match &block {
            Numbers::F32(block) => values.extend(block.iter().map(|&value| f64::from(value))),
            Numbers::F64(block) => values.extend_from_slice(block),
        }
        let is_single = matches!(block, Numbers::F32(_));
        assert_eq!(*single.get_or_insert(is_single), is_single);
    }
}

#[test]
fn every_type_reads_as_its_writer_meant_it() {
    let text = std::fs::read_to_string(folder().join("tables.json")).unwrap();
    let golden: BTreeMap<String, Golden> = serde_json::from_str(&text).unwrap();
    assert_eq!(golden.len(), 14 + 1 + 8 + 2 + 2 + 1);
    for (name, golden) in &golden {
        for block_rows in [1, 2, 3, 1000] {
            let mut source = open(name);
            assert_eq!((source.units(), source.row_shape()), (golden.units, golden.row_shape.as_slice()), "{name}");
            assert_eq!(source.rows().unwrap() * golden.units, golden.values.len(), "{name}");
            let (mut values, mut block) = (Vec::new(), Vec::new());
            while source.next_block(&mut block, block_rows).unwrap() > 0 {
                values.extend_from_slice(&block);
            }
            assert_eq!(values, golden.values, "{name} by {block_rows}");
            assert_eq!(source.next_block(&mut block, block_rows).unwrap(), 0, "{name} after its end");
            assert_eq!(numbers(&mut *open(name), block_rows).0, golden.values, "{name} by {block_rows}");
            for ahead in [1, 4, 1000] {
                let mut source = prefetched(open(name), ahead);
                assert_eq!(source.rows().unwrap() * source.units(), golden.values.len(), "{name}");
                assert_eq!(numbers(&mut *source, block_rows).0, golden.values, "{name} by {block_rows}, {ahead} ahead");
            }
        }
    }
}

#[test]
fn blocks_have_the_precision_of_the_file() {
    for key in ["bool", "int8", "uint8", "int16", "uint16", "float16", "bfloat16", "float32"] {
        assert!(numbers(&mut *open(&format!("types.safetensors:{key}")), 4).1, "{key}");
    }
    for key in ["int32", "uint32", "int64", "uint64", "float64"] {
        assert!(!numbers(&mut *open(&format!("types.safetensors:{key}")), 4).1, "{key}");
    }
    assert!(numbers(&mut *open("fixed_lists.parquet"), 4).1);
    assert!(!numbers(&mut *open("pages.parquet"), 4).1);
    let npy = |name: &str| numbers(&mut *open_matrix(&folder().join(name), &MatrixOptions::default()).unwrap(), 3);
    assert!(npy("dimensions_3_fortran.npy").1);
    assert!(!npy("dimensions_3.npy").1);
    // text says nothing of its precision
    assert!(!npy("table.csv").1);
}

#[test]
fn keys_list_what_a_file_holds() {
    let entry = |name: &str, shape: &[usize], element: &str| Entry {
        name: name.to_owned(),
        shape: shape.to_vec(),
        element: element.to_owned(),
    };
    let mut maps = keys(&folder().join("maps.safetensors")).unwrap();
    maps.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(maps, [entry("labels", &[5], "<i8"), entry("maps", &[5, 2, 3, 2], "<f4")]);
    let labelled = keys(&folder().join("labelled.npz")).unwrap();
    assert_eq!(labelled, [entry("z", &[9, 5], "<f4"), entry("y", &[9], "<U9")]);
    let types = keys(&folder().join("types.safetensors")).unwrap();
    assert!(types.contains(&entry("bfloat16", &[7, 3], "bfloat16")));
    assert!(keys(&folder().join("table.csv")).unwrap_err().to_string().contains("holds one matrix"));
}

#[test]
fn labels_that_are_strings_are_classes_in_sorted_order() {
    let read = |file: &str, key: Option<&str>| {
        let options = LabelOptions { key: key.map(str::to_owned), ..LabelOptions::default() };
        read_labels(&folder().join(file), &options).unwrap()
    };
    let species = [1, 2, 1, 0, 2, 1, 2, 1, 0, 2, 1];
    for file in ["labels_wide.npy", "labels_wide_big.npy", "labels_bytes.npy"] {
        let labels = read(file, None);
        assert_eq!(labels.values, species, "{file}");
        assert_eq!(labels.names.unwrap(), ["naïve", "setosa", "virginica"], "{file}");
    }
    for codec in ["none", "snappy", "gzip", "zstd"] {
        let labels = read(&format!("columns_{codec}_2.parquet"), Some("species"));
        assert_eq!((labels.values.as_slice(), labels.classes), (species.as_slice(), 3), "{codec}");
        assert_eq!(labels.names.unwrap(), ["naïve", "setosa", "virginica"], "{codec}");
    }
    assert_eq!(read("labelled.npz", None).values, species[..9]);
    assert_eq!(read("words.parquet", None).names.unwrap(), ["a", "b", "c"]);
    let label = read("lists.parquet", None);
    assert_eq!((label.values, label.names), (vec![4, 0, 1, 1, 2, 0, 4, 4, 1], None));
    assert_eq!(read("types.safetensors", Some("labels")).values, [3, 0, 1, 2, 2, 0, 1]);
    assert_eq!(read("maps.safetensors", None).values, [0, 1, 2, 3, 4]);
}

#[test]
fn a_pipe_reads_as_the_file_does() {
    for file in ["dimensions_1.npy", "dimensions_3.npy", "dimensions_4_fortran.npy", "version_3.npy"] {
        let path = folder().join(file);
        let whole = read_matrix(&path).unwrap();
        let pipe = Box::new(std::fs::File::open(&path).unwrap());
        let mut source = open_matrix_from(pipe, "standard input").unwrap();
        let mut block = Vec::new();
        let mut values = Vec::new();
        while source.next_block(&mut block, 2).unwrap() > 0 {
            values.extend_from_slice(&block);
        }
        assert_eq!((source.row_shape(), values), (whole.row_shape.as_slice(), whole.values), "{file}");
    }
}

#[test]
fn reading_ahead_gives_the_rows_before_an_error_and_then_the_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("z.csv");
    std::fs::write(&path, "1,2\n3,4\n5,6\n7,x\n").unwrap();
    let source = || open_matrix(&path, &MatrixOptions::default()).unwrap();
    let mut ahead = prefetched(source(), 2);
    let mut block = Vec::new();
    assert_eq!(ahead.next_block(&mut block, 5).unwrap(), 2);
    assert_eq!(block, [1.0, 2.0, 3.0, 4.0]);
    let error = ahead.next_block(&mut block, 5).unwrap_err().to_string();
    assert!(error.ends_with("z.csv: line 4 column 2: \"x\" is no number"), "{error}");
    assert_eq!(ahead.next_block(&mut block, 5).unwrap(), 0);
    // a source that is dropped early ends its thread
    drop(prefetched(source(), 1));
    // nothing is read before it is needed of a source that has its rows' names only
    assert_eq!(prefetched(source(), 1).units(), 2);
}

/// Values of a large matrix: `rows x units` of f32.
fn large(rows: usize, units: usize) -> Vec<f32> {
    (0..rows * units).map(|at| (at % 1009) as f32 - 500.0).collect()
}

/// All of a source in blocks, compared with `expected`; at most so many bytes at a time.
fn reads_within(most: usize, expected: &[f32], open: impl FnOnce() -> Box<dyn RowSource>) {
    let (name, peak) = crate::memory::peak(|| {
        let mut source = open();
        let (mut block, mut at) = (Numbers::default(), 0);
        while source.next_numbers(&mut block, 512).unwrap() > 0 {
            let Numbers::F32(values) = &block else { panic!("{} is not f32", source.name()) };
            assert_eq!(values, &expected[at..at + values.len()], "{}", source.name());
            at += values.len();
        }
        assert_eq!(at, expected.len());
        source.name().to_owned()
    });
    assert!(peak < most, "{name}: {peak} bytes");
}

#[test]
fn large_files_are_read_in_little_memory() {
    // 32 MB each
    let (rows, units) = (200_000, 40);
    let values = large(rows, units);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);

    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let header = format!(r#"{{"z":{{"dtype":"F32","shape":[{rows},{units}],"data_offsets":[0,{}]}}}}"#, bytes.len());
    let tensors = [(header.len() as u64).to_le_bytes().as_slice(), header.as_bytes(), &bytes].concat();
    std::fs::write(path("z.safetensors"), tensors).unwrap();
    let options = MatrixOptions::default;
    reads_within(1 << 20, &values, || open_matrix(&path("z.safetensors"), &options()).unwrap());

    repshape_data::write::write_npy(&path("z.npy"), &[rows, units], &values).unwrap();
    reads_within(1 << 20, &values, || open_matrix(&path("z.npy"), &options()).unwrap());
    reads_within(1 << 20, &values, || {
        let pipe = Box::new(std::fs::File::open(path("z.npy")).unwrap());
        open_matrix_from(pipe, "standard input").unwrap()
    });
}

/// Columns and lists, of the crate's own writer: row groups of 64,000 rows.
#[cfg(feature = "parquet")]
#[test]
fn large_parquet_files_are_read_in_little_memory() {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, FixedSizeListArray, Float32Array, RecordBatch};
    use arrow_schema::{DataType, Field};
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;

    let (rows, units) = (200_000, 40);
    let values = large(rows, units);
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, batch: &RecordBatch| {
        let path = folder.path().join(name);
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(64_000)).build();
        let file = std::fs::File::create(&path).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
        path
    };
    let columns = (0..units).map(|unit| {
        let column = Float32Array::from_iter_values(values[unit..].iter().step_by(units).copied());
        (format!("unit {unit}"), Arc::new(column) as ArrayRef)
    });
    let wide = write("wide.parquet", &RecordBatch::try_from_iter(columns).unwrap());
    let item = Arc::new(Field::new("item", DataType::Float32, false));
    let items = Arc::new(Float32Array::from(values.clone()));
    let lists = FixedSizeListArray::new(item, units as i32, items, None);
    let lists = write("lists.parquet", &RecordBatch::try_from_iter([("z", Arc::new(lists) as ArrayRef)]).unwrap());
    // a page of each column, compressed and not, and a batch: of 32 MB
    reads_within(20 << 20, &values, || open_matrix(&wide, &MatrixOptions::default()).unwrap());
    reads_within(20 << 20, &values, || open_matrix(&lists, &MatrixOptions::default()).unwrap());
}

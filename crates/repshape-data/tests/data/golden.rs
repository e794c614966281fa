//! Arrays written by NumPy read as NumPy reads them: tests/golden/arrays.py.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use repshape_data::write::write_npy;
use repshape_data::{Matrix, MatrixOptions, open_matrix, read_matrix};

#[derive(serde::Deserialize)]
pub struct Golden {
    pub row_shape: Vec<usize>,
    pub units: usize,
    pub values: Vec<f64>,
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

#[test]
fn every_type_order_dimension_and_format_reads_as_numpy_reads_it() {
    let text = std::fs::read_to_string(folder().join("arrays.json")).unwrap();
    let golden: BTreeMap<String, Golden> = serde_json::from_str(&text).unwrap();
    assert_eq!(golden.len(), 2 * 42 + 10 + 2 + 6);
    for (name, golden) in &golden {
        let (file, key) = match name.split_once(':') {
            Some((file, key)) => (file, Some(key.to_owned())),
            None => (name.as_str(), None),
        };
        let options = MatrixOptions { key, label_column: None };
        for block_rows in [1, 2, 1000] {
            let mut source = open_matrix(&folder().join(file), &options).unwrap();
            let (mut values, mut block) = (Vec::new(), Vec::new());
            loop {
                let rows = source.next_block(&mut block, block_rows).unwrap();
                assert_eq!(block.len(), rows * source.units(), "{name}");
                if rows == 0 {
                    break;
                }
                values.extend_from_slice(&block);
            }
            assert_eq!(source.units(), golden.units, "{name}");
            assert_eq!(source.row_shape(), golden.row_shape, "{name}");
            assert_eq!(values, golden.values, "{name} by {block_rows}");
            if let Some(rows) = source.rows() {
                assert_eq!(rows * golden.units, golden.values.len(), "{name}");
            }
        }
    }
}

#[test]
fn written_arrays_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    let values: Vec<f64> = (0..7 * 2 * 3).map(|i| f64::from(i).sin()).collect();
    write_npy(&path, &[7, 2, 3], &values).unwrap();
    let matrix = read_matrix(&path).unwrap();
    assert_eq!(matrix, Matrix { rows: 7, units: 6, row_shape: vec![2, 3], values });
    // NumPy maps files whose values start at a multiple of 64
    assert_eq!((std::fs::metadata(&path).unwrap().len() - 8 * 42) % 64, 0);
    for rows in 1..200 {
        write_npy(&path, &[rows], &vec![7u32; rows]).unwrap();
        assert_eq!(read_matrix(&path).unwrap().values, vec![7.0; rows]);
    }
}

#[test]
fn a_large_fortran_array_is_read_in_pieces() {
    // 1,000 x 5,000 f64 are 40 MB, more than is kept at a time
    let (rows, units) = (1000, 5000);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.npy");
    let transposed: Vec<f64> = (0..rows * units).map(|at| (at % rows * units + at / rows) as f64).collect();
    write_npy(&path, &[units, rows], &transposed).unwrap();
    // the same bytes are the rows x units array in Fortran order
    let mut bytes = std::fs::read(&path).unwrap();
    let header = String::from_utf8(bytes[10..128].to_vec()).unwrap();
    let fortran = header.replace("False", "True ").replace("(5000, 1000)", "(1000, 5000)");
    bytes[10..128].copy_from_slice(fortran.as_bytes());
    std::fs::write(&path, bytes).unwrap();
    let ((), peak) = crate::memory::peak(|| {
        let mut source = open_matrix(&path, &MatrixOptions::default()).unwrap();
        let (mut block, mut next) = (Vec::new(), 0);
        while source.next_block(&mut block, 64).unwrap() > 0 {
            for &value in &block {
                assert_eq!(value, next as f64);
                next += 1;
            }
        }
        assert_eq!(next, rows * units);
    });
    assert!(peak < 40 << 20, "{peak} bytes");
}

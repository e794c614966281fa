//! Damaged files of every format: an error or a value, never a panic, a hang or much memory.

use std::path::Path;

use rand::Rng;
use repshape_data::{
    LabelOptions, MatrixOptions, Numbers, Purpose, below, keys, open_matrix, open_matrix_from, read_labels,
    read_matrix, stream,
};

use crate::golden::folder;
use crate::memory::peak;

/// Mutants of each file; of each format there are at least 2,000.
const MUTANTS: u64 = 1000;

/// One to four changes of a file.
fn mutate(bytes: &mut Vec<u8>, rng: &mut impl Rng) {
    for _ in 0..=below(rng, 4) {
        if bytes.is_empty() {
            return;
        }
        // headers are where the damage is interesting
        let within = match below(rng, 2) {
            0 => bytes.len(),
            _ => bytes.len().min(160),
        };
        let at = below(rng, within as u64) as usize;
        match below(rng, 7) {
            0 => bytes[at] ^= 1 << below(rng, 8),
            1 => bytes[at] = rng.next_u64() as u8,
            2 => bytes.truncate(at),
            3 => bytes.insert(at, b"0919,\"'\n-(x"[below(rng, 11) as usize]),
            4 => {
                let end = (at + 1 + below(rng, 40) as usize).min(bytes.len());
                bytes.drain(at..end);
            }
            5 => {
                let end = (at + 1 + below(rng, 40) as usize).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            _ => {
                let end = (at + 4).min(bytes.len());
                let extreme = [0x00, 0x7f, 0x80, 0xff][below(rng, 4) as usize];
                bytes[at..end].fill(extreme);
            }
        }
    }
}

/// Reads mutants of a golden file in every way that its format allows.
fn survives(file: &str, keys: &[Option<&str>], index: u64) {
    let original = std::fs::read(folder().join(file)).unwrap();
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join(file);
    let name = path.display().to_string();
    let (mut refused, mut read) = (0, 0);
    for mutant in 0..MUTANTS {
        let mut rng = stream(index, Purpose::Sample, mutant);
        let mut bytes = original.clone();
        mutate(&mut bytes, &mut rng);
        std::fs::write(&path, &bytes).unwrap();
        let ((), bytes) = peak(|| {
            for result in attempts(&path, keys) {
                match result {
                    Ok(()) => read += 1,
                    Err(message) => {
                        assert!(message.starts_with(&name), "{message}");
                        refused += 1;
                    }
                }
            }
        });
        assert!(bytes < 300 << 20, "mutant {mutant} of {file} took {bytes} bytes");
    }
    // otherwise the mutants are no test of the refusals, or of the rest
    assert!(refused > 100 && read > 0, "{file}: {refused} refused, {read} read");
}

fn attempts(path: &Path, keys: &[Option<&str>]) -> Vec<Result<(), String>> {
    let mut results = vec![
        read_matrix(path).map(|_| ()).map_err(|e| e.to_string()),
        read_labels(path, &LabelOptions::default()).map(|_| ()).map_err(|e| e.to_string()),
    ];
    for key in keys {
        let key = key.map(str::to_owned);
        let matrix = MatrixOptions { key: key.clone(), label_column: key.clone() };
        results.push(
            open_matrix(path, &matrix)
                .and_then(|mut source| {
                    let mut block = Vec::new();
                    while source.next_block(&mut block, 3)? > 0 {}
                    Ok(())
                })
                .map_err(|e| e.to_string()),
        );
        let beside = MatrixOptions { key: None, label_column: key.clone() };
        results.push(
            open_matrix(path, &beside)
                .and_then(|mut source| {
                    let mut block = Numbers::default();
                    while source.next_numbers(&mut block, 3)? > 0 {}
                    Ok(())
                })
                .map_err(|e| e.to_string()),
        );
        let labels = LabelOptions { classes: Some(10), key, rows: None };
        results.push(read_labels(path, &labels).map(|_| ()).map_err(|e| e.to_string()));
    }
    results
}

#[test]
fn npy() {
    survives("dimensions_3.npy", &[None], 1);
    survives("dimensions_4_fortran.npy", &[None], 2);
    survives("version_3.npy", &[None], 3);
}

#[test]
fn npz() {
    let keys = [Some("u1_little_F"), Some("f2_big_C"), Some("f8_little_F")];
    survives("types.npz", &keys, 4);
    survives("types_deflated.npz", &keys, 5);
}

#[test]
fn gzip() {
    survives("gzipped.npy.gz", &[None], 6);
    survives("images-idx3-ubyte.gz", &[None], 7);
}

#[test]
fn idx() {
    survives("images-idx3-ubyte", &[None], 8);
    survives("floats.idx", &[None], 9);
}

#[test]
fn text() {
    survives("table.csv", &[None, Some("b")], 10);
    survives("table.tsv", &[None, Some("b")], 11);
    survives("pets.csv", &[None, Some("pet"), Some("age")], 12);
}

#[test]
fn safetensors() {
    survives("types.safetensors", &[Some("bfloat16"), Some("int64"), Some("labels")], 14);
    survives("maps.safetensors", &[None], 15);
}

#[test]
fn parquet() {
    // the panics that some of them cause within the parquet crate end as errors, but are still shown
    survives("columns_snappy_1.parquet", &[Some("species")], 16);
    survives("columns_zstd_2.parquet", &[Some("species")], 17);
    survives("columns_gzip_1.parquet", &[Some("species"), Some("float16")], 18);
    survives("fixed_lists.parquet", &[Some("label"), Some("embedding")], 19);
}

#[test]
fn labels_of_strings() {
    survives("labels_wide.npy", &[None], 20);
    survives("labels_bytes.npy", &[None], 21);
    survives("labelled.npz", &[Some("y"), Some("z")], 22);
}

/// What a file claims of its arrays, and what a pipe claims.
#[test]
fn keys_and_pipes() {
    let place = tempfile::tempdir().unwrap();
    let originals = ["labelled.npz", "maps.safetensors", "dimensions_3.npy", "dimensions_4_fortran.npy"]
        .map(|name| (place.path().join(name), std::fs::read(folder().join(name)).unwrap()));
    for mutant in 0..2 * MUTANTS {
        let mut rng = stream(23, Purpose::Sample, mutant);
        for (path, original) in &originals {
            let mut bytes = original.clone();
            mutate(&mut bytes, &mut rng);
            let ((), most) = peak(|| {
                if path.extension().is_some_and(|end| end == "npy") {
                    let pipe = Box::new(std::io::Cursor::new(bytes));
                    let Ok(mut source) = open_matrix_from(pipe, "pipe") else { return };
                    let mut block = Numbers::default();
                    while let Ok(1..) = source.next_numbers(&mut block, 1000) {}
                } else {
                    std::fs::write(path, &bytes).unwrap();
                    let _ = keys(path);
                }
            });
            assert!(most < 300 << 20, "mutant {mutant} of {} took {most} bytes", path.display());
        }
    }
}

/// Data sets read through other code than matrices.
#[test]
fn data_sets() {
    let place = tempfile::tempdir().unwrap();
    let x = std::fs::read(folder().join("dimensions_2.npy")).unwrap();
    let images = std::fs::read(folder().join("images-idx3-ubyte.gz")).unwrap();
    let npy = place.path().join("x.npy");
    let idx = place.path().join("x.gz");
    for mutant in 0..MUTANTS {
        let mut rng = stream(13, Purpose::Sample, mutant);
        for (path, original) in [(&npy, &x), (&idx, &images)] {
            let mut bytes = original.clone();
            mutate(&mut bytes, &mut rng);
            std::fs::write(path, &bytes).unwrap();
        }
        for text in [
            format!("npy={}", npy.display()),
            format!("npy={},{}", npy.display(), npy.display()),
            format!("idx={},{}", idx.display(), idx.display()),
        ] {
            let spec = text.parse().unwrap();
            let (_, bytes) = peak(|| repshape_data::load(&spec, &[]).map(|_| ()));
            assert!(bytes < 300 << 20, "mutant {mutant} of {text} took {bytes} bytes");
        }
    }
}

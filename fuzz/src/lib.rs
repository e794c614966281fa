//! What every target does with its bytes: any of them gives values or an error, never a panic.

use std::path::Path;
use std::sync::OnceLock;

use repshape_data::{LabelOptions, MatrixOptions, Numbers, RowSource, keys, open_matrix, read_labels};
use tempfile::TempDir;

/// Writes the bytes to a file of this name, always the same one, and gives its path.
fn with_file(name: &str, bytes: &[u8], read: impl FnOnce(&Path)) {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let path = FOLDER.get_or_init(|| TempDir::new().expect("a temporary folder")).path().join(name);
    std::fs::write(&path, bytes).expect("a temporary file");
    read(&path);
}

/// Reads all blocks; a source keeps its promises about them.
pub fn drain(source: &mut dyn RowSource) {
    let mut block = Numbers::default();
    // few rows at a time, so that several blocks are met
    let at_once = (4096 / source.units()).clamp(1, 3);
    while let Ok(rows @ 1..) = source.next_numbers(&mut block, at_once) {
        assert!(rows <= at_once);
        assert_eq!(block.len(), rows * source.units());
    }
}

/// A matrix by every way in: the only array, each key, a column of labels left out.
pub fn matrix(name: &str, bytes: &[u8]) {
    with_file(name, bytes, |path| {
        let plain = MatrixOptions::default();
        let of_labels = MatrixOptions { label_column: Some("label".to_owned()), ..MatrixOptions::default() };
        let mut options = vec![plain, of_labels];
        if let Ok(entries) = keys(path) {
            let keyed = entries.into_iter().take(20);
            options.extend(keyed.map(|entry| MatrixOptions { key: Some(entry.name), label_column: None }));
        }
        for options in options {
            if let Ok(mut source) = open_matrix(path, &options) {
                drain(&mut *source);
            }
        }
    });
}

/// Labels, with and without a number of classes.
pub fn labels(name: &str, bytes: &[u8]) {
    with_file(name, bytes, |path| {
        for classes in [None, Some(3)] {
            if let Ok(labels) = read_labels(path, &LabelOptions { classes, ..LabelOptions::default() }) {
                assert!(labels.values.iter().all(|&label| (label as usize) < labels.classes));
                assert!(labels.names.is_none_or(|names| names.len() <= labels.classes));
            }
        }
    });
}

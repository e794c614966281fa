//! Inputs that the fuzzer found or that once went wrong: each gives values or an error, in little memory.

use repshape_data::{LabelOptions, MatrixOptions, Numbers, keys, open_matrix, open_matrix_from, read_labels};

use crate::memory::peak;

#[test]
fn what_once_went_wrong_does_so_no_more() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/regressions");
    let mut files = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let ((), most) = peak(|| {
            let mut options = vec![MatrixOptions::default()];
            options.push(MatrixOptions { label_column: Some("label".to_owned()), ..MatrixOptions::default() });
            for entry in keys(&path).unwrap_or_default() {
                options.push(MatrixOptions { key: Some(entry.name), label_column: None });
            }
            let mut block = Numbers::default();
            for options in options {
                if let Ok(mut source) = open_matrix(&path, &options) {
                    while let Ok(1..) = source.next_numbers(&mut block, 3) {}
                }
            }
            let _ = read_labels(&path, &LabelOptions::default());
            let pipe = Box::new(std::fs::File::open(&path).unwrap());
            if let Ok(mut source) = open_matrix_from(pipe, "pipe") {
                while let Ok(1..) = source.next_numbers(&mut block, 3) {}
            }
        });
        assert!(most < 300 << 20, "{} took {most} bytes", path.display());
        files += 1;
    }
    assert!(files > 0);
}

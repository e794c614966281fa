//! `digits`: 1,797 images of handwritten digits, in the program itself.

use std::io::Read;

use super::{Place, Source};
use crate::Result;
use crate::error::DataError;
use crate::set::{Classes, DataSet, Part, Values};

pub(super) const SOURCE: Source = Source {
    name: "digits",
    what: "1,797 handwritten digits of 8 x 8, embedded",
    form: "digits",
    licence: "CC BY 4.0",
    origin: "Alpaydin & Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, doi:10.24432/C50P49",
    place: Place::Embedded,
    load,
};

/// How it was made, and from what: `assets/README.md`.
static PACKED: &[u8] = include_bytes!("../../assets/digits.deflate");

const ROWS: usize = 1797;
const COLUMNS: usize = 64;
const CLASSES: usize = 10;

fn load(_: &str) -> Result<DataSet> {
    let raw = inflate()?;
    let (planes, labels) = raw.split_at(ROWS * COLUMNS);
    let bytes = (0..ROWS * COLUMNS).map(|i| planes[(i % COLUMNS) * ROWS + i / COLUMNS]).collect();
    let part = Part {
        file: "digits".to_owned(),
        values: Values::Bytes { bytes, divisor: 16.0 },
        labels_file: "digits".to_owned(),
        labels: Some(labels.iter().map(|&label| u32::from(label)).collect()),
    };
    let names = (0..CLASSES).map(|class| class.to_string()).collect();
    let classes = Classes { count: CLASSES, names: Some(names) };
    DataSet::with_held_out_test("digits", &[8, 8], part, Some(classes))
}

fn inflate() -> Result<Vec<u8>> {
    let mut raw = Vec::with_capacity(ROWS * (COLUMNS + 1));
    flate2::read::DeflateDecoder::new(PACKED)
        .read_to_end(&mut raw)
        .map_err(|e| DataError::file("digits", format!("the embedded copy is damaged: {e}")))?;
    match raw.len() == ROWS * (COLUMNS + 1) {
        true => Ok(raw),
        false => Err(DataError::file("digits", "the embedded copy is damaged: wrong length")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SplitSpec, summary};

    #[test]
    fn the_copy_is_the_published_one() {
        let raw = inflate().unwrap();
        // of the unpacked bytes; tests/golden/streams.py hashes scikit-learn's copy
        assert_eq!(
            blake3::hash(&raw).to_hex().as_str(),
            "14da52d3f6a5027fa92084ec4b0a5784954532dce4cc6192c5d3cf60583c02cf"
        );
        assert!(PACKED.len() <= 44_000);
    }

    #[test]
    fn first_image_and_class_counts() {
        let set = load("").unwrap();
        let summary = summary(&set);
        let all: Vec<usize> =
            std::iter::zip(&summary.train.class_counts, &summary.test.class_counts).map(|(a, b)| a + b).collect();
        // scikit-learn: np.bincount(load_digits().target)
        assert_eq!(all, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        // the test rows are the same for everyone, for ever
        let (_, test) = set.split(&SplitSpec::default()).unwrap();
        let (_, other) = set.split(&SplitSpec { seed: 5, ..SplitSpec::default() }).unwrap();
        assert_eq!(test.source_rows(), other.source_rows());
        let mut hasher = blake3::Hasher::new();
        test.source_rows().iter().for_each(|row| {
            hasher.update(&row.to_le_bytes());
        });
        assert_eq!(
            hasher.finalize().to_hex().as_str(),
            "48e1b48357eaaa4f0bd379d663a9ffbc0e2561b39516b586dad881a76b8d692e"
        );
        assert_eq!(summary.test.class_counts, [40, 38, 43, 37, 30, 33, 40, 28, 36, 35]);
    }

    #[test]
    fn image_0_is_the_zero_that_scikit_learn_shows() {
        let (tuning, test) = load("").unwrap().split(&SplitSpec::default()).unwrap();
        let parts = [&*tuning.train, &*tuning.validation, &*test];
        let (part, row) =
            parts.iter().find_map(|part| Some((part, part.source_rows().iter().position(|&row| row == 0)?))).unwrap();
        let first_two_lines: Vec<f32> = part.row(row)[..16].iter().map(|x| x * 16.0).collect();
        assert_eq!(first_two_lines, [0., 0., 5., 13., 9., 1., 0., 0., 0., 0., 13., 15., 10., 15., 5., 0.]);
        assert_eq!(part.labels().unwrap()[row], 0);
    }
}

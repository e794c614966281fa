//! `npy=X.npy,y.npy`: an array and its labels; `npy=X.npy` without labels, for autoencoders.

use std::path::Path;

use super::{Place, Source, classes, pair};
use crate::error::shown;
use crate::labels::from_array;
use crate::matrix::RowSource;
use crate::set::{DataSet, Part};
use crate::{LabelOptions, Result, npy};

pub(super) const SOURCE: Source = Source {
    name: "npy",
    what: "an array of rows and its labels in two NumPy files, or an array without labels",
    form: "npy=X.npy,y.npy",
    licence: "the user's own",
    origin: "the user's files",
    place: Place::Files,
    load,
};

fn load(location: &str) -> Result<DataSet> {
    let whole = Path::new(location);
    if whole.is_file() || !location.contains(',') {
        let mut array = npy::open(whole)?;
        let shape = array.row_shape().to_vec();
        let part =
            Part { file: shown(whole), values: array.read_values(1.0)?, labels_file: shown(whole), labels: None };
        return DataSet::with_held_out_test("npy", &shape, part, None);
    }
    let (x, y) = pair(location, SOURCE.form)?;
    let mut array = npy::open(&x)?;
    let shape = array.row_shape().to_vec();
    let rows = array.row_count();
    let values = array.read_values(1.0)?;
    let labels =
        from_array(npy::open(&y)?, &LabelOptions { rows: Some((rows, shown(&x))), ..LabelOptions::default() })?;
    let classes = classes(&labels, None);
    let part = Part { file: shown(&x), values, labels_file: shown(&y), labels: Some(labels.values) };
    DataSet::with_held_out_test("npy", &shape, part, Some(classes))
}

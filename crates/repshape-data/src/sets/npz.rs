//! `npz=FILE`: NumPy's archive with the keys `x`, `y` or `x_train`, `y_train`, `x_test`, `y_test`.

use std::path::Path;

use super::{Place, Source, classes};
use crate::error::{DataError, shown};
use crate::keys::{Keyed, contents};
use crate::labels::from_array;
use crate::matrix::RowSource;
use crate::npz::Archive;
use crate::set::{DataSet, Part};
use crate::{LabelOptions, Labels, Result};

pub(super) const SOURCE: Source = Source {
    name: "npz",
    what: "a NumPy archive with x, y (y may be absent) or x_train, y_train, x_test, y_test",
    form: "npz=FILE",
    licence: "the user's own",
    origin: "the user's files",
    place: Place::Files,
    load,
};

fn load(location: &str) -> Result<DataSet> {
    let mut archive = Archive::open(Path::new(location))?;
    let keys: Vec<String> = archive.keys().into_iter().map(str::to_owned).collect();
    let key = |wanted: &str| keys.iter().find(|key| key.eq_ignore_ascii_case(wanted)).cloned();
    let found = |parts: [&str; 2]| (key(parts[0]), key(parts[1]));
    match (found(["x", "y"]), found(["x_train", "y_train"]), found(["x_test", "y_test"])) {
        ((None, _), (Some(x), y), (Some(x_test), y_test)) if y.is_some() == y_test.is_some() => {
            let (train, labels, shape) = read(&mut archive, &x, y.as_deref())?;
            let (test, test_labels, test_shape) = read(&mut archive, &x_test, y_test.as_deref())?;
            if shape != test_shape {
                let problem = format!("has rows of {test_shape:?}, but {x} has rows of {shape:?}");
                return Err(DataError::file(test.file, problem));
            }
            let classes = labels.map(|labels| classes(&labels, test_labels.as_ref()));
            DataSet::new("npz", &shape, train, test, classes)
        }
        ((Some(x), y), (None, _), (None, _)) => {
            let (part, labels, shape) = read(&mut archive, &x, y.as_deref())?;
            let classes = labels.map(|labels| classes(&labels, None));
            DataSet::with_held_out_test("npz", &shape, part, classes)
        }
        _ => Err(DataError::file(
            shown(Path::new(location)),
            format!("holds the arrays {}; expected x, y or x_train, y_train, x_test, y_test", keys.join(", ")),
        )),
    }
}

fn read(archive: &mut Archive, x: &str, y: Option<&str>) -> Result<(Part, Option<Labels>, Vec<usize>)> {
    let mut array = contents(archive, x)?.numbers()?;
    let shape = array.row_shape().to_vec();
    let rows = array.row_count();
    let file = array.name().to_owned();
    let values = array.read_values(1.0)?;
    let options = LabelOptions { rows: Some((rows, file.clone())), ..LabelOptions::default() };
    let labels = y.map(|y| from_array(contents(archive, y)?.numbers()?, &options)).transpose()?;
    let part = Part {
        labels_file: format!("{}:{}", archive.name(), y.unwrap_or(x)),
        file,
        values,
        labels: labels.as_ref().map(|labels| labels.values.clone()),
    };
    Ok((part, labels, shape))
}

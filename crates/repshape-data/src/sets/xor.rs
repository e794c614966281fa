//! `xor`: the four rows of exclusive or.

use super::{Place, Source};
use crate::Result;
use crate::set::{Classes, DataSet, Part, Values};

pub(super) const SOURCE: Source = Source {
    name: "xor",
    what: "the four rows of exclusive or; the test rows are the training rows",
    form: "xor",
    licence: "public domain",
    origin: "arithmetic",
    place: Place::Embedded,
    load,
};

fn load(_: &str) -> Result<DataSet> {
    let part = || Part {
        file: "xor".to_owned(),
        values: Values::Reals(vec![0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]),
        labels_file: "xor".to_owned(),
        labels: Some(vec![0, 1, 1, 0]),
    };
    DataSet::new("xor", &[2], part(), part(), Some(Classes { count: 2, names: None }))
}

//! `idx=IMAGES,LABELS`: a pair of IDX files.

use super::mnist::read_pair;
use super::{Place, Source, classes, pair};
use crate::Result;
use crate::set::DataSet;

pub(super) const SOURCE: Source = Source {
    name: "idx",
    what: "images and labels in two IDX files, gzipped or not",
    form: "idx=IMAGES,LABELS",
    licence: "the user's own",
    origin: "the user's files",
    place: Place::Files,
    load,
};

fn load(location: &str) -> Result<DataSet> {
    let (images, labels) = pair(location, SOURCE.form)?;
    let (part, labels, shape) = read_pair(&images, &labels)?;
    let classes = classes(&labels, None);
    DataSet::with_held_out_test("idx", &shape, part, Some(classes))
}

//! `mnist=DIR`: any set in the four IDX files of MNIST.

use std::path::{Path, PathBuf};

use super::{Place, Source, classes};
use crate::error::{DataError, shown};
use crate::labels::from_array;
use crate::matrix::RowSource;
use crate::set::{DataSet, Part};
use crate::{LabelOptions, Result, idx};

pub(super) const SOURCE: Source = Source {
    name: "mnist",
    what: "70,000 handwritten digits of 28 x 28, or any set in these four IDX files: Fashion-MNIST, KMNIST, EMNIST",
    form: "mnist=DIR",
    licence: "CC BY-SA 3.0 (MNIST); each other set has its own",
    origin: "LeCun, Cortes & Burges, The MNIST database of handwritten digits",
    place: Place::Folder,
    load,
};

fn load(location: &str) -> Result<DataSet> {
    let folder = Path::new(location);
    if !folder.is_dir() {
        let problem = match folder.exists() {
            true => "is a file; expected a folder with the four IDX files of MNIST",
            false => "no such folder; expected one with the four IDX files of MNIST",
        };
        return Err(DataError::file(location, problem));
    }
    let train = read(folder, "train")?;
    let test = read(folder, "t10k")?;
    if train.shape != test.shape {
        return Err(DataError::file(
            test.part.file,
            format!("has rows of {:?}, but the training images have {:?}", test.shape, train.shape),
        ));
    }
    let classes = classes(&train.labels, Some(&test.labels));
    DataSet::new("mnist", &train.shape, train.part, test.part, Some(classes))
}

struct Read {
    part: Part,
    labels: crate::Labels,
    shape: Vec<usize>,
}

fn read(folder: &Path, part: &str) -> Result<Read> {
    let images = file(folder, part, "images", 3)?;
    let labels = file(folder, part, "labels", 1)?;
    read_pair(&images, &labels).map(|(part, labels, shape)| Read { part, labels, shape })
}

/// Images and labels of a pair of IDX files.
pub(super) fn read_pair(images: &Path, labels: &Path) -> Result<(Part, crate::Labels, Vec<usize>)> {
    let mut array = idx::open(images)?;
    let shape = array.row_shape().to_vec();
    let rows = array.row_count();
    let values = array.read_values(255.0)?;
    let found =
        from_array(idx::open(labels)?, &LabelOptions { rows: Some((rows, shown(images))), ..LabelOptions::default() })?;
    let part = Part { file: shown(images), values, labels_file: shown(labels), labels: Some(found.values.clone()) };
    Ok((part, found, shape))
}

/// `train-images-idx3-ubyte` and its spellings: with a dot for the second dash, gzipped or not.
fn file(folder: &Path, part: &str, kind: &str, dimensions: usize) -> Result<PathBuf> {
    let names = ["-", "."].map(|dot| format!("{part}-{kind}{dot}idx{dimensions}-ubyte"));
    let candidates = names.iter().flat_map(|name| [folder.join(name), folder.join(format!("{name}.gz"))]);
    candidates
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| DataError::file(shown(folder), format!("holds no {} (gzipped or not)", names[0])))
}

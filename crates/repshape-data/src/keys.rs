//! Files that hold several arrays, each under a key: which one is meant.

use std::path::Path;

use crate::Result;
use crate::array::Array;
use crate::error::{DataError, nearest, shown};
use crate::matrix::format_of;
use crate::text::TextArray;

/// One array of a file that holds several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its key, for [`MatrixOptions::key`](crate::MatrixOptions::key).
    pub name: String,
    /// Its whole shape, rows first.
    pub shape: Vec<usize>,
    /// Its element type as NumPy writes it (`<f4`, `|b1`), or `bfloat16`. An array that cannot be read as numbers
    /// is listed all the same, with what the file says of it.
    pub element: String,
}

/// The arrays of a `.npz` or `.safetensors` file, in the file's order: a model with several inputs takes one for
/// each.
///
/// # Errors
///
/// A file of another format, and whatever is wrong with the file itself.
pub fn keys(path: &Path) -> Result<Vec<Entry>> {
    let Some(open) = format_of(path)?.keyed else {
        return Err(DataError::file(shown(path), "holds one matrix; .npz and .safetensors hold arrays by name"));
    };
    let mut file = open(path)?;
    let names: Vec<String> = file.keys().into_iter().map(str::to_owned).collect();
    let mut entries = Vec::with_capacity(names.len());
    for (index, name) in names.into_iter().enumerate() {
        entries.push(Entry { name, shape: file.shape(index)?, element: file.element(index)? });
    }
    Ok(entries)
}

/// What stands under a key.
pub(crate) enum Contents {
    Numbers(Array),
    /// For labels only.
    Texts(TextArray),
}

impl Contents {
    /// The numbers, or what is wrong with a matrix of texts.
    pub(crate) fn numbers(self) -> Result<Array> {
        match self {
            Contents::Numbers(array) => Ok(array),
            Contents::Texts(texts) => Err(DataError::file(
                texts.name(),
                format!(
                    "holds strings (dtype {:?}); expected bool, integers or floats of 16 to 64 bits",
                    texts.descr()
                ),
            )),
        }
    }
}

/// A file with arrays under keys. Messages call one `FILE:KEY`.
pub(crate) trait Keyed {
    fn name(&self) -> &str;
    fn keys(&self) -> Vec<&str>;
    fn shape(&mut self, index: usize) -> Result<Vec<usize>>;
    fn element(&mut self, index: usize) -> Result<String>;
    fn contents(&mut self, index: usize) -> Result<Contents>;
}

/// What stands under this key.
pub(crate) fn contents(file: &mut dyn Keyed, key: &str) -> Result<Contents> {
    let keys = file.keys();
    match keys.iter().position(|k| *k == key) {
        Some(index) => file.contents(index),
        None => {
            let meant =
                nearest(key, keys.iter().copied()).map(|key| format!("; did you mean {key:?}?")).unwrap_or_default();
            let problem = format!("holds no array {key:?}{meant} (it holds {})", listing(&keys));
            Err(DataError::file(file.name(), problem))
        }
    }
}

/// The numbers under a key; without one, the only array, or the only one with more than one dimension.
pub(crate) fn matrix(file: &mut dyn Keyed, key: Option<&str>) -> Result<Array> {
    if let Some(key) = key {
        return contents(file, key)?.numbers();
    }
    let count = file.keys().len();
    if count == 1 {
        return file.contents(0)?.numbers();
    }
    let mut found = None;
    for index in 0..count {
        if file.shape(index)?.len() > 1 && found.replace(index).is_some() {
            found = None;
            break;
        }
    }
    match found {
        Some(index) => file.contents(index)?.numbers(),
        None => {
            let problem = format!("holds several arrays ({}); choose one by its key", listing(&file.keys()));
            Err(DataError::file(file.name(), problem))
        }
    }
}

/// The array of labels: under the key, the only one, else `y` or `labels`.
pub(crate) fn labels(file: &mut dyn Keyed, key: Option<&str>) -> Result<Contents> {
    let keys = file.keys();
    let key = match (key, keys.as_slice()) {
        (Some(key), _) => key.to_owned(),
        (None, [only]) => (*only).to_owned(),
        (None, keys) => {
            let usual = ["y", "labels"];
            (*usual.iter().find(|key| keys.contains(key)).unwrap_or(&"y")).to_owned()
        }
    };
    contents(file, &key)
}

fn listing(keys: &[&str]) -> String {
    let mut shown = keys.iter().take(10).copied().collect::<Vec<_>>().join(", ");
    if keys.len() > 10 {
        shown.push_str(&format!(" and {} more", keys.len() - 10));
    }
    shown
}

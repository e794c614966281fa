//! The catalog of data sets: one file and one row each.

mod digits;
mod factors;
mod generated;
mod idx;
mod mixture;
mod mnist;
mod npy;
mod npz;
mod xor;

use std::path::PathBuf;

use crate::error::DataError;
use crate::set::{Classes, DataSet};
use crate::spec::DataSpec;
use crate::{Labels, Result};

/// One row of the catalog.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// What a user types.
    pub name: &'static str,
    /// What it is, in a phrase.
    pub what: &'static str,
    /// How it is written: `mnist=DIR`.
    pub form: &'static str,
    /// Under which terms it may be used.
    pub licence: &'static str,
    /// Where it comes from.
    pub origin: &'static str,
    /// Where its files lie.
    pub place: Place,
    /// Reads it; the location is empty for [`Place::Embedded`].
    pub(crate) load: fn(location: &str) -> Result<DataSet>,
}

/// Where a data set's files lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the program.
    Embedded,
    /// In a folder, given or found in a search folder under the data set's name.
    Folder,
    /// In files that the user names.
    Files,
}

/// Every data set that [`DataSpec`] knows. A new one is a file beside this one and a row here.
pub const SOURCES: &[Source] = &[
    digits::SOURCE,
    mnist::SOURCE,
    idx::SOURCE,
    npy::SOURCE,
    npz::SOURCE,
    xor::SOURCE,
    mixture::SOURCE,
    factors::SOURCE,
];

/// A folder that may hold data sets in folders of their names.
#[derive(Debug, Clone)]
pub struct SearchFolder {
    /// How messages call it: `$REPSHAPE_DATA`, `the user's data folder`.
    pub label: String,
    /// Where it is; `None` if it is not set.
    pub path: Option<PathBuf>,
}

/// Reads a data set. Without a path in the spec, `NAME` is looked for in the given folders, in order.
///
/// # Errors
///
/// A data set that is nowhere to be found (the message lists the places and `repshape data get NAME`), and
/// whatever is wrong with its files.
///
/// ```
/// let digits = repshape_data::load(&"digits".parse()?, &[])?;
/// assert_eq!(digits.columns(), 64);
/// # Ok::<(), repshape_data::DataError>(())
/// ```
pub fn load(spec: &DataSpec, folders: &[SearchFolder]) -> Result<DataSet> {
    let Some(source) = DataSpec::source(spec.name()) else {
        return Err(DataError::Request(format!("unknown data set {:?}", spec.name())));
    };
    match (source.place, spec.location()) {
        (_, Some(location)) => (source.load)(location),
        (Place::Embedded, None) => (source.load)(""),
        (_, None) => (source.load)(&find(source, folders)?),
    }
}

/// The first search folder's folder of that name.
fn find(source: &Source, folders: &[SearchFolder]) -> Result<String> {
    let mut places = Vec::new();
    for folder in folders {
        match &folder.path {
            Some(path) => {
                let path = path.join(source.name);
                if path.is_dir() {
                    return Ok(path.to_string_lossy().into_owned());
                }
                places.push(format!("{} ({})", path.display(), folder.label));
            }
            None => places.push(format!("{} (not set)", folder.label)),
        }
    }
    let looked = match places.is_empty() {
        true => "no folder to look in was given".to_owned(),
        false => format!("looked in {}", places.join(" and ")),
    };
    Err(DataError::Request(format!(
        "data set \"{}\" not found: {looked}; run \"repshape data get {}\" or name its folder: {}",
        source.name, source.name, source.form
    )))
}

/// The classes of two sets of labels, and the labels.
fn classes(train: &Labels, test: Option<&Labels>) -> Classes {
    let count = train.classes.max(test.map_or(0, |test| test.classes));
    Classes { count, names: train.names.clone() }
}

/// The two ways of `LEFT,RIGHT` in a location whose file names may hold commas: the comma at which
/// both files exist.
fn pair(location: &str, form: &str) -> Result<(PathBuf, PathBuf)> {
    let commas: Vec<(&str, &str)> =
        location.match_indices(',').map(|(at, _)| (&location[..at], &location[at + 1..])).collect();
    let exists = |path: &str| std::path::Path::new(path).is_file();
    let mut both = commas.iter().filter(|(left, right)| exists(left) && exists(right));
    match (both.next(), both.next(), commas.as_slice()) {
        (Some((left, right)), None, _) => Ok((left.into(), right.into())),
        (Some(_), Some(_), _) => Err(DataError::Request(format!(
            "{location:?} names two files at more than one comma; rename a file so that it holds no comma ({form})"
        ))),
        // the reader of the file that is missing says so
        (None, _, [(left, right)]) => Ok((left.into(), right.into())),
        (None, _, []) => Err(DataError::Request(format!(
            "{location:?} names one file; two are needed, with a comma between them: {form}"
        ))),
        (None, _, _) => Err(DataError::Request(format!(
            "{location:?}: at none of the commas are there two files that exist ({form})"
        ))),
    }
}

//! One class per row, from an array or a table.

use std::collections::BTreeMap;
use std::path::Path;

use crate::Result;
use crate::array::{Array, tuple};
use crate::csv::{Records, number};
use crate::error::{DataError, thousands};
use crate::matrix::{RowSource, format_of};
use crate::npz::Archive;

/// Most classes that labels may have; measures keep statistics for each class.
pub const MAX_CLASSES: usize = 1_000_000;

/// Labels of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// One class from `0..classes` per row.
    pub values: Vec<u32>,
    /// Number of classes `K`: as declared, else the largest label plus 1.
    pub classes: usize,
    /// The classes' names in order, if the labels were words.
    pub names: Option<Vec<String>>,
}

/// What labels should be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelOptions {
    /// Number of classes `K`; labels at or beyond it are errors. Default: the largest label plus
    /// 1.
    pub classes: Option<usize>,
    /// The array of an archive (default: its only array, else `y` or `labels`) or the column of a table
    /// (default: its only column, else the one that is called `label`, `labels`, `class`, `target` or `y`).
    pub key: Option<String>,
    /// The number of rows that want labels, and what holds them, for the message.
    pub rows: Option<(usize, String)>,
}

/// Reads one label per row from any format in [`crate::FORMATS`].
///
/// Labels are whole numbers from 0, also written as floats (`3.0`). In a table they may be words: the different
/// ones in sorted order are the classes, and their names are kept. A table's first line is a line of names if it
/// is no number while all others are, or is one of the names above.
///
/// ```
/// use repshape_data::{LabelOptions, read_labels};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("pets.csv");
/// std::fs::write(&path, "class\ndog\ncat\ndog\n")?;
/// let labels = read_labels(&path, &LabelOptions::default())?;
/// assert_eq!((labels.values, labels.classes), (vec![1, 0, 1], 2));
/// assert_eq!(labels.names.unwrap(), ["cat", "dog"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// A label that is fractional, negative or beyond the classes, another number of labels than rows, more than
/// [`MAX_CLASSES`]; the message names the file and the row (from 0) or line (from 1). And whatever is wrong
/// with the file itself.
pub fn read_labels(path: &Path, options: &LabelOptions) -> Result<Labels> {
    (format_of(path)?.labels)(path, options)
}

/// Labels from an array of one value per row.
pub(crate) fn from_array(mut array: Array, options: &LabelOptions) -> Result<Labels> {
    if array.units() != 1 {
        let mut shape = vec![array.row_count()];
        shape.extend(array.row_shape());
        return Err(DataError::file(
            array.name(),
            format!(
                "has shape {}; expected one label per row: ({n},) or ({n}, 1)",
                tuple(&shape),
                n = array.row_count()
            ),
        ));
    }
    // before the labels themselves: a wrong file is told by its length
    expect_rows(array.name(), array.row_count(), options)?;
    let mut values = Vec::new();
    let mut block = Vec::new();
    while array.next_block(&mut block, 1 << 13)? > 0 {
        for &value in &block {
            let label = label(value, options.classes)
                .map_err(|problem| DataError::file(array.name(), format!("row {} {problem}", values.len())))?;
            values.push(label);
        }
    }
    Ok(Labels { classes: count(&values, options), values, names: None })
}

/// Labels from an array of an archive.
pub(crate) fn from_archive(path: &Path, options: &LabelOptions) -> Result<Labels> {
    let mut archive = Archive::open(path)?;
    let key = match (&options.key, archive.keys()) {
        (Some(key), _) => key.clone(),
        (None, [only]) => only.clone(),
        (None, keys) => {
            let usual = ["y", "labels"];
            usual.iter().find(|key| keys.iter().any(|k| k == *key)).unwrap_or(&"y").to_string()
        }
    };
    from_array(archive.array(&key)?, options)
}

/// Names by which a label column is known.
const LABEL_NAMES: [&str; 7] = ["label", "labels", "class", "classes", "target", "targets", "y"];

/// Labels from a column of a table.
pub(crate) fn from_table(path: &Path, options: &LabelOptions) -> Result<Labels> {
    let mut records = Records::open(path)?;
    if !records.next()? {
        return Err(DataError::file(records.name(), "holds no rows"));
    }
    let columns = records.fields().len();
    let is_usual = |name: &str| LABEL_NAMES.contains(&name.to_lowercase().as_str());
    let column = match &options.key {
        Some(key) => records.column(key)?,
        None if columns == 1 => 0,
        None => records.fields().position(is_usual).ok_or_else(|| {
            records.problem(format_args!(
                "has {columns} columns and none is called label; name the one that holds the labels"
            ))
        })?,
    };
    let first = records.field(column).unwrap_or_default().to_owned();
    // certain, or to be decided when the other lines are known
    let has_names = options.key.is_some() || is_usual(&first);

    // each different text with its number in order of appearance and its first line
    let mut texts: BTreeMap<String, (u32, u64)> = BTreeMap::new();
    let mut appearances: Vec<u32> = Vec::new();
    let mut more = true;
    if has_names {
        more = records.next()?;
    }
    while more {
        records.expect_columns(columns)?;
        let field = records.field(column).unwrap_or_default();
        if field.is_empty() {
            return Err(records.problem(format_args!("column {}: the label is missing", column + 1)));
        }
        let id = match texts.get(field) {
            Some(&(id, _)) => id,
            None => {
                if texts.len() > MAX_CLASSES {
                    let most = thousands(MAX_CLASSES as u64);
                    return Err(records.problem(format_args!("is beyond {most} different labels")));
                }
                let id = texts.len() as u32;
                texts.insert(field.to_owned(), (id, records.line()));
                id
            }
        };
        appearances.push(id);
        more = records.next()?;
    }
    // a first line that alone is no number names the column
    let words = texts.iter().filter(|(text, _)| number(text).is_none()).count();
    let is_name = !has_names
        && words == 1
        && texts.len() > 1
        && number(&first).is_none()
        && appearances.iter().filter(|&&id| id == 0).count() == 1;
    if is_name {
        texts.remove(&first);
        appearances.remove(0);
    }
    if appearances.is_empty() {
        return Err(DataError::file(records.name(), "holds a line of names and no rows"));
    }
    expect_rows(records.name(), appearances.len(), options)?;

    let mut class_of = vec![0; texts.len() + usize::from(is_name)];
    let mut names = None;
    if words > usize::from(is_name) {
        if let Some(classes) = options.classes
            && texts.len() > classes
        {
            let some: Vec<&str> = texts.keys().take(classes + 1).take(12).map(String::as_str).collect();
            return Err(DataError::file(
                records.name(),
                format!("has {} different labels ({}, ...), but --classes is {classes}", texts.len(), some.join(", ")),
            ));
        }
        for (class, (id, _)) in texts.values().enumerate() {
            class_of[*id as usize] = class as u32;
        }
        names = Some(texts.into_keys().collect());
    } else {
        let mut in_order: Vec<_> = texts.iter().collect();
        in_order.sort_by_key(|(_, (id, _))| *id);
        for (text, (id, line)) in in_order {
            let value = number(text).unwrap_or(f64::NAN);
            class_of[*id as usize] = label(value, options.classes)
                .map_err(|problem| DataError::file(records.name(), format!("line {line} {problem}")))?;
        }
    }
    let values: Vec<u32> = appearances.iter().map(|&id| class_of[id as usize]).collect();
    Ok(Labels { classes: count(&values, options), values, names })
}

/// A number as a label, or what is wrong with it.
fn label(value: f64, classes: Option<usize>) -> Result<u32, String> {
    if value.fract() != 0.0 || value < 0.0 {
        return Err(format!("has label {value}; labels are whole numbers from 0"));
    }
    let limit = classes.unwrap_or(MAX_CLASSES);
    if value < limit as f64 && value <= f64::from(u32::MAX) {
        return Ok(value as u32);
    }
    Err(match classes {
        Some(classes) => format!(
            "has label {value}, but --classes is {classes} (labels run from 0 to {})",
            classes.saturating_sub(1)
        ),
        None => format!("has label {value}; labels run from 0 to at most {}", thousands(MAX_CLASSES as u64 - 1)),
    })
}

fn expect_rows(name: &str, found: usize, options: &LabelOptions) -> Result<()> {
    match &options.rows {
        Some((rows, holder)) if *rows != found => Err(DataError::file(
            name,
            format!("has {} labels, but {holder} has {} rows", thousands(found as u64), thousands(*rows as u64)),
        )),
        _ => Ok(()),
    }
}

fn count(values: &[u32], options: &LabelOptions) -> usize {
    let present = values.iter().max().map_or(0, |&largest| largest as usize + 1);
    options.classes.unwrap_or(present)
}

//! One class per row, from an array or a table.

use std::path::Path;

use crate::array::{Array, tuple};
use crate::csv::Records;
use crate::error::{DataError, thousands};
use crate::keys::{Contents, Keyed};
use crate::matrix::{RowSource, format_of};
use crate::text::TextArray;
use crate::text_labels::TextLabels;
use crate::{Result, keys};

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
/// Labels are whole numbers from 0, also written as floats (`3.0`), or texts (in tables, parquet columns, NumPy's
/// `<U` and `|S`): the different ones in sorted order are the classes, and their names are kept. Texts that are
/// numbers without exception count as numbers. A table's first line is a line of names if it
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
    let mut shape = vec![array.row_count()];
    shape.extend(array.row_shape());
    one_each(array.name(), &shape)?;
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

/// Refuses arrays of more than one value per row.
fn one_each(name: &str, shape: &[usize]) -> Result<()> {
    if shape[1..].iter().all(|&n| n == 1) {
        return Ok(());
    }
    let shown = tuple(shape);
    let problem = format!("has shape {shown}; expected one label per row: ({n},) or ({n}, 1)", n = shape[0]);
    Err(DataError::file(name, problem))
}

/// Labels from an array of strings.
pub(crate) fn from_texts(mut array: TextArray, options: &LabelOptions) -> Result<Labels> {
    array.check()?;
    one_each(array.name(), array.shape())?;
    expect_rows(array.name(), array.shape()[0], options)?;
    let mut texts = TextLabels::default();
    let mut row = 0;
    while let Some(text) = array.next()? {
        texts.push(&text, row).map_err(|problem| DataError::file(array.name(), format!("row {row} {problem}")))?;
        row += 1;
    }
    texts.finish(array.name(), "row", options)
}

/// Labels from numbers or strings.
pub(crate) fn from_contents(contents: Contents, options: &LabelOptions) -> Result<Labels> {
    match contents {
        Contents::Numbers(array) => from_array(array, options),
        Contents::Texts(array) => from_texts(array, options),
    }
}

/// Labels from an array of a file that holds several.
pub(crate) fn from_keyed(mut file: impl Keyed, options: &LabelOptions) -> Result<Labels> {
    from_contents(keys::labels(&mut file, options.key.as_deref())?, options)
}

/// Names by which a label column is known.
const LABEL_NAMES: [&str; 7] = ["label", "labels", "class", "classes", "target", "targets", "y"];

/// Whether a column of this name holds labels.
pub(crate) fn is_label_name(name: &str) -> bool {
    LABEL_NAMES.contains(&name.to_lowercase().as_str())
}

/// Labels from a column of a table.
pub(crate) fn from_table(path: &Path, options: &LabelOptions) -> Result<Labels> {
    let mut records = Records::open(path)?;
    if !records.next()? {
        return Err(DataError::file(records.name(), "holds no rows"));
    }
    let columns = records.fields().len();
    let column = match &options.key {
        Some(key) => records.column(key)?,
        None if columns == 1 => 0,
        None => records.fields().position(is_label_name).ok_or_else(|| {
            records.problem(format_args!(
                "has {columns} columns and none is called label; name the one that holds the labels"
            ))
        })?,
    };
    let first = records.field(column).unwrap_or_default().to_owned();
    // certain, or to be decided when the other lines are known
    let has_names = options.key.is_some() || is_label_name(&first);

    let mut texts = TextLabels::default();
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
        texts.push(field, records.line()).map_err(|problem| records.problem(problem))?;
        more = records.next()?;
    }
    if !has_names {
        texts.remove_name();
    }
    if texts.len() == 0 {
        return Err(DataError::file(records.name(), "holds a line of names and no rows"));
    }
    texts.finish(records.name(), "line", options)
}

/// A number as a label, or what is wrong with it.
pub(crate) fn label(value: f64, classes: Option<usize>) -> Result<u32, String> {
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

pub(crate) fn expect_rows(name: &str, found: usize, options: &LabelOptions) -> Result<()> {
    match &options.rows {
        Some((rows, holder)) if *rows != found => Err(DataError::file(
            name,
            format!("has {} labels, but {holder} has {} rows", thousands(found as u64), thousands(*rows as u64)),
        )),
        _ => Ok(()),
    }
}

pub(crate) fn count(values: &[u32], options: &LabelOptions) -> usize {
    let present = values.iter().max().map_or(0, |&largest| largest as usize + 1);
    options.classes.unwrap_or(present)
}

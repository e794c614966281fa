//! Parquet: columns of numbers as units, or one column of lists; a column of labels beside them.

mod claims;
mod columns;
mod groups;
mod thrift;

use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array as _, RecordBatch};
use arrow_schema::DataType;

use self::columns::{Columns, is_number, kind};
use self::groups::{File, Groups};
use crate::error::nearest;
use crate::labels::{is_label_name, label};
use crate::matrix::{MatrixOptions, RowSource};
use crate::numbers::Numbers;
use crate::text_labels::TextLabels;
use crate::{DataError, LabelOptions, Labels, Result, labels};

/// Values of a batch: 1 MiB of f32.
const BATCH_VALUES: usize = 1 << 18;

/// Rows of a batch, at most.
const BATCH_ROWS: usize = 1 << 13;

/// Opens a matrix: all columns but that of the labels and a pandas index, in the file's order, or the rows of a
/// column of lists.
/// A key names the one column that is meant.
pub(crate) fn open(path: &Path, options: &MatrixOptions) -> Result<Matrix> {
    let file = File::open(path)?;
    let label = options.label_column.as_deref().map(|name| file.column(name)).transpose()?;
    let chosen: Vec<usize> = match &options.key {
        Some(key) => vec![file.column(key)?],
        None => {
            let is_unit = |&index: &usize| Some(index) != label && !is_index(file.fields()[index].name());
            (0..file.fields().len()).filter(is_unit).collect()
        }
    };
    if chosen.is_empty() {
        return Err(DataError::file(file.name(), "has no column of units beside the labels"));
    }
    let types: Vec<&DataType> = chosen.iter().map(|&index| file.fields()[index].data_type()).collect();
    let is_list = chosen.len() == 1 && holds_lists(types[0]);
    // a list beside other columns is more likely what is wrong than those
    let wrong = types.iter().position(|data_type| holds_lists(data_type));
    let wrong = wrong.or_else(|| types.iter().position(|data_type| !is_number(data_type)));
    if !is_list && let Some(at) = wrong {
        return Err(refused(&file, chosen[at], chosen.len()));
    }
    let average = match is_list {
        true => file.average_length(chosen[0]),
        false => chosen.len(),
    };
    let batch = (BATCH_VALUES / average.max(1)).clamp(1, BATCH_ROWS);
    let single = types.iter().all(|data_type| columns::is_single(data_type));
    let rows = file.rows();
    let mut groups = Groups::new(file, chosen.clone(), batch)?;
    let (mut columns, mut units) = (None, chosen.len());
    if is_list {
        // the first row says how long all are
        let first = groups.next()?.ok_or_else(|| DataError::file(groups.name(), "holds no rows"))?;
        units = columns::first_length(&first).unwrap_or(0);
        if units == 0 {
            return Err(DataError::file(
                groups.name(),
                "row 0 holds an empty list or none; expected a list of numbers",
            ));
        }
        columns = Some(Columns::new(groups.name(), &first, units, 0)?);
    }
    Ok(Matrix { groups, columns, single, rows, given: 0, shape: [units] })
}

/// Whether a column of this name is the index of a pandas data frame, which is no unit.
fn is_index(name: &str) -> bool {
    let number = name.strip_prefix("__index_level_").and_then(|rest| rest.strip_suffix("__"));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a column holds lists of numbers.
fn holds_lists(data_type: &DataType) -> bool {
    matches!(data_type, DataType::List(item) if is_number(item.data_type()))
}

/// Why a column is no part of a matrix.
fn refused(file: &File, index: usize, columns: usize) -> DataError {
    let field = &file.fields()[index];
    let (name, kind) = (field.name(), kind(field.data_type()));
    let place = format!("column {} ({name})", index + 1);
    DataError::file(
        file.name(),
        match field.data_type() {
            list if holds_lists(list) => format!(
                "{place} holds lists and stands beside {} other column{}; name it by its key, or the column of labels",
                columns - 1,
                if columns == 2 { "" } else { "s" }
            ),
            DataType::Utf8 | DataType::LargeUtf8 => format!(
                "{place} holds {kind}; a matrix takes numbers. If it holds the labels, name it (--label-column {name})"
            ),
            _ => format!(
                "{place} holds {kind}; expected bool, integers, floats of 16 to 64 bits or lists of one of these"
            ),
        },
    )
}

/// A parquet file as a matrix.
pub(crate) struct Matrix {
    groups: Groups,
    /// The rows at hand.
    columns: Option<Columns>,
    single: bool,
    rows: usize,
    given: usize,
    shape: [usize; 1],
}

impl Matrix {
    /// The rows at hand and which of them are next; `None` after the last.
    fn next(&mut self, max_rows: usize) -> Result<Option<(&Columns, std::ops::Range<usize>)>> {
        while self.columns.as_ref().is_none_or(|columns| columns.is_used()) {
            match self.groups.next()? {
                Some(batch) => {
                    self.columns = Some(Columns::new(self.groups.name(), &batch, self.shape[0], self.given)?);
                }
                None if self.given == self.rows => return Ok(None),
                None => {
                    let problem = format!("is broken: it ends after {} of its {} rows", self.given, self.rows);
                    return Err(DataError::file(self.groups.name(), problem));
                }
            }
        }
        let Some(columns) = &mut self.columns else {
            return Ok(None);
        };
        let rows = columns.take(max_rows);
        self.given += rows.len();
        Ok(Some((columns, rows)))
    }
}

impl RowSource for Matrix {
    fn name(&self) -> &str {
        self.groups.name()
    }

    fn rows(&self) -> Option<usize> {
        Some(self.rows)
    }

    fn units(&self) -> usize {
        self.shape[0]
    }

    fn row_shape(&self) -> &[usize] {
        &self.shape
    }

    fn next_block(&mut self, block: &mut Vec<f64>, max_rows: usize) -> Result<usize> {
        block.clear();
        match self.next(max_rows)? {
            Some((columns, rows)) => {
                columns.gather(rows.clone(), block);
                Ok(rows.len())
            }
            None => Ok(0),
        }
    }

    fn next_numbers(&mut self, block: &mut Numbers, max_rows: usize) -> Result<usize> {
        if !self.single {
            return self.next_block(block.double(), max_rows);
        }
        let block = block.single();
        match self.next(max_rows)? {
            Some((columns, rows)) => {
                columns.gather(rows.clone(), block);
                Ok(rows.len())
            }
            None => Ok(0),
        }
    }
}

/// Labels from a column: that of the key, the only one, or the one that is called label.
pub(crate) fn labels(path: &Path, options: &LabelOptions) -> Result<Labels> {
    let file = File::open(path)?;
    let column = match &options.key {
        Some(key) => file.column(key)?,
        None if file.fields().len() == 1 => 0,
        None => file.fields().iter().position(|field| is_label_name(field.name())).ok_or_else(|| {
            let problem = format!(
                "has {} columns and none is called label; name the one that holds the labels",
                file.fields().len()
            );
            DataError::file(file.name(), problem)
        })?,
    };
    let field = file.fields()[column].clone();
    let is_text = field.data_type() == &DataType::Utf8;
    if !is_text && !is_number(field.data_type()) {
        let kind = kind(field.data_type());
        let problem = format!("column {} ({}) holds {kind}; labels are integers or strings", column + 1, field.name());
        return Err(DataError::file(file.name(), problem));
    }
    // before the labels themselves: a wrong file is told by its length
    labels::expect_rows(file.name(), file.rows(), options)?;
    let mut groups = Groups::new(file, vec![column], BATCH_ROWS)?;
    let (mut texts, mut values, mut block, mut row) = (TextLabels::default(), Vec::new(), Vec::new(), 0usize);
    while let Some(batch) = groups.next()? {
        let name = groups.name();
        if is_text {
            push_texts(name, field.name(), &batch, row, &mut texts)?;
        } else {
            let columns = Columns::new(name, &batch, 1, row)?;
            block.clear();
            columns.gather(0..batch.num_rows(), &mut block);
            for &value in &block {
                let label = label(value, options.classes)
                    .map_err(|problem| DataError::file(name, format!("row {} {problem}", values.len())))?;
                values.push(label);
            }
        }
        row += batch.num_rows();
    }
    labels::expect_rows(groups.name(), row, options)?;
    match is_text {
        true => texts.finish(groups.name(), "row", options),
        false => Ok(Labels { classes: labels::count(&values, options), values, names: None }),
    }
}

/// Takes the texts of a batch, which come as a dictionary.
fn push_texts(name: &str, column: &str, batch: &RecordBatch, first: usize, texts: &mut TextLabels) -> Result<()> {
    let array = batch.column(0);
    let unreadable = || DataError::file(name, format!("column {column:?} holds no strings"));
    let dictionary = array.as_dictionary_opt::<Int32Type>().ok_or_else(unreadable)?;
    let words = dictionary.values().as_string_opt::<i32>().ok_or_else(unreadable)?;
    for at in 0..dictionary.len() {
        let row = first + at;
        let problem = |what: &str| DataError::file(name, format!("row {row} {what}"));
        let word = dictionary.key(at).filter(|&key| key < words.len() && !words.is_null(key));
        let word = word.ok_or_else(|| problem(&format!("has no label: column {column:?} is null there")))?;
        texts.push(words.value(word), row as u64).map_err(|what| problem(&what))?;
    }
    Ok(())
}

/// The place of a column.
fn position(name: &str, columns: &[&str], wanted: &str) -> Result<usize> {
    columns.iter().position(|column| *column == wanted).ok_or_else(|| {
        let meant = nearest(wanted, columns.iter().copied())
            .map(|name| format!("; did you mean {name:?}?"))
            .unwrap_or_default();
        let shown = columns.iter().take(10).copied().collect::<Vec<_>>().join(", ");
        let more = if columns.len() > 10 { format!(" and {} more", columns.len() - 10) } else { String::new() };
        DataError::file(name, format!("has no column {wanted:?}{meant} (it has {shown}{more})"))
    })
}

//! Text tables: fields separated by commas or tabs, with or without a line of names.
//!
//! Fields may stand in double quotes (`""` inside is one quote, a field does not go over lines). Lines that start
//! with `#` before the first record are comments, as `numpy.savetxt` writes them.

use std::io::{BufRead, BufReader, Read};
use std::ops::Range;
use std::path::Path;

use crate::Result;
use crate::error::{DataError, nearest};
use crate::input::{Body, reserve};
use crate::matrix::{MatrixOptions, RowSource};

/// Longest line: beyond it the file is no table.
const MAX_LINE: u64 = 64 << 20;

/// Records of a table, one at a time.
pub(crate) struct Records {
    name: String,
    reader: BufReader<Body>,
    delimiter: Option<char>,
    line: u64,
    raw: Vec<u8>,
    text: String,
    fields: Vec<Range<usize>>,
}

impl Records {
    pub(crate) fn open(path: &Path) -> Result<Records> {
        let body = Body::open(path)?;
        Ok(Records {
            name: body.name().to_owned(),
            reader: BufReader::with_capacity(1 << 16, body),
            delimiter: None,
            line: 0,
            raw: Vec::new(),
            text: String::new(),
            fields: Vec::new(),
        })
    }

    /// Goes to the next record; false at the end.
    pub(crate) fn next(&mut self) -> Result<bool> {
        let mut blank_line = None;
        loop {
            self.raw.clear();
            let read = (&mut self.reader).take(MAX_LINE).read_until(b'\n', &mut self.raw);
            let read = match read {
                Ok(read) => read,
                Err(e) => return Err(self.reader.get_ref().explain(e)),
            };
            if read == 0 {
                return Ok(false);
            }
            self.line += 1;
            if read as u64 == MAX_LINE {
                return Err(self.problem("is longer than 64 MiB; expected a table in text"));
            }
            if self.line == 1 && self.raw.starts_with(b"\xef\xbb\xbf") {
                self.raw.drain(..3);
            }
            while matches!(self.raw.last(), Some(b'\n' | b'\r')) {
                self.raw.pop();
            }
            if self.raw.iter().all(u8::is_ascii_whitespace) {
                blank_line.get_or_insert(self.line);
                continue;
            }
            if self.delimiter.is_none() && self.raw[0] == b'#' {
                continue;
            }
            if let (Some(line), Some(_)) = (blank_line, self.delimiter) {
                self.line = line;
                return Err(self.problem("is blank; expected a value in every column"));
            }
            self.cut()?;
            return Ok(true);
        }
    }

    /// Cuts the line into fields.
    fn cut(&mut self) -> Result<()> {
        let raw = std::mem::take(&mut self.raw);
        let Ok(line) = std::str::from_utf8(&raw) else {
            return Err(self.problem("is no UTF-8 text; expected a table in text"));
        };
        let delimiter =
            *self.delimiter.get_or_insert_with(|| if line.contains('\t') && !line.contains(',') { '\t' } else { ',' });
        self.text.clear();
        self.fields.clear();
        let mut rest = line;
        loop {
            let start = self.text.len();
            let more = match rest.trim_start_matches(' ').strip_prefix('"') {
                None => {
                    let (field, more) = match rest.split_once(delimiter) {
                        Some((field, more)) => (field, Some(more)),
                        None => (rest, None),
                    };
                    self.text.push_str(field.trim());
                    more
                }
                Some(mut inside) => loop {
                    let Some((piece, after)) = inside.split_once('"') else {
                        return Err(self.problem("has a quoted field that does not end on it"));
                    };
                    self.text.push_str(piece);
                    if let Some(after) = after.strip_prefix('"') {
                        self.text.push('"');
                        inside = after;
                        continue;
                    }
                    let after = after.trim_start_matches(' ');
                    if after.is_empty() {
                        break None;
                    }
                    match after.strip_prefix(delimiter) {
                        Some(more) => break Some(more),
                        None => return Err(self.problem("has text after a closing quote")),
                    }
                },
            };
            self.fields.push(start..self.text.len());
            match more {
                Some(more) => rest = more,
                None => break,
            }
        }
        self.raw = raw;
        Ok(())
    }

    /// The current record's fields.
    pub(crate) fn fields(&self) -> impl ExactSizeIterator<Item = &str> {
        self.fields.iter().map(|range| &self.text[range.clone()])
    }

    /// One field of the current record.
    pub(crate) fn field(&self, column: usize) -> Option<&str> {
        self.fields.get(column).map(|range| &self.text[range.clone()])
    }

    /// The current line, from 1.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A problem with the current line.
    pub(crate) fn problem(&self, what: impl std::fmt::Display) -> DataError {
        DataError::file(&self.name, format!("line {} {what}", self.line))
    }

    /// Refuses a record whose number of fields is not that of the first.
    pub(crate) fn expect_columns(&self, columns: usize) -> Result<()> {
        match self.fields.len() == columns {
            true => Ok(()),
            false => Err(self.problem(format_args!(
                "has {} column{}, but the first has {columns}",
                self.fields.len(),
                if self.fields.len() == 1 { "" } else { "s" }
            ))),
        }
    }

    /// The place of a column in the current record, which holds the names.
    pub(crate) fn column(&self, wanted: &str) -> Result<usize> {
        self.fields().position(|name| name == wanted).ok_or_else(|| {
            let meant =
                nearest(wanted, self.fields()).map(|name| format!("; did you mean {name:?}?")).unwrap_or_default();
            self.problem(format_args!("names no column {wanted:?}{meant}"))
        })
    }
}

/// A field's number; `nan` and `inf` are numbers.
pub(crate) fn number(field: &str) -> Option<f64> {
    field.parse().ok()
}

/// A table as a matrix.
pub(crate) struct Table {
    records: Records,
    /// Whether the current record of `records` is still to be given.
    waiting: bool,
    names: Option<Vec<String>>,
    columns: usize,
    left_out: Option<usize>,
    shape: [usize; 1],
}

/// Opens a table of numbers. The first record is a line of names if any of its fields is no number, or if a
/// label column is asked for by name; that column is left out.
pub(crate) fn open(path: &Path, options: &MatrixOptions) -> Result<Table> {
    let mut records = Records::open(path)?;
    if !records.next()? {
        return Err(DataError::file(&records.name, "holds no rows"));
    }
    let left_out = options.label_column.as_deref().map(|name| records.column(name)).transpose()?;
    let columns = records.fields.len();
    let has_names = left_out.is_some() || records.fields().any(|field| !field.is_empty() && number(field).is_none());
    let names = has_names.then(|| records.fields().map(str::to_owned).collect());
    if has_names && !records.next()? {
        return Err(DataError::file(&records.name, "holds a line of names and no rows"));
    }
    let units = columns - usize::from(left_out.is_some());
    if units == 0 {
        return Err(records.problem("has no column beside the labels"));
    }
    Ok(Table { records, waiting: true, names, columns, left_out, shape: [units] })
}

impl RowSource for Table {
    fn name(&self) -> &str {
        self.records.name()
    }

    fn rows(&self) -> Option<usize> {
        None
    }

    fn units(&self) -> usize {
        self.shape[0]
    }

    fn row_shape(&self) -> &[usize] {
        &self.shape
    }

    fn next_block(&mut self, block: &mut Vec<f64>, max_rows: usize) -> Result<usize> {
        block.clear();
        for row in 0..max_rows {
            if !std::mem::take(&mut self.waiting) && !self.records.next()? {
                return Ok(row);
            }
            self.records.expect_columns(self.columns)?;
            if block.capacity() - block.len() < self.columns {
                let more = self.columns.max(block.len());
                reserve(block, more, &self.records.name)?;
            }
            for (column, field) in self.records.fields().enumerate() {
                if Some(column) == self.left_out {
                    continue;
                }
                block.push(number(field).ok_or_else(|| {
                    let named = match &self.names {
                        Some(names) => format!(" ({})", names[column]),
                        None => String::new(),
                    };
                    self.records.problem(format_args!(
                        "column {}{named}: {} is no number",
                        column + 1,
                        if field.is_empty() { "an empty field".into() } else { format!("{field:?}") }
                    ))
                })?);
            }
        }
        Ok(max_rows)
    }
}

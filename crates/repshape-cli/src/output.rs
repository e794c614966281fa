//! Results on standard output or in a file; progress and warnings on standard error.

use std::io::{IsTerminal, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::cli::{Format, Global};
use crate::failure::{Exit, Failure, Outcome};

/// Whether a cell stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// As the others.
    Plain,
    /// The best of its column.
    Best,
    /// Not told apart from the best.
    Tied,
}

/// A table's cell.
#[derive(Debug, Clone)]
pub struct Text {
    /// What it says.
    pub text: String,
    /// How it stands out.
    pub mark: Mark,
    /// What CSV holds in its place: a number with all of its digits.
    pub exact: Option<String>,
}

impl<T: Into<String>> From<T> for Text {
    fn from(text: T) -> Self {
        Self { text: text.into(), mark: Mark::Plain, exact: None }
    }
}

/// A table; a column whose cells are all numbers (or `-`) is set to the right.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// Column heads.
    pub head: Vec<String>,
    /// Cells.
    pub rows: Vec<Vec<Text>>,
    /// Lines below the table, not in CSV.
    pub notes: Vec<String>,
}

/// The format asked for: a table on a terminal, JSON otherwise.
pub fn format(global: &Global) -> Format {
    let terminal = global.output.is_none() && std::io::stdout().is_terminal();
    global.format.unwrap_or(if terminal { Format::Table } else { Format::Json })
}

/// Prints results in the format asked for.
pub fn print(global: &Global, json: &impl Serialize, table: impl Fn() -> Rows) -> Outcome {
    print_forms(global, json, &table, &table)
}

/// Prints results whose table for spreadsheets is another than the one for people.
pub fn print_forms(
    global: &Global,
    json: &impl Serialize,
    table: impl FnOnce() -> Rows,
    spreadsheet: impl FnOnce() -> Rows,
) -> Outcome {
    let text = match format(global) {
        Format::Json => to_json(json)?,
        Format::Csv => csv(&spreadsheet()),
        Format::Table => draw_table(&table(), global.output.is_none()),
    };
    emit(global, &text)
}

/// Pretty JSON with a line feed at the end.
pub fn to_json(value: &impl Serialize) -> Outcome<String> {
    let mut text = serde_json::to_string_pretty(value).map_err(Failure::usage)?;
    text.push('\n');
    Ok(text)
}

/// Writes to standard output, or to `--output`.
pub fn emit(global: &Global, text: &str) -> Outcome {
    match &global.output {
        Some(path) => write_file(path, text.as_bytes()),
        None => match anstream::stdout().lock().write_all(text.as_bytes()) {
            // `repshape ... | head` is no error
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                let full = error.kind() == std::io::ErrorKind::StorageFull;
                let exit = if full { Exit::Retry } else { Exit::Usage };
                Err(Failure::new(exit, format!("standard output: {error}")))
            }
            _ => Ok(()),
        },
    }
}

/// Writes a file whole: a temporary name, then a rename.
pub fn write_file(path: &Path, bytes: &[u8]) -> Outcome {
    Ok(repshape_data::write::write_atomic(path, |file| file.write_all(bytes))?)
}

/// A line on standard error, unless `--quiet`.
pub fn tell(global: &Global, text: &str) {
    if !global.quiet {
        warn(text);
    }
}

/// A line on standard error.
pub fn warn(text: &str) {
    // nobody is left to tell when standard error is closed
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Columns as wide as their widest cell: text to the left, numbers to the right. Styles are escape
/// codes, which the stream drops where nobody would see them.
pub fn draw_table(rows: &Rows, styled: bool) -> String {
    let shown = |cell: &Text| match cell.mark {
        Mark::Plain => format!("{}  ", cell.text),
        Mark::Best => format!("{} *", cell.text),
        Mark::Tied => format!("{} ~", cell.text),
    };
    let marked = |column: usize| rows.rows.iter().any(|row| row.get(column).is_some_and(|c| c.mark != Mark::Plain));
    let text = |column: usize, cell: &Text| if marked(column) { shown(cell) } else { cell.text.clone() };
    let width = |column: usize| {
        let cells = rows.rows.iter().filter_map(|row| row.get(column)).map(|cell| text(column, cell).chars().count());
        cells.chain(rows.head.get(column).map(|head| head.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..rows.head.len()).map(width).collect();
    let is_number = |text: &str| text == "-" || text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let numbers: Vec<bool> = (0..rows.head.len())
        .map(|column| {
            column > 0 && rows.rows.iter().filter_map(|row| row.get(column)).all(|cell| is_number(&cell.text))
        })
        .collect();
    let line = |cells: Vec<String>| {
        let padded = cells.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if numbers[column] { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let paint = |line: String, style: Style| if styled { format!("{style}{line}{style:#}\n") } else { line + "\n" };
    let mut drawn = paint(line(rows.head.clone()), Style::new().bold());
    for row in &rows.rows {
        let style = match row.iter().map(|cell| cell.mark).find(|mark| *mark != Mark::Plain) {
            Some(Mark::Best) => AnsiColor::Green.on_default().bold(),
            Some(Mark::Tied) => AnsiColor::Cyan.on_default(),
            _ => Style::new(),
        };
        drawn.push_str(&paint(line(row.iter().enumerate().map(|(n, cell)| text(n, cell)).collect()), style));
    }
    for note in &rows.notes {
        drawn.push_str(note);
        drawn.push('\n');
    }
    drawn
}

/// The table for spreadsheets.
pub fn csv(rows: &Rows) -> String {
    let quote = |text: &str| {
        if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
    };
    let line = |cells: Vec<String>| cells.join(",") + "\n";
    let mut text = line(rows.head.iter().map(|head| quote(head)).collect());
    for row in &rows.rows {
        text.push_str(&line(row.iter().map(|cell| quote(cell.exact.as_ref().unwrap_or(&cell.text))).collect()));
    }
    text
}

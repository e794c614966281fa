//! The sites of any input over the same rows, block by block: a matrix, a run folder, a model of somebody else's.

mod feed;
mod labels;
mod matrix;
mod model;
mod pass;
mod run;

use std::path::Path;

use repshape_data::{Arrangement, Layout, Numbers};
use repshape_onnx::Model;
use repshape_stats::{Block, Head, StatsError};

use crate::cli::InputArgs;
use crate::failure::{Failure, Outcome};

pub use feed::is_data_set;
pub use pass::{pass, refused};

/// Most values of a block over all of its sites: 32 MiB in single precision.
const BLOCK_VALUES: usize = 1 << 23;

/// Most rows of a block.
const BLOCK_ROWS: usize = 16_384;

/// A site of an input.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// Its name; `None` for a plain matrix.
    pub name: Option<String>,
    /// Number of units.
    pub units: usize,
    /// Rows of the site for each row of the input: positions, channels or tokens.
    pub rows_per_row: usize,
    /// Whether some of those rows are left out by a mask.
    pub masked: bool,
    /// How positions, channels and tokens became rows and units; `None` where there was nothing to choose.
    pub layout: Option<String>,
    /// The linear layer that reads the site and gives the outputs, where there is one.
    pub head: Option<Head>,
}

impl Site {
    /// How messages call it, of the input that they call `source`.
    pub fn shown(&self, source: &str) -> String {
        self.name.as_ref().map_or_else(|| source.to_owned(), |name| format!("{source}: site {name}"))
    }
}

/// Some rows of one site.
#[derive(Debug, Clone)]
pub struct SiteRows {
    /// Row-major.
    pub values: Numbers,
    /// Number of units.
    pub units: usize,
    /// The class of each row.
    pub labels: Option<Vec<u32>>,
    /// Index of the first row at this site.
    pub first_row: u64,
}

impl SiteRows {
    /// The rows as measures take them.
    pub fn block(&self) -> Result<Block<'_>, StatsError> {
        let block = match &self.values {
            Numbers::F32(values) => Block::new(values.as_slice(), self.units)?,
            Numbers::F64(values) => Block::new(values.as_slice(), self.units)?,
        };
        let block = block.starting_at(self.first_row);
        match &self.labels {
            Some(labels) => block.with_labels(labels),
            None => Ok(block),
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.values.len() / self.units.max(1)
    }
}

/// An input whose sites are read together, front to back, once.
pub trait Representations {
    /// How messages and results call the input.
    fn source(&self) -> &str;

    /// The sites, in the order of the network.
    fn sites(&self) -> &[Site];

    /// Number of rows of the input, if it is known before the end.
    fn rows(&self) -> Option<usize>;

    /// Number of classes, with labels.
    fn classes(&self) -> Option<usize>;

    /// What a reader of the results should know.
    fn notes(&self) -> &[String] {
        &[]
    }

    /// `K x I` means of the classes at a site over the training rows, where these are at hand: another pass over them.
    fn class_means(&self, _site: usize) -> Outcome<Option<Vec<f64>>> {
        Ok(None)
    }

    /// The next `rows` rows of the input at every site, in the order of [`Representations::sites`]; fewer at the end,
    /// `None` after it.
    fn next(&mut self, rows: usize) -> Outcome<Option<Vec<SiteRows>>>;

    /// Rows that are read at a time. It depends on the sites only, so that the same input is cut in the same places on
    /// every machine.
    fn block_rows(&self) -> usize {
        block_rows(self.sites().iter().map(|site| site.units * site.rows_per_row).sum())
    }
}

/// What kind of thing an input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file of rows by units.
    Matrix,
    /// A folder that `shape` wrote.
    Run,
    /// An ONNX model, which needs `--data`.
    Model,
}

/// What kind of thing stands at a path.
pub fn kind(input: &Path) -> Kind {
    let is_model = input.extension().is_some_and(|end| end.eq_ignore_ascii_case("onnx"));
    if input.is_dir() {
        Kind::Run
    } else if is_model {
        Kind::Model
    } else {
        Kind::Matrix
    }
}

/// Opens an input of any kind. `labels` are those of its rows, where they are in a file of their own.
pub fn open(input: &Path, labels: Option<&Path>, args: &InputArgs) -> Outcome<Box<dyn Representations>> {
    let shown = input.display();
    let refuse = |flags: &[(&str, bool)], why: &str| match flags.iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(Failure::usage(format!("{shown}: {flag} {why}"))),
        None => Ok(()),
    };
    let column = args.label_column.is_some();
    match kind(input) {
        Kind::Run => {
            refuse(
                &[("--labels", labels.is_some()), ("--label-column", column), ("--data", args.data.is_some())],
                "does not belong to a run folder, which has data and labels of its own",
            )?;
            Ok(Box::new(run::open(input, args)?))
        }
        Kind::Model => {
            refuse(&[("--label-column", column)], "belongs to tables; a model's rows take --labels")?;
            of_model(&Model::open(input)?, labels, args)
        }
        Kind::Matrix => {
            refuse(
                &[("--site", !args.sites.is_empty()), ("--data", args.data.is_some())],
                "belongs to run folders and models, a matrix has no sites",
            )?;
            Ok(Box::new(matrix::open(input, labels, args)?))
        }
    }
}

/// The sites of a model that is read already.
pub fn of_model(model: &Model, labels: Option<&Path>, args: &InputArgs) -> Outcome<Box<dyn Representations>> {
    Ok(Box::new(model::open(model, labels, args)?))
}

/// Rows of so many values that are read at a time.
fn block_rows(values: usize) -> usize {
    (BLOCK_VALUES / values.max(1)).clamp(1, BLOCK_ROWS)
}

/// Values as rows by units.
fn arranged(arrangement: &Arrangement, values: Numbers) -> Numbers {
    fn apply<T: Copy>(arrangement: &Arrangement, values: &[T]) -> Vec<T> {
        let mut rows = Vec::new();
        arrangement.apply(values, &mut rows);
        rows
    }
    match values {
        values if arrangement.is_identity() => values,
        Numbers::F32(values) => Numbers::F32(apply(arrangement, &values)),
        Numbers::F64(values) => Numbers::F64(apply(arrangement, &values)),
    }
}

/// How rows of this shape become rows and units of a site.
fn arrange(layout: Layout, row_shape: &[usize], what: &str) -> Outcome<Arrangement> {
    layout.arrange(row_shape).map_err(|problem| Failure::usage(format!("{what}: --layout {layout}: {problem}")))
}

/// The label of each row, where a row of the input became several.
fn repeated(labels: &[u32], times: usize) -> Vec<u32> {
    labels.iter().flat_map(|&label| std::iter::repeat_n(label, times)).collect()
}

//! `repshape compare`: two representations of the same rows, or all layers of two models.

mod layers;
mod page;
mod pair;
mod table;

use std::path::Path;

use repshape_stats::compare::{Changes, CompareError, Similarities};
use serde::Serialize;

use crate::cli::{CompareArgs, Global, InputArgs};
use crate::failure::{Failure, Outcome};
use crate::output::print_forms;
use crate::representations::{self, Kind, Representations, SiteRows, kind};

/// What is printed as JSON.
#[derive(Debug, Serialize)]
struct Comparison {
    schema: &'static str,
    a: Side,
    b: Side,
    /// Of one site of each.
    similarities: Similarities,
    /// Of one site of each.
    changes: Changes,
    /// Of several sites.
    layers: Option<LayerMap>,
    notes: Vec<String>,
}

/// What was compared.
#[derive(Debug, Serialize)]
struct Side {
    source: String,
    site: Option<String>,
    rows: u64,
    units: Option<usize>,
}

/// Unbiased linear CKA of all layers with all.
#[derive(Debug, Serialize)]
struct LayerMap {
    a: Vec<String>,
    b: Vec<String>,
    cka: Vec<Vec<Option<f64>>>,
    /// Rows that it is over.
    rows: usize,
}

/// Runs the command.
pub fn run(args: &CompareArgs, global: &Global) -> Outcome {
    let (mut a, mut b) = open(args)?;
    let (a, b) = (&mut *a, &mut *b);
    check_rows(a, b)?;
    let comparison = match (a.sites(), b.sites()) {
        ([_], [_]) => pair::compare(a, b, args, global)?,
        _ => layers::compare(a, b, global)?,
    };
    if let Some(path) = &args.report {
        page::write(path, &comparison, args)?;
    }
    print_forms(global, &comparison, || table::for_people(&comparison), || table::for_spreadsheets(&comparison))
}

/// Both inputs. A flag that belongs to one kind of input goes to the side of that kind; where there is none, A says why
/// it has no meaning.
fn open(args: &CompareArgs) -> Outcome<(Box<dyn Representations>, Box<dyn Representations>)> {
    let kinds = [kind(&args.a), kind(&args.b)];
    let labels = &args.input.labels;
    if labels.len() > 2 {
        return Err(Failure::usage(format!(
            "{} --labels for A and B; expected one for both, or one for each",
            labels.len()
        )));
    }
    let open = |at: usize, input: &Path, sites: &[String], key: &Option<String>| {
        let wanted = |takes: fn(Kind) -> bool| takes(kinds[at]) || (at == 0 && !takes(kinds[1]));
        let mut own: InputArgs = args.input.clone();
        own.labels.clear();
        own.sites = if sites.is_empty() { args.input.sites.clone() } else { sites.to_vec() };
        own.key = key.clone().or(own.key);
        if sites.is_empty() && !wanted(|kind| kind != Kind::Matrix) {
            own.sites.clear();
        }
        own.data = own.data.filter(|_| wanted(|kind| kind == Kind::Model));
        own.label_column = own.label_column.filter(|_| wanted(|kind| kind == Kind::Matrix));
        let labels = labels.get(if labels.len() == 1 { 0 } else { at }).filter(|_| wanted(|kind| kind != Kind::Run));
        representations::open(input, labels.map(AsRef::as_ref), &own)
    };
    Ok((open(0, &args.a, &args.site_a, &args.key_a)?, open(1, &args.b, &args.site_b, &args.key_b)?))
}

const SAME_ROWS: &str = "both must be of the same rows, in the same order";

/// What is known before anything is read.
fn check_rows(a: &dyn Representations, b: &dyn Representations) -> Outcome {
    match (a.rows(), b.rows()) {
        (Some(rows_a), Some(rows_b)) if rows_a != rows_b => {
            Err(Failure::usage(format!("{} has {rows_a} rows and {} {rows_b}: {SAME_ROWS}", a.source(), b.source())))
        }
        _ => Ok(()),
    }
}

/// The number of classes of both.
fn classes(a: &dyn Representations, b: &dyn Representations) -> Outcome<Option<usize>> {
    match (a.classes(), b.classes()) {
        (Some(of_a), Some(of_b)) if of_a != of_b => Err(Failure::usage(format!(
            "{} has {of_a} classes and {} {of_b}: {SAME_ROWS}; --classes says their number where labels do not",
            a.source(),
            b.source()
        ))),
        (of_a, of_b) => Ok(of_a.or(of_b)),
    }
}

/// The next rows of both, as many; `None` after the last.
fn next(
    a: &mut dyn Representations,
    b: &mut dyn Representations,
    rows: usize,
) -> Outcome<Option<(Vec<SiteRows>, Vec<SiteRows>)>> {
    let longer = |one: &dyn Representations, other: &dyn Representations| {
        Failure::usage(format!("{} has more rows than {}: {SAME_ROWS}", one.source(), other.source()))
    };
    match (a.next(rows)?, b.next(rows)?) {
        (None, None) => Ok(None),
        (Some(a), Some(b)) => Ok(Some((a, b))),
        (Some(_), None) => Err(longer(a, b)),
        (None, Some(_)) => Err(longer(b, a)),
    }
}

/// An error of one side, which names it.
fn named(error: CompareError, a: &str, b: &str) -> Failure {
    match error {
        CompareError::A(error) => Failure::usage(format!("{a}: {error}")),
        CompareError::B(error) => Failure::usage(format!("{b}: {error}")),
        CompareError::Rows { a: rows_a, b: rows_b } => {
            Failure::usage(format!("{a} has {rows_a} rows and {b} {rows_b}: {SAME_ROWS}"))
        }
        CompareError::Labels { row, a: of_a, b: of_b } => {
            Failure::usage(format!("row {row} has label {of_a} in {a} and {of_b} in {b}: {SAME_ROWS}"))
        }
        other => Failure::usage(other),
    }
}

/// The notes of an input, and how a site's rows came to be.
fn notes(source: &dyn Representations) -> Vec<String> {
    let layouts = source.sites().iter().filter_map(|site| {
        let layout = site.layout.as_ref()?;
        Some(format!("{}: {layout}", site.shown(source.source())))
    });
    source.notes().iter().map(|note| format!("{}: {note}", source.source())).chain(layouts).collect()
}

//! Measuring in parts: the state of each part, and what all of them say together.

use std::collections::BTreeMap;
use std::path::Path;

use repshape_stats::measure::Options;
use repshape_stats::{Partial, PartialSite, Shard};

use super::{Gathered, read, selection, show};
use crate::cli::{Global, MergeArgs};
use crate::failure::{Failure, Outcome};
use crate::output::{tell, write_file};
use crate::representations::{Representations, Site};

/// Largest state file that is read.
const LARGEST: u64 = 16 << 30;

/// Where a part of the data set stands in it.
#[derive(Debug, Clone)]
pub struct Part {
    /// A hash of what the part holds.
    pub content: String,
    /// Index of its first row, if it is known.
    pub first_row: Option<u64>,
}

impl Part {
    /// The part that `path` is.
    pub fn new(path: &Path, first_row: Option<u64>) -> Outcome<Self> {
        if path == Path::new("-") {
            return match first_row {
                // rows that come once cannot be looked at before they are measured
                Some(first) => Ok(Self { content: format!("standard input from row {first}"), first_row }),
                None => {
                    Err(Failure::usage("standard input: --partial needs --first-row here, the index of its first row"))
                }
            };
        }
        let unreadable = |error: std::io::Error| Failure::usage(format!("{}: cannot be read: {error}", path.display()));
        let mut hash = blake3::Hasher::new();
        hash.update_reader(std::fs::File::open(path).map_err(unreadable)?).map_err(unreadable)?;
        Ok(Self { content: hash.finalize().to_hex().to_string(), first_row })
    }

    /// Index of the part's first row at a site.
    pub fn first_row_at(&self, site: &Site) -> Option<u64> {
        // how many rows of the parts before a mask left out is not known
        let first_row = self.first_row.filter(|&first| first == 0 || !site.masked)?;
        Some(first_row * site.rows_per_row as u64)
    }
}

/// Writes the state of one part.
pub fn write(
    path: &Path,
    source: &dyn Representations,
    gathered: Vec<Gathered>,
    part: &Part,
    settings: BTreeMap<String, String>,
) -> Outcome {
    let sites = gathered
        .into_iter()
        .map(|(site, sketch)| PartialSite {
            shards: vec![Shard {
                source: source.source().to_owned(),
                content: part.content.clone(),
                rows: sketch.rows(),
                first_row: part.first_row_at(&site),
            }],
            layout: site.layout.unwrap_or_default(),
            site: site.name,
            sketch,
        })
        .collect();
    write_file(path, &Partial::new(settings, sites)?.to_bytes())
}

/// Runs `measure merge`.
pub fn merge(args: &MergeArgs, global: &Global) -> Outcome {
    let options = Options { mi_variance: args.mi_variance, tdv_units: args.tdv_units, ..Options::default() };
    let selection = selection(&args.only, options)?;
    let parts = args.states.iter().map(|path| open(path)).collect::<Outcome<Vec<_>>>()?;
    let merged = Partial::merge_in_order(parts)?;
    let notes = merged.notes();
    for note in &notes {
        tell(global, note);
    }
    if let Some(path) = &args.partial {
        return write_file(path, &merged.to_bytes());
    }
    let mut results = Vec::new();
    for part in merged.into_sites() {
        let source = sources(&part.shards);
        let layout = Some(part.layout).filter(|layout| !layout.is_empty());
        let site = Site { name: part.site, units: part.sketch.config().units, layout, ..Site::default() };
        let mut measured = read(&source, &site, &part.sketch, &selection, args.report.is_some(), global)?;
        measured.0.notes.extend(notes.iter().cloned());
        results.push(measured);
    }
    show(&results, args.report.as_deref(), global)
}

fn open(path: &Path) -> Outcome<Partial> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| Failure::usage(format!("{shown}: cannot be read: {error}"));
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > LARGEST {
        return Err(Failure::usage(format!("{shown}: has {size} bytes; expected a state of at most {LARGEST}")));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    Partial::from_bytes(&bytes).map_err(|error| Failure::usage(format!("{shown}: {error}")))
}

/// One name for many shards.
fn sources(shards: &[Shard]) -> String {
    match shards {
        [one] => one.source.clone(),
        [first, .., last] => format!("{} to {} ({} parts)", first.source, last.source, shards.len()),
        [] => String::new(),
    }
}

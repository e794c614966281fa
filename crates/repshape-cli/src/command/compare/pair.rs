//! One site of A and one of B: how similar they are, and what changed.

use repshape_stats::compare::{
    BootstrapOptions, CrossMoments, Intervals, SimilarityOptions, changes_between, intervals, similarities,
};
use repshape_stats::measure::{Options, measure};
use repshape_stats::{Block, Measurement, SampleSize, Selection, Sketch, SketchConfig};

use super::{Comparison, SAME_ROWS, Side, classes, named, next, notes};
use crate::cli::{CompareArgs, Global};
use crate::command::measure::{of_site, selection};
use crate::failure::{Failure, Outcome};
use crate::memory::{self, gib};
use crate::progress::Progress;
use crate::representations::{Representations, Site, SiteRows};

/// Most rows that are resampled.
const SAMPLE_ROWS: usize = 10_000;

/// Rows that are resampled however wide they are.
const LEAST_ROWS: usize = 1_000;

/// Most products of a pair of units in one draw: 10,000 rows of 200 units on each side.
const DRAW_PRODUCTS: usize = SAMPLE_ROWS * 2 * 200 * 200;

/// One side while its rows are read.
struct Reading {
    shown: String,
    selection: Selection,
    sketch: Sketch,
}

impl Reading {
    fn new(
        source: &dyn Representations,
        site: &Site,
        args: &CompareArgs,
        classes: Option<usize>,
        rows: usize,
        seed: u64,
    ) -> Outcome<Self> {
        let selection = of_site(&selection(&args.only, Options::default())?, source, 0)?;
        let config = SketchConfig { classes, seed, sample: SampleSize::AtMost(rows), ..selection.config(site.units) };
        let shown = site.shown(source.source());
        let bytes = config.moments_bytes();
        if bytes > memory::MOMENTS {
            return Err(Failure::usage(format!(
                "{shown}: the moments of {} units take {:.1} GiB, at most 2 are allowed; expected fewer units, as with --layout channels, or --only measures without pairs of units",
                site.units,
                gib(bytes)
            )));
        }
        let sketch = Sketch::new(&config).map_err(|error| Failure::usage(format!("{shown}: {error}")))?;
        Ok(Self { shown, selection, sketch })
    }

    fn add(&mut self, block: &Block<'_>) -> Outcome {
        self.sketch.update(block).map_err(|error| Failure::usage(format!("{}: {error}", self.shown)))
    }

    fn measured(&self) -> Measurement {
        measure(&self.sketch, &self.selection)
    }
}

/// Reads both in one pass and compares them.
pub fn compare(
    a: &mut dyn Representations,
    b: &mut dyn Representations,
    args: &CompareArgs,
    global: &Global,
) -> Outcome<Comparison> {
    let options = BootstrapOptions { draws: args.draws, level: args.level, seed: global.seed.unwrap_or(0) };
    if !args.no_bootstrap {
        options.check()?;
    }
    let classes = classes(a, b)?;
    let (site_a, site_b) = (a.sites()[0].clone(), b.sites()[0].clone());
    // the same on both sides, so that they keep the same rows
    let kept = (memory::SAMPLE / (size_of::<f64>() * site_a.units.max(site_b.units)).max(1)).clamp(2, SAMPLE_ROWS);
    let reading =
        |source: &dyn Representations, site: &Site| Reading::new(source, site, args, classes, kept, options.seed);
    let (mut of_a, mut of_b) = (reading(a, &site_a)?, reading(b, &site_b)?);
    let fail = |error, of_a: &Reading, of_b: &Reading| named(error, &of_a.shown, &of_b.shown);
    if site_a.units.saturating_mul(site_b.units) > memory::MOMENTS / size_of::<f64>() {
        return Err(Failure::usage(format!(
            "{} and {}: the products of {} and {} units take more than 2 GiB; expected fewer units, as with --layout channels",
            of_a.shown, of_b.shown, site_a.units, site_b.units
        )));
    }
    let mut cross = CrossMoments::new(site_a.units, site_b.units).map_err(|error| fail(error, &of_a, &of_b))?;
    let rows = a.block_rows().min(b.block_rows());
    let progress = Progress::of_blocks(global, a.rows().or(b.rows()), rows);
    while let Some((mut x, mut y)) = next(a, b, rows)? {
        let (Some(x), Some(y)) = (x.first_mut(), y.first_mut()) else { break };
        same_labels(x, y, &of_a.shown, &of_b.shown)?;
        let (x, y) = (x.block()?, y.block()?);
        cross.update(&x, &y).map_err(|error| fail(error, &of_a, &of_b))?;
        of_a.add(&x)?;
        of_b.add(&y)?;
        progress.advance("");
    }
    progress.finish();

    let similarities =
        similarities(&cross, &SimilarityOptions::default()).map_err(|error| fail(error, &of_a, &of_b))?;
    let mut notes = [notes(a), notes(b), similarities.notes.clone()].concat();
    let intervals = if args.no_bootstrap {
        Intervals::default()
    } else {
        let (found, note) = bootstrapped(&of_a, &of_b, classes, &options, global)?;
        notes.extend(note);
        found
    };
    let changes = changes_between(&of_a.measured(), &of_b.measured(), &intervals);
    notes.extend(changes.notes.iter().cloned());
    let side = |source: &dyn Representations, site: Site| Side {
        source: source.source().to_owned(),
        site: site.name,
        rows: cross.rows(),
        units: Some(site.units),
    };
    let (a, b) = (side(a, site_a), side(b, site_b));
    Ok(Comparison { schema: "repshape.comparison/1", a, b, similarities, changes, layers: None, notes })
}

/// The labels of either side for both, which must agree.
fn same_labels(x: &mut SiteRows, y: &mut SiteRows, a: &str, b: &str) -> Outcome {
    let (rows_a, rows_b) = (x.rows(), y.rows());
    if rows_a != rows_b {
        return Err(Failure::usage(format!(
            "{a} has {rows_a} rows where {b} has {rows_b} (from row {}): {SAME_ROWS}; of sites with several rows for each row of the input, --layout flatten makes one",
            x.first_row
        )));
    }
    match (&x.labels, &y.labels) {
        (Some(of_a), Some(of_b)) => match of_a.iter().zip(of_b).position(|(a, b)| a != b) {
            None => Ok(()),
            Some(at) => Err(Failure::usage(format!(
                "row {} has label {} in {a} and {} in {b}: {SAME_ROWS}",
                x.first_row + at as u64,
                of_a[at],
                of_b[at]
            ))),
        },
        (Some(of_a), None) => {
            y.labels = Some(of_a.clone());
            Ok(())
        }
        (None, of_b) => {
            x.labels.clone_from(of_b);
            Ok(())
        }
    }
}

/// The intervals over the sampled rows, which are the same on both sides, and a note if they are not all.
fn bootstrapped(
    a: &Reading,
    b: &Reading,
    classes: Option<usize>,
    options: &BootstrapOptions,
    global: &Global,
) -> Outcome<(Intervals, Option<String>)> {
    let (units_a, units_b) = (a.sketch.config().units, b.sketch.config().units);
    let wide = (units_a * units_a).saturating_add(units_b * units_b).max(1);
    let bound = (DRAW_PRODUCTS / wide).clamp(LEAST_ROWS, SAMPLE_ROWS);
    let (rows_a, rows_b) = (a.sketch.sample().read_at_most(bound), b.sketch.sample().read_at_most(bound));
    let (mut block_a, block_b) = (Block::new(&rows_a.values[..], units_a)?, Block::new(&rows_b.values[..], units_b)?);
    if classes.is_some() {
        block_a = block_a.with_labels(&rows_a.labels)?;
    }
    let progress = Progress::when_long(global, "resamples", options.draws as u64);
    let told = |done, total| progress.set(done, total);
    let found = intervals(&block_a, &block_b, classes, [&a.selection, &b.selection], options, &told)
        .map_err(|error| named(error, &a.shown, &b.shown))?;
    progress.finish();
    let (used, rows) = (rows_a.indices.len() as u64, a.sketch.rows());
    let note = (used < rows)
        .then(|| format!("intervals over a sample of {used} of {rows} rows: wider than those of all rows would be"));
    Ok((found, note))
}

//! An item's results: paper against ours, and the claims.

use repshape_study::statistics::confidence_interval;
use repshape_study::{MeanStd, TuningPoint};
use serde::Serialize;

use super::catalog::DIGITS;
use super::claims::{self, Tested};
use super::trials::{Sample, Trials, sample};
use crate::spec::{Best, Item, PaperValue, Source, Table};

/// Schema name of [`Results`].
pub const SCHEMA: &str = "repshape.reproduction/1";

/// Level of the intervals of means.
pub const LEVEL: f64 = 0.95;

/// What `repshape reproduce PAPER/ITEM --format json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Results {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// `PAPER/ITEM`.
    pub item: String,
    /// Authors and year.
    pub paper: String,
    /// Its place in the paper.
    pub place: String,
    /// What it shows.
    pub shows: String,
    /// Whether it is a trial of seconds, whose numbers mean nothing.
    pub smoke: bool,
    /// What the paper leaves open, and what was chosen.
    pub protocol: Vec<String>,
    /// The studies behind it.
    pub studies: Vec<StudyResult>,
    /// The tables.
    pub tables: Vec<TableResult>,
    /// The claims.
    pub claims: Vec<Tested>,
    /// What has to be known to read the numbers.
    pub notes: Vec<String>,
}

/// A study behind an item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StudyResult {
    /// Its name.
    pub name: String,
    /// Its data.
    pub data: String,
    /// A hash of the rows.
    pub fingerprint: String,
    /// Number of runs, tuning included.
    pub runs: usize,
    /// Training time over all workers.
    pub seconds: f64,
    /// What chose the weights over validation rows: `error` or `loss`.
    pub criterion: String,
    /// The regularizers whose weight was chosen; empty where nothing was.
    pub tuning: Vec<TuningResult>,
}

/// How a regularizer's weight was chosen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TuningResult {
    /// The regularizer.
    pub regularizer: String,
    /// The weight chosen; null while a tuning run is missing.
    pub chosen: Option<f64>,
    /// Each weight that was tried.
    pub weights: Vec<TuningPoint>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableResult {
    /// Its heading.
    pub title: String,
    /// Head of the column of row names.
    pub head: String,
    /// Heads of the others.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<RowResult>,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RowResult {
    /// Its name.
    pub name: String,
    /// One for each column.
    pub cells: Vec<Cell>,
}

/// A number of ours beside the paper's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// Mean over the trials.
    pub mean: Option<f64>,
    /// Standard deviation over n - 1.
    pub std: Option<f64>,
    /// Trials with a value.
    pub n: usize,
    /// 95 % interval of the mean by Student's t.
    pub interval: Option<[f64; 2]>,
    /// Trials that diverged, left out.
    pub diverged: usize,
    /// The weights of the trials: one, unless a sweep has several.
    pub weights: Vec<f64>,
    /// The paper's mean.
    pub paper_mean: Option<f64>,
    /// The paper's standard deviation.
    pub paper_std: Option<f64>,
    /// Whether mean ± std of ours and of the paper have a point in common; null where a number is missing.
    pub overlaps_paper: Option<bool>,
    /// Whether it is the best of its column.
    pub best: bool,
    /// Whether mean ± std overlaps the best's.
    pub tied: bool,
    /// Digits behind the point in the paper.
    #[serde(skip)]
    pub decimals: Option<usize>,
}

impl Cell {
    fn of(sample: Sample, paper: PaperValue) -> Self {
        let ours = MeanStd::of(&sample.values);
        let theirs = MeanStd { mean: paper.mean, std: paper.std, n: 0 };
        let both = ours.mean.is_some() && theirs.mean.is_some();
        // a printed number stands for all that round to it
        let rounding = 0.5 * 0.1_f64.powi(i32::try_from(paper.decimals).unwrap_or(0));
        let widened = MeanStd { std: Some(theirs.std.unwrap_or(0.0) + rounding), ..theirs };
        Self {
            mean: ours.mean,
            std: ours.std,
            n: ours.n,
            interval: confidence_interval(&sample.values, LEVEL).map(|(low, high)| [low, high]),
            diverged: sample.diverged,
            weights: sample.weights,
            paper_mean: paper.mean,
            paper_std: paper.std,
            overlaps_paper: both.then(|| ours.overlaps(&widened)),
            best: false,
            tied: false,
            decimals: paper.mean.map(|_| paper.decimals),
        }
    }

    fn mean_std(&self) -> MeanStd {
        MeanStd { mean: self.mean, std: self.std, n: self.n }
    }
}

/// Reads an item's numbers from its studies and tests its claims.
pub fn results(name: &str, item: &Item, studies: &[Trials], smoke: bool) -> Results {
    let tables: Vec<TableResult> = item.tables.iter().map(|one| table(one, studies)).collect();
    let (inside, compared) = overlaps(&tables);
    let mut notes = Vec::new();
    if smoke {
        notes.push("a smoke run: few rows, epochs, weights and trials; its numbers mean nothing".to_owned());
    }
    let standing_in: Vec<&str> = studies
        .iter()
        .filter(|study| smoke && study.data == DIGITS && !study.name.starts_with(DIGITS))
        .map(|study| study.name.as_str())
        .collect();
    if !standing_in.is_empty() {
        notes.push(format!("digits in place of data that no --data names, in {}", standing_in.join(", ")));
    }
    if compared > 0 {
        notes.push(format!("mean ± sd overlaps the paper's (widened by its rounding) in {inside} of {compared} numbers; the others are marked !"));
    }
    if !item.claims.is_empty() {
        notes.push(format!("claims: {}", how_tested()));
    }
    Results {
        schema: SCHEMA.to_owned(),
        item: name.to_owned(),
        paper: item.paper.clone(),
        place: item.place.clone(),
        shows: item.shows.clone(),
        smoke,
        protocol: item.protocol.clone(),
        studies: studies.iter().map(study).collect(),
        tables,
        claims: claims::test(&item.claims, studies),
        notes,
    }
}

/// How many numbers overlap the paper's, and of how many that have one there.
pub fn overlaps(tables: &[TableResult]) -> (usize, usize) {
    let cells = || tables.iter().flat_map(|table| &table.rows).flat_map(|row| &row.cells);
    let inside = cells().filter(|cell| cell.overlaps_paper == Some(true)).count();
    (inside, cells().filter(|cell| cell.overlaps_paper.is_some()).count())
}

/// How claims are tested, in words.
pub fn how_tested() -> String {
    format!(
        "one-sided Welch, Student or binomial tests over trials, whose seeds are fresh and pair nothing; by pairs where trials share a draw of the data; Holm's correction over the item's claims at {}",
        claims::ALPHA
    )
}

fn study(trials: &Trials) -> StudyResult {
    StudyResult {
        name: trials.name.clone(),
        data: trials.data.clone(),
        fingerprint: trials.fingerprint.clone(),
        runs: trials.runs,
        seconds: trials.seconds,
        criterion: trials.criterion.to_owned(),
        tuning: trials
            .table
            .rows
            .iter()
            .filter(|row| !row.tuning.is_empty())
            .map(|row| TuningResult {
                regularizer: row.regularizer.clone(),
                chosen: row.weight,
                weights: row.tuning.clone(),
            })
            .collect(),
    }
}

fn table(table: &Table, studies: &[Trials]) -> TableResult {
    let cell = |row: &crate::spec::Row, column: &crate::spec::Column, at: usize| {
        let source: Source = row.of.or(&column.of).or(&table.of);
        Cell::of(sample(studies, &source), row.paper.get(at).copied().unwrap_or_default())
    };
    let mut rows: Vec<RowResult> = table
        .rows
        .iter()
        .map(|row| RowResult {
            name: row.head.clone(),
            cells: table.columns.iter().enumerate().map(|(at, column)| cell(row, column, at)).collect(),
        })
        .collect();
    if let Some(best) = table.best {
        (0..table.columns.len()).for_each(|column| mark(&mut rows, column, best));
    }
    TableResult {
        title: table.title.clone(),
        head: table.head.clone(),
        columns: table.columns.iter().map(|column| column.head.clone()).collect(),
        rows,
    }
}

/// Marks the best of a column and what overlaps it, as the papers do.
fn mark(rows: &mut [RowResult], column: usize, best: Best) {
    let sign = if best == Best::Lowest { 1.0 } else { -1.0 };
    let key = |row: &RowResult| row.cells[column].mean.map(|mean| sign * mean);
    let first =
        rows.iter().enumerate().filter_map(|(at, row)| Some((at, key(row)?))).min_by(|a, b| a.1.total_cmp(&b.1));
    let Some((first, _)) = first else { return };
    let lowest = rows[first].cells[column].mean_std();
    for (at, row) in rows.iter_mut().enumerate() {
        let cell = &mut row.cells[column];
        cell.best = at == first;
        cell.tied = at != first && cell.mean_std().overlaps(&lowest);
    }
}

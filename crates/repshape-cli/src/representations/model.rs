//! The sites of somebody else's ONNX model, over the rows of a data set or of a file.

use std::path::Path;

use rayon::prelude::*;
use repshape_data::{Arrangement, Layout, Numbers, read_matrix};
use repshape_onnx::{Data, Model, Place, Representation, Runner, Site as ModelSite, Tensor};
use repshape_stats::Head;

use super::feed::Feed;
use super::labels::RowLabels;
use super::{Representations, Site, SiteRows, arrange, arranged, repeated};
use crate::cli::InputArgs;
use crate::failure::{Failure, Outcome};

/// Rows that go through the model at a time, each such batch on one thread: fixed, so that the bits are too.
const BATCH: usize = 32;

/// Rows of the two runs that tell which leading axes are the rows.
const PROBES: [usize; 2] = [2, 3];

/// A model, what it is run on, and its sites.
struct ModelRows {
    shown: String,
    runner: Runner,
    feed: Feed,
    labels: Option<RowLabels>,
    mask: Option<Mask>,
    sites: Vec<Site>,
    /// Where a site stands among those that the runner gives, and how its rows are cut.
    places: Vec<(usize, Arrangement)>,
    /// The number of rows that the model insists on.
    fixed: Option<usize>,
    /// Rows of each site so far.
    first_rows: Vec<u64>,
    notes: Vec<String>,
}

/// Which tokens count.
struct Mask {
    shown: String,
    tokens: usize,
    values: Vec<bool>,
}

/// Opens a model at the sites that match, or else at the outputs of its nonlinearities.
pub fn open(model: &Model, labels: Option<&Path>, args: &InputArgs) -> Outcome<impl Representations + use<>> {
    let shown = model.name().to_owned();
    let chosen = if args.sites.is_empty() { after_nonlinearities(model) } else { model.matching(&args.sites)? };
    let runner = model.prepare(&chosen)?;
    let mut feed = Feed::open(model, args)?;
    let labels = match labels {
        Some(file) => Some(RowLabels::read(file, args.classes, args.key.clone(), feed.rows(), feed.name())?),
        None => feed.labels(),
    };
    let mask = args.mask.as_deref().map(Mask::read).transpose()?;
    let fixed = model.fixed_batch();
    let probes = probe(&runner, &mut feed, fixed)?;
    let (mut sites, mut places, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for (at, site) in chosen.iter().enumerate() {
        let shapes: Vec<(usize, &[usize])> =
            probes.iter().map(|(rows, found)| (*rows, found[at].shape.as_slice())).collect();
        let Some(row_shape) = row_shape(&shapes) else {
            let shape = shapes.last().map_or(&[][..], |(_, shape)| shape);
            let problem = format!(
                "site {} has shape {shape:?} for {} rows: its leading axis is not the rows",
                site.name,
                shapes.last().map_or(0, |(rows, _)| *rows)
            );
            if args.sites.contains(&site.name) {
                return Err(Failure::usage(format!("{shown}: {problem}")));
            }
            notes.push(format!("{problem}; left out"));
            continue;
        };
        let layout = match args.layout {
            // there is nothing to choose
            _ if row_shape.len() < 2 => Layout::Flatten,
            // the channels of a map stand first, also of one with a single axis of positions, which a shape alone takes for tokens
            Layout::Auto if site.is_map() && args.channels_of_maps => Layout::Channels,
            Layout::Auto if site.is_map() => Layout::Flatten,
            chosen => chosen,
        };
        let arrangement = arrange(layout, row_shape, &format!("{shown}: site {}", site.name))?;
        // one that scores the classes of the labels: a layer between two sites that are both outputs is none
        let head = (row_shape.len() == 1).then(|| model.head(&site.name)).flatten();
        let head = head.filter(|head| labels.as_ref().is_some_and(|labels| labels.classes == head.classes));
        sites.push(Site {
            name: Some(site.name.clone()),
            units: arrangement.units,
            rows_per_row: arrangement.rows_per_row,
            layout: (row_shape.len() > 1).then(|| arrangement.describe()),
            head: head.and_then(|head| Head::new(head.weights, head.bias).ok()),
            masked: mask.as_ref().is_some_and(|mask| mask.covers(&arrangement)),
        });
        places.push((at, arrangement));
    }
    if sites.is_empty() {
        return Err(Failure::usage(format!("{shown}: no site to measure: {}", notes.join("; "))));
    }
    let first_rows = vec![0; sites.len()];
    Ok(ModelRows { shown, runner, feed, labels, mask, sites, places, fixed, first_rows, notes })
}

/// The outputs of the nonlinearities, or every site of a model that has none.
fn after_nonlinearities(model: &Model) -> Vec<ModelSite> {
    let after: Vec<ModelSite> =
        model.sites().iter().filter(|site| matches!(site.place, Place::After(_))).cloned().collect();
    if after.is_empty() { model.sites().to_vec() } else { after }
}

/// Runs on a few rows, which stay to be read.
fn probe(runner: &Runner, feed: &mut Feed, fixed: Option<usize>) -> Outcome<Vec<(usize, Vec<Representation>)>> {
    let sizes = fixed.map_or(PROBES.to_vec(), |rows| vec![rows]);
    let mut found: Vec<(usize, Vec<Representation>)> = Vec::new();
    for size in sizes {
        let inputs = feed.peek(size)?;
        let rows = rows_of(&inputs);
        if found.iter().all(|(other, _)| *other != rows) {
            found.push((rows, run_batch(runner, inputs, fixed)?));
        }
    }
    Ok(found)
}

/// The shape of one row, if the leading axis is the rows in every run.
fn row_shape<'a>(shapes: &[(usize, &'a [usize])]) -> Option<&'a [usize]> {
    let all = shapes.iter().all(|(rows, shape)| shape.first() == Some(rows));
    if all { shapes.last().map(|(_, shape)| &shape[1..]) } else { None }
}

fn rows_of(inputs: &[(String, Tensor)]) -> usize {
    inputs.first().and_then(|(_, tensor)| tensor.shape.first().copied()).unwrap_or(0)
}

/// One batch; a model that insists on more rows gets the last one repeated.
fn run_batch(runner: &Runner, inputs: Vec<(String, Tensor)>, fixed: Option<usize>) -> Outcome<Vec<Representation>> {
    let rows = rows_of(&inputs);
    let wanted = fixed.unwrap_or(rows);
    if rows == wanted {
        return Ok(runner.run(&inputs)?);
    }
    let padded: Vec<(String, Tensor)> =
        inputs.into_iter().map(|(name, tensor)| (name, padded(tensor, rows, wanted))).collect();
    let mut found = runner.run(&padded)?;
    for one in &mut found {
        if one.shape.first() == Some(&wanted) {
            one.values.truncate(one.values.len() / wanted * rows);
            one.shape[0] = rows;
        }
    }
    Ok(found)
}

/// The last row repeated up to `wanted` rows.
fn padded(tensor: Tensor, rows: usize, wanted: usize) -> Tensor {
    fn pad<T: Copy>(mut values: Vec<T>, rows: usize, wanted: usize) -> Vec<T> {
        let row = values.len() / rows;
        let last = values[values.len() - row..].to_vec();
        (rows..wanted).for_each(|_| values.extend_from_slice(&last));
        values
    }
    let shape = [&[wanted], &tensor.shape[1..]].concat();
    let values = match tensor.values {
        Data::F32(values) => Data::F32(pad(values, rows, wanted)),
        Data::I64(values) => Data::I64(pad(values, rows, wanted)),
        other => other,
    };
    Tensor { shape, values }
}

impl Mask {
    fn read(path: &Path) -> Outcome<Self> {
        let matrix = read_matrix(path)?;
        let shown = path.display().to_string();
        if let Some(at) = matrix.values.iter().position(|&v| v != 0.0 && v != 1.0) {
            let (row, token) = (at / matrix.units, at % matrix.units);
            return Err(Failure::usage(format!(
                "{shown}: row {row}, token {token} is {}; expected 0 or 1",
                matrix.values[at]
            )));
        }
        Ok(Self { shown, tokens: matrix.units, values: matrix.values.iter().map(|&v| v == 1.0).collect() })
    }

    /// Whether it says which rows of such a site count.
    fn covers(&self, arrangement: &Arrangement) -> bool {
        arrangement.layout == Layout::Tokens && self.tokens == arrangement.rows_per_row
    }

    fn of_rows(&self, from: usize, rows: usize) -> Outcome<&[bool]> {
        self.values.get(from * self.tokens..(from + rows) * self.tokens).ok_or_else(|| {
            let found = self.values.len() / self.tokens.max(1);
            Failure::usage(format!(
                "{}: has {found} rows, and the data have more; expected one for each row",
                self.shown
            ))
        })
    }
}

impl Representations for ModelRows {
    fn source(&self) -> &str {
        &self.shown
    }

    fn sites(&self) -> &[Site] {
        &self.sites
    }

    fn rows(&self) -> Option<usize> {
        self.feed.rows()
    }

    fn classes(&self) -> Option<usize> {
        self.labels.as_ref().map(|labels| labels.classes)
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn next(&mut self, rows: usize) -> Outcome<Option<Vec<SiteRows>>> {
        let from = self.feed.read();
        let batch = self.fixed.unwrap_or(BATCH);
        let mut batches = Vec::new();
        while batches.len() * batch < rows {
            let inputs = self.feed.take(batch.min(rows - batches.len() * batch))?;
            if rows_of(&inputs) == 0 {
                break;
            }
            batches.push(inputs);
        }
        if batches.is_empty() {
            if let Some(labels) = &self.labels {
                labels.finish(&self.shown)?;
            }
            return Ok(None);
        }
        let read: usize = batches.iter().map(|inputs| rows_of(inputs)).sum();
        let labels = match &mut self.labels {
            Some(labels) => Some(labels.take(read, &self.shown)?.to_vec()),
            None => None,
        };
        let (runner, fixed) = (&self.runner, self.fixed);
        let found: Vec<Vec<Representation>> =
            batches.into_par_iter().map(|inputs| run_batch(runner, inputs, fixed)).collect::<Outcome<_>>()?;
        let mut blocks = Vec::with_capacity(self.sites.len());
        for ((at, arrangement), first_row) in self.places.iter().zip(&mut self.first_rows) {
            let values: Vec<f32> = found.iter().flat_map(|batch| batch[*at].values.iter().copied()).collect();
            let times = arrangement.rows_per_row;
            let masked = self.mask.as_ref().filter(|mask| mask.covers(arrangement));
            let (values, labels) = match masked {
                None => {
                    (arranged(arrangement, Numbers::F32(values)), labels.as_ref().map(|labels| repeated(labels, times)))
                }
                Some(mask) => {
                    let mask = mask.of_rows(from, read)?;
                    let mut kept = Vec::new();
                    arrangement.apply_masked(&values, mask, &mut kept);
                    let labels = labels.as_ref().map(|labels| {
                        let all = repeated(labels, times).into_iter().zip(mask);
                        all.filter(|(_, counts)| **counts).map(|(label, _)| label).collect()
                    });
                    (Numbers::F32(kept), labels)
                }
            };
            let block = SiteRows { values, units: arrangement.units, labels, first_row: *first_row };
            *first_row += block.rows() as u64;
            blocks.push(block);
        }
        Ok(Some(blocks))
    }
}

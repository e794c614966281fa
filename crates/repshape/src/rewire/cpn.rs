//! Comparable performance networks: a map that the activation does not let through, and an output layer fitted again.
//!
//! C18, section 3.2: the Q of a linear layer is folded into the layers beside a ReLU as if it were not there, which changes the
//! outputs; the output layer alone is then fine-tuned. The error comes out close to the old one, the
//! characteristics of the site anywhere (C18, Table 3).

use std::borrow::Cow;

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use rand::Rng;
use rayon::prelude::*;
use repshape_data::{Examples, Purpose, Train, Validation, sample, stream};
use repshape_stats::moments::ClassMoments;
use repshape_stats::rewire::{self, Affine, Layer, Site as Between};
use repshape_stats::{Block, Options, SampleSize, Selection, Sketch, SketchConfig, measure};

use super::apply::at;
use super::fine_tune::{Features, error, fine_tune};
use super::host::{device_of, layer, layers_at, linear, with_layers};
use super::proof::fits;
use super::{FineTune, Place, RewireNetworkError, check};
use crate::evaluate::BLOCK;
use crate::network::{Mlp, Network, Site};

/// Draws that are tried before the next report of progress: as many as threads may share.
const ROUND: usize = 8;

/// The network with `affine` at `site` as if the site's activation were not there, `z' = f((x W + b - m) Q^T)`, and the output
/// layer fine-tuned on `rows`.
///
/// The layers between the site and the output stay as they are, but for the fold into the next one: where the site is
/// not the last hidden one, what is fitted are the values of the last hidden layer. For whitening take Q and m from the
/// statistics of the site, behind the activation. The features are computed once: memory `4 rows units` bytes, twice.
///
/// # Errors
/// As [`apply`](super::apply) but for the activation's theorem; if the rows do not fit or lack labels of as many classes as the
/// network has outputs; or if a value on the way is not finite.
pub fn cpn(
    network: &Mlp,
    site: &str,
    affine: &Affine,
    rows: &Train,
    options: &FineTune,
) -> Result<Mlp, RewireNetworkError> {
    let place = check(network, site)?;
    let labels = labels_of(network, rows)?;
    let entering = entering(network, &place, rows);
    let folded = fold_as_if_linear(network, &place, affine)?;
    let features = features(&folded, &place, &entering);
    with_output(&folded, &fine_tune(&output_of(&folded)?, &Features { values: &features, labels }, options)?)
}

/// How [`cpn_search`] looks for the best map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchOptions {
    /// How each network is fitted first, on `first_rows` rows.
    pub first: FineTune,
    /// Rows of the first fit, drawn by the seed; all if there are fewer.
    pub first_rows: usize,
    /// How many of the best are fitted again, from the fold on and on all rows; at least 1.
    pub refined: usize,
    /// How they are fitted.
    pub refine: FineTune,
    /// Seed of the maps and of the rows.
    pub seed: u64,
}

impl Default for SearchOptions {
    /// Five epochs on 10,000 rows for all, 20 epochs on all rows for the best five.
    fn default() -> Self {
        Self {
            first: FineTune { epochs: 5, ..FineTune::default() },
            first_rows: 10_000,
            refined: 5,
            refine: FineTune::default(),
            seed: 0,
        }
    }
}

/// One map that was tried. All shares and correlations are over the held-out rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Draw {
    /// Its number, from 0.
    pub number: usize,
    /// Error after the first fit, as a fraction.
    pub error: f64,
    /// Error after the second fit, of the best.
    pub refined_error: Option<f64>,
    /// Mean absolute correlation of the units of the site over all rows; `None` if fewer than two units vary.
    pub correlation: Option<f64>,
    /// The same over the rows where both units are positive, as the papers measure behind a ReLU.
    pub correlation_positive: Option<f64>,
}

/// What a search found.
#[derive(Debug, Clone)]
pub struct CpnSearch {
    /// The network of the best map.
    pub network: Mlp,
    /// The best map.
    pub affine: Affine,
    /// Its number in `draws`.
    pub best: usize,
    /// All maps whose networks had finite values, in the order of their numbers.
    pub draws: Vec<Draw>,
    /// Error of the network that was given on the same held-out rows.
    pub error_before: f64,
    /// Number of rows that the errors are over.
    pub held_out_rows: usize,
}

impl CpnSearch {
    /// The map that was chosen.
    #[must_use]
    pub fn chosen(&self) -> Option<&Draw> {
        self.draws.iter().find(|draw| draw.number == self.best)
    }
}

/// The best of `draws` maps [`Affine::ones_with_random_diagonal`], by the error on held-out rows: those of `validation`, or where
/// there are none a fifth of the training rows, drawn by the seed and left out of every fit. There is no way for test rows to
/// come here.
///
/// All maps are fitted shortly and the best of them fully ([`SearchOptions`]); of equal errors the first counts. C18
/// "selected the one that resulted in a higher correlation while showing a comparable performance": every [`Draw`] has
/// its correlations beside its error, so that another choice can be made and repeated by [`cpn`] with [`draw_map`].
/// `progress` is told how many fits are done and how many there are. The same seed gives the same bits at any number of
/// threads.
///
/// # Errors
/// As [`cpn`]; if there are no draws, nothing is to be refined, or no rows are left to hold out; or if no draw gave finite values.
pub fn cpn_search(
    network: &Mlp,
    site: &str,
    draws: usize,
    train: &Train,
    validation: Option<&Validation>,
    options: &SearchOptions,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<CpnSearch, RewireNetworkError> {
    for (field, found) in [("draws", draws), ("refined", options.refined)] {
        if found == 0 {
            return Err(RewireNetworkError::Setting { field, found: "0".into(), expected: "at least 1" });
        }
    }
    options.first.check()?;
    options.refine.check()?;
    let place = check(network, site)?;
    let rows = Parts::new(network, &place, train, validation, options)?;
    let error_before = error(&output_of(network)?, &rows.held_out(&features(network, &place, &rows.held_out)));
    let total = draws + options.refined.min(draws);

    let mut tried = Vec::with_capacity(draws);
    let mut last = String::new();
    for round in (0..draws).collect::<Vec<_>>().chunks(ROUND) {
        for found in rows.fit_round(network, round, &rows.first, &options.first, options.seed) {
            match found {
                Ok((_, draw)) => tried.push(draw),
                Err(error) => last = error.to_string(),
            }
        }
        progress(round[round.len() - 1] + 1, total);
    }

    let mut order: Vec<(f64, usize)> = tried.iter().map(|draw| (draw.error, draw.number)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let chosen: Vec<usize> = order.into_iter().take(options.refined).map(|(_, number)| number).collect();
    let mut best: Option<(f64, usize, Mlp)> = None;
    let mut done = draws;
    for round in chosen.chunks(ROUND) {
        for found in rows.fit_round(network, round, &rows.fitted, &options.refine, options.seed) {
            match found {
                Ok((network, draw)) => {
                    tried
                        .iter_mut()
                        .filter(|of| of.number == draw.number)
                        .for_each(|of| of.refined_error = Some(draw.error));
                    let better = |(error, number, _): &(f64, usize, Mlp)| (draw.error, draw.number) < (*error, *number);
                    if best.as_ref().is_none_or(better) {
                        best = Some((draw.error, draw.number, network));
                    }
                }
                Err(error) => last = error.to_string(),
            }
        }
        done += round.len();
        progress(done, total);
    }
    let (_, best, network) = best.ok_or(RewireNetworkError::NoDraw { draws, last })?;
    let affine = draw_map(place.units, options.seed, best)?;
    Ok(CpnSearch { network, affine, best, draws: tried, error_before, held_out_rows: rows.held_out_labels.len() })
}

/// Map `number` of a search: [`Affine::ones_with_random_diagonal`] from the seed.
///
/// # Errors
/// If there are no units.
pub fn draw_map(units: usize, seed: u64, number: usize) -> Result<Affine, RewireNetworkError> {
    let mut rng = stream(seed, Purpose::Sample, FIRST_MAP + number as u64);
    Affine::ones_with_random_diagonal(units, &mut || rng.next_u64())
        .map_err(|source| RewireNetworkError::Site { site: "cpn".to_owned(), source })
}

/// Streams of a search: the rows held out, the rows of the first fit, then one for each map.
const HELD_OUT: u64 = 0;
const FIRST_ROWS: u64 = 1;
const FIRST_MAP: u64 = 2;

/// What enters the site's layer, row-major, and its width.
struct Entering<'a> {
    values: Cow<'a, [f32]>,
    columns: usize,
}

impl Entering<'_> {
    fn rows(&self, indices: &[usize]) -> Entering<'static> {
        let columns = self.columns;
        let values = indices.iter().flat_map(|row| &self.values[row * columns..(row + 1) * columns]).copied().collect();
        Entering { values: Cow::Owned(values), columns }
    }
}

/// Rows with their labels, as they enter the site's layer.
struct Labelled {
    entering: Entering<'static>,
    labels: Vec<u32>,
}

/// The rows of a search.
struct Parts<'a> {
    place: &'a Place,
    first: Labelled,
    fitted: Labelled,
    held_out: Entering<'static>,
    held_out_labels: Vec<u32>,
}

impl<'a> Parts<'a> {
    fn new(
        network: &Mlp,
        place: &'a Place,
        train: &Train,
        validation: Option<&Validation>,
        options: &SearchOptions,
    ) -> Result<Self, RewireNetworkError> {
        let labels = labels_of(network, train)?;
        let all = entering(network, place, train);
        let (fitted, held_out, held_out_labels) = match validation.filter(|rows| rows.rows() > 0) {
            Some(rows) => {
                let of_held_out = labels_of(network, rows)?.to_vec();
                let held_out = entering(network, place, rows);
                let held_out = Entering { values: Cow::Owned(held_out.values.into_owned()), ..held_out };
                ((0..labels.len()).collect::<Vec<usize>>(), held_out, of_held_out)
            }
            None => {
                let mut rng = stream(options.seed, Purpose::Sample, HELD_OUT);
                let out = sample(labels.len(), labels.len() / 5, &mut rng);
                let fitted = (0..labels.len()).filter(|row| out.binary_search(row).is_err()).collect();
                (fitted, all.rows(&out), out.iter().map(|&row| labels[row]).collect())
            }
        };
        if held_out_labels.is_empty() || fitted.is_empty() {
            return Err(RewireNetworkError::Setting {
                field: "training rows",
                found: labels.len().to_string(),
                expected: "at least 5 where there are no validation rows",
            });
        }
        let few = sample(fitted.len(), options.first_rows, &mut stream(options.seed, Purpose::Sample, FIRST_ROWS));
        let first: Vec<usize> = few.into_iter().map(|at| fitted[at]).collect();
        let labelled = |rows: &[usize]| Labelled {
            entering: all.rows(rows),
            labels: rows.iter().map(|&row| labels[row]).collect(),
        };
        Ok(Self { place, first: labelled(&first), fitted: labelled(&fitted), held_out, held_out_labels })
    }

    fn held_out<'f>(&'f self, values: &'f [f32]) -> Features<'f> {
        Features { values, labels: &self.held_out_labels }
    }

    /// Some maps side by side.
    fn fit_round(
        &self,
        network: &Mlp,
        numbers: &[usize],
        rows: &Labelled,
        options: &FineTune,
        seed: u64,
    ) -> Vec<Result<(Mlp, Draw), RewireNetworkError>> {
        let fit = |&number: &usize| {
            let affine = draw_map(self.place.units, seed, number)?;
            self.fit(network, &affine, number, rows, options)
        };
        numbers.par_iter().map(fit).collect()
    }

    /// The network of one map, fitted to `rows`, and what it does on the rows held out.
    fn fit(
        &self,
        network: &Mlp,
        affine: &Affine,
        number: usize,
        rows: &Labelled,
        options: &FineTune,
    ) -> Result<(Mlp, Draw), RewireNetworkError> {
        let folded = fold_as_if_linear(network, self.place, affine)?;
        let of_rows = features(&folded, self.place, &rows.entering);
        let fitted = fine_tune(&output_of(&folded)?, &Features { values: &of_rows, labels: &rows.labels }, options)?;
        let fitted = with_output(&folded, &fitted)?;
        let [at_site, entering_output] = values_at(&folded, self.place, &self.held_out);
        let (correlation, correlation_positive) = correlations(&at_site, self.place.units)?;
        let error = error(&output_of(&fitted)?, &self.held_out(&entering_output));
        Ok((fitted, Draw { number, error, refined_error: None, correlation, correlation_positive }))
    }
}

/// Theorem 1 where it does not hold.
fn fold_as_if_linear(network: &Mlp, place: &Place, affine: &Affine) -> Result<Mlp, RewireNetworkError> {
    let (mut writer, reader) = layers_at(network, place)?;
    let mut readers = [reader];
    rewire::fold(Between::Linear, &mut writer, &mut readers, affine).map_err(at(&place.after))?;
    with_layers(network, place, &writer, &readers[0])
}

fn output_of(network: &Mlp) -> Result<Layer, RewireNetworkError> {
    let name = &network.output_site.name;
    layer(&network.output).map_err(|source| RewireNetworkError::Layer { layer: name.clone(), source })
}

fn with_output(network: &Mlp, output: &Layer) -> Result<Mlp, RewireNetworkError> {
    let output = linear(output, &device_of(&network.output), &network.output_site.name)?;
    Ok(Mlp { output, ..network.clone() })
}

/// The labels of rows that fit the network.
fn labels_of<'r>(network: &Mlp, rows: &'r Examples) -> Result<&'r [u32], RewireNetworkError> {
    fits("rewired", network, rows)?;
    let outputs = network.output_site.units;
    match (rows.labels(), rows.classes()) {
        (Some(labels), Some(classes)) if classes == outputs => Ok(labels),
        (_, classes) => {
            let found = classes.map_or_else(|| "no labels".to_owned(), |classes| format!("{classes} classes"));
            Err(RewireNetworkError::Labels { outputs, found })
        }
    }
}

/// What enters the layer of a place: the same for every map, so computed once.
fn entering<'r>(network: &Mlp, place: &Place, rows: &'r Examples) -> Entering<'r> {
    let rows = Entering { values: Cow::Borrowed(rows.values()), columns: rows.columns() };
    match place.layer.checked_sub(1).map(|before| &network.layers[before].sites[1]) {
        None => rows,
        Some(before) => {
            let [values] = pass(network, &rows, [&before.name]);
            Entering { values: Cow::Owned(values), columns: before.units }
        }
    }
}

/// What enters the output layer.
fn features(network: &Mlp, place: &Place, entering: &Entering<'_>) -> Vec<f32> {
    let [_, features] = values_at(network, place, entering);
    features
}

/// The values at the place, behind its activation, and at the last hidden site.
fn values_at(network: &Mlp, place: &Place, entering: &Entering<'_>) -> [Vec<f32>; 2] {
    let tail = Mlp { layers: network.layers[place.layer..].to_vec(), ..network.clone() };
    let last = tail.layers.last().map_or(&place.after, |layer| &layer.sites[1].name).clone();
    pass(&tail, entering, [&place.after, &last])
}

/// The values at sites of which the last comes last, block by block.
fn pass<const N: usize>(network: &Mlp, entering: &Entering<'_>, sites: [&String; N]) -> [Vec<f32>; N] {
    let network = network.valid();
    let device = device_of(&network.output);
    let mut found = [(); N].map(|()| Vec::new());
    for block in entering.values.chunks(BLOCK * entering.columns.max(1)) {
        let shape = [block.len() / entering.columns.max(1), entering.columns];
        let input = Tensor::<2>::from_data(TensorData::new(block.to_vec(), shape), &device);
        let mut read = |site: &Site, z: Tensor<2>| {
            for (name, found) in sites.iter().zip(&mut found) {
                if **name == site.name {
                    found.extend_from_slice(z.clone().into_data().as_slice::<f32>().unwrap_or_default());
                }
            }
            z
        };
        network.forward_to(sites[N - 1], input, &mut read);
    }
    found
}

/// Mean absolute correlations, over all rows and positive-only.
fn correlations(values: &[f32], units: usize) -> Result<(Option<f64>, Option<f64>), RewireNetworkError> {
    let names = ["correlation", "correlation_positive"];
    let selection = Selection::only(names, Options::default())?;
    let config =
        SketchConfig { class_moments: ClassMoments::Off, sample: SampleSize::AtMost(1), ..SketchConfig::new(units) };
    let mut sketch = Sketch::new(&config)?;
    sketch.update(&Block::new(values, units)?)?;
    let found = measure(&sketch, &selection);
    Ok((found.get(names[0]), found.get(names[1])))
}

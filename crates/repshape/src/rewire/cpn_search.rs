//! The best of many random maps for a comparable performance network.

use std::borrow::Cow;

use rand::Rng;
use rayon::prelude::*;
use repshape_data::{Purpose, Train, Validation, sample, stream};
use repshape_stats::moments::ClassMoments;
use repshape_stats::rewire::Affine;
use repshape_stats::{Block, Options, SampleSize, Selection, Sketch, SketchConfig, measure};

use super::cpn::{fold_as_if_linear, labels_of, output_of, with_output};
use super::features::{Entering, entering, features, values_at};
use super::fine_tune::{Features, error, fine_tune};
use super::{FineTune, Place, RewireNetworkError, check};
use crate::network::Mlp;

/// Draws that are tried before the next report of progress: as many as threads may share.
const ROUND: usize = 8;

/// Streams of a search: the rows held out, the rows of the first fit, then one for each map.
const HELD_OUT: u64 = 0;
const FIRST_ROWS: u64 = 1;
const FIRST_MAP: u64 = 2;

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
    /// Its [`number`](Draw::number).
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
/// its correlations beside its error, so that another choice can be made and repeated by [`cpn`](super::cpn) with [`draw_map`].
/// `progress` is told how many fits are done and how many there are. The same seed gives the same bits at any number of
/// threads.
///
/// # Errors
/// As [`cpn`](super::cpn); if there are no draws, nothing is to be refined, or no rows are left to hold out; or if no draw gave finite values.
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

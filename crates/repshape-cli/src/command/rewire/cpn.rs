//! Comparable networks: a map that the activation does not let through, and an output layer trained anew.

use repshape::burn::tensor::Device;
use repshape::evaluate::evaluate;
use repshape::network::Mlp;
use repshape::rewire::{FineTune, SearchOptions, cpn, cpn_search, statistics};
use serde::Serialize;

use super::network::{Chosen, Network};
use super::{Change, Job, map};
use crate::cli::How;
use crate::failure::{Failure, Outcome};
use crate::progress::Progress;
use crate::training::Setup;

/// What became of the task.
#[derive(Debug, Clone, Serialize)]
pub struct Comparable {
    /// Test error of the network that was given.
    pub error_before: f64,
    /// Test error of the new one.
    pub error_after: f64,
    /// Random matrices that were tried.
    pub draws: Vec<Tried>,
    /// The one that was taken.
    pub chosen: Option<usize>,
}

/// A random matrix that was tried. Both numbers are over rows held out from the training.
#[derive(Debug, Clone, Serialize)]
pub struct Tried {
    pub number: usize,
    pub error: f64,
    /// After the long fit that the best of them get.
    pub refined_error: Option<f64>,
    /// Mean absolute correlation over rows where both units are positive.
    pub correlation_positive: Option<f64>,
}

impl Comparable {
    /// In one line.
    pub fn in_words(&self) -> String {
        let tried = match self.draws.len() {
            0 => String::new(),
            draws => format!("; best of {draws} random matrices by error on held-out rows"),
        };
        format!(
            "test error {:.2} % -> {:.2} %, the output layer fitted again{tried}",
            100.0 * self.error_before,
            100.0 * self.error_after
        )
    }
}

/// Makes the network at a site comparable.
pub fn change(job: &Job<'_>, network: &mut Network, chosen: &Chosen) -> Outcome<(Change, Comparable)> {
    let Network::Run { network, folder } = network else {
        return Err(Failure::usage(format!("--by {}: expected a run folder", job.how)));
    };
    let (_, tuning, test) = folder.load()?;
    let objective = Setup::new(&folder.spec, &tuning.train, &Device::flex())?.objective;
    let seed = job.global.seed.unwrap_or(0);
    let site = &chosen.carries;
    let mut found = Comparable { error_before: 0.0, error_after: 0.0, draws: Vec::new(), chosen: None };
    let (made, fitted) = match job.how {
        How::CpnOnes => {
            let progress = Progress::new(job.global, "fits", job.args.draws as u64, 0);
            let options = SearchOptions { seed, ..SearchOptions::default() };
            let validation = Some(&tuning.validation);
            let searched =
                cpn_search(network, site, job.args.draws, &tuning.train, validation, &options, &mut |done, total| {
                    progress.set(done as u64, total as u64);
                });
            progress.finish();
            let searched = searched?;
            found.chosen = Some(searched.best);
            found.draws = searched
                .draws
                .into_iter()
                .map(|draw| Tried {
                    number: draw.number,
                    error: draw.error,
                    refined_error: draw.refined_error,
                    correlation_positive: draw.correlation_positive,
                })
                .collect();
            (map::Made { rank: None, affine: searched.affine }, searched.network)
        }
        how => {
            // of what enters the activation, as if there were none (C18, section 3.2)
            let entering = [format!("{site}.pre")];
            let statistics = statistics(network, &tuning.train, &entering, &Device::flex())?;
            let Some(made) = map::of(how, chosen.units, statistics.first(), seed, chosen.number)? else {
                return Err(Failure::usage(format!("--by {how}: makes no comparable network")));
            };
            let fitted = cpn(network, site, &made.affine, &tuning.train, &FineTune { seed, ..FineTune::default() })?;
            (made, fitted)
        }
    };
    let error = |network: &Mlp| {
        let scores = evaluate(network, &test, &objective, &Device::flex());
        scores.error.ok_or_else(|| Failure::usage(format!("--by {}: the run has no classes to tell apart", job.how)))
    };
    (found.error_before, found.error_after) = (error(network)?, error(&fitted)?);
    let change = Change {
        chosen: chosen.clone(),
        now: chosen.name.clone(),
        condition: Some(made.affine.condition()),
        rank: made.rank,
        plan: None,
    };
    *network = fitted;
    Ok((change, found))
}

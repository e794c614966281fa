//! Comparable networks: a map that the activation does not let through, and an output layer trained anew.

use repshape::burn::tensor::Device;
use repshape::evaluate::evaluate;
use repshape::network::Mlp;
use repshape::rewire::Draw;
use serde::Serialize;

use super::job::{Change, Job};
use super::network::{Chosen, Network};
use crate::failure::{Failure, Outcome};
use crate::progress::Progress;
use crate::rewiring;
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
    let progress = Progress::when_long(job.global, "fits", job.args.draws as u64);
    let mut told = |done: usize, total: usize| progress.set(done as u64, total as u64);
    let seed = job.global.seed.unwrap_or(0);
    let found = rewiring::comparable(job.how, network, &chosen.carries, &tuning, seed, job.args.draws, &mut told);
    progress.finish();
    let found = found?;
    let error = |network: &Mlp| {
        let scores = evaluate(network, &test, &objective, &Device::flex());
        scores.error.ok_or_else(|| Failure::usage(format!("--by {}: the run has no classes to tell apart", job.how)))
    };
    let tried = |draw: &Draw| Tried {
        number: draw.number,
        error: draw.error,
        refined_error: draw.refined_error,
        correlation_positive: draw.correlation_positive,
    };
    let comparable = Comparable {
        error_before: error(network)?,
        error_after: error(&found.network)?,
        draws: found.draws.iter().map(tried).collect(),
        chosen: found.chosen,
    };
    let change = Change {
        chosen: chosen.clone(),
        now: chosen.name.clone(),
        condition: Some(found.made.affine.condition()),
        rank: found.made.rank,
        plan: None,
    };
    *network = found.network;
    Ok((change, comparable))
}

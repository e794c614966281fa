//! The change of representation that a site is given, and comparable networks: for `rewire` and for studies alike.

use rand::Rng;
use repshape::burn::tensor::Device;
use repshape::network::Mlp;
use repshape::rewire::{
    self, Affine, CompactOptions, Cutoff, Draw, FineTune, SearchOptions, SiteStatistics, cpn, cpn_search,
};
use repshape_data::{Purpose, Tuning, read_matrix, stream};

use crate::cli::How;
use crate::failure::{Failure, Outcome};

/// Eigenvalues up to this share of the largest are read as 0: activations computed in single precision have noise of about 1e-14.
pub const CUTOFF: Cutoff = Cutoff::Share(1e-12);

/// The smallest factor that a random scale draws.
const SMALLEST_SCALE: f64 = 0.01;

/// A change of representation, and what it was made of.
pub struct Made {
    pub affine: Affine,
    /// Directions in the range of the covariance, where it was read.
    pub rank: Option<usize>,
}

/// The map of a site of `units` units; `number` says which of the network's sites it is, for the random ones.
pub fn of(
    how: &How,
    units: usize,
    statistics: Option<&SiteStatistics>,
    seed: u64,
    number: u64,
) -> Outcome<Option<Made>> {
    let mut random = stream(seed, Purpose::Sample, number);
    let mut draw = || random.next_u64();
    let plain = |affine| Made { affine, rank: None };
    let fitted = |made: repshape_stats::rewire::Fitted| Made { affine: made.affine, rank: Some(made.rank) };
    let known =
        || statistics.ok_or_else(|| Failure::usage(format!("--by {how} reads the covariance: expected --data")));
    Ok(Some(match how {
        How::Whiten | How::CpnWhitening => fitted(Affine::whiten(known()?, CUTOFF)?),
        How::Pca => fitted(Affine::pca(known()?, CUTOFF)?),
        How::Cholesky => fitted(Affine::cholesky(known()?, CUTOFF)?),
        How::Rotate => fitted(Affine::rotate(known()?, CUTOFF)?),
        How::Target(path) => {
            let target = read_matrix(path)?;
            let shown = path.display();
            if (target.rows, target.units) != (units, units) {
                return Err(Failure::usage(format!(
                    "{shown}: is {} x {}, but the site has {units} units; expected a {units} x {units} covariance",
                    target.rows, target.units
                )));
            }
            let made = Affine::target(known()?, target.values, CUTOFF);
            fitted(made.map_err(|error| Failure::usage(format!("{shown}: {error}")))?)
        }
        How::RandomOrthogonal => plain(Affine::random_orthogonal(units, &mut draw)?),
        How::Scale => plain(Affine::random_scale(units, SMALLEST_SCALE, 1.0, &mut draw)?),
        How::Permute => plain(Affine::random_permutation(units, &mut draw)?),
        How::Compact | How::Equalize | How::CpnOnes => return Ok(None),
    }))
}

/// A network of about the same error, and what it was made with.
pub struct Comparable {
    pub network: Mlp,
    pub made: Made,
    /// The random matrices that were tried, where there was a choice.
    pub draws: Vec<Draw>,
    /// The number of the one that was taken.
    pub chosen: Option<usize>,
}

/// A comparable network at the site behind an activation; `draws` says how many random matrices are tried, and `progress` is told
/// how many of how many fits are done.
pub fn comparable(
    how: &How,
    network: &Mlp,
    site: &str,
    tuning: &Tuning,
    seed: u64,
    draws: usize,
    progress: &mut dyn FnMut(usize, usize),
) -> Outcome<Comparable> {
    if *how == How::CpnOnes {
        let options = SearchOptions { seed, ..SearchOptions::default() };
        let found = cpn_search(network, site, draws, &tuning.train, Some(&tuning.validation), &options, progress)?;
        let made = Made { affine: found.affine, rank: None };
        return Ok(Comparable { network: found.network, made, draws: found.draws, chosen: Some(found.best) });
    }
    // of what enters the activation, as if there were none (C18, section 3.2)
    let place = rewire::check(network, site)?;
    let statistics = rewire::statistics(network, &tuning.train, &[place.before], &Device::flex())?;
    let Some(made) = of(how, place.units, statistics.first(), seed, 0)? else {
        return Err(Failure::usage(format!("--by {how}: makes no comparable network")));
    };
    let network = cpn(network, site, &made.affine, &tuning.train, &FineTune { seed, ..FineTune::default() })?;
    Ok(Comparable { network, made, draws: Vec::new(), chosen: None })
}

/// Random matrices that are tried unless told otherwise, as in C18.
pub const DRAWS: usize = 100;

/// A network rewired at a site, statistics over its training rows where they are read: what a study does with a trained one.
pub fn rewired(how: &How, network: &Mlp, site: &str, tuning: &Tuning, seed: u64) -> Outcome<Mlp> {
    if how.is_comparable_only() {
        return Ok(comparable(how, network, site, tuning, seed, DRAWS, &mut |_, _| ())?.network);
    }
    let place = rewire::check(network, site)?;
    let statistics = if how.reads_covariance() || *how == How::Compact {
        rewire::statistics(network, &tuning.train, &[place.after], &Device::flex())?
    } else {
        Vec::new()
    };
    match how {
        How::Compact => {
            let options = CompactOptions { cutoff: CUTOFF, ..CompactOptions::default() };
            Ok(rewire::compact(network, site, statistics.first(), &options)?.0)
        }
        How::Equalize => Ok(rewire::equalize(network, site)?.0),
        how => match of(how, place.units, statistics.first(), seed, 0)? {
            Some(made) => Ok(rewire::apply(network, site, &made.affine)?),
            None => Ok(network.clone()),
        },
    }
}

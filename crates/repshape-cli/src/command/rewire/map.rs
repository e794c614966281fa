//! The change of representation that a site is given.

use rand::Rng;
use repshape::rewire::{Affine, Cutoff, SiteStatistics};
use repshape_data::{Purpose, read_matrix, stream};

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

//! Why a network cannot be rewired in the way that was asked for.

use super::{Kind, Site};

/// Why a change of representation was refused. Every message says what was found and what would do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RewireError {
    /// Theorem 2: the activation lets only a positive diagonal times a permutation through.
    #[error(
        "{kind} cannot pass {site}: only a positive diagonal, a permutation, or both together leave the outputs as they \
         are (theorem 2); choose scale, permute or equalize, or a site whose layer is linear"
    )]
    NotHomogeneous {
        /// The site.
        site: Site,
        /// What the matrix is.
        kind: Kind,
    },
    /// Theorem 2: the mean cannot be taken out behind an activation.
    #[error("unit {unit}: the shift of {shift} cannot pass {site}: it must be 0 there (theorem 2)")]
    ShiftAtActivation {
        /// The site.
        site: Site,
        /// The first unit with a shift.
        unit: usize,
        /// Its shift.
        shift: f64,
    },
    /// A kernel that pads with zeros sees 0, not the shift, beyond the border.
    #[error(
        "unit {unit}: a convolution that pads its input with zeros cannot take up the shift of {shift}: it must be 0 there"
    )]
    ShiftAtPadding {
        /// The first unit with a shift.
        unit: usize,
        /// Its shift.
        shift: f64,
    },
    /// A grouped convolution cannot mix channels of different groups.
    #[error("{kind} cannot be folded into a convolution of {groups} groups: only a positive diagonal can")]
    Grouped {
        /// What the matrix is.
        kind: Kind,
        /// Number of groups of the convolution.
        groups: usize,
    },
    /// Two parts do not have the same number of units.
    #[error("{what} has {found} units where {expected} are expected")]
    Units {
        /// Which part.
        what: &'static str,
        /// Units that it should have.
        expected: usize,
        /// Units that it has.
        found: usize,
    },
    /// A slice has another length than its shape says.
    #[error("{what}: {found} values where {expected} are expected")]
    Length {
        /// Which values.
        what: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A value is NaN or infinite.
    #[error("{what}, value {index}: {value} is not a finite number")]
    NonFinite {
        /// Which values.
        what: &'static str,
        /// Index, from 0.
        index: usize,
        /// What was found.
        value: f64,
    },
    /// A matrix has no inverse.
    #[error(
        "the matrix is singular to working precision (smallest over largest singular value {quotient:e}): it has no inverse"
    )]
    Singular {
        /// Smallest over largest singular value.
        quotient: f64,
    },
    /// A scale is not above 0.
    #[error("unit {unit}: the scale {found} is not a positive number")]
    Scale {
        /// Index of the unit.
        unit: usize,
        /// What was found.
        found: f64,
    },
    /// An order names a unit twice, or one that does not exist.
    #[error("position {position} of the order names unit {found}: each of 0 to {last} must be named once")]
    Order {
        /// Place in the order.
        position: usize,
        /// What it says.
        found: usize,
        /// The last unit.
        last: usize,
    },
    /// A target covariance has another rank than the site's.
    #[error(
        "the target covariance has rank {target} and the site's covariance rank {site}: an affine map keeps the rank"
    )]
    Rank {
        /// Rank of the site's covariance.
        site: usize,
        /// Rank of the target.
        target: usize,
    },
    /// A covariance is not symmetric.
    #[error("{what}: {above} at ({row}, {column}) and {below} at ({column}, {row}): it must be symmetric")]
    Asymmetric {
        /// Which matrix.
        what: &'static str,
        /// Row of the first such entry.
        row: usize,
        /// Its column.
        column: usize,
        /// The entry.
        above: f64,
        /// Its mirror image.
        below: f64,
    },
    /// A covariance has a negative eigenvalue.
    #[error("{what} has the eigenvalue {eigenvalue:e}: a covariance has none below 0")]
    Indefinite {
        /// Which matrix.
        what: &'static str,
        /// The smallest eigenvalue.
        eigenvalue: f64,
    },
    /// No statistics: no rows were seen.
    #[error("no rows were seen at the site: its mean and covariance need at least one")]
    NoRows,
    /// The covariances of pairs of units were not kept.
    #[error("the covariances of the pairs of units were not kept at this site, and {needs} needs them")]
    NoCovariance {
        /// What asked for them.
        needs: &'static str,
    },
    /// A site without a layer before or after it.
    #[error("the site has no {missing}: at least one is needed")]
    NoLayers {
        /// `writer` or `reader`.
        missing: &'static str,
    },
    /// A setting that cannot be.
    #[error("{field} is {found}; expected {expected}")]
    Setting {
        /// Its name.
        field: &'static str,
        /// What was found.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
}

/// Refuses the first value that is not finite.
pub(super) fn finite(what: &'static str, values: &[f64]) -> Result<(), RewireError> {
    match values.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(index) => Err(RewireError::NonFinite { what, index, value: values[index] }),
    }
}

pub(super) fn length(what: &'static str, expected: usize, found: usize) -> Result<(), RewireError> {
    if expected == found { Ok(()) } else { Err(RewireError::Length { what, expected, found }) }
}

pub(super) fn units(what: &'static str, expected: usize, found: usize) -> Result<(), RewireError> {
    if expected == found { Ok(()) } else { Err(RewireError::Units { what, expected, found }) }
}

//! The table of all measures.

use super::{Reading, Value};
use super::{
    amplitude, collapse, correlation, covariance, dead_units, dimension, disentangled, information, over, power_law,
    rank, sparsity, variance,
};
use crate::StatsError;
use crate::moments::ClassMoments;

/// One measure: its name, what it is, what holds for it, and how it is read.
#[derive(Debug, Clone, Copy)]
pub struct MeasureRow {
    /// The name in JSON and on the command line.
    pub name: &'static str,
    /// The definition in one line.
    pub definition: &'static str,
    /// Where it is defined.
    pub source: &'static str,
    /// Which values it can have.
    pub range: Range,
    /// What happens when every activation is multiplied by the same number above 0.
    pub scaling: Scaling,
    /// What it needs beyond the moments of all rows.
    pub needs: Needs,
    /// How tables print it.
    pub format: Format,
    /// Its value; `None` where it is undefined.
    pub read: fn(&Reading<'_>) -> Option<Value>,
    /// At most one function that says what it left out, and what its value cannot say.
    pub notes: &'static [fn(&Reading<'_>) -> Vec<String>],
}

/// From `low` to `high`, both included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The smallest value.
    pub low: f64,
    /// The largest value.
    pub high: High,
}

/// The largest value of a measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum High {
    /// None.
    Unbounded,
    /// This number.
    Is(f64),
    /// The number of units.
    Units,
    /// `ln N`, N the number of sampled rows.
    LnRows,
    /// `ln K`, K the number of classes.
    LnClasses,
}

/// What happens to a measure under `z -> a z`, `a > 0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scaling {
    /// It is multiplied by a to this power.
    Power(i32),
    /// It stays if the noise variance is multiplied by the square of a.
    WithNoise,
    /// It stays if the biases of the head, and class means that are given, are multiplied by a.
    WithHead,
}

/// What a measure needs beyond the moments of all rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// Labels.
    pub labels: bool,
    /// The sample of rows.
    pub rows: bool,
    /// A loop over all pairs of the sampled rows.
    pub pairs_of_rows: bool,
    /// The mutual information of the sampled rows.
    pub information: bool,
    /// The moments of the pairs of units.
    pub pairs_of_units: bool,
    /// The linear layer that follows ([`Options::head`](super::Options::head)).
    pub head: bool,
    /// The class means of the training rows, where they are at hand ([`Options::class_means`](super::Options::class_means)).
    pub class_means: bool,
    /// The positive-only moments of the pairs of units.
    pub positive_pairs: bool,
    /// What is kept of each class.
    pub class_moments: ClassMoments,
}

/// How a measure is printed in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A number with significant digits.
    Real,
    /// A share, as a percentage.
    Share,
    /// An integer.
    Count,
    /// A number of nats.
    Nats,
}

const MOMENTS: Needs = Needs {
    labels: false,
    rows: false,
    pairs_of_rows: false,
    information: false,
    pairs_of_units: false,
    head: false,
    class_means: false,
    positive_pairs: false,
    class_moments: ClassMoments::Off,
};
const PAIRS_OF_UNITS: Needs = Needs { pairs_of_units: true, ..MOMENTS };
const POSITIVE_PAIRS: Needs = Needs { positive_pairs: true, ..PAIRS_OF_UNITS };
const CLASSES: Needs = Needs { labels: true, class_moments: ClassMoments::Diagonal, ..MOMENTS };
const POOLED: Needs = Needs { class_moments: ClassMoments::Pooled, pairs_of_units: true, ..CLASSES };
const CLASS_PAIRS: Needs = Needs { class_moments: ClassMoments::Full, ..POOLED };
const HEAD: Needs = Needs { head: true, ..CLASSES };
const HEAD_AND_ROWS: Needs = Needs { rows: true, class_means: true, ..HEAD };
const PAIRS_OF_ROWS: Needs = Needs { rows: true, pairs_of_rows: true, ..MOMENTS };
const INFORMATION: Needs = Needs { information: true, ..PAIRS_OF_ROWS };
const LABELLED_INFORMATION: Needs = Needs { labels: true, ..INFORMATION };

const fn range(low: f64, high: High) -> Range {
    Range { low, high }
}

macro_rules! catalog {
    ($($name:literal: $definition:literal, $source:literal, $range:expr, $scaling:expr, $needs:expr, $format:ident, $read:path $(, $notes:path)?;)*) => {
        &[$(MeasureRow {
            name: $name, definition: $definition, source: $source, range: $range, scaling: $scaling,
            needs: $needs, format: Format::$format, read: $read, notes: &[$($notes)?],
        }),*]
    };
}

use High::{Is, LnClasses, LnRows, Unbounded, Units};
use Scaling::{Power, WithHead, WithNoise};

/// Every measure, in the order of the JSON object. "Over positive rows" means: a moment of a unit over the rows
/// where it is above 0, one of a pair over the rows where both are.
pub const CATALOG: &[MeasureRow] = catalog! {
    "amplitude": "mean of |z| over all entries",
        "C18 Table 1", range(0.0, Unbounded), Power(1), MOMENTS, Real, amplitude::all;
    "covariance": "mean of |c_ij| over the pairs of units",
        "C18 Table 1", range(0.0, Unbounded), Power(2), PAIRS_OF_UNITS, Real, covariance::all;
    "correlation": "mean of |rho_ij| over the pairs of units that vary",
        "C18 Table 1", range(0.0, Is(1.0)), Power(0), PAIRS_OF_UNITS, Real, correlation::all, correlation::notes;
    "variance": "mean of the units' variances",
        "C19 Table 5", range(0.0, Unbounded), Power(2), MOMENTS, Real, variance::all;
    "sparsity": "share of the entries that are 0",
        "C18 Table 1", range(0.0, Is(1.0)), Power(0), MOMENTS, Share, sparsity::sparsity;
    "dead_units": "share of the units that are 0 for every row",
        "C18 Table 1", range(0.0, Is(1.0)), Power(0), MOMENTS, Share, dead_units::dead_units;
    "amplitude_positive": "mean of z over the positive entries",
        "C18 Table 1", range(0.0, Unbounded), Power(1), MOMENTS, Real, amplitude::positive;
    "covariance_positive": "covariance over positive rows",
        "C18 Table 1", range(0.0, Unbounded), Power(2), POSITIVE_PAIRS, Real, covariance::positive;
    "correlation_positive": "correlation over positive rows",
        "C18 Table 1", range(0.0, Is(1.0)), Power(0), POSITIVE_PAIRS, Real, correlation::positive;
    "variance_positive": "variance over positive rows",
        "C19 Table 5", range(0.0, Unbounded), Power(2), MOMENTS, Real, variance::positive;
    "class_wise_correlation": "mean over the classes of the correlation inside the class",
        "C19 Table 5", range(0.0, Is(1.0)), Power(0), CLASS_PAIRS, Real, correlation::class_wise, over::notes;
    "class_wise_variance": "mean over the classes of the variance inside the class",
        "C19 Table 5", range(0.0, Unbounded), Power(2), CLASSES, Real, variance::class_wise, over::notes;
    // the variance of values in [0, 10] is at most 25
    "normalized_class_wise_variance": "class-wise variance with each unit mapped to [0, 10]",
        "C19 Table 5", range(0.0, Is(25.0)), Power(0), CLASSES, Real, variance::normalized_class_wise, over::notes;
    "class_wise_covariance": "mean over the classes of the covariance inside the class",
        "C19 Table 5", range(0.0, Unbounded), Power(2), CLASS_PAIRS, Real, covariance::class_wise, over::notes;
    "stable_rank_covariance": "sum l^2 / max l^2 over the eigenvalues l of C",
        "C18 Table 1", range(1.0, Units), Power(0), PAIRS_OF_UNITS, Real, rank::stable_rank_of_covariance;
    "stable_rank": "norm_F(Z)^2 / norm_2(Z)^2, not centred",
        "C18 eq. 7", range(1.0, Units), Power(0), PAIRS_OF_UNITS, Real, rank::stable_rank_of_rows;
    "rank": "number of eigenvalues of C above units * 2^-52 of the largest",
        "Golub & Van Loan, 5.4", range(0.0, Units), Power(0), PAIRS_OF_UNITS, Count, rank::rank;
    "effective_rank": "exp of the entropy of l / sum l",
        "Roy & Vetterli 2007", range(1.0, Units), Power(0), PAIRS_OF_UNITS, Real, rank::effective_rank;
    "participation_ratio": "(sum l)^2 / sum l^2",
        "Gao et al. 2017", range(1.0, Units), Power(0), PAIRS_OF_UNITS, Real, rank::participation_ratio;
    "mapc": "mean absolute pairwise correlation: correlation under K17's name",
        "K17 3.1", range(0.0, Is(1.0)), Power(0), PAIRS_OF_UNITS, Real, correlation::all, correlation::notes;
    "cvr": "sum of |c_ij| over all i, j / trace of C",
        "K17 3.1", range(1.0, Units), Power(0), PAIRS_OF_UNITS, Real, disentangled::cvr;
    "tdv": "share of the total variance in the d units of largest variance",
        "K17 3.1", range(0.0, Is(1.0)), Power(0), MOMENTS, Share, disentangled::tdv;
    "ud90": "smallest number of units with 90 % of the total variance",
        "K17 3.1", range(1.0, Units), Power(0), MOMENTS, Count, disentangled::ud90;
    "mi_x_lower": "lower bound of I(z;x) under Gaussian noise on z",
        "C18 sec. 5; Kolchinsky & Tracey 2017", range(0.0, LnRows), WithNoise, INFORMATION, Nats, information::x_lower, information::notes;
    "mi_x_upper": "upper bound of I(z;x) under Gaussian noise on z",
        "C18 sec. 5; Kolchinsky & Tracey 2017", range(0.0, LnRows), WithNoise, INFORMATION, Nats, information::x_upper, information::notes;
    // differences of two bounds: estimates, which may fall below 0
    "mi_y_lower": "estimate of I(z;y) from the lower bounds of its entropies",
        "C18 sec. 5; Kolchinsky & Tracey 2017", range(f64::NEG_INFINITY, LnClasses), WithNoise, LABELLED_INFORMATION, Nats, information::y_lower, information::notes;
    "mi_y_upper": "estimate of I(z;y) from the upper bounds of its entropies",
        "C18 sec. 5; Kolchinsky & Tracey 2017", range(f64::NEG_INFINITY, LnClasses), WithNoise, LABELLED_INFORMATION, Nats, information::y_upper, information::notes;
    "nc1": "tr(S_W pinv(S_B)) / K, the within-class and between-class covariance",
        "Papyan et al. 2020; Tirer et al. 2023", range(0.0, Unbounded), Power(0), POOLED, Real, collapse::nc1, collapse::notes;
    "nc1_quotient": "tr S_W / tr S_B",
        "Tirer et al. 2023", range(0.0, Unbounded), Power(0), CLASSES, Real, collapse::quotient, collapse::notes;
    "cdnv": "mean over the pairs of classes of their mean variance over the squared distance of their means",
        "Galanti et al. 2021", range(0.0, Unbounded), Power(0), CLASSES, Real, collapse::cdnv, collapse::cdnv_notes;
    "nc2_equinorm": "sd / mean of the norms of the centred class means",
        "Papyan et al. 2020", range(0.0, Unbounded), Power(0), CLASSES, Real, collapse::equinorm, collapse::notes;
    "nc2_equiangular": "mean of |cos + 1/(K-1)| over the pairs of centred class means",
        "Papyan et al. 2020", range(0.0, Is(2.0)), Power(0), CLASSES, Real, collapse::equiangular, collapse::equiangular_notes;
    "nc2_etf_error": "distance of Mc Mc^T from a simplex, both over their norms, Mc the centred class means",
        "Kothapalli 2023", range(0.0, Is(collapse::ETF_ERROR)), Power(0), CLASSES, Real, collapse::etf_error, collapse::notes;
    "nc3_duality": "the same of W Mc^T, W the weights of the next layer",
        "Kothapalli 2023", range(0.0, Is(2.0)), Power(0), HEAD, Real, collapse::duality, collapse::duality_notes;
    "nc4_disagreement": "share of the rows whose nearest class mean is not the prediction of the next layer",
        "Papyan et al. 2020", range(0.0, Is(1.0)), WithHead, HEAD_AND_ROWS, Share, collapse::disagreement, collapse::disagreement_notes;
    // 1e-7 beside each p may carry it past both ends
    "rankme": "exp of the entropy of p = s / sum s + 1e-7, s the singular values of Z, not centred",
        "Garrido et al. 2023", range(0.0, Unbounded), Power(0), PAIRS_OF_UNITS, Real, rank::rankme;
    "alpha_req": "decay of the eigenvalues of C, l_i ~ i^-alpha, fitted from i = 11 to min(100, rank)",
        "Agrawal et al. 2022", range(0.0, Unbounded), Power(0), PAIRS_OF_UNITS, Real, power_law::alpha_req, power_law::notes;
    "intrinsic_dimension": "TwoNN: from the ratios of each row's distances to its two nearest rows",
        "Facco et al. 2017", range(0.0, Unbounded), Power(0), PAIRS_OF_ROWS, Real, dimension::two_nn, dimension::notes;
};

/// The row of this name.
///
/// # Errors
/// If there is none; the error says the nearest name.
pub fn find(name: &str) -> Result<&'static MeasureRow, StatsError> {
    position(name).map(|at| &CATALOG[at])
}

/// The place of this name in the catalog.
pub(super) fn position(name: &str) -> Result<usize, StatsError> {
    CATALOG.iter().position(|row| row.name == name).ok_or_else(|| {
        let similarity = |row: &MeasureRow| strsim::jaro_winkler(name, row.name);
        let nearest = CATALOG.iter().max_by(|a, b| similarity(a).total_cmp(&similarity(b))).map_or("", |row| row.name);
        StatsError::UnknownMeasure { name: name.to_owned(), nearest }
    })
}

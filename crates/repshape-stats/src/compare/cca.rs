//! Canonical correlations, and the three ways to average them.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

use super::Pairing;
use super::pairing::Scaled;
use super::svd::singular;
use crate::spectrum;

/// Directions with less than this share of the largest eigenvalue are taken for rounding and left out: of activations in
/// single precision, rounding alone gives about 1e-14. The whitening of a direction magnifies errors by the
/// inverse of its share.
pub const CCA_CUTOFF: f64 = 1e-10;

/// Canonical correlations of two sides.
#[derive(Debug)]
pub(super) struct Canonical {
    /// Largest first, as many as the smaller of the two ranks.
    pub(super) correlations: Vec<f64>,
    /// Ranks of the two sides.
    pub(super) ranks: (usize, usize),
    /// For each canonical variate of A, of unit length, the sum over the units of A of its absolute product with them.
    weights: Vec<f64>,
}

/// Mean canonical correlation, over `min(rank_A, rank_B)` (Raghu et al. 2017; Kornblith et al. 2019, section 3).
pub(super) fn cca_mean(pairing: &Pairing<'_>) -> Option<f64> {
    mean(&pairing.canonical()?.correlations)
}

/// Mean canonical correlation of the principal directions that hold the share `svcca_variance` of the variance of each
/// side: the fewest of them, largest first (Raghu et al. 2017, section 2.1).
pub(super) fn svcca(pairing: &Pairing<'_>) -> Option<f64> {
    let scaled = pairing.scaled()?;
    let keep = |matrix: &[f64], units: usize| Basis::principal(matrix, units, pairing.options().svcca_variance);
    let (a, b) = (keep(&scaled.aa, scaled.units_a), keep(&scaled.bb, scaled.units_b));
    mean(&canonical(scaled, &a, &b).correlations)
}

/// `sum_i alpha_i rho_i / sum_i alpha_i`, `alpha_i = sum_j |<h_i, x_j>|` with `h_i` the canonical variates of A and `x_j` the
/// centred units of A (Morcos et al. 2018, equations 2 and 3). Not symmetric: the weights are A's.
pub(super) fn pwcca(pairing: &Pairing<'_>) -> Option<f64> {
    let canonical = pairing.canonical()?;
    let total: f64 = canonical.weights.iter().sum();
    let sum: f64 = canonical.weights.iter().zip(&canonical.correlations).map(|(weight, rho)| weight * rho).sum();
    (total > 0.0).then(|| sum / total)
}

/// Between everything that varies in A and in B.
pub(super) fn canonical_of_ranges(scaled: &Scaled) -> Canonical {
    let (a, b) = (Basis::range(&scaled.aa, scaled.units_a), Basis::range(&scaled.bb, scaled.units_b));
    canonical(scaled, &a, &b)
}

/// Directions of one side, row-major `rank x units`, along which its rows have unit variance and no correlation.
struct Basis {
    directions: Vec<f64>,
    rank: usize,
    units: usize,
}

impl Basis {
    /// All directions that vary. The eigenvalues are those of the correlation matrix, so that the cutoff does not
    /// depend on the scale of a unit.
    fn range(matrix: &[f64], units: usize) -> Self {
        let deviation = |i: usize| matrix[i * units + i].sqrt();
        let inverse: Vec<f64> = (0..units).map(deviation).map(|d| if d > 0.0 { 1.0 / d } else { 0.0 }).collect();
        let correlation: Vec<f64> =
            matrix.iter().enumerate().map(|(at, c)| c * inverse[at / units] * inverse[at % units]).collect();
        let mut basis = Self::of(&correlation, units, |_, _| true);
        for direction in basis.directions.chunks_exact_mut(units) {
            direction.iter_mut().zip(&inverse).for_each(|(x, inverse)| *x *= inverse);
        }
        basis
    }

    /// The fewest principal directions, largest first, with this share of the variance.
    fn principal(matrix: &[f64], units: usize, share: f64) -> Self {
        // a share missed by rounding is reached
        Self::of(matrix, units, |held, total| held < (share - 1e-12) * total)
    }

    /// Eigenvectors over the roots of their eigenvalues, as long as `wanted(held so far, total)`.
    fn of(matrix: &[f64], units: usize, wanted: impl Fn(f64, f64) -> bool) -> Self {
        let eigen = spectrum::eigen(matrix, units);
        let total: f64 = eigen.values.iter().filter(|l| **l > 0.0).sum();
        let (mut directions, mut held, mut rank) = (Vec::new(), 0.0, 0);
        for (&l, vector) in eigen.values.iter().zip(eigen.vectors.chunks_exact(units)) {
            if !(l > CCA_CUTOFF * eigen.values[0] && wanted(held, total)) {
                break;
            }
            directions.extend(vector.iter().map(|x| x / l.sqrt()));
            held += l;
            rank += 1;
        }
        Self { directions, rank, units }
    }
}

/// The singular values of what is left between two sides once each is white.
fn canonical(scaled: &Scaled, a: &Basis, b: &Basis) -> Canonical {
    let half = product(&a.directions, (a.rank, a.units), &scaled.ab, b.units, false);
    let between = product(&half, (a.rank, b.units), &b.directions, b.rank, true);
    let singular = singular(&between, a.rank, b.rank);
    // products of the variates of A with its units: the left vectors, by the directions, by the co-moments
    let variates = product(&singular.left, (singular.values.len(), a.rank), &a.directions, a.units, false);
    let products = product(&variates, (singular.values.len(), a.units), &scaled.aa, a.units, false);
    Canonical {
        // rounding may carry a perfect correlation past 1
        correlations: singular.values.iter().map(|rho| rho.min(1.0)).collect(),
        ranks: (a.rank, b.rank),
        weights: products.chunks(a.units.max(1)).map(|row| row.iter().map(|x| x.abs()).sum()).collect(),
    }
}

/// `left` of `rows x inner` times `right`, `inner x columns` or, transposed, `columns x inner`; all row-major.
fn product(left: &[f64], (rows, inner): (usize, usize), right: &[f64], columns: usize, transposed: bool) -> Vec<f64> {
    let mut into = vec![0.0; rows * columns];
    if rows == 0 || columns == 0 {
        return into;
    }
    let left = MatRef::from_row_major_slice(left, rows, inner);
    let right = if transposed {
        MatRef::from_row_major_slice(right, columns, inner).transpose()
    } else {
        MatRef::from_row_major_slice(right, inner, columns)
    };
    let out = MatMut::from_row_major_slice_mut(&mut into, rows, columns);
    matmul(out, Accum::Replace, left, right, 1.0, Par::Seq);
    into
}

fn mean(correlations: &[f64]) -> Option<f64> {
    (!correlations.is_empty()).then(|| correlations.iter().sum::<f64>() / correlations.len() as f64)
}

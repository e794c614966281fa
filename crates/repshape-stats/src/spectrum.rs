//! Eigenvalues of symmetric matrices, and the rank measures read from them.
//!
//! The measures take eigenvalues only, so the caller may use the cheaper of two matrices: the `I x I`
//! covariance `Zc^T Zc / N`, or, with fewer rows than units, the `N x N` Gram matrix `Zc Zc^T / N`, whose
//! non-zero eigenvalues are the same. All are unchanged when the eigenvalues are scaled, so `1/N` and
//! `1/(N-1)` agree.
//!
//! **Negative eigenvalues.** A covariance has none, but its computed eigenvalues may fall below 0 by
//! rounding. [`eigenvalues`] and [`eigen`] return what they found, since they serve any symmetric matrix;
//! every measure here reads a negative eigenvalue as 0.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::svd::{ComputeSvdVectors, svd, svd_scratch};
use faer::{Mat, MatRef, Par};

/// Eigenvalues and eigenvectors of a symmetric matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Eigen {
    /// The `n` eigenvalues, largest first.
    pub values: Vec<f64>,
    /// `n x n`, row-major: row `k` is the unit eigenvector of `values[k]`, its entry of largest magnitude
    /// (the first such) positive, so that pictures do not flip between runs.
    pub vectors: Vec<f64>,
}

/// Eigenvalues of the symmetric `n x n` matrix `matrix` (row-major), largest first, in `O(n^3)`.
///
/// Only the lower triangle is read. Never fails: if the fast solver does not converge, Jacobi rotations
/// take over. A matrix with a value that is not finite has `n` times NaN, for which every measure here
/// is `None`. The bits do not depend on the number of threads.
///
/// ```
/// use repshape_stats::spectrum::eigenvalues;
/// let values = eigenvalues(&[2.0, 1.0, 1.0, 2.0], 2);
/// assert!((values[0] - 3.0).abs() < 1e-15 && (values[1] - 1.0).abs() < 1e-15);
/// ```
///
/// # Panics
/// When `matrix` does not hold `n * n` values.
pub fn eigenvalues(matrix: &[f64], n: usize) -> Vec<f64> {
    let Some((scaled, scale)) = scaled_to_one(matrix, n) else {
        return vec![f64::NAN; n];
    };
    let mut values = solve(&scaled, None).unwrap_or_else(|| jacobi(&scaled, None));
    values.iter_mut().for_each(|value| *value *= scale);
    values.sort_unstable_by(|a, b| b.total_cmp(a));
    values
}

/// Eigenvalues and eigenvectors of the symmetric `n x n` matrix `matrix` (row-major), under the
/// conventions of [`eigenvalues`].
///
/// # Panics
/// When `matrix` does not hold `n * n` values.
pub fn eigen(matrix: &[f64], n: usize) -> Eigen {
    let Some((scaled, scale)) = scaled_to_one(matrix, n) else {
        return Eigen { values: vec![f64::NAN; n], vectors: vec![f64::NAN; n * n] };
    };
    let mut columns = Mat::zeros(n, n);
    let values = solve(&scaled, Some(&mut columns)).unwrap_or_else(|| jacobi(&scaled, Some(&mut columns)));
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    let mut vectors = Vec::with_capacity(n * n);
    for &k in &order {
        let column = columns.col(k);
        let peak = column.iter().fold(0.0f64, |peak, x| if x.abs() > peak.abs() { *x } else { peak });
        let sign = if peak < 0.0 { -1.0 } else { 1.0 };
        vectors.extend(column.iter().map(|x| sign * x));
    }
    Eigen { values: order.iter().map(|&k| values[k] * scale).collect(), vectors }
}

/// Stable rank of a covariance, `norm_F(C)^2 / norm_2(C)^2 = sum l^2 / max l^2`.
///
/// From 1 to the rank. `None` when nothing varies. Source: Choi et al. (2018), Table 1.
pub fn stable_rank_of_covariance(eigenvalues: &[f64]) -> Option<f64> {
    Some(relative(eigenvalues)?.map(|l| l * l).sum())
}

/// Stable rank of the rows themselves, `norm_F(Z)^2 / norm_2(Z)^2 = sum l / max l`, from the eigenvalues
/// of their **uncentred** second moments `Z^T Z / N` (or of `Z Z^T / N`).
///
/// From 1 to the rank. `None` when every entry is 0. Source: Choi et al. (2018), equation 7.
pub fn stable_rank_of_rows(eigenvalues: &[f64]) -> Option<f64> {
    Some(relative(eigenvalues)?.sum())
}

/// Number of eigenvalues above `units * 2^-52 * max l`; 0 when nothing varies.
///
/// `units` is the number of units, also where the eigenvalues are those of the smaller Gram matrix.
/// `None` without eigenvalues, or when one is not finite.
pub fn rank(eigenvalues: &[f64], units: usize) -> Option<usize> {
    if eigenvalues.is_empty() || eigenvalues.iter().any(|l| !l.is_finite()) {
        return None;
    }
    let threshold = units as f64 * f64::EPSILON;
    Some(relative(eigenvalues).map_or(0, |shares| shares.filter(|l| *l > threshold).count()))
}

/// Effective rank `exp(-sum p ln p)`, `p = l / sum l` (Roy & Vetterli 2007).
///
/// From 1 to the number of non-zero eigenvalues. `None` when nothing varies.
pub fn effective_rank(eigenvalues: &[f64]) -> Option<f64> {
    let total: f64 = relative(eigenvalues)?.sum();
    let entropy: f64 = relative(eigenvalues)?.map(|l| l / total).filter(|p| *p > 0.0).map(|p| -p * p.ln()).sum();
    Some(entropy.exp())
}

/// Participation ratio `(sum l)^2 / sum l^2`.
///
/// From 1 to the number of non-zero eigenvalues. `None` when nothing varies.
pub fn participation_ratio(eigenvalues: &[f64]) -> Option<f64> {
    let total: f64 = relative(eigenvalues)?.sum();
    let squares: f64 = relative(eigenvalues)?.map(|l| l * l).sum();
    Some(total * total / squares)
}

/// RankMe, `exp(-sum p_i ln p_i)` with `p_i = s_i / sum s + 1e-7` over the `min(rows, units)` singular values s of the
/// rows, uncentred, from the eigenvalues of their second moments `Z^T Z / N`.
///
/// The square root of an eigenvalue that is 0 but for rounding would be up to 1e-8 of the largest and count: those up to
/// `units * 2^-52` of the largest are read as 0, so a singular value below `sqrt(units) * 1.5e-8` of the largest counts
/// as 0 too, and one of 1e-6 of the largest leaves 2e-9 of the result in doubt. From about 1 to about
/// `min(rows, units)`; the 1e-7 is not in the sum, so both are passed by up to some 1e-7 times their logarithm each.
/// `None` when every entry is 0. Source: Garrido et al. (2023), eqs. 1 and 2.
pub fn rankme(eigenvalues: &[f64], rows: u64) -> Option<f64> {
    const EPS: f64 = 1e-7;
    let units = eigenvalues.len();
    let threshold = units as f64 * f64::EPSILON;
    let mut singular: Vec<f64> = relative(eigenvalues)?.map(|l| if l > threshold { l.sqrt() } else { 0.0 }).collect();
    singular.sort_unstable_by(|a, b| b.total_cmp(a));
    singular.truncate(usize::try_from(rows).unwrap_or(usize::MAX));
    let total: f64 = singular.iter().sum();
    Some(singular.iter().map(|s| s / total + EPS).map(|p| -p * p.ln()).sum::<f64>().exp())
}

/// A power law `l_i ~ i^-alpha` of the eigenvalues `first..=last`, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PowerLaw {
    /// The decay: minus the slope of `ln l_i` on `ln i`.
    pub alpha: f64,
    /// The first eigenvalue of the fit.
    pub first: usize,
    /// The last eigenvalue of the fit.
    pub last: usize,
}

/// alpha-ReQ: minus the least-squares slope of `ln l_i` on `ln i`, i from 11 to `min(100, rank)`, l the eigenvalues of
/// the covariance, largest first, and the rank that of [`rank`].
///
/// At least 0. `None` where fewer than five eigenvalues are in that range. Source: Agrawal et al. (2022), section 3.
pub fn alpha_req(eigenvalues: &[f64], units: usize) -> Option<PowerLaw> {
    const FIRST: usize = 11;
    let last = rank(eigenvalues, units)?.min(100);
    let count = (last + 1).checked_sub(FIRST).filter(|count| *count >= 5)? as f64;
    let points = || (FIRST..=last).map(|i| ((i as f64).ln(), eigenvalues[i - 1].ln()));
    let (x_sum, y_sum) = points().fold((0.0, 0.0), |(x_sum, y_sum), (x, y)| (x_sum + x, y_sum + y));
    let (x_mean, y_mean) = (x_sum / count, y_sum / count);
    let products: f64 = points().map(|(x, y)| (x - x_mean) * (y - y_mean)).sum();
    let squares: f64 = points().map(|(x, _)| (x - x_mean) * (x - x_mean)).sum();
    // equal eigenvalues may round to a rise
    Some(PowerLaw { alpha: (-products / squares).max(0.0), first: FIRST, last })
}

/// The eigenvalues over the largest, negative ones as 0, which keeps squares from overflowing.
/// `None` if that is undefined: no eigenvalue above 0, or one that is not finite.
fn relative(eigenvalues: &[f64]) -> Option<impl Iterator<Item = f64>> {
    let largest = eigenvalues.iter().fold(0.0f64, |largest, l| largest.max(*l));
    let defined = largest > 0.0 && eigenvalues.iter().all(|l| l.is_finite());
    defined.then(|| eigenvalues.iter().map(move |l| l.max(0.0) / largest))
}

/// The matrix over a power of two near its largest entry, which is exact, and that power: eigenvalue
/// solvers square entries, so very small or large ones would underflow or overflow.
fn scaled_to_one(matrix: &[f64], n: usize) -> Option<(Mat<f64>, f64)> {
    assert_eq!(matrix.len(), n * n, "a symmetric matrix of order {n} has {n} x {n} values");
    if matrix.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let largest = matrix.iter().fold(0.0f64, |largest, x| largest.max(x.abs()));
    let scale = if largest == 0.0 { 1.0 } else { 2f64.powi(largest.log2().floor().clamp(-1022.0, 1022.0) as i32) };
    let at = |i: usize, j: usize| matrix[i.max(j) * n + i.min(j)] / scale;
    Some((Mat::from_fn(n, n, at), scale))
}

/// faer's solver, on one thread so that the bits are the same on any number. `None` when it does not
/// converge or returns something that is not finite.
fn solve(matrix: &Mat<f64>, mut vectors: Option<&mut Mat<f64>>) -> Option<Vec<f64>> {
    let n = matrix.nrows();
    let compute = if vectors.is_some() { ComputeEigenvectors::Yes } else { ComputeEigenvectors::No };
    let scratch = self_adjoint_evd_scratch::<f64>(n, compute, Par::Seq, Default::default());
    let mut values = Diag::<f64>::zeros(n);
    let solved = self_adjoint_evd(
        matrix.as_ref(),
        values.as_mut(),
        vectors.as_mut().map(|columns| columns.as_mut()),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Default::default(),
    );
    let values: Vec<f64> = values.column_vector().iter().copied().collect();
    let finite = values.iter().all(|l| l.is_finite())
        && vectors.is_none_or(|columns| columns.col_iter().all(|column| column.iter().all(|x| x.is_finite())));
    (solved.is_ok() && finite).then_some(values)
}

/// Singular values, largest first, and the right singular vectors of each, row-major.
pub(crate) struct Singular {
    pub values: Vec<f64>,
    pub right: Vec<f64>,
}

/// The `min(rows, columns)` singular values and right vectors of a row-major matrix, each value to rounding of the
/// largest (the eigenvalues of its Gram matrix would be to the root of that). `None` if a value is not finite.
pub(crate) fn singular(matrix: &[f64], rows: usize, columns: usize) -> Option<Singular> {
    let largest = matrix.iter().fold(0.0f64, |largest, x| largest.max(x.abs()));
    if matrix.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let scale = if largest == 0.0 { 1.0 } else { largest };
    let scaled: Vec<f64> = matrix.iter().map(|x| x / scale).collect();
    let count = rows.min(columns);
    let mut values = Diag::<f64>::zeros(count);
    let mut right = Mat::<f64>::zeros(columns, count);
    let scratch =
        svd_scratch::<f64>(rows, columns, ComputeSvdVectors::No, ComputeSvdVectors::Thin, Par::Seq, Default::default());
    let solved = svd(
        MatRef::from_row_major_slice(&scaled, rows, columns),
        values.as_mut(),
        None,
        Some(right.as_mut()),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Default::default(),
    );
    let mut values: Vec<f64> = values.column_vector().iter().copied().collect();
    let mut right: Vec<f64> = right.col_iter().flat_map(|column| column.iter().copied().collect::<Vec<_>>()).collect();
    if solved.is_err() || values.iter().chain(&right).any(|x| !x.is_finite()) {
        // without convergence, from the Gram matrix, whose solver never fails
        let gram = |at: usize| {
            let (i, j) = (at / columns, at % columns);
            scaled.chunks_exact(columns).map(|row| row[i] * row[j]).sum::<f64>()
        };
        let eigen = eigen(&(0..columns * columns).map(gram).collect::<Vec<_>>(), columns);
        values = eigen.values[..count].iter().map(|l| l.max(0.0).sqrt()).collect();
        right = eigen.vectors[..count * columns].to_vec();
    }
    values.iter_mut().for_each(|value| *value *= scale);
    Some(Singular { values, right })
}

/// Sweeps of cyclic Jacobi; six to ten are usual.
const JACOBI_SWEEPS: usize = 60;

/// Cyclic Jacobi rotations: slow, and convergent for every finite symmetric matrix.
fn jacobi(matrix: &Mat<f64>, vectors: Option<&mut Mat<f64>>) -> Vec<f64> {
    let n = matrix.nrows();
    let mut a = matrix.clone();
    let mut v = Mat::<f64>::identity(n, n);
    for _ in 0..JACOBI_SWEEPS {
        let mut rotated = false;
        for q in 1..n {
            for p in 0..q {
                let (app, aqq, apq) = (a[(p, p)], a[(q, q)], a[(p, q)]);
                if apq.abs() <= f64::EPSILON * f64::EPSILON * (app.abs() + aqq.abs()) || apq == 0.0 {
                    continue;
                }
                rotated = true;
                let theta = (aqq - app) / (2.0 * apq);
                let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let c = 1.0 / t.hypot(1.0);
                let s = t * c;
                for k in 0..n {
                    let (akp, akq) = (a[(k, p)], a[(k, q)]);
                    a[(k, p)] = c * akp - s * akq;
                    a[(k, q)] = s * akp + c * akq;
                    let (vkp, vkq) = (v[(k, p)], v[(k, q)]);
                    v[(k, p)] = c * vkp - s * vkq;
                    v[(k, q)] = s * vkp + c * vkq;
                }
                for k in 0..n {
                    let (apk, aqk) = (a[(p, k)], a[(q, k)]);
                    a[(p, k)] = c * apk - s * aqk;
                    a[(q, k)] = s * apk + c * aqk;
                }
                // Equal by algebra; set so that rounding cannot keep the sweep going.
                a[(p, q)] = 0.0;
                a[(q, p)] = 0.0;
            }
        }
        if !rotated {
            break;
        }
    }
    if let Some(columns) = vectors {
        *columns = v;
    }
    (0..n).map(|i| a[(i, i)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A symmetric 5 x 5 matrix with the eigenvalues given, from reflections; row-major.
    fn with_eigenvalues(values: [f64; 5]) -> Vec<f64> {
        let w = [0.5, -0.1, 0.3, 0.7, 0.4];
        let norm: f64 = w.iter().map(|x| x * x).sum();
        let q = |i: usize, k: usize| f64::from(u8::from(i == k)) - 2.0 * w[i] * w[k] / norm;
        (0..25).map(|at| (0..5).map(|k| q(at / 5, k) * values[k] * q(at % 5, k)).sum()).collect()
    }

    fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
        assert_eq!(found.len(), expected.len());
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() <= tolerance, "{found:?} instead of {expected:?}");
        }
    }

    /// `matrix v = value v` and `v v^T = 1` for every pair.
    fn assert_decomposes(matrix: &[f64], eigen: &Eigen, tolerance: f64) {
        let n = eigen.values.len();
        for (k, vector) in eigen.vectors.chunks_exact(n).enumerate() {
            for i in 0..n {
                let image: f64 = (0..n).map(|j| matrix[i * n + j] * vector[j]).sum();
                assert!((image - eigen.values[k] * vector[i]).abs() <= tolerance, "vector {k}");
            }
            for (l, other) in eigen.vectors.chunks_exact(n).enumerate() {
                let product: f64 = vector.iter().zip(other).map(|(a, b)| a * b).sum();
                assert!((product - f64::from(u8::from(k == l))).abs() < 1e-14, "vectors {k}, {l}");
            }
        }
    }

    #[test]
    fn eigenvalues_come_largest_first_and_may_be_negative() {
        let expected = [7.0, 2.0, 2.0, 0.5, -3.0];
        let matrix = with_eigenvalues([2.0, -3.0, 7.0, 0.5, 2.0]);
        assert_close(&eigenvalues(&matrix, 5), &expected, 1e-14);
        let eigen = eigen(&matrix, 5);
        assert_close(&eigen.values, &expected, 1e-14);
        assert_decomposes(&matrix, &eigen, 1e-14);
    }

    #[test]
    fn vectors_point_where_their_largest_entry_is_positive() {
        for vector in eigen(&with_eigenvalues([5.0, 4.0, 3.0, 2.0, 1.0]), 5).vectors.chunks_exact(5) {
            let peak = vector.iter().fold(0.0f64, |peak, x| if x.abs() > peak.abs() { *x } else { peak });
            assert!(peak > 0.0, "{vector:?}");
        }
    }

    #[test]
    fn scale_is_no_matter() {
        let values = [1.0, 1e-3, 1e-6, 1e-9, 0.0];
        for scale in [1e-300, 1e-160, 1.0, 1e160, 1e300] {
            let matrix = with_eigenvalues(values.map(|l| l * scale));
            assert_close(&eigenvalues(&matrix, 5), &values.map(|l| l * scale), 1e-15 * scale);
            assert_eq!(rank(&eigenvalues(&matrix, 5), 5), Some(4), "scale {scale}");
        }
    }

    #[test]
    fn jacobi_agrees_with_the_fast_solver() {
        let matrix = with_eigenvalues([2.0, -3.0, 7.0, 1e-8, 0.0]);
        let (scaled, scale) = scaled_to_one(&matrix, 5).unwrap();
        let mut columns = Mat::zeros(5, 5);
        let mut values = jacobi(&scaled, Some(&mut columns));
        let vectors = columns.col_iter().flat_map(|column| column.iter().copied().collect::<Vec<_>>()).collect();
        let unsorted = Eigen { values: values.iter().map(|l| l * scale).collect(), vectors };
        assert_decomposes(&matrix, &unsorted, 1e-14);
        values.iter_mut().for_each(|l| *l *= scale);
        values.sort_unstable_by(|a, b| b.total_cmp(a));
        assert_close(&values, &eigenvalues(&matrix, 5), 1e-14);
    }

    #[test]
    fn ill_conditioned_matrices_are_solved() {
        // Hilbert's matrix of order 30: condition beyond 1e18.
        let hilbert: Vec<f64> = (0..900).map(|at| 1.0 / (at / 30 + at % 30 + 1) as f64).collect();
        let eigen = eigen(&hilbert, 30);
        assert_decomposes(&hilbert, &eigen, 1e-14);
        assert_close(&eigenvalues(&hilbert, 30), &eigen.values, 1e-14);
        assert!(eigenvalues(&[f64::MIN_POSITIVE / 4.0; 4], 2)[0] > 0.0);
    }

    #[test]
    fn no_rows_one_row_and_zeros() {
        assert_eq!(eigenvalues(&[], 0), Vec::<f64>::new());
        assert_eq!(eigenvalues(&[-4.0], 1), vec![-4.0]);
        assert_eq!(eigenvalues(&[0.0; 9], 3), vec![0.0; 3]);
        assert_eq!(eigen(&[2.0], 1), Eigen { values: vec![2.0], vectors: vec![1.0] });
        assert_eq!(eigen(&[], 0), Eigen { values: vec![], vectors: vec![] });
    }

    #[test]
    fn measures_by_hand() {
        let values = [4.0, 2.0, 2.0, 0.0];
        assert_eq!(stable_rank_of_covariance(&values), Some(24.0 / 16.0));
        assert_eq!(stable_rank_of_rows(&values), Some(2.0));
        assert_eq!(participation_ratio(&values), Some(64.0 / 24.0));
        assert_eq!(rank(&values, 4), Some(3));
        // Shares 1/2, 1/4, 1/4: an entropy of 3/2 bits.
        assert!((effective_rank(&values).unwrap() - 2f64.powf(1.5)).abs() < 1e-15);
    }

    #[test]
    fn rank_counts_by_the_units_even_from_a_gram_matrix() {
        let values = [1.0, 3.0 * f64::EPSILON];
        assert_eq!(rank(&values, 2), Some(2));
        assert_eq!(rank(&values, 3), Some(1));
    }

    #[test]
    fn negative_eigenvalues_read_as_zero() {
        let (with, without) = ([3.0, 1.0, -1e-17], [3.0, 1.0, 0.0]);
        assert_eq!(stable_rank_of_covariance(&with), stable_rank_of_covariance(&without));
        assert_eq!(stable_rank_of_rows(&with), stable_rank_of_rows(&without));
        assert_eq!(effective_rank(&with), effective_rank(&without));
        assert_eq!(participation_ratio(&with), participation_ratio(&without));
        assert_eq!(rank(&with, 3), Some(2));
    }

    #[test]
    fn nothing_varies_has_rank_zero_and_nothing_else() {
        for values in [&[0.0, 0.0, 0.0][..], &[0.0, -1e-18]] {
            assert_eq!(rank(values, 3), Some(0));
            assert_eq!(stable_rank_of_covariance(values), None);
            assert_eq!(stable_rank_of_rows(values), None);
            assert_eq!(effective_rank(values), None);
            assert_eq!(participation_ratio(values), None);
        }
    }

    #[test]
    fn what_is_not_finite_is_undefined_and_not_nan() {
        let values = eigenvalues(&[1.0, f64::NAN, f64::NAN, 1.0], 2);
        assert!(values.iter().all(|l| l.is_nan()));
        assert!(eigen(&[f64::INFINITY], 1).values[0].is_nan());
        for values in [&values[..], &[f64::INFINITY, 1.0], &[]] {
            assert_eq!(rank(values, 2), None);
            assert_eq!(stable_rank_of_covariance(values), None);
            assert_eq!(effective_rank(values), None);
        }
    }

    #[test]
    fn rankme_by_hand() {
        // singular values 2, 1, 1, 0: shares 1/2, 1/4, 1/4, 0, and 1e-7 beside each
        let entropy = |shares: &[f64]| -> f64 { shares.iter().map(|p| -(p + 1e-7) * (p + 1e-7).ln()).sum() };
        let expected = entropy(&[0.5, 0.25, 0.25, 0.0]).exp();
        assert!((rankme(&[1.0, 4.0, 0.0, 1.0], 9).unwrap() - expected).abs() < 1e-14);
        // three rows have three singular values
        let expected = entropy(&[0.5, 0.25, 0.25]).exp();
        assert!((rankme(&[1.0, 4.0, 0.0, 1.0], 3).unwrap() - expected).abs() < 1e-14);
        // what rounding leaves of a null direction is none, on either side of 0
        let exact = rankme(&[1.0, 0.0, 0.0], 9);
        assert_eq!(rankme(&[1.0, 3.0 * f64::EPSILON, -1e-17], 9), exact);
        assert_ne!(rankme(&[1.0, 4.0 * f64::EPSILON, 0.0], 9), exact);
        assert_eq!(rankme(&[0.0; 3], 9), None);
        assert_eq!(rankme(&[f64::NAN; 3], 9), None);
    }

    #[test]
    fn alpha_of_a_power_law_is_its_exponent() {
        let law =
            |alpha: f64, count: i32| -> Vec<f64> { (1..=count).map(|i| 3.0 * f64::from(i).powf(-alpha)).collect() };
        for alpha in [0.0, 0.5, 1.0, 2.5] {
            for (count, last) in [(15, 15), (64, 64), (100, 100), (400, 100)] {
                let fit = alpha_req(&law(alpha, count), count as usize).unwrap();
                assert!((fit.alpha - alpha).abs() < 1e-12, "{alpha}: {fit:?}");
                assert_eq!((fit.first, fit.last), (11, last));
            }
        }
        // what is before the eleventh and after the hundredth is no matter
        let mut other = law(1.5, 400);
        other[..10].fill(9.0);
        other[100..].fill(1e-9);
        assert!((alpha_req(&other, 400).unwrap().alpha - 1.5).abs() < 1e-12);
        // four in range, or none but rounding after the fourteenth
        assert_eq!(alpha_req(&law(1.0, 14), 14), None);
        let mut short = law(1.0, 40);
        short[14..].fill(1e-17);
        assert_eq!(alpha_req(&short, 40), None);
        assert_eq!(alpha_req(&[], 0), None);
        assert_eq!(alpha_req(&[f64::NAN; 20], 20), None);
    }

    /// `sum_k s_k v_k v_k^T` squared is the Gram matrix, and the vectors are orthonormal.
    #[test]
    fn singular_values_and_right_vectors_give_the_gram_matrix() {
        for (rows, columns) in [(3, 5), (5, 3), (40, 4), (4, 40), (1, 3), (3, 1)] {
            let a: Vec<f64> = (0..rows * columns).map(|at| 1e200 * (((at * 7) % 11) as f64 - 4.5)).collect();
            let found = singular(&a, rows, columns).unwrap();
            assert_eq!((found.values.len(), found.right.len()), (rows.min(columns), rows.min(columns) * columns));
            assert!(found.values.is_sorted_by(|a, b| a >= b));
            let scaled = |x: f64| x / 1e200;
            for i in 0..columns {
                for j in 0..columns {
                    let gram: f64 = a.chunks_exact(columns).map(|row| scaled(row[i]) * scaled(row[j])).sum();
                    let pairs = found.values.iter().zip(found.right.chunks_exact(columns));
                    let joined: f64 = pairs.map(|(s, v)| scaled(*s).powi(2) * v[i] * v[j]).sum();
                    assert!((gram - joined).abs() < 1e-11, "{rows} x {columns} at {i}, {j}: {gram}, {joined}");
                }
            }
            for v in found.right.chunks_exact(columns) {
                assert!((v.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-14);
            }
        }
        assert_eq!(singular(&[0.0; 6], 2, 3).unwrap().values, [0.0, 0.0]);
        assert!(singular(&[1.0, f64::INFINITY], 1, 2).is_none());
    }

    #[test]
    fn squares_of_large_eigenvalues_do_not_overflow() {
        assert_eq!(stable_rank_of_covariance(&[1e300, 1e300]), Some(2.0));
        assert_eq!(participation_ratio(&[1e-300, 1e-300]), Some(2.0));
    }
}

//! The largest eigenvalue of a small symmetric matrix, without the others.

use crate::widest::widest;

/// Numbers of products with the matrix after which the estimate is looked at; after the last it is taken as it is. It is a
/// lower bound, and its error is then far below what a curve shows: 1e-3 relative at the worst (a flat spectrum
/// of some thousand units).
const LOOKS: [usize; 7] = [6, 8, 12, 16, 24, 32, 48];

/// Change between two looks below which the estimate no longer moves.
const SETTLED: f64 = 1e-6;

/// The largest eigenvalue of the symmetric positive semidefinite `n x n` matrix, by Lanczos' iteration from a fixed
/// vector: the same matrix gives the same bits. 0 for a matrix of zeros. Source: Golub & Van Loan, 10.1.
pub(super) fn largest_eigenvalue(matrix: &[f32], n: usize) -> f64 {
    // the fractions of multiples of the golden ratio: no structure of a network is orthogonal to them
    let mut q: Vec<f64> = (1..=n).map(|i| (i as f64 * 0.618_033_988_749_895).fract() - 0.45).collect();
    normalize(&mut q);
    let (mut before, mut product) = (vec![0.0; n], vec![0.0; n]);
    let (mut diagonal, mut beside) = (Vec::new(), Vec::new());
    let mut estimate = 0.0;
    let most = n.min(LOOKS[LOOKS.len() - 1]);
    for k in 1..=most {
        multiply(matrix, &q, &mut product);
        let alpha = dot(&q, &product);
        diagonal.push(alpha);
        let beta = beside.last().copied().unwrap_or(0.0);
        for ((p, q), before) in product.iter_mut().zip(&q).zip(&before) {
            *p -= alpha * q + beta * before;
        }
        let next = dot(&product, &product).sqrt();
        let exhausted = next <= 1e-12 * estimate_scale(&diagonal, &beside);
        if exhausted || k == most || LOOKS.contains(&k) {
            let last = estimate;
            estimate = largest_of_tridiagonal(&diagonal, &beside);
            if exhausted || (estimate - last).abs() <= SETTLED * estimate {
                break;
            }
        }
        beside.push(next);
        std::mem::swap(&mut before, &mut q);
        for (q, p) in q.iter_mut().zip(&product) {
            *q = p / next;
        }
    }
    estimate.max(0.0)
}

/// `matrix x`, as a sum of rows: the matrix is symmetric, and a sum of rows needs no order of additions but its own.
fn multiply(matrix: &[f32], x: &[f64], into: &mut [f64]) {
    widest(
        #[inline(always)]
        || {
            into.fill(0.0);
            for (row, &x) in matrix.chunks_exact(x.len()).zip(x) {
                for (sum, &value) in into.iter_mut().zip(row) {
                    *sum += x * f64::from(value);
                }
            }
        },
    );
}

/// A bound of the absolute values that the iteration has seen.
fn estimate_scale(diagonal: &[f64], beside: &[f64]) -> f64 {
    diagonal.iter().chain(beside).fold(0.0, |most, value| most.max(value.abs()))
}

/// The largest eigenvalue of a tridiagonal matrix, by halving an interval that holds it.
fn largest_of_tridiagonal(diagonal: &[f64], beside: &[f64]) -> f64 {
    let reach = |i: usize| {
        let side = |at: Option<usize>| at.and_then(|at| beside.get(at)).map_or(0.0, |b| b.abs());
        side(i.checked_sub(1)) + side((i + 1 < diagonal.len()).then_some(i))
    };
    let mut low = diagonal.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut high = diagonal.iter().enumerate().fold(low, |high, (i, d)| high.max(d + reach(i)));
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if all_below(middle, diagonal, beside) { high = middle } else { low = middle }
    }
    0.5 * (low + high)
}

/// Whether every eigenvalue is below `x`: then, and only then, no pivot of `T - x` is positive.
fn all_below(x: f64, diagonal: &[f64], beside: &[f64]) -> bool {
    let mut pivot = f64::NEG_INFINITY;
    for (i, d) in diagonal.iter().enumerate() {
        let coupling = if i == 0 { 0.0 } else { beside[i - 1] * beside[i - 1] / pivot };
        pivot = d - x - coupling;
        if pivot >= 0.0 {
            return false;
        }
    }
    true
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn normalize(x: &mut [f64]) {
    let norm = dot(x, x).sqrt();
    x.iter_mut().for_each(|x| *x /= norm);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symmetric(n: usize, entry: impl Fn(usize, usize) -> f64) -> Vec<f32> {
        (0..n * n).map(|at| entry(at / n, at % n) as f32).collect()
    }

    #[test]
    fn known_spectra() {
        let close = |found: f64, wanted: f64| assert!((found - wanted).abs() <= 2e-6 * wanted, "{found} for {wanted}");
        close(largest_eigenvalue(&symmetric(1, |_, _| 3.0), 1), 3.0);
        // two units: eigenvalues 3 and 1
        close(largest_eigenvalue(&symmetric(2, |i, j| if i == j { 2.0 } else { 1.0 }), 2), 3.0);
        // all directions alike
        close(largest_eigenvalue(&symmetric(100, |i, j| f64::from(u8::from(i == j))), 100), 1.0);
        // one unit of variance 1 alone, 99 that are one direction with eigenvalue 99 * 0.9
        close(
            largest_eigenvalue(
                &symmetric(100, |i, j| match (i, j) {
                    (0, 0) => 1.0,
                    (0, _) | (_, 0) => 0.0,
                    _ => 0.9,
                }),
                100,
            ),
            89.1,
        );
        // the second difference: 2 + 2 cos(pi / (n + 1)), its neighbours close
        let difference = |i: usize, j: usize| match i.abs_diff(j) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        };
        let found = largest_eigenvalue(&symmetric(60, difference), 60);
        let wanted = 2.0 + 2.0 * (std::f64::consts::PI / 61.0).cos();
        assert!((found - wanted).abs() <= 1e-3 * wanted, "{found} for {wanted}");
        assert_eq!(largest_eigenvalue(&[0.0; 9], 3), 0.0);
    }

    #[test]
    fn a_slowly_falling_spectrum_is_met_within_a_thousandth() {
        // eigenvalues 1, 0.99, 0.98, ... : nothing leads
        let found = largest_eigenvalue(&symmetric(100, |i, j| if i == j { 1.0 - i as f64 / 100.0 } else { 0.0 }), 100);
        assert!((found - 1.0).abs() < 1e-3, "{found}");
    }
}

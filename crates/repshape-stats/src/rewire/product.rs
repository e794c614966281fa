//! Products, inverses and orthonormal factors of row-major matrices: the whole cost of rewiring.
//!
//! A product is cut into panels of a fixed number of rows of the result, each computed by one thread: the same bits at any
//! number of threads, at the speed of faer's products.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt;
use faer::linalg::lu::partial_pivoting as lu;
use faer::linalg::matmul::matmul;
use faer::linalg::qr::no_pivoting as qr;
use faer::linalg::{householder, triangular_inverse};
use faer::{Accum, Conj, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;

/// Rows of the result that one task computes.
const PANEL: usize = 256;

/// A row-major matrix, or its transpose.
#[derive(Clone, Copy)]
pub(super) struct View<'a>(MatRef<'a, f64>);

impl<'a> View<'a> {
    pub(super) fn new(values: &'a [f64], rows: usize, columns: usize) -> Self {
        Self(MatRef::from_row_major_slice(values, rows, columns))
    }

    pub(super) fn transposed(self) -> Self {
        Self(self.0.transpose())
    }
}

/// `left right`, row-major.
pub(super) fn product(left: View<'_>, right: View<'_>) -> Vec<f64> {
    let (View(left), View(right)) = (left, right);
    let columns = right.ncols();
    let mut into = vec![0.0; left.nrows() * columns];
    if into.is_empty() {
        return into;
    }
    into.par_chunks_mut(PANEL * columns).enumerate().for_each(|(index, panel)| {
        let rows = panel.len() / columns;
        let own = left.subrows(index * PANEL, rows);
        let panel: MatMut<'_, f64> = MatMut::from_row_major_slice_mut(panel, rows, columns);
        matmul(panel, Accum::Replace, own, right, 1.0, Par::Seq);
    });
    into
}

/// `row matrix`, the matrix with as many rows as `row` has values.
pub(super) fn row_times(row: &[f64], matrix: &[f64], columns: usize) -> Vec<f64> {
    let mut sums = vec![0.0; columns];
    for (x, line) in row.iter().zip(matrix.chunks_exact(columns.max(1))) {
        if *x != 0.0 {
            sums.iter_mut().zip(line).for_each(|(sum, w)| *sum += x * w);
        }
    }
    sums
}

/// `matrix column`, as the products of the rows of the matrix with it.
pub(super) fn times_column(matrix: &[f64], column: &[f64]) -> Vec<f64> {
    matrix.chunks_exact(column.len().max(1)).map(|row| dot(row, column)).collect()
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub(super) fn transpose(matrix: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    let mut into = Vec::with_capacity(matrix.len());
    for j in 0..columns {
        into.extend((0..rows).map(|i| matrix[i * columns + j]));
    }
    into
}

/// The inverse of a square matrix by LU with partial pivoting; what is singular to the last bit has values that are not finite.
pub(super) fn inverse(matrix: &[f64], n: usize) -> Vec<f64> {
    let mut factors = Mat::from_fn(n, n, |i, j| matrix[i * n + j]);
    let (mut order, mut back) = (vec![0usize; n], vec![0usize; n]);
    let scratch = lu::factor::lu_in_place_scratch::<usize, f64>(n, n, Par::Seq, Default::default())
        .or(lu::inverse::inverse_scratch::<usize, f64>(n, Par::Seq));
    let mut memory = MemBuffer::new(scratch);
    let (_, rows) = lu::factor::lu_in_place(
        factors.as_mut(),
        &mut order,
        &mut back,
        Par::Seq,
        MemStack::new(&mut memory),
        Default::default(),
    );
    let mut found = Mat::zeros(n, n);
    let both = factors.as_ref();
    lu::inverse::inverse(found.as_mut(), both, both, rows, Par::Seq, MemStack::new(&mut memory));
    to_rows(found.as_ref())
}

/// The lower triangular factor `L` of `C = L L^T` and its inverse, row-major; `None` if a pivot is not above 0.
pub(super) fn cholesky(matrix: &[f64], n: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    let mut lower = Mat::from_fn(n, n, |i, j| matrix[i * n + j]);
    let scratch = llt::factor::cholesky_in_place_scratch::<f64>(n, Par::Seq, Default::default());
    llt::factor::cholesky_in_place(
        lower.as_mut(),
        Default::default(),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Default::default(),
    )
    .ok()?;
    let lower: Vec<f64> = (0..n * n).map(|at| if at % n <= at / n { lower[(at / n, at % n)] } else { 0.0 }).collect();
    let inverse = lower_inverse(&lower, n);
    lower.iter().chain(&inverse).all(|x| x.is_finite()).then_some((lower, inverse))
}

/// The inverse of a lower triangular matrix with a diagonal without zeros.
pub(super) fn lower_inverse(lower: &[f64], n: usize) -> Vec<f64> {
    let mut found = Mat::zeros(n, n);
    triangular_inverse::invert_lower_triangular(found.as_mut(), MatRef::from_row_major_slice(lower, n, n), Par::Seq);
    (0..n * n).map(|at| if at % n <= at / n { found[(at / n, at % n)] } else { 0.0 }).collect()
}

/// The orthogonal factor of a square matrix whose triangular one has a positive diagonal, row-major.
pub(super) fn orthogonal_factor(matrix: &[f64], n: usize) -> Vec<f64> {
    let mut factors = Mat::from_fn(n, n, |i, j| matrix[i * n + j]);
    let block = qr::factor::recommended_block_size::<f64>(n, n);
    let mut coefficients = Mat::zeros(block, n);
    let scratch = qr::factor::qr_in_place_scratch::<f64>(n, n, block, Par::Seq, Default::default())
        .or(householder::apply_block_householder_sequence_on_the_left_in_place_scratch::<f64>(n, block, n));
    let mut memory = MemBuffer::new(scratch);
    qr::factor::qr_in_place(
        factors.as_mut(),
        coefficients.as_mut(),
        Par::Seq,
        MemStack::new(&mut memory),
        Default::default(),
    );
    let mut found = Mat::<f64>::identity(n, n);
    householder::apply_block_householder_sequence_on_the_left_in_place_with_conj(
        factors.as_ref(),
        coefficients.as_ref(),
        Conj::No,
        found.as_mut(),
        Par::Seq,
        MemStack::new(&mut memory),
    );
    let sign = |j: usize| if factors[(j, j)] < 0.0 { -1.0 } else { 1.0 };
    (0..n * n).map(|at| sign(at % n) * found[(at / n, at % n)]).collect()
}

fn to_rows(matrix: MatRef<'_, f64>) -> Vec<f64> {
    let columns = matrix.ncols();
    (0..matrix.nrows() * columns).map(|at| matrix[(at / columns, at % columns)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small integers, whose products are exact.
    fn matrix(rows: usize, columns: usize, seed: usize) -> Vec<f64> {
        (0..rows * columns).map(|at| ((at * 7 + seed * 13) % 11) as f64 - 5.0).collect()
    }

    #[test]
    fn products_equal_the_definition_across_panels_and_transposed() {
        for (n, k, m) in [(2, 3, 4), (300, 5, 7), (1, 1, 1), (3, 0, 2), (0, 3, 2)] {
            let (a, b) = (matrix(n, k, 1), matrix(k, m, 2));
            let expected: Vec<f64> =
                (0..n * m).map(|at| (0..k).map(|l| a[at / m * k + l] * b[l * m + at % m]).sum()).collect();
            assert_eq!(product(View::new(&a, n, k), View::new(&b, k, m)), expected);
            let (at, bt) = (transpose(&a, n, k), transpose(&b, k, m));
            assert_eq!(product(View::new(&at, k, n).transposed(), View::new(&bt, m, k).transposed()), expected);
        }
    }

    #[test]
    fn one_and_three_threads_give_the_same_bits() {
        let (a, b): (Vec<f64>, Vec<f64>) = (0..700 * 40).map(|at| ((at as f64).sin(), (at as f64 * 0.7).cos())).unzip();
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| product(View::new(&a, 700, 40), View::new(&b, 40, 700)))
        };
        assert_eq!(run(1), run(3));
    }

    #[test]
    fn inverses_and_factors_by_hand() {
        // [[0, 2], [4, 1]] needs a row exchange
        assert_eq!(inverse(&[0.0, 2.0, 4.0, 1.0], 2), [-0.125, 0.25, 0.5, 0.0]);
        assert!(inverse(&[1.0, 2.0, 2.0, 4.0], 2).iter().any(|x| !x.is_finite()));
        let (lower, back) = cholesky(&[4.0, 2.0, 2.0, 5.0], 2).unwrap();
        assert_eq!((lower, back), (vec![2.0, 0.0, 1.0, 2.0], vec![0.5, 0.0, -0.25, 0.5]));
        assert!(cholesky(&[1.0, 2.0, 2.0, 1.0], 2).is_none());
        // the second column less its part along the first
        let q = orthogonal_factor(&[3.0, 1.0, 4.0, 7.0], 2);
        let expected = [0.6, -0.8, 0.8, 0.6];
        assert!(q.iter().zip(expected).all(|(x, y)| (x - y).abs() < 1e-15), "{q:?}");
    }
}

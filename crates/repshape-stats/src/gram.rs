//! Products of row-major matrices: `A^T A` and `A^T B` of tall ones, the work behind every second moment, and `A B^T`.

use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

/// Rows of the result that one task computes. A fixed number: the tasks, and so the bits, are the same at any
/// number of threads. Up to this width a product is one task.
const PANEL: usize = 256;

/// Overwrites the lower triangle (diagonal included) of the `units x units` matrix `into` with `a^T a`.
/// `a` is row-major with `units` columns; what is above the diagonal is left as it is.
pub(crate) fn gram_lower(into: &mut [f64], a: &[f64], units: usize) {
    let a = MatRef::from_row_major_slice(a, a.len() / units, units);
    panels(into, units, |start, panel| {
        let rows = panel.nrows();
        let (left, square, _) = split(panel, start, rows);
        let own = a.subcols(start, rows);
        if start > 0 {
            matmul(left, Accum::Replace, own.transpose(), a.subcols(0, start), 1.0, Par::Seq);
        }
        triangular::matmul(
            square,
            BlockStructure::TriangularLower,
            Accum::Replace,
            own.transpose(),
            BlockStructure::Rectangular,
            own,
            BlockStructure::Rectangular,
            1.0,
            Par::Seq,
        );
    });
}

/// Overwrites `into`, `units x units`, with `a^T b`; both are row-major with `units` columns.
pub(crate) fn product(into: &mut [f64], a: &[f64], b: &[f64], units: usize) {
    let a = MatRef::from_row_major_slice(a, a.len() / units, units);
    let b = MatRef::from_row_major_slice(b, b.len() / units, units);
    panels(into, units, |start, panel| {
        let own = a.subcols(start, panel.nrows());
        matmul(panel, Accum::Replace, own.transpose(), b, 1.0, Par::Seq);
    });
}

/// Overwrites `into`, row-major, with `a b^T`: the products of each row of `a` with each row of `b`, all of `units` values.
pub(crate) fn row_products(into: &mut [f64], a: &[f64], b: &[f64], units: usize) {
    let (rows, columns) = (a.len() / units, b.len() / units);
    let a = MatRef::from_row_major_slice(a, rows, units);
    let b = MatRef::from_row_major_slice(b, columns, units);
    let into = MatMut::from_row_major_slice_mut(into, rows, columns);
    matmul(into, Accum::Replace, a, b.transpose(), 1.0, Par::Seq);
}

fn panels(into: &mut [f64], units: usize, task: impl Fn(usize, MatMut<'_, f64>) + Sync) {
    into.par_chunks_mut(PANEL * units).enumerate().for_each(|(index, panel)| {
        let rows = panel.len() / units;
        task(index * PANEL, MatMut::from_row_major_slice_mut(panel, rows, units));
    });
}

/// Columns `0..start`, `start..start + width` and the rest.
fn split(panel: MatMut<'_, f64>, start: usize, width: usize) -> (MatMut<'_, f64>, MatMut<'_, f64>, MatMut<'_, f64>) {
    let (left, rest) = panel.split_at_col_mut(start);
    let (square, right) = rest.split_at_col_mut(width);
    (left, square, right)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small integers: every product is exact, so any order of summation gives the same bits.
    fn matrix(rows: usize, units: usize, seed: usize) -> Vec<f64> {
        (0..rows * units).map(|at| ((at * 7 + seed * 13) % 11) as f64 - 5.0).collect()
    }

    #[test]
    fn products_equal_the_definition_across_panels() {
        for (rows, units) in [(7, 3), (5, 300), (33, 256), (1, 1), (4, 600)] {
            let (a, b) = (matrix(rows, units, 1), matrix(rows, units, 2));
            let mut lower = vec![f64::NAN; units * units];
            let mut full = vec![f64::NAN; units * units];
            gram_lower(&mut lower, &a, units);
            product(&mut full, &a, &b, units);
            for i in 0..units {
                for j in 0..units {
                    let dot =
                        |x: &[f64], y: &[f64]| (0..rows).map(|n| x[n * units + i] * y[n * units + j]).sum::<f64>();
                    assert_eq!(full[i * units + j], dot(&a, &b), "{rows} x {units} at {i}, {j}");
                    if j <= i {
                        assert_eq!(lower[i * units + j], dot(&a, &a), "{rows} x {units} at {i}, {j}");
                    }
                }
            }
        }
    }
    #[test]
    fn rows_by_rows_of_another_matrix() {
        let (a, b) = (matrix(3, 5, 1), matrix(4, 5, 2));
        let mut into = vec![f64::NAN; 12];
        row_products(&mut into, &a, &b, 5);
        for (at, found) in into.iter().enumerate() {
            let dot: f64 = (0..5).map(|i| a[at / 4 * 5 + i] * b[at % 4 * 5 + i]).sum();
            assert_eq!(*found, dot, "at {at}");
        }
    }

    #[test]
    fn no_rows_have_no_product() {
        let mut lower = vec![f64::NAN; 9];
        gram_lower(&mut lower, &[], 3);
        for i in 0..3 {
            assert_eq!(lower[i * 3..=i * 3 + i], vec![0.0; i + 1]);
        }
    }
}

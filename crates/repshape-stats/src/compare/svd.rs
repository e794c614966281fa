//! Singular values of a rectangular matrix, on one thread so that the bits do not depend on their number.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::svd::{ComputeSvdVectors, svd, svd_scratch};
use faer::{Mat, MatRef, Par};

use crate::spectrum;

/// Singular values, largest first, and the left singular vectors.
pub(super) struct Singular {
    /// `min(rows, columns)` of them.
    pub(super) values: Vec<f64>,
    /// Row-major: row k is the left singular vector of `values[k]`.
    pub(super) left: Vec<f64>,
}

/// Of a row-major matrix of finite numbers of about 1. Never fails: where the fast solver does not converge, the
/// eigenvectors of `M M^T` serve, with half the digits of the small values.
pub(super) fn singular(matrix: &[f64], rows: usize, columns: usize) -> Singular {
    let size = rows.min(columns);
    if size == 0 {
        return Singular { values: Vec::new(), left: Vec::new() };
    }
    let m = MatRef::from_row_major_slice(matrix, rows, columns);
    let mut values = Diag::<f64>::zeros(size);
    let mut u = Mat::zeros(rows, size);
    let scratch =
        svd_scratch::<f64>(rows, columns, ComputeSvdVectors::Thin, ComputeSvdVectors::No, Par::Seq, Default::default());
    let stack = &mut MemBuffer::new(scratch);
    let solved = svd(m, values.as_mut(), Some(u.as_mut()), None, Par::Seq, MemStack::new(stack), Default::default());
    let found: Vec<f64> = values.column_vector().iter().copied().collect();
    if solved.is_ok() && found.iter().all(|s| s.is_finite()) {
        let left = u.col_iter().flat_map(|column| column.iter().copied().collect::<Vec<_>>()).collect();
        return Singular { values: found, left };
    }
    by_eigenvectors(matrix, rows, columns)
}

fn by_eigenvectors(matrix: &[f64], rows: usize, columns: usize) -> Singular {
    let row = |i: usize| &matrix[i * columns..(i + 1) * columns];
    let square: Vec<f64> = (0..rows * rows).map(|at| super::cross::dot(row(at / rows), row(at % rows))).collect();
    let mut eigen = spectrum::eigen(&square, rows);
    let size = rows.min(columns);
    eigen.values.truncate(size);
    eigen.vectors.truncate(size * rows);
    Singular { values: eigen.values.into_iter().map(|l| l.max(0.0).sqrt()).collect(), left: eigen.vectors }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_and_by_either_way() {
        // rows (3, 0, 0), (0, 0, -2): singular values 3 and 2
        let matrix = [3.0, 0.0, 0.0, 0.0, 0.0, -2.0];
        for found in [singular(&matrix, 2, 3), by_eigenvectors(&matrix, 2, 3)] {
            assert!((found.values[0] - 3.0).abs() < 1e-14 && (found.values[1] - 2.0).abs() < 1e-14);
            let size: Vec<f64> = found.left.iter().map(|x| x.abs()).collect();
            assert!(size.iter().zip([1.0, 0.0, 0.0, 1.0]).all(|(x, y)| (x - y).abs() < 1e-14), "{size:?}");
        }
        // tall: the same values
        let tall = singular(&[3.0, 0.0, 0.0, 0.0, 0.0, -2.0], 3, 2);
        assert_eq!((tall.values.len(), tall.left.len()), (2, 6));
        assert!(singular(&[], 0, 3).values.is_empty());
    }
}

//! Sums over rows that hold squared norms: the diagonals of the two kernel matrices, which unbiased CKA leaves out.

use super::cross::dot;

/// With `x`, `y` the rows of A and B less their means: `sum |x|^4`, `sum |x|^2 |y|^2`, `sum |y|^4`, and the vectors
/// that moving them to other means takes.
#[derive(Debug, Clone)]
pub(super) struct NormSums {
    /// `sum_n |x_n|^4`
    pub(super) aa: f64,
    /// `sum_n |x_n|^2 |y_n|^2`
    pub(super) ab: f64,
    /// `sum_n |y_n|^4`
    pub(super) bb: f64,
    /// `sum_n |x_n|^2 x_n`
    a_x: Vec<f64>,
    /// `sum_n |x_n|^2 y_n`
    a_y: Vec<f64>,
    /// `sum_n |y_n|^2 x_n`
    b_x: Vec<f64>,
    /// `sum_n |y_n|^2 y_n`
    b_y: Vec<f64>,
}

/// A move of every row by `by_a` in A and `by_b` in B, and what it meets: rows whose sum is 0, and their co-moments.
pub(super) struct Moved<'a> {
    pub(super) rows: f64,
    pub(super) by_a: &'a [f64],
    pub(super) by_b: &'a [f64],
    /// Co-moments of A times `by_a`.
    pub(super) aa: &'a [f64],
    /// Cross co-moments times `by_b`.
    pub(super) ab: &'a [f64],
    /// Cross co-moments, transposed, times `by_a`.
    pub(super) ba: &'a [f64],
    /// Co-moments of B times `by_b`.
    pub(super) bb: &'a [f64],
    pub(super) trace_a: f64,
    pub(super) trace_b: f64,
}

impl NormSums {
    /// Of centred rows.
    pub(super) fn of((x, units_a): (&[f64], usize), (y, units_b): (&[f64], usize)) -> Self {
        let zeros = |units| vec![0.0; units];
        let (mut a_x, mut a_y, mut b_x, mut b_y) = (zeros(units_a), zeros(units_b), zeros(units_a), zeros(units_b));
        let (mut aa, mut ab, mut bb) = (0.0, 0.0, 0.0);
        let add = |sum: &mut [f64], by: f64, row: &[f64]| sum.iter_mut().zip(row).for_each(|(sum, z)| *sum += by * z);
        for (x, y) in x.chunks_exact(units_a).zip(y.chunks_exact(units_b)) {
            let (a, b) = (dot(x, x), dot(y, y));
            aa += a * a;
            ab += a * b;
            bb += b * b;
            add(&mut a_x, a, x);
            add(&mut a_y, a, y);
            add(&mut b_x, b, x);
            add(&mut b_y, b, y);
        }
        Self { aa, ab, bb, a_x, a_y, b_x, b_y }
    }

    /// Of the same rows after a move. With `|x + d|^2 = |x|^2 + 2 d.x + |d|^2` and sums of `x`, `y` that are 0:
    /// `sum |x+d|^2 |y+e|^2 = sum |x|^2|y|^2 + 2 e.(sum |x|^2 y) + |e|^2 tr A + 2 d.(sum |y|^2 x) + 4 d'Ce + |d|^2 tr B +
    /// N |d|^2|e|^2`, and `sum |x+d|^2 (y+e) = sum |x|^2 y + 2 C'd + e tr A + N |d|^2 e`, C the cross co-moments.
    pub(super) fn moved(&self, by: &Moved<'_>) -> Self {
        let (d, e) = (by.by_a, by.by_b);
        let (dd, ee) = (dot(d, d), dot(e, e));
        let (a, b, n) = (by.trace_a, by.trace_b, by.rows);
        let vector = |sum: &[f64], product: &[f64], step: &[f64], trace: f64, square: f64| -> Vec<f64> {
            let terms = sum.iter().zip(product).zip(step);
            terms.map(|((sum, product), step)| sum + 2.0 * product + (trace + n * square) * step).collect()
        };
        Self {
            aa: self.aa + 4.0 * dot(d, &self.a_x) + 2.0 * dd * a + 4.0 * dot(d, by.aa) + n * dd * dd,
            ab: self.ab
                + 2.0 * (dot(e, &self.a_y) + dot(d, &self.b_x))
                + (ee * a + dd * b)
                + 4.0 * dot(d, by.ab)
                + n * dd * ee,
            bb: self.bb + 4.0 * dot(e, &self.b_y) + 2.0 * ee * b + 4.0 * dot(e, by.bb) + n * ee * ee,
            a_x: vector(&self.a_x, by.aa, d, a, dd),
            a_y: vector(&self.a_y, by.ba, e, a, dd),
            b_x: vector(&self.b_x, by.ab, d, b, ee),
            b_y: vector(&self.b_y, by.bb, e, b, ee),
        }
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        let sum = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x + y).collect();
        Self {
            aa: self.aa + other.aa,
            ab: self.ab + other.ab,
            bb: self.bb + other.bb,
            a_x: sum(&self.a_x, &other.a_x),
            a_y: sum(&self.a_y, &other.a_y),
            b_x: sum(&self.b_x, &other.b_x),
            b_y: sum(&self.b_y, &other.b_y),
        }
    }
}

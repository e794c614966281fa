//! Stable rank of the activations, over all rows (RR) or of each class (cw-RR). Not centred.

use std::fmt;
use std::str::FromStr;

use burn::tensor::{DType, Int, Tensor};

use super::{Penalty, Reduction};
use crate::groups::{Groups, Scope};

/// What stands for the squared spectral norm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Estimate {
    /// `A B`, largest absolute column sum times largest absolute row sum: an upper bound of the squared norm
    /// (Hölder), so the value is a lower bound of the stable rank.
    #[default]
    Holder,
    /// The squared norm itself, by power iteration.
    Spectral,
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Estimate::Holder => "holder",
            Estimate::Spectral => "spectral",
        })
    }
}

impl FromStr for Estimate {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Estimate::Holder, Estimate::Spectral].into_iter().find(|estimate| estimate.to_string() == text).ok_or(())
    }
}

/// `1/K sum_k F^k/D^k` with `F = sum z_in^2` and the denominator of the estimate; `Sum` drops `1/K`, so over all
/// rows both reductions are the same.
///
/// | estimate | denominator | gradient over one group |
/// |---|---|---|
/// | `holder` | `A B`, `A = max_i sum_n |z_in|`, `B = max_n sum_i |z_in|` | `2 z/(AB) - F sign(z)/(AB) ([i = i*]/A + [n = n*]/B)`, `i*`, `n*` the first arg max |
/// | `spectral` | `s1^2` | `2 z/s1^2 - 2 F/s1^3 u1 v1^T` |
///
/// A group that is absent, or all 0, adds nothing. Sources: Choi et al. (2018), eqs. 9, 10 and 7, Table 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rank {
    /// All rows or within classes.
    pub scope: Scope,
    /// Hölder's bound by default.
    pub estimate: Estimate,
    /// Mean by default.
    pub reduction: Reduction,
}

impl Penalty for Rank {
    fn value_and_gradient(&self, z: &Tensor<2>, groups: &Groups) -> (Tensor<1>, Tensor<2>) {
        let scale = self.reduction.scale(groups.count() as f64);
        let (sum, gradient) = match self.estimate {
            Estimate::Holder => holder(z.clone(), groups),
            Estimate::Spectral => groups.by_block(z.clone(), spectral),
        };
        (sum * scale, gradient * scale)
    }

    fn scope(&self) -> Scope {
        self.scope
    }

    fn degree(&self) -> Option<f64> {
        Some(0.0)
    }
}

/// `sum_k F/(A B)` and its gradient.
fn holder(z: Tensor<2>, groups: &Groups) -> (Tensor<1>, Tensor<2>) {
    let size = z.clone().abs();
    let squares = groups.sum(&z.clone().square().sum_dim(1)); // F, [P, 1]
    let (columns, unit) = groups.sum(&size).max_dim_with_indices(1); // A and i*, [P, 1]
    let one_hot = groups.one_hot();
    // rows of other groups have 0 here, never more than the group's own
    let (rows, row) = (size.sum_dim(1) * one_hot.clone()).max_dim_with_indices(0); // B and n*, [1, P]
    let (columns_inverse, rows_inverse) = (inverse(columns), inverse(rows.transpose())); // 1/A, 1/B
    let inverse_bound = columns_inverse.clone() * rows_inverse.clone();
    let ratio = squares * inverse_bound.clone();

    let at_unit = indicator(unit, z.dims()[1], 1, z.dtype()) * (ratio.clone() * columns_inverse); // [P, I]
    let at_row = indicator(row, z.dims()[0], 0, z.dtype()) * (ratio.clone() * rows_inverse).transpose(); // [N, P]
    // a group that is all 0 takes row 0 for its first, maybe another group's: its ratio is 0
    let pull = groups.spread(at_unit) + at_row.sum_dim(1);
    let gradient = z.clone() * groups.spread(inverse_bound * 2.0) - z.sign() * pull;
    (ratio.sum(), gradient)
}

/// 1 at the indices along `dim`, which has length 1 in `at`, 0 elsewhere along its `length`.
fn indicator(at: Tensor<2, Int>, length: usize, dim: usize, dtype: DType) -> Tensor<2> {
    let mut shape = [1, 1];
    shape[dim] = length;
    let places = Tensor::<1, Int>::arange(0..length as i64, &at.device()).reshape(shape);
    let [rows, columns] = at.dims();
    let full = if dim == 0 { [length, columns] } else { [rows, length] };
    places.expand(full).equal(at.expand(full)).float().cast(dtype)
}

/// `1/x`, and 0 where `x` is 0.
fn inverse(x: Tensor<2>) -> Tensor<2> {
    let zero = x.clone().equal_elem(0.0);
    x.mask_fill(zero.clone(), 1.0).recip().mask_fill(zero, 0.0)
}

/// `sum_k F/s1^2` and its gradient, from the smaller Gram matrix; several groups share one of their rows.
fn spectral(z: Tensor<2>, groups: &Groups) -> (Tensor<1>, Tensor<2>) {
    let [rows, units] = z.dims();
    let squares = groups.sum(&z.clone().square().sum_dim(1)); // F, [P, 1]
    // s1 u1 ([N, 1]) v1 (rows of [P, I]) and s1^2 ([P, 1]) of each group
    let (square, scores, axes) = if groups.present() == 1 && rows >= units {
        let gram = z.clone().transpose().matmul(z.clone());
        let (square, v) = top(gram, &squares, &Groups::all(units, &z.device(), z.dtype()));
        (square, z.clone().matmul(v.clone()), v.transpose())
    } else {
        let same = groups.one_hot().matmul(groups.one_hot().transpose());
        let gram = z.clone().matmul(z.clone().transpose()) * same;
        let (square, u) = top(gram, &squares, groups);
        let axes = groups.sum(&(z.clone() * u.clone()));
        (square, u, axes)
    };
    let per_square = inverse(square);
    let ratio = squares * per_square.clone();
    // 2 z/s^2 - 2 F/s^4 (s u) v^T
    let pull = groups.spread(axes * (ratio.clone() * per_square.clone())) * scores;
    let gradient = (z * groups.spread(per_square) - pull) * 2.0;
    (ratio.sum(), gradient)
}

/// Largest eigenvalue `[P, 1]` of each diagonal block (one per group) of a Gram matrix, and its unit eigenvector,
/// all in one column; `trace` is that of each block.
///
/// Power iteration on a matrix that is squared after every step, so that step p counts for `2^p`: a ratio of
/// eigenvalues of 0.999 takes about 15 steps. The start is fixed, irregular and positive.
fn top(gram: Tensor<2>, trace: &Tensor<2>, groups: &Groups) -> (Tensor<2>, Tensor<2>) {
    let (least, most, tolerance) = match gram.dtype() {
        DType::F64 => (6, 48, 1e-15),
        _ => (4, 24, 1e-7),
    };
    let unit = |x: Tensor<2>| {
        let length = groups.sum(&x.clone().square()).sqrt();
        x * groups.spread(inverse(length))
    };
    let start = irregular(gram.dims()[0], &gram);
    let (mut x, mut power) = (unit(start), gram.clone() * groups.spread(inverse(trace.clone())));
    for step in 0..most {
        let next = unit(power.clone().matmul(x.clone()));
        let change = (next.clone() - x).abs().max().into_scalar::<f64>();
        x = next;
        if step >= least && (change <= tolerance || change.is_nan()) {
            break;
        }
        power = power.clone().matmul(power);
        let trace = groups.sum(&power.clone().square().sum_dim(1)).sqrt();
        power = power * groups.spread(inverse(trace));
    }
    // squaring gathers rounding errors; steps with the matrix itself remove them
    for _ in 0..2 {
        x = unit(gram.clone().matmul(x));
    }
    (groups.sum(&(x.clone() * gram.matmul(x.clone()))), x)
}

/// `[length, 1]`, in (0.5, 1.5), without a pattern that data could be orthogonal to.
fn irregular(length: usize, like: &Tensor<2>) -> Tensor<2> {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let values: Vec<f64> = (1..=length).map(|n| 0.5 + (n as f64 * GOLDEN).fract()).collect();
    Tensor::from_data(burn::tensor::TensorData::new(values, [length, 1]), (&like.device(), like.dtype()))
}

//! Cross-covariance between groups of units (XCov).

use burn::tensor::{Int, Tensor, TensorData};

use super::{Penalty, PenaltyError, Reduction, UnitGroups};
use crate::groups::{Groups, Scope};

/// `1/2 sum_{i in Y, j in Z} c_ij^2`, biased covariances (`1/N`), over all pairs of groups of units `Y`, `Z`;
/// `Mean` divides by the number of pairs (i, j).
///
/// The gradient at a unit i of a group is `1/N sum_j c_ij (z_jn - mu_j)` over the units j of all other groups; units of
/// no group have gradient 0. Source: Cheung et al. (2014), eqs. 6 (as printed: the default) to 8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XCov {
    /// The groups of units.
    pub groups: UnitGroups,
    /// Sum by default.
    pub reduction: Reduction,
}

impl Penalty for XCov {
    fn value_and_gradient(&self, z: &Tensor<2>, groups: &Groups) -> (Tensor<1>, Tensor<2>) {
        let [_, units] = z.dims();
        let members = self.groups.units();
        let centred = groups.centre(z);
        let parts: Vec<Tensor<2>> = members.iter().map(|group| centred.clone().select(1, indices(group, z))).collect();
        let mut gradients: Vec<Tensor<2>> = parts.iter().map(Tensor::zeros_like).collect();
        let (mut value, mut pairs) = (Tensor::zeros([1], (&z.device(), z.dtype())), 0.0);
        for b in 1..parts.len() {
            for a in 0..b {
                let (sum, of_a, of_b) = pair(&parts[a], &parts[b]);
                value = value + sum;
                gradients[a] = gradients[a].clone() + of_a;
                gradients[b] = gradients[b].clone() + of_b;
                pairs += (members[a].len() * members[b].len()) as f64;
            }
        }
        let scale = self.reduction.scale(pairs);
        (value * (0.5 * scale), place(gradients, members, units) * scale)
    }

    fn scope(&self) -> Scope {
        Scope::All
    }

    fn degree(&self) -> Option<f64> {
        Some(4.0)
    }

    fn accepts(&self, units: usize) -> Result<(), PenaltyError> {
        self.groups.accepts(units)
    }
}

/// Of centred `y` and `z`, with `C = y^T z / N`: `sum C^2`, and half its gradient by `y` and by `z`, by the smaller Gram matrices.
fn pair(y: &Tensor<2>, z: &Tensor<2>) -> (Tensor<1>, Tensor<2>, Tensor<2>) {
    let ([rows, a], [_, b]) = (y.dims(), z.dims());
    let per_row = 1.0 / rows as f64;
    if rows * (a + b) < a * b {
        let of_rows = |x: &Tensor<2>| x.clone().matmul(x.clone().transpose()) * per_row;
        let (yy, zz) = (of_rows(y), of_rows(z));
        let sum = (yy.clone() * zz.clone()).sum();
        (sum, zz.matmul(y.clone()) * per_row, yy.matmul(z.clone()) * per_row)
    } else {
        let cross = y.clone().transpose().matmul(z.clone()) * per_row;
        let of_y = z.clone().matmul(cross.clone().transpose()) * per_row;
        let of_z = y.clone().matmul(cross.clone()) * per_row;
        (cross.square().sum(), of_y, of_z)
    }
}

/// The groups' columns at their places among `units`, 0 elsewhere.
fn place(mut parts: Vec<Tensor<2>>, members: &[Vec<usize>], units: usize) -> Tensor<2> {
    let [rows, _] = parts[0].dims();
    let named: usize = members.iter().map(Vec::len).sum();
    parts.push(Tensor::zeros([rows, 1], (&parts[0].device(), parts[0].dtype())));
    // units of no group take the column of zeros
    let mut source = vec![named; units];
    for (column, &unit) in members.iter().flatten().enumerate() {
        source[unit] = column;
    }
    let columns = Tensor::cat(parts, 1);
    let source = indices(&source, &columns);
    columns.select(1, source)
}

fn indices(units: &[usize], like: &Tensor<2>) -> Tensor<1, Int> {
    let units: Vec<i64> = units.iter().map(|&unit| unit as i64).collect();
    let length = units.len();
    Tensor::from_data(TensorData::new(units, [length]), &like.device())
}

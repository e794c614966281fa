//! Sums over products of centred units, by whichever Gram matrix is smaller.

use burn::tensor::Tensor;

use crate::groups::Groups;

/// Entries of a block of `c^T c` that is held at once.
const BLOCK_ENTRIES: usize = 1 << 22;

/// `1/(N-1)`, and 0 for one row, whose covariance is taken as 0.
pub(super) fn unbiased(rows: usize) -> f64 {
    if rows < 2 { 0.0 } else { 1.0 / (rows - 1) as f64 }
}

/// Of group-centred `c`: `scale sum_k sum_{i!=j} (c^k_ij)^2`, and its gradient, `4 scale/|S_k| sum_{j!=i} c^k_ij c_jn`.
///
/// Where the rows are fewer than the units, or of several groups, from the Gram matrix of the rows: with
/// `M_nm = [same group]/|S|^2`, `sum_k |C_k|_F^2 = sum(M o (c c^T)^2)`, and the squares of the diagonal are
/// subtracted. They are about `N/I` of the whole, so little cancels. Otherwise from the `I x I` matrix, whose diagonal
/// is left out before anything is summed.
pub(super) fn squared_covariances(c: Tensor<2>, groups: &Groups, scale: f64) -> (Tensor<1>, Tensor<2>) {
    let [_, units] = c.dims();
    if units < 2 {
        // no pairs; times 0 so that what is not finite stays so
        return (c.clone().sum() * 0.0, c * 0.0);
    }
    groups.by_block(c, |c, groups| {
        let [rows, units] = c.dims();
        if groups.present() == 1 && rows >= units { by_units(c, scale) } else { by_rows(c, groups, scale) }
    })
}

fn by_units(c: Tensor<2>, scale: f64) -> (Tensor<1>, Tensor<2>) {
    let [rows, units] = c.dims();
    let off_diagonal = Tensor::<2>::eye(units, &c.device()).cast(c.dtype()) * -1.0 + 1.0;
    let covariance = c.clone().transpose().matmul(c.clone()) * off_diagonal * (1.0 / rows as f64);
    let gradient = c.matmul(covariance.clone() * (4.0 * scale / rows as f64));
    (covariance.square().sum() * scale, gradient)
}

fn by_rows(c: Tensor<2>, groups: &Groups, scale: f64) -> (Tensor<1>, Tensor<2>) {
    let gram = c.clone().matmul(c.clone().transpose());
    let within = groups.within(gram.clone());
    let variances = groups.mean(&c.clone().square());
    let value = (within.clone() * gram).sum() - variances.clone().square().sum();
    // scaled while small: N x N and P x I rather than N x I
    let diagonal = groups.spread(groups.weigh_groups(variances) * (4.0 * scale));
    (value * scale, (within * (4.0 * scale)).matmul(c.clone()) - c * diagonal)
}

/// Of centred `c`, with `S = c^T c`: `sum_ij |S_ij|` and `c sign(S)`, without ever holding more of `S` than a block.
pub(super) fn absolute_products(c: Tensor<2>) -> (Tensor<1>, Tensor<2>) {
    let [_, units] = c.dims();
    let width = (BLOCK_ENTRIES / units.max(1)).max(1);
    let (mut sum, mut signed): (Option<Tensor<1>>, Vec<Tensor<2>>) = (None, Vec::new());
    for start in (0..units).step_by(width) {
        let block = c.clone().slice_dim(1, start..(start + width).min(units));
        let products = c.clone().transpose().matmul(block);
        let part = products.clone().abs().sum();
        sum = Some(match sum {
            Some(sum) => sum + part,
            None => part,
        });
        signed.push(c.clone().matmul(products.sign()));
    }
    (sum.unwrap_or_else(|| c.sum()), Tensor::cat(signed, 1))
}

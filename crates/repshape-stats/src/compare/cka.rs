//! Centred kernel alignment (CKA) of linear kernels, biased and unbiased.

use super::Pairing;

/// `norm_F(Y^T X)^2 / (norm_F(X^T X) norm_F(Y^T Y))`, X and Y centred (Kornblith et al. 2019, section 3).
///
/// Biased: of independent representations about `sqrt(PR_A PR_B) / N`, PR the participation ratios, not 0.
pub(super) fn cka(pairing: &Pairing<'_>) -> Option<f64> {
    let scaled = pairing.scaled()?;
    // rounding may carry equal representations past 1
    Some((square(&scaled.ab) / (square(&scaled.aa) * square(&scaled.bb)).sqrt()).min(1.0))
}

/// `HSIC_1(K, L) / sqrt(HSIC_1(K, K) HSIC_1(L, L))` of `K = X X^T`, `L = Y Y^T` (Nguyen et al. 2021, equation 3), with
/// the unbiased estimator of Song et al. (2012), equation 5, over kernels whose diagonal is left out:
///
/// `HSIC_1 = [tr(KL) + 1'K1 1'L1 / ((N-1)(N-2)) - 2/(N-2) 1'KL1] / (N(N-3))`.
///
/// It does not depend on where the origin lies, so the rows are centred; then `K 1` without the diagonal is minus the
/// diagonal, and all that is left is `norm_F(X'Y)^2 - N/(N-2) sum |x|^2|y|^2 + tr(X'X) tr(Y'Y) / ((N-1)(N-2))`.
/// `None` for fewer than 4 rows, or where nothing is left of a kernel without its diagonal once it is centred: equally
/// distant rows, or all but one row equal.
pub(super) fn cka_unbiased(pairing: &Pairing<'_>) -> Option<f64> {
    let scaled = pairing.scaled()?;
    let [norms_aa, norms_ab, norms_bb] = scaled.norms?;
    let rows = pairing.rows() as f64;
    if rows < 4.0 {
        return None;
    }
    // the traces are 1
    let traces = 1.0 / ((rows - 1.0) * (rows - 2.0));
    let hsic = |product: &[f64], norms: f64| {
        let (squares, norms) = (square(product), rows / (rows - 2.0) * norms);
        (squares - norms + traces, ROUNDING * (squares + norms + traces))
    };
    let ((a, rounding_a), (b, rounding_b)) = (hsic(&scaled.aa, norms_aa), hsic(&scaled.bb, norms_bb));
    let (ab, _) = hsic(&scaled.ab, norms_ab);
    (a > rounding_a && b > rounding_b).then(|| (ab / a.sqrt() / b.sqrt()).clamp(-1.0, 1.0))
}

/// What sums that cancel to 0 leave, as a share of their terms.
const ROUNDING: f64 = 1e-13;

fn square(matrix: &[f64]) -> f64 {
    matrix.iter().map(|x| x * x).sum()
}

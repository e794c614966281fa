//! Procrustes distance: how far two representations are apart after the best rotation.

use super::Pairing;
use super::svd::singular;

/// `norm_F(A)^2 + norm_F(B)^2 - 2 norm_*(A^T B)` of centred matrices scaled to unit Frobenius norm, so from 0 to 2: the
/// **square** of `min_Q norm_F(A - B Q)` over orthogonal Q (Ding et al. 2021, section 2.3; Williams et al. 2021 take an
/// angle of the same product). The nuclear norm is the sum of the singular values of the cross co-moments.
pub(super) fn procrustes_distance(pairing: &Pairing<'_>) -> Option<f64> {
    let scaled = pairing.scaled()?;
    let nuclear: f64 = singular(&scaled.ab, scaled.units_a, scaled.units_b).values.iter().sum();
    // rounding may carry equal representations below 0
    Some((2.0 - 2.0 * nuclear).max(0.0))
}

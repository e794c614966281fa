//! Adam (Kingma & Ba 2015, algorithm 1).

use serde::{Deserialize, Serialize};

use super::{Slot, grown};
use crate::widest::widest;

/// Adam: `w -= rate * m / (sqrt(v) + epsilon)` with bias-corrected averages `m` of the gradient
/// and `v` of its square.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Adam {
    /// Step size.
    pub rate: f64,
    /// Decay of the gradient's average.
    pub beta1: f64,
    /// Decay of the squared gradient's average.
    pub beta2: f64,
    /// Added to the root.
    pub epsilon: f64,
}

impl Adam {
    /// The published constants: 0.9, 0.999, 1e-8.
    pub const fn with_rate(rate: f64) -> Self {
        Self { rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }

    pub(super) fn update(&self, step: u64, slot: &mut Slot, weights: &mut [f32], gradient: &[f32]) {
        let step = step.min(i32::MAX as u64) as i32;
        // both corrections folded into two scalars: m/(1-b1^t) / (sqrt(v/(1-b2^t)) + eps)
        let root = (1.0 - self.beta2.powi(step)).sqrt();
        let rate = (self.rate * root / (1.0 - self.beta1.powi(step))) as f32;
        let epsilon = (self.epsilon * root) as f32;
        let (b1, b2) = (self.beta1 as f32, self.beta2 as f32);
        let (c1, c2) = ((1.0 - self.beta1) as f32, (1.0 - self.beta2) as f32);
        let first = grown(&mut slot.first, weights.len());
        let second = grown(&mut slot.second, weights.len());
        // the widest vectors of this processor; every operation is exact IEEE, so the bits do not
        // depend on the width
        widest(
            #[inline(always)]
            || {
                for (((w, g), m), v) in weights.iter_mut().zip(gradient).zip(first.iter_mut()).zip(second.iter_mut()) {
                    *m = b1 * *m + c1 * g;
                    *v = b2 * *v + c2 * (g * g);
                    *w -= rate * *m / (v.sqrt() + epsilon);
                }
            },
        );
    }
}

//! RMSProp (Tieleman & Hinton 2012).

use serde::{Deserialize, Serialize};

use super::{Slot, grown};

/// `v = decay v + (1 - decay) g^2`, `w -= rate g / sqrt(v + epsilon)`, no momentum.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RmsProp {
    /// Step size.
    pub rate: f64,
    /// Decay of the squared gradient's average.
    pub decay: f64,
    /// Added under the root.
    pub epsilon: f64,
}

impl RmsProp {
    /// The usual constants: decay 0.9, epsilon 1e-10.
    pub const fn with_rate(rate: f64) -> Self {
        Self { rate, decay: 0.9, epsilon: 1e-10 }
    }

    pub(super) fn update(&self, slot: &mut Slot, weights: &mut [f32], gradient: &[f32]) {
        let (rate, decay) = (self.rate as f32, self.decay as f32);
        let (rest, epsilon) = ((1.0 - self.decay) as f32, self.epsilon as f32);
        let second = grown(&mut slot.second, weights.len());
        for ((w, g), v) in weights.iter_mut().zip(gradient).zip(second) {
            *v = decay * *v + rest * (g * g);
            *w -= rate * g / (*v + epsilon).sqrt();
        }
    }
}

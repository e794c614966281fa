//! Gradient descent with momentum.

use serde::{Deserialize, Serialize};

use super::{Slot, grown};

/// `u = momentum u + g`, `w -= rate u` (Polyak's form, without dampening).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sgd {
    /// Step size.
    pub rate: f64,
    /// Share of the last velocity that is kept; 0 for plain descent.
    pub momentum: f64,
}

impl Sgd {
    pub(super) fn update(&self, slot: &mut Slot, weights: &mut [f32], gradient: &[f32]) {
        let (rate, momentum) = (self.rate as f32, self.momentum as f32);
        let velocity = grown(&mut slot.first, weights.len());
        for ((w, g), u) in weights.iter_mut().zip(gradient).zip(velocity) {
            *u = momentum * *u + g;
            *w -= rate * *u;
        }
    }
}

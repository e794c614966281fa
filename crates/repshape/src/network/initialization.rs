//! How weights start.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

/// The distribution of a dense layer's initial weights; biases start at 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Initialization {
    /// `U(-a, a)`, `a = sqrt(6 / (fan_in + fan_out))` (Glorot & Bengio 2010), the default of the
    /// framework the papers used; with it their tables come out.
    #[default]
    GlorotUniform,
    /// `N(0, 2 / fan_in)` (He et al. 2015).
    HeNormal,
    /// `N(0, 1)` whatever the shape.
    Normal,
}

impl Initialization {
    /// Draws a dense layer of `fan_in` to `fan_out` units from `rng`, host first, so that a seed
    /// means the same weights on every device.
    pub fn linear(self, fan_in: usize, fan_out: usize, rng: &mut ChaCha8Rng, device: &Device) -> Linear {
        let glorot = (6.0 / (fan_in + fan_out) as f32).sqrt();
        let he = (2.0 / fan_in as f32).sqrt();
        let weights: Vec<f32> = (0..fan_in * fan_out)
            .map(|_| match self {
                Self::GlorotUniform => glorot * (2.0 * rng.random::<f32>() - 1.0),
                Self::HeNormal => he * rng.sample::<f32, _>(StandardNormal),
                Self::Normal => rng.sample(StandardNormal),
            })
            .collect();
        Linear {
            weight: Param::from_data(TensorData::new(weights, [fan_in, fan_out]), device),
            bias: Some(Param::from_data(TensorData::new(vec![0.0_f32; fan_out], [fan_out]), device)),
        }
    }
}

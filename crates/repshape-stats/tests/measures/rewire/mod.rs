//! Rewired networks: the same outputs, other characteristics.

mod by_hand;
mod compact;
mod golden;
mod outputs;
mod refusals;
mod spectral;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use repshape_stats::rewire::{Affine, Layer, Site, SiteStatistics};
use repshape_stats::{Block, Sketch, SketchConfig};

/// A source of random bits for the library, from a seed.
fn bits(seed: u64) -> impl FnMut() -> u64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    move || rng.next_u64()
}

fn uniform(rng: &mut ChaCha8Rng, count: usize) -> Vec<f64> {
    (0..count).map(|_| rng.random_range(-1.0..1.0)).collect()
}

fn random_layer(rng: &mut ChaCha8Rng, inputs: usize, outputs: usize) -> Layer {
    Layer::new(inputs, uniform(rng, inputs * outputs), uniform(rng, outputs)).unwrap()
}

/// Orthogonal, scales from 1/3 to 3, orthogonal: of condition below 9, so that rounding stays small.
fn general_matrix(units: usize, seed: u64) -> Affine {
    let mut draw = bits(seed);
    let turn = Affine::random_orthogonal(units, &mut draw).unwrap();
    let scale = Affine::random_scale(units, 1.0 / 3.0, 3.0, &mut draw).unwrap();
    turn.then(&scale).unwrap().then(&Affine::random_orthogonal(units, &mut draw).unwrap()).unwrap()
}

/// Layers, and what stands behind each but the last.
#[derive(Debug, Clone)]
struct Network {
    layers: Vec<Layer>,
    sites: Vec<Site>,
}

impl Network {
    fn random(rng: &mut ChaCha8Rng, widths: &[usize], sites: &[Site]) -> Self {
        let layers = widths.windows(2).map(|w| random_layer(rng, w[0], w[1])).collect();
        Self { layers, sites: sites.to_vec() }
    }

    /// The representation after layer `site` and its activation.
    fn at(&self, x: &[f64], site: usize) -> Vec<f64> {
        let mut z = x.to_vec();
        for (layer, own) in self.layers.iter().zip(&self.sites).take(site + 1) {
            z = layer.apply(&z).unwrap();
            z.iter_mut().for_each(|z| *z = own.activate(*z));
        }
        z
    }

    fn outputs(&self, x: &[f64]) -> Vec<f64> {
        let last = self.layers.len() - 1;
        self.layers[last].apply(&if last == 0 { x.to_vec() } else { self.at(x, last - 1) }).unwrap()
    }
}

fn statistics(z: &[f64], units: usize) -> SiteStatistics {
    let mut sketch = Sketch::new(&SketchConfig::new(units)).unwrap();
    sketch.update(&Block::new(z, units).unwrap()).unwrap();
    SiteStatistics::of(sketch.moments()).unwrap()
}

/// Largest difference over the largest value.
fn difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let largest = a.iter().chain(b).fold(1e-300f64, |largest, x| largest.max(x.abs()));
    a.iter().zip(b).fold(0.0f64, |most, (a, b)| most.max((a - b).abs())) / largest
}

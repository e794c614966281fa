//! The monitor: what it measures, that it changes nothing, what it leaves behind and what it says.

mod measures;
mod training;
mod warnings;

use repshape::burn::tensor::{Device, Tensor, TensorData};
use repshape::monitor::{Monitor, MonitorConfig, ProbeRows};
use repshape::network::{Site, Tap};

/// A site that stands for itself, without a network.
fn site(name: &str, units: usize, bounds: Option<[f64; 2]>) -> Site {
    Site { name: name.to_owned(), units, after_nonlinearity: true, dropout: 0.0, bounds }
}

fn tensor(values: &[f32], columns: usize) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len() / columns, columns]), &Device::flex())
}

/// As many rows as there are, each unlike the others.
fn rows(count: usize, labels: Option<(Vec<u32>, usize)>) -> ProbeRows {
    let input: Vec<f32> = (0..count).map(|n| n as f32).collect();
    ProbeRows::new(tensor(&input, 1), labels).unwrap()
}

fn config(measures: &[&str]) -> MonitorConfig {
    MonitorConfig { measures: measures.iter().map(|&name| name.to_owned()).collect(), ..MonitorConfig::default() }
}

/// A probe in which `site` holds `z`.
fn show(monitor: &mut Monitor<'_>, step: u64, site: &Site, z: &[f32]) {
    let z = tensor(z, site.units);
    monitor
        .probe_with(step, 1, |_, tap: &mut dyn Tap| {
            tap.visit(site, z);
        })
        .unwrap();
}

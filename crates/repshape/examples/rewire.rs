//! Networks with the same outputs and other representations: `cargo run --release -p repshape --example rewire`.

use std::error::Error;

use burn::module::Module;
use burn::tensor::Device;
use rand::Rng;
use repshape::fit::{FitConfig, Flow, Training, fit};
use repshape::network::{Initialization, Mlp, MlpSpec, Network};
use repshape::objective::Objective;
use repshape::rewire::{
    Affine, CompactOptions, Cutoff, apply, compact, equalize, identical, insert_linear, spec, statistics,
};
use repshape::task::{Target, Task};
use repshape_data::{Purpose, SplitSpec, load, stream};

#[allow(clippy::print_stdout)] // an example talks to its reader
fn main() -> Result<(), Box<dyn Error>> {
    let device = Device::flex();
    let (tuning, test) = load(&"digits".parse()?, &[])?.split(&SplitSpec::default())?;
    let untrained = "mlp:60,40".parse::<MlpSpec>()?.init(64, 10, 1, &device.clone().autodiff());
    let objective = Objective::new(Task::CrossEntropy, Target::Labels, 10, &[], &untrained.sites(), "fc2")?;
    let config = FitConfig { epochs: 30, batch_size: 50, optimizer: "adam:1e-3".parse()?, seed: 1 };
    let go_on = &mut |_: &Training<Mlp>| Flow::Continue;
    let from = Training::new(untrained, config.optimizer);
    let fitted = fit(from, &tuning.train, None, &objective, &config, &device, go_on)?;
    // a linear layer behind the second: any nonsingular map passes there
    let network = insert_linear(&fitted.training.network.valid(), "fc2")?;

    let site = ["fc3".to_owned()];
    let known = statistics(&network, &tuning.train, &site, &device)?.remove(0);
    let mut rng = stream(1, Purpose::Sample, 0);
    let mut draw = || rng.next_u64();
    let networks = [
        ("as trained", network.clone()),
        ("whitened", apply(&network, "fc3", &Affine::whiten(&known, Cutoff::Share(1e-9))?.affine)?),
        ("principal axes", apply(&network, "fc3", &Affine::rotate(&known, Cutoff::Share(1e-9))?.affine)?),
        ("random orthogonal", apply(&network, "fc3", &Affine::random_orthogonal(40, &mut draw)?)?),
        ("random scales", apply(&network, "fc3", &Affine::random_scale(40, 0.0, 10.0, &mut draw)?)?),
        ("equalized", equalize(&network, "fc3")?.0),
        ("compact", compact(&network, "fc3", Some(&known), &CompactOptions::default())?.0),
    ];
    println!("{:18} {:24} {:>9} {:>11} {:>11}", "", "network", "variance", "covariance", "difference");
    for (name, other) in &networks {
        let found = identical(&network, other, &test, &device)?;
        let after = statistics(other, &test, &site, &device)?.remove(0);
        let (variance, covariance) = (mean(after.variance()), mean_covariance(&after));
        let text = spec(other, Initialization::default()).to_string();
        println!("{name:18} {text:24} {variance:9.3} {covariance:11.4} {:11.1e}", found.max_rel);
        if !found.is_within(1e-5) {
            return Err(format!("{name}: the outputs differ by {:e}", found.max_rel).into());
        }
    }
    Ok(())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Mean `|c_ij|` over the pairs of different units.
fn mean_covariance(known: &repshape::rewire::SiteStatistics) -> f64 {
    let n = known.units();
    let off = known.covariance().unwrap_or_default().iter().enumerate().filter(|(at, _)| at / n != at % n);
    mean(&off.map(|(_, c)| c.abs()).collect::<Vec<_>>())
}

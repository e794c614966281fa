//! A network whose representations are watched while they form:
//! `cargo run --release -p repshape --example monitor`.

use std::error::Error;
use std::path::Path;

use burn::tensor::Device;
use repshape::fit::{FitConfig, Training, fit};
use repshape::monitor::{Monitor, MonitorConfig, ProbeRows};
use repshape::network::{MlpSpec, Network};
use repshape::objective::Objective;
use repshape::task::{Target, Task};
use repshape_data::{SplitSpec, load};

#[allow(clippy::print_stdout)] // an example talks to its reader
fn main() -> Result<(), Box<dyn Error>> {
    let (tuning, _) = load(&"digits".parse()?, &[])?.split(&SplitSpec::default())?;
    let network = "mlp:100,100:tanh,100".parse::<MlpSpec>()?.init(64, 10, 1, &Device::flex().autodiff());
    let objective = Objective::new(Task::CrossEntropy, Target::Labels, 10, &[], &network.sites(), "fc3")?;

    // 80 validation rows, two sites, every 10 steps; a step size that is far too large
    let rows = ProbeRows::draw(&tuning.validation, MonitorConfig::ROWS, 1, &Device::flex())?;
    let mut monitor = Monitor::new(MonitorConfig::default(), rows, &network.sites(), &["fc2", "fc3"])?;
    let folder = tempfile::tempdir()?; // TensorBoard shows a folder that stays, such as "runs/digits"
    monitor.log_csv(&folder.path().join("monitor.csv"), 0)?;
    monitor.log_tensorboard(&folder.path().join("events.out.tfevents.0000000001.digits"), 1, 0)?;
    let config = FitConfig { epochs: 20, batch_size: 50, optimizer: "adam:0.05".parse()?, seed: 1 };
    let from = Training::new(network, config.optimizer);
    fit(from, &tuning.train, None, &objective, &config, &Device::flex(), &mut monitor)?;

    for warning in monitor.warnings() {
        println!("{warning}");
    }
    let rank = monitor.history().series("fc3", "stable_rank_covariance");
    println!("stable rank of fc3: {:.2?}", rank.filter_map(|(_, rank)| rank).step_by(5).collect::<Vec<_>>());
    println!("{} lines of monitor.csv", lines(&folder.path().join("monitor.csv"))?);
    Ok(())
}

fn lines(path: &Path) -> Result<usize, std::io::Error> {
    Ok(std::fs::read_to_string(path)?.lines().count())
}

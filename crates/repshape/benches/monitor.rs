//! What a monitor costs: `cargo bench -q -p repshape --bench monitor`.
//!
//! The papers' network (784-5x100-10, batches of 100, Adam) on rows with MNIST's share of zero pixels, one thread.
//! Blocks of ten steps, with a probe in their middle and without, take turns within one training. `share` is the
//! time that a probe adds to a block, each of its ten steps taken at the lower decile of its times, which is less
//! swayed by what else the machine does; behind it the median and the quartiles of the plain ratio of neighbouring blocks.

#![allow(clippy::print_stdout)] // a bench talks to its reader

use std::error::Error;
use std::time::Instant;

use burn::tensor::Device;
use repshape::fit::{FitConfig, Flow, Observer, Step, Training, fit};
use repshape::monitor::{Monitor, MonitorConfig, ProbeRows};
use repshape::network::{Mlp, MlpSpec, Network};
use repshape::objective::Objective;
use repshape::task::{Target, Task};
use repshape_data::{Classes, DataSet, Hold, Part, SplitSpec, Train, Values};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Steps of a block: a probe every so many is what is promised.
const STEPS: usize = 10;
const ROWS: usize = 20_000;
const PIXELS: usize = 784;
const EPOCHS: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    // of all the pools that a thread can be in, the first one stays
    drop(rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build());
    let train = images()?;
    println!("{:<46} {:>9} {:>9} {:>7}  plain: median, quartiles", "monitor", "10 steps", "probe", "share");
    let five = ["fc1", "fc2", "fc3", "fc4", "fc5"];
    for (name, rows, sites, more) in [
        ("fc5, 80 rows (the default)", 80, &["fc5"][..], &[][..]),
        ("fc5, 128 rows", 128, &["fc5"], &[]),
        ("fc5, 256 rows", 256, &["fc5"], &[]),
        ("fc1, 80 rows", 80, &["fc1"], &[]),
        ("fc1 to fc5, 80 rows", 80, &five, &[]),
        ("fc5, 80 rows, and effective_rank by a sketch", 80, &["fc5"], &["effective_rank"]),
    ] {
        measure(&train, name, rows, sites, more)?;
    }
    Ok(())
}

/// Times steps; in every other block of them a probe joins the fifth.
struct Blocks<'a> {
    monitor: Monitor<'a>,
    start: Instant,
    /// Of each block the seconds of its steps.
    blocks: Vec<[f64; STEPS]>,
    step: usize,
}

impl Observer<Mlp> for Blocks<'_> {
    fn epoch(&mut self, _: &Training<Mlp>) -> Flow {
        // the time between two epochs belongs to no step
        self.start = Instant::now();
        Flow::Continue
    }

    fn step(&mut self, step: &Step<'_, Mlp>) -> Flow {
        if self.step == 0 {
            self.blocks.push([0.0; STEPS]);
        }
        if self.step == STEPS / 2 && self.blocks.len().is_multiple_of(2) && self.monitor.step(step) == Flow::Stop {
            return Flow::Stop;
        }
        if let Some(block) = self.blocks.last_mut() {
            block[self.step] = self.start.elapsed().as_secs_f64();
        }
        self.step = (self.step + 1) % STEPS;
        self.start = Instant::now();
        Flow::Continue
    }
}

fn measure(train: &Train, name: &str, rows: usize, sites: &[&str], more: &[&str]) -> Result<(), Box<dyn Error>> {
    let spec: MlpSpec = "mlp:100,100,100,100,100".parse()?;
    let network = spec.init(PIXELS, 10, 1, &Device::flex().autodiff());
    let objective = Objective::new(Task::CrossEntropy, Target::Labels, 10, &[], &network.sites(), "fc5")?;
    let rows = ProbeRows::draw(train, rows, 1, &Device::flex())?;
    let mut config = MonitorConfig { every: 1, ..MonitorConfig::default() };
    config.measures.extend(more.iter().map(|&name| name.to_owned()));
    let monitor = Monitor::new(config, rows, &network.sites(), sites)?;
    let mut blocks = Blocks { monitor, start: Instant::now(), blocks: Vec::new(), step: 0 };
    let config = FitConfig { epochs: EPOCHS, batch_size: 100, optimizer: "adam:1e-4".parse()?, seed: 1 };
    let from = Training::new(network, config.optimizer);
    fit(from, train, None, &objective, &config, &Device::flex(), &mut blocks)?;
    // the first pairs find cold caches
    let pairs: Vec<&[[f64; STEPS]]> = blocks.blocks.chunks_exact(2).skip(2).collect();
    let deciles = |at: usize| -> f64 {
        let of_step = |step: usize| sorted(pairs.iter().map(|pair| pair[at][step]))[pairs.len() / 10];
        (0..STEPS).map(of_step).sum()
    };
    // the second of a pair has the probe
    let (without, with) = (deciles(0), deciles(1));
    let sum = |block: &[f64; STEPS]| block.iter().sum::<f64>();
    let ratios = sorted(pairs.iter().map(|pair| sum(&pair[1]) / sum(&pair[0]) - 1.0));
    let [low, median, high] = [1, 2, 3].map(|quarter| 100.0 * ratios[ratios.len() * quarter / 4]);
    println!(
        "{name:<46} {:>6.2} ms {:>6.0} us {:>5.1} %  {median:.1} %, {low:.1} to {high:.1} %",
        1e3 * without,
        1e6 * (with - without),
        100.0 * (with / without - 1.0),
    );
    Ok(())
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Rows of 784 with MNIST's share of zero pixels.
fn images() -> Result<Train, Box<dyn Error>> {
    let mut state = 1_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    };
    let mut part = |rows: usize| Part {
        file: "generated".to_owned(),
        values: Values::Bytes {
            bytes: (0..rows * PIXELS).map(|_| if draw() % 100 < 19 { (draw() % 256) as u8 } else { 0 }).collect(),
            divisor: 255.0,
        },
        labels_file: "generated".to_owned(),
        labels: Some((0..rows).map(|_| draw() % 10).collect()),
    };
    let classes = Classes { count: 10, names: None };
    let set = DataSet::new("generated", &[PIXELS], part(ROWS), part(10), Some(classes))?;
    let (tuning, _) = set.split(&SplitSpec { validation: Some(Hold::Rows(0)), ..SplitSpec::default() })?;
    Ok(tuning.train)
}

//! repshape's side of `benches/peers`: training steps, penalties and measures on one thread, best of many.
//!
//! `cargo bench -q -p repshape-cli --bench ours` prints tables for people, with the targets;
//! `... -- --json` prints `{"case": "...", "seconds": s}` a line; further words choose cases by how their names begin.
#![allow(clippy::print_stdout)] // a bench talks to whoever runs it

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Result;
use repshape::burn::tensor::{DType, Device, Tensor, TensorData};
use repshape::fit::{FitConfig, Flow, Observer, Step, Training, fit};
use repshape::groups::{Groups, Scope};
use repshape::network::{Mlp, MlpSpec, Network};
use repshape::objective::Objective;
use repshape::penalty::{PenaltyConfig, Term};
use repshape::task::{Target, Task};
use repshape_data::{Classes, DataSet, Hold, Part, SplitSpec, Train, Values, load};
use repshape_stats::measure::{CATALOG, Options, Selection, measure};
use repshape_stats::{Block, Sketch, SketchConfig};

// the binary's
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const NETWORK: &str = "mlp:100,100,100,100,100";
const CLASSES: usize = 10;
const PIXELS: usize = 784;
const EPOCH_ROWS: usize = 50_000;
const BATCH: usize = 100;
/// Consecutive steps of one time, as in `benches/peers/cases.py`.
const STEPS: usize = 5;
/// For each case at least.
const PATIENCE: Duration = Duration::from_millis(500);

type Time = Box<dyn Fn() -> Result<f64> + Send + Sync>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let (flags, chosen): (Vec<_>, Vec<_>) = arguments.into_iter().partition(|a| a.starts_with("--"));
    let json = flags.iter().any(|flag| flag == "--json");
    let wanted = |name: &str| chosen.is_empty() || chosen.iter().any(|c| name.starts_with(c.as_str()));
    let mut times = Vec::new();
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    for (name, time) in cases().into_iter().filter(|(name, _)| wanted(name)) {
        let seconds = if name.starts_with("workers/") { time()? } else { one_thread.install(time)? };
        if json {
            println!("{}", serde_json::json!({ "case": name, "seconds": seconds }));
        } else {
            println!("{name:<24} {}", shown(seconds));
        }
        times.push((name, seconds));
    }
    if !json {
        print_targets(&times);
    }
    Ok(())
}

/// Every case by name, and how to time it.
fn cases() -> Vec<(String, Time)> {
    let mut cases = Vec::new();
    let mut add = |name: String, time: Time| cases.push((name, time));
    for penalty in ["none", "cw-vr", "cr"] {
        add(format!("step/mlp/{penalty}"), Box::new(move || Ok(training(penalty)?.step)));
    }
    add("epoch/mlp/cw-vr".to_owned(), Box::new(|| Ok(training("cw-vr")?.epoch)));
    for penalty in ["vr", "cw-vr", "cr", "cw-cr"] {
        for units in [100, 512, 4096] {
            add(format!("penalty/{penalty}/{units}"), Box::new(move || value_and_gradient(penalty, units)));
        }
    }
    add("measures/10000x100".to_owned(), Box::new(|| measures(&Selection::default().without_pairs_of_rows())));
    add("measures+mi/10000x100".to_owned(), Box::new(|| measures(&all_but_two_nn()?)));
    if std::thread::available_parallelism().is_ok_and(|cores| cores.get() >= 2) {
        for workers in [1, 2] {
            add(format!("workers/{workers}"), Box::new(move || seconds_per_trial(workers)));
        }
    }
    cases
}

/// The promises of the README as ratios of what was timed.
fn print_targets(times: &[(String, f64)]) {
    let of = |name: &str| times.iter().find(|(n, _)| n == name).map(|(_, seconds)| *seconds);
    let ratios = [
        ("a step with cw-vr / without", "step/mlp/cw-vr", "step/mlp/none", "at most 1.10"),
        ("a step with cr / without", "step/mlp/cr", "step/mlp/none", "at most 1.10"),
        ("trials per second, two workers / one", "workers/1", "workers/2", "at least 1.8"),
    ];
    println!();
    for (what, numerator, denominator, target) in ratios {
        if let (Some(numerator), Some(denominator)) = (of(numerator), of(denominator)) {
            println!("{what:<40} {:.3}, target {target}", numerator / denominator);
        }
    }
}

/// Fastest call of `work` in [`PATIENCE`], at least three.
fn best(mut work: impl FnMut()) -> f64 {
    let (start, mut fastest, mut calls) = (Instant::now(), f64::INFINITY, 0);
    while calls < 3 || start.elapsed() < PATIENCE {
        let call = Instant::now();
        work();
        fastest = fastest.min(call.elapsed().as_secs_f64());
        calls += 1;
    }
    fastest
}

/// Seconds of a step (best of [`STEPS`] in a row) and of an epoch with all that `fit` does around its steps.
struct Timed {
    step: f64,
    epoch: f64,
}

/// Notes when each step ends.
struct Clock(Vec<Instant>);

impl Observer<Mlp> for Clock {
    fn epoch(&mut self, _training: &Training<Mlp>) -> Flow {
        Flow::Continue
    }

    fn step(&mut self, _: &Step<'_, Mlp>) -> Flow {
        self.0.push(Instant::now());
        Flow::Continue
    }
}

/// Epochs of the papers' MLP on rows of MNIST's size, shuffled, with `penalty` at the fifth layer.
fn training(penalty: &str) -> Result<Timed> {
    let train = images()?;
    let config = FitConfig { epochs: 1, batch_size: BATCH, optimizer: "adam:1e-4".parse()?, seed: 1 };
    let terms = if penalty == "none" { vec![] } else { vec![format!("{penalty}=0.1@fc5").parse()?] };
    let (network, objective) = network_and_objective(&train, &terms)?;
    let mut timed = Timed { step: f64::INFINITY, epoch: f64::INFINITY };
    let start = Instant::now();
    while timed.epoch.is_infinite() || start.elapsed() < 3 * PATIENCE {
        let mut clock = Clock(Vec::with_capacity(EPOCH_ROWS / BATCH));
        let from = Training::new(network.clone(), config.optimizer);
        let epoch = Instant::now();
        fit(from, &train, None, &objective, &config, &Device::flex(), &mut clock)?;
        timed.epoch = timed.epoch.min(epoch.elapsed().as_secs_f64());
        for steps in clock.0.windows(STEPS + 1) {
            let seconds = (steps[STEPS] - steps[0]).as_secs_f64() / STEPS as f64;
            timed.step = timed.step.min(seconds);
        }
    }
    Ok(timed)
}

fn network_and_objective(train: &Train, terms: &[Term]) -> Result<(Mlp, Objective)> {
    let spec: MlpSpec = NETWORK.parse()?;
    let network = spec.init(train.columns(), CLASSES, 1, &Device::flex().autodiff());
    let site = spec.last_hidden_site();
    let objective = Objective::new(Task::CrossEntropy, Target::Labels, CLASSES, terms, &network.sites(), &site)?;
    Ok((network, objective))
}

/// 50,000 rows of 784 with MNIST's share of zero pixels.
fn images() -> Result<Train> {
    let part = |rows: usize| {
        let mut draw = Draw(1);
        let bytes = (0..rows * PIXELS).map(|_| if draw.unit() < 0.19 { (draw.unit() * 256.0) as u8 } else { 0 });
        Part {
            file: "generated".to_owned(),
            values: Values::Bytes { bytes: bytes.collect(), divisor: 255.0 },
            labels_file: "generated".to_owned(),
            labels: Some((0..rows).map(|_| draw.class()).collect()),
        }
    };
    let classes = Classes { count: CLASSES, names: None };
    let set = DataSet::new("generated", &[PIXELS], part(EPOCH_ROWS), part(10), Some(classes))?;
    let (tuning, _) = set.split(&SplitSpec { validation: Some(Hold::Rows(0)), ..SplitSpec::default() })?;
    Ok(tuning.train)
}

/// As in a training step: the groups are made for the batch.
fn value_and_gradient(name: &str, units: usize) -> Result<f64> {
    let config: PenaltyConfig = name.parse()?;
    let penalty = config.build()?;
    let device = Device::flex();
    let mut draw = Draw(units as u64);
    let values: Vec<f32> = (0..BATCH * units).map(|_| (draw.centred() + 0.3).max(0.0)).collect();
    let z = Tensor::<2>::from_data(TensorData::new(values, [BATCH, units]), &device);
    let labels: Vec<u32> = (0..BATCH).map(|_| draw.class()).collect();
    Groups::by_class(&labels, CLASSES, &device, DType::F32)?;
    Ok(best(|| {
        let groups = match config.scope() {
            Scope::Class => Groups::by_class(&labels, CLASSES, &device, DType::F32),
            Scope::All => Ok(Groups::all(BATCH, &device, DType::F32)),
        };
        black_box(groups.map(|groups| penalty.value_and_gradient(black_box(&z), &groups)).ok());
    }))
}

/// 10,000 rows of 100 correlated units in f64 after a ReLU, ten classes, three dead units; the pass over the rows included.
/// NumPy's side has no nearest neighbours of rows.
fn all_but_two_nn() -> Result<Selection> {
    let names = CATALOG.iter().map(|row| row.name).filter(|name| *name != "intrinsic_dimension");
    Ok(Selection::only(names, Options::default())?)
}

fn measures(selection: &Selection) -> Result<f64> {
    let (rows, units) = (10_000, 100);
    let mut draw = Draw(3);
    let labels: Vec<u32> = (0..rows).map(|_| draw.class()).collect();
    let centres: Vec<f64> = (0..CLASSES * units).map(|_| f64::from(draw.centred())).collect();
    let mixing: Vec<f64> = (0..units * units).map(|_| f64::from(draw.centred()) / 10.0).collect();
    let mut z = vec![0.0; rows * units];
    for (row, label) in z.chunks_mut(units).zip(&labels) {
        for factor in 0..units {
            let value = centres[*label as usize * units + factor] + f64::from(draw.centred());
            for (unit, entry) in row.iter_mut().enumerate() {
                *entry += value * mixing[factor * units + unit];
            }
        }
        row.iter_mut().for_each(|entry| *entry = entry.max(0.0));
        for dead in [7, 40, 77] {
            row[dead] = 0.0;
        }
    }
    let config = SketchConfig::new(units).with_classes(CLASSES);
    let read = || -> Result<_> {
        let mut sketch = Sketch::new(&config)?;
        sketch.update(&Block::new(black_box(&z[..]), units)?.with_labels(&labels)?)?;
        Ok(measure(&sketch, selection))
    };
    read()?;
    Ok(best(|| {
        black_box(read().ok());
    }))
}

/// Trainings of the study on digits, shortened to 10 epochs, by `workers` threads of one training each.
fn seconds_per_trial(workers: usize) -> Result<f64> {
    const TRIALS_A_WORKER: usize = 3;
    let (tuning, _) = load(&"digits".parse()?, &[])?.split(&SplitSpec::default())?;
    let terms = ["cw-vr=0.1@fc5".parse()?];
    let config = FitConfig { epochs: 10, batch_size: 50, optimizer: "adam:1e-3".parse()?, seed: 1 };
    let train = || -> Result<()> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
        for _ in 0..TRIALS_A_WORKER {
            // a network of its own, as every run of a study has: trainings that start from clones of one network share its
            // leaves on Burn's tape, wait for each other and can deadlock (its two locks are taken in either order)
            let (network, objective) = network_and_objective(&tuning.train, &terms)?;
            let from = Training::new(network, config.optimizer);
            let (rows, held) = (&tuning.train, Some(&tuning.validation));
            let go_on = &mut |_: &Training<Mlp>| Flow::Continue;
            pool.install(|| fit(from, rows, held, &objective, &config, &Device::flex(), go_on))?;
        }
        Ok(())
    };
    let mut fastest = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        std::thread::scope(|scope| -> Result<()> {
            let working: Vec<_> = (0..workers).map(|_| scope.spawn(train)).collect();
            for worker in working {
                worker.join().map_err(|_| anyhow::anyhow!("a worker panicked"))??;
            }
            Ok(())
        })?;
        fastest = fastest.min(start.elapsed().as_secs_f64() / (workers * TRIALS_A_WORKER) as f64);
    }
    Ok(fastest)
}

/// Numbers by a rule (splitmix64): the same rows in every run, without another dependency.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 24) as f32
    }

    /// Mean 0, variance 1, near enough to normal: twelve uniform numbers.
    fn centred(&mut self) -> f32 {
        (0..12).map(|_| self.unit()).sum::<f32>() - 6.0
    }

    fn class(&mut self) -> u32 {
        (self.next() % CLASSES as u64) as u32
    }
}

fn shown(seconds: f64) -> String {
    match seconds {
        s if s >= 1.0 => format!("{s:.3} s"),
        s if s >= 1e-3 => format!("{:.3} ms", s * 1e3),
        s => format!("{:.2} us", s * 1e6),
    }
}

//! A monitor beside a training: it changes nothing, and what it writes is the same however often it was interrupted.

use std::io;
use std::path::Path;

use repshape::burn::tensor::Device;
use repshape::fit::{Ending, Fitted, Flow, Observer, Step, Training, fit};
use repshape::monitor::{Monitor, MonitorConfig, MonitorError, ProbeRows};
use repshape::network::{Mlp, MlpSpec, Network};

use repshape_data::{Purpose, below, stream};

use super::{config, rows, show, site};
use crate::training::{BUSY, bits, config as fit_config, setup, tuning};

const SITES: [&str; 2] = ["fc2", "fc1.pre"];

fn monitor(network: &Mlp) -> Monitor<'static> {
    let rows = ProbeRows::draw(&tuning().validation, 16, 1, &Device::flex()).unwrap();
    // 70 rows in batches of 16 are 5 steps an epoch: some probes lie inside an epoch
    let config = MonitorConfig { every: 3, ..config(&["covariance", "correlation", "nc1_quotient", "effective_rank"]) };
    Monitor::new(config, rows, &network.sites(), &SITES).unwrap()
}

fn train(from: Training<Mlp>, epochs: usize, observer: &mut dyn Observer<Mlp>) -> Fitted<Mlp> {
    let (_, objective) = setup("mlp:12,8:tanh", &BUSY, 3);
    let tuning = tuning();
    let config = fit_config(epochs, "adam:0.01");
    fit(from, &tuning.train, Some(&tuning.validation), &objective, &config, &Device::flex(), observer).unwrap()
}

fn start() -> Training<Mlp> {
    Training::new(setup("mlp:12,8:tanh", &BUSY, 3).0, fit_config(1, "adam:0.01").optimizer)
}

#[test]
fn training_ends_with_the_same_bits_with_and_without_a_monitor() {
    let plain = train(start(), 4, &mut |_: &Training<Mlp>| Flow::Continue);
    let from = start();
    let mut watch = monitor(&from.network);
    let watched = train(from, 4, &mut watch);
    assert_eq!(bits(&plain.training.network), bits(&watched.training.network));
    assert_eq!(plain.training.history, watched.training.history);
    assert_eq!(plain.training.optimizer, watched.training.optimizer);
    let history = watch.history();
    let steps: Vec<u64> = history.series("fc2", "variance").map(|(step, _)| step).collect();
    assert_eq!(steps, [3, 6, 9, 12, 15, 18]);
    assert_eq!(history.probes().iter().map(|probe| probe.epoch).collect::<Vec<_>>(), [1, 2, 2, 3, 3, 4]);
    assert_eq!(history.sites(), ["fc2", "fc1.pre"]);
    assert!(
        history
            .entries()
            .all(|entry| entry.value.is_some() != ["saturated_units"].contains(&entry.measure) || entry.site == "fc2")
    );
    assert_eq!(history.entries().count(), 6 * 2 * history.measures().len());
    assert_eq!(history.series("fc2", "no such measure").count(), 0);
}

#[test]
fn a_probe_sees_the_network_after_its_step_as_it_is_used_later() {
    let from = start();
    let mut watch = monitor(&from.network);
    let fitted = train(from, 3, &mut watch);
    // step 15 is the last of the third epoch
    let mut again = monitor(&fitted.training.network);
    let network = burn::module::Module::valid(&fitted.training.network);
    again.probe(&network, 15, 3).unwrap();
    assert_eq!(again.history().last(), watch.history().last());
}

#[test]
fn same_probes_at_any_number_of_threads() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let from = start();
            let mut watch = monitor(&from.network);
            train(from, 3, &mut watch);
            watch.history().clone()
        })
    };
    let one = run(1);
    assert!(run(2) == one && run(3) == one);
}

#[test]
fn forward_to_a_site_shows_what_the_whole_pass_shows() {
    let network = burn::module::Module::valid(&setup("mlp:12,8,7", &BUSY, 3).0);
    let input = || burn::tensor::Tensor::<2>::ones([4, 5], &Device::flex());
    let seen = |last: Option<&str>| {
        let mut seen = Vec::new();
        let mut tap = |site: &repshape::network::Site, z: burn::tensor::Tensor<2>| {
            seen.push((site.name.clone(), z.clone().into_data().try_into_vec::<f32>().unwrap()));
            z
        };
        match last {
            Some(last) => network.forward_to(last, input(), &mut tap),
            None => {
                network.forward_tapped(input(), &mut tap);
            }
        }
        seen
    };
    let all = seen(None);
    assert_eq!(seen(Some("fc2.pre")), all[..4]);
    assert_eq!(seen(Some("fc2")), all[..4]);
    assert_eq!(seen(Some("output")), all);
}

/// Stops a training after so many epochs, or, with a step, inside the next.
struct StopAfter(usize, Option<usize>);

impl Observer<Mlp> for StopAfter {
    fn epoch(&mut self, training: &Training<Mlp>) -> Flow {
        if training.history.len() == self.0 && self.1.is_none() { Flow::Stop } else { Flow::Continue }
    }

    fn step(&mut self, step: &Step<'_, Mlp>) -> Flow {
        if step.epoch() == self.0 + 1 && Some(step.done()) == self.1 { Flow::Stop } else { Flow::Continue }
    }
}

#[test]
fn a_training_that_goes_on_leaves_the_same_file_history_and_warnings() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let from = start();
    let mut whole = monitor(&from.network);
    whole.log_csv(&path("whole.csv"), 0).unwrap();
    train(from, 5, &mut whole);
    let bytes = std::fs::read(path("whole.csv")).unwrap();
    let text = std::str::from_utf8(&bytes).unwrap();
    assert!(text.starts_with("step,epoch,site,non_finite,amplitude,"), "{text}");
    assert_eq!(text.lines().count(), 1 + 8 * 2);
    // after an epoch, and inside the next one, which is discarded; cut at a line, and within one, as a kill leaves it
    for (epochs, step) in [(1, None), (2, Some(4)), (3, Some(1)), (4, Some(5))] {
        for cut in [0, 1, 40, 300] {
            let part = path("part.csv");
            std::fs::write(&part, "").unwrap();
            let from = start();
            let mut first = monitor(&from.network);
            first.log_csv(&part, 0).unwrap();
            let mut observers = (first, StopAfter(epochs, step));
            let stopped = train(from, 5, &mut observers).training;
            assert_eq!(stopped.history.len(), epochs);
            drop(observers);
            let done = 5 * epochs as u64;
            if step == Some(4) {
                // a kill loses only what comes after the state that is gone on from
                let mut left = std::fs::read(&part).unwrap();
                left.truncate(left.len() - cut.min(60));
                std::fs::write(&part, left).unwrap();
            }
            let mut second = monitor(&stopped.network);
            second.log_csv(&part, done).unwrap();
            train(stopped, 5, &mut second);
            assert!(
                std::fs::read(&part).unwrap() == bytes,
                "after {epochs} epochs and {step:?} steps, {cut} bytes cut"
            );
            assert_eq!(second.history(), whole.history());
            assert_eq!(second.warnings(), whole.warnings());
        }
    }
}

#[test]
fn warnings_are_found_again_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("monitor.csv");
    let place = site("fc5", 2, None);
    let new = || Monitor::new(MonitorConfig::default(), rows(4, None), std::slice::from_ref(&place), &["fc5"]).unwrap();
    // `share` of the variance lies in the first unit
    let view = |share: f32| {
        let (a, b) = (share.sqrt(), (1.0 - share).sqrt());
        [a, b, a, -b, -a, b, -a, -b]
    };
    let mut whole = new();
    whole.log_csv(&path, 0).unwrap();
    for (step, share) in [(1, 0.6), (2, 0.99), (3, 0.6), (4, 0.98)] {
        show(&mut whole, step, &place, &view(share));
    }
    assert_eq!(whole.warnings().iter().map(|w| (w.step, w.until)).collect::<Vec<_>>(), [(2, Some(3)), (4, None)]);
    let mut again = new();
    again.log_csv(&path, 4).unwrap();
    assert_eq!(again.warnings(), whole.warnings());
    // what is still open is not said again
    show(&mut again, 5, &place, &view(0.98));
    assert_eq!(again.warnings(), whole.warnings());
}

#[test]
fn a_file_that_is_not_the_monitor_s_is_refused_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("monitor.csv");
    let open = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let place = site("fc5", 2, None);
        let mut monitor = Monitor::new(config(&[]), rows(4, None), std::slice::from_ref(&place), &["fc5"]).unwrap();
        monitor.log_csv(&path, 100).map_err(|error| error.to_string())
    };
    let head = "step,epoch,site,non_finite,amplitude,variance,sparsity,dead_units,saturated_units,stable_rank_covariance,first_component_share\n";
    assert!(open("").is_ok() && open(head).is_ok() && open(&head[..20]).is_ok());
    assert!(open(&format!("{head}1,1,fc5,0,1,1,0,0,,1,1\n")).is_ok());
    for (text, part) in [
        ("a,b\n1,2\n".to_owned(), "monitor.csv: another monitor's columns, \"a,b\"; expected \"step,epoch,site"),
        ("no line ends here".to_owned(), "another monitor's columns"),
        (format!("{head}1,1,fc5,0,1\n"), "line 2: 5 fields, expected 11"),
        (format!("{head}1,1,fc4,0,1,1,0,0,,1,1\n"), "line 2: \"fc4\", expected site fc5"),
        (
            format!("{head}1,1,fc5,0,1,1,0,0,,1,1\n1,1,fc5,0,1,1,0,0,,1,1\n"),
            "line 3: step 1 after step 1; expected steps that rise",
        ),
        (format!("{head}x,1,fc5,0,1,1,0,0,,1,1\n"), "line 2: \"x\", expected a step"),
        (format!("{head}1,1,fc5,0,NaN,1,0,0,,1,1\n"), "line 2: \"NaN\", expected a number"),
    ] {
        let message = open(&text).unwrap_err();
        assert!(message.contains(part) && message.contains("monitor.csv"), "{message}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "a refused file stays as it is");
    }
    let comma = site("a,b", 2, None);
    let mut monitor = Monitor::new(config(&[]), rows(4, None), std::slice::from_ref(&comma), &["a,b"]).unwrap();
    assert!(monitor.log_csv(&path, 0).unwrap_err().to_string().contains("cannot stand in a CSV file"));
}

#[test]
fn a_log_that_fails_stops_the_training_and_says_why() {
    let from = start();
    let mut watch = monitor(&from.network);
    let mut probes = 0;
    watch.add_log(move |_: &repshape::monitor::History| {
        probes += 1;
        if probes == 3 { Err(io::Error::other("the disk is full")) } else { Ok(()) }
    });
    let fitted = train(from, 5, &mut watch);
    // the third probe is after step 9, in the second epoch
    assert_eq!((fitted.ending, fitted.training.history.len()), (Ending::Stopped, 1));
    assert_eq!(watch.take_failure().unwrap().to_string(), "the disk is full");
    assert!(watch.take_failure().is_none());
    let message = watch.log_csv(Path::new("no such folder/monitor.csv"), 0).unwrap_err().to_string();
    assert!(message.contains("no such folder/monitor.csv"), "{message}");
}

#[test]
fn what_cannot_be_monitored_is_refused_by_name() {
    let network = "mlp:12,8".parse::<MlpSpec>().unwrap().init(5, 3, 1, &Device::flex());
    let refuse = |config: MonitorConfig, sites: &[&str]| {
        Monitor::new(config, rows(4, None), &network.sites(), sites).unwrap_err().to_string()
    };
    let unknown = refuse(MonitorConfig::default(), &["fc3"]);
    assert!(unknown.contains("no site \"fc3\"; did you mean \"fc"), "{unknown}");
    assert!(unknown.ends_with("the network's sites are fc1.pre, fc1, fc2.pre, fc2, output"), "{unknown}");
    assert_eq!(refuse(MonitorConfig::default(), &[]), "no site to monitor");
    assert_eq!(refuse(config(&["rnak"]), &["fc1"]), "no measure \"rnak\"; did you mean \"rank\"?");
    assert_eq!(
        refuse(MonitorConfig { every: 0, ..config(&[]) }, &["fc1"]),
        "a probe every 0 steps; expected at least 1"
    );
    let input = || super::tensor(&[1.0, 2.0, 3.0], 1);
    let labels = |labels: &[u32]| ProbeRows::new(input(), Some((labels.to_vec(), 3))).unwrap_err().to_string();
    assert_eq!(labels(&[0, 1]), "2 labels for 3 probe rows");
    assert_eq!(labels(&[0, 3, 1]), "probe row 1 has label 3, expected labels below 3");
    assert!(matches!(ProbeRows::draw(&tuning().train, 0, 1, &Device::flex()), Err(MonitorError::NoRows)));
}

#[test]
fn probe_rows_are_drawn_by_seed() {
    let tuning = tuning();
    let first = |seed: u64, count: usize| {
        let rows = ProbeRows::draw(&tuning.train, count, seed, &Device::flex()).unwrap();
        let network = burn::module::Module::valid(&start().network);
        let mut monitor = Monitor::new(config(&[]), rows, &network.sites(), &["fc1"]).unwrap();
        monitor.probe(&network, 1, 1).unwrap();
        monitor.history().latest("fc1", "amplitude").unwrap()
    };
    assert_eq!(first(1, 16), first(1, 16));
    assert_ne!(first(1, 16), first(2, 16));
    // more than there are is all of them, whatever the seed
    assert_eq!(first(1, 1000), first(2, 70));
}

/// What a file holds may be anything; it is read or refused, and never more is kept of it than is there.
#[test]
fn mutants_of_the_files_are_read_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (table, events) = (folder.path().join("monitor.csv"), folder.path().join("events.out.tfevents.1"));
    let place = site("fc5", 2, None);
    let new = || Monitor::new(config(&[]), rows(4, None), std::slice::from_ref(&place), &["fc5"]).unwrap();
    let mut monitor = new();
    monitor.log_csv(&table, 0).unwrap();
    monitor.log_tensorboard(&events, 1, 0).unwrap();
    for step in 1..6 {
        show(&mut monitor, step, &place, &[1.0, 2.0, 3.0, 2.0, 5.0, 3.5, 0.0, step as f32]);
    }
    drop(monitor);
    let wholes = [&table, &events].map(|path| std::fs::read(path).unwrap());
    let mut rng = stream(11, Purpose::Sample, 0);
    let (mut read, mut refused) = (0, 0);
    for number in 0..2000 {
        for (path, whole) in [&table, &events].into_iter().zip(&wholes) {
            let mut mutant = whole.clone();
            for _ in 0..=below(&mut rng, 4) {
                let at = below(&mut rng, mutant.len() as u64) as usize;
                match below(&mut rng, 5) {
                    0 => mutant[at] ^= 1 << below(&mut rng, 8),
                    1 => mutant[at] = b",\n-.0N\xff"[below(&mut rng, 7) as usize],
                    2 => mutant.truncate(at.max(1)),
                    3 => mutant.insert(at, mutant[at]),
                    _ => drop(mutant.drain(at..(at + 9).min(mutant.len() - 1).max(at))),
                }
            }
            std::fs::write(path, &mutant).unwrap();
            let mut monitor = new();
            let opened = if path == &table { monitor.log_csv(path, 4) } else { monitor.log_tensorboard(path, 1, 4) };
            let left = std::fs::read(path).unwrap();
            match opened {
                Ok(()) => {
                    read += 1;
                    // what stays is a beginning of the file, or a new file's first line or record
                    assert!(mutant.starts_with(&left) || whole.starts_with(&left), "mutant {number}");
                    assert!(monitor.history().probes().iter().all(|probe| probe.step <= 4));
                }
                Err(error) => {
                    refused += 1;
                    assert!(error.to_string().contains("monitor.csv: "), "mutant {number}: {error}");
                    assert!(left == mutant, "mutant {number}");
                }
            }
        }
    }
    assert!(read > 500 && refused > 500, "{read} read, {refused} refused");
}

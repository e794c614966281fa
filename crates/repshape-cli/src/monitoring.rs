//! The monitor of `shape --monitor`: its files in the run folder, its warnings on standard error and in the results.

use std::io;

use repshape::burn::tensor::Device;
use repshape::fit::Step;
use repshape::monitor::{Monitor, MonitorConfig, ProbeRows};
use repshape::network::{Mlp, Network};
use repshape_data::{Examples, Tuning};
use serde_json::{Value, json};

use crate::cli::ShapeArgs;
use crate::failure::{Exit, Failure, Outcome};
use crate::run_folder::RunFolder;
use crate::spec::RunSpec;
use crate::training::Setup;

/// A monitor and what of it has been told.
pub struct Monitoring {
    monitor: Monitor<'static>,
    every: u64,
    rows: usize,
    tensorboard: bool,
    /// Warnings that were told.
    told: usize,
}

impl Monitoring {
    /// The monitor that the flags ask for, if they do; it has written nothing yet.
    pub fn new(args: &ShapeArgs, spec: &RunSpec, setup: &Setup, tuning: &Tuning) -> Outcome<Option<Self>> {
        let Some(sites) = &args.monitor else { return Ok(None) };
        let named = |error| Failure::usage(format!("--monitor: {error}"));
        let mut sites: Vec<String> = sites.iter().filter(|site| !site.is_empty()).cloned().collect();
        if sites.is_empty() {
            sites = spec.measured_sites();
        }
        let rows: &Examples = if tuning.validation.rows() > 0 { &tuning.validation } else { &tuning.train };
        let rows = ProbeRows::draw(rows, args.monitor_rows, spec.split_seed, &Device::flex()).map_err(named)?;
        let mut config = MonitorConfig { every: args.monitor_every, ..MonitorConfig::default() };
        config.measures.extend(args.monitor_measures.iter().cloned());
        let count = rows.rows();
        let monitor = Monitor::new(config, rows, &setup.network.sites(), &sites).map_err(named)?;
        let (every, tensorboard) = (args.monitor_every, args.tensorboard);
        Ok(Some(Self { monitor, every, rows: count, tensorboard, told: 0 }))
    }

    /// Opens `monitor.csv`, and the event file if there is to be one, to go on after `step`.
    pub fn open_logs(&mut self, folder: &RunFolder, step: u64) -> Outcome {
        self.monitor.log_csv(&folder.file("monitor.csv"), step).map_err(failure)?;
        // what was found before the training was interrupted was told then
        self.told = self.monitor.warnings().len();
        if self.tensorboard {
            let seed = folder.spec.seed;
            // beside the terms, which are over epochs; zeros keep names in the order of time, as readers open them
            let path = folder.file(&format!("events.out.tfevents.{seed:010}.repshape-monitor"));
            self.monitor.log_tensorboard(&path, seed, step).map_err(failure)?;
        }
        Ok(())
    }

    /// Probes if it is time, and tells of what is new.
    pub fn step(&mut self, step: &Step<'_, Mlp>, tell: impl Fn(&str)) -> Outcome {
        if self.monitor.is_due(step.global()) {
            self.monitor.probe(step.network(), step.global(), step.epoch()).map_err(failure)?;
            for warning in &self.monitor.warnings()[self.told..] {
                tell(&format!("warning: {warning}"));
            }
            self.told = self.monitor.warnings().len();
        }
        Ok(())
    }

    /// What was written survives a crash of the machine.
    pub fn sync(&mut self) -> Outcome {
        self.monitor.sync().map_err(failure)
    }

    /// The warnings as sentences.
    pub fn notes(&self) -> Vec<String> {
        self.monitor.warnings().iter().map(|warning| format!("Monitor, {warning}.")).collect()
    }

    /// What `run.json` says of it.
    pub fn json(&self) -> Value {
        let warning = |warning: &repshape::monitor::Warning| {
            json!({
                "step": warning.step,
                "site": warning.site,
                "kind": warning.kind.name(),
                "text": warning.text,
                "until": warning.until,
            })
        };
        json!({
            "sites": self.monitor.history().sites(),
            "every": self.every,
            "rows": self.rows,
            "probes": self.monitor.history().probes().len(),
            "warnings": self.monitor.warnings().iter().map(warning).collect::<Vec<_>>(),
        })
    }
}

/// A full disk may have room later.
fn failure(error: io::Error) -> Failure {
    let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    Failure::new(if full { Exit::Retry } else { Exit::Usage }, error)
}

//! Watching representations while they form: a [`Monitor`] measures chosen sites every few steps on a fixed set of rows,
//! writes what it finds as CSV and for TensorBoard, and warns in words of collapse, dead units and saturation.
//!
//! It is an [`Observer`]: `fit` is given one like any other, alone or in a pair. It draws no random numbers and changes
//! nothing: a training ends with the same bits with it and without it.
//!
//! Cost of a probe: the forward pass of its rows as far as the last chosen site, then one Gram product of each site in
//! single precision. At 100 units, 80 rows and every 10 steps of the papers' network (784-5x100-10, batches of 100) that
//! is below 5 % of a step: `cargo bench -p repshape --bench monitor` measures it. [`CHEAP_MEASURES`] are what this holds
//! for; every other measure of `repshape_stats` can be asked for by name, at the cost of a whole sketch.
//!
//! ```
//! use burn::tensor::Device;
//! use repshape::fit::{FitConfig, Training, fit};
//! use repshape::monitor::{Monitor, MonitorConfig, ProbeRows};
//! use repshape::network::{MlpSpec, Network};
//! use repshape::objective::Objective;
//! use repshape::task::{Target, Task};
//! use repshape_data::{SplitSpec, load};
//!
//! let (tuning, _) = load(&"digits".parse()?, &[])?.split(&SplitSpec::default())?;
//! let network = "mlp:32,16".parse::<MlpSpec>()?.init(64, 10, 1, &Device::flex().autodiff());
//! let objective = Objective::new(Task::CrossEntropy, Target::Labels, 10, &[], &network.sites(), "fc2")?;
//!
//! let rows = ProbeRows::draw(&tuning.validation, 80, 1, &Device::flex())?;
//! let mut monitor = Monitor::new(MonitorConfig::default(), rows, &network.sites(), &["fc1", "fc2"])?;
//! let config = FitConfig { epochs: 2, batch_size: 100, optimizer: "adam:0.001".parse()?, seed: 1 };
//! let from = Training::new(network, config.optimizer);
//! fit(from, &tuning.train, None, &objective, &config, &Device::flex(), &mut monitor)?;
//!
//! // 1,150 rows in batches of 100, two epochs: 24 steps
//! assert_eq!(monitor.history().series("fc2", "variance").map(|(step, _)| step).collect::<Vec<_>>(), [10, 20]);
//! for warning in monitor.warnings() {
//!     println!("{warning}");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod catalog;
mod glance;
mod history;
mod largest;
mod log;
mod probe_rows;
pub mod tensorboard;
mod warning;

use std::fmt;
use std::io;
use std::path::Path;

use burn::tensor::{DType, Tensor};
use repshape_stats::StatsError;

use crate::fit::{Flow, Observer, Step, Training};
use crate::network::{Network, Site, Tap};

pub use catalog::{CHEAP_MEASURES, CheapMeasure};
pub use glance::{SATURATED_MARGIN, SATURATED_ROWS};
pub use history::{Entry, History, Probe};
pub use log::Log;
pub use probe_rows::ProbeRows;
pub use warning::{Kind, Thresholds, Warning};

/// What a monitor measures, how often, and when it warns.
#[derive(Debug, Clone, PartialEq)]
pub struct MonitorConfig {
    /// Steps between two probes, at least 1; 10.
    pub every: u64,
    /// Measures besides those that every monitor has ([`CheapMeasure::always`]), by name: cheap ones, or any of
    /// [`repshape_stats::CATALOG`]. Default: [`MonitorConfig::MEASURES`].
    pub measures: Vec<String>,
    /// When it warns.
    pub thresholds: Thresholds,
}

impl MonitorConfig {
    /// The default of `every`.
    pub const EVERY: u64 = 10;

    /// Rows of a probe that keep its cost below 5 % of a step.
    pub const ROWS: usize = 80;

    /// The default of `measures`.
    pub const MEASURES: [&'static str; 4] = ["covariance", "correlation", "class_wise_variance", "nc1_quotient"];
}

impl Default for MonitorConfig {
    fn default() -> Self {
        Self {
            every: Self::EVERY,
            measures: Self::MEASURES.map(str::to_owned).into(),
            thresholds: Thresholds::default(),
        }
    }
}

/// Why there can be no such monitor.
#[derive(Debug, thiserror::Error)]
pub enum MonitorError {
    /// Nothing to look at.
    #[error("no site to monitor")]
    NoSites,
    /// The network has no such site.
    #[error("no site \"{site}\"{hint}; the network's sites are {known}")]
    UnknownSite {
        /// The name.
        site: String,
        /// The nearest name.
        hint: String,
        /// The names that there are.
        known: String,
    },
    /// There is no such measure.
    #[error("no measure \"{name}\"{hint}")]
    UnknownMeasure {
        /// The name.
        name: String,
        /// The nearest name.
        hint: String,
    },
    /// A measure's settings are refused.
    #[error(transparent)]
    Stats(#[from] StatsError),
    /// A probe every 0 steps.
    #[error("a probe every 0 steps; expected at least 1")]
    Every,
    /// No row to probe with.
    #[error("no rows to probe with")]
    NoRows,
    /// Not one label for each row.
    #[error("{labels} labels for {rows} probe rows")]
    LabelCount {
        /// Labels given.
        labels: usize,
        /// Rows given.
        rows: usize,
    },
    /// A label beyond the classes.
    #[error("probe row {row} has label {label}, expected labels below {classes}")]
    LabelRange {
        /// The row, from 0.
        row: usize,
        /// Its label.
        label: u32,
        /// Number of classes.
        classes: usize,
    },
}

/// Measures chosen sites of a network every few steps. See the [module](self).
pub struct Monitor<'a> {
    every: u64,
    rows: ProbeRows,
    sites: Vec<Site>,
    /// The chosen site that a forward pass meets last.
    last: String,
    chosen: catalog::Chosen,
    watch: warning::Watch,
    history: History,
    logs: Vec<Box<dyn Log + Send + 'a>>,
    failure: Option<io::Error>,
}

impl fmt::Debug for Monitor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.history.sites();
        f.debug_struct("Monitor").field("every", &self.every).field("sites", &names).finish_non_exhaustive()
    }
}

impl<'a> Monitor<'a> {
    /// A monitor of the sites called `names` among `sites`, a network's sites in the order of its forward pass.
    ///
    /// # Errors
    /// A site or measure that there is not, no site at all, a probe every 0 steps.
    pub fn new<S: AsRef<str>>(
        config: MonitorConfig,
        rows: ProbeRows,
        sites: &[Site],
        names: &[S],
    ) -> Result<Self, MonitorError> {
        if config.every == 0 {
            return Err(MonitorError::Every);
        }
        for name in &config.measures {
            catalog::check(name).map_err(|hint| MonitorError::UnknownMeasure { name: name.clone(), hint })?;
        }
        let known = || sites.iter().map(|site| site.name.as_str());
        let mut watched: Vec<Site> = Vec::new();
        for name in names.iter().map(AsRef::as_ref) {
            let site = sites.iter().find(|site| site.name == name).ok_or_else(|| MonitorError::UnknownSite {
                site: name.to_owned(),
                hint: crate::nearest::suggestion(name, known()),
                known: known().collect::<Vec<_>>().join(", "),
            })?;
            if !watched.contains(site) {
                watched.push(site.clone());
            }
        }
        let last = sites.iter().rev().find(|site| watched.contains(site)).ok_or(MonitorError::NoSites)?;
        let chosen = catalog::Chosen::new(&config.measures)?;
        Ok(Self {
            every: config.every,
            watch: warning::Watch::new(config.thresholds, watched.len(), rows.varies),
            history: History::new(watched.iter().map(|site| site.name.clone()).collect(), chosen.names()),
            last: last.name.clone(),
            rows,
            chosen,
            sites: watched,
            logs: Vec::new(),
            failure: None,
        })
    }

    /// Everything measured so far.
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// Every warning so far, in the order in which they began. The list only grows, but a warning that goes away gets its
    /// [`Warning::until`].
    pub fn warnings(&self) -> &[Warning] {
        self.watch.warnings()
    }

    /// Takes each probe also to `log`.
    pub fn add_log(&mut self, log: impl Log + Send + 'a) {
        self.logs.push(Box::new(log));
    }

    /// Writes each probe as it is taken to the CSV file `path`: `step,epoch,site`, then a column for each measure, a line
    /// for each site. Undefined values are empty, numbers read back to the same `f64`.
    ///
    /// If the file exists, its probes up to `step` (0 for a new training, else the steps that a resumed one
    /// has done) stay in it and come into the history, with the warnings they gave; later ones are cut off. So a
    /// training that was killed and goes on ends with the same file as one that was not. Call it before the first probe.
    ///
    /// # Errors
    /// The file system's; a file of other sites or measures, or that is none of ours. The message names the file and line.
    pub fn log_csv(&mut self, path: &Path, step: u64) -> io::Result<()> {
        let mut history = History::new(self.history.sites().to_vec(), self.history.measures().to_vec());
        let log = log::CsvLog::open(path, step, &mut history)?;
        if self.history.last().is_none() {
            for probe in history.probes() {
                self.watch.see(&history, probe);
            }
            self.history = history;
        }
        self.add_log(log);
        Ok(())
    }

    /// Writes each probe as it is taken to a TensorBoard event file, each measure as a scalar `SITE/MEASURE` over the
    /// steps. `path` and `stamp` are those of [`tensorboard::EventFile::open`], `step` is as in [`log_csv`](Self::log_csv).
    ///
    /// # Errors
    /// The file system's; the message names the file.
    pub fn log_tensorboard(&mut self, path: &Path, stamp: u64, step: u64) -> io::Result<()> {
        let events = tensorboard::EventFile::open(path, stamp, step)?;
        self.add_log(log::TensorBoardLog(events));
        Ok(())
    }

    /// Whether a probe is due after this step, counted from 1 over the whole training.
    pub const fn is_due(&self, step: u64) -> bool {
        step.is_multiple_of(self.every)
    }

    /// Takes a probe of `network`, off the tape, now. An observer does this by itself; a training loop of one's own calls
    /// it when [`is_due`](Self::is_due) says so.
    ///
    /// # Errors
    /// A log's.
    pub fn probe<N: Network>(&mut self, network: &N, step: u64, epoch: usize) -> io::Result<&[Warning]> {
        let last = self.last.clone();
        self.probe_with(step, epoch, |input, tap| network.forward_to(&last, input, tap))
    }

    /// The same for whatever shows its sites to a [`Tap`]: `forward` gets the probe's rows and a tap, which it calls with
    /// each site and its values off the tape. Returns the new warnings.
    ///
    /// # Errors
    /// A log's.
    pub fn probe_with(
        &mut self,
        step: u64,
        epoch: usize,
        forward: impl FnOnce(Tensor<2>, &mut dyn Tap),
    ) -> io::Result<&[Warning]> {
        let labels = self.rows.labels.as_ref().map(|(labels, classes)| (labels.as_slice(), *classes));
        let width = self.history.measures().len();
        let mut values = vec![None; self.sites.len() * width];
        let mut tap = |site: &Site, z: Tensor<2>| {
            if let Some(at) = self.sites.iter().position(|watched| watched.name == site.name) {
                let data = z.clone().into_data();
                let data = if data.dtype() == DType::F32 { data } else { data.convert::<f32>() };
                let found = data.as_slice::<f32>().unwrap_or_default();
                // a site of other rows or units than it said has no values
                if found.len() == self.rows.rows() * site.units && site.units > 0 {
                    let found = self.chosen.read(found, site.units, labels, self.sites[at].bounds);
                    values[at * width..][..width].copy_from_slice(&found);
                }
            }
            z
        };
        forward(self.rows.input.clone(), &mut tap);
        let probe = Probe { step, epoch, values };
        let new = self.watch.see(&self.history, &probe);
        self.history.push(probe);
        for log in &mut self.logs {
            log.probe(&self.history)?;
        }
        let warnings = self.watch.warnings();
        Ok(&warnings[warnings.len() - new..])
    }

    /// Makes what was logged survive a crash of the machine; worth it before a checkpoint is written.
    ///
    /// # Errors
    /// A log's.
    pub fn sync(&mut self) -> io::Result<()> {
        self.logs.iter_mut().try_for_each(|log| log.sync())
    }

    /// Why a log stopped the training, if one did.
    pub fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }
}

/// Probes after every so many steps. A log that fails stops the training; [`Monitor::take_failure`] says why.
impl<N: Network> Observer<N> for Monitor<'_> {
    fn epoch(&mut self, _training: &Training<N>) -> Flow {
        Flow::Continue
    }

    fn step(&mut self, step: &Step<'_, N>) -> Flow {
        if !self.is_due(step.global()) {
            return Flow::Continue;
        }
        match self.probe(step.network(), step.global(), step.epoch()) {
            Ok(_) => Flow::Continue,
            Err(error) => {
                self.failure = Some(error);
                Flow::Stop
            }
        }
    }
}

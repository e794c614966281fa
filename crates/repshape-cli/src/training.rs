//! One training and its measurement, as `shape` and every run of a study do it.

use repshape::batch::target_columns;
use repshape::burn::module::Module;
use repshape::burn::tensor::Device;
use repshape::checkpoint;
use repshape::evaluate::{Scores, evaluate};
use repshape::fit::{Ending, FitConfig, Fitted, Observer, Training, fit};
use repshape::network::{Mlp, Network};
use repshape::objective::{Objective, place_layers};
use repshape::penalty::Term;
use repshape::representation::{class_means, head, sketch};
use repshape::task::Target;
use repshape_data::{Examples, Train, Validation};
use repshape_stats::measure::{Options, Selection, measure};
use repshape_stats::pictures::{Pictures, pictures};
use repshape_stats::{Measurement, NoiseVariance, SketchConfig};

use crate::failure::{Failure, Outcome};
use crate::memory::{self, gib};
use crate::spec::RunSpec;

/// Most parameters of a network: weights, gradients and an optimiser's two moments take 2 GiB then.
const MAX_PARAMETERS: usize = 1 << 27;

/// Refuses what has so many units that the moments of all their pairs do not fit.
pub fn bounded(what: &str, config: &SketchConfig) -> Outcome {
    let bytes = config.moments_bytes();
    if bytes <= memory::MOMENTS {
        return Ok(());
    }
    let classes = config.classes.map_or_else(String::new, |k| format!(" in {k} classes"));
    Err(Failure::usage(format!(
        "{what}: {} units{classes}: the moments of all pairs of units would take {:.1} GiB, expected at most {} GiB; measure some of the units, or leave out the positive-only and the class-wise pairs by --only",
        config.units,
        gib(bytes),
        gib(memory::MOMENTS),
    )))
}

/// A network and its objective, ready to train.
pub struct Setup {
    /// The network before its first step.
    pub network: Mlp,
    /// Task and penalties.
    pub objective: Objective,
    /// Epochs, batches, optimiser, seed.
    pub config: FitConfig,
    /// Where it computes.
    pub device: Device,
    classes: Option<usize>,
}

impl Setup {
    /// The network and objective of `spec` for rows such as `train`.
    pub fn new(spec: &RunSpec, train: &Train, device: &Device) -> Outcome<Self> {
        spec.check()?;
        let classes = train.classes();
        let mut layers = spec.network.clone();
        let terms: Vec<Term> = place_layers(&spec.penalties, &mut layers)?;
        let outputs = target_columns(train, spec.target).ok_or_else(|| {
            Failure::usage(format!(
                "data {}: it has no labels, which target = \"labels\" needs; target = \"input\" reconstructs the rows",
                spec.data
            ))
        })?;
        let parameters = layers.parameters(train.columns(), outputs);
        if parameters > MAX_PARAMETERS {
            return Err(Failure::usage(format!(
                "network \"{layers}\": {parameters} parameters from {} columns to {outputs} outputs; expected at most {MAX_PARAMETERS}",
                train.columns()
            )));
        }
        let (sketch, _) = own_measures(spec)?;
        for site in spec.measured_sites() {
            let units = layers.layer_of_site_mut(&site).map_or(outputs, |layer| layer.width);
            bounded(&format!("site \"{site}\""), &SketchConfig { classes, ..sketch(units) })?;
        }
        let network = layers
            .init(train.columns(), outputs, spec.seed, &device.clone().autodiff())
            .with_output_activation(spec.output_activation);
        let objective =
            Objective::new(spec.task, spec.target, classes.unwrap_or(0), &terms, &network.sites(), &spec.main_site())?;
        let config =
            FitConfig { epochs: spec.epochs, batch_size: spec.batch_size, optimizer: spec.optimizer, seed: spec.seed };
        Ok(Self { network, objective, config, device: device.clone(), classes })
    }

    /// The state before the first epoch.
    pub fn start(&self) -> Training<Mlp> {
        Training::new(self.network.clone(), self.config.optimizer)
    }

    /// The state that a checkpoint holds.
    pub fn restore(&self, path: &std::path::Path) -> Outcome<Training<Mlp>> {
        Ok(checkpoint::load(path, self.network.clone(), self.config.optimizer)?)
    }

    /// Trains from a state.
    pub fn fit(
        &self,
        from: Training<Mlp>,
        train: &Train,
        validation: &Validation,
        observer: &mut dyn Observer<Mlp>,
    ) -> Outcome<Fitted<Mlp>> {
        let validation = (validation.rows() > 0).then_some(validation);
        Ok(fit(from, train, validation, &self.objective, &self.config, &self.device, observer)?)
    }

    /// Error and loss on some rows.
    pub fn scores(&self, network: &Mlp, rows: &Examples) -> Scores {
        evaluate(&network.valid(), rows, &self.objective, &self.device)
    }

    /// Measurements and pictures of `sites` over `rows`; `config` says what each site's sketch keeps. The means of the
    /// classes that `nc4_disagreement` takes are those of the training rows.
    pub fn measure(
        &self,
        network: &Mlp,
        train: &Train,
        rows: &Examples,
        sites: &[String],
        config: impl Fn(usize) -> SketchConfig,
        selection: &Selection,
    ) -> Outcome<Vec<MeasuredSite>> {
        let config = |units| match self.classes {
            Some(classes) => config(units).with_classes(classes),
            None => config(units),
        };
        let network = network.valid();
        let sketches = sketch(&network, rows, sites, config, &self.device)?;
        let mut measured = Vec::with_capacity(sites.len());
        for (site, sketch) in sites.iter().zip(sketches) {
            // a layer that gives the input back reads no classes
            let head = if self.objective.target() == Target::Labels { head(&network, site) } else { None };
            let class_means = match head {
                Some(_) => class_means(&network, train, site, &self.device)?,
                None => None,
            };
            let mut measurement = measure(&sketch, &selection.of_site(head, class_means)?);
            measurement.site = Some(site.clone());
            let all = &sketch.moments().all;
            let variances = (0..all.units()).filter_map(|unit| all.covariance(unit, unit)).collect();
            measured.push(MeasuredSite { measurement, pictures: pictures(&sketch), variances });
        }
        Ok(measured)
    }
}

/// What is known of a site over some rows.
#[derive(Debug, Clone)]
pub struct MeasuredSite {
    /// Its characteristics.
    pub measurement: Measurement,
    /// What plots of it need.
    pub pictures: Option<Pictures>,
    /// The variance of each unit, 1/N.
    pub variances: Vec<f64>,
}

impl MeasuredSite {
    /// How many units have a variance above `share` of the largest; `None` where nothing varies.
    pub fn live_units(&self, share: f64) -> Option<f64> {
        let largest = self.variances.iter().copied().fold(0.0, f64::max);
        let live = self.variances.iter().filter(|&&variance| variance > share * largest).count();
        (largest > 0.0).then_some(live as f64)
    }
}

/// What a run measures of itself: everything, the rows of the bounds drawn by the split's seed.
pub fn own_measures(spec: &RunSpec) -> Outcome<(impl Fn(usize) -> SketchConfig, Selection)> {
    let seed = spec.split_seed;
    let config = move |units| SketchConfig { seed, ..SketchConfig::new(units) };
    let mi_variance = NoiseVariance::Absolute(spec.mi_variance);
    Ok((config, Selection::all(Options { mi_variance, tdv_units: spec.tdv_units, ..Options::default() })?))
}

/// The epoch in which a training diverged.
pub const fn diverged(ending: Ending) -> Option<usize> {
    match ending {
        Ending::Diverged { epoch } => Some(epoch),
        Ending::Finished | Ending::Stopped => None,
    }
}

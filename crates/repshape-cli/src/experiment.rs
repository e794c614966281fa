//! What a study runs: one training for each planned run.

use repshape::burn::module::Module;
use repshape::burn::tensor::Device;
use repshape::evaluate::{Scores, mean_squared_error};
use repshape::fit::{EpochValues, Flow, Observer, Step, Training};
use repshape::network::Mlp;
use repshape::task::Target;
use repshape_data::{Test, Tuning};
use repshape_study::{Control, Experiment, Stage, Tested, Trial, Tuned};
use serde_json::{Map, Value, json};

use crate::failure::{Failure, Outcome};
use crate::rewiring::rewired;
use crate::spec::{Member, Places, RunSpec};
use crate::training::{Setup, diverged, own_measures};

/// The data of a study and how each network is trained on it.
pub struct Study {
    /// How to train, without the regularizer and the seed.
    pub run: RunSpec,
    /// Where regularizers act and what is measured.
    pub places: Places,
    /// What may be tuned on.
    pub tuning: Tuning,
    /// Seen by final trials only.
    pub test: Test,
}

/// Why a run ended without an outcome: the message is stored with the attempt.
const CANCELLED: &str = "cancelled";

impl Experiment for Study {
    fn run(&self, trial: &Trial, control: &Control<'_>) -> Result<repshape_study::Outcome, String> {
        // one thread a training: two trainings side by side beat one on two threads
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(|e| e.to_string())?;
        pool.install(|| match trial.stage {
            Stage::Tune => self.tune(trial, control).map(repshape_study::Outcome::Tune),
            Stage::Trial => self.trial(trial, control).map(repshape_study::Outcome::Trial),
        })
        .map_err(|failure| failure.message)
    }
}

/// One training of a study, before anything is decided about the test rows.
struct Trained {
    setup: Setup,
    network: Mlp,
    diverged: Option<u64>,
    train: Option<Scores>,
    validation: Option<Scores>,
    history: Vec<EpochValues>,
}

impl Study {
    /// Trains on the tuning rows; nothing here can see the test rows.
    fn train(tuning: &Tuning, run: &RunSpec, control: &Control<'_>) -> Outcome<Trained> {
        let setup = Setup::new(run, &tuning.train, &Device::flex())?;
        let mut observer = StudyObserver { control, epochs: run.epochs, done: 0 };
        let fitted = setup.fit(setup.start(), &tuning.train, &tuning.validation, &mut observer)?;
        if control.is_cancelled() {
            return Err(Failure::usage(CANCELLED));
        }
        let network = fitted.training.network;
        let diverged = diverged(fitted.ending).map(|epoch| epoch as u64);
        let scores = |rows| diverged.is_none().then(|| setup.scores(&network, rows));
        let (train, validation) = (scores(&tuning.train), scores(&tuning.validation));
        Ok(Trained { network, diverged, train, validation, history: fitted.training.history, setup })
    }

    /// The run's spec: the study's, with the regularizer, its weight and the run's own seed.
    fn spec_of(&self, trial: &Trial) -> Outcome<RunSpec> {
        let mut run = self.run.clone();
        self.places.add(&mut run, &trial.regularizer, trial.weight)?;
        run.seed = trial.seed;
        Ok(run)
    }

    fn tune(&self, trial: &Trial, control: &Control<'_>) -> Outcome<Tuned> {
        let trained = Self::train(&self.tuning, &self.spec_of(trial)?, control)?;
        Ok(Tuned {
            diverged: trained.diverged,
            train: trained.train.map(convert),
            validation: trained.validation.map(convert),
            ..Tuned::default()
        })
    }

    fn trial(&self, trial: &Trial, control: &Control<'_>) -> Outcome<Tested> {
        let run = self.spec_of(trial)?;
        let trained = Self::train(&self.tuning, &run, control)?;
        let mut tested = Tested {
            diverged: trained.diverged,
            train: trained.train.map(convert),
            validation: trained.validation.map(convert),
            ..Tested::default()
        };
        if trained.diverged.is_some() {
            return Ok(tested);
        }
        let setup = &trained.setup;
        let network = match Member::of_row(&trial.regularizer)? {
            Member::Rewired(how) => {
                let before = setup.scores(&trained.network, &self.test);
                tested.measures.insert("test_error_before".to_owned(), before.error);
                &rewired(&how, &trained.network.valid(), &self.places.site, &self.tuning, trial.seed)?
            }
            _ => &trained.network,
        };
        tested.test = Some(convert(setup.scores(network, &self.test)));
        let (config, selection) = own_measures(&run)?;
        let sites = self.places.measured();
        let measured = setup.measure(network, &self.tuning.train, &self.test, &sites, config, &selection)?;
        for (at, site) in measured.into_iter().enumerate() {
            // the main site's measures have plain names
            let named = |name: &str| if at == 0 { name.to_owned() } else { format!("{name}@{}", sites[at]) };
            let values = site.measurement.measures.iter();
            tested.measures.extend(values.map(|(name, value)| (named(name), value.map(repshape_stats::Value::as_f64))));
            if let Some(share) = self.places.live_above {
                tested.measures.insert(named("live_units"), site.live_units(share));
            }
            // the report draws one trial of each regularizer
            if trial.index == 0 && at == 0 {
                tested.details = details(setup, &trained.history, site.pictures.as_ref());
            } else if trial.index == 0 {
                tested.details.insert(named("pictures"), json!(site.pictures));
            }
        }
        if run.target == Target::Input {
            let squared = mean_squared_error(&network.valid(), &self.test, &setup.objective, &setup.device);
            tested.measures.insert("mean_squared_error".to_owned(), Some(squared));
        }
        Ok(tested)
    }
}

/// What the report needs beyond the numbers.
fn details(
    setup: &Setup,
    history: &[EpochValues],
    pictures: Option<&repshape_stats::pictures::Pictures>,
) -> Map<String, Value> {
    let mut details = Map::new();
    details.insert("terms".to_owned(), json!(setup.objective.names()));
    details.insert("history".to_owned(), json!(thinned(history)));
    details.insert("pictures".to_owned(), json!(pictures));
    details
}

/// Most epochs of a history that are kept: a curve shows no more.
const MOST_EPOCHS: usize = 1000;

/// The history; of a longer one every k-th epoch and the last.
fn thinned(history: &[EpochValues]) -> Vec<&EpochValues> {
    let step = history.len().div_ceil(MOST_EPOCHS).max(1);
    let last = history.len().saturating_sub(1);
    history.iter().enumerate().filter(|(at, _)| at % step == 0 || *at == last).map(|(_, values)| values).collect()
}

fn convert(scores: Scores) -> repshape_study::Scores {
    repshape_study::Scores { error: scores.error.unwrap_or(scores.loss), loss: scores.loss }
}

/// Passes progress on and stops between steps when the study is cancelled.
struct StudyObserver<'a, 'b> {
    control: &'a Control<'b>,
    epochs: usize,
    done: usize,
}

impl Observer<Mlp> for StudyObserver<'_, '_> {
    fn epoch(&mut self, _training: &Training<Mlp>) -> Flow {
        self.done += 1;
        self.control.progress(self.done as f64 / self.epochs as f64);
        Flow::Continue
    }

    fn step(&mut self, _step: &Step<'_, Mlp>) -> Flow {
        if self.control.is_cancelled() { Flow::Stop } else { Flow::Continue }
    }
}

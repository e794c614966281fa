//! What a study runs: one training for each planned run.

use std::collections::BTreeMap;

use repshape::burn::tensor::Device;
use repshape::evaluate::Scores;
use repshape::fit::{EpochValues, Flow, Observer, Step, Training};
use repshape::network::Mlp;
use repshape_data::{Test, Tuning};
use repshape_study::{Control, Experiment, Stage, Tested, Trial, Tuned};
use serde_json::{Map, Value, json};

use crate::failure::{Failure, Outcome};
use crate::spec::{Member, RunSpec};
use crate::training::{Setup, diverged, own_measures};

/// The data of a study and how each network is trained on it.
pub struct Study {
    /// How to train, without the regularizer and the seed.
    pub run: RunSpec,
    /// Where regularizers act and what is measured.
    pub site: String,
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
        let member: Member = trial.regularizer.parse().map_err(Failure::usage)?;
        let mut run = self.run.clone();
        run.penalties.extend(member.term(trial.weight, &self.site));
        run.sites = vec![self.site.clone()];
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
        let Trained { setup, network, .. } = &trained;
        tested.test = Some(convert(setup.scores(network, &self.test)));
        let sites = std::slice::from_ref(&self.site);
        let (config, selection) = own_measures(&run)?;
        for (measurement, pictures) in
            setup.measure(network, &self.tuning.train, &self.test, sites, config, &selection)?
        {
            tested.measures = measurement
                .measures
                .iter()
                .map(|(name, value)| (name.to_owned(), value.map(repshape_stats::Value::as_f64)))
                .collect::<BTreeMap<_, _>>();
            // the report draws one trial of each regularizer
            if trial.index == 0 {
                tested.details = details(setup, &trained.history, pictures.as_ref());
            }
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
    details.insert("history".to_owned(), json!(history));
    details.insert("pictures".to_owned(), json!(pictures));
    details
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

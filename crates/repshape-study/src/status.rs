//! How far a study is.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::manifest::PlannedRun;
use crate::store::Store;
use crate::trial::Stage;

/// Counts of runs. What runs at this moment is not known to the folder: it is among the missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// All that are planned: `done + failed + missing`.
    pub total: usize,
    /// Committed.
    pub done: usize,
    /// Failed as often as a run may; given up unless more attempts are allowed.
    pub failed: usize,
    /// Neither committed nor given up.
    pub missing: usize,
    /// Of the missing ones, those that failed before and will be tried again.
    pub retried: usize,
}

/// How far a study is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// The study's name.
    pub name: String,
    /// All runs.
    pub all: Counts,
    /// Tuning runs.
    pub tune: Counts,
    /// Trials.
    pub trial: Counts,
    /// Each regularizer in the order of the table, both stages.
    pub regularizers: Vec<(String, Counts)>,
}

/// The state of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Done,
    Failed,
    Missing { retried: bool },
}

pub(crate) fn state(store: &Store, run: &PlannedRun) -> State {
    if store.is_committed(&run.run_id) {
        return State::Done;
    }
    match store.failures(&run.run_id) {
        n if n >= store.manifest().spec().max_attempts => State::Failed,
        n => State::Missing { retried: n > 0 },
    }
}

/// Counts what is done, failed and missing; looks at file names only.
pub fn status(store: &Store) -> Status {
    let spec = store.manifest().spec();
    let mut status = Status {
        name: spec.name.clone(),
        all: Counts::default(),
        tune: Counts::default(),
        trial: Counts::default(),
        regularizers: spec.regularizers.iter().map(|r| (r.name.clone(), Counts::default())).collect(),
    };
    let place: BTreeMap<&str, usize> =
        spec.regularizers.iter().enumerate().map(|(i, r)| (r.name.as_str(), i)).collect();
    for run in store.manifest().runs() {
        let state = state(store, run);
        status.all.add(state);
        match run.stage {
            Stage::Tune => status.tune.add(state),
            Stage::Trial => status.trial.add(state),
        }
        if let Some(&i) = place.get(run.regularizer.as_str()) {
            status.regularizers[i].1.add(state);
        }
    }
    status
}

impl Counts {
    fn add(&mut self, state: State) {
        self.total += 1;
        match state {
            State::Done => self.done += 1,
            State::Failed => self.failed += 1,
            State::Missing { retried } => {
                self.missing += 1;
                self.retried += usize::from(retried);
            }
        }
    }
}

//! Which run is next: the first in manifest order that is ready. Shared by the workers behind one mutex.

use std::collections::{BTreeMap, BTreeSet};

use super::Tally;
use crate::error::Error;
use crate::manifest::PlannedRun;
use crate::status::{State, state};
use crate::store::Store;
use crate::trial::Trial;

/// The state of a local engine at work.
pub(super) struct Queue<'a> {
    store: &'a Store,
    /// Places in the manifest of what is still to do.
    pending: BTreeSet<usize>,
    /// How many are at work.
    pub(super) running: usize,
    /// Regularizers whose trials are ready, with the selected weight: records are read once.
    selected: BTreeMap<&'a str, Option<f64>>,
    /// Failures by place in the manifest: which one is first must not depend on timing.
    failures: BTreeMap<usize, String>,
    /// The error that ended everything; a conflict only where nothing worse came.
    fault: Option<Error>,
    stopping: bool,
    tally: Tally,
}

/// What a worker should do.
pub(super) enum Next {
    Run(usize, Trial),
    /// Something at work may make others ready.
    Wait,
    Done,
}

impl<'a> Queue<'a> {
    pub(super) fn new(store: &'a Store, chunks: &BTreeSet<u32>) -> Self {
        let runs = store.manifest().runs().iter().enumerate();
        Self {
            store,
            pending: runs.filter(|(_, run)| chunks.contains(&run.chunk)).map(|(place, _)| place).collect(),
            running: 0,
            selected: BTreeMap::new(),
            failures: BTreeMap::new(),
            fault: None,
            stopping: false,
            tally: Tally::default(),
        }
    }

    /// Takes the next run that is ready; skips what is committed or given up.
    pub(super) fn next(&mut self) -> Result<Next, Error> {
        if self.stopping {
            return Ok(Next::Done);
        }
        let mut not_ready: BTreeSet<&str> = BTreeSet::new();
        let places: Vec<usize> = self.pending.iter().copied().collect();
        for place in places {
            let store = self.store;
            let run = &store.manifest().runs()[place];
            if not_ready.contains(run.regularizer.as_str()) {
                continue;
            }
            match state(store, run) {
                State::Done => {
                    self.pending.remove(&place);
                    self.tally.skipped += 1;
                }
                State::Failed => {
                    self.pending.remove(&place);
                    let message = store.last_failure(&run.run_id)?.map_or(String::new(), |f| f.message);
                    self.failures.insert(place, format!("{} {}: {message}", run.stage, run.regularizer));
                }
                State::Missing { .. } => match self.trial(run)? {
                    Some(trial) => {
                        self.pending.remove(&place);
                        self.running += 1;
                        return Ok(Next::Run(place, trial));
                    }
                    None => {
                        not_ready.insert(&run.regularizer);
                    }
                },
            }
        }
        Ok(if self.pending.is_empty() || self.running == 0 { Next::Done } else { Next::Wait })
    }

    fn trial(&mut self, run: &'a PlannedRun) -> Result<Option<Trial>, Error> {
        if !run.weight.is_selected() {
            return self.store.trial(run);
        }
        if let Some(&weight) = self.selected.get(run.regularizer.as_str()) {
            return Ok(Some(run.trial(weight)));
        }
        let trial = self.store.trial(run)?;
        if let Some(trial) = &trial {
            self.selected.insert(&run.regularizer, trial.weight);
        }
        Ok(trial)
    }

    pub(super) fn committed(&mut self, new: bool) {
        if new {
            self.tally.committed += 1;
        } else {
            self.tally.skipped += 1;
        }
    }

    pub(super) fn failed(&mut self, place: usize, message: String) {
        self.failures.insert(place, message);
    }

    pub(super) fn stopped(&mut self) {
        self.tally.stopped += 1;
    }

    /// No run is started any more.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
    }

    /// Keeps an error to return at the end. A conflict is one run's; anything else ends the work.
    pub(super) fn fault(&mut self, error: Error) {
        let only_conflict = matches!(error, Error::Conflict { .. });
        self.stopping |= !only_conflict;
        let replace = match &self.fault {
            None => true,
            Some(before) => matches!(before, Error::Conflict { .. }) && !only_conflict,
        };
        if replace {
            self.fault = Some(error);
        }
    }

    /// What became of everything; the rest of the pending ones were stopped, or wait for tuning runs.
    pub(super) fn finish(mut self) -> Result<Tally, Error> {
        if let Some(error) = self.fault {
            return Err(error);
        }
        if self.stopping {
            self.tally.stopped += self.pending.len();
        } else {
            self.tally.waiting += self.pending.len();
        }
        self.tally.failed = self.failures.len();
        self.tally.first_failure = self.failures.into_values().next();
        Ok(self.tally)
    }
}

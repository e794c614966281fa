//! Ways to start runs. Every engine does the same tasks on the same store; none is trusted with the truth about them.

mod attempt;
mod local;
mod queue;

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::error::Error;
use crate::record::Record;
use crate::status::{State, state};
use crate::store::{Store, Submission};
use crate::trial::{Experiment, Trial};

pub use local::Local;

/// Something that starts chunks of a manifest: threads here ([`Local`]), or a cluster's scheduler.
pub trait Engine {
    /// Its name, as in `--engine NAME` and in the submissions.
    fn name(&self) -> &str;

    /// Starts these chunks.
    ///
    /// # Errors
    /// Where nothing could be started, or what was started here could not go on.
    fn start(&self, store: &Store, chunks: &BTreeSet<u32>) -> Result<Started, Error>;
}

/// What an engine did with the chunks.
#[derive(Debug, Clone, PartialEq)]
pub enum Started {
    /// They ran to their end here.
    Finished(Tally),
    /// They were handed on; the answer goes into `submissions/`.
    Submitted(Value),
}

/// Told about runs as they happen, from the threads that run them. `()` listens to nothing.
pub trait Observer: Sync {
    /// A run starts.
    fn started(&self, _trial: &Trial) {}
    /// A run has this much behind it, from 0 to 1.
    fn progress(&self, _trial: &Trial, _fraction: f64) {}
    /// A run is committed.
    fn finished(&self, _trial: &Trial, _record: &Record) {}
    /// A run failed; which attempt that was, from 1.
    fn failed(&self, _trial: &Trial, _attempt: u32, _message: &str) {}
}

impl Observer for () {}

/// What became of the runs that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Ran and were committed now.
    pub committed: usize,
    /// Were committed before, or by someone else meanwhile.
    pub skipped: usize,
    /// Failed now, or had failed as often as a run may.
    pub failed: usize,
    /// Wait for tuning runs that are not committed.
    pub waiting: usize,
    /// Were stopped on request, or not started for that reason.
    pub stopped: usize,
    /// Name and message of the first failure in manifest order.
    pub first_failure: Option<String>,
}

impl Tally {
    /// The tally as a process reports it: good, or the error whose exit code says what is left.
    ///
    /// # Errors
    /// [`Error::Failed`]; else [`Error::Interrupted`]; else [`Error::NotReady`].
    pub fn into_result(self) -> Result<Self, Error> {
        if self.failed > 0 {
            let first = self.first_failure.unwrap_or_default();
            return Err(Error::Failed { failed: self.failed, first });
        }
        if self.stopped > 0 {
            return Err(Error::Interrupted);
        }
        if self.waiting > 0 {
            let what = format!("{} trials wait for tuning runs of their regularizer", self.waiting);
            return Err(Error::NotReady(what));
        }
        Ok(self)
    }
}

/// The chunks that hold a run neither committed nor given up.
pub fn outstanding_chunks(store: &Store) -> BTreeSet<u32> {
    let runs = store.manifest().runs().iter();
    runs.filter(|run| matches!(state(store, run), State::Missing { .. })).map(|run| run.chunk).collect()
}

/// Starts what is missing, or failed less often than it may: the same for the first time and after any interruption.
///
/// # Errors
/// Those of the engine; of a local engine also [`Tally::into_result`]'s.
pub fn resume(store: &Store, engine: &dyn Engine) -> Result<Started, Error> {
    store.check_manifest()?;
    let chunks = outstanding_chunks(store);
    let record = |jobs| {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        let chunks = chunks.iter().copied().collect();
        store.add_submission(&Submission { engine: engine.name().to_owned(), chunks, time, jobs })
    };
    if chunks.is_empty() {
        // nothing to start, but runs that were given up must not look like success
        return Ok(Started::Finished(tally_of_rest(store)?.into_result()?));
    }
    match engine.start(store, &chunks)? {
        Started::Finished(tally) => {
            record(Value::Null)?;
            let rest = tally_of_rest(store)?;
            let failed = tally.failed.max(rest.failed);
            let first_failure = tally.first_failure.or(rest.first_failure);
            Ok(Started::Finished(Tally { failed, first_failure, ..tally }.into_result()?))
        }
        Started::Submitted(jobs) => {
            record(jobs.clone())?;
            Ok(Started::Submitted(jobs))
        }
    }
}

/// Runs one chunk in this process, one run after the other: the task that every engine of a cluster starts.
///
/// Committed runs are skipped; a trial whose tuning runs are not all committed is left for another time.
///
/// # Errors
/// [`Error::Spec`] for a chunk that is not in the manifest; those of [`Local`] and of [`Tally::into_result`]: exit code 75
/// where trials wait for their tuning runs.
pub fn run_task(
    store: &Store,
    chunk: u32,
    host: &str,
    experiment: &dyn Experiment,
    observer: &dyn Observer,
    cancel: &AtomicBool,
) -> Result<Tally, Error> {
    let chunks = store.manifest().chunks();
    if chunk >= chunks {
        return Err(Error::Spec {
            field: "chunk-id".to_owned(),
            message: format!("found {chunk}, the manifest has chunks 0 to {}", chunks.saturating_sub(1)),
        });
    }
    let local = Local { workers: 1, host: host.to_owned(), experiment, observer, cancel };
    local.run(store, &BTreeSet::from([chunk]))?.into_result()
}

/// What was given up in the whole study.
fn tally_of_rest(store: &Store) -> Result<Tally, Error> {
    let mut tally = Tally::default();
    for run in store.manifest().runs() {
        if state(store, run) == State::Failed {
            tally.failed += 1;
            if tally.first_failure.is_none() {
                let message = store.last_failure(&run.run_id)?.map_or(String::new(), |f| f.message);
                tally.first_failure = Some(format!("{} {}: {message}", run.stage, run.regularizer));
            }
        }
    }
    Ok(tally)
}

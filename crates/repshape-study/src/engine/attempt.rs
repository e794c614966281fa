//! One attempt at one run: from the trial to the commit.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::Observer;
use crate::error::Error;
use crate::record::Record;
use crate::store::{Committed, Store};
use crate::trial::{Control, Experiment, Trial};

/// How an attempt ended.
pub(super) enum Ended {
    Committed,
    /// Someone else had committed the same result.
    Before,
    Failed(String),
    /// It stopped because it was asked to.
    Stopped,
}

/// Runs, commits and tells the observer. A panic of the experiment is a failure of this run and of no other.
pub(super) fn attempt(
    store: &Store,
    trial: &Trial,
    host: &str,
    experiment: &dyn Experiment,
    observer: &dyn Observer,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<Ended, Error> {
    store.check_manifest()?;
    observer.started(trial);
    let start = Instant::now();
    let progress = |fraction| observer.progress(trial, fraction);
    let control = Control::new(cancelled, &progress);
    let outcome = catch_unwind(AssertUnwindSafe(|| experiment.run(trial, &control)));
    let seconds = start.elapsed().as_secs_f64();
    let record = match outcome {
        Ok(Ok(outcome)) => Record::new(trial, outcome, seconds, host),
        Ok(Err(_)) if cancelled() => return Ok(Ended::Stopped),
        Ok(Err(message)) => Err(message),
        Err(panic) => Err(format!("panicked: {}", panic_message(&*panic))),
    };
    match record {
        Ok(record) => {
            let committed = store.commit(&record)?;
            observer.finished(trial, &record);
            Ok(if committed == Committed::New { Ended::Committed } else { Ended::Before })
        }
        Err(message) => {
            let number = store.add_failure(trial, &message, seconds, host)?;
            observer.failed(trial, number, &message);
            Ok(Ended::Failed(message))
        }
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

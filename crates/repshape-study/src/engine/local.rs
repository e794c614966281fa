//! The local engine: worker threads of this process.
//!
//! Threads and not processes: they share the loaded data, start in no time, and the commit protocol makes a killed
//! process no worse than a killed thread.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::attempt::{Ended, attempt};
use super::queue::{Next, Queue};
use super::{Engine, Observer, Started, Tally};
use crate::error::Error;
use crate::store::Store;
use crate::trial::Experiment;

/// How soon an idle worker notices that it should stop.
const NOTICE: Duration = Duration::from_millis(50);

/// The main thread's usual stack; the default of 2 MiB is little for deep autodiff graphs.
const STACK_BYTES: usize = 8 << 20;

/// Runs what is ready on `workers` threads; each finished run is committed at once.
///
/// A regularizer's trials become ready with the last of its own tuning runs: nobody waits for all tuning. Each run is
/// tried once; what failed is tried again by the next [`resume`](super::resume). No result depends on the number of workers.
///
/// After `cancel` is set no run starts, and running ones are asked to stop; those that finish anyway are committed. An
/// error of the store, such as a full disk, has the same effect and is returned. A conflict ends only its own run
/// and is returned at the end.
pub struct Local<'a> {
    /// Number of threads, at least 1.
    pub workers: usize,
    /// Name of this machine, for the records.
    pub host: String,
    /// What is run.
    pub experiment: &'a dyn Experiment,
    /// Who is told.
    pub observer: &'a dyn Observer,
    /// Set it to stop.
    pub cancel: &'a AtomicBool,
}

impl Engine for Local<'_> {
    fn name(&self) -> &str {
        "local"
    }

    fn start(&self, store: &Store, chunks: &BTreeSet<u32>) -> Result<Started, Error> {
        self.run(store, chunks).map(Started::Finished)
    }
}

impl Local<'_> {
    /// Runs the runs of these chunks that are not committed.
    ///
    /// # Errors
    /// [`Error::Spec`] for no worker; [`Error::Manifest`], [`Error::Corrupt`], [`Error::Io`], [`Error::Conflict`].
    pub fn run(&self, store: &Store, chunks: &BTreeSet<u32>) -> Result<Tally, Error> {
        if self.workers == 0 {
            let message = "found 0, expected a whole number of at least 1".to_owned();
            return Err(Error::Spec { field: "workers".to_owned(), message });
        }
        let shared = Shared {
            queue: Mutex::new(Queue::new(store, chunks)),
            changed: Condvar::new(),
            halt: AtomicBool::new(false),
        };
        thread::scope(|scope| {
            for worker in 0..self.workers {
                let thread = thread::Builder::new().name(format!("worker {worker}")).stack_size(STACK_BYTES);
                if let Err(e) = thread.spawn_scoped(scope, || self.work(store, &shared)) {
                    shared.halt_with(Error::io(store.root(), "start a worker thread")(e));
                    break;
                }
            }
        });
        shared.queue.into_inner().unwrap_or_else(PoisonError::into_inner).finish()
    }

    fn work(&self, store: &Store, shared: &Shared<'_>) {
        let cancelled = || self.cancel.load(Ordering::Relaxed) || shared.halt.load(Ordering::Relaxed);
        loop {
            let mut queue = shared.lock();
            if cancelled() {
                queue.stop();
            }
            let (place, trial) = match queue.next() {
                Ok(Next::Run(place, trial)) => (place, trial),
                Ok(Next::Wait) => {
                    drop(shared.changed.wait_timeout(queue, NOTICE));
                    continue;
                }
                Ok(Next::Done) => return,
                Err(error) => {
                    drop(queue);
                    return shared.halt_with(error);
                }
            };
            drop(queue);
            let ended = attempt(store, &trial, &self.host, self.experiment, self.observer, &cancelled);
            let mut queue = shared.lock();
            queue.running -= 1;
            match ended {
                Ok(Ended::Committed) => queue.committed(true),
                Ok(Ended::Before) => queue.committed(false),
                Ok(Ended::Stopped) => queue.stopped(),
                Ok(Ended::Failed(message)) => queue.failed(place, format!("{trial}: {message}")),
                Err(conflict @ Error::Conflict { .. }) => queue.fault(conflict),
                Err(error) => {
                    drop(queue);
                    shared.halt_with(error);
                    continue;
                }
            }
            drop(queue);
            shared.changed.notify_all();
        }
    }
}

struct Shared<'a> {
    queue: Mutex<Queue<'a>>,
    changed: Condvar,
    /// An error has ended the work: running experiments are asked to stop.
    halt: AtomicBool,
}

impl<'a> Shared<'a> {
    /// A panic while the lock is held would be a bug in the queue; its numbers are still the best there are.
    fn lock(&self) -> MutexGuard<'_, Queue<'a>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn halt_with(&self, error: Error) {
        self.lock().fault(error);
        self.halt.store(true, Ordering::Relaxed);
        self.changed.notify_all();
    }
}

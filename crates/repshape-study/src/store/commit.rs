//! The exactly-once commit.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{FAILURE_SCHEMA, Failure, Store, folder};
use crate::error::Error;
use crate::identity::is_run_id;
use crate::record::Record;
use crate::trial::Trial;

/// What became of a finished run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// It is the committed one.
    New,
    /// Another execution had committed the same result before; this one was discarded.
    Before,
}

/// How often an attempt whose file was taken away is written again.
const REWRITES: u32 = 5;

/// How long a claim is waited for: between creating and removing one lie two calls to the file system.
const CLAIM_PATIENCE: Duration = Duration::from_secs(2);
const CLAIM_PAUSE: Duration = Duration::from_millis(10);

impl Store {
    /// Commits a finished run: once, whole, or not at all.
    ///
    /// The record is written under `attempts/`, flushed, and linked to its name under `runs/`; `link(2)` fails if the
    /// name is taken, on every file system that has it, across processes and hosts. A name under `runs/` therefore
    /// always shows a whole record, and never another one later. Whoever comes second compares result hashes.
    ///
    /// On a file system without hard links (FAT, some network mounts) a claim file, created with `O_EXCL`, takes the
    /// place of the link: whoever has it checks that the name is free, renames the attempt there and removes the
    /// claim. If the process dies in between, the run can be committed again once the folder was opened alone, which
    /// removes the claim; until then its commit fails with a retryable error.
    ///
    /// # Errors
    /// [`Error::Conflict`] where another result is committed: that one stays, this one is kept under `conflicts/`.
    /// [`Error::Corrupt`] where the committed file cannot be read; this one is kept under `conflicts/` too.
    /// [`Error::Io`], such as a full disk: nothing half-written is left under `runs/`.
    pub fn commit(&self, record: &Record) -> Result<Committed, Error> {
        let run_id = &record.run_id;
        let refused = |message: String| Error::Spec { field: format!("run {run_id}"), message };
        let planned = self
            .manifest
            .runs()
            .iter()
            .find(|run| is_run_id(run_id) && run.run_id == *run_id)
            .ok_or_else(|| refused("not in the manifest".to_owned()))?;
        let target = self.run_path(run_id);
        let bytes = record.to_bytes().map_err(refused)?;
        if let Some(parent) = target.parent() {
            folder::create(parent)?;
        }
        if self.publish_new(run_id, &target, &bytes)? {
            return Ok(Committed::New);
        }
        let keep = |reason: Error| -> Result<Error, Error> {
            let short = &record.result_hash[..record.result_hash.len().min(12)];
            let kept = self.root.join("conflicts").join(format!("{run_id}.{short}.json"));
            // the same contradiction may come twice: one copy is enough
            self.publish_new(run_id, &kept, &bytes)?;
            Ok(match reason {
                Error::Conflict { run_id, .. } => Error::Conflict { run_id, kept },
                other => other,
            })
        };
        match self.record(planned) {
            Ok(Some(there)) if there.result_hash == record.result_hash => Ok(Committed::Before),
            Ok(_) => Err(keep(Error::Conflict { run_id: run_id.clone(), kept: PathBuf::new() })?),
            Err(corrupt) => Err(keep(corrupt)?),
        }
    }

    /// Records that a run failed and returns which attempt that was.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn add_failure(&self, trial: &Trial, message: &str, seconds: f64, host: &str) -> Result<u32, Error> {
        let mut attempt = self.failures(&trial.run_id) + 1;
        loop {
            let failure = Failure {
                schema: FAILURE_SCHEMA.to_owned(),
                run_id: trial.run_id.clone(),
                attempt,
                message: message.to_owned(),
                seconds,
                host: host.to_owned(),
            };
            let bytes = serde_json::to_vec(&failure)
                .map_err(|e| Error::Spec { field: format!("run {}", trial.run_id), message: e.to_string() })?;
            if self.publish_new(&trial.run_id, &self.failure_path(&trial.run_id, attempt), &bytes)? {
                return Ok(attempt);
            }
            attempt += 1;
        }
    }

    /// Makes a new file appear whole; `false` where the name is taken.
    pub(super) fn publish_new(&self, label: &str, target: &Path, bytes: &[u8]) -> Result<bool, Error> {
        publish(&self.root.join("attempts"), label, target, bytes, |attempt, target| fs::hard_link(attempt, target))
    }
}

/// `link` is `std::fs::hard_link`; a parameter, so that a file system without links can be tested on one with them.
fn publish(
    attempts: &Path,
    label: &str,
    target: &Path,
    bytes: &[u8],
    link: impl Fn(&Path, &Path) -> io::Result<()>,
) -> Result<bool, Error> {
    let mut tries = 0;
    let new = loop {
        let attempt = attempts.join(unique(label));
        folder::write_new(&attempt, bytes)?;
        let outcome = match link(&attempt, target) {
            Err(e) if has_no_links(&e) => rename_under_claim(attempts, label, &attempt, target),
            Err(e) => Err(e),
            Ok(()) => Ok(()),
        };
        // after a rename it is gone already; a leftover is harmless
        let gone = fs::remove_file(&attempt).is_err();
        match outcome {
            Ok(()) => break true,
            // EEXIST may also be the answer to our own link, sent twice by NFS: then the hashes agree
            Err(e) if e.kind() == ErrorKind::AlreadyExists => break false,
            // cleared away by someone to whom the file system's locks said that nobody works here
            Err(e) if e.kind() == ErrorKind::NotFound && gone && tries < REWRITES => tries += 1,
            Err(e) => return Err(Error::io(target, "commit")(e)),
        }
    };
    if let Some(parent) = target.parent().filter(|_| new) {
        folder::sync(parent)?;
    }
    Ok(new)
}

/// EPERM is what `link(2)` documents for a file system without hard links.
fn has_no_links(e: &io::Error) -> bool {
    const EPERM: i32 = 1;
    e.kind() == ErrorKind::Unsupported || (cfg!(unix) && e.raw_os_error() == Some(EPERM))
}

fn rename_under_claim(attempts: &Path, label: &str, attempt: &Path, target: &Path) -> io::Result<()> {
    let name = target.file_name().map_or_else(|| label.to_owned(), |name| name.to_string_lossy().into_owned());
    let claim = attempts.join(format!("{name}.claim"));
    let mut waited = Duration::ZERO;
    while let Err(e) = OpenOptions::new().write(true).create_new(true).open(&claim) {
        if e.kind() != ErrorKind::AlreadyExists || target.exists() {
            return Err(e);
        }
        if waited >= CLAIM_PATIENCE {
            return Err(io::Error::other(format!(
                "another process is committing it or was killed while it did; if none is at work, remove {}",
                claim.display()
            )));
        }
        thread::sleep(CLAIM_PAUSE);
        waited += CLAIM_PAUSE;
    }
    let renamed = match target.try_exists() {
        Ok(false) => fs::rename(attempt, target),
        Ok(true) => Err(ErrorKind::AlreadyExists.into()),
        Err(e) => Err(e),
    };
    let _ = fs::remove_file(&claim);
    renamed
}

/// A name that no other attempt has: process, time and a counter; `O_EXCL` refuses the rest.
fn unique(label: &str) -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos());
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("{label}.{}.{nanos:x}.{count}.json", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_links(_: &Path, _: &Path) -> io::Result<()> {
        Err(io::Error::from_raw_os_error(1))
    }

    #[test]
    fn without_hard_links_a_claim_does_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target.json");
        let attempts = folder.path().join("attempts");
        fs::create_dir(&attempts).unwrap();
        assert!(publish(&attempts, "a", &target, b"first", no_links).unwrap());
        assert!(!publish(&attempts, "a", &target, b"second", no_links).unwrap());
        assert_eq!(fs::read(&target).unwrap(), b"first");
        assert_eq!(fs::read_dir(&attempts).unwrap().count(), 0);
    }

    #[test]
    fn without_hard_links_exactly_one_of_many_wins() {
        let folder = tempfile::tempdir().unwrap();
        let attempts = folder.path().join("attempts");
        fs::create_dir(&attempts).unwrap();
        for round in 0..50 {
            let target = folder.path().join(format!("{round}.json"));
            let results: Vec<_> = thread::scope(|scope| {
                let one = |i: u8| publish(&attempts, "a", &target, &[i; 100], no_links);
                let threads: Vec<_> = (0..4).map(|i| scope.spawn(move || one(i))).collect();
                threads.into_iter().map(|t| t.join().unwrap()).collect()
            });
            let winners: Vec<_> = results.iter().enumerate().filter(|(_, r)| matches!(r, Ok(true))).collect();
            assert_eq!(winners.len(), 1, "{results:?}");
            assert_eq!(fs::read(&target).unwrap(), [winners[0].0 as u8; 100]);
            assert!(results.iter().all(Result::is_ok), "{results:?}");
        }
    }

    #[test]
    fn a_claim_left_by_a_killed_process_is_named_and_retryable() {
        let folder = tempfile::tempdir().unwrap();
        let attempts = folder.path().join("attempts");
        fs::create_dir(&attempts).unwrap();
        fs::write(attempts.join("target.json.claim"), b"").unwrap();
        let error = publish(&attempts, "a", &folder.path().join("target.json"), b"x", no_links).unwrap_err();
        assert_eq!(error.exit_code(), 75);
        assert!(error.to_string().contains("target.json.claim"), "{error}");
        assert!(!folder.path().join("target.json").exists());
    }

    #[test]
    fn an_attempt_that_was_cleared_away_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let attempts = folder.path().join("attempts");
        fs::create_dir(&attempts).unwrap();
        let target = folder.path().join("target.json");
        let taken = AtomicU64::new(0);
        let link = |attempt: &Path, target: &Path| {
            if taken.fetch_add(1, Ordering::Relaxed) < 2 {
                fs::remove_file(attempt)?;
            }
            fs::hard_link(attempt, target)
        };
        assert!(publish(&attempts, "a", &target, b"x", link).unwrap());
        assert_eq!(taken.into_inner(), 3);
        assert_eq!(fs::read(&target).unwrap(), b"x");
    }
}

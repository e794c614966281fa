//! The folder of a study: the only truth about what is planned and what is done.
//!
//! ```text
//! S/manifest.jsonl, manifest.sha256     what is planned; never edited
//!   runs/ab/<run_id>.json               finished runs, whole and immutable
//!   attempts/                           being written; leftovers are of killed processes
//!   failed/<run_id>.<attempt>.json      why a run failed, each time
//!   conflicts/                          results that contradict a committed one
//!   submissions/<n>.json, logs/         what was handed to an engine, and what it said
//!   lock                                who works here
//! ```
//!
//! The folder may be on a shared file system. The lock keeps two `study` commands apart where the file system has locks;
//! correctness never rests on it but on [`Store::commit`] alone.

mod commit;
mod folder;
mod lock;
mod plan;
mod submission;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::manifest::{Manifest, PlannedRun, PlannedWeight, sha256};
use crate::record::Record;
use crate::select::{Candidate, select};
use crate::trial::Trial;

pub use commit::Committed;
pub use submission::Submission;

use lock::Lock;

/// Schema name in [`Failure::schema`].
pub const FAILURE_SCHEMA: &str = "repshape.failure/1";

/// No file of a store is larger; one that claims to be was not written by a study.
const LARGEST_FILE: u64 = 1 << 30;

/// How a store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Alone: a second one is refused while this is held. Leftovers of killed processes are cleared away.
    Exclusive,
    /// Beside other shared ones: tasks of an engine.
    Shared,
    /// Only looking: needs no lock and no permission to write.
    Read,
}

/// An open study folder.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    manifest: Manifest,
    manifest_sha256: String,
    // held, not read: dropping it (or dying) frees the folder
    lock: Option<Lock>,
}

/// Why an attempt at a run failed: the content of `failed/<run_id>.<attempt>.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// Always [`FAILURE_SCHEMA`].
    pub schema: String,
    /// The run.
    pub run_id: String,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// The experiment's message, or what it panicked with.
    pub message: String,
    /// How long it ran.
    pub seconds: f64,
    /// Where.
    pub host: String,
}

impl Store {
    /// Opens a planned study.
    ///
    /// # Errors
    /// [`Error::NoStudy`]; [`Error::Manifest`] where the manifest is not the one that was planned; [`Error::InUse`]
    /// where another process holds the folder; [`Error::Io`].
    pub fn open(root: &Path, access: Access) -> Result<Self, Error> {
        if !root.join("manifest.jsonl").exists() {
            return Err(Error::NoStudy(root.to_path_buf()));
        }
        let lock = match access {
            Access::Exclusive => Some(Lock::exclusive(root)?),
            Access::Shared => Some(Lock::shared(root)?),
            Access::Read => None,
        };
        Self::open_under(root, lock)
    }

    /// Opens under a lock that is held already: between planning and working nobody else gets in.
    fn open_under(root: &Path, lock: Option<Lock>) -> Result<Self, Error> {
        let (manifest, manifest_sha256) = read_manifest(root)?;
        let store = Self { root: root.to_path_buf(), manifest, manifest_sha256, lock };
        if store.lock.is_some() {
            for name in ["runs", "attempts", "failed", "conflicts", "submissions", "logs"] {
                folder::create(&root.join(name))?;
            }
        }
        if store.lock.as_ref().is_some_and(Lock::is_alone) {
            folder::clear(&root.join("attempts"))?;
        }
        Ok(store)
    }

    /// The study's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What is planned.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Checks that the manifest on disk is still the one that was opened; done before every task.
    ///
    /// # Errors
    /// [`Error::Manifest`] where it is not; [`Error::Io`].
    pub fn check_manifest(&self) -> Result<(), Error> {
        let path = self.root.join("manifest.jsonl");
        let found = sha256(&folder::read(&path, LARGEST_FILE)?);
        if found != self.manifest_sha256 {
            return Err(edited(path, &found, &self.manifest_sha256));
        }
        Ok(())
    }

    /// Where the record of a run is, or will be.
    pub fn run_path(&self, run_id: &str) -> PathBuf {
        self.root.join("runs").join(&run_id[..run_id.len().min(2)]).join(format!("{run_id}.json"))
    }

    /// Whether a run is committed; its record is not read.
    pub fn is_committed(&self, run_id: &str) -> bool {
        self.run_path(run_id).exists()
    }

    /// The record of a run, `None` where it is not committed.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where the file is not what a study wrote there, or is of another study; [`Error::Io`].
    pub fn record(&self, planned: &PlannedRun) -> Result<Option<Record>, Error> {
        let path = self.run_path(&planned.run_id);
        let bytes = match folder::read(&path, LARGEST_FILE) {
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                return Ok(None);
            }
            other => other?,
        };
        let corrupt = |message: String| Error::Corrupt { path: path.clone(), message };
        let record = Record::from_bytes(&bytes).map_err(corrupt)?;
        for (field, found, expected) in [
            ("run_id", &record.run_id, &planned.run_id),
            ("regularizer", &record.regularizer, &planned.regularizer),
            ("stage", &record.stage.to_string(), &planned.stage.to_string()),
            ("index", &record.index.to_string(), &planned.index.to_string()),
            ("seed", &record.seed.to_string(), &planned.seed.to_string()),
        ] {
            if found != expected {
                return Err(corrupt(format!("{field} is {found}, the manifest expects {expected}")));
            }
        }
        Ok(Some(record))
    }

    /// The weight a run is to use: `Ok(None)` while it has to be selected from tuning runs that are not all committed.
    ///
    /// # Errors
    /// Those of [`Store::record`] for the tuning runs.
    pub fn weight(&self, planned: &PlannedRun) -> Result<Option<Option<f64>>, Error> {
        let from = match &planned.weight {
            PlannedWeight::None => return Ok(Some(None)),
            PlannedWeight::Fixed(weight) => return Ok(Some(Some(*weight))),
            PlannedWeight::Selected { from, .. } => from,
        };
        // looked at first, because records are large and this is asked often
        if !from.iter().all(|run_id| self.is_committed(run_id)) {
            return Ok(None);
        }
        let ids: BTreeSet<&str> = from.iter().map(String::as_str).collect();
        let mut candidates = Vec::with_capacity(from.len());
        for run in self.manifest.runs().iter().filter(|run| ids.contains(run.run_id.as_str())) {
            let Some(record) = self.record(run)? else {
                return Ok(None);
            };
            let PlannedWeight::Fixed(weight) = run.weight else {
                continue;
            };
            candidates.push(Candidate { weight, validation: record.validation.filter(|_| !record.diverged) });
        }
        match select(&candidates) {
            Some(weight) if candidates.len() == from.len() => Ok(Some(Some(weight))),
            _ => Err(Error::Manifest {
                path: self.root.join("manifest.jsonl"),
                message: format!("run {} selects from runs that are not in the manifest", planned.run_id),
            }),
        }
    }

    /// A run ready to start, `None` while its weight cannot be selected yet.
    ///
    /// # Errors
    /// Those of [`Store::weight`].
    pub fn trial(&self, planned: &PlannedRun) -> Result<Option<Trial>, Error> {
        Ok(self.weight(planned)?.map(|weight| planned.trial(weight)))
    }

    /// How often a run has failed.
    pub fn failures(&self, run_id: &str) -> u32 {
        // attempts are numbered without gaps; a run is given up after a few
        (1..u32::MAX).take_while(|&n| self.failure_path(run_id, n).exists()).last().unwrap_or(0)
    }

    /// The last failure of a run, for messages.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Io`].
    pub fn last_failure(&self, run_id: &str) -> Result<Option<Failure>, Error> {
        let attempt = self.failures(run_id);
        if attempt == 0 {
            return Ok(None);
        }
        let path = self.failure_path(run_id, attempt);
        let bytes = folder::read(&path, LARGEST_FILE)?;
        match serde_json::from_slice(&bytes) {
            Ok(failure) => Ok(Some(failure)),
            Err(e) => Err(Error::Corrupt { path, message: format!("not a whole failure record: {e}") }),
        }
    }

    fn failure_path(&self, run_id: &str, attempt: u32) -> PathBuf {
        self.root.join("failed").join(format!("{run_id}.{attempt}.json"))
    }
}

fn edited(path: PathBuf, found: &str, expected: &str) -> Error {
    let message = format!("its SHA-256 is {found}, expected {expected} as planned; a manifest must never be edited");
    Error::Manifest { path, message }
}

/// The manifest and its SHA-256, both checked.
fn read_manifest(root: &Path) -> Result<(Manifest, String), Error> {
    let path = root.join("manifest.jsonl");
    let sum = root.join("manifest.sha256");
    let bytes = folder::read(&path, LARGEST_FILE)?;
    let listed = fs::read_to_string(&sum).map_err(|e| Error::Manifest {
        path: sum.clone(),
        message: format!("cannot read the manifest's checksum: {e}"),
    })?;
    let expected = listed.split_whitespace().next().unwrap_or_default();
    let found = sha256(&bytes);
    if found != expected {
        return Err(edited(path, &found, expected));
    }
    let fault = |message: String| Error::Manifest { path: path.clone(), message };
    let text = String::from_utf8(bytes).map_err(|e| fault(e.to_string()))?;
    Ok((Manifest::from_jsonl(&text).map_err(fault)?, found))
}

//! What was handed to an engine: a note for people, never a truth about runs.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{LARGEST_FILE, Store, folder};
use crate::error::Error;

/// One `submissions/<n>.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Submission {
    /// Name of the engine.
    pub engine: String,
    /// The chunks it was given.
    pub chunks: Vec<u32>,
    /// When, in seconds since 1970.
    pub time: u64,
    /// What the engine answered: job ids, commands; `null` for the local one.
    pub jobs: Value,
}

impl Store {
    /// Writes the next submission and returns its number, from 1.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn add_submission(&self, submission: &Submission) -> Result<u32, Error> {
        let bytes = serde_json::to_vec_pretty(submission)
            .map_err(|e| Error::Spec { field: "jobs".to_owned(), message: e.to_string() })?;
        let folder = self.root.join("submissions");
        let mut number = self.submissions()?.last().map_or(1, |(n, _)| n + 1);
        loop {
            match self.publish_new("submission", &folder.join(format!("{number}.json")), &bytes)? {
                true => return Ok(number),
                false => number += 1,
            }
        }
    }

    /// Every submission with its number, in order.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Io`].
    pub fn submissions(&self) -> Result<Vec<(u32, Submission)>, Error> {
        let mut found = Vec::new();
        loop {
            let number = found.len() as u32 + 1;
            let path = self.root.join("submissions").join(format!("{number}.json"));
            if !path.exists() {
                return Ok(found);
            }
            let submission = serde_json::from_slice(&folder::read(&path, LARGEST_FILE)?)
                .map_err(|e| Error::Corrupt { path, message: format!("not a whole submission: {e}") })?;
            found.push((number, submission));
        }
    }
}

//! The one error of this crate: its text is the whole message that a user reads.

use std::io;
use std::path::Path;

/// What was wrong with something that came from outside, in words for the person who can
/// mend it. The text names the file, the row (from 0) or line (from 1), what was found and what
/// was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file that cannot be read as what it should be.
    #[error("{file}: {problem}")]
    File {
        /// The file as the user named it; an entry of an archive is `FILE:KEY`, a line `FILE:LINE`.
        file: String,
        /// What is wrong, and the expected form.
        problem: String,
    },
    /// Something asked for that cannot be had: an unknown data set, too many rows.
    #[error("{0}")]
    Request(String),
    /// A file that could not be written. Nothing is left behind under its name.
    #[error("{file}: cannot be written: {source}")]
    Write {
        /// The file as the user named it.
        file: String,
        /// What the system said.
        source: io::Error,
    },
}

impl DataError {
    /// A problem with a file.
    pub(crate) fn file(file: impl Into<String>, problem: impl Into<String>) -> Self {
        DataError::File { file: file.into(), problem: problem.into() }
    }
}

/// The file's name as messages show it.
pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// `1234567` as `1,234,567`.
pub(crate) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The valid name nearest to what was typed, if any is near.
pub(crate) fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&typed.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

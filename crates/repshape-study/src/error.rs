//! What can go wrong in a study, and the exit code of each.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Every error of this crate. [`Error::exit_code`] gives the process exit code that scripts and engines rely on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field of the spec, or an argument, has a value it cannot have.
    #[error("{field}: {message}")]
    Spec {
        /// Path of the field, such as `regularizers[2].weights[0]`.
        field: String,
        /// What was found and what is expected.
        message: String,
    },
    /// A new study was to be planned in a folder that holds something already.
    #[error("{}: the folder is not empty; resume the study that is there or choose another folder", .0.display())]
    NotEmpty(PathBuf),
    /// No study has been planned in this folder.
    #[error("{}: no study is planned here (there is no manifest.jsonl)", .0.display())]
    NoStudy(PathBuf),
    /// Another process works on the folder.
    #[error("{}: in use by {holder}; wait for it to end, or use another folder", .path.display())]
    InUse {
        /// The study's folder.
        path: PathBuf,
        /// Who: "another run, pid 17 on host a" or "one or more run-task processes".
        holder: String,
    },
    /// The folder holds a study of another spec.
    #[error("{}: the folder holds another study: {difference}; choose another folder", .path.display())]
    OtherStudy {
        /// The study's folder.
        path: PathBuf,
        /// The first field that differs, with both values.
        difference: String,
    },
    /// The manifest is not the one that was planned.
    #[error("{}: {message}", .path.display())]
    Manifest {
        /// The manifest or its checksum file.
        path: PathBuf,
        /// What was found and what is expected.
        message: String,
    },
    /// A file of the store is not what was written there.
    #[error("{}: {message}", .path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What was found and what is expected.
        message: String,
    },
    /// Two executions of one run gave different results.
    #[error(
        "run {run_id}: its result differs from the committed one, which stays; this one is kept as {}",
        .kept.display()
    )]
    Conflict {
        /// The run.
        run_id: String,
        /// Where the result that came second was kept.
        kept: PathBuf,
    },
    /// Some runs failed.
    #[error("{failed} of the runs failed; first: {first}")]
    Failed {
        /// How many.
        failed: usize,
        /// The first one's name and message.
        first: String,
    },
    /// The table was asked for before all runs were committed.
    #[error("the study is incomplete: {0}")]
    Incomplete(String),
    /// Runs whose weight is chosen from tuning runs that are not there yet.
    #[error("not ready: {0}; try again when they are committed")]
    NotReady(String),
    /// Work was stopped on request.
    #[error("stopped on request; finished runs are kept, resume to go on")]
    Interrupted,
    /// The file system refused.
    #[error("{}: cannot {doing}: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried, as a verb: "create", "write", "read".
        doing: &'static str,
        /// The file system's answer.
        source: std::io::Error,
    },
}

impl Error {
    /// The exit code of a process that ends with this error.
    ///
    /// | code | errors |
    /// |---|---|
    /// | 1 | [`Error::Failed`] |
    /// | 2 | [`Error::Spec`], [`Error::NotEmpty`], [`Error::NoStudy`], [`Error::InUse`]; [`Error::Io`] where the folder is missing, read-only or forbidden |
    /// | 3 | [`Error::Incomplete`] |
    /// | 4 | [`Error::Conflict`] |
    /// | 5 | [`Error::Manifest`], [`Error::Corrupt`], [`Error::OtherStudy`] |
    /// | 75 | [`Error::NotReady`], [`Error::Interrupted`]; every other [`Error::Io`], such as a full disk: the same command may succeed later |
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Failed { .. } => 1,
            Self::Spec { .. } | Self::NotEmpty(_) | Self::NoStudy(_) | Self::InUse { .. } => 2,
            Self::Incomplete(_) => 3,
            Self::Conflict { .. } => 4,
            Self::Manifest { .. } | Self::Corrupt { .. } | Self::OtherStudy { .. } => 5,
            Self::NotReady(_) | Self::Interrupted => 75,
            Self::Io { source, .. } => match source.kind() {
                ErrorKind::NotFound
                | ErrorKind::PermissionDenied
                | ErrorKind::ReadOnlyFilesystem
                | ErrorKind::NotADirectory
                | ErrorKind::IsADirectory
                | ErrorKind::AlreadyExists
                | ErrorKind::InvalidFilename
                | ErrorKind::InvalidInput => 2,
                _ => 75,
            },
        }
    }

    /// Wraps an I/O error with the path and what was tried; for `map_err`.
    pub(crate) fn io(path: &Path, doing: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, doing, source }
    }
}

//! What ends the program early, with its exit code.

use std::fmt::Display;
use std::io::ErrorKind;

use repshape::checkpoint::CheckpointError;
use repshape_data::DataError;

/// Exit codes; scripts and schedulers rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Some runs failed.
    Failed = 1,
    /// Bad input or usage.
    Usage = 2,
    /// Not all runs are there yet.
    Incomplete = 3,
    /// The store or the manifest does not fit.
    Mismatch = 5,
    /// The same command may succeed later: an interruption, a full disk.
    Retry = 75,
}

/// A message for the person who can fix it, and the exit code.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: i32,
    /// One message, naming the file, field or row and the expected form.
    pub message: String,
}

/// What every command returns.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure with one of our exit codes.
    pub fn new(exit: Exit, message: impl Display) -> Self {
        Self { code: exit as i32, message: message.to_string() }
    }

    /// Bad input or usage.
    pub fn usage(message: impl Display) -> Self {
        Self::new(Exit::Usage, message)
    }
}

/// Library errors about input become exit code 2.
macro_rules! usage_from {
    ($($error:ty),* $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::usage(error)
            }
        })*
    };
}

usage_from!(
    repshape::fit::FitError,
    repshape::groups::GroupsError,
    repshape::network::SpecError,
    repshape::objective::ObjectiveError,
    repshape::optimizer::OptimizerError,
    repshape::penalty::PenaltyError,
    repshape::rewire::RewireNetworkError,
    repshape_onnx::OnnxError,
    repshape_stats::StatsError,
    repshape_stats::rewire::RewireError,
);

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        let full = |source: &std::io::Error| matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
        let exit = match &error {
            DataError::Write { source, .. } if full(source) => Exit::Retry,
            _ => Exit::Usage,
        };
        Self::new(exit, error)
    }
}

impl From<CheckpointError> for Failure {
    fn from(error: CheckpointError) -> Self {
        match error {
            CheckpointError::Write(error) => error.into(),
            other => Self::usage(other),
        }
    }
}

impl From<repshape_study::Error> for Failure {
    fn from(error: repshape_study::Error) -> Self {
        Self { code: error.exit_code().into(), message: error.to_string() }
    }
}

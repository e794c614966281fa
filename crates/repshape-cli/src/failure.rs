//! What ends the program early, with its exit code.

use std::fmt::Display;

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
    repshape::checkpoint::CheckpointError,
    repshape::fit::FitError,
    repshape::groups::GroupsError,
    repshape::network::SpecError,
    repshape::objective::ObjectiveError,
    repshape::optimizer::OptimizerError,
    repshape::penalty::PenaltyError,
    repshape_data::DataError,
    repshape_stats::StatsError,
);

impl From<repshape_study::Error> for Failure {
    fn from(error: repshape_study::Error) -> Self {
        Self { code: error.exit_code().into(), message: error.to_string() }
    }
}

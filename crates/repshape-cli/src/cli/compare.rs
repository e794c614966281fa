//! Flags of `compare`.

use std::path::PathBuf;

use clap::Args;

use super::{InputArgs, from_one};

/// `repshape compare`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  repshape compare before.npy after.npy --labels y.npy
  repshape compare RUN-A RUN-B --site fc5 --report page.html
  repshape compare RUN RUN --site-a fc1 --site-b fc5 --only covariance,rank
  repshape compare a.onnx b.onnx --data mnist=DIR --site '*'")]
pub struct CompareArgs {
    /// A: a matrix (rows x units), a run folder or an .onnx model
    #[arg(value_name = "A")]
    pub a: PathBuf,
    /// B, of the same rows in the same order; units may differ in number
    #[arg(value_name = "B")]
    pub b: PathBuf,
    /// How the rows of both are read
    #[command(flatten)]
    pub input: InputArgs,
    /// Sites of A, instead of --site
    #[arg(long, value_name = "GLOB", help_heading = "What is compared")]
    pub site_a: Vec<String>,
    /// Sites of B, instead of --site; several sites on a side give a map of all layers against all
    #[arg(long, value_name = "GLOB", help_heading = "What is compared")]
    pub site_b: Vec<String>,
    /// The array of A, instead of --key
    #[arg(long, value_name = "NAME", help_heading = "What is compared")]
    pub key_a: Option<String>,
    /// The array of B, instead of --key
    #[arg(long, value_name = "NAME", help_heading = "What is compared")]
    pub key_b: Option<String>,
    /// The changes of these characteristics only
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', help_heading = "What is compared")]
    pub only: Vec<String>,
    /// Resamples of the rows, for the intervals of the changes
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = from_one(), help_heading = "What is compared")]
    pub draws: usize,
    /// The share of the resamples inside an interval
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.95,
        allow_negative_numbers = true,
        help_heading = "What is compared"
    )]
    pub level: f64,
    /// No intervals, which take most of the time
    #[arg(long, help_heading = "What is compared")]
    pub no_bootstrap: bool,
    /// Write a self-contained page
    #[arg(long, value_name = "FILE.html", help_heading = "What is compared")]
    pub report: Option<PathBuf>,
}

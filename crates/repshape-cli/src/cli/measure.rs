//! Flags of `measure`, and those of every command that reads representations.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use repshape_data::Layout;
use repshape_stats::NoiseVariance;

use super::{from_one, not_negative};

/// How the rows of an input are read.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "What is read")]
pub struct InputArgs {
    /// Labels of the rows: once for all inputs, or once for each (any matrix format; integers or words)
    #[arg(long, value_name = "FILE")]
    pub labels: Vec<PathBuf>,
    /// Number of classes K [default: the largest label plus 1]
    #[arg(long, value_name = "K", value_parser = from_one())]
    pub classes: Option<usize>,
    /// The array of an .npz or .safetensors file, the list column of a .parquet file
    #[arg(long, value_name = "NAME")]
    pub key: Option<String>,
    /// The column of a table (.csv .tsv .parquet) that holds the labels of its rows
    #[arg(long, value_name = "NAME", conflicts_with = "labels")]
    pub label_column: Option<String>,
    /// A site of a run or a model, or a glob such as 'encoder.*', repeatable [default: those of the run; the outputs of
    /// the model's nonlinearities]
    #[arg(long = "site", value_name = "GLOB")]
    pub sites: Vec<String>,
    /// What a model is run on: mnist=DIR and other data sets (their test rows), a matrix file, or a .safetensors or .npz
    /// file with one array for each input
    #[arg(long, value_name = "DATA")]
    pub data: Option<String>,
    /// Which rows of a data set a model is run on, and of its own a run
    #[arg(long, value_name = "ROWS", default_value = "test")]
    pub rows: Part,
    /// What becomes a row and what a unit where a row has a shape: channels and tokens make a row of every position or
    /// token, positions one of every channel, flatten makes a unit of every entry [auto: tokens for T x D, flatten for C
    /// x H x W]
    #[arg(long, value_name = "auto|channels|positions|tokens|flatten", default_value = "auto")]
    pub layout: Layout,
    /// Which tokens count, rows x tokens of 0 and 1; with --layout tokens
    #[arg(long, value_name = "FILE")]
    pub mask: Option<PathBuf>,
    /// The channels of a map are its units, as they are for who changes them.
    #[arg(skip)]
    pub channels_of_maps: bool,
    /// Run a model on so many rows of noise by this seed where there is no data.
    #[arg(skip)]
    pub noise: Option<Noise>,
}

/// Rows of independent standard normal values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noise {
    /// How many.
    pub rows: usize,
    /// The seed of the stream they are drawn from.
    pub seed: u64,
}

/// Rows of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Those that nothing was trained on.
    Test,
    /// Those to train on.
    Train,
}

/// Which characteristics, and their settings.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "What is measured")]
pub struct CharacteristicArgs {
    /// Only these characteristics
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Noise variance of the mutual information bounds: a number, or relative:R for R times the mean variance
    #[arg(long, value_name = "S2|relative:R", default_value = "0.1", allow_negative_numbers = true)]
    pub mi_variance: NoiseVariance,
    /// Rows of the mutual information bounds: all, or so many drawn by seed
    #[arg(long, value_name = "all|N", default_value = "10000")]
    pub mi_rows: String,
    /// Units of TdV: the share of the variance on the D largest
    #[arg(long, value_name = "D", default_value_t = 1, value_parser = from_one())]
    pub tdv_units: usize,
    /// Entries this close to 0 count as 0 in sparsity and dead units
    #[arg(long, value_name = "EPS", default_value_t = 0.0, value_parser = not_negative, allow_negative_numbers = true)]
    pub zero_eps: f64,
    /// Weights of the linear layer after the site, K x I, for nc3 and nc4 [default: the run's or the model's
    /// own]
    #[arg(long, value_name = "FILE")]
    pub head: Option<PathBuf>,
}

/// `repshape measure`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  repshape measure z.npy --labels y.npy
  repshape measure z.safetensors --key fc5 --only covariance,rank --format json
  repshape measure model.onnx --data mnist=DIR --site '*' --report page.html
  repshape measure RUN --site 'fc*'
  repshape measure part-1.npy --partial part-1.state
  repshape measure merge part-*.state"
)]
pub struct MeasureArgs {
    /// Matrices (rows x units; .npy .npz .safetensors .parquet .csv .tsv, - for npy on standard input), run folders, .onnx models
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,
    /// Write a self-contained page
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,
    /// Write each measured site as SITE.npy, and labels.npy, to an existing folder
    #[arg(long, value_name = "DIR")]
    pub save_activations: Option<PathBuf>,
    /// Write what merge joins, a state file, and print nothing
    #[arg(long, value_name = "STATE", conflicts_with_all = ["report", "save_activations"])]
    pub partial: Option<PathBuf>,
    /// Which row of the whole data set the first row of this part is, from 0
    #[arg(long, value_name = "N", requires = "partial")]
    pub first_row: Option<u64>,
    /// How the rows are read
    #[command(flatten)]
    pub input: InputArgs,
    /// What is measured
    #[command(flatten)]
    pub characteristics: CharacteristicArgs,
    /// Instead of measuring
    #[command(subcommand)]
    pub step: Option<MeasureStep>,
}

/// Steps of a measurement in parts.
#[derive(Debug, Subcommand)]
pub enum MeasureStep {
    /// Joins the states of all parts and prints the characteristics of the whole
    Merge(MergeArgs),
}

/// `repshape measure merge`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  repshape measure merge part-0.state part-1.state part-2.state
  repshape measure merge part-*.state --partial half.state")]
pub struct MergeArgs {
    /// States that measure --partial wrote, in the order of their rows
    #[arg(required = true, value_name = "STATE")]
    pub states: Vec<PathBuf>,
    /// Only these characteristics
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Noise variance of the mutual information bounds: a number, or relative:R for R times the mean variance
    #[arg(long, value_name = "S2|relative:R", default_value = "0.1", allow_negative_numbers = true)]
    pub mi_variance: NoiseVariance,
    /// Units of TdV: the share of the variance on the D largest
    #[arg(long, value_name = "D", default_value_t = 1, value_parser = from_one())]
    pub tdv_units: usize,
    /// Write a self-contained page
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,
    /// Write the joined state and print nothing
    #[arg(long, value_name = "STATE", conflicts_with = "report")]
    pub partial: Option<PathBuf>,
}

/// `repshape sites`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  repshape sites model.onnx
  repshape sites model.onnx --site 'layer1.*' --format json")]
pub struct SitesArgs {
    /// An ONNX model or a run folder
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// Only sites that match, repeatable
    #[arg(long = "site", value_name = "GLOB")]
    pub sites: Vec<String>,
}

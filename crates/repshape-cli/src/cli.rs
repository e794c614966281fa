//! The command line: one definition for parsing, help, man pages and completions.

mod compare;
mod measure;
mod reproduce;
mod rewire;
mod study;

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use repshape::monitor::MonitorConfig;
use repshape::network::MlpSpec;
use repshape::optimizer::OptimizerConfig;
use repshape::penalty::Term;
use repshape_data::{DataSpec, Hold};

use crate::command::data::{RemoteSet, mirror, remote_set};

pub use compare::CompareArgs;
pub use measure::{CharacteristicArgs, InputArgs, MeasureArgs, MeasureStep, MergeArgs, Noise, Part, SitesArgs};
pub use reproduce::ReproduceArgs;
pub use rewire::{How, RewireArgs};
pub use study::{PlanArgs, StudyArgs, StudyStep};

/// Shapes, measures and rewires the hidden representations of neural networks.
#[derive(Debug, Parser)]
#[command(name = "repshape", version, max_term_width = 110, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do; a map of the verbs without it.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
}

/// Flags of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// Threads to use [default: all cores]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// How results are printed [default: table on a terminal, json otherwise]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Write the results to a file instead of standard output
    #[arg(long, global = true, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// No progress
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// More on standard error
    #[arg(long, short, global = true)]
    pub verbose: bool,
    /// Seed of everything random
    #[arg(long, global = true, value_name = "N", allow_negative_numbers = true)]
    pub seed: Option<u64>,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For scripts; the schemas are in docs/schema.
    Json,
    /// For spreadsheets.
    Csv,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compares a set of regularizers: tunes each weight on validation rows, repeats with fresh seeds, reports
    Study(Box<StudyArgs>),
    /// Trains one network with penalties and measures it
    Shape(ShapeArgs),
    /// Measures representations: matrices, sites of run folders and of ONNX models
    Measure(Box<MeasureArgs>),
    /// Compares two representations of the same rows, or all layers of two models
    Compare(Box<CompareArgs>),
    /// Another network with the same outputs and other characteristics, or a smaller one, with the proof
    Rewire(Box<RewireArgs>),
    /// Lists the sites of a model: where a representation can be read
    Sites(SitesArgs),
    /// One penalty's value on a matrix, and its gradient
    Penalty(PenaltyArgs),
    /// One self-contained page from finished runs, studies and measurements
    Report(ReportArgs),
    /// Tables and figures of the papers: paper against ours, and whether what the papers say holds
    Reproduce(ReproduceArgs),
    /// Data sets: what is known, what is in one; downloads
    Data(DataArgs),
    /// Writes shell completions to standard output
    Completions(CompletionsArgs),
    /// Writes man pages to a folder
    Man(ManArgs),
}

/// What can be changed in a recipe or spec, by flags.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Instead of the recipe's")]
pub struct Overrides {
    /// Data set: digits, mnist=DIR, idx=IMAGES,LABELS, npy=X.npy,y.npy, npz=FILE
    #[arg(long, value_name = "NAME[=PATH]")]
    pub data: Option<DataSpec>,
    /// Hidden layers
    #[arg(long, value_name = "mlp:WIDTH[:ACTIVATION],...")]
    pub network: Option<MlpSpec>,
    /// Passes over the training rows
    #[arg(long, value_name = "N")]
    pub epochs: Option<usize>,
    /// Rows of a step
    #[arg(long, value_name = "N")]
    pub batch_size: Option<usize>,
    /// Optimiser: adam:RATE, sgd:RATE[:MOMENTUM], rmsprop:RATE
    #[arg(long, value_name = "NAME:RATE")]
    pub optimizer: Option<OptimizerConfig>,
    /// Training rows to keep after the validation rows are taken
    #[arg(long, value_name = "N")]
    pub train_rows: Option<usize>,
    /// Validation rows: a number, or a fraction of the training rows
    #[arg(long, value_name = "N", value_parser = hold, allow_negative_numbers = true)]
    pub validation: Option<Hold>,
    /// Zero mean and unit variance by the training rows
    #[arg(long)]
    pub standardize: bool,
    /// Noise variance of the mutual information bounds
    #[arg(long, value_name = "S2", value_parser = positive, allow_negative_numbers = true)]
    pub mi_variance: Option<f64>,
}

fn positive(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|v: &f64| *v > 0.0 && v.is_finite());
    value.ok_or_else(|| "expected a finite number above 0".to_owned())
}

fn not_negative(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|v: &f64| *v >= 0.0 && v.is_finite());
    value.ok_or_else(|| "expected a finite number of at least 0".to_owned())
}

/// Parses a count that is not 0.
fn from_one() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..)
}

fn hold(text: &str) -> Result<Hold, String> {
    text.parse()
        .map(Hold::Rows)
        .or_else(|_| text.parse().map(Hold::Fraction))
        .map_err(|_| "expected a number of rows or a fraction such as 0.2".to_owned())
}

/// Where results go and whether to go on.
#[derive(Debug, Clone, Default, Args)]
pub struct OutArgs {
    /// Folder for the results [default: the next free repshape-runs/NAME-N]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Go on where an interrupted run stopped; nothing finished is repeated
    #[arg(long)]
    pub resume: bool,
}

/// `repshape shape`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  repshape shape --penalty cw-vr=0.1@fc5
  repshape shape --penalty cw-vr=0.1@fc5 --monitor fc4,fc5 --tensorboard
  repshape shape --data mnist=DIR --penalty cr=1 --penalty dropout=0.5@fc1 --optimizer adam:1e-4 --epochs 50
  repshape shape SPEC.toml --out RUN --resume")]
pub struct ShapeArgs {
    /// A run spec (TOML), such as a run folder's run.toml [default: the digits recipe's training]
    pub spec: Option<PathBuf>,
    /// A penalty or layer, repeatable: NAME[:OPTION]=WEIGHT[@SITE]
    #[arg(long = "penalty", value_name = "NAME=WEIGHT[@SITE]")]
    pub penalties: Vec<Term>,
    /// A site to measure, repeatable; penalties without a site act at the first [default: the last hidden one]
    #[arg(long = "site", value_name = "SITE")]
    pub sites: Vec<String>,
    /// Changes to the training
    #[command(flatten)]
    pub overrides: Overrides,
    /// Where to compute
    #[arg(long, default_value = "cpu", value_name = "DEVICE")]
    pub device: Device,
    /// Measure sites while training, without a name those of --site, and warn of collapse, dead units and saturation:
    /// monitor.csv
    #[arg(long, value_name = "SITE,...", num_args = 0..=1, value_delimiter = ',', default_missing_value = "")]
    pub monitor: Option<Vec<String>>,
    /// Steps between two looks of the monitor
    #[arg(long, value_name = "K", default_value_t = MonitorConfig::EVERY, value_parser = clap::value_parser!(u64).range(1..), requires = "monitor")]
    pub monitor_every: u64,
    /// Validation rows (training rows without any) that the monitor looks at, drawn by seed
    #[arg(long, value_name = "N", default_value_t = MonitorConfig::ROWS, value_parser = from_one(), requires = "monitor")]
    pub monitor_rows: usize,
    /// Further characteristics to monitor, at their full cost
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', requires = "monitor")]
    pub monitor_measures: Vec<String>,
    /// Also write every term, and what the monitor measures, as TensorBoard event files
    #[arg(long)]
    pub tensorboard: bool,
    /// A few epochs on a few rows, for trying
    #[arg(long)]
    pub smoke: bool,
    /// Where results go
    #[command(flatten)]
    pub out: OutArgs,
}

/// Devices of this build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Device {
    /// This machine's processor.
    Cpu,
}

/// `repshape penalty`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  repshape penalty z.npy --penalty cr
  repshape penalty z.npy --penalty cw-vr --labels y.npy --classes 10 --gradient-out g.npy
  repshape penalty z.npy --penalty xcov --groups 0-9,10-11")]
pub struct PenaltyArgs {
    /// The matrix, rows x units
    #[arg(value_name = "Z.npy")]
    pub input: PathBuf,
    /// The penalty, NAME[:OPTION]
    #[arg(long, value_name = "NAME")]
    pub penalty: String,
    /// Labels of the rows
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// Number of classes K [default: the largest label plus 1]
    #[arg(long, value_name = "K", value_parser = from_one())]
    pub classes: Option<usize>,
    /// mean or sum [default: the penalty's own]
    #[arg(long, value_name = "REDUCTION")]
    pub reduction: Option<String>,
    /// Groups of units for xcov
    #[arg(long, value_name = "0-9,10-11")]
    pub groups: Option<String>,
    /// The array of an .npz file
    #[arg(long, value_name = "NAME")]
    pub key: Option<String>,
    /// Write the gradient, an array of the same shape
    #[arg(long, value_name = "G.npy")]
    pub gradient_out: Option<PathBuf>,
}

/// `repshape report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  repshape report repshape-runs/digits-1
  repshape report RUN-A RUN-B --out both.html --figures figures/")]
pub struct ReportArgs {
    /// Run folders, study folders, measurement JSON files
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// The page [default: report.html]
    #[arg(long, value_name = "FILE.html", default_value = "report.html")]
    pub out: PathBuf,
    /// Also every plot as SVG and PNG
    #[arg(long, value_name = "DIR")]
    pub figures: Option<PathBuf>,
}

/// `repshape data`.
#[derive(Debug, Args)]
pub struct DataArgs {
    /// What about data sets
    #[command(subcommand)]
    pub action: DataAction,
}

/// What about data sets.
#[derive(Debug, Subcommand)]
pub enum DataAction {
    /// The data sets that are known
    List,
    /// Shapes, class counts and ranges of one
    Show {
        /// NAME[=PATH]
        data: DataSpec,
    },
    /// Downloads one and verifies size and checksum of every file; goes on where it was cut off
    #[command(after_help = "\
Examples:
  repshape data get mnist
  repshape data get kmnist --out data/kmnist --mirror https://HOST/FOLDER")]
    Get {
        /// mnist, fashion-mnist, kmnist, cifar10, cifar100
        #[arg(value_name = "NAME", value_parser = remote_set)]
        set: &'static RemoteSet,
        /// A folder of the web that has the files, instead of the known ones; repeatable
        #[arg(long = "mirror", value_name = "URL", value_parser = mirror)]
        mirrors: Vec<String>,
        /// Folder for the files [default: NAME in $REPSHAPE_DATA or in the user's data folder]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

/// `repshape completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// `repshape man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The folder, which must exist
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
}

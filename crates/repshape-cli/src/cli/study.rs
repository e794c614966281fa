//! `repshape study` and its steps.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{OutArgs, Overrides};
use crate::spec::Member;

/// `repshape study`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  repshape study                                     the twelve of Choi et al. (2018) on digits, about a minute
  repshape study --set baseline,cw-vr --trials 10    two of them, ten trials each
  repshape study --data mnist=DIR                    the papers' protocol on MNIST
  repshape study plan digits --out S && repshape study resume S && repshape study collect S"
)]
pub struct StudyArgs {
    /// Steps of a study, for schedulers and several machines
    #[command(subcommand)]
    pub step: Option<StudyStep>,
    /// The study itself
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Trainings side by side [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub workers: Option<u16>,
    /// Where results go
    #[command(flatten)]
    pub out: OutArgs,
}

/// What to study.
#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    /// A recipe's name (digits, mnist) or a TOML file [default: digits; mnist for other data]
    pub recipe: Option<String>,
    /// Regularizers to compare, baseline among them if wanted
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub set: Vec<Member>,
    /// Trials with fresh seeds after the weight is chosen
    #[arg(long, value_name = "N")]
    pub trials: Option<u32>,
    /// Tuning runs of each weight, whose mean validation error chooses: one run can be lucky
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub tuning_runs: Option<u32>,
    /// Where penalties act and what is measured
    #[arg(long, value_name = "SITE")]
    pub site: Option<String>,
    /// The whole protocol in seconds, for trying: few rows, epochs, weights and trials
    #[arg(long)]
    pub smoke: bool,
    /// Changes to the training
    #[command(flatten)]
    pub overrides: Overrides,
}

/// Steps of a study.
#[derive(Debug, Subcommand)]
pub enum StudyStep {
    /// Writes the manifest: every run, planned once and never edited
    Plan {
        /// What to study
        #[command(flatten)]
        plan: Box<PlanArgs>,
        /// The study's folder
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Runs of a chunk: auto, or a number
        #[arg(long, default_value = "auto", value_name = "auto|K")]
        chunk: String,
    },
    /// Runs one chunk of a planned study; for schedulers
    RunTask {
        /// The study's folder
        study: PathBuf,
        /// The chunk, from 0
        #[arg(long, value_name = "I", required_unless_present = "from_env")]
        chunk_id: Option<u32>,
        /// Take the chunk from SLURM_ARRAY_TASK_ID or HQ_TASK_ID
        #[arg(long, conflicts_with = "chunk_id")]
        from_env: bool,
    },
    /// What is done, failed and missing
    Status {
        /// The study's folder
        study: PathBuf,
    },
    /// Runs what is missing or failed
    Resume {
        /// The study's folder
        study: PathBuf,
        /// Trainings side by side [default: all cores]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
        workers: Option<u16>,
    },
    /// The table of a finished study, and its report.html
    Collect {
        /// The study's folder
        study: PathBuf,
        /// Also when runs are missing
        #[arg(long)]
        partial: bool,
    },
}

//! `repshape reproduce`.

use std::path::PathBuf;

use clap::Args;
use repshape_data::DataSpec;

/// `repshape reproduce`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  repshape reproduce                                       every table and figure, and how far each is
  repshape reproduce kageback2017/figure3 --smoke          all of one in seconds, on few rows
  repshape reproduce choi2019/table7 --data mnist=DIR --out R
  repshape reproduce choi2019/table7 --data mnist=DIR --out R --resume
  repshape reproduce --collect --out R --results docs/results --commit 0123abc

Studies lie in OUT/studies, shared by all items that read them; an item's tables, figures and report in OUT/PAPER/ITEM.")]
pub struct ReproduceArgs {
    /// A table or figure, PAPER/ITEM; a list of all without it
    #[arg(value_name = "PAPER/ITEM", conflicts_with = "collect")]
    pub item: Option<String>,
    /// Where a data set lies, repeatable: mnist=DIR [default: as repshape data says]
    #[arg(long, value_name = "NAME=PATH")]
    pub data: Vec<DataSpec>,
    /// Everything in seconds, for trying: few rows, epochs, weights and trials; digits in place of absent data
    #[arg(long)]
    pub smoke: bool,
    /// Folder of studies and results [default: repshape-runs/reproduce, with --smoke repshape-runs/reproduce-smoke]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Go on with unfinished studies; nothing finished is repeated
    #[arg(long)]
    pub resume: bool,
    /// Trainings side by side [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub workers: Option<u16>,
    /// Run nothing: write the results of every item, as far as its studies are finished, to --results
    #[arg(long, requires = "results")]
    pub collect: bool,
    /// Folder for the collected results
    #[arg(long, value_name = "DIR", requires = "collect")]
    pub results: Option<PathBuf>,
    /// Version of the program that the results are of, for the record
    #[arg(long, value_name = "COMMIT", requires = "collect")]
    pub commit: Option<String>,
}

//! Flags of `rewire`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use repshape::network::MlpSpec;

use super::{CharacteristicArgs, Part, from_one, not_negative};

/// `repshape rewire`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  repshape rewire --demo
  repshape rewire RUN --site fc2 --by whiten --out WHITENED
  repshape rewire model.onnx --site '*' --by compact --data mnist=DIR --rows train --verify mnist=DIR --out small.onnx
  repshape rewire model.onnx --site /relu1/Relu_output_0 --by equalize --out equalized.onnx
  repshape rewire RUN --site fc5 --by cpn:whitening --out CPN --report page.html")]
pub struct RewireArgs {
    /// A run folder, an .onnx model, or a .safetensors file with --network
    #[arg(value_name = "MODEL", required_unless_present = "demo")]
    pub model: Option<PathBuf>,
    /// A site to rewire, or a glob, repeatable: those of a glob that cannot be rewired are left as they are
    #[arg(long = "site", value_name = "GLOB", required_unless_present = "demo")]
    pub sites: Vec<String>,
    /// What is done: whiten, pca, cholesky, rotate, random-orthogonal, target=C.npy (linear sites), scale, permute,
    /// equalize, compact (also behind a ReLU), cpn:ones-random-diagonal, cpn:whitening
    #[arg(long, value_name = "HOW", required_unless_present = "demo")]
    pub by: Option<How>,
    /// The new network, of the same kind as MODEL: a folder for a run, else a file
    #[arg(long, value_name = "NEW", required_unless_present = "demo")]
    pub out: Option<PathBuf>,
    /// Train a small network on digits, make ten of it with the same outputs, and show them side by side
    #[arg(long, conflicts_with_all = ["model", "sites", "by"])]
    pub demo: bool,
    /// First put a linear layer that changes nothing behind the site, and rewire that
    #[arg(long)]
    pub insert_linear: bool,
    /// The hidden layers of a .safetensors file
    #[arg(long, value_name = "mlp:WIDTH[:ACTIVATION],...")]
    pub network: Option<MlpSpec>,
    /// Rows for the statistics and the proof: mnist=DIR and other data sets, a matrix file, or a .safetensors or .npz file
    /// with one array for each input; a run has rows of its own [without: noise, where no statistics are needed]
    #[arg(long, value_name = "DATA", help_heading = "What is read")]
    pub data: Option<String>,
    /// Which rows of a data set, and of its own a run
    #[arg(long, value_name = "ROWS", default_value = "test", help_heading = "What is read")]
    pub rows: Part,
    /// Labels of the rows of --data
    #[arg(long, value_name = "FILE", help_heading = "What is read")]
    pub labels: Option<PathBuf>,
    /// Number of classes K [default: the largest label plus 1]
    #[arg(long, value_name = "K", value_parser = from_one(), help_heading = "What is read")]
    pub classes: Option<usize>,
    /// The array of an .npz or .safetensors file of rows
    #[arg(long, value_name = "NAME", help_heading = "What is read")]
    pub key: Option<String>,
    /// Prove it on other rows too, repeatable: train or test for those of a run or of --data, or data as --data takes them
    #[arg(long, value_name = "DATA", help_heading = "What is proved")]
    pub verify: Vec<String>,
    /// The largest difference of the outputs, relative to the largest output [default: 1e-5]; of compact, the error of the
    /// outputs relative to their standard deviation that may be paid for fewer units
    #[arg(
        long,
        value_name = "EPS",
        value_parser = not_negative,
        allow_negative_numbers = true,
        help_heading = "What is proved"
    )]
    pub tolerance: Option<f64>,
    /// Write the network although its outputs differ by more
    #[arg(long, help_heading = "What is proved")]
    pub force: bool,
    /// Random matrices that cpn:ones-random-diagonal tries
    #[arg(long, value_name = "N", default_value_t = crate::rewiring::DRAWS, value_parser = from_one())]
    pub draws: usize,
    /// Write a self-contained page with pictures of before and after
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,
    /// What is measured before and after
    #[command(flatten)]
    pub characteristics: CharacteristicArgs,
}

/// How a site is rewired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// Covariance to the identity, the axes kept as near as can be (ZCA).
    Whiten,
    /// Principal axes, each to variance 1.
    Pca,
    /// Covariance to the identity by its Cholesky factor.
    Cholesky,
    /// Principal axes, their variances kept.
    Rotate,
    /// A random rotation of all units.
    RandomOrthogonal,
    /// Each unit times a random number between 0 and 1.
    Scale,
    /// The units in a random order.
    Permute,
    /// The covariance in a file.
    Target(PathBuf),
    /// Without what carries nothing.
    Compact,
    /// The ranges of weights before and after each unit made equal.
    Equalize,
    /// A comparable network: a matrix of ones with a random diagonal.
    CpnOnes,
    /// A comparable network: whitening through the activation.
    CpnWhitening,
}

impl How {
    /// Those without an argument, as they are written.
    const PLAIN: [(&str, How); 11] = [
        ("whiten", How::Whiten),
        ("pca", How::Pca),
        ("cholesky", How::Cholesky),
        ("rotate", How::Rotate),
        ("random-orthogonal", How::RandomOrthogonal),
        ("scale", How::Scale),
        ("permute", How::Permute),
        ("compact", How::Compact),
        ("equalize", How::Equalize),
        ("cpn:ones-random-diagonal", How::CpnOnes),
        ("cpn:whitening", How::CpnWhitening),
    ];

    /// Whether it is made from the covariance of the site.
    pub fn reads_covariance(&self) -> bool {
        matches!(self, Self::Whiten | Self::Pca | Self::Cholesky | Self::Rotate | Self::Target(_))
    }

    /// Whether the outputs are only comparable.
    pub fn is_comparable_only(&self) -> bool {
        matches!(self, Self::CpnOnes | Self::CpnWhitening)
    }
}

impl FromStr for How {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((_, how)) = Self::PLAIN.iter().find(|(name, _)| *name == text) {
            return Ok(how.clone());
        }
        match text.strip_prefix("target=") {
            Some("") => Err("target= needs a file, an I x I covariance, as in target=C.npy".to_owned()),
            Some(path) => Ok(Self::Target(path.into())),
            None => {
                let names = Self::PLAIN.map(|(name, _)| name);
                Err(format!(
                    "unknown{}; expected one of {}, target=FILE",
                    repshape::nearest::suggestion(text, names),
                    names.join(", ")
                ))
            }
        }
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(path) => write!(f, "target={}", path.display()),
            plain => f.write_str(Self::PLAIN.iter().find(|(_, how)| how == plain).map_or("", |(name, _)| name)),
        }
    }
}

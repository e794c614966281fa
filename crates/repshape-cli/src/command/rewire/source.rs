//! Where a network's outputs and sites are read from, and over which rows.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use repshape::checkpoint;
use repshape_onnx::Model;

use super::network::Network;
use crate::cli::{InputArgs, Noise, Part, RewireArgs};
use crate::export::to_onnx;
use crate::failure::{Failure, Outcome};
use crate::representations::{self, Representations, is_data_set};

/// Rows of noise where there is no data.
const NOISE_ROWS: usize = 256;

/// A network that can be run.
pub enum Source {
    /// A run folder, over its own rows.
    Run(PathBuf),
    /// A model, over given rows.
    Model(Box<Model>),
}

/// Over which rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Rows {
    /// Those of a run that are its own.
    Own(Part),
    /// A data set or file.
    Data(String, Part),
    /// Random ones by a seed.
    Noise(u64),
}

impl Rows {
    /// Those that the flags name.
    pub fn given(network: &Network, args: &RewireArgs, seed: u64) -> Outcome<Self> {
        match (&args.data, network) {
            (Some(data), _) => Ok(Self::Data(data.clone(), args.rows)),
            (None, Network::Run { .. }) => Ok(Self::Own(args.rows)),
            (None, _) if args.labels.is_some() => {
                Err(Failure::usage("--labels are of the rows of --data, which is missing"))
            }
            (None, _) => Ok(Self::Noise(seed)),
        }
    }

    /// Others, by `--verify`.
    pub fn others(&self, verify: &str) -> Outcome<Self> {
        let part = match verify {
            "train" => Part::Train,
            "test" => Part::Test,
            data => return Ok(Self::Data(data.to_owned(), Part::Test)),
        };
        match self {
            Self::Own(_) => Ok(Self::Own(part)),
            Self::Data(data, _) => Ok(Self::Data(data.clone(), part)),
            Self::Noise(_) => Err(Failure::usage(format!(
                "--verify {verify}: there is no data set to take {verify} rows of; expected --data, or a data set or file"
            ))),
        }
    }

    /// What results call them.
    pub fn shown(&self) -> String {
        let part = |part: &Part| if *part == Part::Test { "test" } else { "training" };
        match self {
            Self::Own(of) => format!("the run's own {} rows", part(of)),
            Self::Data(data, of) if is_data_set(data) => format!("{data}, {} rows", part(of)),
            Self::Data(data, _) => data.clone(),
            Self::Noise(seed) => format!("standard normal noise, seed {seed}"),
        }
    }

    /// Whether they say anything of what the network is used for.
    pub fn is_noise(&self) -> bool {
        matches!(self, Self::Noise(_))
    }
}

impl Source {
    /// The network as it was read, before it is changed.
    pub fn original(network: &Network, path: &Path) -> Outcome<Self> {
        match network {
            // its weights are shared with the one that was read, not read again
            Network::Model(_, model) => Ok(Self::Model(model.clone())),
            own => Self::written(own, path),
        }
    }

    /// The network as it was written to a path.
    pub fn written(network: &Network, path: &Path) -> Outcome<Self> {
        Ok(match network {
            Network::Run { .. } => Self::Run(path.to_owned()),
            // from the file, so that what is proved is what was written
            Network::Weights { network, inputs, .. } => {
                let network = checkpoint::load_network(path, network.clone())?;
                let bytes = to_onnx(&network, *inputs, &[])?;
                Self::Model(Box::new(Model::from_bytes(&bytes, &path.display().to_string(), None)?))
            }
            Network::Model(..) => Self::Model(Box::new(Model::open(path)?)),
        })
    }

    /// The outputs that nothing in the network reads, which must stay what they were.
    pub fn outputs(&self) -> Outcome<Vec<String>> {
        let Self::Model(model) = self else { return Ok(vec!["output".to_owned()]) };
        let read: HashSet<&str> = model
            .proto()
            .graph
            .iter()
            .flat_map(|graph| &graph.node)
            .flat_map(|node| &node.input)
            .map(String::as_str)
            .collect();
        let is_site = |name: &&String| model.sites().iter().any(|site| &site.name == *name);
        let outputs: Vec<String> =
            model.outputs().iter().filter(is_site).filter(|name| !read.contains(name.as_str())).cloned().collect();
        if outputs.is_empty() {
            return Err(Failure::usage(format!(
                "{}: has no output of floats that nothing else reads, so nothing could be proved; its outputs are {}",
                model.name(),
                model.outputs().join(", ")
            )));
        }
        Ok(outputs)
    }

    /// Its sites over these rows.
    pub fn open(&self, sites: Vec<String>, rows: &Rows, args: &RewireArgs) -> Outcome<Box<dyn Representations>> {
        let mut input = InputArgs {
            labels: Vec::new(),
            classes: args.classes,
            key: args.key.clone(),
            label_column: None,
            sites,
            data: None,
            rows: Part::Test,
            layout: repshape_data::Layout::Auto,
            mask: None,
            channels_of_maps: true,
            noise: None,
        };
        match rows {
            Rows::Own(part) => input.rows = *part,
            Rows::Data(data, part) => (input.data, input.rows) = (Some(data.clone()), *part),
            Rows::Noise(seed) => input.noise = Some(Noise { rows: NOISE_ROWS, seed: *seed }),
        }
        // the labels are of the rows of --data only
        let labels = args.labels.as_deref().filter(|_| input.data.is_some() && input.data == args.data);
        match self {
            Self::Run(path) if input.data.is_none() => representations::open(path, None, &input),
            Self::Run(path) => representations::of_model(&Model::open(&path.join("model.onnx"))?, labels, &input),
            Self::Model(model) => representations::of_model(model, labels, &input),
        }
    }
}

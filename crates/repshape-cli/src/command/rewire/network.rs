//! The network that is rewired: our own, from a run folder or a file of weights, or somebody's ONNX model.

use std::path::{Path, PathBuf};

use repshape::burn::module::Module;
use repshape::burn::tensor::Device;
use repshape::checkpoint;
use repshape::network::{Initialization, Mlp, MlpSpec, Network as _};
use repshape::rewire::{self, Affine, CompactOptions, Plan, SiteStatistics};
use repshape_data::keys;
use repshape_onnx::{Model, Place, Rewiring, glob_matches};

use crate::cli::RewireArgs;
use crate::export::to_onnx;
use crate::failure::{Failure, Outcome};
use crate::output::write_file;
use crate::representations::{Kind, kind};
use crate::run_folder::RunFolder;
use crate::spec::RunSpec;

/// A network in memory that can be rewired.
#[expect(clippy::large_enum_variant, reason = "there is one in a command's life")]
pub enum Network {
    /// One of a run folder.
    Run { network: Mlp, folder: RunFolder },
    /// One whose weights are in a file.
    Weights { network: Mlp, path: PathBuf, inputs: usize },
    /// A model from elsewhere.
    Model(Box<Rewiring>, Box<Model>),
}

/// What can be rewired.
const EXPECTED: &str = "expected a run folder, an .onnx model, or a .safetensors file with --network";

/// A site that is rewired.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// Its name.
    pub name: String,
    /// The site whose statistics say what it carries: itself, or what its activation makes of it.
    pub carries: String,
    /// Units before.
    pub units: usize,
    /// The names of all values that change with it.
    pub values: Vec<String>,
    /// The names of values that are gone when it is rewired.
    pub gone: Vec<String>,
    /// Whether it was named, and not only matched by a glob.
    pub named: bool,
    /// Which of the network's sites it is.
    pub number: u64,
}

impl Network {
    /// What stands at a path.
    pub fn open(path: &Path, args: &RewireArgs) -> Outcome<Self> {
        let shown = path.display();
        let is_weights = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("safetensors"));
        if args.network.is_some() && !is_weights {
            return Err(Failure::usage(format!("{shown}: --network belongs to .safetensors files")));
        }
        if !path.exists() {
            return Err(Failure::usage(format!("{shown}: no such file or folder; {EXPECTED}")));
        }
        match kind(path) {
            Kind::Run => {
                let folder = RunFolder::open(path)?;
                let (network, _, _) = folder.load()?;
                Ok(Self::Run { network: network.valid(), folder })
            }
            Kind::Model => {
                let model = Model::open(path)?;
                Ok(Self::Model(Box::new(Rewiring::of(&model)?), Box::new(model)))
            }
            Kind::Matrix if is_weights => {
                let Some(spec) = &args.network else {
                    return Err(Failure::usage(format!(
                        "{shown}: holds weights only; expected --network, such as mlp:100,100"
                    )));
                };
                Self::weights(path, spec)
            }
            Kind::Matrix => Err(Failure::usage(format!("{shown}: {EXPECTED}"))),
        }
    }

    fn weights(path: &Path, spec: &MlpSpec) -> Outcome<Self> {
        let shown = path.display();
        let entries = keys(path)?;
        let side = |name: &str, side: usize| {
            let found = entries.iter().find(|entry| entry.name == name);
            found.and_then(|entry| entry.shape.get(side).copied()).ok_or_else(|| {
                Failure::usage(format!("{shown}: has no matrix \"{name}\"; expected the weights of {spec} as a run's model.safetensors has them"))
            })
        };
        let (inputs, outputs) = (side("layers.0.linear.weight", 0)?, side("output.weight", 1)?);
        let network = spec.init(inputs, outputs, 0, &Device::flex());
        Ok(Self::Weights { network: checkpoint::load_network(path, network)?, path: path.to_owned(), inputs })
    }

    /// The sites that globs name, and what is to be said of those that are left as they are.
    pub fn chosen(&self, globs: &[String]) -> Outcome<(Vec<Chosen>, Vec<String>)> {
        let names: Vec<String> = match self {
            Self::Run { network, .. } | Self::Weights { network, .. } => {
                network.sites().into_iter().map(|site| site.name).collect()
            }
            Self::Model(_, model) => model.sites().iter().map(|site| site.name.clone()).collect(),
        };
        let mut wanted = vec![false; names.len()];
        for glob in globs {
            let exact = names.iter().position(|name| name == glob);
            let matching = |at: usize| exact.map_or_else(|| glob_matches(glob, &names[at]), |exact| exact == at);
            let found: Vec<usize> = (0..names.len()).filter(|&at| matching(at)).collect();
            if found.is_empty() {
                // the libraries' messages name the nearest sites
                match self {
                    Self::Run { network, .. } | Self::Weights { network, .. } => {
                        rewire::check(network, glob).map_err(|error| self.named(error))?;
                    }
                    Self::Model(_, model) => {
                        model.matching(std::slice::from_ref(glob))?;
                    }
                }
            }
            found.into_iter().for_each(|at| wanted[at] = true);
        }
        let (mut chosen, mut left): (Vec<Chosen>, Vec<String>) = (Vec::new(), Vec::new());
        for (number, name) in names.iter().enumerate().filter(|(number, _)| wanted[*number]) {
            let named = globs.contains(name);
            let one = match self.at(name, number as u64) {
                Ok(one) => Chosen { named, ..one },
                Err(failure) if named => return Err(failure),
                Err(failure) => {
                    left.push(failure.message);
                    continue;
                }
            };
            // one place has several names, such as before and after an activation: it is rewired once
            let Some(other) = chosen.iter_mut().find(|other| other.values.contains(name)) else {
                chosen.push(one);
                continue;
            };
            match (other.named, named) {
                (true, true) => {
                    return Err(Failure::usage(format!(
                        "--site {} and --site {name} are one place; expected one of them",
                        other.name
                    )));
                }
                (true, false) => {}
                // behind the activation, else the last
                (false, false) if self.is_activated(&other.name) && !self.is_activated(name) => {}
                (false, _) => *other = one,
            }
        }
        let gone: Vec<String> = chosen.iter().flat_map(|one| one.gone.iter().cloned()).collect();
        if let Some(one) = chosen.iter().find(|one| one.named && gone.contains(&one.name)) {
            return Err(Failure::usage(format!(
                "--site {}: is gone when the batch normalisation behind it becomes part of the layer before it, as another --site has it; expected one of them",
                one.name
            )));
        }
        chosen.retain(|one| !gone.contains(&one.name));
        if chosen.is_empty() {
            return Err(Failure::usage(format!(
                "no site that {} names can be rewired: {}",
                globs.join(", "),
                reasons(&left)
            )));
        }
        Ok((chosen, left))
    }

    fn at(&self, name: &str, number: u64) -> Outcome<Chosen> {
        let (carries, units, values, gone) = match self {
            Self::Run { network, .. } | Self::Weights { network, .. } => {
                let place = rewire::check(network, name).map_err(|error| self.named(error))?;
                let values = vec![place.before, place.after.clone()];
                (place.after, place.units, values, Vec::new())
            }
            Self::Model(rewiring, _) => {
                let place = rewiring.check(name)?;
                (name.to_owned(), place.units, place.values, place.gone)
            }
        };
        Ok(Chosen { name: name.to_owned(), carries, units, values, gone, named: false, number })
    }

    /// Whether a site is what a nonlinearity gives.
    fn is_activated(&self, site: &str) -> bool {
        match self {
            Self::Run { network, .. } | Self::Weights { network, .. } => {
                network.sites().iter().any(|one| one.name == site && one.after_nonlinearity)
            }
            Self::Model(_, model) => {
                model.sites().iter().any(|one| one.name == site && matches!(one.place, Place::After(_)))
            }
        }
    }

    /// An error of a network of ours with the name of its file; a model's has it.
    fn named(&self, error: impl Into<Failure>) -> Failure {
        match self {
            Self::Run { folder, .. } => located(&folder.path, error),
            Self::Weights { path, .. } => located(path, error),
            Self::Model(..) => error.into(),
        }
    }

    /// What is changed: a network of ours and where it is from, or a model.
    fn parts(&mut self) -> Parts<'_> {
        match self {
            Self::Run { network, folder } => Parts::Own(network, &folder.path),
            Self::Weights { network, path, .. } => Parts::Own(network, path),
            Self::Model(rewiring, _) => Parts::Model(rewiring),
        }
    }

    /// Number of weights and biases.
    pub fn parameters(&self) -> u64 {
        match self {
            Self::Run { network, .. } | Self::Weights { network, .. } => network.num_params() as u64,
            Self::Model(rewiring, _) => rewiring.parameters(),
        }
    }

    /// Folds a change of representation into the layers around a site.
    pub fn apply(&mut self, site: &str, affine: &Affine) -> Outcome {
        match self.parts() {
            Parts::Own(network, path) => {
                *network = rewire::apply(network, site, affine).map_err(|error| located(path, error))?;
                Ok(())
            }
            Parts::Model(rewiring) => Ok(rewiring.apply(site, affine)?),
        }
    }

    /// Takes out what carries nothing.
    pub fn compact(
        &mut self,
        site: &str,
        statistics: Option<&SiteStatistics>,
        options: &CompactOptions,
    ) -> Outcome<Plan> {
        match self.parts() {
            Parts::Own(network, path) => {
                let done = rewire::compact(network, site, statistics, options);
                let (smaller, plan) = done.map_err(|error| located(path, error))?;
                *network = smaller;
                Ok(plan)
            }
            Parts::Model(rewiring) => Ok(rewiring.compact(site, statistics, options)?),
        }
    }

    /// Makes the ranges of weights equal.
    pub fn equalize(&mut self, site: &str) -> Outcome<Affine> {
        match self.parts() {
            Parts::Own(network, path) => {
                let (equal, affine) = rewire::equalize(network, site).map_err(|error| located(path, error))?;
                *network = equal;
                Ok(affine)
            }
            Parts::Model(rewiring) => Ok(rewiring.equalize(site)?),
        }
    }

    /// Puts a linear layer that changes nothing behind a site, and gives the name of its own.
    pub fn insert_linear(&mut self, site: &str) -> Outcome<String> {
        match self.parts() {
            Parts::Own(network, path) => {
                let place = rewire::check(network, site);
                let longer = rewire::insert_linear(network, site).map_err(|error| located(path, error))?;
                let layer = place.map_or(network.layers.len(), |place| place.layer + 1);
                *network = longer;
                Ok(format!("fc{}", layer + 1))
            }
            Parts::Model(rewiring) => {
                let name = format!("{site}.linear");
                rewiring.insert_linear(site, &name)?;
                Ok(name)
            }
        }
    }

    /// The same network with every weight rounded to so many bits, and the error of the weights: mean over the matrices of
    /// `sqrt(sum (w - q)^2 / sum w^2)`.
    pub fn quantized(&self, bits: u32) -> Outcome<(Self, f64)> {
        let of_own = |network: &Mlp| -> Outcome<(Mlp, f64)> {
            let layers = rewire::quantization(network, bits)?.layers;
            let error = layers.iter().map(|(_, error)| error.relative).sum::<f64>() / layers.len() as f64;
            Ok((rewire::quantized(network, bits)?, error))
        };
        Ok(match self {
            Self::Run { network, folder } => {
                let (network, error) = of_own(network)?;
                (Self::Run { network, folder: folder.clone() }, error)
            }
            Self::Weights { network, path, inputs } => {
                let (network, error) = of_own(network)?;
                (Self::Weights { network, path: path.clone(), inputs: *inputs }, error)
            }
            Self::Model(rewiring, model) => {
                let error = rewiring.quantization(bits)?.mean;
                (Self::Model(Box::new(rewiring.quantized(bits)?), model.clone()), error)
            }
        })
    }

    /// The hidden layers as they are now; an ONNX model says its own.
    pub fn spec(&self) -> Option<MlpSpec> {
        match self {
            Self::Run { network, folder } => Some(rewire::spec(network, folder.spec.network.initialization)),
            Self::Weights { network, .. } => Some(rewire::spec(network, Initialization::default())),
            Self::Model(..) => None,
        }
    }

    /// What the source of a run was trained with, changed to what it is now. The penalties that shaped it are left out: some
    /// are layers that are folded away, and nothing is to be trained.
    pub fn run_spec(&self, by: &str, source: &Path) -> Option<RunSpec> {
        let Self::Run { folder, .. } = self else { return None };
        let network = self.spec()?;
        let known = network.site_names();
        let sites = folder.spec.measured_sites().into_iter().filter(|site| known.contains(site)).collect();
        let rewired = Some(format!("{} by {by}", source.display()));
        Some(RunSpec { network, penalties: Vec::new(), sites, rewired, ..folder.spec.clone() })
    }

    /// Writes the network where it can be read and run again; `folder` is what it comes from.
    pub fn write(&self, to: &Path, by: &str, source: &Path) -> Outcome {
        match self {
            Self::Run { network, .. } => {
                let Some(spec) = self.run_spec(by, source) else { return Ok(()) };
                write_file(&to.join("run.toml"), toml::to_string(&spec).map_err(Failure::usage)?.as_bytes())?;
                checkpoint::save_network(&to.join("model.safetensors"), network)?;
                let about = [
                    ("repshape", env!("CARGO_PKG_VERSION").to_owned()),
                    ("network", spec.network.to_string()),
                    ("rewired", spec.rewired.unwrap_or_default()),
                ];
                let inputs = network.layers.first().map_or(0, |layer| layer.linear.weight.dims()[0]);
                write_file(&to.join("model.onnx"), &to_onnx(network, inputs, &about)?)
            }
            Self::Weights { network, .. } => Ok(checkpoint::save_network(to, network)?),
            Self::Model(rewiring, _) => write_file(to, &rewiring.to_bytes()?),
        }
    }
}

/// What is changed of a network.
enum Parts<'a> {
    Own(&'a mut Mlp, &'a Path),
    Model(&'a mut Rewiring),
}

/// An error with the file that it is of.
fn located(path: &Path, error: impl Into<Failure>) -> Failure {
    let failure = error.into();
    Failure { message: format!("{}: {}", path.display(), failure.message), ..failure }
}

/// Why sites are left as they are, the first few in full.
pub fn reasons(left: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = left[..left.len().min(SHOWN)].join("; ");
    match left.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown}; and {more} more"),
    }
}

//! The objective: the task's loss plus weighted penalties, every term reported by name.

use burn::tensor::{DType, Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::batch::Batch;
use crate::groups::{Groups, GroupsError, Scope};
use crate::network::{MlpSpec, Network, Site, Tap};
use crate::penalty::{self, Penalty, PenaltyConfig, PenaltyError, Term};
use crate::task::{Target, Task};

/// The name under which the task's loss is logged.
pub const TASK: &str = "task";
/// The site whose values the task compares with the targets.
pub const OUTPUT: &str = "output";

/// What a penalty acts on.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// The representation at a site.
    Site(String),
    /// The weight matrices that end in a site, or all of them.
    Weights(Option<String>),
}

/// One weighted penalty of an [`Objective`].
#[derive(Debug)]
struct Weighted {
    name: String,
    weight: f64,
    place: Place,
    penalty: Box<dyn Penalty>,
}

/// `task + sum_t weight_t * penalty_t(site_t)`.
#[derive(Debug)]
pub struct Objective {
    task: Task,
    target: Target,
    terms: Vec<Weighted>,
    classes: usize,
}

/// What is wrong with a list of terms.
#[derive(Debug, thiserror::Error)]
pub enum ObjectiveError {
    /// A term names a site that the network lacks.
    #[error("penalty \"{term}\": the network has no site \"{site}\"{hint}; its sites are {known}")]
    UnknownSite {
        /// The term as the user wrote it.
        term: String,
        /// The missing site.
        site: String,
        /// The nearest name, if any.
        hint: String,
        /// All sites.
        known: String,
    },
    /// A layer (dropout, batch normalisation) cannot stand at this site.
    #[error("penalty \"{term}\": {name} belongs to a hidden layer, \"{site}\" is none; use one of {known}")]
    NotAHiddenLayer {
        /// The term as the user wrote it.
        term: String,
        /// `dropout` or `bn`.
        name: String,
        /// The site.
        site: String,
        /// Hidden sites.
        known: String,
    },
    /// A class-wise penalty on rows without classes.
    #[error("penalty \"{term}\" is class-wise, and the data has no labels")]
    NoLabels {
        /// The term as the user wrote it.
        term: String,
    },
    /// The same term stands twice.
    #[error("penalty \"{term}\" is given twice")]
    Twice {
        /// The term's name.
        term: String,
    },
    /// The penalty itself cannot be built for this site.
    #[error("penalty \"{term}\": {source}")]
    Penalty {
        /// The term as the user wrote it.
        term: String,
        /// Why.
        source: PenaltyError,
    },
}

/// Puts the members of the set that are layers (dropout, batch normalisation) into the network
/// spec and returns the terms that are penalties.
///
/// # Errors
/// A site that is no hidden layer of `spec`.
pub fn place_layers(terms: &[Term], spec: &mut MlpSpec) -> Result<Vec<Term>, ObjectiveError> {
    let mut penalties = Vec::new();
    for term in terms {
        let site = term.site.clone().unwrap_or_else(|| spec.last_hidden_site());
        let known = spec.site_names();
        let layer = match term.config {
            PenaltyConfig::Dropout | PenaltyConfig::BatchNorm => spec.layer_of_site_mut(&site),
            _ => {
                penalties.push(term.clone());
                continue;
            }
        };
        let layer = layer.ok_or_else(|| ObjectiveError::NotAHiddenLayer {
            term: term.to_string(),
            name: term.config.to_string(),
            site: site.clone(),
            known: known.join(", "),
        })?;
        match term.config {
            PenaltyConfig::Dropout => layer.dropout = term.weight,
            _ => layer.batch_norm = true,
        }
    }
    Ok(penalties)
}

impl Objective {
    /// An objective over the sites of `network`; `classes` is 0 for rows without labels. A term
    /// without a site acts on `default_site` (weight penalties: on all layers).
    ///
    /// # Errors
    /// Unknown sites, class-wise penalties without labels, a term given twice.
    pub fn new(
        task: Task,
        target: Target,
        classes: usize,
        terms: &[Term],
        sites: &[Site],
        default_site: &str,
    ) -> Result<Self, ObjectiveError> {
        let mut weighted: Vec<Weighted> = Vec::new();
        for term in terms {
            if let Some(site) = &term.site
                && !sites.iter().any(|s| s.name == *site)
            {
                let names = || sites.iter().map(|s| s.name.as_str());
                return Err(ObjectiveError::UnknownSite {
                    term: term.to_string(),
                    site: site.clone(),
                    hint: crate::nearest::suggestion(site, names()),
                    known: names().collect::<Vec<_>>().join(", "),
                });
            }
            let refused = |source| ObjectiveError::Penalty { term: term.to_string(), source };
            let penalty = term.config.build().map_err(refused)?;
            if penalty.scope() == Scope::Class && classes == 0 {
                return Err(ObjectiveError::NoLabels { term: term.to_string() });
            }
            let place = if term.config.row().target == penalty::Target::Weights {
                Place::Weights(term.site.clone())
            } else {
                Place::Site(term.site.clone().unwrap_or_else(|| default_site.to_owned()))
            };
            if let Place::Site(name) = &place
                && let Some(site) = sites.iter().find(|s| s.name == *name)
            {
                penalty.accepts(site.units).map_err(refused)?;
            }
            let name = match &place {
                Place::Site(site) | Place::Weights(Some(site)) => format!("{}@{site}", term.config),
                Place::Weights(None) => term.config.to_string(),
            };
            if weighted.iter().any(|w| w.name == name) {
                return Err(ObjectiveError::Twice { term: name });
            }
            weighted.push(Weighted { name, weight: term.weight, place, penalty });
        }
        Ok(Self { task, target, terms: weighted, classes })
    }

    /// The task.
    pub const fn task(&self) -> Task {
        self.task
    }

    /// What the outputs are compared with.
    pub const fn target(&self) -> Target {
        self.target
    }

    /// Names of the terms, in the order of [`Evaluation::values`].
    pub fn names(&self) -> Vec<String> {
        std::iter::once(TASK.to_owned()).chain(self.terms.iter().map(|t| t.name.clone())).collect()
    }

    /// `task + sum_t weight_t * value_t` of values in the order of [`Self::names`].
    pub fn total(&self, values: &[f64]) -> f64 {
        let weights = std::iter::once(1.0).chain(self.terms.iter().map(|t| t.weight));
        weights.zip(values).map(|(w, v)| w * v).sum()
    }

    /// One forward pass on the tape. The returned root's gradient is the objective's: every term
    /// contributes `<z, G>` with its closed-form gradient `G` (the surrogate), so the tape holds
    /// nothing but the network.
    ///
    /// # Errors
    /// Labels that do not fit the declared classes, when a term is class-wise.
    pub fn evaluate<N: Network>(
        &self,
        network: &N,
        batch: &Batch,
        dropout: &mut ChaCha8Rng,
    ) -> Result<Evaluation, GroupsError> {
        let class_wise = self.terms.iter().any(|t| t.penalty.scope() == Scope::Class);
        let by_class =
            class_wise.then(|| Groups::by_class(&batch.labels, self.classes, &batch.device, DType::F32)).transpose()?;
        let all = Groups::all(batch.input.dims()[0], &batch.device, DType::F32);
        let mut tap = ObjectiveTap {
            objective: self,
            batch,
            by_class: by_class.as_ref().unwrap_or(&all),
            all: &all,
            values: vec![0.0; 1 + self.terms.len()],
            root: None,
            dropout,
        };
        let _ = network.forward_tapped(batch.input.clone(), &mut tap);
        for (n, term) in (1..).zip(&self.terms) {
            if let Place::Weights(site) = &term.place {
                for weight in network.weights(site.as_deref()) {
                    // a weight matrix has rows of its own, which belong to no class
                    let rows = Groups::all(weight.dims()[0], &batch.device, DType::F32);
                    tap.add(n, term, weight, &rows);
                }
            }
        }
        let ObjectiveTap { values, root, .. } = tap;
        Ok(Evaluation { values, root })
    }
}

/// Values of one forward pass.
#[derive(Debug)]
pub struct Evaluation {
    /// The task's loss, then each penalty's unweighted value.
    pub values: Vec<f64>,
    /// A scalar whose gradient is the objective's.
    pub root: Option<Tensor<1>>,
}

/// Adds each term's surrogate at its site, then applies the site's dropout.
struct ObjectiveTap<'a> {
    objective: &'a Objective,
    batch: &'a Batch,
    all: &'a Groups,
    /// The same as `all` when no term is class-wise.
    by_class: &'a Groups,
    values: Vec<f64>,
    root: Option<Tensor<1>>,
    dropout: &'a mut ChaCha8Rng,
}

impl ObjectiveTap<'_> {
    fn add(&mut self, n: usize, term: &Weighted, z: Tensor<2>, groups: &Groups) {
        let (value, gradient) = term.penalty.value_and_gradient(&z.clone().inner(), groups);
        self.graft(n, value, gradient * term.weight, z);
    }

    fn graft(&mut self, n: usize, value: Tensor<1>, gradient: Tensor<2>, z: Tensor<2>) {
        self.values[n] += f64::from(value.into_scalar::<f32>());
        let surrogate = (z * Tensor::from_inner(gradient)).sum();
        self.root = Some(match self.root.take() {
            Some(root) => root + surrogate,
            None => surrogate,
        });
    }

    fn drop_out(&mut self, z: Tensor<2>, rate: f64) -> Tensor<2> {
        let shape = z.dims();
        let kept = (1.0 / (1.0 - rate)) as f32;
        let mask: Vec<f32> = (0..shape[0] * shape[1])
            .map(|_| if self.dropout.random::<f32>() < rate as f32 { 0.0 } else { kept })
            .collect();
        let mask = Tensor::<2>::from_data(TensorData::new(mask, shape), &self.batch.device);
        z * Tensor::from_inner(mask)
    }
}

impl Tap for ObjectiveTap<'_> {
    fn visit(&mut self, site: &Site, z: Tensor<2>) -> Tensor<2> {
        if site.name == OUTPUT {
            let task = self.objective.task;
            let (value, gradient) = task.value_and_gradient(&z.clone().inner(), &self.batch.targets);
            self.graft(0, value, gradient, z.clone());
        }
        let objective = self.objective;
        for (n, term) in (1..).zip(&objective.terms) {
            if matches!(&term.place, Place::Site(name) if *name == site.name) {
                let groups = match term.penalty.scope() {
                    Scope::All => self.all,
                    Scope::Class => self.by_class,
                };
                self.add(n, term, z.clone(), groups);
            }
        }
        if site.dropout > 0.0 { self.drop_out(z, site.dropout) } else { z }
    }
}

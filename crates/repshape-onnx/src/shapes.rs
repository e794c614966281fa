//! Shapes that a model does not declare.

use std::{collections::HashMap, path::Path};

use crate::{
    graph::Index,
    model::Input,
    proto::{GraphProto, ModelProto},
    value::Dim,
};

/// The shapes of values as far as they can be inferred.
pub(crate) fn inferred(
    _proto: &ModelProto,
    _graph: &GraphProto,
    _index: &Index,
    _inputs: &[Input],
    _folder: Option<&Path>,
) -> HashMap<String, Vec<Dim>> {
    HashMap::new()
}

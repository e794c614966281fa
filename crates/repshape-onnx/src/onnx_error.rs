//! Why a model from elsewhere cannot be read or run.

use crate::value::{Dim, shape_text};

/// A model that cannot be read, prepared or run: its file, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct OnnxError {
    /// The file's path, or the name given for bytes from elsewhere.
    pub file: String,
    /// What is wrong; boxed, so that a result takes no more room for its error.
    #[source]
    pub problem: Box<Problem>,
}

/// What is wrong with a model, or with what it was asked for.
///
/// Nodes are named as `node "conv1" (Conv)`, or, where a model names none, as `node 17 (Conv), which gives "value"`, counted from 0.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The file cannot be opened or read.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// The bytes are no ONNX model.
    #[error("is not an ONNX model: {0}")]
    NotOnnx(String),
    /// The file asks for more than a model may: deeper, longer, larger.
    #[error("has {found}, but at most {limit} are read")]
    TooLarge {
        /// What there is too much of, and how much.
        found: String,
        /// The limit, with its unit.
        limit: String,
    },
    /// A version of the format, or of the operators, that is not known.
    #[error("has {what} {found}, expected {expected}")]
    Version {
        /// "opset", "ir_version".
        what: &'static str,
        /// What the file says.
        found: String,
        /// The versions that are read.
        expected: String,
    },
    /// A part of the model that contradicts the standard or another part.
    #[error("{place}: found {found}, expected {expected}")]
    Invalid {
        /// The node, value, input or initializer.
        place: String,
        /// What stands there.
        found: String,
        /// The expected form.
        expected: String,
    },
    /// Weights kept in another file that cannot be had.
    #[error("initializer {tensor:?} keeps its elements in {location:?}: found {found}, expected {expected}")]
    ExternalData {
        /// The initializer.
        tensor: String,
        /// The file as the model writes it.
        location: String,
        /// What was found there.
        found: String,
        /// The expected form.
        expected: String,
    },
    /// Operators that cannot be run, of all those that the chosen sites need.
    #[error("{}", unsupported(.0))]
    Unsupported(Vec<UnsupportedOperator>),
    /// A site, or a pattern of sites, that matches nothing.
    #[error("no site matches {pattern:?}{hint}")]
    NoSuchSite {
        /// The pattern as given.
        pattern: String,
        /// The nearest names, ready to follow the pattern in a sentence; empty if none is near.
        hint: String,
    },
    /// A pattern that is not one.
    #[error("pattern {pattern:?}: {reason}")]
    Pattern {
        /// The pattern as given.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No sites were chosen.
    #[error("no site to run to: choose at least one")]
    NoSites,
    /// An input that the sites need and that was not given, or one that the model does not have.
    #[error("input {name:?} {what}; the model needs: {}", listed(.needed))]
    InputName {
        /// The input.
        name: String,
        /// "is missing", "is given twice", "is none of the model's".
        what: &'static str,
        /// The inputs that the chosen sites need.
        needed: Vec<String>,
    },
    /// Data of another shape than the model's input.
    #[error("input {name:?}: found {}, expected {}{detail}", shape_text(.found), shape_text(.expected))]
    InputShape {
        /// The input.
        name: String,
        /// The data's sides.
        found: Vec<usize>,
        /// The model's sides.
        expected: Vec<Dim>,
        /// Which side, or which other input, disagrees; ready to follow.
        detail: String,
    },
    /// Data of another type than the model's input, or outside its range.
    #[error("input {name:?}: found {found}, expected {expected}")]
    InputValue {
        /// The input.
        name: String,
        /// The type or element found.
        found: String,
        /// The type or range expected.
        expected: String,
    },
    /// A site cannot be rewired, or not in the way that was asked for.
    #[error("site {site:?}: {reason}")]
    Rewire {
        /// The site's name.
        site: String,
        /// Which node or value stands in the way, and why.
        reason: String,
    },
    /// The runtime refused the model.
    #[error("cannot be loaded: {reason}")]
    Load {
        /// The runtime's words, with the node's name where it gave one.
        reason: String,
    },
    /// A run failed.
    #[error("cannot be run: {reason}")]
    Run {
        /// The runtime's words, with the node's name where it gave one.
        reason: String,
    },
}

/// An operator that cannot be run, and where the model uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsupportedOperator {
    /// The operator's domain; ONNX's own is `ai.onnx`.
    pub domain: String,
    /// The operator.
    pub operator: String,
    /// The version of the domain's operators that the model uses.
    pub opset: i64,
    /// What in particular is missing, where the operator runs in other forms; empty if it does not run at all.
    pub reason: String,
    /// The nodes that use it, as messages name them.
    pub nodes: Vec<String>,
}

fn unsupported(operators: &[UnsupportedOperator]) -> String {
    let line = |operator: &UnsupportedOperator| {
        let UnsupportedOperator { domain, operator, opset, reason, nodes } = operator;
        const SHOWN: usize = 4;
        let mut places = nodes.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
        if nodes.len() > SHOWN {
            places.push_str(&format!(" and {} more", nodes.len() - SHOWN));
        }
        let because = if reason.is_empty() { String::new() } else { format!(" with {reason}") };
        format!("{operator}{because} ({domain}, opset {opset}) at {places}")
    };
    format!("operators that cannot be run: {}", operators.iter().map(line).collect::<Vec<_>>().join("; "))
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "no input at all".to_owned();
    }
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

impl Problem {
    /// With the file it is about.
    pub(crate) fn of(self, file: &str) -> OnnxError {
        OnnxError { file: file.to_owned(), problem: Box::new(self) }
    }

    /// A part that contradicts the standard.
    pub(crate) fn invalid(place: impl Into<String>, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Invalid { place: place.into(), found: found.into(), expected: expected.into() }
    }
}

//! Why a network cannot be rewired in the way that was asked for.

use repshape_stats::StatsError;
use repshape_stats::rewire::RewireError;

use crate::network::Activation;

/// Why a network was not rewired. Every message says what was found and what would do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RewireNetworkError {
    /// No site of this name.
    #[error("the network has no site \"{site}\"{hint}; its sites are {known}")]
    UnknownSite {
        /// The name.
        site: String,
        /// The nearest name, if any.
        hint: String,
        /// All sites.
        known: String,
    },
    /// The outputs are what stays.
    #[error("site \"{site}\" is the network's output, which rewiring leaves as it is; hidden sites are {known}")]
    Output {
        /// The name.
        site: String,
        /// Sites that can be named.
        known: String,
    },
    /// Neither theorem holds for the activation.
    #[error(
        "site \"{site}\": its layer has the activation {activation}, which is neither linear (theorem 1) nor positively \
         homogeneous, f(s x) = s f(x) for s > 0, as relu and leaky-relu are (theorem 2): scales do not pass it"
    )]
    Activation {
        /// The site.
        site: String,
        /// Its activation.
        activation: Activation,
    },
    /// A layer can be inserted after an activation, not before it.
    #[error(
        "site \"{site}\" lies before the activation {activation} of its layer; a linear layer is inserted after it: name \"{after}\""
    )]
    BeforeActivation {
        /// The site.
        site: String,
        /// The activation.
        activation: Activation,
        /// The site behind it.
        after: String,
    },
    /// The algebra refuses.
    #[error("site \"{site}\": {source}")]
    Site {
        /// The site.
        site: String,
        /// Why.
        source: RewireError,
    },
    /// A weight or a running statistic of a layer cannot be used.
    #[error("the layer of \"{layer}\": {source}")]
    Layer {
        /// The layer's site.
        layer: String,
        /// Why.
        source: RewireError,
    },
    /// A weight is beyond the range of `f32` after the fold.
    #[error(
        "the layer of \"{layer}\": the folded {what} {value:e} is beyond the range of f32; choose a map of smaller condition"
    )]
    Range {
        /// The layer's site.
        layer: String,
        /// `weight` or `bias`.
        what: &'static str,
        /// What it would be.
        value: f64,
    },
    /// The rows do not fit the network.
    #[error("the rows have {found} columns, the {network} network takes {expected}")]
    Columns {
        /// `first`, `second` or `rewired`.
        network: &'static str,
        /// Inputs of the network.
        expected: usize,
        /// Columns of the rows.
        found: usize,
    },
    /// Two networks that cannot be compared.
    #[error("the first network has {first} outputs and the second {second}")]
    Outputs {
        /// Outputs of the first.
        first: usize,
        /// Outputs of the second.
        second: usize,
    },
    /// Statistics of activations.
    #[error(transparent)]
    Statistics(#[from] StatsError),
    /// The output layer is fine-tuned to labels.
    #[error(
        "fine-tuning the output layer needs rows with labels of {outputs} classes, as many as the network has outputs; found {found}"
    )]
    Labels {
        /// Outputs of the network.
        outputs: usize,
        /// What the rows have.
        found: String,
    },
    /// A setting that cannot be.
    #[error("{field} is {found}; expected {expected}")]
    Setting {
        /// Its name.
        field: &'static str,
        /// What was found.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// Nothing to choose from.
    #[error("none of {draws} networks could be fine-tuned to finite outputs: {last}")]
    NoDraw {
        /// Number of maps tried.
        draws: usize,
        /// What was wrong with the last one.
        last: String,
    },
}

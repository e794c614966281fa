//! What can be wrong with a penalty that a user wrote.

use super::Reduction;

/// A penalty's name, option, weight or groups of units that make no sense; each message says what would.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PenaltyError {
    /// No penalty has this name.
    #[error("unknown penalty \"{name}\"; {hint}")]
    UnknownName {
        /// As written.
        name: String,
        /// The nearest name, or all of them.
        hint: String,
    },
    /// The penalty does not have this option.
    #[error("penalty \"{name}\" has no option \"{option}\"; {hint}")]
    UnknownOption {
        /// The penalty.
        name: &'static str,
        /// As written.
        option: String,
        /// The options that it has.
        hint: String,
    },
    /// Two options, or an option and `--reduction`, that exclude each other.
    #[error("penalty \"{text}\" contradicts \"{other}\"; give only one of them")]
    Contradiction {
        /// The penalty as written.
        text: String,
        /// What it contradicts.
        other: String,
    },
    /// The penalty has one form only.
    #[error("penalty \"{name}\" has one form only, there is no \"{reduction}\" of it")]
    OneForm {
        /// The penalty.
        name: &'static str,
        /// What was asked for.
        reduction: Reduction,
    },
    /// A term without a weight.
    #[error("penalty \"{name}\" needs a weight, for instance \"{name}={example}\"")]
    NoWeight {
        /// The penalty as written.
        name: String,
        /// A usual weight.
        example: f64,
    },
    /// A weight that is no finite number of at least 0.
    #[error("the weight of \"{name}\" must be a finite number of at least 0, found \"{found}\"")]
    Weight {
        /// The penalty as written.
        name: String,
        /// As written.
        found: String,
    },
    /// A dropout rate outside (0, 1).
    #[error("the rate of \"{name}\" must be a number above 0 and below 1, found \"{found}\"")]
    Rate {
        /// The layer as written.
        name: String,
        /// As written.
        found: String,
    },
    /// Batch normalisation with a weight.
    #[error("\"{name}\" takes no weight, found \"{found}\"; write \"{name}\"")]
    TakesNoWeight {
        /// The layer as written.
        name: String,
        /// As written.
        found: String,
    },
    /// `@` with nothing behind it.
    #[error("\"{text}\" names no site after \"@\"; write for instance \"{text}fc5\", or leave the \"@\" out")]
    NoSite {
        /// The term as written.
        text: String,
    },
    /// Dropout and batch normalisation are layers.
    #[error("\"{name}\" is a layer of the network, not a penalty with a value")]
    Layer {
        /// The layer.
        name: &'static str,
    },
    /// XCov without groups of units.
    #[error("\"xcov\" needs at least two groups of units, for instance \"--groups 0-9,10-11\"")]
    NoUnitGroups,
    /// Groups of units that cannot be read.
    #[error("groups of units \"{text}\": {reason}; write for instance \"0-9,10-11\"")]
    UnitGroups {
        /// As written.
        text: String,
        /// What is wrong.
        reason: String,
    },
    /// A group of units reaches beyond the representation.
    #[error("groups of units \"{groups}\" name unit {unit}, but there are {units} units (0 to {})", units.saturating_sub(1))]
    UnitBeyond {
        /// The groups.
        groups: String,
        /// The first unit that does not exist.
        unit: usize,
        /// The number of units.
        units: usize,
    },
}

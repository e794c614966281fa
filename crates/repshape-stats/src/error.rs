//! Everything that can be wrong with what a caller hands in.

/// Why rows could not be measured. Every message names the row, unit, class or field and the expected form.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StatsError {
    /// A value is NaN or infinite.
    #[error("row {row}, unit {unit}: {value} is not a finite number")]
    NonFinite {
        /// Global index of the row, from 0.
        row: u64,
        /// Index of the unit, from 0.
        unit: usize,
        /// What was found.
        value: f64,
    },
    /// The number of values is no multiple of the number of units.
    #[error("{values} values are no whole number of rows of {units} units")]
    Ragged {
        /// Length of the slice.
        values: usize,
        /// Units declared.
        units: usize,
    },
    /// A representation needs at least one unit.
    #[error("a representation has at least 1 unit, found 0")]
    NoUnits,
    /// Labels and rows differ in number.
    #[error("{labels} labels for {rows} rows: give one label for each row")]
    LabelCount {
        /// Labels found.
        labels: usize,
        /// Rows found.
        rows: usize,
    },
    /// A label is not below the declared number of classes.
    #[error("row {row} has label {label}, but there are {classes} classes (labels run from 0 to {})", classes.saturating_sub(1))]
    LabelRange {
        /// Global index of the row, from 0.
        row: u64,
        /// What was found.
        label: u32,
        /// Classes declared.
        classes: usize,
    },
    /// The sketch has classes, the block has no labels.
    #[error(
        "the rows from {first_row} on have no labels, but {classes} classes were declared: give one label for each row"
    )]
    LabelsMissing {
        /// Global index of the block's first row.
        first_row: u64,
        /// Classes declared.
        classes: usize,
    },
    /// The block has labels, the sketch no classes.
    #[error("the rows from {first_row} on have labels, but no number of classes was declared")]
    LabelsUnexpected {
        /// Global index of the block's first row.
        first_row: u64,
    },
    /// A block of another width.
    #[error("the rows from {first_row} on have {found} units, expected {expected} as before")]
    Units {
        /// Global index of the block's first row.
        first_row: u64,
        /// Units of the sketch.
        expected: usize,
        /// Units of the block.
        found: usize,
    },
    /// Two partial states that were not made with the same settings.
    #[error("two partial states do not fit together: {field} is {left} in one and {right} in the other")]
    Merge {
        /// The setting that differs.
        field: &'static str,
        /// Its value in the state merged into.
        left: String,
        /// Its value in the other.
        right: String,
    },
    /// A setting outside its range.
    #[error("{field} is {found}, expected {expected}")]
    Setting {
        /// The setting.
        field: &'static str,
        /// What was found.
        found: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A state file is damaged, of another version, or holds what no rows could have given.
    #[error("{part}: found {found}, expected {expected}")]
    State {
        /// The part of the state.
        part: &'static str,
        /// What was found.
        found: String,
        /// What it must be.
        expected: String,
    },
    /// Two shards, or what was kept of them, that cannot be merged.
    #[error("{first} and {second} cannot be merged: {reason}")]
    Shards {
        /// One shard.
        first: String,
        /// The other.
        second: String,
        /// What stands against it, and what to do.
        reason: String,
    },
    /// No measure has this name.
    #[error("unknown measure \"{name}\"; did you mean \"{nearest}\"?")]
    UnknownMeasure {
        /// What was asked for.
        name: String,
        /// The nearest name in the catalog.
        nearest: &'static str,
    },
}

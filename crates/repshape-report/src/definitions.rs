//! What each characteristic means, in one plain line.

/// A characteristic as a column: its name in JSON, its short title, and what it means.
pub(crate) struct Definition {
    pub name: &'static str,
    pub title: &'static str,
    pub line: &'static str,
}

const fn row(name: &'static str, title: &'static str, line: &'static str) -> Definition {
    Definition { name, title, line }
}

/// The characteristics in the order of columns; one that is not here comes last under its own name.
pub(crate) const DEFINITIONS: &[Definition] = &[
    row("amplitude", "Amplitude", "Mean absolute activation."),
    row("covariance", "Covariance", "Mean absolute covariance of two different units."),
    row("correlation", "Correlation", "Mean absolute correlation of two different units; constant units are left out."),
    row("variance", "Variance", "Mean variance of the units."),
    row("sparsity", "Sparsity", "Share of activations that are zero."),
    row("dead_units", "Dead units", "Share of units that are zero for every row."),
    row(
        "stable_rank_covariance",
        "Stable rank (cov.)",
        "How many directions the variance spreads over: squared Frobenius over squared spectral norm of the covariance.",
    ),
    row(
        "stable_rank",
        "Stable rank",
        "Squared Frobenius over squared spectral norm of the activations themselves, uncentred.",
    ),
    row("rank", "Rank", "Number of directions in which the representation varies at all."),
    row("effective_rank", "Effective rank", "Exponential of the entropy of the variance over directions."),
    row(
        "participation_ratio",
        "Participation ratio",
        "Squared sum of the covariance's eigenvalues over the sum of their squares.",
    ),
    row("class_wise_correlation", "Class corr.", "Mean absolute correlation of two units within one class."),
    row("class_wise_variance", "Class var.", "Mean variance of the units within one class."),
    row(
        "normalized_class_wise_variance",
        "Class var., norm.",
        "Variance within one class after each unit is scaled to run from 0 to 10.",
    ),
    row("class_wise_covariance", "Class cov.", "Mean absolute covariance of two units within one class."),
    row("amplitude_positive", "Amplitude +", "Mean of the activations that are positive."),
    row("covariance_positive", "Covariance +", "Covariance over the rows where both units are positive."),
    row("correlation_positive", "Correlation +", "Correlation over the rows where both units are positive."),
    row("variance_positive", "Variance +", "Variance over the rows where the unit is positive."),
    row("mapc", "MAPC", "Mean absolute Pearson correlation: the correlation over all rows under its other name."),
    row("cvr", "CVR", "Sum of absolute covariances over the total variance; 1 when no two units covary."),
    row("tdv", "TdV", "Share of the total variance held by the d units with the largest variance."),
    row("ud90", "UD90", "Smallest number of units that hold 90 % of the total variance."),
    row("mi_x_lower", "I(z;x) low", "Lower bound on the information about the input, in nats; at most ln N."),
    row("mi_x_upper", "I(z;x) high", "Upper bound on the information about the input, in nats; at most ln N."),
    row("mi_y_lower", "I(z;y) low", "Information about the class from the lower entropy bound, in nats; an estimate."),
    row("mi_y_upper", "I(z;y) high", "Information about the class from the upper entropy bound, in nats; an estimate."),
    row(
        "nc1",
        "NC1",
        "How far rows spread about the mean of their class, measured along the directions that part the class means.",
    ),
    row("nc1_quotient", "NC1 quotient", "Variance within the classes over the variance of the class means."),
    row("cdnv", "CDNV", "Variance of two classes over the squared distance of their means, on average."),
    row(
        "nc2_equinorm",
        "NC2 norms",
        "How unequal the distances of the class means from the mean of all rows are; 0 when all are equal.",
    ),
    row(
        "nc2_equiangular",
        "NC2 angles",
        "How far the angles of the class means are from those of a simplex; 0 when they are.",
    ),
    row(
        "nc2_etf_error",
        "NC2 simplex",
        "Distance of the class means from a simplex of equal corners; 0 when they are one.",
    ),
    row(
        "nc3_duality",
        "NC3",
        "How far the weights of the next layer are from the class means; 0 when they point the same ways.",
    ),
    row("nc4_disagreement", "NC4", "Share of rows for which the nearest class mean is not the network's prediction."),
    row("rankme", "RankMe", "Exponential of the entropy of the singular values of the activations, uncentred."),
    row(
        "alpha_req",
        "alpha-ReQ",
        "How fast the variance falls from direction to direction; near 1 has been found to transfer best.",
    ),
    row("intrinsic_dimension", "Intrinsic dim.", "How many coordinates would name a row among its neighbours (TwoNN)."),
];

/// The columns of the main table, in this order, as far as they were measured: the papers' convention
/// after ReLU, positive values only, where there is one.
pub(crate) const MAIN: &[&str] = &[
    "amplitude_positive",
    "covariance_positive",
    "correlation_positive",
    "sparsity",
    "dead_units",
    "stable_rank_covariance",
    "mi_x_lower",
];

/// `names` as they come, each with its title and line.
pub(crate) fn columns<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Column<'a>> {
    names.into_iter().map(|name| column(name).1).collect()
}

/// `names` in the order of [`DEFINITIONS`], unknown ones last, each with its title and line.
pub(crate) fn ordered<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Column<'a>> {
    let mut columns: Vec<(usize, Column<'a>)> = names.into_iter().map(column).collect();
    columns.sort_by(|a, b| (a.0, a.1.name).cmp(&(b.0, b.1.name)));
    columns.dedup_by(|a, b| a.1.name == b.1.name);
    columns.into_iter().map(|(_, column)| column).collect()
}

/// A name's place among [`DEFINITIONS`] and its column.
fn column(name: &str) -> (usize, Column<'_>) {
    match DEFINITIONS.iter().position(|row| row.name == name) {
        Some(at) => (at, Column { name, title: DEFINITIONS[at].title, line: DEFINITIONS[at].line }),
        None => (DEFINITIONS.len(), Column { name, title: name, line: "" }),
    }
}

/// One column of a table of characteristics.
pub(crate) struct Column<'a> {
    pub name: &'a str,
    pub title: &'a str,
    pub line: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_measures_come_last_under_their_own_name() {
        let columns = ordered(["zeta", "sparsity", "amplitude", "sparsity"]);
        let titles: Vec<&str> = columns.iter().map(|column| column.title).collect();
        assert_eq!(titles, ["Amplitude", "Sparsity", "zeta"]);
    }

    #[test]
    fn main_columns_are_defined() {
        for name in MAIN {
            assert!(DEFINITIONS.iter().any(|row| row.name == *name), "{name}");
        }
    }

    #[test]
    fn every_measure_of_the_catalog_has_plain_words() {
        let missing: Vec<&str> = repshape_stats::CATALOG
            .iter()
            .map(|row| row.name)
            .filter(|name| !DEFINITIONS.iter().any(|definition| definition.name == *name))
            .collect();
        assert_eq!(missing, Vec::<&str>::new());
    }
}

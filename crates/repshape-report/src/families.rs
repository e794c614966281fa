//! The families that characteristics are grouped by in tables.

/// Titles and members; what is in none of them comes last.
const FAMILIES: &[(&str, &[&str])] = &[
    ("Activations", &["amplitude", "variance", "sparsity", "dead_units"]),
    ("Pairs of units", &["covariance", "correlation", "mapc", "cvr"]),
    (
        "Dimension",
        &[
            "rank",
            "effective_rank",
            "participation_ratio",
            "stable_rank_covariance",
            "stable_rank",
            "rankme",
            "alpha_req",
            "intrinsic_dimension",
            "tdv",
            "ud90",
        ],
    ),
    (
        "Within classes",
        &["class_wise_variance", "normalized_class_wise_variance", "class_wise_covariance", "class_wise_correlation"],
    ),
    (
        "Neural collapse",
        &[
            "nc1",
            "nc1_quotient",
            "cdnv",
            "nc2_equinorm",
            "nc2_equiangular",
            "nc2_etf_error",
            "nc3_duality",
            "nc4_disagreement",
        ],
    ),
    (
        "Positive values only",
        &["amplitude_positive", "covariance_positive", "correlation_positive", "variance_positive"],
    ),
    ("Mutual information, nats", &["mi_x_lower", "mi_x_upper", "mi_y_lower", "mi_y_upper"]),
];

/// The title of the last family.
const OTHERS: &str = "Others";

/// `columns` by family, in the families' order and within one in theirs; families without a column are left out.
pub(crate) fn grouped<'a, T>(columns: Vec<T>, name: impl Fn(&T) -> &'a str) -> Vec<(&'static str, Vec<T>)> {
    let mut groups: Vec<(&'static str, Vec<T>)> =
        FAMILIES.iter().map(|(title, _)| (*title, Vec::new())).chain([(OTHERS, Vec::new())]).collect();
    for column in columns {
        let own = name(&column);
        let at = FAMILIES.iter().position(|(_, members)| members.contains(&own)).unwrap_or(FAMILIES.len());
        groups[at].1.push(column);
    }
    let place = |at: usize, own: &str| FAMILIES.get(at).and_then(|(_, members)| members.iter().position(|m| *m == own));
    for (at, (_, members)) in groups.iter_mut().enumerate() {
        members.sort_by_key(|column| place(at, name(column)));
    }
    groups.retain(|(_, members)| !members.is_empty());
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_keep_their_order_and_strangers_come_last() {
        let groups = grouped(vec!["zeta", "cvr", "ud90", "rank", "covariance", "alpha"], |name| name);
        assert_eq!(
            groups,
            [
                ("Pairs of units", vec!["covariance", "cvr"]),
                ("Dimension", vec!["rank", "ud90"]),
                ("Others", vec!["zeta", "alpha"])
            ]
        );
    }

    #[test]
    fn every_measure_of_the_catalog_has_a_family() {
        let groups = grouped(repshape_stats::CATALOG.iter().map(|row| row.name).collect(), |name| name);
        assert!(groups.iter().all(|(title, _)| *title != OTHERS), "{:?}", groups.last());
    }
}

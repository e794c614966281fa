//! The sites of a source in the order of the network, and what is worth following from one to the next.

use crate::page::Measured;

/// What is followed, in this order, as far as it was measured; true for a share of units or entries.
pub(crate) const FOLLOWED: &[(&str, bool)] = &[
    ("covariance", false),
    ("correlation", false),
    ("sparsity", true),
    ("dead_units", true),
    ("stable_rank_covariance", false),
    ("effective_rank", false),
    ("intrinsic_dimension", false),
    ("nc1", false),
    ("cdnv", false),
];

/// The end of the name of a site before its nonlinearity.
const BEFORE: &str = ".pre";

/// What the two series of a chart are called.
pub(crate) const SERIES: [&str; 2] = ["after the nonlinearity", "before it"];

/// The sites of one source in the order of the network; what stands before a nonlinearity beside what it gives.
pub(crate) struct Layers<'a> {
    pub names: Vec<&'a str>,
    /// After and before the nonlinearity.
    sites: [Vec<Option<&'a Measured>>; 2],
}

/// Each source that has two layers, with them.
pub(crate) fn by_source(measured: &[Measured]) -> Vec<(&str, Layers<'_>)> {
    let mut sources: Vec<&str> = Vec::new();
    for one in measured {
        if !sources.contains(&one.source.as_str()) {
            sources.push(&one.source);
        }
    }
    sources
        .into_iter()
        .map(|source| (source, of_source(measured.iter().filter(|one| one.source == source))))
        .filter(|(_, layers)| layers.names.len() > 1)
        .collect()
}

fn of_source<'a>(measured: impl Iterator<Item = &'a Measured>) -> Layers<'a> {
    let mut layers = Layers { names: Vec::new(), sites: [Vec::new(), Vec::new()] };
    for one in measured {
        let Some(site) = one.site.as_deref() else { continue };
        let (name, before) = match site.strip_suffix(BEFORE) {
            Some(name) => (name, true),
            None => (site, false),
        };
        let at = layers.names.iter().position(|known| *known == name).unwrap_or_else(|| {
            layers.names.push(name);
            layers.sites.iter_mut().for_each(|sites| sites.push(None));
            layers.names.len() - 1
        });
        layers.sites[usize::from(before)][at] = Some(one);
    }
    layers
}

impl Layers<'_> {
    /// Whether any site stands before (1) or after (0) a nonlinearity.
    pub fn has(&self, side: usize) -> bool {
        self.sites[side].iter().any(Option::is_some)
    }

    pub fn values(&self, side: usize, measure: &str) -> Vec<Option<f64>> {
        self.sites[side].iter().map(|site| site.and_then(|one| one.measures.get(measure).copied().flatten())).collect()
    }

    /// `ln N` of each layer whose mutual information was measured.
    pub fn ceiling(&self) -> Vec<Option<f64>> {
        let rows = |at: usize| self.sites.iter().find_map(|sites| sites[at].and_then(|one| one.mi_rows));
        (0..self.names.len()).map(|at| rows(at).filter(|rows| *rows > 0).map(|rows| (rows as f64).ln())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(source: &str, site: &str, covariance: f64) -> Measured {
        Measured {
            source: source.into(),
            site: Some(site.into()),
            rows: 7,
            units: 3,
            classes: None,
            measures: [("covariance".to_string(), Some(covariance)), ("mi_x_lower".into(), None)].into(),
            mi_rows: Some(7),
            notes: vec![],
            pictures: None,
        }
    }

    #[test]
    fn sites_before_a_nonlinearity_are_a_second_series_at_the_same_layer() {
        let measured = [site("a", "fc1.pre", 1.0), site("a", "fc1", 2.0), site("a", "fc2", 3.0), site("b", "fc1", 9.0)];
        let layers = of_source(measured.iter().filter(|one| one.source == "a"));
        assert_eq!(layers.names, ["fc1", "fc2"]);
        assert_eq!(layers.values(0, "covariance"), [Some(2.0), Some(3.0)]);
        assert_eq!(layers.values(1, "covariance"), [Some(1.0), None]);
        assert_eq!(layers.ceiling(), [Some(7f64.ln()); 2]);
    }

    #[test]
    fn one_site_of_a_source_has_nothing_to_follow() {
        assert!(by_source(&[site("a", "fc1", 1.0), site("b", "fc1", 2.0)]).is_empty());
        let measured = [site("a", "fc1", 1.0), site("a", "fc2", 2.0), site("b", "fc1", 2.0)];
        assert_eq!(by_source(&measured).iter().map(|(source, _)| *source).collect::<Vec<_>>(), ["a"]);
    }
}

//! The measures worth following from layer to layer, one small chart each, where a source has several sites.

use crate::{
    charts::layers::{Band, COLOURS, Series, band, lines, short_names},
    definitions,
    page::Measured,
    sections::results::term,
    sheet::Sheet,
};

/// What is followed, in this order, as far as it was measured; true for a share of units or entries.
const FOLLOWED: &[(&str, bool)] = &[
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

const SERIES: [&str; 2] = ["after the nonlinearity", "before it"];

/// The sites of one source in the order of the network; what stands before a nonlinearity beside what it gives.
struct Layers<'a> {
    names: Vec<&'a str>,
    /// After and before the nonlinearity.
    sites: [Vec<Option<&'a Measured>>; 2],
}

/// Writes the section; nothing unless a source has two sites.
pub(crate) fn write(sheet: &mut Sheet, measured: &[Measured]) {
    let mut sources: Vec<&str> = Vec::new();
    for one in measured {
        if !sources.contains(&one.source.as_str()) {
            sources.push(&one.source);
        }
    }
    let drawn: Vec<(&str, Layers)> = sources
        .into_iter()
        .map(|source| (source, of_source(measured.iter().filter(|one| one.source == source))))
        .filter(|(_, layers)| layers.names.len() > 1)
        .collect();
    if drawn.is_empty() {
        return;
    }
    sheet.raw("<section>\n<h2>Layer by layer</h2>\n");
    for (source, layers) in &drawn {
        if drawn.len() > 1 {
            sheet.text("h3", "source", source);
        }
        charts(sheet, layers);
    }
    sheet.raw("</section>\n");
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
    fn has(&self, side: usize) -> bool {
        self.sites[side].iter().any(Option::is_some)
    }

    fn values(&self, side: usize, measure: &str) -> Vec<Option<f64>> {
        self.sites[side].iter().map(|site| site.and_then(|one| one.measures.get(measure).copied().flatten())).collect()
    }

    /// `ln N` of each layer whose mutual information was measured.
    fn ceiling(&self) -> Vec<Option<f64>> {
        let rows = |at: usize| self.sites.iter().find_map(|sites| sites[at].and_then(|one| one.mi_rows));
        (0..self.names.len()).map(|at| rows(at).filter(|rows| *rows > 0).map(|rows| (rows as f64).ln())).collect()
    }
}

fn charts(sheet: &mut Sheet, layers: &Layers) {
    let names: Vec<String> = layers.names.iter().map(|name| name.to_string()).collect();
    let short = short_names(&names);
    let both = layers.has(0) && layers.has(1);
    sheet.raw("<p class=\"lead\">Each measure at the sites in the order of the network");
    if both {
        let key =
            |side: usize| format!("<i class=\"stroke\" style=\"--dot:var(--{})\"></i> {}", COLOURS[side], SERIES[side]);
        sheet.raw(&format!(": {} and {}", key(0), key(1)));
    }
    sheet.raw(". Tap a title for its meaning.</p>\n<div class=\"multiples\">\n");
    // a source with one kind of site has nothing to tell apart
    let name = |side: usize| if both { SERIES[side] } else { "" };
    for (measure, share) in FOLLOWED {
        let series: Vec<Series> =
            [0, 1].map(|side| Series { name: name(side), values: layers.values(side, measure) }).into();
        if let Some(option) = lines(&names, &short, &series, *share) {
            let column = &definitions::columns([*measure])[0];
            figure(sheet, &term(column.title, column.line), column.title, option);
        }
    }
    let bands: Vec<Band> = [0, 1]
        .map(|side| Band {
            name: name(side),
            low: layers.values(side, "mi_x_lower"),
            high: layers.values(side, "mi_x_upper"),
        })
        .into();
    if let Some(option) = band(&names, &short, &bands, &layers.ceiling()) {
        let line = "Between the lower and the upper bound on the information about the input, in nats. Dotted: ln N, the most that N rows can show; a band at it says little.";
        figure(sheet, &term("Mutual information with the input", line), "Mutual information with the input", option);
    }
    sheet.raw("</div>\n");
}

fn figure(sheet: &mut Sheet, title: &str, label: &str, option: serde_json::Value) {
    sheet.raw(&format!("<figure><div class=\"figure-title\">{title}</div>\n"));
    sheet.chart("layers", &format!("{label}, layer by layer"), serde_json::json!({ "option": option }));
    sheet.raw("</figure>\n");
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
        let mut sheet = Sheet::default();
        write(&mut sheet, &[site("a", "fc1", 1.0), site("b", "fc1", 2.0)]);
        assert!(sheet.html.is_empty());
        write(&mut sheet, &[site("a", "fc1", 1.0), site("a", "fc2", 2.0), site("b", "fc1", 2.0)]);
        assert_eq!(sheet.charts.len(), 1);
    }
}

//! What the proofs of rewired networks say, in words and in one answer each.

use crate::{
    number::{grouped, scientific, significant, weight},
    page::{Proof, RewiredSite, RewiringPage},
};

/// What a proof says of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The outputs differ by no more than was allowed.
    Same,
    /// They differ on the whole by no more than was allowed: nearly the same.
    Near,
    /// They differ by more.
    Differs,
    /// An output is not finite.
    NotFinite,
    /// The outputs were not meant to be the same.
    NotAsked,
}

pub(crate) fn verdict(proof: &Proof) -> Verdict {
    if !proof.max_abs_difference.is_finite() || !proof.max_rel_difference.is_finite() {
        return Verdict::NotFinite;
    }
    match (proof.tolerance, proof.rms_difference) {
        (Some(tolerance), None) if proof.max_rel_difference <= tolerance => Verdict::Same,
        (Some(tolerance), Some(rms)) if rms <= tolerance => Verdict::Near,
        (Some(_), _) => Verdict::Differs,
        (None, _) => Verdict::NotAsked,
    }
}

/// The name of the network that the others are made from: the first variant of the sites.
pub(crate) fn original(page: &RewiringPage) -> Option<&str> {
    page.sites.iter().find_map(|site| site.variants.first()).map(|variant| variant.name.as_str())
}

/// `360 test rows of digits`.
pub(crate) fn rows(proof: &Proof) -> String {
    let of = if proof.rows_of.contains("row") { "" } else { "rows of " };
    format!("{} {of}{}", grouped(proof.rows as usize), proof.rows_of)
}

/// The share of the original's parameters that a network does without; `None` where one of the two is not known.
pub(crate) fn saving(page: &RewiringPage, proof: &Proof) -> Option<f64> {
    let original = original(page)?;
    let before = page.proofs.iter().find(|other| other.variant == original)?.parameters.filter(|count| *count > 0)?;
    Some(1.0 - proof.parameters? as f64 / before as f64)
}

/// Tolerances above this are for outputs that are nearly the same.
const NEARLY: f64 = 1e-3;

/// Whether the outputs stayed, what changed most, and what was saved; plain text, empty when there is nothing to say.
pub(crate) fn headline(page: &RewiringPage) -> String {
    let original = original(page);
    let proofs: Vec<&Proof> = page.proofs.iter().filter(|proof| Some(proof.variant.as_str()) != original).collect();
    [outputs(&proofs), contrast(&page.sites), fewer(page, &proofs)]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect::<Vec<String>>()
        .join(" ")
}

fn outputs(proofs: &[&Proof]) -> String {
    let asked: Vec<&Proof> = proofs.iter().copied().filter(|proof| verdict(proof) != Verdict::NotAsked).collect();
    let names = distinct(&asked);
    let failed: Vec<&Proof> =
        asked.iter().copied().filter(|proof| !matches!(verdict(proof), Verdict::Same | Verdict::Near)).collect();
    let Some(first) = asked.first() else { return String::new() };
    if !failed.is_empty() {
        let failed = distinct(&failed);
        return format!(
            "Not proven: {} of {} {} by more than was allowed ({}).",
            failed.len(),
            networks(names.len()),
            if failed.len() == 1 { "differs from the original" } else { "differ from the original" },
            failed.join(", ")
        );
    }
    let largest = asked.iter().map(|proof| proof.max_rel_difference).fold(0.0, f64::max);
    let nearly = asked.iter().filter_map(|proof| proof.tolerance).any(|tolerance| tolerance > NEARLY);
    let who = if names.len() == 1 { names[0].to_string() } else { networks(names.len()) };
    let same_rows = asked.iter().all(|proof| rows(proof) == rows(first));
    let mut text = format!(
        "{who} {} {} outputs as the original{}: ",
        if names.len() == 1 { "gives" } else { "give" },
        if nearly { "nearly the same" } else { "the same" },
        if same_rows { format!(" on {}", rows(first)) } else { String::new() },
    );
    text.push_str(&match asked.iter().filter_map(|proof| proof.rms_difference).reduce(f64::max) {
        None => format!("the largest difference is {} of the largest output", scientific(largest)),
        Some(rms) => format!("the root mean square of the difference is {} of their deviation", scientific(rms)),
    });
    if !asked.is_empty() && asked.iter().all(|proof| proof.same_predictions == Some(1.0)) {
        text.push_str(", and every prediction is equal");
    }
    text.push('.');
    text
}

/// A value beside the `other` that it is compared with: what is rounding next to it is almost nothing.
fn end(value: f64, other: f64) -> String {
    match value {
        value if value != 0.0 && value.abs() < 1e-9 * other.abs() => "almost 0".into(),
        large if (1e3..1e6).contains(&large) => grouped(large.round() as usize),
        value => significant(value),
    }
}

/// What differs most between the networks at the first site that has several.
fn contrast(sites: &[RewiredSite]) -> String {
    let Some(site) = sites.iter().find(|site| site.variants.len() > 1) else { return String::new() };
    let ranges: Vec<String> = ["correlation", "covariance", "variance", "sparsity"]
        .into_iter()
        .filter_map(|name| {
            let values = site.variants.iter().filter_map(|variant| variant.measured.measures.get(name).copied()?);
            let values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
            let low = values.iter().copied().reduce(f64::min)?;
            let high = values.iter().copied().reduce(f64::max)?;
            // two numbers that look alike are no contrast
            (high > 1.5 * low).then(|| match values[..] {
                [before, after] => format!("{name} goes from {} to {}", end(before, after), end(after, before)),
                _ => format!("{name} runs from {} to {}", end(low, high), end(high, low)),
            })
        })
        .take(3)
        .collect();
    match ranges.as_slice() {
        [] => String::new(),
        ranges => format!("At {} {}.", site.site, ranges.join(", ")),
    }
}

fn fewer(page: &RewiringPage, proofs: &[&Proof]) -> String {
    let best = proofs
        .iter()
        // what is not proven has saved nothing
        .filter(|proof| matches!(verdict(proof), Verdict::Same | Verdict::Near | Verdict::NotAsked))
        .filter_map(|proof| Some((*proof, saving(page, proof)?, proof.parameters?)))
        .filter(|(_, saving, _)| *saving > 0.0)
        .max_by(|a, b| a.1.total_cmp(&b.1));
    match best {
        Some((proof, saving, parameters)) => format!(
            "{} has {} parameters, {} % fewer.",
            proof.variant,
            grouped(parameters as usize),
            weight((1000.0 * saving).round() / 10.0)
        ),
        None => String::new(),
    }
}

/// The networks of `proofs`, each once.
fn distinct<'a>(proofs: &[&'a Proof]) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for proof in proofs {
        if !names.contains(&proof.variant.as_str()) {
            names.push(&proof.variant);
        }
    }
    names
}

fn networks(count: usize) -> String {
    if count == 1 { "1 network".into() } else { format!("{} networks", grouped(count)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::{Measured, Variant};

    fn variant(name: &str, correlation: f64) -> Variant {
        let measured = Measured {
            source: "m".into(),
            site: Some("fc5".into()),
            rows: 360,
            units: 3,
            classes: None,
            measures: [("correlation".to_string(), Some(correlation)), ("sparsity".into(), None)].into(),
            mi_rows: None,
            notes: vec![],
            pictures: None,
        };
        Variant { name: name.into(), line: String::new(), measured }
    }

    fn proof(variant: &str, relative: f64, tolerance: Option<f64>, parameters: u64) -> Proof {
        Proof {
            variant: variant.into(),
            rows_of: "test rows of digits".into(),
            rows: 360,
            max_abs_difference: 2.0 * relative,
            max_rel_difference: relative,
            same_predictions: Some(1.0),
            rms_difference: None,
            tolerance,
            parameters: Some(parameters),
            error: None,
        }
    }

    fn page(variants: &[(&str, f64)], proofs: Vec<Proof>) -> RewiringPage {
        let variants = variants.iter().map(|(name, correlation)| variant(name, *correlation)).collect();
        let site = RewiredSite { site: "fc5".into(), variants, ..RewiredSite::default() };
        RewiringPage { sites: vec![site], proofs, ..RewiringPage::default() }
    }

    #[test]
    fn one_network_is_named_with_its_change_and_its_saving() {
        let proofs = vec![proof("original", 0.0, None, 1000), proof("compact", 3.1e-7, Some(1e-5), 720)];
        assert_eq!(
            headline(&page(&[("original", 0.36), ("compact", 1e-12)], proofs)),
            "compact gives the same outputs as the original on 360 test rows of digits: the largest difference is 3.1e−7 \
             of the largest output, and every prediction is equal. At fc5 correlation goes from 0.360 to almost 0. \
             compact has 720 parameters, 28 % fewer."
        );
    }

    #[test]
    fn what_is_nearly_the_same_is_judged_on_the_whole() {
        let near = Proof { rms_difference: Some(0.01), ..proof("compact", 0.06, Some(0.03), 720) };
        assert_eq!(verdict(&near), Verdict::Near);
        assert_eq!(
            headline(&page(&[("original", 0.3)], vec![proof("original", 0.0, None, 1000), near.clone()])),
            "compact gives nearly the same outputs as the original on 360 test rows of digits: the root mean square of the \
             difference is 1.0e−2 of their deviation, and every prediction is equal. compact has 720 parameters, 28 % fewer."
        );
        assert_eq!(verdict(&Proof { rms_difference: Some(0.04), ..near }), Verdict::Differs);
    }

    #[test]
    fn several_networks_are_counted_once_each() {
        let mut noise = proof("pca", 5e-6, Some(1e-5), 1000);
        noise.rows_of = "seeded noise".into();
        let proofs = vec![proof("whiten", 1e-6, Some(1e-5), 1000), proof("pca", 2e-6, Some(1e-5), 1000), noise];
        assert_eq!(
            headline(&page(&[("original", 0.3), ("whiten", 0.29), ("pca", 0.9)], proofs)),
            "2 networks give the same outputs as the original: the largest difference is 5.0e−6 of the largest output, \
             and every prediction is equal. At fc5 correlation runs from 0.290 to 0.900."
        );
    }

    #[test]
    fn what_is_not_proven_is_named() {
        let proofs =
            vec![proof("whiten", 1e-6, Some(1e-5), 1), proof("pca", 2e-5, Some(1e-5), 1), proof("cpn", 0.5, None, 1)];
        let text = headline(&page(&[("original", 0.3)], proofs));
        assert_eq!(text, "Not proven: 1 of 2 networks differs from the original by more than was allowed (pca).");
        assert_eq!(verdict(&proof("pca", f64::NAN, None, 1)), Verdict::NotFinite);
        assert_eq!(headline(&RewiringPage::default()), "");
    }
}

//! The characteristics of a site, a column for each network: those that rewiring changes at once, the others folded.

use std::collections::BTreeSet;

use crate::{
    definitions::{self, Column},
    families,
    number::{UNDEFINED, grouped, significant, whole_or_significant},
    page::RewiredSite,
    sections::{
        measurement::remarks,
        measures::{close, open, shaded_cell, undefined_cell, value_cell},
        results::{heading, term},
    },
    sheet::Sheet,
};

/// What matters most, in this order; the bounds on the information about the class are there because they should stay.
const FIRST: &[&str] = &[
    "amplitude",
    "variance",
    "covariance",
    "correlation",
    "sparsity",
    "dead_units",
    "stable_rank_covariance",
    "effective_rank",
    "participation_ratio",
    "mi_y_lower",
    "mi_y_upper",
];

/// Writes the section; nothing without variants.
pub(super) fn write(sheet: &mut Sheet, site: &RewiredSite) {
    if site.variants.is_empty() {
        return;
    }
    sheet.raw("<section>\n");
    sheet.text("h2", "", &format!("{}: characteristics", site.site));
    sheet.raw("<p class=\"lead\">The darker a cell, the more of its row are lower; ▲ highest, ▼ lowest, no colour where all agree in four digits. \
               The last column is the highest over the lowest. Tap a name for its meaning.</p>\n");
    let measured: BTreeSet<&str> =
        site.variants.iter().flat_map(|variant| variant.measured.measures.keys().map(String::as_str)).collect();
    let first = definitions::columns(FIRST.iter().copied().filter(|name| measured.contains(name)));
    head(sheet, site);
    sheet.raw("<tr><th scope=\"row\">Units</th>");
    for variant in &site.variants {
        let units = variant.measured.units;
        sheet.raw(&value_cell(Some(units as f64), &grouped(units)));
    }
    sheet.raw("<td data-skip></td></tr>\n");
    first.iter().for_each(|column| row(sheet, site, column));
    close(sheet);
    let others = definitions::ordered(measured.into_iter().filter(|name| !FIRST.contains(name)));
    if !others.is_empty() {
        sheet.raw(&format!(
            "<details class=\"glossary\"><summary>{} more characteristics</summary>\n",
            grouped(others.len())
        ));
        head(sheet, site);
        for (family, columns) in families::grouped(others, |column| column.name) {
            sheet.raw(&format!(
                "<tr class=\"family\" data-skip><th scope=\"rowgroup\" colspan=\"{}\">{family}</th></tr>\n",
                site.variants.len() + 2
            ));
            columns.iter().for_each(|column| row(sheet, site, column));
        }
        close(sheet);
        sheet.raw("</details>\n");
    }
    let notes: Vec<(&str, &[String])> =
        site.variants.iter().map(|variant| (variant.name.as_str(), &variant.measured.notes[..])).collect();
    remarks(sheet, &notes);
    sheet.raw("</section>\n");
}

fn head(sheet: &mut Sheet, site: &RewiredSite) {
    open(sheet, "heat variants");
    sheet.raw("<thead><tr><th scope=\"col\">Measure</th>");
    for variant in &site.variants {
        sheet.raw(&heading(&Column { name: &variant.name, title: &variant.name, line: &variant.line }, "number"));
    }
    sheet.raw("<th scope=\"col\" class=\"number first\" data-skip>Range</th></tr></thead>\n<tbody>\n");
}

fn row(sheet: &mut Sheet, site: &RewiredSite, column: &Column) {
    let values: Vec<Option<f64>> = site
        .variants
        .iter()
        .map(|variant| variant.measured.measures.get(column.name).copied().flatten().filter(|value| value.is_finite()))
        .collect();
    let seen: Vec<Option<f64>> = values.iter().map(|value| value.map(four_digits)).collect();
    let defined: Vec<f64> = seen.iter().flatten().copied().collect();
    let low = defined.iter().copied().fold(f64::INFINITY, f64::min);
    let high = defined.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // an extreme that several share is none
    let alone = |value: f64| low < high && defined.iter().filter(|other| **other == value).count() == 1;
    sheet.raw(&format!(
        "<tr><th scope=\"row\" data-value=\"{}\">{}</th>",
        crate::escape::html(column.name),
        term(column.title, column.line)
    ));
    let last = defined.len().saturating_sub(1).max(1) as f64;
    for (value, seen) in values.iter().zip(&seen) {
        sheet.raw(&match (value, seen) {
            (Some(value), Some(seen)) => {
                // what ties is no darker than its lowest place: many zeros stay pale
                let shade = defined.iter().filter(|other| *other < seen).count() as f64 / last;
                let class = match *seen {
                    seen if seen == high && alone(seen) => " highest",
                    seen if seen == low && alone(seen) => " lowest",
                    _ => "",
                };
                shaded_cell(*value, shade, &whole_or_significant(*value), class, "")
            }
            _ => undefined_cell(""),
        });
    }
    let range = if low > 0.0 && defined.len() > 1 { ratio(high / low) } else { UNDEFINED.into() };
    sheet.raw(&format!("<td class=\"number range\" data-skip>{range}</td></tr>\n"));
}

/// `× 1,300`; `same` where four digits agree; what is beyond 1e9 has one end in the rounding.
fn ratio(quotient: f64) -> String {
    match quotient {
        1.0 => "same".into(),
        large if (999.5..1e6).contains(&large) => format!("× {}", grouped(large.round() as usize)),
        quotient if quotient > 1e9 => "> 1e9".into(),
        quotient => format!("× {}", significant(quotient)),
    }
}

/// `value` to the digits that rounding leaves alone: what differs beyond them is the same for a reader.
fn four_digits(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::{Measured, Variant};

    fn site(values: &[Option<f64>]) -> RewiredSite {
        let variant = |(at, value): (usize, &Option<f64>)| Variant {
            name: format!("v{at}"),
            line: String::new(),
            measured: Measured {
                source: "m".into(),
                site: Some("fc1".into()),
                rows: 10,
                units: 3,
                classes: None,
                measures: [("variance".to_string(), *value), ("nc1".into(), Some(0.5))].into(),
                mi_rows: None,
                notes: vec![],
                pictures: None,
            },
        };
        RewiredSite {
            site: "fc1".into(),
            variants: values.iter().enumerate().map(variant).collect(),
            ..RewiredSite::default()
        }
    }

    fn written(values: &[Option<f64>]) -> String {
        let mut sheet = Sheet::default();
        write(&mut sheet, &site(values));
        sheet.html
    }

    #[test]
    fn extremes_are_marked_and_rounding_makes_none() {
        let html = written(&[Some(2.0), Some(0.5), None, Some(650.0), Some(f64::NAN)]);
        assert!(html.contains("number lowest\" style=\"--shade:0.00\" data-value=\"0.5\">0.500<"), "{html}");
        assert!(html.contains("number highest\" style=\"--shade:1.00\" data-value=\"650\">650<"), "{html}");
        assert!(html.contains("data-skip>× 1,300</td>") && html.matches("number undefined").count() == 2);
        let same = written(&[Some(2.0), Some(2.0 + 1e-9)]);
        assert!(same.contains("data-skip>same</td>") && !same.contains("highest\""), "{same}");
    }

    #[test]
    fn what_is_not_first_is_folded() {
        let html = written(&[Some(1.0)]);
        let folded = html.split("<details").nth(1).unwrap();
        assert!(folded.contains("1 more characteristics") && folded.contains("data-value=\"nc1\""), "{html}");
        assert!(!folded.contains("data-value=\"variance\""));
    }

    #[test]
    fn ratios_are_short() {
        assert_eq!([1.0, 2.5, 1234.4, 3e7, 4e15].map(ratio), ["same", "× 2.50", "× 1,234", "× 3.0e7", "> 1e9"]);
    }
}

//! Characteristics as a heat table, and what its columns mean.

use std::collections::BTreeMap;

use crate::{
    definitions::{self, Column},
    escape,
    number::{self, UNDEFINED},
    sections::results::heading,
    sheet::Sheet,
};

/// One row of a heat table: its name, a badge in HTML, and (value, spread over trials if known) by measure.
pub(crate) struct HeatRow<'a> {
    pub name: &'a str,
    pub mark: &'static str,
    pub values: BTreeMap<&'a str, (f64, Option<f64>)>,
}

/// Writes the table, shaded by rank within each column; nothing when no measure was taken.
pub(crate) fn heat_table(sheet: &mut Sheet, first: &str, rows: &[HeatRow], names: &[&str]) {
    let columns = definitions::ordered(names.iter().copied());
    if columns.is_empty() {
        return;
    }
    sheet.raw(&format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Characteristics\">\n<table class=\"heat\">\n<thead><tr><th scope=\"col\">{}</th>",
        escape::html(first)
    ));
    for column in &columns {
        sheet.raw(&heading(column));
    }
    sheet.raw("</tr></thead>\n<tbody>\n");
    let values: Vec<Vec<Option<f64>>> = columns
        .iter()
        .map(|column| rows.iter().map(|row| row.values.get(column.name).map(|value| value.0)).collect())
        .collect();
    let drawn: Vec<(Vec<Option<f64>>, Vec<String>)> =
        values.iter().map(|column| (ranks(column), number::column(column))).collect();
    for (at, row) in rows.iter().enumerate() {
        sheet.raw(&format!("<tr><th scope=\"row\">{}{}</th>", escape::html(row.name), row.mark));
        for (column, (shades, texts)) in columns.iter().zip(&drawn) {
            sheet.raw(&match (row.values.get(column.name), shades[at]) {
                (Some(&(_, spread)), Some(shade)) => {
                    let sd = spread
                        .filter(|spread| spread.is_finite())
                        .map_or(String::new(), |spread| format!(" title=\"± {}\"", number::significant(spread)));
                    format!("<td class=\"number\" style=\"--shade:{shade:.2}\"{sd}>{}</td>", texts[at])
                }
                _ => format!("<td class=\"number undefined\">{UNDEFINED}</td>"),
            });
        }
        sheet.raw("</tr>\n");
    }
    sheet.raw("</tbody>\n</table>\n</div>\n");
    glossary(sheet, &columns);
}

/// The columns' meanings, folded.
pub(crate) fn glossary(sheet: &mut Sheet, columns: &[Column]) {
    sheet.raw("<details class=\"glossary\"><summary>What the columns mean</summary>\n<dl>\n");
    for column in columns.iter().filter(|column| !column.line.is_empty()) {
        sheet.raw(&format!(
            "<div><dt>{}</dt><dd>{}</dd></div>\n",
            escape::html(column.title),
            escape::html(column.line)
        ));
    }
    sheet.raw("</dl>\n</details>\n");
}

/// Each value's rank among the finite ones of its column, from 0 (lowest) to 1, equal values sharing their
/// mean rank; `None` where there is no finite value. A column of equal values gets 0 throughout.
fn ranks(values: &[Option<f64>]) -> Vec<Option<f64>> {
    let finite: Vec<f64> = values.iter().flatten().copied().filter(|value| value.is_finite()).collect();
    let last = finite.len().saturating_sub(1) as f64;
    let constant = finite.iter().all(|value| *value == finite[0]);
    values
        .iter()
        .map(|value| {
            let value = value.filter(|value| value.is_finite())?;
            let below = finite.iter().filter(|other| **other < value).count() as f64;
            let equal = finite.iter().filter(|other| **other == value).count() as f64;
            Some(if constant { 0.0 } else { (below + (equal - 1.0) / 2.0) / last })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_shared_by_equals_and_skip_the_undefined() {
        let values = [Some(5.0), None, Some(1.0), Some(5.0), Some(f64::NAN), Some(0.5)];
        assert_eq!(ranks(&values), [Some(2.5 / 3.0), None, Some(1.0 / 3.0), Some(2.5 / 3.0), None, Some(0.0)]);
        assert_eq!(ranks(&[Some(2.0), Some(2.0)]), [Some(0.0), Some(0.0)]);
        assert_eq!(ranks(&[Some(2.0)]), [Some(0.0)]);
        assert!(ranks(&[]).is_empty());
    }
}

//! Characteristics as tables, and what they mean: by rows of sites shaded by rank, or by rows of measures.

use std::collections::BTreeMap;

use crate::{
    definitions::{self, Column},
    escape, families,
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

impl HeatRow<'_> {
    fn value(&self, measure: &str) -> Option<f64> {
        self.values.get(measure).map(|value| value.0)
    }
}

/// Writes the table, a row for each of `rows`, shaded by rank within each column, the columns by family; nothing when
/// no measure was taken.
pub(crate) fn heat_table(sheet: &mut Sheet, first: &str, rows: &[HeatRow], names: &[&str]) {
    let families = families::grouped(definitions::ordered(names.iter().copied()), |column| column.name);
    if families.is_empty() {
        return;
    }
    open(sheet, "heat");
    sheet.raw("<thead><tr class=\"families\" data-skip><td></td>");
    for (family, columns) in &families {
        sheet.raw(&format!(
            "<th scope=\"colgroup\" colspan=\"{}\" class=\"first\"><span>{family}</span></th>",
            columns.len()
        ));
    }
    sheet.raw(&format!("</tr>\n<tr><th scope=\"col\">{}</th>", escape::html(first)));
    let columns: Vec<(&Column, bool)> = families
        .iter()
        .flat_map(|(_, columns)| columns.iter().enumerate().map(|(at, column)| (column, at == 0)))
        .collect();
    for (column, begins) in &columns {
        sheet.raw(&heading(column, if *begins { "number first" } else { "number" }));
    }
    sheet.raw("</tr></thead>\n<tbody>\n");
    let drawn: Vec<(Vec<Option<f64>>, Vec<String>)> = columns
        .iter()
        .map(|(column, _)| rows.iter().map(|row| row.value(column.name)).collect::<Vec<_>>())
        .map(|values| (ranks(&values), number::column(&values)))
        .collect();
    for (at, row) in rows.iter().enumerate() {
        sheet.raw(&format!("<tr><th scope=\"row\" data-value=\"{0}\">{0}{1}</th>", escape::html(row.name), row.mark));
        for ((column, begins), (shades, texts)) in columns.iter().zip(&drawn) {
            let first = if *begins { " first" } else { "" };
            sheet.raw(&match (row.values.get(column.name), shades[at]) {
                (Some(&(value, spread)), Some(shade)) => {
                    let sd = spread
                        .filter(|spread| spread.is_finite())
                        .map_or(String::new(), |spread| format!(" title=\"± {}\"", number::significant(spread)));
                    shaded_cell(value, shade, &texts[at], first, &sd)
                }
                _ => undefined_cell(first),
            });
        }
        sheet.raw("</tr>\n");
    }
    close(sheet);
    glossary(sheet, families.iter().flat_map(|(_, columns)| columns));
}

/// A number on a ground as dark as `shade`, from 0 to 1, with all its digits for a copy of the table; `class` begins
/// with a space where it is not empty.
pub(crate) fn shaded_cell(value: f64, shade: f64, text: &str, class: &str, attributes: &str) -> String {
    format!("<td class=\"number{class}\" style=\"--shade:{shade:.2}\" data-value=\"{value}\"{attributes}>{text}</td>")
}

/// The cell of a value that is not known.
pub(crate) fn undefined_cell(class: &str) -> String {
    format!("<td class=\"number undefined{class}\" data-value=\"\">{UNDEFINED}</td>")
}

/// Writes the table the other way round, a row for each measure with its meaning: for a few `columns`.
pub(crate) fn measure_table(sheet: &mut Sheet, columns: &[HeatRow], sizes: &[(&str, Vec<String>)], names: &[&str]) {
    open(sheet, "measures");
    sheet.raw("<thead><tr><th scope=\"col\">Measure</th>");
    for column in columns {
        sheet.raw(&format!("<th scope=\"col\" class=\"number\">{}{}</th>", escape::html(column.name), column.mark));
    }
    sheet.raw("</tr></thead>\n<tbody>\n");
    for (size, texts) in sizes {
        sheet.raw(&format!("<tr><th scope=\"row\">{size}</th>"));
        for text in texts {
            sheet.raw(&format!("<td class=\"number\">{}</td>", escape::html(text)));
        }
        sheet.raw("</tr>\n");
    }
    sheet.raw("</tbody>\n");
    for (family, measures) in families::grouped(definitions::ordered(names.iter().copied()), |column| column.name) {
        sheet.raw(&format!(
            "<tbody>\n<tr class=\"family\" data-skip><th scope=\"rowgroup\" colspan=\"{}\">{family}</th></tr>\n",
            columns.len() + 1
        ));
        for measure in measures {
            let values: Vec<Option<f64>> = columns.iter().map(|column| column.value(measure.name)).collect();
            named_row(sheet, measure.name, measure.title, measure.line);
            for (value, text) in values.iter().zip(number::column(&values)) {
                sheet.raw(&value_cell(*value, &text));
            }
            sheet.raw("</tr>\n");
        }
        sheet.raw("</tbody>\n");
    }
    sheet.raw("</table>\n</div>\n</div>\n");
}

/// Opens a table that scrolls by itself and can be copied; [`close`] closes it and its body.
pub(crate) fn open(sheet: &mut Sheet, class: &str) {
    sheet.raw(&format!(
        "<div class=\"tabled\">\n<button type=\"button\" class=\"copy\" hidden>Copy table</button>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Characteristics\">\n<table class=\"{class}\">\n"
    ));
}

pub(crate) fn close(sheet: &mut Sheet) {
    sheet.raw("</tbody>\n</table>\n</div>\n</div>\n");
}

/// The beginning of a row: a title with its meaning below, and the name that a copy of the table has.
pub(crate) fn named_row(sheet: &mut Sheet, name: &str, title: &str, line: &str) {
    let line = if line.is_empty() { String::new() } else { format!("<small>{}</small>", escape::html(line)) };
    sheet.raw(&format!(
        "<tr><th scope=\"row\" data-value=\"{}\"><div class=\"named\"><span>{}</span>{line}</div></th>",
        escape::html(name),
        escape::html(title)
    ));
}

/// A number as it is shown, with all its digits for a copy of the table.
pub(crate) fn value_cell(value: Option<f64>, text: &str) -> String {
    let exact = value.filter(|value| value.is_finite()).map(|value| value.to_string()).unwrap_or_default();
    format!("<td class=\"number\" data-value=\"{exact}\">{}</td>", escape::html(text))
}

/// The columns' meanings, folded.
fn glossary<'a>(sheet: &mut Sheet, columns: impl Iterator<Item = &'a Column<'a>>) {
    sheet.raw("<details class=\"glossary\"><summary>What the columns mean</summary>\n<dl>\n");
    for column in columns.filter(|column| !column.line.is_empty()) {
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

//! The main table of a study: test error, weight, trials and the first characteristics.

use crate::{
    criterion::Criterion,
    definitions::{self, Column},
    escape,
    number::{self, UNDEFINED},
    page::{RegularizerRow, StudyPage},
    sheet::Sheet,
};

/// Writes the table with its legend.
pub(crate) fn write(sheet: &mut Sheet, study: &StudyPage) {
    let measured =
        definitions::MAIN.iter().copied().filter(|name| study.table.iter().any(|row| row.measures.contains_key(*name)));
    let columns = definitions::columns(measured);
    let diverged = study.table.iter().any(|row| row.diverged > 0);
    sheet.raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Results\">\n<table class=\"results\">\n<thead><tr><th scope=\"col\">Regularizer</th><th scope=\"col\" class=\"number\">Weight</th><th scope=\"col\" class=\"number\">");
    sheet.raw(&format!("Test {}</th><th scope=\"col\" class=\"number\">Trials</th>", study.criterion.label()));
    if diverged {
        sheet.raw("<th scope=\"col\" class=\"number\">Diverged</th>");
    }
    for column in &columns {
        sheet.raw(&heading(column, "number"));
    }
    sheet.raw("</tr></thead>\n<tbody>\n");
    let texts: Vec<Vec<String>> = columns.iter().map(|column| column_texts(&study.table, column.name)).collect();
    for (at, row) in study.table.iter().enumerate() {
        let (class, mark) = mark(row);
        sheet.raw(&format!("<tr class=\"{class}\"><th scope=\"row\">{}{mark}</th>", escape::html(&row.regularizer)));
        sheet.raw(&cell(&row.weight.map_or(UNDEFINED.into(), number::weight)));
        sheet.raw(&match row.test_error {
            Some(error) => {
                let (mean, std) = study.criterion.spread(error.mean, error.std);
                format!("<td class=\"number error\">{mean}<span class=\"spread\"> ± {std}</span></td>")
            }
            None => cell(UNDEFINED),
        });
        sheet.raw(&cell(&row.trials.to_string()));
        if diverged {
            sheet.raw(&cell(&row.diverged.to_string()));
        }
        for column in &texts {
            sheet.raw(&cell(&column[at]));
        }
        sheet.raw("</tr>\n");
    }
    let (noun, plural) = match study.criterion {
        Criterion::Error => ("error", "Errors"),
        Criterion::Loss => ("loss", "Losses"),
    };
    sheet.raw(&format!(
        "</tbody>\n</table>\n</div>\n<p class=\"legend\"><span class=\"mark best\">best</span> lowest mean test {noun} \
         <span class=\"mark tied\">≈ best</span> its interval mean ± sd overlaps the best's. {plural}: mean ± sample sd over trials; the rest: means over trials; + over positive values only.</p>\n",
    ));
}

/// The class of a row and the badge after its name.
pub(crate) fn mark(row: &RegularizerRow) -> (&'static str, &'static str) {
    if row.best {
        ("best", " <span class=\"mark best\">best</span>")
    } else if row.tied {
        ("tied", " <span class=\"mark tied\">≈ best</span>")
    } else {
        ("", "")
    }
}

/// A column head that explains itself on hover, focus or tap.
pub(crate) fn heading(column: &Column, class: &str) -> String {
    format!(
        "<th scope=\"col\" class=\"{class}\" data-value=\"{}\">{}</th>",
        escape::html(column.name),
        term(column.title, column.line)
    )
}

/// A title that shows `line` on hover, focus or tap; the title alone where there is none.
pub(crate) fn term(title: &str, line: &str) -> String {
    let title = escape::html(title);
    if line.is_empty() {
        return title;
    }
    format!("<button type=\"button\" class=\"term\" data-tip=\"{}\">{title}</button>", escape::html(line))
}

/// The means of one measure, aligned.
fn column_texts(table: &[RegularizerRow], name: &str) -> Vec<String> {
    let value = |row: &RegularizerRow| row.measures.get(name).copied().flatten().map(|spread| spread.mean);
    number::column(&table.iter().map(value).collect::<Vec<_>>())
}

fn cell(text: &str) -> String {
    format!("<td class=\"number\">{}</td>", escape::html(text))
}

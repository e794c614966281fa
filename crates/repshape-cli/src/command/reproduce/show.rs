//! An item's results as text: on the terminal, in Markdown, as CSV.

use repshape_report::places;

use super::claims::Verdict;
use super::results::{Cell, Results, StudyResult, TableResult, TuningResult};
use crate::output::{Mark, Rows, Text};

/// A number with about four digits.
pub fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        v if !(1e-4..1e6).contains(&v) => format!("{value:.2e}"),
        v => {
            let digits = (3.0 - v.log10().floor()).clamp(0.0, 6.0) as usize;
            let text = format!("{value:.digits$}");
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
        }
    }
}

/// Our number.
pub fn ours(cell: &Cell) -> String {
    match (cell.mean, cell.std) {
        (None, _) if cell.diverged > 0 => format!("{} diverged", cell.diverged),
        (None, _) => "-".to_owned(),
        (Some(mean), None) => short(mean),
        (Some(mean), Some(std)) => spread(mean, std),
    }
}

/// A mean with two digits of its deviation, both to the same place.
pub fn spread(mean: f64, std: f64) -> String {
    match places(std).filter(|&places| places <= 6 && mean.abs() < 1e6) {
        Some(places) => format!("{mean:.places$} ± {std:.places$}"),
        None => format!("{} ± {}", short(mean), short(std)),
    }
}

/// The paper's number, as it is printed there.
pub fn paper(cell: &Cell) -> String {
    let digits = cell.decimals.unwrap_or(0);
    match (cell.paper_mean, cell.paper_std) {
        (None, _) => "-".to_owned(),
        (Some(mean), None) => format!("{mean:.digits$}"),
        (Some(mean), Some(std)) => format!("{mean:.digits$} ± {std:.digits$}"),
    }
}

/// A table with a column of ours and one of the paper for each of its columns.
pub fn table(table: &TableResult) -> Rows {
    let has_paper = |column: usize| table.rows.iter().any(|row| row.cells[column].paper_mean.is_some());
    let mut head = vec![table.head.clone()];
    for (at, column) in table.columns.iter().enumerate() {
        head.push(column.clone());
        if has_paper(at) {
            head.push("paper".to_owned());
        }
    }
    let rows = table.rows.iter().map(|row| {
        let mut cells: Vec<Text> = vec![row.name.as_str().into()];
        for (at, cell) in row.cells.iter().enumerate() {
            let mark = if cell.best {
                Mark::Best
            } else if cell.tied {
                Mark::Tied
            } else {
                Mark::Plain
            };
            let outside = if cell.overlaps_paper == Some(false) { " !" } else { "" };
            cells.push(Text { mark, ..Text::from(ours(cell) + outside) });
            if has_paper(at) {
                cells.push(paper(cell).into());
            }
        }
        cells
    });
    Rows { rows: rows.collect(), head, notes: Vec::new() }
}

/// The claims, one a line.
pub fn claims(results: &Results) -> Rows {
    let p = |p: Option<f64>| {
        p.map_or_else(|| "-".to_owned(), |p| if p < 1e-4 { "< 0.0001".to_owned() } else { format!("{p:.4}") })
    };
    Rows {
        head: ["claim", "verdict", "p", "p (Holm)", "found"].map(String::from).to_vec(),
        rows: results
            .claims
            .iter()
            .map(|one| {
                let mark = if one.verdict == Verdict::Holds { Mark::Best } else { Mark::Plain };
                vec![
                    one.claim.as_str().into(),
                    Text { mark, ..one.verdict.words().into() },
                    p(one.p).into(),
                    p(one.p_holm).into(),
                    one.found.as_str().into(),
                ]
            })
            .collect(),
        notes: Vec::new(),
    }
}

/// What each weight gave over validation rows, one regularizer a line.
fn tuning(study: &StudyResult) -> Rows {
    let mut weights: Vec<f64> = study.tuning.iter().flat_map(|row| row.weights.iter().map(|w| w.weight)).collect();
    weights.sort_by(f64::total_cmp);
    weights.dedup();
    let mut head = vec!["regularizer".to_owned()];
    head.extend(weights.iter().map(ToString::to_string));
    let cell = |row: &TuningResult, weight: f64| -> Text {
        let Some(tried) = row.weights.iter().find(|tried| tried.weight == weight) else {
            return "".into();
        };
        let text = match (tried.validation_error, tried.validation_error_std) {
            (None, _) => "diverged".to_owned(),
            (Some(mean), None) => short(mean),
            (Some(mean), Some(std)) => spread(mean, std),
        };
        Text { mark: if row.chosen == Some(weight) { Mark::Best } else { Mark::Plain }, ..text.into() }
    };
    let rows = study.tuning.iter().map(|row| {
        let cells = weights.iter().map(|&weight| cell(row, weight));
        std::iter::once(row.regularizer.as_str().into()).chain(cells).collect()
    });
    Rows { rows: rows.collect(), head, notes: Vec::new() }
}

/// Every number of every table, one a line.
pub fn numbers(results: &Results) -> Rows {
    let head = [
        "table",
        "row",
        "column",
        "mean",
        "std",
        "n",
        "low",
        "high",
        "diverged",
        "weight",
        "paper_mean",
        "paper_std",
        "overlaps_paper",
    ];
    let mut rows = Vec::new();
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    for table in &results.tables {
        for row in &table.rows {
            for (column, cell) in table.columns.iter().zip(&row.cells) {
                let weights: Vec<String> = cell.weights.iter().map(ToString::to_string).collect();
                rows.push(vec![
                    table.title.as_str().into(),
                    row.name.as_str().into(),
                    column.as_str().into(),
                    number(cell.mean).into(),
                    number(cell.std).into(),
                    cell.n.to_string().into(),
                    number(cell.interval.map(|[low, _]| low)).into(),
                    number(cell.interval.map(|[_, high]| high)).into(),
                    cell.diverged.to_string().into(),
                    weights.join(" ").into(),
                    number(cell.paper_mean).into(),
                    number(cell.paper_std).into(),
                    cell.overlaps_paper.map_or_else(String::new, |is| is.to_string()).into(),
                ]);
            }
        }
    }
    Rows { head: head.map(String::from).to_vec(), rows, notes: Vec::new() }
}

/// The page `results.md`; `figures` are files beside it.
pub fn markdown(results: &Results, figures: &[String], made: &[String]) -> String {
    let mut text = format!("# {}: {}\n\n{}, {}\n", results.item, results.shows, results.paper, results.place);
    for one in &results.tables {
        text.push_str(&format!("\n## {}\n\n{}", one.title, markdown_table(&table(one))));
        let weights = weights(one);
        if !weights.is_empty() {
            text.push_str(&format!("\nWeights: {weights}.\n"));
        }
    }
    if results.tables.iter().any(|table| table.rows.iter().flat_map(|row| &row.cells).any(|cell| cell.best)) {
        text.push_str("\nBold: best of its column; ~: its mean ± sd overlaps the best's.\n");
    }
    if !results.claims.is_empty() {
        text.push_str("\n## Claims\n\n");
        text.push_str(&markdown_table(&claims(results)));
    }
    for figure in figures {
        text.push_str(&format!("\n![{figure}]({figure})\n"));
    }
    for (heading, lines) in [("Protocol", &results.protocol), ("Notes", &results.notes)] {
        if !lines.is_empty() {
            text.push_str(&format!("\n## {heading}\n\n"));
            lines.iter().for_each(|line| text.push_str(&format!("- {line}\n")));
        }
    }
    for study in results.studies.iter().filter(|study| !study.tuning.is_empty()) {
        let (name, criterion) = (&study.name, &study.criterion);
        text.push_str(&format!(
            "\n## Choice of weights in {name}\n\nValidation {criterion} at each weight; bold: chosen.\n\n"
        ));
        text.push_str(&markdown_table(&tuning(study)));
    }
    text.push_str("\n## Studies\n\n| study | data | runs | training time |\n|---|---|---|---|\n");
    for study in &results.studies {
        text.push_str(&format!("| {} | {} | {} | {:.0} s |\n", study.name, study.data, study.runs, study.seconds));
    }
    if !made.is_empty() {
        text.push('\n');
        made.iter().for_each(|line| text.push_str(&format!("{line}  \n")));
    }
    text
}

/// The weights that the first column's rows ran with.
fn weights(table: &TableResult) -> String {
    let of = |at: usize| {
        let rows = table.rows.iter().filter_map(|row| match row.cells[at].weights[..] {
            // a row of a sweep is named by its weight
            [weight] if !row.name.contains(&weight.to_string()) => Some(format!("{} {weight}", row.name)),
            _ => None,
        });
        rows.collect::<Vec<_>>().join(", ")
    };
    let columns: Vec<String> = (0..table.columns.len()).map(of).collect();
    match columns.first() {
        Some(first) if columns.iter().all(|column| column == first) => first.clone(),
        _ => {
            let named = table.columns.iter().zip(&columns).filter(|(_, weights)| !weights.is_empty());
            named.map(|(name, weights)| format!("{name}: {weights}")).collect::<Vec<_>>().join("; ")
        }
    }
}

/// A table of Markdown.
pub fn markdown_table(rows: &Rows) -> String {
    let escaped = |text: &str| text.replace('|', "\\|");
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(rows.head.iter().map(|head| escaped(head)).collect());
    text.push_str(&line(vec!["---".to_owned(); rows.head.len()]));
    for row in &rows.rows {
        text.push_str(&line(
            row.iter()
                .map(|cell| match cell.mark {
                    Mark::Plain => escaped(&cell.text),
                    Mark::Best => format!("**{}**", escaped(&cell.text)),
                    Mark::Tied => format!("{} ~", escaped(&cell.text)),
                })
                .collect(),
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{short, spread};

    #[test]
    fn a_mean_has_the_places_of_its_deviation() {
        let shown = [(2.1304, 0.42741), (0.31561, 0.011_17), (19.78, 12.3), (3.0, 0.0), (4.69e-7, 1.2e-6)];
        let shown = shown.map(|(mean, std)| spread(mean, std));
        assert_eq!(shown, ["2.13 ± 0.43", "0.316 ± 0.011", "20 ± 12", "3 ± 0", "4.69e-7 ± 1.20e-6"]);
    }

    #[test]
    fn numbers_have_about_four_digits() {
        let shown = [0.0, 0.014, 2.3456789, 123.456, 12345.6, 1.5e-7, 2e9, -0.5].map(short);
        assert_eq!(shown, ["0", "0.014", "2.346", "123.5", "12346", "1.50e-7", "2.00e9", "-0.5"]);
    }
}

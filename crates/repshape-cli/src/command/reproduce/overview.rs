//! All items on three pages: what there is, every claim, every number that is outside the paper's.

use super::claims::Verdict::{DoesNotHold, Holds, Undecided};
use super::results::{Results, how_tested, overlaps};
use super::show::{claims, markdown_table, ours, paper};
use crate::output::Rows;
use crate::spec::Item;

/// The page `reproductions.md`: a line for each item; `None` has no finished study. `made` says when and by what.
pub fn index(items: &[(&str, Item, Option<Results>)], made: &[String]) -> String {
    let mut rows = Vec::new();
    for (name, item, results) in items {
        let place = format!("{}, {}", item.paper, item.place);
        let [linked, inside, verdicts] = match results {
            None => [(*name).to_owned(), "not run".to_owned(), String::new()],
            Some(results) => {
                let (inside, compared) = overlaps(&results.tables);
                let count = |verdict| results.claims.iter().filter(|claim| claim.verdict == verdict).count();
                let verdicts = format!("{}, {}, {}", count(Holds), count(DoesNotHold), count(Undecided));
                [link(name), format!("{inside} of {compared}"), verdicts]
            }
        };
        rows.push([linked, place, item.shows.clone(), inside, verdicts].map(Into::into).to_vec());
    }
    let head =
        ["item", "paper", "shows", "numbers that overlap the paper's", "claims that hold, do not hold, undecided"];
    let table = Rows { head: head.map(String::from).to_vec(), rows, notes: Vec::new() };
    let mut text = String::from(
        "# The papers' tables and figures, reproduced\n\n\
         Written by `repshape reproduce --collect`; every number is of a study that `repshape reproduce ITEM` runs again.\n\
         [Every claim](claims.md) and [every number outside the paper's](differences.md) on a page of their own.\n\n",
    );
    made.iter().for_each(|line| text.push_str(&format!("{line}  \n")));
    text + "\n" + &markdown_table(&table)
}

/// The page `claims.md`: every claim of every item with its verdict.
pub fn all_claims<'a>(all: impl Iterator<Item = &'a Results>) -> String {
    let mut text = format!("# What the papers say, tested\n\nClaims: {}.\n", how_tested());
    for results in all.filter(|results| !results.claims.is_empty()) {
        text.push_str(&heading(results));
        text.push_str(&markdown_table(&claims(results)));
    }
    text
}

/// The page `differences.md`: every number whose mean ± sd does not overlap the paper's; `explained` is a page beside it
/// that says why.
pub fn differences<'a>(all: impl Iterator<Item = &'a Results>, explained: Option<&str>) -> String {
    let mut text = String::from(
        "# Numbers outside the paper's\n\n\
         Those whose mean ± sd has no point in common with the paper's, widened by its rounding.\n",
    );
    if let Some(page) = explained {
        text.push_str(&format!("[Why, and what was tried]({page}).\n"));
    }
    for results in all {
        let mut rows = Vec::new();
        for table in &results.tables {
            for row in &table.rows {
                for (column, cell) in table.columns.iter().zip(&row.cells) {
                    if cell.overlaps_paper == Some(false) {
                        rows.push([row.name.clone(), column.clone(), ours(cell), paper(cell)].map(Into::into).to_vec());
                    }
                }
            }
        }
        if !rows.is_empty() {
            let (_, compared) = overlaps(&results.tables);
            text.push_str(&heading(results));
            text.push_str(&format!("{} of {compared}:\n\n", rows.len()));
            let head = ["row", "column", "ours", "paper"].map(String::from).to_vec();
            text.push_str(&markdown_table(&Rows { head, rows, notes: Vec::new() }));
        }
    }
    text
}

fn link(item: &str) -> String {
    format!("[{item}]({item}/results.md)")
}

fn heading(results: &Results) -> String {
    let small = if results.smoke { " **A smoke run: its numbers mean nothing.**" } else { "" };
    format!("\n## {}\n\n{}, {}: {}.{small}\n\n", link(&results.item), results.paper, results.place, results.shows)
}

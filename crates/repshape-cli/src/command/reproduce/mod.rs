//! `repshape reproduce`: the papers' tables and figures, and whether what the papers say holds.

mod catalog;
mod claims;
mod collect;
mod draw;
mod list;
mod overview;
mod results;
mod run;
mod show;
mod trials;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use repshape_report::{Page, render};
use repshape_study::Store;

use self::catalog::{item, smoke_studies, studies};
use self::results::{Results, results};
use self::trials::Trials;
use super::study;
use crate::cli::{Format, Global, ReproduceArgs};
use crate::failure::{Failure, Outcome};
use crate::output::{csv, draw_table, emit, format, tell, to_json, write_file};
use crate::spec::{Item, SharedStudy};

/// Runs the command.
pub fn run(args: &ReproduceArgs, global: &Global) -> Outcome {
    let name = if args.smoke { "reproduce-smoke" } else { "reproduce" };
    let out = args.out.clone().unwrap_or_else(|| Path::new("repshape-runs").join(name));
    if let (true, Some(folder)) = (args.collect, &args.results) {
        return collect::collect(&out, folder, args, global);
    }
    let Some(name) = &args.item else {
        return list::list(&out, args, global);
    };
    let item = item(name)?;
    let planned = planned(&item, args)?;
    if let Some(unread) =
        args.data.iter().find(|data| !planned.iter().any(|s| s.recipe.training.data.name() == data.name()))
    {
        let read: BTreeSet<&str> = planned.iter().map(|study| study.recipe.training.data.name()).collect();
        let read: Vec<&str> = read.into_iter().collect();
        return Err(Failure::usage(format!("--data {unread}: {name} reads {}", read.join(", "))));
    }
    let mut stores = Vec::new();
    let mut trials = Vec::new();
    for study in planned {
        let store = run::finished(&study, &out, args, global)?;
        trials.push(Trials::read(&study, &store)?);
        stores.push(store);
    }
    let results = results(name, &item, &trials, args.smoke);
    let folder = out.join(name);
    write(&results, &item, &trials, &stores, &folder, &[])?;
    write_report(&stores, &trials, &folder)?;
    print(&results, global)?;
    tell(global, &format!("results: {}", folder.join("results.md").display()));
    Ok(())
}

/// The studies of an item, in the size asked for.
fn planned(item: &Item, args: &ReproduceArgs) -> Outcome<Vec<SharedStudy>> {
    if args.smoke { smoke_studies(item, &args.data) } else { studies(item) }
}

/// Tables, claims and figures of an item as files; returns those of the figures.
fn write(
    results: &Results,
    item: &Item,
    trials: &[Trials],
    stores: &[Store],
    folder: &Path,
    made: &[String],
) -> Outcome<Vec<PathBuf>> {
    std::fs::create_dir_all(folder).map_err(|error| Failure::usage(format!("{}: {error}", folder.display())))?;
    let figures = draw::figures(item, trials, stores, folder)?;
    let names: Vec<String> =
        figures.iter().filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())).collect();
    write_file(&folder.join("results.json"), to_json(results)?.as_bytes())?;
    write_file(&folder.join("results.csv"), csv(&show::numbers(results)).as_bytes())?;
    write_file(&folder.join("results.md"), show::markdown(results, &names, made).as_bytes())?;
    Ok(figures)
}

/// Most panels of pictures of a report, about 300 kB each: a sweep has hundreds.
const MOST_PANELS: usize = 40;

/// One page with every study of an item; without pictures where there would be too many.
fn write_report(stores: &[Store], trials: &[Trials], folder: &Path) -> Outcome {
    let pages = stores.iter().zip(trials).map(|(store, trials)| study::page(store, &trials.table));
    let mut pages = pages.collect::<Outcome<Vec<_>>>()?;
    if pages.iter().map(|page| page.panels.len()).sum::<usize>() > MOST_PANELS {
        for (page, store) in pages.iter_mut().zip(stores) {
            page.panels.clear();
            page.notes.push(format!("pictures: repshape report {}", store.root().display()));
        }
    }
    let pages: Vec<Page> = pages.into_iter().map(Page::Study).collect();
    write_file(&folder.join("report.html"), render(&pages).as_bytes())
}

fn print(results: &Results, global: &Global) -> Outcome {
    let text = match format(global) {
        Format::Json => to_json(results)?,
        Format::Csv => csv(&show::numbers(results)),
        Format::Table => {
            let styled = global.output.is_none();
            let mut text = format!("{}, {}: {}\n", results.paper, results.place, results.shows);
            for table in &results.tables {
                text.push_str(&format!("\n{}\n{}", table.title, draw_table(&show::table(table), styled)));
            }
            if !results.claims.is_empty() {
                text.push_str(&format!("\n{}", draw_table(&show::claims(results), styled)));
            }
            text.push('\n');
            results.notes.iter().for_each(|note| text.push_str(&format!("{note}\n")));
            text
        }
    };
    emit(global, &text)
}

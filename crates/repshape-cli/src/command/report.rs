//! `repshape report`: one self-contained page from finished runs, studies and measurements.

use std::path::Path;

use repshape_report::{MeasurementPage, Page, figures, render};
use repshape_stats::Measurement;
use repshape_study::{Access, Store, collect_partial};

use super::study;
use crate::cli::{Global, ReportArgs};
use crate::failure::{Failure, Outcome};
use crate::output::{tell, write_file};
use crate::pages::{how, measured};

/// Runs the command.
pub fn run(args: &ReportArgs, global: &Global) -> Outcome {
    let pages = args.runs.iter().map(|run| page(run)).collect::<Outcome<Vec<_>>>()?;
    write_file(&args.out, render(&pages).as_bytes())?;
    tell(global, &format!("wrote {}", args.out.display()));
    if let Some(folder) = &args.figures {
        let mut count = 0;
        for (number, page) in pages.iter().enumerate() {
            let folder = if pages.len() == 1 { folder.clone() } else { folder.join((number + 1).to_string()) };
            count += figures(page, &folder).map_err(Failure::usage)?.len();
        }
        tell(global, &format!("wrote {count} figures to {}", folder.display()));
    }
    Ok(())
}

fn page(path: &Path) -> Outcome<Page> {
    let shown = path.display();
    if path.join("manifest.jsonl").is_file() {
        let store = Store::open(path, Access::Read)?;
        let table = collect_partial(&store)?;
        return study::page(&store, &table).map(Page::Study);
    }
    let stored = path.join("page.json");
    if stored.is_file() {
        return parse(&stored);
    }
    if path.is_dir() {
        return Err(Failure::usage(format!(
            "{shown}: no finished run or study (neither page.json nor manifest.jsonl); expected a folder of repshape shape or study"
        )));
    }
    let measurements: Vec<Measurement> = match parse::<OneOrMany>(path)? {
        OneOrMany::One(one) => vec![*one],
        OneOrMany::Many(many) => many,
    };
    Ok(Page::Measurement(MeasurementPage {
        title: "Measurements".to_owned(),
        subtitle: shown.to_string(),
        measured: measurements.iter().map(|m| measured(m, None)).collect(),
        how: how(),
        notes: Vec::new(),
    }))
}

/// `repshape measure --format json` prints an object for one input, an array for several.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(Box<Measurement>),
    Many(Vec<Measurement>),
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path) -> Outcome<T> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::usage(format!(
            "{}: {error}; expected what repshape measure --format json prints, or a folder of repshape shape or study",
            path.display()
        ))
    })
}

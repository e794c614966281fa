//! `repshape data`: what is known, what is in one, where to get one.

mod fetch;
mod get;
mod part;
mod remote;
#[cfg(test)]
#[path = "../../../tests/cli/server.rs"]
mod server;
#[cfg(test)]
mod tests;
mod there;
mod transfer;
mod unpack;

use repshape_data::{DataSet, DataSpec, PartSummary, SOURCES, SearchFolder, load, summary};
use serde_json::json;

use crate::cli::{DataAction, DataArgs, Global};
use crate::failure::Outcome;
use crate::output::{Rows, print};

pub use get::mirror;
pub use remote::{RemoteSet, remote_set};

/// Runs the command.
pub fn run(args: &DataArgs, global: &Global) -> Outcome {
    match &args.action {
        DataAction::List => list(global),
        DataAction::Show { data } => show(data, global),
        DataAction::Get { set, mirrors, out } => get::run(set, mirrors, out.as_deref(), global),
    }
}

/// Reads a data set, looking in `$REPSHAPE_DATA` and the user's data folder.
pub fn read(spec: &DataSpec) -> Outcome<DataSet> {
    Ok(load(spec, &folders())?)
}

/// The folders that hold data sets in folders of their names, in the order in which they are tried.
fn folders() -> [SearchFolder; 2] {
    let home = std::env::var_os("HOME").map(std::path::PathBuf::from);
    let user = std::env::var_os("XDG_DATA_HOME")
        .map(std::path::PathBuf::from)
        .or_else(|| home.map(|home| home.join(".local/share")))
        .map(|folder| folder.join("repshape"));
    [
        SearchFolder { label: "$REPSHAPE_DATA".to_owned(), path: std::env::var_os("REPSHAPE_DATA").map(Into::into) },
        SearchFolder { label: "the user's data folder".to_owned(), path: user },
    ]
}

fn list(global: &Global) -> Outcome {
    let json: Vec<_> = SOURCES
        .iter()
        .map(|s| json!({"name": s.name, "form": s.form, "what": s.what, "licence": s.licence, "origin": s.origin}))
        .collect();
    print(global, &json!({"schema": "repshape.data-list/1", "data": json}), || Rows {
        head: ["data", "what", "licence"].map(String::from).to_vec(),
        rows: SOURCES.iter().map(|s| vec![s.form.into(), s.what.into(), s.licence.into()]).collect(),
        notes: vec!["Without a path, $REPSHAPE_DATA/NAME and the user's data folder are tried.".to_owned()],
    })
}

fn show(spec: &DataSpec, global: &Global) -> Outcome {
    let set = read(spec)?;
    let summary = summary(&set);
    let mut json = json!(summary);
    json["schema"] = json!("repshape.data/1");
    print(global, &json, || {
        let mut head = vec!["part".to_owned(), "rows".to_owned(), "values".to_owned()];
        let names = |k: usize| {
            summary.class_names.as_ref().and_then(|names| names.get(k).cloned()).unwrap_or_else(|| k.to_string())
        };
        head.extend((0..summary.classes.unwrap_or(0)).map(|k| format!("class {}", names(k))));
        let row = |name: &str, part: &PartSummary| {
            let mut row =
                vec![name.into(), part.rows.to_string().into(), format!("{} to {}", part.minimum, part.maximum).into()];
            row.extend(part.class_counts.iter().map(|count| count.to_string().into()));
            row
        };
        let shape: Vec<String> = summary.row_shape.iter().map(ToString::to_string).collect();
        let mut notes = vec![format!("{}: rows of {} = {} columns", summary.name, shape.join(" x "), summary.columns)];
        notes.extend(summary.notes.clone());
        Rows { head, rows: vec![row("training", &summary.train), row("test", &summary.test)], notes }
    })
}

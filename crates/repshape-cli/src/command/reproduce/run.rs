//! The studies of an item: planned where they are new, gone on with where they are not finished.

use std::path::{Path, PathBuf};

use repshape_study::{Access, Chunking, Manifest, Store, StudySpec, status};

use crate::cli::{Global, ReproduceArgs};
use crate::command::{data, study};
use crate::experiment::Study;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::tell;
use crate::rows::split;
use crate::spec::SharedStudy;

/// Rows that a data set must have for its smoke run to take fewer.
const FEW_ROWS: usize = 400;

/// Where a study lies.
pub fn folder(out: &Path, study: &SharedStudy) -> PathBuf {
    out.join("studies").join(&study.name)
}

/// The finished store of a study; runs what is missing.
pub fn finished(study: &SharedStudy, out: &Path, args: &ReproduceArgs, global: &Global) -> Outcome<Store> {
    let path = folder(out, study);
    let named = args.data.iter().find(|data| data.name() == study.recipe.training.data.name());
    if let Some(store) = existing(study, out)? {
        let counts = status(&store).all;
        match counts.done == counts.total {
            // data that is named must be what the study was run on
            true if named.is_none() => return Ok(store),
            false if !args.resume => {
                return Err(Failure::usage(format!(
                    "{}: {} of {} runs are done; go on with --resume",
                    path.display(),
                    counts.done,
                    counts.total
                )));
            }
            _ => {}
        }
    }
    let mut recipe = study.recipe.clone();
    // where the files lie is no part of what is studied: the fingerprint of the rows is
    let set = data::read(named.unwrap_or(&recipe.training.data))?;
    if args.smoke && set.train_rows() < FEW_ROWS {
        recipe.training.train_rows = None;
    }
    let (tuning, test) = split(&recipe.training, &set)?;
    drop(set);
    let manifest = Manifest::plan(&study::planned(&recipe, &tuning, &test)?, Chunking::Runs(1))?;
    let store = Store::plan_or_open(&path, &manifest)?;
    let counts = status(&store).all;
    if counts.done == counts.total {
        return Ok(store);
    }
    tell(global, &format!("study {}", study.name));
    let experiment = Study { places: recipe.places(), run: recipe.training, tuning, test };
    study::work(&store, &experiment, args.workers, global).map_err(|failure| Failure {
        message: failure.message.split("; go on with").next().unwrap_or_default().to_owned()
            + &format!(" ({}); the same command with --resume goes on", path.display()),
        ..failure
    })?;
    Ok(store)
}

/// A study that is there already, complete or not.
pub fn existing(study: &SharedStudy, out: &Path) -> Outcome<Option<Store>> {
    let path = folder(out, study);
    if !path.join("manifest.jsonl").is_file() {
        return Ok(None);
    }
    let store = Store::open(&path, Access::Read)?;
    same_study(study, &store)?;
    Ok(Some(store))
}

/// Refuses a store that is of another spec than the study's, without looking at the data.
fn same_study(study: &SharedStudy, store: &Store) -> Outcome {
    let found = store.manifest().spec();
    let training = &found.training;
    let fingerprint = training["data-fingerprint"].as_str().unwrap_or_default();
    let rows = training["test-rows"].as_u64().unwrap_or_default();
    let expected = study.recipe.study(fingerprint, rows as usize)?;
    let comparable = |spec: &StudySpec| {
        let mut training = spec.training.clone();
        // a small set's smoke run takes all of its rows
        if let Some(run) = training["run"].as_object_mut().filter(|run| run.get("train-rows").is_none_or(|n| n == 300))
        {
            run.remove("train-rows");
        }
        (training, spec.regularizers.clone(), spec.tuning_runs, spec.trials, spec.seed)
    };
    if comparable(found) == comparable(&expected) {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Mismatch,
        format!("{}: holds another study than {} is now; choose another --out", store.root().display(), study.name),
    ))
}

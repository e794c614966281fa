//! `repshape study`: a set of regularizers, tuned, repeated, compared, reported.

use std::path::Path;
use std::time::Instant;

use repshape::burn::tensor::Device;
use repshape_data::{Examples, Test, Tuning};
use repshape_report::{Criterion, Page, StudyPage, render};
use repshape_study::{
    Access, Chunking, Error, Local, Manifest, Observer, Record, Stage, Store, StudyTable, Trial, collect,
    collect_partial, resume, run_task, status,
};
use serde_json::{Value, json};

use super::shape::override_training;
use crate::cli::{Global, PlanArgs, StudyArgs, StudyStep};
use crate::experiment::Study;
use crate::failure::{Exit, Failure, Outcome};
use crate::interrupt;
use crate::output::{Rows, print, tell, write_file};
use crate::pages::{how, study_page};
use crate::progress::Progress;
use crate::rows::rows;
use crate::run_folder::folder_for;
use crate::spec::{Places, Recipe, RunSpec, recipe};
use crate::study_table::{criterion, table as table_of};
use crate::training::Setup;

/// Runs the command.
pub fn run(args: &StudyArgs, global: &Global) -> Outcome {
    match &args.step {
        None => main_job(args, global),
        Some(StudyStep::Plan { plan, out, chunk }) => self::plan(plan, out, chunk, global),
        Some(StudyStep::RunTask { study, chunk_id, from_env }) => task(study, *chunk_id, *from_env, global),
        Some(StudyStep::Status { study }) => show_status(study, global),
        Some(StudyStep::Resume { study, workers }) => {
            let store = Store::open(study, Access::Exclusive)?;
            let experiment = experiment(&store)?;
            work(&store, &experiment, *workers, global)?;
            finish(&store, global)
        }
        Some(StudyStep::Collect { study, partial }) => {
            let store = Store::open(study, Access::Read)?;
            let table = if *partial { collect_partial(&store)? } else { collect(&store)? };
            write_report(&store, &table)?;
            print(global, &table, || table_of(&table, &store))
        }
    }
}

/// Plan, run, collect, report: all of it.
fn main_job(args: &StudyArgs, global: &Global) -> Outcome {
    let recipe = resolve(&args.plan, global)?;
    let (tuning, test) = rows(&recipe.training)?;
    let manifest = Manifest::plan(&planned(&recipe, &tuning, &test)?, Chunking::Runs(1))?;
    let path = folder_for(args.out.out.as_deref(), &recipe.name, args.out.resume);
    let store = if args.out.resume { Store::plan_or_open(&path, &manifest)? } else { Store::plan(&path, &manifest)? };
    let experiment = Study { places: recipe.places(), run: recipe.training, tuning, test };
    work(&store, &experiment, args.workers, global)?;
    finish(&store, global)
}

/// The recipe with the flags' changes.
fn resolve(args: &PlanArgs, global: &Global) -> Outcome<Recipe> {
    let embedded = match &args.overrides.data {
        // other data has the papers' protocol; digits has settings of its own
        Some(data) if data.name() != "digits" => "mnist",
        _ => "digits",
    };
    let mut recipe = recipe(args.recipe.as_deref().unwrap_or(embedded))?;
    if args.recipe.is_none()
        && let Some(data) = &args.overrides.data
    {
        data.name().clone_into(&mut recipe.name);
    }
    if !args.set.is_empty() {
        recipe.set.clone_from(&args.set);
    }
    recipe.trials = args.trials.unwrap_or(recipe.trials);
    recipe.tuning_runs = args.tuning_runs.or(recipe.tuning_runs);
    if let Some(seed) = global.seed {
        (recipe.seed, recipe.training.split_seed) = (seed, seed);
    }
    override_training(&mut recipe.training, &args.overrides);
    match &args.site {
        Some(site) => recipe.site.clone_from(site),
        // another network has another last layer
        None if args.overrides.network.is_some() => recipe.site = recipe.training.network.last_hidden_site(),
        None => {}
    }
    Ok(if args.smoke { recipe.smoke() } else { recipe })
}

/// The study's spec; whatever a run could refuse is refused here, before anything is written.
pub fn planned(recipe: &Recipe, tuning: &Tuning, test: &Test) -> Outcome<repshape_study::StudySpec> {
    let spec = recipe.study(&fingerprint(tuning, test), test.rows())?;
    let places = recipe.places();
    for regularizer in &spec.regularizers {
        let mut run = recipe.training.clone();
        places.add(&mut run, &regularizer.name, regularizer.weights.first().copied())?;
        Setup::new(&run, &tuning.train, &Device::flex())?;
    }
    // a network that is not trained can be measured, not tuned
    let tuned = spec.regularizers.iter().any(repshape_study::Regularizer::is_tuned);
    if tuned && recipe.training.epochs == 0 {
        return Err(Failure::usage("epochs is 0; choosing weights needs at least one"));
    }
    if tuned && tuning.validation.rows() == 0 {
        return Err(Failure::usage("validation = 0: weights are chosen by validation error, which needs rows"));
    }
    spec.check()?;
    Ok(spec)
}

/// A hash of all rows and labels, so that a study goes on with the data it was planned on.
fn fingerprint(tuning: &Tuning, test: &Test) -> String {
    let mut hasher = blake3::Hasher::new();
    let parts: [&Examples; 3] = [&tuning.train, &tuning.validation, test];
    for part in parts {
        hasher.update(&(part.rows() as u64).to_le_bytes());
        let values: Vec<u8> = part.values().iter().flat_map(|v| v.to_le_bytes()).collect();
        hasher.update(&values);
        let labels: Vec<u8> = part.labels().into_iter().flatten().flat_map(|l| l.to_le_bytes()).collect();
        hasher.update(&labels);
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

/// What a planned study runs, read back from its manifest.
fn experiment(store: &Store) -> Outcome<Study> {
    let training = &store.manifest().spec().training;
    let mismatch = |what: String| Failure::new(Exit::Mismatch, format!("{}: {what}", store.root().display()));
    let run: RunSpec = serde::Deserialize::deserialize(&training["run"])
        .map_err(|error| mismatch(format!("the manifest's training is not of this version ({error})")))?;
    let places: Places = serde::Deserialize::deserialize(training)
        .map_err(|error| mismatch(format!("the manifest's sites are not of this version ({error})")))?;
    let (tuning, test) = rows(&run)?;
    if training["data-fingerprint"] != json!(fingerprint(&tuning, &test)) {
        return Err(mismatch(format!("data {} is not what the study was planned on", run.data)));
    }
    Ok(Study { run, places, tuning, test })
}

fn plan(args: &PlanArgs, out: &Path, chunk: &str, global: &Global) -> Outcome {
    let recipe = resolve(args, global)?;
    let (tuning, test) = rows(&recipe.training)?;
    let spec = planned(&recipe, &tuning, &test)?;
    let chunking = match chunk.parse() {
        Ok(runs) => Chunking::Runs(runs),
        Err(_) if chunk == "auto" => Chunking::Auto { run_seconds: estimate(&recipe.training, &tuning)? },
        Err(_) => {
            return Err(Failure::usage(format!("--chunk \"{chunk}\": expected auto or a number of runs from 1")));
        }
    };
    let manifest = Manifest::plan(&spec, chunking)?;
    let store = Store::plan(out, &manifest)?;
    let (runs, chunks) = (store.manifest().runs().len(), store.manifest().chunks());
    let json = json!({"schema": "repshape.plan/1", "runs": runs, "chunks": chunks, "out": out.display().to_string()});
    print(global, &json, || Rows {
        head: ["study", "runs", "chunks"].map(String::from).to_vec(),
        rows: vec![vec![out.display().to_string().into(), runs.to_string().into(), chunks.to_string().into()]],
        notes: vec![format!("next: repshape study resume {}", out.display())],
    })
}

/// Seconds of one run, from one epoch's.
fn estimate(run: &RunSpec, tuning: &Tuning) -> Outcome<f64> {
    let mut once = run.clone();
    once.epochs = 1;
    let setup = Setup::new(&once, &tuning.train, &Device::flex())?;
    let start = Instant::now();
    setup.fit(setup.start(), &tuning.train, &tuning.validation, &mut |_: &_| repshape::fit::Flow::Continue)?;
    Ok(start.elapsed().as_secs_f64() * run.epochs as f64)
}

fn task(path: &Path, chunk: Option<u32>, from_env: bool, global: &Global) -> Outcome {
    let chunk = match chunk {
        Some(chunk) => chunk,
        None if from_env => chunk_from_env()?,
        None => return Err(Failure::usage("expected --chunk-id I or --from-env")),
    };
    let store = Store::open(path, Access::Shared)?;
    store.check_manifest()?;
    let experiment = experiment(&store)?;
    let runs = store.manifest().runs().iter().filter(|run| run.chunk == chunk).count();
    let watch = Watch::new(&store, global, runs as u64, 0);
    let tally = run_task(&store, chunk, &host(), &experiment, &watch, interrupt::flag());
    watch.progress.finish();
    let tally = tally?;
    tell(global, &format!("chunk {chunk}: {} done now, {} before", tally.committed, tally.skipped));
    Ok(())
}

fn chunk_from_env() -> Outcome<u32> {
    let names = ["SLURM_ARRAY_TASK_ID", "HQ_TASK_ID"];
    let (name, text) = names
        .iter()
        .find_map(|name| std::env::var(name).ok().map(|text| (name, text)))
        .ok_or_else(|| Failure::usage(format!("--from-env: neither {} is set", names.join(" nor "))))?;
    text.parse().map_err(|_| Failure::usage(format!("{name}=\"{text}\": expected the number of a chunk")))
}

fn show_status(path: &Path, global: &Global) -> Outcome {
    let store = Store::open(path, Access::Read)?;
    let status = status(&store);
    let mut json = json!(status);
    json["schema"] = json!("repshape.status/1");
    print(global, &json, || {
        let row = |name: &str, c: &repshape_study::Counts| {
            let counts = [c.total, c.done, c.failed, c.missing];
            std::iter::once(name.into()).chain(counts.map(|n| n.to_string().into())).collect()
        };
        let mut rows = vec![row("all", &status.all), row("tune", &status.tune), row("trial", &status.trial)];
        rows.extend(status.regularizers.iter().map(|(name, counts)| row(name, counts)));
        let head = ["runs", "planned", "done", "failed", "missing"].map(String::from).to_vec();
        Rows { head, rows, notes: Vec::new() }
    })?;
    if status.all.failed > 0 {
        return Err(Failure::new(Exit::Failed, format!("{} runs failed", status.all.failed)));
    }
    if status.all.missing > 0 {
        return Err(Failure::new(Exit::Incomplete, format!("{} runs are missing", status.all.missing)));
    }
    Ok(())
}

/// Runs what is missing, on worker threads: they share the data, and took the processor time of
/// processes (benches/peers/RESULTS.md).
pub fn work(store: &Store, experiment: &Study, workers: Option<u16>, global: &Global) -> Outcome {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let workers = workers.or(global.threads).map_or(cores, usize::from);
    let counts = status(store).all;
    let watch = Watch::new(store, global, counts.total as u64, counts.done as u64);
    let local = Local { workers, host: host(), experiment, observer: &watch, cancel: interrupt::flag() };
    let outcome = resume(store, &local);
    watch.progress.finish();
    match outcome {
        Ok(_) => Ok(()),
        Err(error @ Error::Interrupted) => {
            let mut failure = Failure::from(error);
            let root = store.root().display();
            failure.message = format!("{}; go on with: repshape study resume {root}", failure.message);
            Err(failure)
        }
        Err(error) => Err(error.into()),
    }
}

fn finish(store: &Store, global: &Global) -> Outcome {
    let table = collect(store)?;
    write_report(store, &table)?;
    print(global, &table, || table_of(&table, store))
}

fn write_report(store: &Store, table: &StudyTable) -> Outcome {
    let page = Page::Study(page(store, table)?);
    write_file(&store.root().join("study.json"), crate::output::to_json(table)?.as_bytes())?;
    write_file(&store.root().join("report.html"), render(&[page]).as_bytes())
}

/// The report's page of a study.
pub fn page(store: &Store, table: &StudyTable) -> Outcome<StudyPage> {
    let spec = store.manifest().spec();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let run = &spec.training["run"];
    let seconds = training_seconds(store)?;
    let mut how = how();
    for (label, key) in [
        ("Data", "data"),
        ("Network", "network"),
        ("Optimiser", "optimizer"),
        ("Epochs", "epochs"),
        ("Batch size", "batch-size"),
    ] {
        how.push((label.to_owned(), text(&run[key])));
    }
    how.push(("Seed".to_owned(), spec.seed.to_string()));
    how.push(("Runs".to_owned(), store.manifest().runs().len().to_string()));
    how.push(("Training time".to_owned(), format!("{seconds:.1} s in all, over all workers")));
    how.push(("Full spec".to_owned(), serde_json::to_string_pretty(spec).unwrap_or_default()));
    study_page(store, table, spec.training["site"].as_str().unwrap_or_default(), how)
}

/// Seconds of all committed runs, over all workers.
fn training_seconds(store: &Store) -> Outcome<f64> {
    let mut seconds = 0.0;
    for run in store.manifest().runs() {
        seconds += store.record(run)?.map_or(0.0, |record| record.seconds);
    }
    Ok(seconds)
}

/// The name of this machine, for the records.
fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").map_or_else(|_| "unknown".to_owned(), |h| h.trim().to_owned())
}

/// Passes what the engine reports to the progress display.
struct Watch {
    progress: Progress,
    criterion: Criterion,
}

impl Watch {
    fn new(store: &Store, global: &Global, total: u64, done: u64) -> Self {
        Self { progress: Progress::new(global, "runs", total, done), criterion: criterion(store) }
    }
}

impl Observer for Watch {
    fn finished(&self, trial: &Trial, record: &Record) {
        let score = match trial.stage {
            Stage::Tune => record.validation.map(|scores| ("validation", scores)),
            Stage::Trial => record.test.map(|scores| ("test", scores)),
        };
        let criterion = self.criterion;
        let score = score.map(|(rows, s)| format!("{rows} {} {}", criterion.noun(), criterion.text(s.error)));
        let outcome = score.unwrap_or_else(|| "diverged".to_owned());
        self.progress.advance(&format!("{trial}: {outcome}"));
    }

    fn failed(&self, trial: &Trial, attempt: u32, message: &str) {
        self.progress.say(&format!("{trial}: attempt {attempt} failed: {message}"));
    }
}

//! `repshape shape`: trains one network with penalties and measures it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use repshape::burn::tensor::Device;
use repshape::checkpoint;
use repshape::evaluate::Scores;
use repshape::fit::{Ending, EpochValues, Fitted, Flow, Observer, Step, Training};
use repshape::monitor::tensorboard::{Scalars, write_scalars};
use repshape::network::Mlp;
use repshape_data::{Examples, Test, Tuning};
use repshape_report::{Page, RunPage, Score};
use repshape_stats::Measurement;
use repshape_stats::pictures::Pictures;
use serde_json::{Value, json};

use crate::cli::{Global, Overrides, ShapeArgs};
use crate::export::to_onnx;
use crate::failure::{Exit, Failure, Outcome};
use crate::interrupt;
use crate::monitoring::Monitoring;
use crate::output::{Rows, emit, print, tell, to_json, write_file};
use crate::pages::{curves, how, measured};
use crate::progress::Progress;
use crate::rows::rows;
use crate::run_folder::{RunFolder, folder_for};
use crate::spec::{RECIPES, RunSpec, read_text, recipe, run_spec};
use crate::training::{Setup, diverged, own_measures};

/// Time between two checkpoints, unless the training is interrupted.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

/// The name of the state of an unfinished training.
const CHECKPOINT: &str = "checkpoint.safetensors";

/// Runs the command.
pub fn run(args: &ShapeArgs, global: &Global) -> Outcome {
    let start = Instant::now();
    let spec = spec(args, global)?;
    let (tuning, test) = rows(&spec)?;
    // everything that the spec can get wrong is refused before the folder is made
    let setup = Setup::new(&spec, &tuning.train, &Device::flex())?;
    let mut monitoring = Monitoring::new(args, &spec, &setup, &tuning)?;
    let path = folder_for(args.out.out.as_deref(), "shape", args.out.resume);
    let (folder, _lock) = RunFolder::create(&path, spec, args.out.resume)?;
    let finished = folder.file("run.json");
    if !finished.is_file() {
        let result = train(&folder, &setup, &tuning, monitoring.as_mut(), global)?;
        if args.tensorboard {
            write_events(&folder, &setup, &result.training, start)?;
        }
        finish(&folder, &setup, (&tuning, &test), result, monitoring.as_ref(), start)?;
    }
    let text = std::fs::read_to_string(&finished)
        .map_err(|error| Failure::usage(format!("{}: {error}", finished.display())))?;
    let json: Value = serde_json::from_str(&text)
        .map_err(|error| Failure::usage(format!("{}: {error}; delete it and resume", finished.display())))?;
    if json["schema"] != "repshape.run/1" {
        return Err(Failure::usage(format!(
            "{}: not a result of repshape shape; delete it and resume",
            finished.display()
        )));
    }
    match crate::output::format(global) {
        crate::cli::Format::Json => emit(global, &text),
        _ => print(global, &json, || table(&json)),
    }
}

/// The spec: a file's or the digits recipe's, with the flags' changes.
fn spec(args: &ShapeArgs, global: &Global) -> Outcome<RunSpec> {
    let mut spec = match &args.spec {
        None => recipe("digits")?.training,
        Some(path) => match path.to_str().filter(|name| RECIPES.iter().any(|(known, _)| known == name)) {
            Some(name) => recipe(name)?.training,
            None => {
                let text = read_text(path, "run spec", RECIPES.map(|(name, _)| name))?;
                run_spec(&path.display().to_string(), &text)?
            }
        },
    };
    if let Some(rewired) = &spec.rewired {
        return Err(Failure::usage(format!(
            "this spec is of a network that was rewired ({rewired}); expected the spec of a training"
        )));
    }
    override_training(&mut spec, &args.overrides);
    spec.penalties.extend(args.penalties.iter().cloned());
    if !args.sites.is_empty() {
        spec.sites.clone_from(&args.sites);
    }
    if let Some(seed) = global.seed {
        (spec.seed, spec.split_seed) = (seed, seed);
    }
    if args.smoke {
        spec.epochs = spec.epochs.min(2);
        spec.train_rows = Some(spec.train_rows.unwrap_or(300).min(300));
    }
    Ok(spec)
}

/// What the flags change in a training.
pub fn override_training(spec: &mut RunSpec, flags: &Overrides) {
    if let Some(data) = &flags.data {
        spec.data = data.clone();
    }
    if let Some(network) = &flags.network {
        spec.network = network.clone();
    }
    spec.epochs = flags.epochs.unwrap_or(spec.epochs);
    spec.batch_size = flags.batch_size.unwrap_or(spec.batch_size);
    spec.optimizer = flags.optimizer.unwrap_or(spec.optimizer);
    spec.train_rows = flags.train_rows.or(spec.train_rows);
    spec.validation = flags.validation.or(spec.validation);
    spec.standardize |= flags.standardize;
    spec.mi_variance = flags.mi_variance.unwrap_or(spec.mi_variance);
}

fn train(
    folder: &RunFolder,
    setup: &Setup,
    tuning: &Tuning,
    mut monitoring: Option<&mut Monitoring>,
    global: &Global,
) -> Outcome<Fitted<Mlp>> {
    let checkpoint = folder.file(CHECKPOINT);
    let from = if checkpoint.is_file() { setup.restore(&checkpoint)? } else { setup.start() };
    let done = from.history.len();
    if done > 0 {
        tell(global, &format!("going on after epoch {done} of {}", setup.config.epochs));
    }
    if let Some(monitoring) = &mut monitoring {
        let steps = tuning.train.rows().div_ceil(setup.config.batch_size);
        monitoring.open_logs(folder, (done * steps) as u64)?;
    }
    let mut observer = ShapeObserver {
        folder,
        setup,
        monitoring,
        progress: Progress::new(global, "epochs", setup.config.epochs as u64, done as u64),
        saved: Instant::now(),
        failure: None,
    };
    let fitted = setup.fit(from, &tuning.train, &tuning.validation, &mut observer);
    observer.progress.finish();
    if let Some(failure) = observer.failure.take() {
        return Err(failure);
    }
    let fitted = fitted?;
    if fitted.ending == Ending::Stopped {
        observer.save(&fitted.training)?;
        return Err(Failure::new(
            Exit::Retry,
            format!(
                "interrupted after epoch {} of {}; the same command with --out {} --resume goes on",
                fitted.training.history.len(),
                setup.config.epochs,
                folder.path.display()
            ),
        ));
    }
    Ok(fitted)
}

/// Progress, history, checkpoints, and the monitor if there is one.
struct ShapeObserver<'a> {
    folder: &'a RunFolder,
    setup: &'a Setup,
    monitoring: Option<&'a mut Monitoring>,
    progress: Progress,
    saved: Instant,
    failure: Option<Failure>,
}

impl ShapeObserver<'_> {
    fn save(&mut self, training: &Training<Mlp>) -> Outcome {
        self.saved = Instant::now();
        write_history(self.folder, self.setup, training)?;
        // what the resumed training will not probe again
        self.monitoring.as_mut().map_or(Ok(()), |monitoring| monitoring.sync())?;
        Ok(checkpoint::save(&self.folder.file(CHECKPOINT), training)?)
    }
}

impl Observer<Mlp> for ShapeObserver<'_> {
    fn epoch(&mut self, training: &Training<Mlp>) -> Flow {
        if let Some(last) = training.history.last() {
            let error = last.validation.and_then(|v| v.error);
            let validation = error.map_or_else(String::new, |e| format!(", validation error {:.2} %", 100.0 * e));
            self.progress.advance(&format!("epoch {}: loss {:.4}{validation}", last.epoch, last.loss));
        }
        if self.saved.elapsed() >= CHECKPOINT_EVERY
            && let Err(failure) = self.save(training)
        {
            self.failure = Some(failure);
            return Flow::Stop;
        }
        interrupted()
    }

    fn step(&mut self, step: &Step<'_, Mlp>) -> Flow {
        if let Some(monitoring) = &mut self.monitoring
            && let Err(failure) = monitoring.step(step, |warning| self.progress.say(warning))
        {
            self.failure = Some(failure);
            return Flow::Stop;
        }
        interrupted()
    }
}

fn interrupted() -> Flow {
    if interrupt::flag().load(Ordering::Relaxed) { Flow::Stop } else { Flow::Continue }
}

fn write_history(folder: &RunFolder, setup: &Setup, training: &Training<Mlp>) -> Outcome {
    let mut text = format!("epoch,loss,{},validation_error,validation_loss\n", setup.objective.names().join(","));
    for epoch in &training.history {
        let terms: Vec<String> = epoch.terms.iter().map(ToString::to_string).collect();
        let error = epoch.validation.and_then(|v| v.error).map_or_else(String::new, |e| e.to_string());
        let loss = epoch.validation.map_or_else(String::new, |v| v.loss.to_string());
        // writing to a String cannot fail
        let _ = writeln!(text, "{},{},{},{error},{loss}", epoch.epoch, epoch.loss, terms.join(","));
    }
    write_file(&folder.file("history.csv"), text.as_bytes())
}

/// The columns of `history.csv` as TensorBoard scalars. The epochs are spread evenly over the time
/// that this command took.
fn write_events(folder: &RunFolder, setup: &Setup, training: &Training<Mlp>, start: Instant) -> Outcome {
    let history = &training.history;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |now| now.as_secs_f64());
    let every = start.elapsed().as_secs_f64() / history.len().max(1) as f64;
    let scalar = |name: &str, value: &dyn Fn(&EpochValues) -> Option<f64>| -> Scalars {
        let points = history.iter().filter_map(|epoch| {
            let wall = now - every * (history.len() - epoch.epoch) as f64;
            value(epoch).map(|value| (epoch.epoch as u64, wall, value as f32))
        });
        (name.to_owned(), points.collect())
    };
    let mut scalars = vec![scalar("loss", &|epoch| Some(epoch.loss))];
    for (n, name) in setup.objective.names().iter().enumerate() {
        scalars.push(scalar(name, &|epoch| epoch.terms.get(n).copied()));
    }
    scalars.push(scalar("validation_error", &|epoch| epoch.validation.and_then(|v| v.error)));
    scalars.push(scalar("validation_loss", &|epoch| epoch.validation.map(|v| v.loss)));
    scalars.retain(|(_, points)| !points.is_empty());
    write_scalars(&folder.path, folder.spec.seed, &scalars).map_err(|error| Failure::usage(error.to_string()))?;
    Ok(())
}

/// Measures a finished training and writes the run's files; `run.json` last, as the sign that the
/// run is complete.
fn finish(
    folder: &RunFolder,
    setup: &Setup,
    (tuning, test): (&Tuning, &Test),
    fitted: Fitted<Mlp>,
    monitoring: Option<&Monitoring>,
    start: Instant,
) -> Outcome {
    let spec = &folder.spec;
    let network = &fitted.training.network;
    let diverged = diverged(fitted.ending);
    write_history(folder, setup, &fitted.training)?;
    checkpoint::save_network(&folder.file("model.safetensors"), network)?;
    let about = [("repshape", env!("CARGO_PKG_VERSION").to_owned()), ("network", spec.network.to_string())];
    write_file(&folder.file("model.onnx"), &to_onnx(network, test.columns(), &about)?)?;
    // a diverged network has nothing to measure
    let scores = |rows: &Examples| (diverged.is_none() && rows.rows() > 0).then(|| setup.scores(network, rows));
    let sites = if diverged.is_none() {
        let (config, selection) = own_measures(spec)?;
        let mut sites = setup.measure(network, &tuning.train, test, &spec.measured_sites(), config, &selection)?;
        for site in &mut sites {
            site.measurement.source = Some(folder.path.display().to_string());
        }
        sites.into_iter().map(|site| (site.measurement, site.pictures)).collect()
    } else {
        Vec::new()
    };
    let split = [("train", scores(&tuning.train)), ("validation", scores(&tuning.validation)), ("test", scores(test))];
    let names = setup.objective.names();
    let terms: serde_json::Map<String, Value> = match fitted.training.history.last() {
        Some(last) => names.iter().cloned().zip(last.terms.iter().map(|v| json!(v))).collect(),
        None => serde_json::Map::new(),
    };
    let measurements: Vec<&Measurement> = sites.iter().map(|(m, _)| m).collect();
    write_file(&folder.file("measurement.json"), to_json(&measurements)?.as_bytes())?;
    let mut page = page(folder, setup, &fitted, &split, sites.clone());
    page.notes.extend(monitoring.into_iter().flat_map(Monitoring::notes));
    let page = Page::Run(page);
    // on one line: it holds matrices of all pairs of units, and nobody reads it
    let text = serde_json::to_string(&page).map_err(Failure::usage)?;
    write_file(&folder.file("page.json"), text.as_bytes())?;
    write_file(&folder.file("report.html"), repshape_report::render(std::slice::from_ref(&page)).as_bytes())?;
    let score = |at: usize| split[at].1.map_or(Value::Null, |s| json!({"error": s.error, "loss": s.loss}));
    let json = json!({
        "schema": "repshape.run/1",
        "seed": spec.seed,
        "data": spec.data.to_string(),
        "network": spec.network.to_string(),
        "epochs": fitted.training.history.len(),
        "diverged": diverged.is_some(),
        "diverged_epoch": diverged,
        "train": score(0),
        "validation": score(1),
        "test": score(2),
        "terms": terms,
        "sites": sites.iter().map(|(m, _)| (m.site.clone().unwrap_or_default(), json!(m))).collect::<serde_json::Map<_, _>>(),
        "monitor": monitoring.map(Monitoring::json),
        "seconds": start.elapsed().as_secs_f64(),
        "out": folder.path.display().to_string(),
    });
    write_file(&folder.file("run.json"), to_json(&json)?.as_bytes())?;
    remove_checkpoint(folder.file(CHECKPOINT));
    Ok(())
}

/// The finished run needs no checkpoint; one that cannot be removed does no harm.
fn remove_checkpoint(path: PathBuf) {
    let _ = std::fs::remove_file(path);
}

fn page(
    folder: &RunFolder,
    setup: &Setup,
    fitted: &Fitted<Mlp>,
    split: &[(&str, Option<Scores>)],
    sites: Vec<(Measurement, Option<Pictures>)>,
) -> RunPage {
    let names = setup.objective.names();
    let last = fitted.training.history.last();
    let spec = &folder.spec;
    let mut how = how();
    how.extend([
        ("Data".to_owned(), spec.data.to_string()),
        ("Network".to_owned(), spec.network.to_string()),
        ("Seed".to_owned(), spec.seed.to_string()),
        ("Spec".to_owned(), toml::to_string(spec).unwrap_or_default()),
    ]);
    RunPage {
        title: format!("Run {}", folder.path.file_name().unwrap_or_default().to_string_lossy()),
        subtitle: format!("{} on {}", spec.network, spec.data),
        scores: split
            .iter()
            .map(|(name, scores)| Score {
                split: (*name).to_owned(),
                error: scores.and_then(|s| s.error),
                loss: scores.map(|s| s.loss),
            })
            .collect(),
        terms: names
            .iter()
            .enumerate()
            .map(|(n, name)| (name.clone(), last.and_then(|e| e.terms.get(n).copied())))
            .collect(),
        history: curves(&names, &fitted.training.history),
        sites: sites.into_iter().map(|(m, pictures)| measured(&m, pictures)).collect(),
        how,
        notes: diverged(fitted.ending)
            .map(|epoch| format!("The training diverged in epoch {epoch}."))
            .into_iter()
            .collect(),
    }
}

fn table(json: &Value) -> Rows {
    let number = |v: &Value| super::measure::cell(v.as_f64());
    let mut rows = Vec::new();
    for split in ["train", "validation", "test"] {
        if let Some(error) = json[split]["error"].as_f64() {
            rows.push(vec![format!("{split} error").into(), format!("{:.2} %", 100.0 * error).into()]);
        }
        if !json[split].is_null() {
            rows.push(vec![format!("{split} loss").into(), number(&json[split]["loss"])]);
        }
    }
    for (name, value) in json["terms"].as_object().into_iter().flatten() {
        rows.push(vec![name.as_str().into(), number(value)]);
    }
    for (site, measurement) in json["sites"].as_object().into_iter().flatten() {
        for (name, value) in measurement["measures"].as_object().into_iter().flatten() {
            rows.push(vec![format!("{site} {name}").into(), number(value)]);
        }
    }
    let mut notes = Vec::new();
    if let Some(epoch) = json["diverged_epoch"].as_u64() {
        notes.push(format!("the training diverged in epoch {epoch}: nothing was measured"));
    }
    notes.push(format!("written to {}", json["out"].as_str().unwrap_or_default()));
    Rows { head: vec!["result".to_owned(), "value".to_owned()], rows, notes }
}

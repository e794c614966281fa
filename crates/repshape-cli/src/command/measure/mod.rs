//! `repshape measure`: the characteristics of matrices, of a run's sites, of a model's sites.

mod kept;
mod page;
mod partial;
mod save;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use repshape_data::read_matrix;
use repshape_stats::measure::{Options, Selection, measure_with_progress};
use repshape_stats::pictures::{Pictures, pictures};
use repshape_stats::{Head, Measurement, SampleSize, Sketch};

use crate::cli::{CharacteristicArgs, Global, MeasureArgs, MeasureStep};
use crate::failure::{Failure, Outcome};
use crate::output::print_forms;
use crate::progress::Progress;
use crate::representations::{self, Kind, Representations, Site, kind, pass, refused};

pub use kept::Kept;
use partial::Part;
pub use table::{cell, sites_by_measures, table};

/// One measured input or site.
pub type Measured = (Measurement, Option<Pictures>);

/// A site and what was gathered of it.
pub type Gathered = (Site, Sketch);

/// Runs the command.
pub fn run(args: &MeasureArgs, global: &Global) -> Outcome {
    if let Some(MeasureStep::Merge(merge)) = &args.step {
        return partial::merge(merge, global);
    }
    check(args)?;
    let options = options(&args.characteristics)?;
    let selection = selection(&args.characteristics.only, options)?;
    let kept = Kept::new(&args.characteristics, &selection, args.report.is_some(), global)?;
    let part = match &args.partial {
        Some(_) => Some(Part::new(part_file(args), args.first_row)?),
        None => None,
    };
    let mut results: Vec<Measured> = Vec::new();
    let labels = &args.input.labels;
    for (number, input) in args.inputs.iter().enumerate() {
        let labels = labels.get(if labels.len() == 1 { 0 } else { number });
        let mut source = representations::open(input, labels.map(AsRef::as_ref), &args.input)?;
        let saved = args.save_activations.as_deref();
        let gathered = gather(&mut *source, &kept, saved, part.as_ref(), global)?;
        if let (Some(path), Some(part)) = (&args.partial, &part) {
            return partial::write(path, &*source, gathered, part, settings(args));
        }
        for (at, (site, sketch)) in gathered.into_iter().enumerate() {
            let selection = of_site(&selection, &*source, at)?;
            if args.characteristics.head.is_some() {
                selection.check(sketch.config()).map_err(|error| refused(source.source(), &site, error))?;
            }
            let mut measured = read(source.source(), &site, &sketch, &selection, args.report.is_some(), global)?;
            measured.0.notes.extend(source.notes().iter().cloned());
            results.push(measured);
        }
    }
    show(&results, args.report.as_deref(), global)
}

/// Prints measurements in the format asked for, and writes their page.
pub fn show(results: &[Measured], report: Option<&Path>, global: &Global) -> Outcome {
    if let Some(path) = report {
        page::write(path, results)?;
    }
    let measurements: Vec<&Measurement> = results.iter().map(|(m, _)| m).collect();
    let table =
        || if measurements.len() > WIDE { sites_by_measures(&measurements, true) } else { table(&measurements) };
    let csv = || sites_by_measures(&measurements, false);
    match measurements.as_slice() {
        [one] => print_forms(global, one, table, csv),
        many => print_forms(global, &many, table, csv),
    }
}

/// More sites than this are rows of the table, and not columns.
const WIDE: usize = 5;

/// The file whose rows are a part: the data that a model is run on, else the input.
fn part_file(args: &MeasureArgs) -> &Path {
    match (kind(&args.inputs[0]), &args.input.data) {
        (Kind::Model, Some(data)) => Path::new(data),
        _ => &args.inputs[0],
    }
}

/// What all parts must agree on beyond what a sketch keeps.
fn settings(args: &MeasureArgs) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::from([("layout".to_owned(), args.input.layout.to_string())]);
    if kind(&args.inputs[0]) == Kind::Model {
        settings.insert("model".to_owned(), args.inputs[0].display().to_string());
    }
    settings
}

fn check(args: &MeasureArgs) -> Outcome {
    let (inputs, labels) = (args.inputs.len(), args.input.labels.len());
    if labels > 1 && labels != inputs {
        return Err(Failure::usage(format!(
            "{labels} --labels for {inputs} inputs; expected one for all, or one for each"
        )));
    }
    let single = [("--save-activations", args.save_activations.is_some()), ("--partial", args.partial.is_some())];
    if let Some((flag, _)) = single.iter().find(|(_, given)| *given && inputs > 1) {
        return Err(Failure::usage(format!("{flag} takes one input: the files of several would have the same names")));
    }
    let matrix = args.inputs.iter().find(|input| kind(input) == Kind::Matrix);
    if let (Some(input), true) = (matrix, args.save_activations.is_some()) {
        return Err(Failure::usage(format!(
            "{}: --save-activations belongs to run folders and models, a matrix has no sites",
            input.display()
        )));
    }
    Ok(())
}

pub fn options(args: &CharacteristicArgs) -> Outcome<Options> {
    let head = args.head.as_deref().map(read_head).transpose()?;
    Ok(Options { mi_variance: args.mi_variance, tdv_units: args.tdv_units, head, ..Options::default() })
}

fn read_head(path: &Path) -> Outcome<Head> {
    let matrix = read_matrix(path)?;
    let bias = vec![0.0; matrix.rows];
    Head::new(matrix.values, bias)
        .map_err(|error| Failure::usage(format!("{}: {error}; expected K x I weights", path.display())))
}

/// All measures, or those named.
pub fn selection(only: &[String], options: Options) -> Outcome<Selection> {
    Ok(if only.is_empty() {
        Selection::all(options)?
    } else {
        Selection::only(only.iter().map(String::as_str), options)?
    })
}

fn sample(text: &str) -> Outcome<SampleSize> {
    match text.parse::<usize>() {
        _ if text == "all" => Ok(SampleSize::All),
        Ok(rows) if rows > 0 => Ok(SampleSize::AtMost(rows)),
        _ => Err(Failure::usage(format!("--mi-rows \"{text}\": expected all or a number of rows from 1"))),
    }
}

/// One pass over an input: a sketch for each of its sites.
fn gather(
    source: &mut dyn Representations,
    kept: &Kept,
    save: Option<&Path>,
    part: Option<&Part>,
    global: &Global,
) -> Outcome<Vec<Gathered>> {
    let sites = source.sites().to_vec();
    let shown = source.source().to_owned();
    let configs = kept.of_sites(&sites, source.classes());
    let mut sketches = sites
        .iter()
        .zip(&configs)
        .map(|(site, config)| {
            let sketch = match part {
                // where the part begins is not known: its sample is keyed by what it holds
                Some(part) if part.first_row_at(site).is_none() => Sketch::of_shard(config, &part.content),
                _ => Sketch::new(config),
            };
            sketch.map_err(|error| refused(&shown, site, error))
        })
        .collect::<Outcome<Vec<_>>>()?;
    let mut files = save.map(|folder| save::Files::create(folder, &sites)).transpose()?;
    pass(
        source,
        &mut sketches,
        |site| part.and_then(|part| part.first_row_at(site)).unwrap_or(0),
        |blocks| files.as_mut().map_or(Ok(()), |files| files.append(blocks)),
        global,
    )?;
    if let Some(files) = files {
        files.finish()?;
    }
    Ok(sites.into_iter().zip(sketches).collect())
}

/// The measures of a gathered site.
pub fn read(
    source: &str,
    site: &Site,
    sketch: &Sketch,
    selection: &Selection,
    pictured: bool,
    global: &Global,
) -> Outcome<Measured> {
    let progress = Progress::when_long(global, "pairs of rows", 0);
    let mut measurement = measure_with_progress(sketch, selection, &|done, total| progress.set(done, total));
    progress.finish();
    measurement.source = Some(source.to_owned());
    measurement.site.clone_from(&site.name);
    measurement.layout.clone_from(&site.layout);
    Ok((measurement, pictured.then(|| pictures(sketch)).flatten()))
}

/// The selection with what belongs to a site of an input: the linear layer that reads it, and, where a chosen measure takes
/// them, the class means of the training rows.
pub fn of_site(selection: &Selection, source: &dyn Representations, at: usize) -> Outcome<Selection> {
    let head = source.sites()[at].head.clone();
    let reads_means = selection.rows().any(|row| row.needs.class_means);
    let class_means = if head.is_some() && reads_means { source.class_means(at)? } else { None };
    Ok(selection.of_site(head, class_means)?)
}

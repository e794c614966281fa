//! `repshape measure`: the characteristics of matrices and of a run's sites.

use std::path::Path;

use repshape_data::write::write_npy;
use repshape_data::{LabelOptions, Labels, MatrixOptions, open_matrix, read_labels};
use repshape_report::{Measured, MeasurementPage, Page};
use repshape_stats::measure::{Options, Selection, measure};
use repshape_stats::moments::ClassMoments;
use repshape_stats::pictures::{Pictures, pictures};
use repshape_stats::{Block, Measurement, NoiseVariance, SampleSize, Sketch, SketchConfig};

use crate::cli::{Global, MeasureArgs};
use crate::failure::{Failure, Outcome};
use crate::output::{Rows, Text, print, write_file};
use crate::pages::{how, measured};
use crate::run_folder::RunFolder;
use crate::training::{Activations, bounded};

/// Rows of a block read from a file, fewer where they are wide.
const BLOCK: usize = 4096;

/// Most values of a block: 32 MiB.
const BLOCK_VALUES: usize = 1 << 22;

/// One measured input or site.
type Measure = (Measurement, Option<Pictures>);

/// Runs the command.
pub fn run(args: &MeasureArgs, global: &Global) -> Outcome {
    if args.labels.len() > 1 && args.labels.len() != args.inputs.len() {
        return Err(Failure::usage(format!(
            "{} --labels for {} inputs; expected one for all, or one for each",
            args.labels.len(),
            args.inputs.len()
        )));
    }
    if args.save_activations.is_some() && args.inputs.len() > 1 {
        return Err(Failure::usage(
            "--save-activations takes one run folder: the files of several would have the same names",
        ));
    }
    let selection = selection(args)?;
    let sample = sample(&args.mi_rows)?;
    let mut results: Vec<Measure> = Vec::new();
    for (number, input) in args.inputs.iter().enumerate() {
        let labels = args.labels.get(if args.labels.len() == 1 { 0 } else { number });
        if input.is_dir() {
            if labels.is_some() || args.label_column.is_some() {
                return Err(Failure::usage(format!(
                    "{}: a run folder has labels of its own; --labels belongs to matrices",
                    input.display()
                )));
            }
            results.extend(of_run(input, args, &selection, sample, global)?);
        } else {
            let flag = [("--site", !args.sites.is_empty()), ("--save-activations", args.save_activations.is_some())];
            if let Some((flag, _)) = flag.iter().find(|(_, given)| *given) {
                return Err(Failure::usage(format!(
                    "{}: {flag} belongs to run folders, a matrix has no sites",
                    input.display()
                )));
            }
            results.push(of_matrix(input, labels.map(AsRef::as_ref), args, &selection, sample, global)?);
        }
    }
    if let Some(path) = &args.report {
        write_report(path, &results)?;
    }
    let measurements: Vec<&Measurement> = results.iter().map(|(m, _)| m).collect();
    match measurements.as_slice() {
        [one] => print(global, one, || table(&measurements)),
        many => print(global, &many, || table(many)),
    }
}

fn selection(args: &MeasureArgs) -> Outcome<Selection> {
    let mi_variance = NoiseVariance::Absolute(args.mi_variance);
    let options = Options { mi_variance, tdv_units: args.tdv_units, ..Options::default() };
    Ok(if args.only.is_empty() {
        Selection::all(options)?
    } else {
        Selection::only(args.only.iter().map(String::as_str), options)?
    })
}

fn sample(text: &str) -> Outcome<SampleSize> {
    match text.parse::<usize>() {
        _ if text == "all" => Ok(SampleSize::All),
        Ok(rows) if rows > 0 => Ok(SampleSize::AtMost(rows)),
        _ => Err(Failure::usage(format!("--mi-rows \"{text}\": expected all or a number of rows from 1"))),
    }
}

fn of_matrix(
    path: &Path,
    labels: Option<&Path>,
    args: &MeasureArgs,
    selection: &Selection,
    sample: SampleSize,
    global: &Global,
) -> Outcome<Measure> {
    let shown = path.display().to_string();
    if let Some(column) = args.label_column.as_deref().filter(|_| !is_table(path)) {
        return Err(Failure::usage(format!(
            "{shown}: --label-column \"{column}\" belongs to tables with a line of names (.csv, .tsv); a matrix takes --labels"
        )));
    }
    let named = |error: repshape_stats::StatsError| Failure::usage(format!("{shown}: {error}"));
    let mut source =
        open_matrix(path, &MatrixOptions { key: args.key.clone(), label_column: args.label_column.clone() })?;
    // a table may hold the labels of its own rows
    let labels = labels.or_else(|| args.label_column.as_ref().map(|_| path));
    let labels = labels.map(|file| read_for(file, source.rows(), &shown, args)).transpose()?;
    let mut config = configured(args, selection, sample, global.seed.unwrap_or(0))(source.units());
    if let Some(labels) = &labels {
        config = config.with_classes(labels.classes);
    }
    bounded(&shown, &config)?;
    let block_rows = (BLOCK_VALUES / source.units()).clamp(1, BLOCK);
    let mut sketch = Sketch::new(&config).map_err(named)?;
    let mut buffer = Vec::new();
    let mut first = 0;
    loop {
        let rows = source.next_block(&mut buffer, block_rows)?;
        if rows == 0 {
            break;
        }
        let block = Block::new(buffer.as_slice(), source.units()).map_err(named)?.starting_at(first as u64);
        match &labels {
            None => sketch.update(&block).map_err(named)?,
            Some(labels) => {
                let of_block = labels.values.get(first..first + rows).ok_or_else(|| short(&shown, labels))?;
                sketch.update(&block.with_labels(of_block).map_err(named)?).map_err(named)?;
            }
        }
        first += rows;
    }
    if let Some(labels) = labels.filter(|labels| labels.values.len() != first) {
        return Err(Failure::usage(format!(
            "{shown} has {first} rows, and there are {} labels; expected one for each row",
            labels.values.len()
        )));
    }
    let mut measurement = measure(&sketch, selection);
    measurement.source = Some(shown);
    let pictures = args.report.as_ref().and_then(|_| pictures(&sketch));
    Ok((measurement, pictures))
}

fn is_table(path: &Path) -> bool {
    let name = path.to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    [".csv", ".tsv", ".txt"].iter().any(|end| name.ends_with(end))
}

fn read_for(file: &Path, rows: Option<usize>, shown: &str, args: &MeasureArgs) -> Outcome<Labels> {
    let rows = rows.map(|rows| (rows, shown.to_owned()));
    Ok(read_labels(file, &LabelOptions { classes: args.classes, key: args.label_column.clone(), rows })?)
}

fn short(shown: &str, labels: &Labels) -> Failure {
    Failure::usage(format!(
        "{shown} has more rows than there are labels ({}); expected one for each row",
        labels.values.len()
    ))
}

fn of_run(
    path: &Path,
    args: &MeasureArgs,
    selection: &Selection,
    sample: SampleSize,
    global: &Global,
) -> Outcome<Vec<Measure>> {
    let run = RunFolder::open(path)?;
    let known = run.spec.network.site_names();
    for site in &args.sites {
        if !known.contains(site) {
            return Err(Failure::usage(format!(
                "{}: the network has no site \"{site}\"{}; its sites are {}",
                path.display(),
                repshape::nearest::suggestion(site, known.iter().map(String::as_str)),
                known.join(", ")
            )));
        }
    }
    let sites = if args.sites.is_empty() { run.spec.measured_sites() } else { args.sites.clone() };
    let (setup, network, test) = run.load()?;
    let config = configured(args, selection, sample, global.seed.unwrap_or(run.spec.split_seed));
    if let Some(folder) = &args.save_activations {
        save(folder, setup.activations(&network, &test, &sites), test.labels())?;
    }
    let mut results = setup.measure(&network, &test, &sites, config, selection)?;
    for (measurement, _) in &mut results {
        measurement.source = Some(path.display().to_string());
    }
    Ok(results)
}

/// What a sketch keeps: the moments of pairs only where a chosen measure or a picture reads them.
fn configured(
    args: &MeasureArgs,
    selection: &Selection,
    sample: SampleSize,
    seed: u64,
) -> impl Fn(usize) -> SketchConfig + use<> {
    let zero_eps = args.zero_eps;
    let reads = |names: [&str; 2]| args.report.is_some() || selection.rows().any(|row| names.contains(&row.name));
    let positive_pairs = reads(["covariance_positive", "correlation_positive"]);
    let class_pairs = reads(["class_wise_covariance", "class_wise_correlation"]);
    move |units| SketchConfig {
        sample,
        seed,
        zero_eps,
        positive_pairs,
        class_moments: if class_pairs { ClassMoments::Full } else { ClassMoments::Diagonal },
        ..SketchConfig::new(units)
    }
}

fn save(folder: &Path, sites: Vec<Activations>, labels: Option<&[u32]>) -> Outcome {
    for site in sites {
        write_npy(&folder.join(format!("{}.npy", site.name)), &[site.rows, site.units], &site.values)?;
    }
    match labels {
        Some(labels) => Ok(write_npy(&folder.join("labels.npy"), &[labels.len()], labels)?),
        None => Ok(()),
    }
}

fn write_report(path: &Path, results: &[Measure]) -> Outcome {
    let measured: Vec<Measured> = results.iter().map(|(m, p)| measured(m, p.clone())).collect();
    let page = Page::Measurement(MeasurementPage {
        title: "Measurements".to_owned(),
        subtitle: measured.iter().map(|m| m.source.as_str()).collect::<Vec<_>>().join(", "),
        measured,
        how: how(),
        notes: Vec::new(),
    });
    write_file(path, repshape_report::render(&[page]).as_bytes())
}

/// Characteristics as rows, inputs as columns.
pub fn table(measurements: &[&Measurement]) -> Rows {
    let mut head = vec!["measure".to_owned()];
    head.extend(measurements.iter().map(|m| {
        let parts = [m.source.as_deref(), m.site.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }));
    let names: Vec<&str> = measurements.first().map_or_else(Vec::new, |m| m.measures.iter().map(|(n, _)| n).collect());
    let rows = names
        .iter()
        .map(|name| {
            let mut row = vec![(*name).into()];
            row.extend(measurements.iter().map(|m| cell(m.get(name))));
            row
        })
        .collect();
    let mut notes = Vec::new();
    for m in measurements {
        let labels = m.classes.map_or_else(|| "no labels".to_owned(), |k| format!("{k} classes"));
        let source = m.site.as_deref().or(m.source.as_deref()).unwrap_or_default();
        notes.push(format!("{source}: {} rows, {} units, {labels}", m.rows, m.units));
        notes.extend(m.notes.iter().map(|note| format!("  {note}")));
    }
    Rows { head, rows, notes }
}

/// A number in a table, with all of its digits in CSV.
pub fn cell(value: Option<f64>) -> Text {
    let exact = value.map_or_else(String::new, |v| {
        let whole = v.fract() == 0.0 && v.abs() < 1e15;
        if whole { format!("{v}") } else { format!("{v:?}") }
    });
    Text { exact: Some(exact), ..number(value).into() }
}

/// A number to read: six significant digits, `-` where it is undefined.
pub fn number(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(0.0) => "0".to_owned(),
        Some(v) if v.fract() == 0.0 && v.abs() < 1e9 => format!("{v}"),
        Some(v) if v.abs() < 1e-3 || v.abs() >= 1e6 => format!("{v:.5e}"),
        Some(v) => {
            let digits = 5 - v.abs().log10().floor() as i32;
            format!("{v:.*}", digits.clamp(0, 9) as usize)
        }
    }
}

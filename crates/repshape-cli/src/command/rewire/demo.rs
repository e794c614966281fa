//! `rewire --demo`: one network, ten others with the same outputs.

use std::path::Path;

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use repshape::burn::module::Module;
use repshape::burn::tensor::Device;
use repshape::evaluate::evaluate;
use repshape::fit::{Ending, Flow, Training};
use repshape::network::Mlp;
use repshape::rewire::{self, Affine, SiteStatistics};
use repshape_data::{Purpose, Test, Tuning, stream};
use repshape_report::{Page, Proof as ProofShown, RewiredSite, RewiringPage, Variant};
use repshape_stats::Measurement;
use repshape_stats::rewire::Difference;
use serde_json::json;

use super::job::TOLERANCE;
use super::page;
use super::result::percent;
use crate::cli::{Global, RewireArgs};
use crate::command::data;
use crate::export::to_onnx;
use crate::failure::{Exit, Failure, Outcome};
use crate::interrupt;
use crate::output::{Rows, print, write_file};
use crate::pages::{how_by_command, measured};
use crate::progress::Progress;
use crate::rewiring::CUTOFF;
use crate::run_folder::{check_free, folder_for};
use crate::spec::{RunSpec, recipe};
use crate::training::{MeasuredSite, Setup, own_measures};

/// The second layer is linear, and twice as wide as what it reads: half of its directions carry nothing, so that even
/// the share of silent units is free.
const NETWORK: &str = "mlp:32,64:linear,32";
const SITE: &str = "fc2";
const EPOCHS: usize = 40;

/// A unit whose variance is at most this share of the largest holds rounding only.
const ROUNDING: f64 = 1e-10;

/// Columns of the table.
const SHOWN: [&str; 6] = ["amplitude", "variance", "covariance", "correlation", "sparsity", "stable_rank_covariance"];

/// One of the networks.
struct Made {
    name: &'static str,
    line: &'static str,
    network: Mlp,
    difference: Option<Difference>,
    error: f64,
    measurement: Measurement,
    variant: Variant,
}

/// Runs the demonstration.
pub fn run(args: &RewireArgs, global: &Global) -> Outcome {
    let seed = global.seed.unwrap_or(1);
    let digits = recipe("digits")?.training;
    let spec = RunSpec { network: NETWORK.parse()?, epochs: EPOCHS, sites: vec![SITE.to_owned()], seed, ..digits };
    let (tuning, test) = data::read(&spec.data)?.split(&spec.split())?;
    let setup = Setup::new(&spec, &tuning.train, &Device::flex())?;
    let folder = folder_for(args.out.as_deref(), "rewire-demo", false);
    check_free(&folder)?;

    let original = train(&setup, &tuning, global)?;
    let statistics = rewire::statistics(&original, &test, &[SITE.to_owned()], &Device::flex())?;
    let Some(statistics) = statistics.first() else { return Ok(()) };
    let made = |name, line, network, from| made(&setup, &spec, (&tuning, &test), name, line, network, from);
    let mut all = vec![made(page::ORIGINAL, "as it was trained", original.clone(), None)?];
    for (name, line, affine) in maps(statistics, seed)? {
        let silent = silent(&after(statistics, &affine)?);
        let network = rewire::silence(&rewire::apply(&original, SITE, &affine)?, SITE, &silent)?;
        all.push(made(name, line, network, Some(&original))?);
    }
    if let Some(worst) = all.iter().find(|one| one.difference.is_some_and(|found| !found.is_within(TOLERANCE))) {
        return Err(Failure::new(
            Exit::Failed,
            format!("the outputs of {} differ by more than {TOLERANCE:.0e}", worst.name),
        ));
    }
    write(&folder, &all, test.columns(), &spec)?;
    show(&folder, &all, test.rows(), global)
}

fn train(setup: &Setup, tuning: &Tuning, global: &Global) -> Outcome<Mlp> {
    let progress = Progress::new(global, "epochs", EPOCHS as u64, 0);
    let mut observer = |_: &Training<Mlp>| {
        progress.advance("");
        if interrupt::flag().load(std::sync::atomic::Ordering::Relaxed) { Flow::Stop } else { Flow::Continue }
    };
    let fitted = setup.fit(setup.start(), &tuning.train, &tuning.validation, &mut observer);
    progress.finish();
    let fitted = fitted?;
    match fitted.ending {
        Ending::Stopped => Err(Failure::new(Exit::Retry, "interrupted; nothing was written")),
        _ => Ok(fitted.training.network.valid()),
    }
}

/// Ten changes of the representation of a linear site.
fn maps(site: &SiteStatistics, seed: u64) -> Outcome<Vec<(&'static str, &'static str, Affine)>> {
    let units = site.units();
    let mut random = stream(seed, Purpose::Sample, 0);
    let pca = Affine::pca(site, CUTOFF)?;
    let rank = pca.rank;
    let diagonal = |of: &dyn Fn(usize) -> f64| {
        let mut target = vec![0.0; units * units];
        (0..rank).for_each(|i| target[i * units + i] = of(i));
        target
    };
    let one_loud = diagonal(&|i| if i == 0 { 1e4 } else { 1e-2 });
    let powers = diagonal(&|i| 0.7_f64.powi(i as i32));
    // rows nearly along one axis: all units say nearly the same
    let mut factors = vec![0.0; units * rank];
    for row in factors.chunks_exact_mut(rank) {
        row.iter_mut().for_each(|value| *value = 0.05 * Distribution::<f64>::sample(&StandardNormal, &mut random));
        row[0] = 1.0;
    }
    let alike = gram_of_rows(&factors, units, rank);
    let mut draw = || random.next_u64();
    let orthogonal = Affine::random_orthogonal(units, &mut draw)?;
    let scaled = Affine::random_scale(units, 0.01, 1.0, &mut draw)?;
    Ok(vec![
        ("whitened", "no covariance, axes kept as near as can be (ZCA)", Affine::whiten(site, CUTOFF)?.affine),
        ("principal axes", "no covariance, variance 1, half the units silent", pca.affine),
        ("rotated", "principal axes with their own variances", Affine::rotate(site, CUTOFF)?.affine),
        ("mixed", "a random rotation", orthogonal.clone()),
        (
            "all alike",
            "every unit says nearly the same",
            orthogonal.then(&Affine::target(&after(site, &orthogonal)?, alike, CUTOFF)?.affine)?,
        ),
        ("one loud unit", "nearly all variance in a single unit", Affine::target(site, one_loud, CUTOFF)?.affine),
        ("power law", "variances that fall by a third from unit to unit", Affine::target(site, powers, CUTOFF)?.affine),
        ("whisper", "a thousandth of every value", Affine::scale(vec![1e-3; units])?),
        ("shout", "a hundred times every value", Affine::scale(vec![100.0; units])?),
        ("uneven", "every unit times a random number between 0.01 and 1", scaled),
    ])
}

/// Units that vary by rounding only, around 0.
fn silent(site: &SiteStatistics) -> Vec<usize> {
    let largest = site.variance().iter().fold(0.0, |largest: f64, v| largest.max(*v));
    let least = ROUNDING * largest;
    let nothing = |unit: &usize| site.variance()[*unit] <= least && site.mean()[*unit].powi(2) <= least;
    (0..site.units()).filter(nothing).collect()
}

/// The statistics of a site after a change of its representation.
fn after(site: &SiteStatistics, affine: &Affine) -> Outcome<SiteStatistics> {
    let covariance = affine.covariance_after(site.covariance().unwrap_or_default())?;
    Ok(SiteStatistics::new(affine.mean_after(site.mean())?, covariance)?)
}

/// `A A'`.
fn gram_of_rows(a: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    let row = |i: usize| &a[i * columns..(i + 1) * columns];
    let product = |i: usize, j: usize| row(i).iter().zip(row(j)).map(|(x, y)| x * y).sum();
    (0..rows * rows).map(|at| product(at / rows, at % rows)).collect()
}

/// Measures a network, and compares it with the one that it was made from.
fn made(
    setup: &Setup,
    spec: &RunSpec,
    (tuning, test): (&Tuning, &Test),
    name: &'static str,
    line: &'static str,
    network: Mlp,
    from: Option<&Mlp>,
) -> Outcome<Made> {
    let (config, selection) = own_measures(spec)?;
    let mut sites = setup.measure(&network, &tuning.train, test, &[SITE.to_owned()], config, &selection)?;
    let Some(MeasuredSite { mut measurement, pictures, .. }) = sites.pop() else {
        return Err(Failure::usage(format!("site {SITE} was not measured")));
    };
    measurement.source = Some(name.to_owned());
    let difference = from.map(|from| rewire::identical(from, &network, test, &Device::flex())).transpose()?;
    let variant = Variant { name: name.to_owned(), line: line.to_owned(), measured: measured(&measurement, pictures) };
    let error = evaluate(&network, test, &setup.objective, &Device::flex()).error.unwrap_or(f64::NAN);
    Ok(Made { name, line, network, difference, error, measurement, variant })
}

/// Every network as an ONNX model, and the page.
fn write(folder: &Path, all: &[Made], inputs: usize, spec: &RunSpec) -> Outcome {
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::usage(format!("{}: cannot be used for results: {error}", folder.display())))?;
    for one in all {
        let about = [("repshape", env!("CARGO_PKG_VERSION").to_owned()), ("rewired", one.line.to_owned())];
        let name = format!("{}.onnx", one.name.replace(' ', "-"));
        write_file(&folder.join(name), &to_onnx(&one.network, inputs, &about)?)?;
    }
    let rows_of = format!("test rows of {}", spec.data);
    let proof = |one: &Made| match one.difference {
        None => page::original(&rows_of, one.measurement.rows, None, Some(one.error)),
        Some(difference) => ProofShown {
            variant: one.name.to_owned(),
            rows_of: rows_of.clone(),
            rows: difference.rows,
            max_abs_difference: difference.max_abs,
            max_rel_difference: difference.max_rel,
            same_predictions: difference.same_predictions,
            rms_difference: None,
            tolerance: Some(TOLERANCE),
            parameters: None,
            error: Some(one.error),
        },
    };
    let mut how = how_by_command();
    how.push(("Spec".to_owned(), toml::to_string(spec).unwrap_or_default()));
    let shown = Page::Rewiring(RewiringPage {
        title: "One network, ten others with the same outputs".to_owned(),
        subtitle: format!("{NETWORK} on {}, rewired at the linear layer {SITE}", spec.data),
        sites: vec![RewiredSite {
            site: SITE.to_owned(),
            variants: all.iter().map(|one| one.variant.clone()).collect(),
            curve: Vec::new(),
            chosen: None,
            removed: Vec::new(),
        }],
        proofs: all.iter().map(proof).collect(),
        how,
        notes: vec!["Units that hold the rounding of single precision only were set to 0.".to_owned()],
    });
    write_file(&folder.join("page.json"), serde_json::to_string(&shown).map_err(Failure::usage)?.as_bytes())?;
    write_file(&folder.join("report.html"), repshape_report::render(&[shown]).as_bytes())
}

fn show(folder: &Path, all: &[Made], rows: usize, global: &Global) -> Outcome {
    let network = |one: &Made| {
        json!({
            "name": one.name,
            "line": one.line,
            "max_abs_difference": one.difference.map_or(0.0, |found| found.max_abs),
            "max_rel_difference": one.difference.map_or(0.0, |found| found.max_rel),
            "same_predictions": one.difference.map_or(Some(1.0), |found| found.same_predictions),
            "test_error": one.error,
            "measurement": one.measurement,
        })
    };
    let json = json!({
        "schema": "repshape.rewiring-demo/1",
        "site": SITE,
        "network": NETWORK,
        "rows": rows,
        "tolerance": TOLERANCE,
        "networks": all.iter().map(network).collect::<Vec<_>>(),
        "out": folder.display().to_string(),
    });
    print(global, &json, || {
        let mut head: Vec<String> = ["network", "difference", "same", "error"].map(String::from).to_vec();
        head.extend(SHOWN.map(|name| name.replace("stable_rank_covariance", "stable_rank")));
        let row = |one: &Made| {
            let difference = one.difference.map_or_else(|| "-".to_owned(), |found| format!("{:.1e}", found.max_rel));
            let same = one.difference.and_then(|found| found.same_predictions).unwrap_or(1.0);
            let mut row = vec![
                one.name.into(),
                difference.into(),
                percent(same).into(),
                format!("{:.2} %", 100.0 * one.error).into(),
            ];
            row.extend(SHOWN.iter().map(|name| {
                let value = one.measurement.get(name);
                value
                    .map_or_else(
                        || "-".to_owned(),
                        |v| if v != 0.0 && v.abs() < 1e-3 { format!("{v:.1e}") } else { format!("{v:.3}") },
                    )
                    .into()
            }));
            row
        };
        Rows {
            head,
            rows: all.iter().map(row).collect(),
            notes: vec![
                format!(
                    "difference: the largest of any output on {rows} test rows, relative to the largest output; same: share of equal predictions"
                ),
                format!("the networks as ONNX models, and report.html: {}", folder.display()),
            ],
        }
    })
}

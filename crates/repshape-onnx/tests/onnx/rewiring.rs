//! Every site of every fixture, rewired in every way that it takes: the outputs stay, and the site becomes what was asked for.

use std::{collections::BTreeMap, error::Error, fmt::Write as _, fs, path::Path, process::Command};

use repshape_onnx::{Model, Problem, Representation, Rewiring, Runner, rewire::Place};
use repshape_stats::rewire::{Affine, CompactOptions, Site, SiteStatistics};

use crate::{
    damage::Random,
    python::with_onnxruntime,
    reference::{Reference, distance, folder, names},
};

/// Largest difference of an output, relative to its largest value: sums of tens of terms in `f32`, weights rounded once to `f32`.
const TOLERANCE: f64 = 1e-5;

/// Where weights are rounded to f16: 2^-11 of each weight, over sums of 18 (the convolution) and 4 terms. Largest seen: 4.4e-4.
const TOLERANCE_OF_HALVES: f64 = 1e-3;

fn tolerance(fixture: &str) -> f64 {
    if fixture.starts_with("half_13") || fixture.starts_with("half_21") { TOLERANCE_OF_HALVES } else { TOLERANCE }
}

fn open(name: &str) -> Model {
    Model::open(&folder().join(format!("{name}.onnx"))).unwrap_or_else(|error| panic!("{error}"))
}

/// A way to rewire a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Scale,
    Permute,
    ScaleAndPermute,
    Shift,
    Mix,
    MixAndShift,
}

const WAYS: [Way; 6] = [Way::Scale, Way::Permute, Way::ScaleAndPermute, Way::Shift, Way::Mix, Way::MixAndShift];

impl Way {
    /// Whether what stands around the site takes it, as the place says.
    fn passes(self, place: &Place) -> bool {
        let order = place.no_order.is_none();
        let (shift, mix) = (place.no_shift.is_none(), place.no_mixing.is_none());
        match self {
            Self::Scale => true,
            Self::Permute | Self::ScaleAndPermute => order,
            Self::Shift => shift,
            Self::Mix => mix,
            Self::MixAndShift => mix && shift,
        }
    }

    fn draw(self, units: usize, seed: u64) -> Affine {
        let mut random = Random(seed << 8 | self as u64);
        let mut draw = || random.next();
        let map = match self {
            Self::Scale => Affine::random_scale(units, 0.5, 2.0, &mut draw),
            Self::Permute => Affine::random_permutation(units, &mut draw),
            Self::ScaleAndPermute => {
                let scale = Affine::random_scale(units, 0.5, 2.0, &mut draw);
                scale.and_then(|scale| scale.then(&Affine::random_permutation(units, &mut draw)?))
            }
            Self::Shift => Affine::identity(units),
            // of condition 4 at most: rounding is not made worse
            Self::Mix | Self::MixAndShift => Affine::random_orthogonal(units, &mut draw)
                .and_then(|map| map.then(&Affine::random_scale(units, 0.5, 2.0, &mut draw)?)),
        };
        let map = map.unwrap_or_else(|error| panic!("{error}"));
        if !matches!(self, Self::Shift | Self::MixAndShift) {
            return map;
        }
        let shift = (0..units).map(|_| (draw() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0).collect();
        map.with_shift(shift).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// What a model gives at all its outputs and at a site.
struct Values {
    outputs: Vec<Representation>,
    site: Representation,
}

fn prepare(model: &Model, site: &str) -> Option<Runner> {
    let own = |name: &str| model.sites().iter().find(|known| known.name == name).cloned();
    let mut sites: Vec<_> = model.outputs().iter().filter_map(|name| own(name)).collect();
    sites.push(own(site)?);
    model.prepare(&sites).ok()
}

fn run(runner: &Runner, model: &Model, reference: &Reference) -> Result<Vec<Values>, String> {
    let batches: Vec<_> = match model.fixed_batch() {
        Some(_) => (0..reference.rows).map(|row| (row, row + 1)).collect(),
        None => vec![(0, reference.rows)],
    };
    let one = |(from, to)| {
        let mut outputs = runner.run(&reference.rows(from, to)).map_err(|error| error.to_string())?;
        let site = outputs.pop().ok_or("no site")?;
        Ok(Values { outputs, site })
    };
    batches.into_iter().map(one).collect()
}

/// The site's values as rows of units.
fn rows(found: &Representation, place: &Place) -> Vec<f64> {
    let wide = || found.values.iter().copied().map(f64::from);
    if !place.is_map {
        return wide().collect();
    }
    let positions: usize = found.shape[2..].iter().product();
    let values: Vec<f64> = wide().collect();
    let maps = values.chunks_exact(place.units * positions);
    maps.flat_map(|map| (0..positions).flat_map(move |at| (0..place.units).map(move |unit| map[unit * positions + at])))
        .collect()
}

fn reread(rewiring: &Rewiring, name: &str) -> Result<Model, String> {
    let bytes = rewiring.to_bytes().map_err(|error| error.to_string())?;
    Model::from_bytes(&bytes, name, None).map_err(|error| error.to_string())
}

/// Compares what two models give; what differs, in words.
fn same_outputs(before: &[Values], after: &[Values], changed: &[String], tolerance: f64) -> Result<f64, String> {
    let mut most = 0.0_f64;
    for (before, after) in before.iter().zip(after) {
        for (old, new) in before.outputs.iter().zip(&after.outputs).filter(|(old, _)| !changed.contains(&old.site)) {
            if old.shape != new.shape {
                return Err(format!("{:?} has the shape {:?}, not {:?}", old.site, new.shape, old.shape));
            }
            let off = distance(&new.values, &old.values)?;
            if off > tolerance {
                return Err(format!("output {:?} is off by {off:.1e}", old.site));
            }
            most = most.max(off);
        }
    }
    Ok(most)
}

/// Rewires a site in one way; the largest distance.
fn rewired(name: &str, place: &Place, site: &str, way: Way, seed: u64) -> Result<f64, String> {
    let (model, reference) = (open(name), Reference::read(&folder().join(format!("{name}.safetensors"))));
    let Some(runner) = prepare(&model, site) else { return Ok(0.0) };
    let before = run(&runner, &model, &reference)?;
    let map = way.draw(place.units, seed);
    let mut rewiring = Rewiring::of(&model).map_err(|error| error.to_string())?;
    rewiring.apply(site, &map).map_err(|error| error.to_string())?;
    let new = reread(&rewiring, name)?;
    let runner = prepare(&new, site).ok_or("the rewired model cannot be prepared")?;
    let after = run(&runner, &new, &reference)?;
    let mut most = same_outputs(&before, &after, &place.changed_outputs, tolerance(name))?;
    for (before, after) in before.iter().zip(&after) {
        let wanted = map.apply(&rows(&before.site, place)).map_err(|error| error.to_string())?;
        let wanted: Vec<f32> = wanted.into_iter().map(|z| z as f32).collect();
        let found: Vec<f32> = rows(&after.site, place).into_iter().map(|z| z as f32).collect();
        let off = distance(&found, &wanted)?;
        if off > tolerance(name) {
            return Err(format!("the site is off by {off:.1e}"));
        }
        most = most.max(off);
    }
    Ok(most)
}

#[test]
fn outputs_stay_and_the_site_becomes_what_was_asked_for() {
    let (mut wrong, mut counts) = (String::new(), BTreeMap::new());
    let mut halves = 0.0_f64;
    for (index, name) in names().iter().enumerate() {
        let model = open(name);
        let rewiring = Rewiring::of(&model).unwrap_or_else(|error| panic!("{error}"));
        for (at, site) in model.sites().iter().enumerate() {
            let Ok(place) = rewiring.check(&site.name) else { continue };
            for way in WAYS.into_iter().filter(|way| way.passes(&place)) {
                match rewired(name, &place, &site.name, way, (index * 1000 + at) as u64) {
                    Ok(most) => {
                        *counts.entry(way).or_insert(0) += 1;
                        if tolerance(name) == TOLERANCE_OF_HALVES {
                            halves = halves.max(most);
                        }
                    }
                    Err(reason) => {
                        let _ = writeln!(wrong, "{name}, {:?}, {way:?}: {reason}", site.name);
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    // the looser tolerance is needed
    assert!(halves > TOLERANCE_OF_HALVES / 10.0, "{halves:.1e}");
    // so that nothing was left out by mistake
    for (way, least) in [(Way::Scale, 300), (Way::ScaleAndPermute, 250), (Way::Shift, 55), (Way::MixAndShift, 20)] {
        assert!(counts[&way] >= least, "{counts:?}");
    }
}

#[test]
fn what_does_not_pass_is_refused_and_changes_nothing() {
    let mut refused = 0;
    for name in names() {
        let model = open(&name);
        let mut rewiring = Rewiring::of(&model).unwrap_or_else(|error| panic!("{error}"));
        let before = rewiring.proto().clone();
        for site in model.sites() {
            let place = rewiring.check(&site.name);
            let ways = WAYS.into_iter().filter(|way| place.as_ref().map_or(true, |place| !way.passes(place)));
            for way in ways {
                let units = place.as_ref().map_or(3, |place| place.units);
                // one unit cannot be mixed or put elsewhere
                if units == 1 && !matches!(way, Way::Shift | Way::MixAndShift) {
                    continue;
                }
                let map = way.draw(units, 7);
                if way != Way::Shift && map.is_positively_homogeneous() && map.kind().to_string().contains("diagonal") {
                    continue;
                }
                let error = rewiring.apply(&site.name, &map).expect_err(&format!("{name}, {:?}, {way:?}", site.name));
                assert!(matches!(*error.problem, Problem::Rewire { .. }), "{error}");
                refused += 1;
            }
        }
        assert!(*rewiring.proto() == before, "{name}");
    }
    assert!(refused > 3000, "{refused}");
}

/// Why each site of a model is refused, or what passes it.
fn told(name: &str) -> String {
    let model = open(name);
    let rewiring = Rewiring::of(&model).unwrap_or_else(|error| panic!("{error}"));
    let mut text = String::new();
    for site in model.sites() {
        let line = match rewiring.check(&site.name) {
            Ok(place) => {
                let kind = match place.site {
                    Site::Linear => "linear".to_owned(),
                    Site::Homogeneous { negative_slope } => format!("slope {negative_slope}"),
                };
                let Place { units, no_mixing, no_order, no_shift, changed_outputs, .. } = place;
                let mut line = format!("{kind}, {units} units");
                for (what, why) in [("order", &no_order), ("mixing", &no_mixing), ("shift", &no_shift)] {
                    if let Some(why) = why {
                        let _ = write!(line, "; no {what}: {why}");
                    }
                }
                if !changed_outputs.is_empty() {
                    let _ = write!(line, "; changes {changed_outputs:?}");
                }
                line
            }
            Err(error) => match *error.problem {
                Problem::Rewire { reason, .. } => format!("refused: {reason}"),
                other => format!("refused: {other}"),
            },
        };
        let _ = writeln!(text, "  {} | {line}", site.name);
    }
    text
}

/// Models whose sites are listed in `rewirable.txt`, by the beginning of their names.
const LISTED: [&str; 9] = [
    "activations_new_20",
    "cnn_mobile_15",
    "mlp_gemm_13",
    "mlp_matmul_13",
    "rewire_",
    "sklearn_scaler_13",
    "torch_cnn_17",
    "torch_dynamo_cnn_20",
    "torch_mlp_17",
];

#[test]
fn sites_are_passed_or_refused_as_listed() {
    let mut text = String::new();
    for name in names().into_iter().filter(|name| LISTED.iter().any(|start| name.starts_with(start))) {
        let _ = writeln!(text, "{name}\n{}", told(&name).trim_end());
    }
    let listed = fs::read_to_string(folder().join("rewirable.txt")).unwrap_or_default();
    if text != listed {
        let found = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rewirable.txt");
        fs::write(&found, &text).expect("a file in the target folder");
        let line = text.lines().zip(listed.lines()).find(|(found, listed)| found != listed);
        panic!("fixtures/rewirable.txt differs, first in {line:?}; what was found is in {}", found.display());
    }
}

/// Statistics of the rows that stood at a site.
fn statistics(values: &[Values], place: &Place) -> SiteStatistics {
    let all: Vec<f64> = values.iter().flat_map(|values| rows(&values.site, place)).collect();
    let (n, count) = (place.units, (all.len() / place.units) as f64);
    let mean: Vec<f64> = (0..n).map(|unit| all.iter().skip(unit).step_by(n).sum::<f64>() / count).collect();
    let mut covariance = vec![0.0; n * n];
    for row in all.chunks_exact(n) {
        for i in 0..n {
            for j in 0..n {
                covariance[i * n + j] += (row[i] - mean[i]) * (row[j] - mean[j]) / count;
            }
        }
    }
    let extreme =
        |unit: usize, of: fn(f64, f64) -> f64| all.iter().skip(unit).step_by(n).copied().reduce(of).unwrap_or(0.0);
    let (min, max) = (0..n).map(|unit| (extreme(unit, f64::min), extreme(unit, f64::max))).unzip();
    SiteStatistics::new(mean, covariance)
        .and_then(|found| found.with_extremes(min, max))
        .unwrap_or_else(|error| panic!("{error}"))
}

/// Makes a site smaller by the rows at hand; how many units it lost.
fn compacted(name: &str, place: &Place, site: &str) -> Result<usize, String> {
    let (model, reference) = (open(name), Reference::read(&folder().join(format!("{name}.safetensors"))));
    let Some(runner) = prepare(&model, site) else { return Ok(0) };
    let before = run(&runner, &model, &reference)?;
    let mut rewiring = Rewiring::of(&model).map_err(|error| error.to_string())?;
    let statistics = statistics(&before, place);
    let parameters = rewiring.parameters();
    let Ok(plan) = rewiring.compact(site, Some(&statistics), &CompactOptions::default()) else { return Ok(0) };
    let new = reread(&rewiring, name)?;
    let runner = prepare(&new, site).ok_or("the smaller model cannot be prepared")?;
    let after = run(&runner, &new, &reference)?;
    let lost = plan.units - plan.units_after();
    let units = |found: &Representation| found.shape[if place.is_map { 1 } else { found.shape.len() - 1 }];
    if units(&after[0].site) != units(&before[0].site) - lost {
        return Err(format!("{} units are left of {} less {lost}", units(&after[0].site), units(&before[0].site)));
    }
    if lost > 0 && rewiring.parameters() >= parameters {
        return Err(format!("{} parameters, {parameters} before", rewiring.parameters()));
    }
    // what does not vary on the rows was cut at 2^-52 of the largest variance per unit, and values come in f32
    same_outputs(&before, &after, &place.changed_outputs, 3.0 * tolerance(name))?;
    Ok(lost)
}

#[test]
fn a_smaller_site_gives_the_same_outputs_on_the_rows_it_was_made_by() {
    let (mut wrong, mut smaller) = (String::new(), 0);
    for name in names() {
        let model = open(&name);
        let rewiring = Rewiring::of(&model).unwrap_or_else(|error| panic!("{error}"));
        for site in model.sites() {
            let Ok(place) = rewiring.check(&site.name) else { continue };
            match compacted(&name, &place, &site.name) {
                Ok(lost) => smaller += usize::from(lost > 0),
                Err(reason) => {
                    let _ = writeln!(wrong, "{name}, {:?}: {reason}", site.name);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(smaller > 50, "{smaller} sites became smaller");
}

/// Rewires all that can be rewired of a model, site after site; how many.
fn all_sites(model: &Model, seed: u64) -> (Rewiring, usize) {
    let mut rewiring = Rewiring::of(model).unwrap_or_else(|error| panic!("{error}"));
    let mut count = 0;
    for (at, site) in model.sites().iter().enumerate() {
        // outputs of the model stay, to be compared
        let Ok(place) = rewiring.check(&site.name) else { continue };
        if !place.changed_outputs.is_empty() {
            continue;
        }
        let Some(way) = WAYS.into_iter().rev().find(|way| way.passes(&place)) else { continue };
        rewiring.apply(&site.name, &way.draw(place.units, seed + at as u64)).unwrap_or_else(|error| panic!("{error}"));
        count += 1;
    }
    (rewiring, count)
}

#[test]
fn onnx_checker_and_onnxruntime_agree_with_rewired_models() -> Result<(), Box<dyn Error>> {
    let Some(python) = with_onnxruntime("onnx_checker_and_onnxruntime_agree_with_rewired_models")? else {
        return Ok(());
    };
    let place = tempfile::tempdir()?;
    let mut written = 0;
    for (index, name) in names().iter().enumerate() {
        let model = open(name);
        let reference = Reference::read(&folder().join(format!("{name}.safetensors")));
        let (rewiring, sites) = all_sites(&model, index as u64);
        if sites == 0 {
            continue;
        }
        let mut write = |kind: &str, rewiring: &Rewiring| {
            written += 1;
            fs::write(place.path().join(format!("{name}__{kind}.onnx")), rewiring.to_bytes()?)?;
            Ok::<(), Box<dyn Error>>(())
        };
        write("all", &rewiring)?;
        let mut smaller = Rewiring::of(&model)?;
        let mut wider = Rewiring::of(&model)?;
        let (mut lost, mut inserted) = (0, 0);
        for site in model.sites() {
            let Ok(place) = smaller.check(&site.name) else { continue };
            let before = prepare(&model, &site.name).map(|runner| run(&runner, &model, &reference));
            if let Some(Ok(before)) = before
                && place.changed_outputs.is_empty()
                && lost == 0
            {
                // what was seen before another site became smaller
                let plan = smaller.compact(&site.name, Some(&statistics(&before, &place)), &CompactOptions::default());
                lost += plan.map_or(0, |plan| plan.removed.len());
            }
            if wider.equalize(&site.name).is_ok() && inserted < 3 {
                let new = format!("{}.linear", site.name);
                wider.insert_linear(&site.name, &new)?;
                let place = wider.check(&new)?;
                let way = WAYS.into_iter().rev().find(|way| way.passes(&place)).unwrap_or(Way::Scale);
                wider.apply(&new, &way.draw(place.units, 3))?;
                inserted += 1;
            }
        }
        if lost > 0 {
            write("smaller", &smaller)?;
        }
        if inserted > 0 {
            write("wider", &wider)?;
        }
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rewired.py");
    let run = Command::new(&python).arg("-B").arg(script).arg(folder()).arg(place.path()).output()?;
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{text}\n{}", String::from_utf8_lossy(&run.stderr));
    // The script says what it compared, so that comparing nothing cannot pass.
    assert!(written > 100 && text.contains(&format!("{written} models agree")), "{written} written\n{text}");
    Ok(())
}

//! Every site of every fixture is what onnxruntime computes, in batches of different sizes, and is listed as it is.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use repshape_onnx::{Dim, Head, Model, Problem, Representation, Site, shape_text};

use crate::reference::{Expected, Reference, distance, folder, names, part};

/// The largest difference relative to the site's largest value. Sums have tens of terms of order 1, in f32 on both sides.
const TOLERANCE: f64 = 1e-5;

/// Fixtures by the beginning of their names, with the tolerance that they need and why.
const LOOSER: &[(&str, f64, &str)] = &[
    // Measured: 2e-4 to 6e-4 for several seeds of inputs.
    ("half_13", 2e-3, "onnxruntime rounds every result to f16, 2^-11 = 4.9e-4 of it, we compute in f32"),
    ("half_21", 2e-3, "as half_13"),
];

/// What cannot be run as a whole, and the operators of which one must be named at each site that cannot be run.
const REFUSED: &[(&str, &[&str])] = &[
    ("branches_if_13", &["If"]),
    ("branches_if_17", &["If"]),
    ("cnn_max_dilated_13", &["MaxPool"]),
    ("cnn_max_dilated_17", &["MaxPool"]),
    ("conv_3d_13", &["Conv"]),
    ("gru_reset_first_13", &["GRU"]),
    ("microsoft_17", &["FusedMatMul", "FusedGemm"]),
    ("rearranged_13", &["SpaceToDepth"]),
    ("resize_cubic_13", &["Resize"]),
    ("rnn_13", &["RNN"]),
];

/// The tolerance of a fixture.
fn tolerance(fixture: &str) -> f64 {
    LOOSER.iter().find(|(start, ..)| fixture.starts_with(start)).map_or(TOLERANCE, |(_, tolerance, _)| *tolerance)
}

/// The operators for which a fixture is refused; none if all of it must run.
fn refused(fixture: &str) -> &'static [&'static str] {
    REFUSED.iter().find(|(name, _)| *name == fixture).map_or(&[], |(_, operators)| *operators)
}

fn open(name: &str) -> Model {
    Model::open(&folder().join(format!("{name}.onnx"))).unwrap_or_else(|error| panic!("{error}"))
}

/// Compares the model's sites with a reference, in one batch and in two parts; what differs, in words, and the largest distance.
///
/// # Errors
/// Every disagreement, one a line.
pub fn compare(name: &str, path: &Path) -> Result<(usize, f64), String> {
    let (model, reference) = (open(name), Reference::read(path));
    let (runnable, mut wrong) = match model.prepare(model.sites()) {
        Ok(_) if refused(name).is_empty() => (model.sites().to_vec(), String::new()),
        Ok(_) => return Err(format!("{name} runs as a whole: strike it off the list of the refused\n")),
        // What is before the operator can be run; and what is wrong with it should be known.
        Err(error) => {
            let as_listed = named(&error.problem, refused(name));
            one_by_one(&model, name, if as_listed { String::new() } else { format!("{error}\n") })
        }
    };
    if runnable.is_empty() {
        return if wrong.is_empty() { Ok((0, 0.0)) } else { Err(wrong) };
    }
    let runner = model.prepare(&runnable).map_err(|error| error.to_string())?;
    let rows = reference.rows;
    let whole_and_parts = match model.fixed_batch() {
        // the file says 1
        Some(1) => (0..rows).map(|row| (row, row + 1)).collect(),
        Some(other) => return Err(format!("{name}: a batch of {other}")),
        None => vec![(0, rows), (0, 1), (1, rows)],
    };
    let (mut compared, mut most) = (0, 0.0_f64);
    for (from, to) in whole_and_parts {
        let found = match runner.run(&reference.rows(from, to)) {
            Ok(found) => found,
            Err(error) => return Err(format!("{wrong}rows {from} to {to}: {error}\n")),
        };
        if found.len() != runnable.len() {
            return Err(format!("{name}: {} representations of {} sites", found.len(), runnable.len()));
        }
        for (site, found) in runnable.iter().zip(&found) {
            assert_eq!(site.name, found.site);
            // Values inside of model-local functions have no name outside.
            let Some(expected) = reference.values.get(&site.name) else { continue };
            match agree(found, expected, rows, from, to) {
                Ok(distance) => {
                    most = most.max(distance);
                    if distance > tolerance(name) {
                        let _ = writeln!(wrong, "{name}, {:?}, rows {from} to {to}: off by {distance:.1e}", site.name);
                    }
                }
                Err(reason) => {
                    let _ = writeln!(wrong, "{name}, {:?}, rows {from} to {to}: {reason}", site.name);
                }
            }
            compared += 1;
        }
    }
    if wrong.is_empty() { Ok((compared, most)) } else { Err(wrong) }
}

/// Whether the problem is that one of these operators cannot be run.
fn named(problem: &Problem, operators: &[&str]) -> bool {
    matches!(problem, Problem::Unsupported(found) if found.iter().any(|one| operators.contains(&one.operator.as_str())))
}

/// The sites that can be run alone, and `wrong` with those added that are refused for no listed reason.
fn one_by_one(model: &Model, name: &str, mut wrong: String) -> (Vec<Site>, String) {
    let mut runnable = Vec::new();
    for site in model.sites() {
        match model.prepare(std::slice::from_ref(site)) {
            Ok(_) => runnable.push(site.clone()),
            Err(error) if named(&error.problem, refused(name)) => {}
            Err(error) => {
                let _ = writeln!(wrong, "{name}, {:?}: {error}", site.name);
            }
        }
    }
    (runnable, wrong)
}

fn agree(found: &Representation, expected: &Expected, rows: usize, from: usize, to: usize) -> Result<f64, String> {
    let Some(axis) = expected.batch else {
        // Does not depend on the batch: the same for any rows, or a mean over rows, which only the whole has.
        return if to - from == rows { distance(&found.values, &expected.values) } else { Ok(0.0) };
    };
    let mut shape = expected.shape.clone();
    shape[axis] = to - from;
    if found.shape != shape {
        return Err(format!("{} instead of {}", shape_text(&found.shape), shape_text(&shape)));
    }
    distance(&found.values, &part(expected, axis, from, to - from))
}

#[test]
fn every_site_is_what_onnxruntime_computes() {
    let (mut compared, mut wrong) = (0, String::new());
    let mut distances = BTreeMap::new();
    for name in names() {
        match compare(&name, &folder().join(format!("{name}.safetensors"))) {
            Ok((count, most)) => {
                compared += count;
                distances.insert(name, most);
            }
            Err(reason) => {
                let _ = writeln!(wrong, "{name}: {reason}");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    // a fixture that became exact must not keep its looser tolerance
    for (start, tolerance, why) in LOOSER {
        let most =
            distances.iter().filter(|(name, _)| name.starts_with(start)).map(|(_, most)| *most).fold(0.0, f64::max);
        assert!(most > tolerance / 10.0, "{start} needs {most:.1e} only, not {tolerance:.0e} ({why})");
    }
    assert!(compared > 4000, "{compared} arrays compared");
}

#[test]
fn sites_are_the_float_values_that_an_input_reaches() {
    let mut wrong = String::new();
    for name in names() {
        let (model, reference) = (open(&name), Reference::read(&folder().join(format!("{name}.safetensors"))));
        let listed: BTreeMap<_, _> = model.sites().iter().map(|site| (site.name.as_str(), site)).collect();
        assert_eq!(listed.len(), model.sites().len(), "{name}: a site is listed twice");
        for value in reference.values.keys().filter(|value| !listed.contains_key(value.as_str())) {
            let _ = writeln!(wrong, "{name}: {value:?} is not listed");
        }
        for (value, site) in listed {
            let Some(expected) = reference.values.get(value) else {
                // Values inside of functions have no name outside.
                if !name.starts_with("functions") {
                    let _ = writeln!(wrong, "{name}: {value:?} is listed, but is no float value of onnxruntime");
                }
                continue;
            };
            if let Some(reason) = contradiction(&model, site, expected, &reference) {
                let _ = writeln!(wrong, "{name}, {value:?}: {reason}");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What a site's listing says that the model or a run contradicts.
fn contradiction(model: &Model, site: &Site, expected: &Expected, reference: &Reference) -> Option<String> {
    let graph = model.proto().graph.as_ref()?;
    let node = graph.node.iter().find(|node| node.output.contains(&site.name))?;
    if site.operator.rsplit('.').next() != Some(node.op_type()) || site.node != node.name() {
        return Some(format!("given by {} {:?}, found {} {:?}", node.op_type(), node.name(), site.operator, site.node));
    }
    if site.is_output != graph.output.iter().any(|output| output.name() == site.name) {
        return Some(format!("is_output is {}", site.is_output));
    }
    let shape = site.shape.as_ref()?;
    if shape.len() != expected.shape.len() {
        return Some(format!("{} in the list, {} in a run", shape_text(shape), shape_text(&expected.shape)));
    }
    // Row by row, the file's batch of 1 is each run's.
    let rows = model.fixed_batch().unwrap_or(reference.rows);
    let run =
        expected.shape.iter().enumerate().map(|(axis, &side)| if Some(axis) == expected.batch { rows } else { side });
    let fits = shape.iter().zip(run).all(|(dim, side)| match dim {
        Dim::Known(known) => *known == side,
        Dim::Free(name) => name != "N" || side == rows,
    });
    if fits {
        None
    } else {
        Some(format!("{} in the list, {} in a run", shape_text(shape), shape_text(&expected.shape)))
    }
}

#[test]
fn sites_stand_as_listed() {
    let mut text = String::new();
    for name in names() {
        let model = open(&name);
        let _ = writeln!(text, "{name} (opset {})", model.opset());
        for input in model.inputs() {
            let shape = input.shape.as_ref().map_or("?".to_owned(), |shape| shape_text(shape));
            let _ = writeln!(text, "  input {} {} {shape}", input.name, input.element);
        }
        for note in model.notes() {
            let _ = writeln!(text, "  note {note}");
        }
        for site in model.sites() {
            let shape = site.shape.as_ref().map_or("?".to_owned(), |shape| shape_text(shape));
            let output = if site.is_output { ", output" } else { "" };
            let _ = writeln!(text, "  {} | {} | {shape} | {}{output}", site.name, site.operator, site.place);
        }
    }
    let listed = fs::read_to_string(folder().join("sites.txt")).unwrap_or_default();
    if text != listed {
        let found = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sites.txt");
        fs::write(&found, &text).expect("a file in the target folder");
        let line = text.lines().zip(listed.lines()).find(|(found, listed)| found != listed);
        panic!("fixtures/sites.txt differs, first in {line:?}; what was found is in {}", found.display());
    }
}

/// `W z + b` for each row, and the same through softmax and its logarithm.
fn through(head: &Head, z: &[f32]) -> [Vec<f32>; 3] {
    let mut forms = [const { Vec::new() }; 3];
    for row in z.chunks_exact(head.units) {
        let affine = head.weights.chunks_exact(head.units).zip(&head.bias);
        let logits: Vec<f64> =
            affine.map(|(w, b)| w.iter().zip(row).map(|(w, z)| w * f64::from(*z)).sum::<f64>() + b).collect();
        let total = logits.iter().map(|logit| logit.exp()).sum::<f64>().ln();
        forms[0].extend(logits.iter().map(|logit| *logit as f32));
        forms[1].extend(logits.iter().map(|logit| (logit - total).exp() as f32));
        forms[2].extend(logits.iter().map(|logit| (logit - total) as f32));
    }
    forms
}

#[test]
fn a_head_leads_from_its_site_to_the_output() {
    let (mut heads, mut wrong) = (0, String::new());
    for name in names() {
        let (model, reference) = (open(&name), Reference::read(&folder().join(format!("{name}.safetensors"))));
        for site in model.sites() {
            let Some(head) = model.head(&site.name) else { continue };
            assert_eq!(head.weights.len(), head.classes * head.units, "{name}, {}", site.name);
            let (from, to) = (&reference.values[&site.name], &reference.values[&head.output]);
            let forms = through(&head, &from.values).map(|found| distance(&found, &to.values).unwrap_or(f64::INFINITY));
            let nearest = forms.into_iter().fold(f64::INFINITY, f64::min);
            if nearest > tolerance(&name) {
                let _ = writeln!(wrong, "{name}: {:?} to {:?}: off by {nearest:.1e}", site.name, head.output);
            }
            heads += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(heads > 60, "{heads} heads");
}

#[test]
fn runs_at_the_same_time_give_the_bits_of_one() {
    for name in names().iter().filter(|name| refused(name).is_empty()).step_by(5) {
        let (model, reference) = (open(name), Reference::read(&folder().join(format!("{name}.safetensors"))));
        let runner = model.prepare(model.sites()).unwrap_or_else(|error| panic!("{error}"));
        let inputs = reference.rows(0, 1);
        let run = || {
            let found = runner.run(&inputs).unwrap_or_else(|error| panic!("{error}"));
            found.into_iter().flat_map(|site| site.values).map(f32::to_bits).collect::<Vec<_>>()
        };
        let alone = run();
        let together = std::thread::scope(|scope| {
            let started: Vec<_> = (0..3).map(|_| scope.spawn(run)).collect();
            started.into_iter().map(|one| one.join().expect("no panic")).collect::<Vec<_>>()
        });
        assert!(together.iter().all(|bits| *bits == alone), "{name}");
    }
}

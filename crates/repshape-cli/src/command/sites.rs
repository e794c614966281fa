//! `repshape sites`: where a representation can be read.

use repshape_onnx::{Dim, Model, Place, Site, glob_matches, shape_text};
use serde_json::{Value, json};

use crate::cli::{Global, SitesArgs};
use crate::failure::Outcome;
use crate::output::{Rows, print};
use crate::run_folder::RunFolder;

/// Runs the command.
pub fn run(args: &SitesArgs, global: &Global) -> Outcome {
    if args.model.is_dir() { of_run(args, global) } else { of_model(args, global) }
}

fn of_model(args: &SitesArgs, global: &Global) -> Outcome {
    let model = Model::open(&args.model)?;
    let sites = if args.sites.is_empty() { model.sites().to_vec() } else { model.matching(&args.sites)? };
    let input = |input: &repshape_onnx::Input| json!({"name": input.name, "type": input.element.name(), "shape": sides(input.shape.as_deref())});
    let json = json!({
        "schema": "repshape.sites/1",
        "source": args.model.display().to_string(),
        "opset": model.opset(),
        "inputs": model.inputs().iter().map(input).collect::<Vec<_>>(),
        "outputs": model.outputs(),
        "sites": sites.iter().map(site).collect::<Vec<_>>(),
        "notes": model.notes(),
    });
    let shape = |shape: Option<&[Dim]>| shape.map_or_else(|| "?".to_owned(), shape_text);
    print(global, &json, || {
        let head = ["site", "operator", "shape", "nonlinearity", "node"].map(String::from).to_vec();
        let row = |s: &Site| {
            let cells = [&s.name, &s.operator, &shape(s.shape.as_deref()), &s.place.to_string(), &s.node];
            cells.map(|cell| cell.as_str().into()).to_vec()
        };
        let listed = |input: &repshape_onnx::Input| {
            format!("input {}: {} of {}", input.name, shape(input.shape.as_deref()), input.element)
        };
        let mut notes: Vec<String> = model.inputs().iter().map(listed).collect();
        notes.push(format!("outputs: {}", model.outputs().join(", ")));
        notes.extend(model.notes().iter().cloned());
        Rows { head, rows: sites.iter().map(row).collect(), notes }
    })
}

fn site(site: &Site) -> Value {
    let (place, nonlinearity) = match &site.place {
        Place::Before(operator) => (Some("before"), Some(operator)),
        Place::After(operator) => (Some("after"), Some(operator)),
        _ => (None, None),
    };
    json!({"name": site.name, "operator": site.operator, "node": site.node, "shape": sides(site.shape.as_deref()),
        "place": place, "nonlinearity": nonlinearity})
}

/// Numbers where they are known, names where a run may choose.
fn sides(shape: Option<&[Dim]>) -> Value {
    let side = |dim: &Dim| match dim {
        Dim::Known(side) => json!(side),
        Dim::Free(name) => json!(name),
    };
    shape.map_or(Value::Null, |shape| shape.iter().map(side).collect())
}

fn of_run(args: &SitesArgs, global: &Global) -> Outcome {
    let run = RunFolder::open(&args.model)?;
    let mut network = run.spec.network.clone();
    let mut sites = Vec::new();
    for name in run.spec.network.site_names() {
        if !args.sites.is_empty() && !args.sites.iter().any(|glob| glob_matches(glob, &name)) {
            continue;
        }
        let layer = network.layer_of_site_mut(&name);
        let width = layer.as_ref().map(|layer| layer.width);
        let activation = layer.map(|layer| layer.activation.to_string());
        let place = activation.as_ref().map(|_| if name.ends_with(".pre") { "before" } else { "after" });
        sites.push((name, width, place, activation));
    }
    let listed: Vec<Value> = sites
        .iter()
        .map(|(name, width, place, activation)| {
            let shape = [json!("N"), json!(width)];
            json!({"name": name, "operator": Value::Null, "node": Value::Null, "shape": shape, "place": place, "nonlinearity": activation})
        })
        .collect();
    let json = json!({"schema": "repshape.sites/1", "source": args.model.display().to_string(), "opset": Value::Null,
        "inputs": [], "outputs": ["output"], "sites": listed, "notes": []});
    print(global, &json, || {
        let rows = sites.iter().map(|(name, width, place, activation)| {
            let units = width.map_or_else(|| "?".to_owned(), |width| width.to_string());
            let nonlinearity = match (place, activation) {
                (Some(place), Some(activation)) => format!("{place} {activation}"),
                _ => "-".to_owned(),
            };
            vec![name.as_str().into(), units.into(), nonlinearity.into()]
        });
        let head = ["site", "units", "nonlinearity"].map(String::from).to_vec();
        Rows { head, rows: rows.collect(), notes: Vec::new() }
    })
}

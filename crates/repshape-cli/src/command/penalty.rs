//! `repshape penalty`: one penalty's value on a matrix in f64, and its gradient.

use repshape::burn::tensor::{DType, Device, Tensor, TensorData};
use repshape::groups::{Groups, Scope};
use repshape::penalty::{PenaltyConfig, Reduction};
use repshape_data::{LabelOptions, MatrixOptions, open_matrix, read_labels, write::write_npy};
use serde_json::json;

use crate::cli::{Global, PenaltyArgs};
use crate::failure::{Failure, Outcome};
use crate::output::{Rows, print};

/// Runs the command.
pub fn run(args: &PenaltyArgs, global: &Global) -> Outcome {
    let config = config(args)?;
    let penalty = config.build()?;
    let shown = args.input.display().to_string();
    let mut source = open_matrix(&args.input, &MatrixOptions { key: args.key.clone(), label_column: None })?;
    let matrix = repshape_data::Matrix::from_source(source.as_mut())?;
    let (rows, units) = (matrix.rows, matrix.units);
    if rows == 0 {
        return Err(Failure::usage(format!("{shown}: no rows; a penalty needs at least one")));
    }
    if let Some(at) = matrix.values.iter().position(|v| !v.is_finite()) {
        return Err(Failure::usage(format!(
            "{shown}: row {}, unit {} is {}; expected finite numbers",
            at / units,
            at % units,
            matrix.values[at]
        )));
    }
    penalty.accepts(units)?;
    let device = Device::flex();
    let (groups, classes) = match (penalty.scope(), &args.labels) {
        (Scope::Class, None) => {
            return Err(Failure::usage(format!("penalty \"{config}\" is class-wise: it needs --labels FILE")));
        }
        (scope, Some(path)) => {
            let options = LabelOptions { classes: args.classes, key: None, rows: Some((rows, shown.clone())) };
            let labels = read_labels(path, &options)?;
            let groups = match scope {
                Scope::Class => Groups::by_class(&labels.values, labels.classes, &device, DType::F64)?,
                Scope::All => Groups::all(rows, &device, DType::F64),
            };
            (groups, Some(labels.classes))
        }
        (Scope::All, None) => (Groups::all(rows, &device, DType::F64), args.classes),
    };
    let z = Tensor::<2>::from_data(TensorData::new(matrix.values, [rows, units]), (&device, DType::F64));
    let (value, gradient) = penalty.value_and_gradient(&z, &groups);
    let value = value.into_scalar::<f64>();
    if let Some(path) = &args.gradient_out {
        let shape: Vec<usize> = std::iter::once(rows).chain(matrix.row_shape.iter().copied()).collect();
        let gradient = gradient.into_data().try_into_vec::<f64>().map_err(|e| Failure::usage(format!("{e:?}")))?;
        write_npy(path, &shape, &gradient)?;
    }
    let json = json!({
        "schema": "repshape.penalty/1",
        "penalty": args.penalty,
        "scope": config.scope().to_string(),
        "reduction": config.reduction().to_string(),
        "rows": rows,
        "units": units,
        "classes": classes,
        "value": value.is_finite().then_some(value),
    });
    print(global, &json, || Rows {
        head: ["penalty", "value", "scope", "reduction", "rows", "units"].map(String::from).to_vec(),
        rows: vec![vec![
            config.to_string().into(),
            value.to_string().into(),
            config.scope().to_string().into(),
            config.reduction().to_string().into(),
            rows.to_string().into(),
            units.to_string().into(),
        ]],
        // the formula is that of the penalty's own reduction
        notes: PenaltyConfig::parse(config.row().name, None)
            .is_ok_and(|own| own.reduction() == config.reduction())
            .then(|| config.row().formula.to_owned())
            .into_iter()
            .collect(),
    })
}

fn config(args: &PenaltyArgs) -> Outcome<PenaltyConfig> {
    let reduction = match args.reduction.as_deref() {
        None => None,
        Some("mean") => Some(Reduction::Mean),
        Some("sum") => Some(Reduction::Sum),
        Some(other) => {
            return Err(Failure::usage(format!("--reduction \"{other}\" is unknown; expected mean or sum")));
        }
    };
    if args.penalty.contains(['=', '@']) {
        return Err(Failure::usage(format!(
            "--penalty \"{}\": a weight or site has no meaning on a matrix; expected NAME[:OPTION] as in cw-vr",
            args.penalty
        )));
    }
    let config = PenaltyConfig::parse(&args.penalty, reduction)?;
    match &args.groups {
        Some(groups) if config.needs_unit_groups() => Ok(config.with_unit_groups(groups.parse()?)),
        Some(_) => Err(Failure::usage(format!("--groups belongs to xcov; \"{config}\" takes none"))),
        None => Ok(config),
    }
}

//! Rewritten operators compute what the standard says, on numbers worked by hand.

use std::error::Error;

use repshape_onnx::{
    Problem,
    proto::{
        AttributeProto, FunctionProto, OperatorSetIdProto, attribute_proto::AttributeType, tensor_proto::DataType,
    },
};

use crate::build::{
    assert_close, float, floats, int, ints, model, node, numbers, of, open, run, text, weights, with_function,
};

type Outcome = Result<(), Box<dyn Error>>;

/// Rows of zeros: every element is one over the number that shared the softmax.
#[test]
fn softmax_before_opset_13_shares_all_sides_from_its_axis_on() -> Outcome {
    let rows = [0.0; 12];
    for (opset, expected) in [(11, 1.0 / 6.0), (13, 0.5)] {
        // Over 2 x 3 from axis 1 on at opset 11; over the 2 along axis 1 at opset 13.
        let softmax = model(opset, &[2, 3], vec![node("Softmax", &["x"], "y", vec![int("axis", 1)])], vec![]);
        assert_close(&run(&softmax, "y", &[2, 2, 3], &rows)?, &[2, 2, 3], &[expected; 12]);
    }
    // Without an axis: 1 of old, the last now.
    for (opset, expected) in [(12, 6.0_f64), (13, 3.0)] {
        let softmax = model(opset, &[2, 3], vec![node("LogSoftmax", &["x"], "y", vec![])], vec![]);
        assert_close(&run(&softmax, "y", &[2, 2, 3], &rows)?, &[2, 2, 3], &[-expected.ln(); 12]);
    }
    Ok(())
}

#[test]
fn activations_of_primitives() -> Outcome {
    let rows = [-2.0, 0.0, 1.5];
    let (e2, e4) = ((-2.0_f64).exp(), (-4.0_f64).exp());
    let cases: Vec<(_, Vec<AttributeProto>, [f64; 3])> = vec![
        ("Selu", vec![float("alpha", 2.0), float("gamma", 3.0)], [6.0 * (e2 - 1.0), 0.0, 4.5]),
        ("Celu", vec![float("alpha", 0.5)], [0.5 * (e4 - 1.0), 0.0, 1.5]),
        ("Mish", vec![], [-2.0 * e2.ln_1p().tanh(), 0.0, 1.5 * 1.5_f64.exp().ln_1p().tanh()]),
        ("ThresholdedRelu", vec![float("alpha", 1.0)], [0.0, 0.0, 1.5]),
        ("Shrink", vec![float("lambd", 1.0), float("bias", 0.25)], [-1.75, 0.0, 1.25]),
        ("Hardmax", vec![], [0.0, 0.0, 1.0]),
        ("Dropout", vec![], [-2.0, 0.0, 1.5]),
    ];
    for (operator, attributes, expected) in cases {
        let network = model(18, &[3], vec![node(operator, &["x"], "y", attributes)], vec![]);
        assert_close(&run(&network, "y", &[1, 3], &rows)?, &[1, 3], &expected);
    }
    Ok(())
}

/// Two groups of two channels: (1, 3) and (2, 6) have means 2 and 4 and deviations 1 and 2.
#[test]
fn group_normalisation_scales_groups_then_channels() -> Outcome {
    let rows = [1.0, 3.0, 2.0, 6.0];
    let normal = |scale: &[f32]| {
        let count = scale.len() as i64;
        let constants = vec![weights("scale", &[count], scale), weights("shift", &[count], &vec![10.0; scale.len()])];
        let attributes = vec![int("num_groups", 2), float("epsilon", 0.0)];
        model(
            if count == 2 { 18 } else { 21 },
            &[4, 1],
            vec![node("GroupNormalization", &["x", "scale", "shift"], "y", attributes)],
            constants,
        )
    };
    assert_close(&run(&normal(&[1.0, 5.0]), "y", &[1, 4, 1], &rows)?, &[1, 4, 1], &[9.0, 11.0, 5.0, 15.0]);
    assert_close(&run(&normal(&[1.0, 2.0, 3.0, 4.0]), "y", &[1, 4, 1], &rows)?, &[1, 4, 1], &[9.0, 12.0, 7.0, 14.0]);
    Ok(())
}

/// `x / (1 + 3 / 3 * (x_before^2 + x^2 + x_after^2))`.
#[test]
fn local_response_sees_neighbouring_channels() -> Outcome {
    let attributes = vec![int("size", 3), float("alpha", 3.0), float("beta", 1.0), float("bias", 1.0)];
    let network = model(13, &[3, 1, 1], vec![node("LRN", &["x"], "y", attributes)], vec![]);
    let found = run(&network, "y", &[1, 3, 1, 1], &[1.0, 2.0, 3.0])?;
    assert_close(&found, &[1, 3, 1, 1], &[1.0 / 6.0, 2.0 / 15.0, 3.0 / 14.0]);
    Ok(())
}

#[test]
fn a_convolution_without_attributes_has_the_standards_defaults() -> Outcome {
    let kernel = weights("w", &[1, 1, 2, 2], &[1.0, 2.0, 3.0, 4.0]);
    let bare = model(13, &[1, 2, 3], vec![node("Conv", &["x", "w"], "y", vec![])], vec![kernel.clone()]);
    let picture = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    // 1 + 4 + 12 + 20 and 2 + 6 + 15 + 24.
    assert_close(&run(&bare, "y", &[1, 1, 2, 3], &picture)?, &[1, 1, 1, 2], &[37.0, 47.0]);
    let same = |mode| {
        model(13, &[1, 2, 3], vec![node("Conv", &["x", "w"], "y", vec![text("auto_pad", mode)])], vec![kernel.clone()])
    };
    // The odd column and row come last for the one and first for the other.
    let upper = run(&same("SAME_UPPER"), "y", &[1, 1, 2, 3], &picture)?;
    assert_close(&upper, &[1, 1, 2, 3], &[37.0, 47.0, 21.0, 14.0, 17.0, 6.0]);
    let lower = run(&same("SAME_LOWER"), "y", &[1, 1, 2, 3], &picture)?;
    assert_close(&lower, &[1, 1, 2, 3], &[4.0, 11.0, 18.0, 18.0, 37.0, 47.0]);
    Ok(())
}

#[test]
fn truth_is_what_is_not_zero() -> Outcome {
    let cast = |to: DataType| vec![int("to", i64::from(i32::from(to)))];
    let nodes = vec![node("Cast", &["x"], "b", cast(DataType::Bool)), node("Cast", &["b"], "y", cast(DataType::Float))];
    assert_close(
        &run(&model(13, &[4], nodes, vec![]), "y", &[1, 4], &[0.0, 0.5, -0.25, 3.0])?,
        &[1, 4],
        &[0.0, 1.0, 1.0, 1.0],
    );
    Ok(())
}

#[test]
fn scikit_learns_scaler_and_linear_model() -> Outcome {
    let scaler = node("Scaler", &["x"], "scaled", vec![floats("offset", &[1.0, 2.0]), floats("scale", &[0.5, 4.0])]);
    let weights = vec![
        floats("coefficients", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        floats("intercepts", &[0.5, 0.0, -1.0]),
        int("targets", 3),
    ];
    let linear = node("LinearRegressor", &["scaled"], "y", weights);
    let network = model(13, &[2], vec![of("ai.onnx.ml", scaler), of("ai.onnx.ml", linear)], vec![]);
    assert_close(&run(&network, "scaled", &[1, 2], &[3.0, 3.0])?, &[1, 2], &[1.0, 4.0]);
    assert_close(&run(&network, "y", &[1, 2], &[3.0, 3.0])?, &[1, 3], &[9.5, 19.0, 28.0]);
    Ok(())
}

/// `leaky(x) = x < 0 ? slope x : x`, with a slope that each call gives or leaves to the function.
#[test]
fn functions_are_put_in_place_of_calls() -> Outcome {
    let slope = AttributeProto {
        name: Some("alpha".to_owned()),
        ref_attr_name: Some("slope".to_owned()),
        r#type: Some(AttributeType::Float.into()),
        ..Default::default()
    };
    let function = FunctionProto {
        name: Some("Bend".to_owned()),
        domain: Some("own".to_owned()),
        input: vec!["a".to_owned()],
        output: vec!["b".to_owned()],
        attribute_proto: vec![float("slope", 0.5)],
        // The inner name is that of a value of the graph.
        node: vec![node("LeakyRelu", &["a"], "once", vec![slope]), node("Neg", &["once"], "b", vec![])],
        opset_import: vec![OperatorSetIdProto { domain: Some(String::new()), version: Some(13) }],
        ..Default::default()
    };
    let calls = vec![
        of("own", node("Bend", &["x"], "once", vec![float("slope", 0.25)])),
        of("own", node("Bend", &["once"], "y", vec![])),
    ];
    let network = with_function(model(13, &[2], calls, vec![]), function.clone());
    assert_close(&run(&network, "once", &[1, 2], &[-4.0, 2.0])?, &[1, 2], &[1.0, -2.0]);
    assert_close(&run(&network, "y", &[1, 2], &[-4.0, 2.0])?, &[1, 2], &[-1.0, 1.0]);

    let endless = FunctionProto { node: vec![of("own", node("Bend", &["a"], "b", vec![]))], ..function };
    let network = with_function(model(13, &[2], vec![of("own", node("Bend", &["x"], "y", vec![]))], vec![]), endless);
    let error = run(&network, "y", &[1, 2], &[0.0; 2]).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("functions 32 deep in functions"), "{error}");
    Ok(())
}

/// Thirty-one functions that each call the next twice stand for two thousand million nodes.
#[test]
fn functions_that_explode_are_refused() {
    let mut network = model(13, &[2], vec![of("own", node("F0", &["x"], "y", vec![]))], vec![]);
    for level in 0..31 {
        let next = format!("F{}", level + 1);
        network.functions.push(FunctionProto {
            name: Some(format!("F{level}")),
            domain: Some("own".to_owned()),
            input: vec!["a".to_owned()],
            output: vec!["b".to_owned()],
            node: vec![of("own", node(&next, &["a"], "m", vec![])), of("own", node(&next, &["m"], "b", vec![]))],
            ..Default::default()
        });
    }
    let error = run(&network, "y", &[1, 2], &[0.0; 2]);
    assert!(matches!(error.map_err(|error| *error.problem), Err(Problem::TooLarge { .. })));
}

/// Every unsupported operator is named at once, with its nodes, and only those that the site needs.
#[test]
fn missing_operators_are_named_before_anything_runs() -> Outcome {
    let nodes = vec![
        node("Relu", &["x"], "seen", vec![]),
        of("own", node("Unheard", &["seen"], "a", vec![])),
        of("own", node("Unheard", &["a"], "b", vec![])),
        node("Det", &["b"], "c", vec![]),
    ];
    let network = model(13, &[2], nodes, vec![]);
    assert_close(&run(&network, "seen", &[1, 2], &[-1.0, 1.0])?, &[1, 2], &[0.0, 1.0]);
    let read = open(&network)?;
    let error = read.prepare(read.sites()).err().ok_or("prepared an operator that nobody knows")?;
    assert_eq!(
        error.to_string(),
        "test.onnx: operators that cannot be run: Det (ai.onnx, opset 13) at node \"n:c\" (Det); \
         Unheard (own, opset 1) at node \"n:a\" (own.Unheard), node \"n:b\" (own.Unheard)"
    );
    Ok(())
}

/// What runs in other forms is refused with the form.
#[test]
fn forms_that_would_run_wrong_are_refused() {
    let pool = model(
        13,
        &[1, 4, 4],
        vec![node("MaxPool", &["x"], "y", vec![ints("kernel_shape", &[2, 2]), ints("dilations", &[2, 2])])],
        vec![],
    );
    let scales = weights("s", &[4], &[1.0, 1.0, 2.0, 2.0]);
    let resize =
        model(13, &[1, 4, 4], vec![node("Resize", &["x", "", "s"], "y", vec![text("mode", "cubic")])], vec![scales]);
    let deep = weights("w", &[1, 1, 1, 1, 1], &[1.0]);
    let conv = model(13, &[1, 4, 4, 4], vec![node("Conv", &["x", "w"], "y", vec![])], vec![deep]);
    for (network, form) in
        [(pool, "MaxPool with dilations"), (resize, "Resize with mode cubic"), (conv, "Conv with 3 spatial sides")]
    {
        let sides = network.graph.as_ref().map_or(0, |graph| graph.input.len());
        assert_eq!(sides, 1);
        let error = open(&network).and_then(|model| model.prepare(model.sites())).err().map(|error| error.to_string());
        assert!(error.as_ref().is_some_and(|error| error.contains(form)), "{error:?}");
    }
}

#[test]
fn slices_and_pads_of_some_axes() -> Outcome {
    let ends = vec![numbers("starts", &[2], &[0, 1]), numbers("ends", &[2], &[1, 3])];
    let slice = model(13, &[3], vec![node("Slice", &["x", "starts", "ends"], "y", vec![])], ends);
    assert_close(&run(&slice, "y", &[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?, &[1, 2], &[2.0, 3.0]);
    let pads = vec![numbers("pads", &[2], &[1, 2]), weights("fill", &[], &[9.0]), numbers("axes", &[1], &[-1])];
    let pad = model(18, &[1], vec![node("Pad", &["x", "pads", "fill", "axes"], "y", vec![])], pads);
    assert_close(&run(&pad, "y", &[2, 1], &[1.0, 2.0])?, &[2, 4], &[9.0, 1.0, 9.0, 9.0, 9.0, 2.0, 9.0, 9.0]);
    Ok(())
}

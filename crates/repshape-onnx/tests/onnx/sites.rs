//! Listing sites, choosing them by pattern, and the head behind them.

use std::error::Error;

use repshape_onnx::{
    Model, Place,
    proto::{ModelProto, tensor_proto::DataType},
    shape_text,
};

use crate::build::{float, graph, int, model, node, numbers, open, value, weights};

type Outcome = Result<(), Box<dyn Error>>;

/// Two dense layers, the first followed by a ReLU, the last by a softmax; and a mask made from the shape alone.
fn network() -> ModelProto {
    let nodes = vec![
        node("Gemm", &["x", "w1", "b1"], "block/fc1", vec![int("transB", 1)]),
        node("Relu", &["block/fc1"], "block/relu[1]", vec![]),
        node("Shape", &["x"], "shape", vec![]),
        node("ConstantOfShape", &["shape"], "mask", vec![]),
        node("Greater", &["block/relu[1]", "zero"], "is_on", vec![]),
        node("MatMul", &["block/relu[1]", "w2"], "product", vec![]),
        node("Add", &["b2", "product"], "logits", vec![]),
        node("Softmax", &["logits"], "probabilities", vec![]),
    ];
    let constants = vec![
        weights("w1", &[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        weights("b1", &[2], &[0.5, -0.5]),
        weights("zero", &[], &[0.0]),
        weights("w2", &[2, 4], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]),
        weights("b2", &[4], &[0.1, 0.2, 0.3, 0.4]),
    ];
    model(13, &[3], nodes, constants)
}

fn names(model: &Model, patterns: &[&str]) -> Result<Vec<String>, String> {
    let patterns: Vec<String> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
    let sites = model.matching(&patterns).map_err(|error| error.to_string())?;
    Ok(sites.into_iter().map(|site| site.name).collect())
}

/// Neither constants, nor truth values, nor what depends on the shape only, nor the input itself.
#[test]
fn sites_are_floats_that_depend_on_data() -> Outcome {
    let model = open(&network())?;
    let listed: Vec<_> = model
        .sites()
        .iter()
        .map(|site| {
            (
                site.name.as_str(),
                site.operator.as_str(),
                shape_text(site.shape.as_deref().unwrap_or(&[])),
                site.place.clone(),
                site.is_output,
            )
        })
        .collect();
    let before = |operator: &str| Place::Before(operator.to_owned());
    let after = |operator: &str| Place::After(operator.to_owned());
    assert_eq!(
        listed,
        [
            ("block/fc1", "Gemm", "N x 2".to_owned(), before("Relu"), false),
            ("block/relu[1]", "Relu", "N x 2".to_owned(), after("Relu"), false),
            ("product", "MatMul", "N x 4".to_owned(), Place::Neither, false),
            ("logits", "Add", "N x 4".to_owned(), before("Softmax"), false),
            ("probabilities", "Softmax", "N x 4".to_owned(), after("Softmax"), true),
        ]
    );
    assert_eq!(model.sites()[0].node, "n:block/fc1");
    Ok(())
}

#[test]
fn patterns_choose_in_graph_order_and_each_once() -> Outcome {
    let model = open(&network())?;
    assert_eq!(names(&model, &["logits", "block/*"])?, ["block/fc1", "block/relu[1]", "logits"]);
    assert_eq!(names(&model, &["*o*i*s", "logits"])?, ["logits", "probabilities"]);
    assert_eq!(names(&model, &["*fc?", "[a-l]ogits"])?, ["block/fc1", "logits"]);
    assert_eq!(names(&model, &["[!bl]*"])?, ["product", "probabilities"]);
    // A name with brackets means itself; as a pattern it would mean "block/relu1".
    assert_eq!(names(&model, &["block/relu[1]"])?, ["block/relu[1]"]);
    Ok(())
}

#[test]
fn a_pattern_without_a_site_offers_the_nearest_names() -> Outcome {
    let model = open(&network())?;
    let error = names(&model, &["block/fc2"]).err().unwrap_or_default();
    assert!(error.starts_with("test.onnx: no site matches \"block/fc2\"; did you mean \"block/fc1\""), "{error}");
    let error = names(&model, &["qqq"]).err().unwrap_or_default();
    assert!(error.contains("the model has \"block/fc1\", \"block/relu[1]\", \"product\", ... (5 in all)"), "{error}");
    assert!(names(&model, &["a[b"]).err().unwrap_or_default().contains("\"[\" without its \"]\""));
    assert!(names(&model, &[""]).err().unwrap_or_default().contains("is empty"));
    Ok(())
}

/// `W` is classes by units whatever way it is stored.
#[test]
fn the_head_is_the_affine_layer_to_an_output() -> Outcome {
    let model = open(&network())?;
    let head = model.head("block/relu[1]").ok_or("no head behind the ReLU")?;
    assert_eq!((head.classes, head.units, head.output.as_str()), (4, 2, "probabilities"));
    assert_eq!(head.weights, [1.0, 5.0, 2.0, 6.0, 3.0, 7.0, 4.0, 8.0]);
    assert_eq!(head.bias, [0.1_f32, 0.2, 0.3, 0.4].map(f64::from));
    for site in ["block/fc1", "logits", "x", "nothing"] {
        assert_eq!(model.head(site), None, "{site}");
    }
    // The first layer's result is no output: not a head, although affine.
    assert_eq!(model.head("x"), None);
    Ok(())
}

#[test]
fn a_gemm_head_takes_alpha_beta_and_transposition_in() -> Outcome {
    for (transposed, stored) in [(0, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]), (1, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])] {
        let dims = if transposed == 1 { [2, 3] } else { [3, 2] };
        let attributes = vec![int("transB", transposed), float("alpha", 2.0), float("beta", 0.5)];
        let nodes = vec![node("Relu", &["x"], "z", vec![]), node("Gemm", &["z", "w", "c"], "y", attributes)];
        let constants = vec![weights("w", &dims, &stored), weights("c", &[1, 2], &[1.0, -3.0])];
        let head = open(&model(13, &[3], nodes, constants))?.head("z").ok_or("no head")?;
        assert_eq!((head.classes, head.units), (2, 3));
        assert_eq!(head.weights, [2.0, 4.0, 6.0, 8.0, 10.0, 12.0]);
        assert_eq!(head.bias, [0.5, -1.5]);
    }
    Ok(())
}

#[test]
fn a_fixed_batch_is_said() -> Outcome {
    let mut fixed = network();
    assert_eq!(open(&fixed)?.fixed_batch(), None);
    let mut input = value("x", DataType::Float, &[1, 3]);
    if let Some(repshape_onnx::proto::TypeProto {
        value: Some(repshape_onnx::proto::type_proto::Value::TensorType(tensor)),
        ..
    }) = &mut input.r#type
        && let Some(shape) = &mut tensor.shape
    {
        shape.dim.remove(0);
    }
    graph(&mut fixed).input = vec![input];
    let model = open(&fixed)?;
    assert_eq!(model.fixed_batch(), Some(1));
    assert_eq!(model.sites()[0].shape.as_deref().map(shape_text), Some("1 x 2".to_owned()));
    Ok(())
}

/// The middle of a gather from a table is a site too, with the shape that inference gives it.
#[test]
fn tokens_go_in_as_integers_and_come_out_as_floats() -> Outcome {
    let mut tokens = model(
        13,
        &[4],
        vec![node("Gather", &["table", "x"], "embedded", vec![])],
        vec![weights("table", &[3, 2], &[0.0; 6])],
    );
    graph(&mut tokens).input = vec![value("x", DataType::Int64, &[4])];
    let tokens = open(&tokens)?;
    assert_eq!(tokens.sites()[0].shape.as_deref().map(shape_text), Some("N x 4 x 2".to_owned()));
    let picked =
        model(13, &[4], vec![node("ReduceSum", &["x", "axes"], "y", vec![])], vec![numbers("axes", &[1], &[1])]);
    assert_eq!(open(&picked)?.sites()[0].shape.as_deref().map(shape_text), Some("N x 1".to_owned()));
    Ok(())
}

/// A 1-d convolution gives N x C x L, a transformer N x T x D: only the operators tell which.
#[test]
fn maps_are_told_from_tokens() -> Outcome {
    let nodes = vec![
        node("Conv", &["x", "kernel"], "conv", vec![int("group", 1)]),
        node("BatchNormalization", &["conv", "one", "one", "one", "one"], "normal", vec![]),
        node("Relu", &["normal"], "relu", vec![]),
        node("Mul", &["slope", "relu"], "scaled", vec![]),
        node("Add", &["scaled", "conv"], "sum", vec![]),
        node("MaxPool", &["sum"], "pool", vec![crate::build::ints("kernel_shape", &[2])]),
        node("Concat", &["pool", "pool"], "joined", vec![int("axis", 1)]),
        node("Transpose", &["joined"], "tokens", vec![crate::build::ints("perm", &[0, 2, 1])]),
        node("MatMul", &["tokens", "w"], "product", vec![]),
        node("Tanh", &["product"], "tanh", vec![]),
        node("Flatten", &["pool"], "flat", vec![]),
        node("BatchNormalization", &["flat", "six", "six", "six", "six"], "plain", vec![]),
        node("Sigmoid", &["plain"], "gate", vec![]),
        node("Unsqueeze", &["gate", "last"], "column", vec![]),
    ];
    let constants = vec![
        weights("kernel", &[2, 3, 2], &[1.0; 12]),
        weights("one", &[2], &[1.0; 2]),
        weights("six", &[6], &[1.0; 6]),
        weights("slope", &[], &[0.5]),
        weights("w", &[4, 5], &[1.0; 20]),
        numbers("last", &[1], &[2]),
    ];
    let model = open(&model(13, &[3, 5], nodes, constants))?;
    let maps: Vec<&str> = model.sites().iter().filter(|site| site.is_map()).map(|site| site.name.as_str()).collect();
    assert_eq!(maps, ["conv", "normal", "relu", "scaled", "sum", "pool", "joined"]);
    assert!(model.prepare(model.sites()).is_ok());
    Ok(())
}

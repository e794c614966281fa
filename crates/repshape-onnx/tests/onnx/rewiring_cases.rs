//! Rewiring of small models whose numbers are worked by hand.

use prost::Message;
use repshape_onnx::{
    Model, Problem, Rewiring,
    proto::{ModelProto, tensor_proto::DataType},
};
use repshape_stats::rewire::{Affine, CompactOptions, Holds, Reason, Site, SiteStatistics};

use crate::build::{assert_close, float, graph, int, ints, model, node, open, run, value, weights};

fn rewiring(proto: &ModelProto) -> Rewiring {
    let model = open(proto).unwrap_or_else(|error| panic!("{error}"));
    Rewiring::of(&model).unwrap_or_else(|error| panic!("{error}"))
}

fn reason(error: repshape_onnx::OnnxError) -> String {
    match *error.problem {
        Problem::Rewire { reason, .. } => reason,
        other => panic!("{other}"),
    }
}

fn tensor(rewiring: &Rewiring, name: &str) -> (Vec<i64>, Vec<f32>) {
    let graph = rewiring.proto().graph.as_ref().expect("a graph");
    let found = graph.initializer.iter().find(|tensor| tensor.name() == name);
    let found = found.unwrap_or_else(|| panic!("no {name} among {:?}", graph.initializer));
    let raw = found.raw_data.as_ref().expect("raw data");
    (found.dims.clone(), raw.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().expect("four"))).collect())
}

/// 2 inputs, 3 units behind a ReLU, 2 outputs.
fn two_layers() -> ModelProto {
    model(
        17,
        &[2],
        vec![
            node("Gemm", &["x", "w1", "b1"], "fc1.pre", vec![int("transB", 1), float("alpha", 0.5)]),
            node("Relu", &["fc1.pre"], "fc1", vec![]),
            node("Gemm", &["fc1", "w2"], "output", vec![]),
        ],
        vec![
            weights("w1", &[3, 2], &[2.0, 4.0, -2.0, 0.0, 6.0, 2.0]),
            weights("b1", &[3], &[1.0, 0.5, -1.0]),
            weights("w2", &[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        ],
    )
}

#[test]
fn a_scale_and_a_permutation_are_folded_as_by_hand() {
    let mut rewiring = rewiring(&two_layers());
    let place = rewiring.check("fc1").expect("a site");
    assert_eq!((place.site, place.units, place.is_map), (Site::RELU, 3, false));
    assert_eq!(place.writers, ["Gemm (node \"n:fc1.pre\")"]);
    assert_eq!(place.readers, ["Gemm (node \"n:output\")"]);
    // z'_0 = 2 z_1, z'_1 = 4 z_2, z'_2 = z_0
    let map = Affine::new(vec![0.0, 2.0, 0.0, 0.0, 0.0, 4.0, 1.0, 0.0, 0.0], vec![0.0; 3]).expect("a map");
    rewiring.apply("fc1", &map).expect("it passes");
    // alpha is 0.5: the layer's weights are half of those stored, and alpha is gone
    assert_eq!(tensor(&rewiring, "w1"), (vec![3, 2], vec![-2.0, 0.0, 12.0, 4.0, 1.0, 2.0]));
    assert_eq!(tensor(&rewiring, "b1"), (vec![3], vec![1.0, -4.0, 1.0]));
    assert_eq!(tensor(&rewiring, "w2"), (vec![3, 2], vec![1.5, 2.0, 1.25, 1.5, 1.0, 2.0]));
    let said = &rewiring.proto().metadata_props[0];
    assert_eq!((said.key(), said.value()), ("repshape.rewired", "fc1: a positive diagonal times a permutation"));
    // x = (1, 1): pre = (4, -0.5, 3), z = (4, 0, 3)
    let after = run(rewiring.proto(), "output", &[1, 2], &[1.0, 1.0]).expect("a run");
    assert_close(&after, &[1, 2], &[19.0, 26.0]);
    let site = run(rewiring.proto(), "fc1", &[1, 2], &[1.0, 1.0]).expect("a run");
    assert_close(&site, &[1, 3], &[0.0, 12.0, 4.0]);
}

#[test]
fn a_shift_behind_layers_without_bias_becomes_a_bias() {
    let proto = model(
        17,
        &[2],
        vec![
            node("MatMul", &["x", "w1"], "z", vec![]),
            node("MatMul", &["z", "w2"], "y", vec![]),
            node("Gemm", &["z", "w3"], "other", vec![]),
            node("Add", &["y", "other"], "output", vec![]),
        ],
        vec![
            weights("w1", &[2, 2], &[1.0, 2.0, 3.0, 4.0]),
            weights("w2", &[2, 1], &[1.0, -1.0]),
            weights("w3", &[2, 1], &[2.0, 5.0]),
        ],
    );
    let before = run(&proto, "output", &[2, 2], &[1.0, 0.0, -1.0, 2.0]).expect("a run");
    let mut rewiring = rewiring(&proto);
    rewiring.apply("z", &Affine::new(vec![1.0, 1.0, 0.0, 2.0], vec![10.0, -3.0]).expect("a map")).expect("it passes");
    let site = run(rewiring.proto(), "z", &[2, 2], &[1.0, 0.0, -1.0, 2.0]).expect("a run");
    // z = (1, 2), (5, 6)
    assert_close(&site, &[2, 2], &[-4.0, 10.0, 4.0, 18.0]);
    let after = run(rewiring.proto(), "output", &[2, 2], &[1.0, 0.0, -1.0, 2.0]).expect("a run");
    assert_close(&after, &[2, 1], &before.values.iter().map(|y| f64::from(*y)).collect::<Vec<_>>());
    let nodes: Vec<&str> =
        rewiring.proto().graph.iter().flat_map(|graph| &graph.node).map(|node| node.op_type()).collect();
    assert_eq!(nodes, ["MatMul", "Add", "MatMul", "Add", "Gemm", "Add"]);
}

#[test]
fn units_without_content_go_for_every_input() {
    // unit 1 is twice unit 0, unit 2 is always 3, nothing reads unit 3
    let proto = model(
        13,
        &[2],
        vec![
            node("MatMul", &["x", "w1"], "product", vec![]),
            node("Add", &["b1", "product"], "pre", vec![]),
            node("Relu", &["pre"], "z", vec![]),
            node("MatMul", &["z", "w2"], "y", vec![]),
            node("Identity", &["y"], "output", vec![]),
        ],
        vec![
            weights("w1", &[2, 4], &[1.0, 2.0, 0.0, 5.0, -1.0, -2.0, 0.0, 1.0]),
            weights("b1", &[4], &[0.5, 1.0, 3.0, 0.0]),
            weights("w2", &[4, 1], &[1.0, 10.0, 100.0, 0.0]),
        ],
    );
    let mut proto = proto;
    graph(&mut proto).value_info = ["product", "pre", "z"].map(|name| value(name, DataType::Float, &[4])).to_vec();
    let mut rewiring = rewiring(&proto);
    let plan = rewiring.compact("z", None, &CompactOptions::default()).expect("a plan");
    assert!(plan.holds_for_every_input());
    assert_eq!(plan.removed.len(), 3);
    assert_eq!(tensor(&rewiring, "w1"), (vec![2, 1], vec![1.0, -1.0]));
    assert_eq!(tensor(&rewiring, "b1"), (vec![1], vec![0.5]));
    assert_eq!(tensor(&rewiring, "w2"), (vec![1, 1], vec![21.0]));
    let declared = rewiring.proto().graph.as_ref().map(|graph| graph.value_info.clone());
    assert_eq!(declared, Some(["product", "pre", "z"].map(|name| value(name, DataType::Float, &[1])).to_vec()));
    // weights and biases: 2 + 1 + 1, and the constant 300
    assert_eq!(rewiring.parameters(), 5);
    let y = run(rewiring.proto(), "output", &[2, 2], &[2.0, 1.0, 0.0, 3.0]).expect("a run");
    assert_close(&y, &[2, 1], &[331.5, 300.0]);
    // and again there is nothing
    let again = rewiring.compact("z", None, &CompactOptions::default()).expect("a plan");
    assert!(again.is_empty());
    assert_eq!(rewiring.proto().metadata_props[0].value(), "z: compact 4 to 1");
}

/// 1 x 1 channels to 3, normalised, bent, flattened into a layer whose map is 2 x 2; or read by a convolution that pads.
fn map_model(padded: bool) -> ModelProto {
    let mut nodes = vec![
        node("Conv", &["x", "k1"], "conv", vec![]),
        node("BatchNormalization", &["conv", "scale", "shift", "mean", "variance"], "pre", vec![float("epsilon", 0.0)]),
        node("Relu", &["pre"], "z", vec![]),
    ];
    if padded {
        nodes.push(node("Conv", &["z", "k2"], "map", vec![ints("pads", &[1, 1, 1, 1])]));
        nodes.push(node("GlobalAveragePool", &["map"], "output", vec![]));
    } else {
        nodes.push(node("Flatten", &["z"], "flat", vec![]));
        nodes.push(node("Gemm", &["flat", "w"], "output", vec![]));
    }
    let columns: Vec<f32> = (0..12).map(|at| at as f32 - 5.0).collect();
    let constants = vec![
        weights("k1", &[3, 1, 1, 1], &[1.0, 0.0, -2.0]),
        weights("scale", &[3], &[2.0, 1.0, 1.0]),
        weights("shift", &[3], &[0.0, 4.0, 1.0]),
        weights("mean", &[3], &[1.0, 0.0, 0.0]),
        weights("variance", &[3], &[4.0, 1.0, 1.0]),
        weights("k2", &[2, 3, 3, 3], &(0..54).map(|at| (at % 7) as f32 - 3.0).collect::<Vec<_>>()),
        weights("w", &[12, 1], &columns),
    ];
    let used = constants.into_iter().filter(|tensor| tensor.name() != if padded { "w" } else { "k2" }).collect();
    model(17, &[1, 2, 2], nodes, used)
}

#[test]
fn a_constant_channel_is_folded_into_what_is_flattened_and_not_into_padding() {
    let pixels = [1.0, 2.0, -1.0, 0.5];
    let proto = map_model(false);
    let before = run(&proto, "output", &[1, 1, 2, 2], &pixels).expect("a run");
    let mut rewired = rewiring(&proto);
    let place = rewired.check("z").expect("a site");
    assert_eq!((place.units, place.is_map), (3, true));
    assert_eq!(place.folded, ["BatchNormalization (node \"n:pre\")"]);
    let plan = rewired.compact("z", None, &CompactOptions::default()).expect("a plan");
    // channel 1 has no weights in and is its shift, 4
    assert_eq!(plan.removed.len(), 1);
    assert_eq!((plan.removed[0].reason, plan.removed[0].holds), (Reason::ZeroIn { value: 4.0 }, Holds::EveryInput));
    assert_eq!(tensor(&rewired, "k1"), (vec![2, 1, 1, 1], vec![1.0, -2.0]));
    // columns 4 to 7 are those of channel 1: 4 (-1 + 0 + 1 + 2)
    assert_eq!(tensor(&rewired, "output.bias"), (vec![1], vec![8.0]));
    let after = run(rewired.proto(), "output", &[1, 1, 2, 2], &pixels).expect("a run");
    assert_close(&after, &[1, 1], &[f64::from(before.values[0])]);

    // beyond the border there is 0, not 4
    let mut rewired = rewiring(&map_model(true));
    assert!(rewired.compact("z", None, &CompactOptions::default()).expect("a plan").is_empty());
    assert!(rewired.proto().metadata_props.is_empty());
}

#[test]
fn a_batch_normalisation_becomes_part_of_the_layer_before_it() {
    let mut rewired = rewiring(&map_model(false));
    rewired.apply("z", &Affine::scale(vec![1.0, 2.0, 4.0]).expect("a scale")).expect("it passes");
    // factor 2 / sqrt(4) = 1 and offset 0 - 1 for channel 0
    assert_eq!(tensor(&rewired, "k1"), (vec![3, 1, 1, 1], vec![1.0, 0.0, -8.0]));
    assert_eq!(tensor(&rewired, "conv.bias"), (vec![3], vec![-1.0, 8.0, 4.0]));
    let graph = rewired.proto().graph.as_ref().expect("a graph");
    let names: Vec<&str> = graph.initializer.iter().map(|tensor| tensor.name()).collect();
    assert_eq!(names, ["k1", "w", "conv.bias"]);
    assert_eq!(reason(rewired.check("conv").expect_err("it is gone")), "no node gives such a value");
}

#[test]
fn a_normalisation_of_another_axis_does_not_become_part_of_a_layer() {
    // 2 tokens of 2 columns: the normalisation is of the tokens
    let proto = model(
        17,
        &[2, 3],
        vec![
            node("MatMul", &["x", "w1"], "z", vec![]),
            node("BatchNormalization", &["z", "scale", "shift", "mean", "variance"], "normal", vec![]),
            node("MatMul", &["normal", "w2"], "output", vec![]),
        ],
        vec![
            weights("w1", &[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
            weights("scale", &[2], &[2.0, 1.0]),
            weights("shift", &[2], &[0.0, 4.0]),
            weights("mean", &[2], &[1.0, 0.0]),
            weights("variance", &[2], &[4.0, 1.0]),
            weights("w2", &[2, 1], &[1.0, -2.0]),
        ],
    );
    let rewiring = rewiring(&proto);
    let found = reason(rewiring.check("normal").expect_err("refused"));
    assert_eq!(found, "MatMul (node \"n:output\") reads \"normal\" and multiplies along another axis than its units");
    let found = reason(rewiring.check("z").expect_err("refused"));
    assert_eq!(
        found,
        "BatchNormalization (node \"n:normal\") reads \"z\" and multiplies along another axis than its units"
    );
}

#[test]
fn an_inserted_layer_is_a_linear_site() {
    let before = run(&two_layers(), "output", &[2, 2], &[1.0, 1.0, -1.0, 2.0]).expect("a run");
    let mut rewiring = rewiring(&two_layers());
    rewiring.insert_linear("fc1", "fc1.linear").expect("a layer");
    let place = rewiring.check("fc1.linear").expect("a site");
    assert_eq!((place.site, place.units), (Site::Linear, 3));
    let map = Affine::new(vec![1.0, 2.0, 0.0, 0.0, 1.0, -1.0, 3.0, 0.0, 1.0], vec![1.0, 2.0, 3.0]).expect("a map");
    rewiring.apply("fc1.linear", &map).expect("any map passes");
    let after = run(rewiring.proto(), "output", &[2, 2], &[1.0, 1.0, -1.0, 2.0]).expect("a run");
    assert_close(&after, &[2, 2], &before.values.iter().map(|y| f64::from(*y)).collect::<Vec<_>>());
    for (site, name, why) in [
        ("fc1", "w1", "cannot be called \"w1\""),
        ("nothing", "new", "no node gives such a value"),
        ("output", "new", "no node reads it"),
    ] {
        let found = reason(rewiring.insert_linear(site, name).expect_err("refused"));
        assert!(found.contains(why), "{found}");
    }
}

#[test]
fn a_forced_map_and_another_head_change_the_outputs_as_told() {
    let mut rewiring = rewiring(&two_layers());
    let map = Affine::new(vec![1.0, -1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0], vec![0.0, 0.0, 1.0]).expect("a map");
    assert!(reason(rewiring.apply("fc1", &map).expect_err("a ReLU")).contains("theorem 2"));
    rewiring.force_apply("fc1", &map).expect("it is forced");
    // pre = (4, -0.5, 3): (4.5, -0.5, 2) bent
    let site = run(rewiring.proto(), "fc1", &[1, 2], &[1.0, 1.0]).expect("a run");
    assert_close(&site, &[1, 3], &[4.5, 0.0, 2.0]);
    rewiring.set_head("fc1", &[1.0, 0.0, 2.0, 0.0, 1.0, -1.0], &[0.5, 0.25]).expect("a head");
    let output = run(rewiring.proto(), "output", &[1, 2], &[1.0, 1.0]).expect("a run");
    assert_close(&output, &[1, 2], &[9.0, -1.75]);
    let found = reason(rewiring.set_head("fc1", &[1.0], &[0.0, 1.0]).expect_err("too few"));
    assert_eq!(found, "1 weights and 2 biases for a layer of 2 classes by 3 units");
}

#[test]
fn equalised_ranges_are_equal_and_the_largest_rounding_error_is_smaller() {
    let mut proto = two_layers();
    graph(&mut proto).initializer[0].float_data = vec![200.0, 400.0, -2.0, 0.0, 0.06, 0.02];
    let mut rewiring = rewiring(&proto);
    let before = rewiring.quantization(8).expect("finite weights");
    let map = rewiring.equalize("fc1").expect("a scale");
    // unit 0: 200 in (alpha is 0.5), 2 out
    assert!((map.matrix()[0] - (2.0_f64 / 200.0).sqrt()).abs() < 1e-12);
    let (_, w1) = tensor(&rewiring, "w1");
    let (_, w2) = tensor(&rewiring, "w2");
    for unit in 0..3 {
        let range = |pair: &[f32]| pair.iter().fold(0.0_f32, |range, w| range.max(w.abs()));
        let (before, behind) = (range(&w1[2 * unit..2 * unit + 2]), range(&w2[2 * unit..2 * unit + 2]));
        assert!((before - behind).abs() <= 1e-6 * before, "{before} {behind}");
    }
    let after = rewiring.quantization(8).expect("finite weights");
    assert!(after.largest < 0.1 * before.largest && after.tensors == 2, "{before:?} {after:?}");
}

#[test]
fn an_output_beside_the_result_changes_and_shrinks_with_its_site() {
    let mut proto = two_layers();
    graph(&mut proto).output.push(value("fc1", DataType::Float, &[3]));
    let mut rewired = rewiring(&proto);
    assert_eq!(rewired.check("fc1").expect("a site").changed_outputs, ["fc1"]);
    let zeros =
        SiteStatistics::new(vec![1.0, 0.0, 1.0], vec![1.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.5, 0.0, 1.0]).expect("3 units");
    let plan = rewired.compact("fc1", Some(&zeros), &CompactOptions::default()).expect("a plan");
    assert_eq!((plan.units_after(), plan.removed[0].reason), (2, Reason::DeadOnData));
    let declared = rewired.proto().graph.as_ref().and_then(|graph| graph.output.last()).cloned();
    assert_eq!(declared, Some(value("fc1", DataType::Float, &[2])));

    // the only output cannot change
    graph(&mut proto).output.remove(0);
    let found = reason(rewiring(&proto).check("fc1").expect_err("refused"));
    assert_eq!(found, "\"fc1\" would change, and the model has no output beside it");
}

#[test]
fn a_weight_that_its_type_cannot_hold_is_an_error_and_changes_nothing() {
    let mut rewiring = rewiring(&two_layers());
    let before = rewiring.proto().clone();
    let map = Affine::scale(vec![1e-39, 1.0, 1.0]).expect("a scale");
    let found = reason(rewiring.apply("fc1", &map).expect_err("beyond f32"));
    assert_eq!(found, "Gemm (node \"n:output\") would get the weight 1.0000000000000001e39, which FLOAT cannot hold");
    assert!(*rewiring.proto() == before);
}

#[test]
fn weights_in_another_file_become_part_of_the_model() {
    let path = crate::reference::folder().join("external_data_17.onnx");
    let model = Model::open(&path).unwrap_or_else(|error| panic!("{error}"));
    let rewiring = Rewiring::of(&model).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(rewiring.external_files(), ["external_data_17.weights"]);
    let bytes = rewiring.to_bytes().unwrap_or_else(|error| panic!("{error}"));
    let alone = ModelProto::decode(&bytes[..]).expect("a model");
    assert!(alone.graph.iter().flat_map(|graph| &graph.initializer).all(|tensor| tensor.external_data.is_empty()));
    assert!(Model::from_bytes(&bytes, "alone", None).is_ok());
}

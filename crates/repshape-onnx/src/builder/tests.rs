//! The written bytes, and every refusal.

use prost::Message;

use super::*;
use crate::proto::{tensor_proto::DataType, tensor_shape_proto::dimension, type_proto};

/// 3 -> 2 (batch normalisation, leaky ReLU) -> 1, with an inner value that is no output.
fn small() -> ModelBuilder {
    let mut model = ModelBuilder::new("small");
    model
        .input("input", 3)
        .and_then(|m| m.gemm("input", "fc1.affine", &[1.0, 2.0, 3.0, 4.0, 5.0, -6.5], &[0.25, -0.5], 3, 2))
        .and_then(|m| {
            m.batch_normalization(
                "fc1.affine",
                "fc1.pre",
                BatchNormalization {
                    scale: &[1.0, 2.0],
                    shift: &[3.0, 4.0],
                    mean: &[5.0, 6.0],
                    variance: &[7.0, 8.0],
                    epsilon: 1e-3,
                },
            )
        })
        .and_then(|m| m.activation(Activation::LeakyRelu(0.2), "fc1.pre", "fc1"))
        .and_then(|m| m.gemm("fc1", "output", &[1.0, -1.0], &[0.5], 2, 1))
        .and_then(|m| m.output("fc1.pre"))
        .and_then(|m| m.output("fc1"))
        .and_then(|m| m.output("output"))
        .and_then(|m| m.metadata("repshape.seed", "7"))
        .expect("a valid model");
    model
}

fn matrix(value: &crate::proto::ValueInfoProto) -> (String, String, i64) {
    let Some(type_proto::Value::TensorType(tensor)) = value.r#type.as_ref().and_then(|t| t.value.as_ref()) else {
        panic!("not a tensor")
    };
    assert_eq!(tensor.elem_type(), DataType::Float as i32);
    let sides = tensor.shape.as_ref().expect("a shape").dim.iter().map(|d| d.value.clone()).collect::<Vec<_>>();
    match sides.as_slice() {
        [Some(dimension::Value::DimParam(rows)), Some(dimension::Value::DimValue(columns))] => {
            (value.name().to_owned(), rows.clone(), *columns)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn bytes_read_back_to_the_model_and_encode_to_the_same_bytes() {
    let bytes = small().to_bytes().unwrap();
    let read = ModelProto::decode(bytes.as_slice()).unwrap();
    assert_eq!(read, small().to_model().unwrap());
    assert_eq!(read.encode_to_vec(), bytes);
}

#[test]
fn header_names_versions_and_metadata() {
    let model = small().to_model().unwrap();
    assert_eq!((model.ir_version(), model.producer_name()), (8, "repshape"));
    assert_eq!(model.opset_import[0].version(), 17);
    assert_eq!((model.metadata_props[0].key(), model.metadata_props[0].value()), ("repshape.seed", "7"));
}

#[test]
fn output_is_first_and_every_value_has_its_width() {
    let graph = small().to_model().unwrap().graph.unwrap();
    let owned = |name: &str, columns| (name.to_owned(), "N".to_owned(), columns);
    assert_eq!(graph.input.iter().map(matrix).collect::<Vec<_>>(), [owned("input", 3)]);
    assert_eq!(
        graph.output.iter().map(matrix).collect::<Vec<_>>(),
        [owned("output", 1), owned("fc1.pre", 2), owned("fc1", 2)]
    );
    assert_eq!(graph.value_info.iter().map(matrix).collect::<Vec<_>>(), [owned("fc1.affine", 2)]);
}

#[test]
fn nodes_read_their_parameters_in_the_operators_order() {
    let graph = small().to_model().unwrap().graph.unwrap();
    let nodes = graph.node.iter().map(|n| (n.op_type(), n.input.join(" "), n.output.join(" "))).collect::<Vec<_>>();
    let expected = [
        ("Gemm", "input fc1.affine.weight fc1.affine.bias", "fc1.affine"),
        ("BatchNormalization", "fc1.affine fc1.bn.scale fc1.bn.shift fc1.bn.mean fc1.bn.variance", "fc1.pre"),
        ("LeakyRelu", "fc1.pre", "fc1"),
        ("Gemm", "fc1 output.weight output.bias", "output"),
    ];
    assert_eq!(nodes, expected.map(|(kind, input, output)| (kind, input.to_owned(), output.to_owned())));
    assert_eq!((graph.node[1].attribute[0].name(), graph.node[1].attribute[0].f()), ("epsilon", 1e-3));
    assert_eq!((graph.node[2].attribute[0].name(), graph.node[2].attribute[0].f()), ("alpha", 0.2));
}

#[test]
fn initializers_are_little_endian_row_major() {
    let graph = small().to_model().unwrap().graph.unwrap();
    let weight = &graph.initializer[0];
    assert_eq!((weight.name(), weight.dims.as_slice()), ("fc1.affine.weight", [3, 2].as_slice()));
    // -6.5 = -1.101b * 2^2: sign 1, exponent 129, fraction 101b
    assert_eq!(weight.raw_data().len(), 24);
    assert_eq!(weight.raw_data()[20..], [0x00, 0x00, 0xd0, 0xc0]);
    assert_eq!(weight.raw_data()[..8], [0x00, 0x00, 0x80, 0x3f, 0x00, 0x00, 0x00, 0x40]);
}

#[test]
fn width_mismatch_names_both_values() {
    let error = small().gemm("fc1", "fc2.pre", &[0.0; 3], &[0.0], 3, 1).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), r#"Gemm "fc2.pre" expects 3 columns, but its input "fc1" has 2"#);
}

#[test]
fn parameters_of_another_length_are_refused() {
    let error = small().gemm("fc1", "fc2.pre", &[0.0; 5], &[0.0; 3], 2, 3).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), r#"Gemm "fc2.pre": weight has 5 elements, but its shape [2, 3] has 6"#);
    let error = small().gemm("fc1", "fc2.pre", &[0.0; 6], &[0.0; 2], 2, 3).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), r#"Gemm "fc2.pre": bias has 2 elements, but its shape [3] has 3"#);
    let short =
        BatchNormalization { scale: &[1.0; 2], shift: &[0.0; 2], mean: &[0.0; 1], variance: &[1.0; 2], epsilon: 1e-5 };
    let error = small().batch_normalization("fc1", "fc1.norm", short).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), r#"BatchNormalization "fc1.norm": mean has 1 elements, but its shape [2] has 2"#);
}

#[test]
fn numbers_without_meaning_are_refused() {
    let bad =
        BatchNormalization { scale: &[1.0; 2], shift: &[0.0; 2], mean: &[0.0; 2], variance: &[1.0; 2], epsilon: -1.0 };
    let error = small().batch_normalization("fc1", "fc1.norm", bad).map(|_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"BatchNormalization "fc1.norm": epsilon is -1, expected a finite number that is not negative"#
    );
    let error = small().activation(Activation::LeakyRelu(f32::NAN), "fc1", "fc2").map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), r#"LeakyRelu "fc2": alpha is NaN, expected a finite number"#);
}

#[test]
fn names_are_unique_over_values_and_initializers() {
    let refused = |result: Result<&mut ModelBuilder, ModelError>| result.map(|_| ()).unwrap_err();
    let duplicate = |name: &str| ModelError::DuplicateValue { name: name.to_owned() };
    assert_eq!(refused(small().activation(Activation::Relu, "fc1", "fc1.pre")), duplicate("fc1.pre"));
    assert_eq!(refused(small().input("input", 3)), duplicate("input"));
    assert_eq!(refused(small().activation(Activation::Relu, "fc1", "output.weight")), duplicate("output.weight"));
    // `output.pre` would hold its weight under the name of `output`'s.
    assert_eq!(refused(small().gemm("fc1", "output.pre", &[0.0; 2], &[0.0], 2, 1)), duplicate("output.weight"));
}

#[test]
fn unknown_values_are_named_with_those_defined() {
    let refused = |result: Result<&mut ModelBuilder, ModelError>| result.map(|_| ()).unwrap_err().to_string();
    let defined = r#"defined so far: "input", "fc1.affine", "fc1.pre", "fc1", "output""#;
    assert_eq!(refused(small().output("fc9")), format!(r#"unknown value "fc9"; {defined}"#));
    assert_eq!(refused(small().activation(Activation::Tanh, "fc9", "x")), format!(r#"unknown value "fc9"; {defined}"#));
    // A parameter is no site.
    assert_eq!(refused(small().output("output.weight")), format!(r#"unknown value "output.weight"; {defined}"#));
    assert_eq!(refused(ModelBuilder::new("m").output("x")), r#"unknown value "x"; defined so far: nothing"#);
}

#[test]
fn empty_and_repeated_declarations_are_refused() {
    let refused = |result: Result<&mut ModelBuilder, ModelError>| result.map(|_| ()).unwrap_err();
    assert_eq!(refused(small().input("", 3)), ModelError::EmptyName { what: "value" });
    assert_eq!(refused(small().input("x", 0)), ModelError::Columns { name: "x".into(), columns: 0 });
    assert_eq!(refused(small().gemm("fc1", "x", &[], &[], 2, 0)), ModelError::Columns { name: "x".into(), columns: 0 });
    assert_eq!(refused(small().output("fc1")), ModelError::DuplicateOutput { name: "fc1".into() });
    assert_eq!(
        refused(small().metadata("repshape.seed", "8")),
        ModelError::DuplicateMetadata { key: "repshape.seed".into() }
    );
    assert_eq!(refused(small().metadata("", "8")), ModelError::EmptyName { what: "metadata key" });
    assert_eq!(ModelBuilder::new("m").to_bytes(), Err(ModelError::NoInput { model: "m".into() }));
    assert_eq!(
        ModelBuilder::new("m").input("x", 1).unwrap().to_bytes(),
        Err(ModelError::NoOutput { model: "m".into() })
    );
    assert_eq!(ModelBuilder::new("").input("x", 1).unwrap().to_bytes(), Err(ModelError::EmptyName { what: "model" }));
}

#[test]
fn a_refused_call_changes_nothing() {
    let before = small().to_bytes().unwrap();
    let mut model = small();
    assert!(model.gemm("fc1", "fc2.pre", &[0.0; 2], &[0.0; 3], 2, 1).is_err());
    assert!(model.activation(Activation::LeakyRelu(f32::INFINITY), "fc1", "fc2").is_err());
    assert!(model.output("fc2").is_err());
    assert_eq!(model.to_bytes().unwrap(), before);
}

use super::*;
use crate::proto::{attribute_proto::AttributeType, tensor_proto::DataType};

fn node(operator: &str, inputs: &[&str], output: &str, attributes: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        op_type: Some(operator.to_owned()),
        input: inputs.iter().map(|&input| input.to_owned()).collect(),
        output: vec![output.to_owned()],
        attribute: attributes,
        ..Default::default()
    }
}

fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(AttributeType::Ints.into()),
        ints: values.to_vec(),
        ..Default::default()
    }
}

fn tensor(name: &str, kind: DataType, dims: &[i64], numbers: &[i64]) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        dims: dims.to_vec(),
        data_type: Some(kind.into()),
        int64_data: numbers.to_vec(),
        ..Default::default()
    }
}

/// The shape of `y`, with `x` of `N x 3 x 9 x 8`, or `N x 6` under the name `m`.
fn shape_of_y(nodes: Vec<NodeProto>, initializers: Vec<TensorProto>) -> String {
    let input = |name: &str, sides: &[usize]| Input {
        name: name.to_owned(),
        element: crate::ElementType::F32,
        shape: Some(
            [Dim::Free("N".to_owned())].into_iter().chain(sides.iter().map(|&side| Dim::Known(side))).collect(),
        ),
    };
    let inputs = [input("x", &[3, 9, 8]), input("m", &[6])];
    let graph = GraphProto {
        node: nodes,
        initializer: initializers,
        input: inputs
            .iter()
            .map(|input| crate::proto::ValueInfoProto { name: Some(input.name.clone()), ..Default::default() })
            .collect(),
        ..Default::default()
    };
    let index = Index::of(&graph).unwrap_or_else(|problem| panic!("{problem}"));
    inferred(&graph, &index, &inputs, None).get("y").map_or("unknown".to_owned(), |shape| crate::shape_text(shape))
}

#[test]
fn windows_count_the_places_they_fit() {
    let weights = || vec![tensor("w", DataType::Float, &[4, 3, 3, 2], &[])];
    let conv = |attributes| shape_of_y(vec![node("Conv", &["x", "w"], "y", attributes)], weights());
    // 9 - 3 + 1 = 7 and 8 - 2 + 1 = 7.
    assert_eq!(conv(vec![]), "N x 4 x 7 x 7");
    // (9 + 3 - 3) / 2 + 1 = 5 and 8 + 1 - 2 + 1 = 8.
    assert_eq!(conv(vec![ints("strides", &[2, 1]), ints("pads", &[1, 0, 2, 1])]), "N x 4 x 5 x 8");
    // A dilated window of 3 covers 5.
    assert_eq!(conv(vec![ints("dilations", &[2, 1])]), "N x 4 x 5 x 7");
}

#[test]
fn a_shape_computed_from_a_shape_keeps_the_free_side() {
    let nodes = vec![
        node("Shape", &["x"], "s", vec![]),
        node("Gather", &["s", "zero"], "n", vec![]),
        node("Concat", &["n", "rest"], "to", vec![]),
        node("Reshape", &["x", "to"], "y", vec![]),
    ];
    let constants = vec![tensor("zero", DataType::Int64, &[1], &[0]), tensor("rest", DataType::Int64, &[1], &[-1])];
    assert_eq!(shape_of_y(nodes, constants), "N x 216");
}

#[test]
fn what_cannot_be_told_is_said_to_be_unknown() {
    assert_eq!(shape_of_y(vec![node("Unheard", &["x"], "y", vec![])], vec![]), "unknown");
    // Rows and columns trade places: the product of N and 6 has no name.
    let minus = vec![tensor("to", DataType::Int64, &[1], &[-1])];
    assert_eq!(shape_of_y(vec![node("Reshape", &["m", "to"], "y", vec![])], minus), "?");
}

#[test]
fn matrices_multiply_and_transpose() {
    let weights = || vec![tensor("w", DataType::Float, &[5, 6], &[])];
    let flag = AttributeProto { name: Some("transB".to_owned()), i: Some(1), ..Default::default() };
    assert_eq!(shape_of_y(vec![node("Gemm", &["m", "w"], "y", vec![flag])], weights()), "N x 5");
    assert_eq!(
        shape_of_y(vec![node("Transpose", &["x"], "y", vec![ints("perm", &[0, 2, 3, 1])])], vec![]),
        "N x 9 x 8 x 3"
    );
    assert_eq!(shape_of_y(vec![node("Flatten", &["x"], "y", vec![])], vec![]), "N x 216");
}

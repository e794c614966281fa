//! Small models written by hand, for tests whose numbers are worked by hand.

use prost::Message;
use repshape_onnx::{
    Data, Model, OnnxError, Representation, Site, Tensor,
    proto::{
        AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
        TensorShapeProto, TypeProto, ValueInfoProto,
        attribute_proto::AttributeType,
        tensor_proto::DataType,
        tensor_shape_proto::{Dimension, dimension::Value},
        type_proto,
    },
};

/// `operator` from `inputs` to `output`; the node is named `n:output`.
pub fn node(operator: &str, inputs: &[&str], output: &str, attributes: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        name: Some(format!("n:{output}")),
        op_type: Some(operator.to_owned()),
        input: inputs.iter().map(|&input| input.to_owned()).collect(),
        output: vec![output.to_owned()],
        attribute: attributes,
        ..Default::default()
    }
}

/// The node in another domain.
pub fn of(domain: &str, mut node: NodeProto) -> NodeProto {
    node.domain = Some(domain.to_owned());
    node
}

pub fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(AttributeType::Int.into()),
        i: Some(value),
        ..Default::default()
    }
}

pub fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(AttributeType::Ints.into()),
        ints: values.to_vec(),
        ..Default::default()
    }
}

pub fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(AttributeType::Float.into()),
        f: Some(value),
        ..Default::default()
    }
}

pub fn floats(name: &str, values: &[f32]) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(AttributeType::Floats.into()),
        floats: values.to_vec(),
        ..Default::default()
    }
}

pub fn text(name: &str, value: &str) -> AttributeProto {
    let s = Some(value.as_bytes().to_vec());
    AttributeProto { name: Some(name.to_owned()), r#type: Some(AttributeType::String.into()), s, ..Default::default() }
}

pub fn weights(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        dims: dims.to_vec(),
        data_type: Some(DataType::Float.into()),
        float_data: values.to_vec(),
        ..Default::default()
    }
}

pub fn numbers(name: &str, dims: &[i64], values: &[i64]) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        dims: dims.to_vec(),
        data_type: Some(DataType::Int64.into()),
        int64_data: values.to_vec(),
        ..Default::default()
    }
}

/// A value of rows `N` by the given sides.
pub fn value(name: &str, kind: DataType, sides: &[i64]) -> ValueInfoProto {
    let free = Dimension { value: Some(Value::DimParam("N".to_owned())), denotation: None };
    let known = sides.iter().map(|&side| Dimension { value: Some(Value::DimValue(side)), denotation: None });
    let shape = TensorShapeProto { dim: std::iter::once(free).chain(known).collect() };
    let tensor = type_proto::Tensor { elem_type: Some(kind.into()), shape: Some(shape) };
    let r#type = Some(TypeProto { value: Some(type_proto::Value::TensorType(tensor)), denotation: None });
    ValueInfoProto { name: Some(name.to_owned()), r#type, ..Default::default() }
}

/// A model that reads `x`, `N` by `sides`, and whose output is the last node's.
pub fn model(opset: i64, sides: &[i64], nodes: Vec<NodeProto>, constants: Vec<TensorProto>) -> ModelProto {
    let output = nodes.last().map(|node| node.output[0].clone());
    let import = |domain: &str, version| OperatorSetIdProto { domain: Some(domain.to_owned()), version: Some(version) };
    ModelProto {
        ir_version: Some(8),
        opset_import: vec![import("", opset), import("ai.onnx.ml", 3), import("own", 1)],
        graph: Some(GraphProto {
            name: Some("test".to_owned()),
            node: nodes,
            initializer: constants,
            input: vec![value("x", DataType::Float, sides)],
            output: vec![ValueInfoProto { name: output, ..Default::default() }],
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// The model's graph, to change it.
pub fn graph(model: &mut ModelProto) -> &mut GraphProto {
    model.graph.as_mut().unwrap_or_else(|| panic!("a model of `model` has a graph"))
}

pub fn with_function(mut model: ModelProto, function: FunctionProto) -> ModelProto {
    model.functions.push(function);
    model
}

pub fn open(model: &ModelProto) -> Result<Model, OnnxError> {
    Model::from_bytes(&model.encode_to_vec(), "test.onnx", None)
}

/// What stands at the named site for these rows.
pub fn run(model: &ModelProto, site: &str, shape: &[usize], values: &[f32]) -> Result<Representation, OnnxError> {
    let model = open(model)?;
    let sites: Vec<Site> = model.matching(&[site.to_owned()])?;
    let rows = Tensor { shape: shape.to_vec(), values: Data::F32(values.to_vec()) };
    Ok(model.prepare(&sites)?.run(&[("x".to_owned(), rows)])?.remove(0))
}

/// Within 2e-6 of the numbers: hand-worked to seven digits, computed in f32.
#[track_caller]
pub fn assert_close(found: &Representation, shape: &[usize], expected: &[f64]) {
    assert_eq!(found.shape, shape);
    assert_eq!(found.values.len(), expected.len());
    for (at, (&found, &expected)) in found.values.iter().zip(expected).enumerate() {
        assert!(
            (f64::from(found) - expected).abs() <= 2e-6 * expected.abs().max(1.0),
            "element {at}: {found}, not {expected}"
        );
    }
}

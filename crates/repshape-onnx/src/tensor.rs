//! f32 arrays as ONNX tensors, and the types of values.

use crate::proto::{
    TensorProto, TensorShapeProto, TypeProto, ValueInfoProto,
    tensor_proto::DataType,
    tensor_shape_proto::{Dimension, dimension},
    type_proto,
};

/// An initializer with its elements as little-endian `raw_data`, row-major. `shape` and `values` agree: the caller checked.
pub(crate) fn initializer(name: String, shape: &[i64], values: &[f32]) -> TensorProto {
    let mut raw = Vec::with_capacity(size_of_val(values));
    raw.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    TensorProto {
        name: Some(name),
        dims: shape.to_vec(),
        data_type: Some(DataType::Float.into()),
        raw_data: Some(raw.into()),
        ..Default::default()
    }
}

/// The type of an f32 matrix with a row dimension known by name only.
pub(crate) fn matrix_type(name: &str, rows: &str, columns: i64) -> ValueInfoProto {
    let dimension = |value| Dimension { value: Some(value), denotation: None };
    let shape = TensorShapeProto {
        dim: vec![
            dimension(dimension::Value::DimParam(rows.to_owned())),
            dimension(dimension::Value::DimValue(columns)),
        ],
    };
    let tensor = type_proto::Tensor { elem_type: Some(DataType::Float.into()), shape: Some(shape) };
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto { value: Some(type_proto::Value::TensorType(tensor)), denotation: None }),
        ..Default::default()
    }
}

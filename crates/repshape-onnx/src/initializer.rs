//! Elements of initializers and constants, whatever their type and wherever they lie.

use std::path::Path;

use half::{bf16, f16};

use crate::{
    external,
    onnx_error::Problem,
    proto::{
        TensorProto,
        tensor_proto::{DataLocation, DataType},
    },
};

/// Elements as the runtime can take them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Elements {
    /// Floats of any width.
    Float(Vec<f32>),
    /// Integers and truth values of any width.
    Int(Vec<i64>),
    /// Bytes, kept apart because the runtime computes with them as bytes.
    U8(Vec<u8>),
    /// Signed bytes.
    I8(Vec<i8>),
}

/// The tensor's shape, all sides zero or more, and the number of its elements.
///
/// # Errors
/// A side is negative, or their product is beyond counting.
pub(crate) fn shape(tensor: &TensorProto) -> Result<(Vec<usize>, usize), Problem> {
    let place = || place(tensor);
    let side = |&side: &i64| {
        usize::try_from(side)
            .map_err(|_| Problem::invalid(place(), format!("a side of {side} in its shape"), "sides of 0 or more"))
    };
    let sides = tensor.dims.iter().map(side).collect::<Result<Vec<_>, _>>()?;
    // An empty side makes an empty tensor, however large the others claim to be.
    let count = if sides.contains(&0) {
        Some(0)
    } else {
        sides.iter().try_fold(1_usize, |count, &side| count.checked_mul(side)).filter(|&count| count <= 1 << 40)
    };
    let count = count
        .ok_or_else(|| Problem::invalid(place(), format!("the shape {:?}", tensor.dims), "fewer than 2^40 elements"))?;
    Ok((sides, count))
}

/// Checks that the tensor holds as many elements as its shape says, without reading them.
///
/// Types that never run are only checked for their shape: they are refused where they are needed.
///
/// # Errors
/// The shape, the type and the elements contradict each other, or a file beside the model does not have the elements.
pub(crate) fn check(tensor: &TensorProto, folder: Option<&Path>) -> Result<(), Problem> {
    let (_, count) = shape(tensor)?;
    let Some(kind) = known_type(tensor) else {
        return Err(Problem::invalid(
            place(tensor),
            format!("data type {}", tensor.data_type()),
            "a data type of the standard",
        ));
    };
    if tensor.segment.is_some() {
        return Err(Problem::invalid(place(tensor), "a segment of a tensor", "a whole tensor"));
    }
    let width = width(kind);
    if is_external(tensor) {
        let Some(width) = width else { return Ok(()) };
        return external::locate(tensor, folder, count as u64 * width as u64).map(drop);
    }
    let disagree = |found: usize, what: &str, expected: usize| {
        let expected = format!("{expected}, as the shape {:?} of {} says", tensor.dims, kind.as_str_name());
        Err(Problem::invalid(place(tensor), format!("{found} {what}"), expected))
    };
    match (&tensor.raw_data, width) {
        (Some(raw), Some(width)) if count.checked_mul(width) != Some(raw.len()) => {
            disagree(raw.len(), "bytes", count * width)
        }
        (Some(_), _) => Ok(()),
        (None, None) => Ok(()),
        (None, Some(_)) => match typed_length(tensor, kind) {
            found if found != count => disagree(found, "elements", count),
            _ => Ok(()),
        },
    }
}

/// The elements, read from wherever they lie. The tensor was [checked](check).
///
/// # Errors
/// The type is one that cannot run (strings, complex numbers, 4-bit and 8-bit floats), or a file cannot be read.
pub(crate) fn elements(tensor: &TensorProto, folder: Option<&Path>) -> Result<Elements, Problem> {
    let (_, count) = shape(tensor)?;
    let kind = known_type(tensor).filter(|&kind| width(kind).is_some()).ok_or_else(|| unusable(tensor))?;
    let external;
    let raw: Option<&[u8]> = if is_external(tensor) {
        let bytes = count as u64 * width(kind).unwrap_or(0) as u64;
        external = external::locate(tensor, folder, bytes)?.read()?;
        Some(&external)
    } else {
        tensor.raw_data.as_deref()
    };
    let elements = match raw {
        Some(raw) => from_bytes(raw, kind),
        None => from_fields(tensor, kind),
    };
    elements.ok_or_else(|| unusable(tensor))
}

/// The elements of a float tensor in double precision: those of a double tensor to the last bit.
///
/// # Errors
/// As [`elements`]; also where they are not floats.
pub(crate) fn doubles(tensor: &TensorProto, folder: Option<&Path>) -> Result<Vec<f64>, Problem> {
    if known_type(tensor) == Some(DataType::Double) {
        if is_external(tensor) {
            let (_, count) = shape(tensor)?;
            let raw = external::locate(tensor, folder, count as u64 * 8)?.read()?;
            return Ok(each(&raw, f64::from_le_bytes));
        }
        return Ok(tensor
            .raw_data
            .as_deref()
            .map_or_else(|| tensor.double_data.clone(), |raw| each(raw, f64::from_le_bytes)));
    }
    match elements(tensor, folder)? {
        Elements::Float(values) => Ok(values.into_iter().map(f64::from).collect()),
        Elements::Int(_) | Elements::U8(_) | Elements::I8(_) => Err(unusable(tensor)),
    }
}

/// Floats of any width as a tensor of the given type holds them, each rounded once.
///
/// # Errors
/// The first value that the type does not hold as a finite number; NaN for a type that is no float.
pub(crate) fn encode(values: &[f64], kind: DataType) -> Result<Vec<u8>, f64> {
    fn each<const WIDTH: usize>(values: &[f64], write: impl Fn(f64) -> Option<[u8; WIDTH]>) -> Result<Vec<u8>, f64> {
        let mut raw = Vec::with_capacity(values.len() * WIDTH);
        for &value in values {
            raw.extend(write(value).ok_or(value)?);
        }
        Ok(raw)
    }
    match kind {
        DataType::Float => each(values, |value| Some(value as f32).filter(|x| x.is_finite()).map(f32::to_le_bytes)),
        DataType::Double => each(values, |value| Some(value).filter(|x| x.is_finite()).map(f64::to_le_bytes)),
        DataType::Float16 => {
            each(values, |value| Some(f16::from_f64(value)).filter(|x| x.is_finite()).map(f16::to_le_bytes))
        }
        DataType::Bfloat16 => {
            each(values, |value| Some(bf16::from_f64(value)).filter(|x| x.is_finite()).map(bf16::to_le_bytes))
        }
        _ => Err(f64::NAN),
    }
}

/// Brings elements that lie in a file beside the model into the tensor.
///
/// # Errors
/// As [`elements`].
pub(crate) fn bring_in(tensor: &mut TensorProto, folder: Option<&Path>) -> Result<(), Problem> {
    if !is_external(tensor) {
        return Ok(());
    }
    let (_, count) = shape(tensor)?;
    let width = known_type(tensor).and_then(width).ok_or_else(|| unusable(tensor))?;
    let raw = external::locate(tensor, folder, count as u64 * width as u64)?.read()?;
    tensor.raw_data = Some(raw.into());
    tensor.external_data.clear();
    tensor.data_location = None;
    Ok(())
}

/// Where the tensor's elements lie, if not in the model; the name as the model writes it.
pub(crate) fn location(tensor: &TensorProto) -> Option<&str> {
    let entry = || tensor.external_data.iter().find(|entry| entry.key() == "location").map(|entry| entry.value());
    is_external(tensor).then(entry).flatten()
}

/// The tensor's type, if it is one of floats that run.
pub(crate) fn float_type(tensor: &TensorProto) -> Option<DataType> {
    known_type(tensor).filter(|&kind| is_float(kind))
}

pub(crate) fn is_float(kind: DataType) -> bool {
    matches!(kind, DataType::Float | DataType::Double | DataType::Float16 | DataType::Bfloat16)
}

fn from_bytes(raw: &[u8], kind: DataType) -> Option<Elements> {
    Some(match kind {
        DataType::Float => Elements::Float(each(raw, f32::from_le_bytes)),
        DataType::Double => Elements::Float(each(raw, |bytes| f64::from_le_bytes(bytes) as f32)),
        DataType::Float16 => Elements::Float(each(raw, |bytes| f16::from_le_bytes(bytes).to_f32())),
        DataType::Bfloat16 => Elements::Float(each(raw, |bytes| bf16::from_le_bytes(bytes).to_f32())),
        DataType::Int64 => Elements::Int(each(raw, i64::from_le_bytes)),
        DataType::Int32 => Elements::Int(each(raw, |bytes| i32::from_le_bytes(bytes).into())),
        DataType::Int16 => Elements::Int(each(raw, |bytes| i16::from_le_bytes(bytes).into())),
        DataType::Uint16 => Elements::Int(each(raw, |bytes| u16::from_le_bytes(bytes).into())),
        DataType::Uint32 => Elements::Int(each(raw, |bytes| u32::from_le_bytes(bytes).into())),
        DataType::Uint64 => {
            Elements::Int(each(raw, |bytes| i64::try_from(u64::from_le_bytes(bytes)).unwrap_or(i64::MAX)))
        }
        DataType::Bool => Elements::Int(raw.iter().map(|&byte| i64::from(byte != 0)).collect()),
        DataType::Uint8 => Elements::U8(raw.to_vec()),
        DataType::Int8 => Elements::I8(raw.iter().map(|&byte| byte as i8).collect()),
        _ => return None,
    })
}

fn each<const WIDTH: usize, T>(raw: &[u8], read: impl Fn([u8; WIDTH]) -> T) -> Vec<T> {
    raw.as_chunks::<WIDTH>().0.iter().map(|&bytes| read(bytes)).collect()
}

fn from_fields(tensor: &TensorProto, kind: DataType) -> Option<Elements> {
    let narrow = &tensor.int32_data;
    Some(match kind {
        DataType::Float => Elements::Float(tensor.float_data.clone()),
        DataType::Double => Elements::Float(tensor.double_data.iter().map(|&value| value as f32).collect()),
        // Halves are kept as the low 16 bits of integers.
        DataType::Float16 => Elements::Float(narrow.iter().map(|&bits| f16::from_bits(bits as u16).to_f32()).collect()),
        DataType::Bfloat16 => {
            Elements::Float(narrow.iter().map(|&bits| bf16::from_bits(bits as u16).to_f32()).collect())
        }
        DataType::Int64 => Elements::Int(tensor.int64_data.clone()),
        DataType::Int32 | DataType::Int16 | DataType::Uint16 => {
            Elements::Int(narrow.iter().map(|&value| value.into()).collect())
        }
        DataType::Bool => Elements::Int(narrow.iter().map(|&value| i64::from(value != 0)).collect()),
        DataType::Uint8 => Elements::U8(narrow.iter().map(|&value| value as u8).collect()),
        DataType::Int8 => Elements::I8(narrow.iter().map(|&value| value as i8).collect()),
        DataType::Uint32 | DataType::Uint64 => {
            Elements::Int(tensor.uint64_data.iter().map(|&value| i64::try_from(value).unwrap_or(i64::MAX)).collect())
        }
        _ => return None,
    })
}

fn typed_length(tensor: &TensorProto, kind: DataType) -> usize {
    match kind {
        DataType::Float => tensor.float_data.len(),
        DataType::Double => tensor.double_data.len(),
        DataType::Int64 => tensor.int64_data.len(),
        DataType::Uint32 | DataType::Uint64 => tensor.uint64_data.len(),
        _ => tensor.int32_data.len(),
    }
}

/// Bytes an element takes; `None` for the types that cannot run.
fn width(kind: DataType) -> Option<usize> {
    Some(match kind {
        DataType::Double | DataType::Int64 | DataType::Uint64 => 8,
        DataType::Float | DataType::Int32 | DataType::Uint32 => 4,
        DataType::Float16 | DataType::Bfloat16 | DataType::Int16 | DataType::Uint16 => 2,
        DataType::Bool | DataType::Uint8 | DataType::Int8 => 1,
        _ => return None,
    })
}

fn known_type(tensor: &TensorProto) -> Option<DataType> {
    DataType::try_from(tensor.data_type()).ok().filter(|&kind| kind != DataType::Undefined)
}

fn is_external(tensor: &TensorProto) -> bool {
    tensor.data_location() == DataLocation::External
}

fn unusable(tensor: &TensorProto) -> Problem {
    let kind = known_type(tensor).map_or("an unknown type", |kind| kind.as_str_name());
    Problem::invalid(
        place(tensor),
        format!("elements of type {kind}"),
        "floats, integers or truth values of 8 to 64 bits",
    )
}

fn place(tensor: &TensorProto) -> String {
    format!("initializer {:?}", tensor.name())
}

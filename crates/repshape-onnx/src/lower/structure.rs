//! Constants, types, and operators that only move or pass on elements.

use super::{
    Draft, Outcome, attribute,
    draft::{int, ints, refuse, usable},
    normalization::is_true,
};
use crate::{
    initializer::Elements,
    proto::{AttributeProto, NodeProto, TensorProto, attribute_proto::AttributeType, tensor_proto::DataType},
    value::Dim,
};

/// What it is at inference: its input.
pub(super) fn dropout(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    if draft.wants(node, 1) {
        return refuse("its mask as an output");
    }
    let training = node.input.get(2).filter(|name| !name.is_empty());
    if training.is_some_and(|name| is_true(draft, name) != Some(false)) {
        return refuse("a training mode that is not constantly off");
    }
    let (x, output) = (draft.input(node, 0)?, draft.output(node)?);
    draft.node("Identity", &[&x], &output, Vec::new());
    Ok(())
}

/// A constant becomes an initializer.
pub(super) fn constant(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    let output = draft.output(node)?;
    let [value] = node.attribute.as_slice() else {
        return Err(draft.invalid(format!("{} attributes", node.attribute.len()), "one, which holds the value").into());
    };
    let floats = |dims, values: &[f32]| TensorProto {
        dims,
        data_type: Some(DataType::Float.into()),
        float_data: values.to_vec(),
        ..Default::default()
    };
    let integers = |dims, values: &[i64]| TensorProto {
        dims,
        data_type: Some(DataType::Int64.into()),
        int64_data: values.to_vec(),
        ..Default::default()
    };
    let tensor = match (value.name(), &value.t) {
        ("value", Some(tensor)) => tensor.clone(),
        ("value_float", _) => floats(Vec::new(), &[value.f()]),
        ("value_floats", _) => floats(vec![value.floats.len() as i64], &value.floats),
        ("value_int", _) => integers(Vec::new(), &[value.i()]),
        ("value_ints", _) => integers(vec![value.ints.len() as i64], &value.ints),
        (name, _) => return refuse(format!("the attribute {name}")),
    };
    draft.define(&output, &tensor)
}

/// The value in a type that the runtime takes.
pub(super) fn constant_of_shape(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    let mut kept = node.clone();
    for value in kept.attribute.iter_mut().filter(|attribute| attribute.name() == "value") {
        if let Some(tensor) = &value.t {
            crate::initializer::check(tensor, None)?;
            value.t = Some(usable(tensor, None)?);
        }
    }
    draft.keep(kept);
    Ok(())
}

/// To the types that the runtime has; to truth values by asking for what is not zero, where the runtime would cut fractions off.
pub(super) fn cast(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    let (x, output) = (draft.input(node, 0)?, draft.output(node)?);
    let to = attribute(node, "to").map_or(0, |attribute| attribute.i());
    let to = i32::try_from(to).ok().and_then(|to| DataType::try_from(to).ok()).unwrap_or(DataType::Undefined);
    let cast = |to: DataType| vec![int("to", i64::from(i32::from(to)))];
    match to {
        DataType::Float | DataType::Double | DataType::Float16 | DataType::Bfloat16 => {
            draft.node("Cast", &[&x], &output, cast(DataType::Float));
        }
        DataType::Int64 | DataType::Int32 | DataType::Int8 | DataType::Uint8 => {
            draft.node("Cast", &[&x], &output, cast(to))
        }
        DataType::Int16 | DataType::Uint16 | DataType::Uint32 | DataType::Uint64 => {
            draft.node("Cast", &[&x], &output, cast(DataType::Int64));
        }
        DataType::Bool => {
            let number = draft.value("Cast", &[&x], cast(DataType::Float));
            let zero = draft.floats(&[], &[0.0]);
            let is_zero = draft.value("Equal", &[&number, &zero], Vec::new());
            draft.node("Not", &[&is_zero], &output, Vec::new());
        }
        other => return refuse(format!("the type {}", other.as_str_name())),
    }
    Ok(())
}

/// The runtime wants the axes named unless all are cut.
pub(super) fn slice(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    let mut kept = node.clone();
    if let Some(starts) = attribute(node, "starts") {
        if attribute(node, "axes").is_none() {
            kept.attribute.push(ints("axes", (0..starts.ints.len() as i64).collect()));
        }
    } else if node.input.get(3).is_none_or(String::is_empty) {
        let starts = draft.input(node, 1)?;
        let shape = draft.shape(&starts).unwrap_or_default();
        let [Dim::Known(count)] = shape.as_slice() else { return refuse("a number of axes that is not known") };
        let axes: Vec<i64> = (0..*count as i64).take(MOST_AXES).collect();
        kept.input.resize(kept.input.len().max(4), String::new());
        kept.input[3] = draft.ints(&axes);
    }
    draft.keep(kept);
    Ok(())
}

/// More than any array has.
const MOST_AXES: usize = 64;

/// Equal parts are said by number.
pub(super) fn split(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    let mut kept = node.clone();
    let sizes = node.input.get(1).is_some_and(|name| !name.is_empty()) || attribute(node, "split").is_some();
    if !sizes && attribute(node, "num_outputs").is_none() {
        kept.attribute.push(int("num_outputs", node.output.len() as i64));
    }
    draft.keep(kept);
    Ok(())
}

/// The runtime wants exponents of the base's type.
pub(super) fn pow(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    let (base, exponent, output) = (draft.input(node, 0)?, draft.input(node, 1)?, draft.output(node)?);
    if !draft.is_float(&base) || draft.is_float(&exponent) {
        draft.keep(node.clone());
        return Ok(());
    }
    let exponent = draft.value("Cast", &[&exponent], vec![int("to", i64::from(i32::from(DataType::Float)))]);
    draft.node("Pow", &[&base, &exponent], &output, Vec::new());
    Ok(())
}

/// The runtime pads all sides: pads of a few become zeros at the others.
pub(super) fn pad(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    let Some(axes) = node.input.get(3).filter(|name| !name.is_empty()) else {
        draft.keep(node.clone());
        return Ok(());
    };
    let pads = draft.input(node, 1)?;
    let (Some(Elements::Int(axes)), Some(Elements::Int(pads))) = (draft.elements(axes), draft.elements(&pads)) else {
        return refuse("axes or pads that are not constant");
    };
    let Some(sides) = draft.shape(&draft.input(node, 0)?).map(|shape| shape.len()) else {
        return refuse("axes of a value whose number of sides is not known");
    };
    let mut all = vec![0; 2 * sides];
    for (at, &axis) in axes.iter().enumerate() {
        let place = if axis < 0 { axis + sides as i64 } else { axis };
        let place = usize::try_from(place).ok().filter(|&place| place < sides && pads.len() == 2 * axes.len());
        let place =
            place.ok_or_else(|| draft.invalid(format!("axes {axes:?} and pads {pads:?}"), "two pads for each axis"))?;
        (all[place], all[place + sides]) = (pads[at], pads[at + axes.len()]);
    }
    let mut kept = node.clone();
    kept.input.truncate(3);
    kept.input[1] = draft.ints(&all);
    draft.keep(kept);
    Ok(())
}

/// The runtime computes cubic as linear, silently. The first version had no region of interest between data and scales.
pub(super) fn resize(node: &NodeProto, draft: &mut Draft<'_>) -> Outcome {
    let text = |name: &str| attribute(node, name).map(|attribute| String::from_utf8_lossy(attribute.s()).into_owned());
    if text("mode").is_some_and(|mode| mode == "cubic") {
        return refuse("mode cubic");
    }
    if draft.opset >= 11 {
        draft.keep(node.clone());
        return Ok(());
    }
    let mut kept = node.clone();
    kept.input = vec![draft.input(node, 0)?, String::new(), draft.input(node, 1)?];
    kept.attribute.extend([string("coordinate_transformation_mode", "asymmetric"), string("nearest_mode", "floor")]);
    draft.keep(kept);
    Ok(())
}

fn string(name: &str, value: &str) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(AttributeType::String.into()),
        s: Some(value.as_bytes().to_vec()),
        ..Default::default()
    }
}

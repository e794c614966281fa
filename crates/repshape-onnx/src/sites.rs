//! Which values of a model are sites, and where they stand.

use std::collections::{HashMap, HashSet};

use crate::{
    graph::{Index, captures, domain, operator_name},
    model::{Input, shape_of},
    proto::{GraphProto, NodeProto, TypeProto, ValueInfoProto, tensor_proto::DataType, type_proto},
    shapes::is_elementwise,
    site::{Place, Site},
    value::Dim,
};

/// Operators that bend: everything that is not affine in its data and is used as an activation or an output.
pub(crate) const NONLINEARITIES: &[&str] = &[
    "Celu",
    "Clip",
    "Elu",
    "FastGelu",
    "Gelu",
    "HardSigmoid",
    "HardSwish",
    "Hardmax",
    "LeakyRelu",
    "LogSoftmax",
    "Mish",
    "PRelu",
    "QuickGelu",
    "Relu",
    "Selu",
    "Shrink",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Swish",
    "Tanh",
    "ThresholdedRelu",
    "BiasGelu",
];

/// Operators whose result is not made of floats.
const NOT_FLOAT: &[&str] = &[
    "And",
    "ArgMax",
    "ArgMin",
    "BitwiseAnd",
    "BitwiseNot",
    "BitwiseOr",
    "BitwiseXor",
    "ConvInteger",
    "Equal",
    "Greater",
    "GreaterOrEqual",
    "IsInf",
    "IsNaN",
    "Less",
    "LessOrEqual",
    "MatMulInteger",
    "NonMaxSuppression",
    "NonZero",
    "Not",
    "Or",
    "QuantizeLinear",
    "QLinearConv",
    "QLinearMatMul",
    "Shape",
    "Size",
    "StringNormalizer",
    "TfIdfVectorizer",
    "Tokenizer",
    "Xor",
    "Multinomial",
    "SequenceAt",
    "SequenceConstruct",
    "SequenceEmpty",
    "SequenceErase",
    "SequenceInsert",
    "SequenceLength",
    "SplitToSequence",
    "ZipMap",
    "Optional",
    "OptionalGetElement",
    "OptionalHasElement",
    "LabelEncoder",
];

/// Operators that look at the shape of their input and not at its values.
const SHAPE_ONLY: &[&str] = &["Shape", "Size", "ConstantOfShape", "EyeLike", "RandomNormalLike", "RandomUniformLike"];

/// The sites, in graph order, and the names of all values that hold no floats.
pub(crate) fn sites(
    graph: &GraphProto,
    index: &Index,
    inputs: &[Input],
    shapes: &HashMap<String, Vec<Dim>>,
) -> (Vec<Site>, HashSet<String>) {
    let declared: HashMap<&str, &ValueInfoProto> =
        graph.value_info.iter().chain(&graph.output).map(|value| (value.name(), value)).collect();
    let (names, not_float) = floats_from_data(graph, index, inputs, &declared);
    let outputs: HashSet<&str> = graph.output.iter().map(|output| output.name()).collect();
    let maps = maps(graph, index, shapes);
    let site = |&(name, node): &(&str, usize)| {
        let said = declared.get(name).and_then(|value| shape_of(value).ok().flatten());
        let shape = better(said, shapes.get(name).cloned());
        Site {
            map: maps.contains(name) && shape.as_ref().is_none_or(|shape| shape.len() >= 3),
            name: name.to_owned(),
            operator: operator_name(&graph.node[node]),
            node: graph.node[node].name().to_owned(),
            shape,
            place: place(graph, index, name, node),
            is_output: outputs.contains(name),
        }
    };
    (names.iter().map(site).collect(), not_float.into_iter().map(str::to_owned).collect())
}

/// Operators that give channels and places whatever they are given.
const GIVES_MAPS: &[&str] = &[
    "AveragePool",
    "BatchNormalization",
    "Conv",
    "ConvInteger",
    "ConvTranspose",
    "DepthToSpace",
    "GlobalAveragePool",
    "GlobalLpPool",
    "GlobalMaxPool",
    "GroupNormalization",
    "InstanceNormalization",
    "LRN",
    "LpPool",
    "MaxPool",
    "MaxUnpool",
    "QLinearConv",
    "SpaceToDepth",
];
/// Operators that leave channels and places where they are, beside those that work element by element.
const KEEPS_MAPS: &[&str] = &["Concat", "GridSample", "Pad", "Resize", "Slice", "Split", "Upsample"];

/// The values whose sides are rows, channels and places; among them some of too few sides, as after normalisation of plain rows.
fn maps<'a>(graph: &'a GraphProto, index: &Index, shapes: &HashMap<String, Vec<Dim>>) -> HashSet<&'a str> {
    let mut maps: HashSet<&str> = HashSet::new();
    for node in index.order.iter().map(|&at| &graph.node[at]) {
        let operator = node.op_type();
        let plain = |name: &String| shapes.get(name).is_some_and(|shape| shape.len() < 3);
        // The channels' own numbers, and single ones, are stretched over the map: any input tells. But not over its rows.
        let keeps = KEEPS_MAPS.contains(&operator) || is_elementwise(operator);
        let from_map = || node.input.iter().any(|name| maps.contains(name.as_str()) && !plain(name));
        if GIVES_MAPS.contains(&operator) || keeps && from_map() {
            maps.extend(node.output.iter().filter(|name| !name.is_empty()).map(String::as_str));
        }
    }
    maps
}

/// The shape that knows more: sides of the declared one, filled in where only inference knows them.
fn better(declared: Option<Vec<Dim>>, inferred: Option<Vec<Dim>>) -> Option<Vec<Dim>> {
    match (declared, inferred) {
        (Some(declared), Some(inferred)) if declared.len() == inferred.len() => {
            let side = |(said, found): (Dim, Dim)| match (&said, &found) {
                (Dim::Free(_), Dim::Known(_)) => found,
                // Exporters make up names (`unk__0`); inference knows which input's side it is.
                (Dim::Free(_), Dim::Free(other)) if !other.is_empty() => found,
                _ => said,
            };
            Some(declared.into_iter().zip(inferred).map(side).collect())
        }
        (Some(declared), _) => Some(declared),
        (None, inferred) => inferred,
    }
}

/// The values that are float and depend on the values of an input, with the nodes that give them.
fn floats_from_data<'a>(
    graph: &'a GraphProto,
    index: &Index,
    inputs: &'a [Input],
    declared: &HashMap<&str, &ValueInfoProto>,
) -> (Vec<(&'a str, usize)>, HashSet<&'a str>) {
    let mut from_data: HashSet<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
    let mut not_float: HashSet<&str> =
        inputs.iter().filter(|input| !input.element.is_float()).map(|input| input.name.as_str()).collect();
    for tensor in &graph.initializer {
        if !is_float(tensor.data_type()) {
            not_float.insert(tensor.name());
        }
    }
    let mut found = Vec::new();
    for &at in &index.order {
        let node = &graph.node[at];
        let reads = || node.input.iter().map(String::as_str).chain(captures(node));
        let from_its_data = !SHAPE_ONLY.contains(&node.op_type()) && reads().any(|name| from_data.contains(name));
        for (place, output) in node.output.iter().enumerate().filter(|(_, output)| !output.is_empty()) {
            let float = declared
                .get(output.as_str())
                .and_then(|value| declared_float(value))
                .unwrap_or_else(|| gives_float(node, place, &not_float));
            if !float {
                not_float.insert(output);
            }
            if from_its_data {
                from_data.insert(output);
                if float {
                    found.push((output.as_str(), at));
                }
            }
        }
    }
    (found, not_float)
}

/// Whether the value is declared to hold floats; `None` where nothing is declared.
fn declared_float(value: &ValueInfoProto) -> Option<bool> {
    match &value.r#type {
        Some(TypeProto { value: Some(type_proto::Value::TensorType(tensor)), .. }) if tensor.elem_type() != 0 => {
            Some(is_float(tensor.elem_type()))
        }
        Some(TypeProto { value: Some(type_proto::Value::TensorType(_)) | None, .. }) | None => None,
        Some(_) => Some(false),
    }
}

fn is_float(kind: i32) -> bool {
    matches!(DataType::try_from(kind), Ok(DataType::Float | DataType::Double | DataType::Float16 | DataType::Bfloat16))
}

/// Whether the node's output of this place holds floats, as far as its operator says.
fn gives_float(node: &NodeProto, place: usize, not_float: &HashSet<&str>) -> bool {
    let attribute = |name: &str| node.attribute.iter().find(|attribute| attribute.name() == name);
    let input_is_float = |place: usize| node.input.get(place).is_none_or(|input| !not_float.contains(input.as_str()));
    match (node.op_type(), place) {
        (operator, _) if NOT_FLOAT.contains(&operator) => false,
        ("Cast", _) => attribute("to").is_none_or(|to| is_float(to.i() as i32)),
        ("CastLike", _) | ("Where", _) => input_is_float(1),
        ("OneHot", _) => input_is_float(2),
        ("ConstantOfShape" | "Constant", _) => attribute("value").and_then(|value| value.t.as_ref()).map_or_else(
            || attribute("value_int").is_none() && attribute("value_ints").is_none(),
            |tensor| is_float(tensor.data_type()),
        ),
        ("DequantizeLinear", _) => true,
        // Where the largest stood, and which were dropped.
        ("MaxPool" | "TopK" | "Dropout" | "Unique", 1..) => false,
        // Names of classes first, then scores.
        ("LinearClassifier" | "SVMClassifier" | "TreeEnsembleClassifier", _) => place > 0,
        (
            "Scaler"
            | "Normalizer"
            | "LinearRegressor"
            | "SVMRegressor"
            | "TreeEnsembleRegressor"
            | "FeatureVectorizer",
            _,
        ) if domain(node) == "ai.onnx.ml" => true,
        // Their first input is a condition or a count.
        ("If" | "Loop" | "Scan", _) => true,
        _ => input_is_float(0),
    }
}

/// After the nonlinearity that gives it; before the one that reads it.
fn place(graph: &GraphProto, index: &Index, name: &str, node: usize) -> Place {
    if let Some(operator) = nonlinearity(&graph.node[node]) {
        return Place::After(operator);
    }
    if let Some(operator) = spelled_out(graph, index, node) {
        return Place::After(operator.to_owned());
    }
    let readers = index.readers(name).iter().map(|reader| (&graph.node[reader.node], reader.input));
    // The first input is the data; a value that is the slope of a PRelu does not go through it.
    let erf = |node: &NodeProto| {
        let scaled = node.output.first().map_or(&[][..], |output| index.readers(output));
        matches!(node.op_type(), "Div" | "Mul")
            && scaled.iter().any(|reader| graph.node[reader.node].op_type() == "Erf")
    };
    let bend = |node: &NodeProto| nonlinearity(node).or_else(|| erf(node).then(|| "Gelu".to_owned()));
    let before = readers.filter(|(_, input)| *input == 0).find_map(|(reader, _)| bend(reader));
    before.map_or(Place::Neither, Place::Before)
}

fn nonlinearity(node: &NodeProto) -> Option<String> {
    NONLINEARITIES.contains(&node.op_type()).then(|| operator_name(node))
}

/// Nonlinearities that exporters write as several nodes: the last of them, a product, is `x * sigmoid(x)` or `x` times what became
/// of `erf` or `tanh` of it.
fn spelled_out(graph: &GraphProto, index: &Index, node: usize) -> Option<&'static str> {
    let product = &graph.node[node];
    if product.op_type() != "Mul" {
        return None;
    }
    const STEPS: usize = 4;
    let mut at: Vec<usize> = product.input.iter().filter_map(|input| index.producer(input)).collect();
    // The factor one half may come last, after the product with x.
    for _ in 0..STEPS {
        let mut next = Vec::new();
        for &factor in &at {
            let node = &graph.node[factor];
            match node.op_type() {
                "Erf" | "Tanh" if at.len() <= 2 => {
                    return reads_ancestor(graph, index, product, factor).then_some("Gelu");
                }
                "Sigmoid" if node.input.first().is_some_and(|input| product.input.contains(input)) => {
                    return Some("Swish");
                }
                "HardSigmoid" if node.input.first().is_some_and(|input| product.input.contains(input)) => {
                    return Some("HardSwish");
                }
                "Add" | "Mul" => next.extend(node.input.iter().filter_map(|input| index.producer(input))),
                _ => {}
            }
        }
        at = next;
    }
    None
}

/// Whether what the bend reads comes, within a few steps, from what the product reads.
fn reads_ancestor(graph: &GraphProto, index: &Index, product: &NodeProto, bend: usize) -> bool {
    const STEPS: usize = 6;
    let mut near: Vec<&str> = product.input.iter().map(String::as_str).collect();
    for input in &product.input {
        if let Some(node) = index.producer(input) {
            near.extend(graph.node[node].input.iter().map(String::as_str));
        }
    }
    let mut at = vec![bend];
    for _ in 0..STEPS {
        let inputs: Vec<&str> =
            at.iter().flat_map(|&node| graph.node[node].input.iter().map(String::as_str)).take(16).collect();
        if inputs.iter().any(|input| near.contains(input) && index.producer(input) != Some(bend)) {
            return true;
        }
        at = inputs.iter().filter_map(|input| index.producer(input)).collect();
    }
    false
}

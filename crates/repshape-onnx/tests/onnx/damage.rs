//! Seeded damage to models: of bytes, and of fields, dimensions, names and attributes among them.

use repshape_onnx::proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, StringStringEntryProto, TensorProto, TypeProto,
    tensor_proto::DataLocation, tensor_shape_proto::dimension, type_proto,
};

/// A stream of numbers (SplitMix64), the same for one seed everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }
}

/// One to four changes of the bytes.
pub fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(4) {
        if bytes.is_empty() {
            return;
        }
        let at = random.below(bytes.len());
        let end = (at + 1 + random.below(40)).min(bytes.len());
        match random.below(7) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.next() as u8,
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..end)),
            4 => bytes.splice(at..at, bytes[at..end].to_vec()).for_each(drop),
            5 => bytes[at..end].fill([0x00, 0x7f, 0x80, 0xff][random.below(4)]),
            _ => bytes.insert(at, random.next() as u8),
        }
    }
}

const NUMBERS: [i64; 16] =
    [0, 1, -1, 2, 3, 7, 64, -2, 1 << 20, 1 << 31, -(1 << 31), (1 << 32) + 1, 1 << 40, 1 << 62, i64::MAX, i64::MIN];
const FLOATS: [f32; 8] = [0.0, -1.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, 1e-45, 3.7e9];
const OPERATORS: [&str; 24] = [
    "Relu",
    "Gemm",
    "MatMul",
    "Conv",
    "ConvTranspose",
    "MaxPool",
    "AveragePool",
    "Softmax",
    "LSTM",
    "GRU",
    "Reshape",
    "Transpose",
    "Concat",
    "Split",
    "Slice",
    "Pad",
    "Resize",
    "Gather",
    "LayerNormalization",
    "ReduceMean",
    "Scaler",
    "If",
    "Loop",
    "Nonsense",
];
const PATHS: [&str; 8] =
    ["", ".", "..", "../..", "/etc/passwd", "/dev/zero", "nothing.bin", "external_data_17.weights"];

/// One change of a field that a model of this form may have.
pub fn change(model: &mut ModelProto, random: &mut Random) {
    let kind = random.below(20);
    let ModelProto { graph, functions, opset_import, ir_version, .. } = model;
    let Some(graph) = graph else { return };
    match kind {
        0 => {
            if let Some(import) = opset_import.first_mut() {
                import.version =
                    Some(*random.pick(&[0, 1, 6, 7, 9, 10, 12, 14, 19, 22, 25, 26, -1, i64::MAX]).expect("some"));
            }
        }
        1 => *ir_version = random.pick(&NUMBERS).copied(),
        2 => {
            let functions = functions.len();
            if let Some(function) = model.functions.get_mut(random.below(functions)) {
                let (count, name, domain) = (function.node.len(), function.name.clone(), function.domain.clone());
                if let Some(node) = function.node.get_mut(random.below(count)) {
                    change_node(node, &name.clone().into_iter().collect::<Vec<_>>(), random);
                    // A function that calls itself.
                    if random.below(2) == 0 {
                        (node.op_type, node.domain) = (name, domain);
                    }
                }
            }
        }
        3 | 4 => {
            let sides = graph.input.len();
            if let Some(TypeProto { value: Some(type_proto::Value::TensorType(tensor)), .. }) =
                graph.input.get_mut(random.below(sides)).and_then(|input| input.r#type.as_mut())
            {
                change_type(tensor, random);
            }
        }
        5 => {
            let values = graph.value_info.len();
            if let Some(TypeProto { value: Some(type_proto::Value::TensorType(tensor)), .. }) =
                graph.value_info.get_mut(random.below(values)).and_then(|value| value.r#type.as_mut())
            {
                change_type(tensor, random);
            }
        }
        6..=9 => {
            let tensors = graph.initializer.len();
            if let Some(tensor) = graph.initializer.get_mut(random.below(tensors)) {
                change_tensor(tensor, random);
            }
        }
        10 => change_nodes(graph, random),
        _ => {
            let names = values(graph);
            let nodes = graph.node.len();
            if let Some(node) = graph.node.get_mut(random.below(nodes)) {
                change_node(node, &names, random);
            }
        }
    }
}

/// The names of all values.
fn values(graph: &GraphProto) -> Vec<String> {
    let outputs = graph.node.iter().flat_map(|node| node.output.iter().cloned());
    let others = graph.input.iter().map(|input| input.name().to_owned());
    outputs.chain(others).chain(graph.initializer.iter().map(|tensor| tensor.name().to_owned())).collect()
}

fn change_type(tensor: &mut type_proto::Tensor, random: &mut Random) {
    if random.below(3) == 0 {
        tensor.elem_type = Some(random.below(30) as i32);
        return;
    }
    let Some(shape) = &mut tensor.shape else { return };
    let sides = shape.dim.len();
    match random.below(4) {
        0 => drop(shape.dim.pop()),
        1 => shape.dim.extend(shape.dim.first().cloned()),
        2 => tensor.shape = None,
        _ => {
            if let Some(side) = shape.dim.get_mut(random.below(sides)) {
                side.value = random.pick(&NUMBERS).map(|&number| dimension::Value::DimValue(number));
            }
        }
    }
}

fn change_tensor(tensor: &mut TensorProto, random: &mut Random) {
    let sides = tensor.dims.len();
    match random.below(9) {
        0 => tensor.data_type = Some(random.below(30) as i32),
        1 => tensor.dims.reverse(),
        2 => tensor.dims.push(*random.pick(&NUMBERS).expect("some")),
        3 => drop(tensor.dims.pop()),
        4 => {
            if let Some(side) = tensor.dims.get_mut(random.below(sides)) {
                *side = *random.pick(&NUMBERS).expect("some");
            }
        }
        5 => {
            // The elements stay as many as the shape says, but are others: sizes, axes and indices among them.
            if let Some(raw) = &tensor.raw_data {
                let mut raw = raw.to_vec();
                let width = if raw.len() % 8 == 0 { 8 } else { 4.min(raw.len().max(1)) };
                let at = random.below(raw.len() / width) * width;
                let number = random.pick(&NUMBERS).expect("some").to_le_bytes();
                raw.iter_mut().skip(at).take(width).zip(number).for_each(|(byte, new)| *byte = new);
                tensor.raw_data = Some(raw.into());
            }
        }
        6 => {
            if let Some(raw) = &mut tensor.raw_data {
                raw.truncate(random.below(raw.len()));
            }
        }
        7 => {
            tensor.data_location = Some(DataLocation::External.into());
            tensor.raw_data = None;
            let entry =
                |key: &str, value: String| StringStringEntryProto { key: Some(key.to_owned()), value: Some(value) };
            tensor.external_data = vec![entry("location", (*random.pick(&PATHS).expect("some")).to_owned())];
            if random.below(2) == 0 {
                tensor.external_data.push(entry("offset", random.pick(&NUMBERS).expect("some").to_string()));
                tensor.external_data.push(entry("length", random.pick(&NUMBERS).expect("some").to_string()));
            }
        }
        _ => {
            tensor.float_data = vec![f32::NAN; random.below(9)];
            tensor.raw_data = None;
        }
    }
}

/// A cycle, a node twice, a node less, the order turned, two values of one name.
fn change_nodes(graph: &mut GraphProto, random: &mut Random) {
    let nodes = graph.node.len();
    let (first, second) = (random.below(nodes), random.below(nodes));
    match random.below(6) {
        0 => {
            let last = graph.node[first.max(second)].output.first().cloned();
            if let (Some(name), Some(input)) = (last, graph.node[first.min(second)].input.first_mut()) {
                *input = name;
            }
        }
        1 => graph.node.push(graph.node[first].clone()),
        2 => drop(graph.node.remove(first)),
        3 => graph.node.reverse(),
        4 => graph.node.swap(first, second),
        _ => {
            let name = graph.node[first].output.first().cloned().unwrap_or_default();
            if let Some(output) = graph.node[second].output.first_mut() {
                *output = name;
            }
        }
    }
}

fn change_node(node: &mut NodeProto, names: &[String], random: &mut Random) {
    let (inputs, attributes) = (node.input.len(), node.attribute.len());
    match random.below(10) {
        0 => node.op_type = random.pick(&OPERATORS).map(|&operator| operator.to_owned()),
        1 => {
            node.domain =
                random.pick(&["", "ai.onnx", "ai.onnx.ml", "com.microsoft", "nowhere"]).map(|&name| name.to_owned())
        }
        2 => drop(node.input.pop()),
        3 => node.input.extend(random.pick(names).cloned()),
        4 => node.attribute.clear(),
        5 => node.output.push(format!("more{}", random.below(3))),
        6 | 7 => {
            if let Some(input) = node.input.get_mut(random.below(inputs)) {
                *input = random.pick(names).cloned().unwrap_or_default();
            }
        }
        _ => {
            if let Some(attribute) = node.attribute.get_mut(random.below(attributes)) {
                change_attribute(attribute, random);
            }
        }
    }
}

fn change_attribute(attribute: &mut AttributeProto, random: &mut Random) {
    let number = *random.pick(&NUMBERS).expect("some");
    match random.below(8) {
        0 => attribute.r#type = Some(random.below(16) as i32),
        1 => attribute.ints.push(number),
        2 => drop(attribute.ints.pop()),
        3 => attribute.f = random.pick(&FLOATS).copied(),
        4 => attribute.s = Some(b"\xff\xfeNOTSET"[random.below(3)..].to_vec()),
        5 if attribute.t.is_some() => change_tensor(attribute.t.get_or_insert_default(), random),
        5 if attribute.g.is_some() => change_nodes_of(attribute.g.get_or_insert_default(), random),
        6 | 7 if !attribute.ints.is_empty() => {
            let at = random.below(attribute.ints.len());
            attribute.ints[at] = number;
        }
        _ => attribute.i = Some(number),
    }
}

fn change_nodes_of(graph: &mut GraphProto, random: &mut Random) {
    if !graph.node.is_empty() {
        change_nodes(graph, random);
    }
}

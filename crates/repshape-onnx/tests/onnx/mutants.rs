//! Damaged models: an error or a value, never a panic, an abort, a hang or much memory.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, atomic::Ordering::Relaxed, mpsc},
    thread,
    time::{Duration, Instant},
};

use prost::Message;
use repshape_onnx::{
    Data, Dim, ElementType, Model, Tensor,
    proto::{
        AttributeProto, GraphProto, ModelProto, NodeProto, StringStringEntryProto, TensorProto, TypeProto,
        tensor_proto::DataLocation, tensor_shape_proto::dimension, type_proto,
    },
};

use crate::{
    memory,
    reference::{Reference, folder, names},
};

/// For each fixture and kind of damage: 104 fixtures make 2,496 mutants.
const MUTANTS: u64 = 12;
const LARGEST: usize = 1 << 30;
/// A fixture takes milliseconds; the rest is for a busy machine.
const LONGEST: Duration = Duration::from_secs(20);

/// One test at a time: memory is counted over the whole process.
static TURN: Mutex<()> = Mutex::new(());

/// A stream of numbers (SplitMix64), the same for one seed everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }
}

/// One to four changes of the bytes.
fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
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
const PATHS: [&str; 8] = ["", ".", "..", "../..", "/etc/passwd", "/dev/zero", "nothing.bin", "external_data_17.onnx"];

/// One change of a field that a model of this form may have.
fn change(model: &mut ModelProto, random: &mut Random) {
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

/// Opens, lists, prepares and runs; how far that went.
fn attempt(path: &Path, reference: &Reference) -> Result<usize, String> {
    let model = Model::open(path).map_err(|error| error.to_string())?;
    let sites = model.sites();
    for site in sites {
        let _ = (site.to_owned(), site.place.to_string(), model.head(&site.name));
    }
    let _ = model.matching(&["*".to_owned()]);
    let runner = match model.prepare(sites) {
        Ok(runner) => runner,
        // What the others need may be whole.
        Err(_) => model.prepare(&sites[..sites.len().min(1)]).map_err(|error| error.to_string())?,
    };
    let given = runner.run(&reference.rows(0, 1)).map_err(|error| error.to_string());
    // Inputs as the damaged file declares them, if they are small.
    let own = declared(&model).map(|inputs| runner.run(&inputs).map_err(|error| error.to_string()));
    own.map_or(given.clone(), |own| given.or(own)).map(|found| found.len())
}

fn declared(model: &Model) -> Option<Vec<(String, Tensor)>> {
    let input = |input: &repshape_onnx::Input| {
        let sides = input.shape.as_ref()?.iter().map(|side| match side {
            Dim::Known(known) => *known,
            Dim::Free(_) => 2,
        });
        let shape: Vec<usize> = sides.collect();
        let count =
            shape.iter().try_fold(1_usize, |count, &side| count.checked_mul(side)).filter(|&count| count < 10_000)?;
        let values = match input.element {
            ElementType::I64 | ElementType::I8 => Data::I64(vec![1; count]),
            ElementType::I32 => Data::I32(vec![1; count]),
            ElementType::U8 => Data::U8(vec![1; count]),
            ElementType::Bool => Data::Bool(vec![true; count]),
            _ => Data::F32((0..count).map(|index| index as f32 / 7.0 - 1.0).collect()),
        };
        Some((input.name.clone(), Tensor { shape, values }))
    };
    model.inputs().iter().map(input).collect()
}

/// Keeps a mutant for a closer look.
fn keep(mutant: &Path, culprit: &str) -> PathBuf {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{culprit}.onnx"));
    // It is the second of two failures.
    let _ = fs::copy(mutant, &kept);
    kept
}

/// Where a mutant lies, beside the weights of the model it was made of.
fn place(name: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    let weights = folder().join(format!("{name}.weights"));
    if weights.exists() {
        fs::copy(&weights, place.path().join(format!("{name}.weights"))).expect("a copy");
    }
    place
}

/// Makes the mutants of each fixture and tries each on a thread of its own, by which a panic and a hang are seen.
fn survive(salt: u64, mutate: impl Fn(&[u8], &mut Random) -> Vec<u8>) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut refused, mut run, mut wrong) = (0, 0, Vec::new());
    for (index, name) in names().iter().enumerate() {
        let original = fs::read(folder().join(format!("{name}.onnx"))).expect("a fixture");
        let reference = Arc::new(Reference::read(&folder().join(format!("{name}.safetensors"))));
        let place = place(name);
        let path = place.path().join("mutant.onnx");
        for mutant in 0..MUTANTS {
            let mut random = Random(salt << 40 | (index as u64) << 20 | mutant);
            memory::KIND.store(salt, Relaxed);
            memory::FIXTURE.store(index as u64, Relaxed);
            memory::MUTANT.store(mutant, Relaxed);
            fs::write(&path, mutate(&original, &mut random)).expect("a mutant");
            let (send, receive) = mpsc::channel();
            let (damaged, reference) = (path.clone(), reference.clone());
            let start = Instant::now();
            let (before, worker) = (memory::reset(), thread::Builder::new().stack_size(2 << 20));
            let worker = worker.spawn(move || {
                let result = attempt(&damaged, &reference);
                let _ = send.send(result);
            });
            let received = receive.recv_timeout(LONGEST);
            let bytes = memory::most().saturating_sub(before);
            let culprit = format!("{name}_{salt}_{mutant}");
            let mut report = |what: String| wrong.push(format!("{}: {what}", keep(&path, &culprit).display()));
            match received {
                Ok(Ok(_)) => run += 1,
                Ok(Err(message)) if message.contains("mutant.onnx") => refused += 1,
                Ok(Err(message)) => report(format!("does not name the file: {message}")),
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    panic!("{}: still at work after {:?}", keep(&path, &culprit).display(), start.elapsed())
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    let panic = worker.expect("a thread").join().expect_err("a thread that sends nothing panics");
                    let text = panic.downcast_ref::<String>().cloned();
                    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
                    report(format!("panic: {}", text.unwrap_or_default()));
                }
            }
            if bytes > LARGEST {
                report(format!("took {} MiB", bytes >> 20));
            }
        }
    }
    assert!(wrong.is_empty(), "{} mutants:\n{}", wrong.len(), wrong.join("\n"));
    // otherwise the mutants are no test of the refusals, or of the rest
    assert!(refused > 100 && run > 50, "{refused} refused, {run} run");
}

#[test]
fn damaged_bytes_are_refused_or_run() {
    survive(1, |original, random| {
        let mut bytes = original.to_vec();
        damage(&mut bytes, random);
        bytes
    });
}

#[test]
fn changed_fields_are_refused_or_run() {
    survive(2, |original, random| {
        let mut model = ModelProto::decode(original).expect("a fixture");
        for _ in 0..=random.below(3) {
            change(&mut model, random);
        }
        model.encode_to_vec()
    });
}

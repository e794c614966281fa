//! Models that contradict themselves are refused by name, whatever is wrong with them.

use prost::Message;
use repshape_onnx::{
    Data, Model, Tensor,
    proto::{ModelProto, NodeProto, OperatorSetIdProto, TensorProto, tensor_proto::DataType},
};

use crate::build::{graph, int, model, node, numbers, open, value, weights};

fn sound() -> ModelProto {
    let nodes = vec![node("MatMul", &["x", "w"], "h", vec![]), node("Relu", &["h"], "y", vec![])];
    model(13, &[2], nodes, vec![weights("w", &[2, 3], &[1.0; 6])])
}

/// A change that breaks the model, and words that the message must have.
type Case = (&'static str, fn(&mut ModelProto), &'static [&'static str]);

const CASES: &[Case] = &[
    ("no graph", |model| model.graph = None, &["is not an ONNX model", "no graph"]),
    ("no node", |model| graph(model).node.clear(), &["the graph: found no node"]),
    ("old format", |model| model.ir_version = Some(2), &["ir_version 2, expected 3 to"]),
    ("no format", |model| model.ir_version = None, &["ir_version missing"]),
    ("future format", |model| model.ir_version = Some(99), &["ir_version 99"]),
    ("old opset", |model| model.opset_import[0].version = Some(6), &["opset 6, expected 7 to"]),
    ("future opset", |model| model.opset_import[0].version = Some(99), &["opset 99"]),
    ("no opset", |model| model.opset_import.clear(), &["opset missing"]),
    (
        "two opsets",
        |model| model.opset_import.push(OperatorSetIdProto { domain: Some("ai.onnx".to_owned()), version: Some(17) }),
        &["two versions"],
    ),
    ("nameless operator", |model| graph(model).node[1].op_type = None, &["n:y", "found no operator"]),
    (
        "unknown value",
        |model| graph(model).node[1].input[0] = "nowhere".to_owned(),
        &["node \"n:y\" (Relu), input 0: found \"nowhere\", which no input, initializer or node gives"],
    ),
    (
        "unknown output",
        |model| graph(model).output[0].name = Some("nowhere".to_owned()),
        &["the graph's outputs: found \"nowhere\""],
    ),
    (
        "missing weights",
        |model| graph(model).initializer.clear(),
        &["node \"n:h\" (MatMul), input 1: found \"w\", which no input, initializer or node gives"],
    ),
    (
        "a name given twice",
        |model| graph(model).node[1].output[0] = "h".to_owned(),
        &["node \"n:y\" (Relu): found \"h\", which is given before"],
    ),
    (
        "weights given twice",
        |model| {
            let again = graph(model).initializer[0].clone();
            graph(model).initializer.push(again);
        },
        &["initializer 1: found \"w\", which is given before"],
    ),
    (
        "a cycle",
        |model| graph(model).node[0].input[0] = "y".to_owned(),
        &["(", "found a node that needs its own result"],
    ),
    ("itself", |model| graph(model).node[1].input[0] = "y".to_owned(), &["n:y", "a node that needs its own result"]),
    (
        "a negative side",
        |model| graph(model).initializer[0].dims = vec![-2, -3],
        &["initializer \"w\": found a side of -2"],
    ),
    (
        "a number of elements beyond counting",
        |model| graph(model).initializer[0].dims = vec![1 << 40, 1 << 40],
        &["initializer \"w\"", "fewer than 2^40 elements"],
    ),
    (
        "fewer elements than the shape",
        |model| graph(model).initializer[0].dims = vec![2_000_000, 3_000],
        &["initializer \"w\": found 6 elements, expected 6000000000"],
    ),
    (
        "more bytes than the shape",
        |model| graph(model).initializer[0].raw_data = Some(vec![0; 28].into()),
        &["initializer \"w\": found 28 bytes, expected 24, as the shape [2, 3] of FLOAT says"],
    ),
    (
        "another type than the elements",
        |model| graph(model).initializer[0].data_type = Some(DataType::Int64.into()),
        &["initializer \"w\": found 0 elements, expected 6, as the shape [2, 3] of INT64 says"],
    ),
    (
        "an unknown type",
        |model| graph(model).initializer[0].data_type = Some(77),
        &["initializer \"w\": found data type 77"],
    ),
    (
        "a sparse tensor",
        |model| graph(model).sparse_initializer.push(Default::default()),
        &["found a sparse tensor, expected a dense one"],
    ),
    (
        "words as an input",
        |model| graph(model).input = vec![value("x", DataType::String, &[2])],
        &["graph input \"x\": found elements of type STRING"],
    ),
    (
        "a negative side of an input",
        |model| graph(model).input = vec![value("x", DataType::Float, &[-2])],
        &["graph input \"x\": found a side of -2"],
    ),
];

#[test]
fn contradictions_are_named_when_a_model_is_read() {
    assert!(open(&sound()).is_ok());
    for (what, change, words) in CASES {
        let mut broken = sound();
        change(&mut broken);
        let error = open(&broken).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.starts_with("test.onnx: "), "{what}: {error:?}");
        for word in *words {
            assert!(error.contains(word), "{what}: {error:?} does not say {word:?}");
        }
    }
}

/// What only the chosen sites bring to light.
#[test]
fn contradictions_are_named_when_sites_are_prepared() {
    let text = TensorProto {
        name: Some("w".to_owned()),
        dims: vec![1],
        data_type: Some(DataType::String.into()),
        string_data: vec![b"a".to_vec()],
        ..Default::default()
    };
    let add = || vec![node("Add", &["x", "w"], "y", vec![])];
    let conv = |attributes| vec![node("Conv", &["x", "w"], "y", attributes)];
    let kernel = || vec![weights("w", &[1, 1, 2, 2], &[0.0; 4])];
    let ints = crate::build::ints;
    let cases = [
        (model(13, &[2], add(), vec![text]), "initializer \"w\": found elements of type STRING"),
        (
            model(13, &[1, 4, 4], conv(vec![ints("kernel_shape", &[3, 3])]), kernel()),
            "node \"n:y\" (Conv): found kernel_shape [3, 3], expected [2, 2], the sides of its weights",
        ),
        (
            model(13, &[1, 4, 4], conv(vec![ints("strides", &[0, 1])]), kernel()),
            "found strides [0, 1], expected 2 numbers from 1 to",
        ),
        (
            model(13, &[1, 4, 4], conv(vec![ints("pads", &[-1, 0, 0, 0])]), kernel()),
            "found pads [-1, 0, 0, 0], expected 4 numbers from 0",
        ),
        (
            model(13, &[1, 4, 4], conv(vec![crate::build::text("auto_pad", "MAYBE")]), kernel()),
            "found auto_pad \"MAYBE\", expected NOTSET, VALID, SAME_UPPER or SAME_LOWER",
        ),
        (
            model(13, &[2], vec![node("Relu", &[""], "y", vec![]), node("Selu", &["", "x"], "z", vec![])], vec![]),
            "found no input 0",
        ),
        (
            model(
                13,
                &[2],
                vec![node("Pad", &["x", "p"], "y", vec![ints("pads", &[0; 4])])],
                vec![numbers("p", &[4], &[0; 4])],
            ),
            "node \"n:y\" (Pad): found pads as an attribute and as input 1, expected one of them",
        ),
        (
            model(21, &[2], vec![node("GroupNormalization", &["x", "x", "x"], "y", vec![])], vec![]),
            "found num_groups 0",
        ),
    ];
    for (network, words) in cases {
        let error = open(&network)
            .and_then(|model| model.prepare(model.sites()))
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert!(error.contains(words), "{error:?} does not say {words:?}");
    }
}

/// Shapes that fit the declaration and contradict each other inside: the run ends with the node's name, and the next one works.
#[test]
fn contradictions_inside_end_the_run_and_not_the_program() -> Result<(), Box<dyn std::error::Error>> {
    let model =
        open(&model(13, &[3], vec![node("MatMul", &["x", "w"], "y", vec![])], vec![weights("w", &[2, 3], &[1.0; 6])]))?;
    let runner = model.prepare(model.sites())?;
    for _ in 0..2 {
        let rows = Tensor { shape: vec![1, 3], values: Data::F32(vec![0.0; 3]) };
        let error = runner.run(&[("x".to_owned(), rows)]).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("n:y"), "{error}");
    }
    Ok(())
}

/// A few bytes can ask for any amount of memory. An allocation that fails ends the program: it is never tried.
#[test]
fn values_beyond_all_memory_are_refused_before_they_are_made() -> Result<(), Box<dyn std::error::Error>> {
    let huge = numbers("s", &[2], &[1 << 30, 1 << 30]);
    let expand = model(13, &[1], vec![node("Expand", &["x", "s"], "y", vec![])], vec![huge.clone()]);
    let tile = model(13, &[1], vec![node("Tile", &["x", "s"], "y", vec![])], vec![huge.clone()]);
    let fill = model(
        13,
        &[1],
        vec![node("ConstantOfShape", &["s"], "c", vec![]), node("Add", &["x", "c"], "y", vec![])],
        vec![huge],
    );
    for network in [expand, tile, fill] {
        let model = open(&network)?;
        let error = model.prepare(model.sites()).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("1073741824") && error.contains("elements can be had"), "{error}");
    }
    Ok(())
}

/// The same where only the data says the size: the run ends before the value is made, and goes on where there is room.
#[test]
fn values_whose_size_the_data_says_are_measured_first() -> Result<(), Box<dyn std::error::Error>> {
    let int_sum = || {
        vec![
            node("ReduceSum", &["x"], "sum", vec![int("keepdims", 0)]),
            node("Cast", &["sum"], "count", vec![int("to", 7)]),
        ]
    };
    let with = |mut nodes: Vec<NodeProto>, more: Vec<NodeProto>, constants| {
        nodes.extend(more);
        model(13, &[3], nodes, constants)
    };
    let ints = |name: &str, values: &[i64]| numbers(name, &[values.len() as i64], values);
    let scalar = |name: &str, value: i64| numbers(name, &[], &[value]);
    let shape = || node("Unsqueeze", &["count", "zero"], "sides", vec![]);
    let cases = [
        (
            "Expand",
            with(
                int_sum(),
                vec![shape(), node("Expand", &["one", "sides"], "y", vec![])],
                vec![ints("zero", &[0]), weights("one", &[1], &[1.0])],
            ),
        ),
        (
            "Tile",
            with(
                int_sum(),
                vec![shape(), node("Tile", &["one", "sides"], "y", vec![])],
                vec![ints("zero", &[0]), weights("one", &[1], &[1.0])],
            ),
        ),
        (
            "Range",
            with(
                int_sum(),
                vec![
                    node("Range", &["zero", "count", "one"], "range", vec![]),
                    node("Cast", &["range"], "y", vec![int("to", 1)]),
                ],
                vec![scalar("zero", 0), scalar("one", 1)],
            ),
        ),
        (
            "ConstantOfShape",
            with(
                int_sum(),
                vec![
                    shape(),
                    node("ConstantOfShape", &["sides"], "filled", vec![]),
                    node("Add", &["filled", "sum"], "y", vec![]),
                ],
                vec![ints("zero", &[0])],
            ),
        ),
        (
            "OneHot",
            with(
                int_sum(),
                vec![
                    node("OneHot", &["zero", "count", "two"], "hot", vec![]),
                    node("Add", &["hot", "sum"], "y", vec![]),
                ],
                vec![scalar("zero", 0), weights("two", &[2], &[0.0, 1.0])],
            ),
        ),
        (
            "Resize",
            with(
                vec![node("ReduceSum", &["x"], "sum", vec![int("keepdims", 0)])],
                vec![
                    node("Reshape", &["sum", "four"], "map", vec![]),
                    node("Unsqueeze", &["sum", "zero"], "scale", vec![]),
                    node("Concat", &["ones", "scale", "unit"], "scales", vec![int("axis", 0)]),
                    node("Resize", &["map", "", "scales"], "y", vec![]),
                ],
                vec![
                    ints("four", &[1, 1, 1, 1]),
                    ints("zero", &[0]),
                    weights("ones", &[2], &[1.0; 2]),
                    weights("unit", &[1], &[1.0]),
                ],
            ),
        ),
        // How many are not zero, times the places of all.
        (
            "NonZero",
            with(
                vec![node("NonZero", &["x"], "places", vec![])],
                vec![node("Cast", &["places"], "y", vec![int("to", 1)])],
                vec![],
            ),
        ),
    ];
    for (operator, network) in cases {
        let model = open(&network)?;
        let runner = model.prepare(&model.matching(&["y".to_owned()])?)?;
        let run = |largest: f32| {
            let rows = Tensor { shape: vec![1, 3], values: Data::F32(vec![largest, 1.0, 1.0]) };
            runner.run(&[("x".to_owned(), rows)]).map_err(|error| error.to_string())
        };
        let small = run(5.0).map_err(|error| format!("{operator}: {error}"))?;
        let expected = if operator == "NonZero" { 6 } else { 7 };
        assert_eq!(small[0].values.len(), expected, "{operator}");
        if operator != "NonZero" {
            let error = run(1.5e9).err().unwrap_or_default();
            assert!(error.contains("elements can be had") && error.contains(operator), "{operator}: {error}");
            // what was found for one batch is not taken for the next
            assert!(run(6.0).is_ok_and(|found| found[0].values.len() == 8), "{operator}");
        }
    }
    Ok(())
}

/// Neither reading nor preparing goes deeper with the graph: a chain of 200,000 nodes ends in seconds on a small stack.
#[test]
fn a_long_chain_takes_no_stack() -> Result<(), Box<dyn std::error::Error>> {
    const LENGTH: usize = 200_000;
    let link =
        |at: usize| NodeProto { name: None, ..node("Neg", &[&format!("v{at}")], &format!("v{}", at + 1), vec![]) };
    // The last first: the order of the file is no help.
    let mut nodes: Vec<NodeProto> = (1..LENGTH).map(link).collect();
    nodes.insert(0, node("Neg", &["x"], "v1", vec![]));
    nodes.reverse();
    let bytes = model(13, &[1], nodes, vec![]).encode_to_vec();
    let chain = std::thread::Builder::new().stack_size(256 << 10).spawn(move || {
        let model = Model::from_bytes(&bytes, "chain", None).map_err(|error| error.to_string())?;
        let site = model.matching(&["v1000".to_owned()]).map_err(|error| error.to_string())?;
        model.prepare(&site).map_err(|error| error.to_string())?;
        Ok::<_, String>(model.sites().len())
    })?;
    assert_eq!(chain.join().map_err(|_| "panicked")??, LENGTH);
    Ok(())
}

/// Messages in messages: the decoder would go as deep. And two bytes a node: each would take hundreds in memory.
#[test]
fn deep_and_swollen_files_are_refused_before_they_are_decoded() {
    // Field 7 of a model is its graph, 1 of a graph a node, 5 of a node an attribute, 6 of an attribute a graph.
    let mut deep = Vec::new();
    for field in [6_u8, 5, 1].into_iter().cycle().take(300) {
        let mut outer = vec![field << 3 | 2];
        prost::encoding::encode_varint(deep.len() as u64, &mut outer);
        outer.append(&mut deep);
        deep = outer;
    }
    let mut bytes = vec![7 << 3 | 2];
    prost::encoding::encode_varint(deep.len() as u64, &mut bytes);
    bytes.extend(deep);
    let error = Model::from_bytes(&bytes, "deep", None).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("nested 100 deep") && error.contains("at most 99 levels"), "{error}");

    let nodes: Vec<u8> = [1 << 3 | 2, 0].repeat(4 << 20);
    let mut swollen = vec![7 << 3 | 2];
    prost::encoding::encode_varint(nodes.len() as u64, &mut swollen);
    swollen.extend(nodes);
    let error = Model::from_bytes(&swollen, "swollen", None).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("more than 272 MiB in memory"), "{error}");
}

/// Control flow is refused by name where a site needs it, and is in nobody's way elsewhere.
#[test]
fn control_flow_is_refused_by_name() -> Result<(), Box<dyn std::error::Error>> {
    let nodes = vec![
        node("Relu", &["x"], "seen", vec![]),
        node("Loop", &["", "", "seen"], "looped", vec![]),
        node("Neg", &["looped"], "y", vec![int("none", 0)]),
    ];
    let model = open(&model(13, &[1], nodes, vec![]))?;
    assert!(model.prepare(&model.matching(&["seen".to_owned()])?).is_ok());
    let error =
        model.prepare(&model.matching(&["y".to_owned()])?).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(
        error.contains("operators that cannot be run: Loop (ai.onnx, opset 13) at node \"n:looped\" (Loop)"),
        "{error}"
    );
    Ok(())
}

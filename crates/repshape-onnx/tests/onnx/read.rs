//! Feeding a model: element types, shapes, batches, weights in other files, threads.

use std::{error::Error, fs};

use prost::Message;
use repshape_onnx::{
    Data, Model, Tensor,
    proto::{
        ModelProto, StringStringEntryProto, TensorProto,
        tensor_proto::{DataLocation, DataType},
    },
};

use crate::build::{assert_close, graph, int, model, node, numbers, open, run, value, weights};

type Outcome = Result<(), Box<dyn Error>>;

/// `y = x W`, W 2 by 3.
fn product(weights: TensorProto) -> ModelProto {
    model(13, &[2], vec![node("MatMul", &["x", "w"], "y", vec![])], vec![weights])
}

const WEIGHTS: [f32; 6] = [1.0, -2.0, 0.5, 4.0, 0.25, -8.0];
const ROW: [f32; 2] = [2.0, 1.0];
const RESULT: [f64; 3] = [6.0, -3.75, -7.0];

fn stored(kind: DataType, raw: Vec<u8>) -> TensorProto {
    TensorProto {
        name: Some("w".to_owned()),
        dims: vec![2, 3],
        data_type: Some(kind.into()),
        raw_data: Some(raw.into()),
        ..Default::default()
    }
}

/// The weights are exact in every one of them.
#[test]
fn floats_of_every_width_compute_as_f32() -> Outcome {
    // Sign, exponent and fraction of each weight as IEEE 754 halves, and as the upper halves of f32.
    let half: [u16; 6] = [0x3c00, 0xc000, 0x3800, 0x4400, 0x3400, 0xc800];
    let brain = WEIGHTS.map(|value| (value.to_bits() >> 16) as u16);
    let forms = [
        stored(DataType::Float, WEIGHTS.iter().flat_map(|value| value.to_le_bytes()).collect()),
        stored(DataType::Double, WEIGHTS.iter().flat_map(|&value| f64::from(value).to_le_bytes()).collect()),
        stored(DataType::Float16, half.iter().flat_map(|bits| bits.to_le_bytes()).collect()),
        stored(DataType::Bfloat16, brain.iter().flat_map(|bits| bits.to_le_bytes()).collect()),
        TensorProto {
            raw_data: None,
            int32_data: half.iter().map(|&bits| bits.into()).collect(),
            ..stored(DataType::Float16, vec![])
        },
        weights("w", &[2, 3], &WEIGHTS),
    ];
    for form in forms {
        let kind = form.data_type();
        let mut network = product(form);
        graph(&mut network).input = vec![value("x", DataType::try_from(kind)?, &[2])];
        assert_close(&run(&network, "y", &[1, 2], &ROW)?, &[1, 3], &RESULT);
    }
    Ok(())
}

fn external(name: &str, entries: &[(&str, &str)]) -> ModelProto {
    let entry = |&(key, value): &(&str, &str)| StringStringEntryProto {
        key: Some(key.to_owned()),
        value: Some(value.to_owned()),
    };
    let mut weights = stored(DataType::Float, vec![]);
    weights.raw_data = None;
    weights.data_location = Some(DataLocation::External.into());
    weights.external_data = entries.iter().map(entry).collect();
    weights.name = Some(name.to_owned());
    product(weights)
}

#[test]
fn weights_beside_the_model_are_read_and_others_are_refused() -> Outcome {
    let outer = tempfile::tempdir()?;
    let folder = outer.path().join("model");
    fs::create_dir(&folder)?;
    let bytes: Vec<u8> = WEIGHTS.iter().flat_map(|value| value.to_le_bytes()).collect();
    fs::write(folder.join("w.bin"), [&[9; 8], bytes.as_slice()].concat())?;
    fs::write(outer.path().join("w.bin"), &bytes)?;
    fs::create_dir(folder.join("inner"))?;
    let open = |entries: &[(&str, &str)]| {
        let path = folder.join("m.onnx");
        fs::write(&path, external("w", entries).encode_to_vec())?;
        Ok::<_, Box<dyn Error>>(Model::open(&path))
    };
    let model = open(&[("location", "w.bin"), ("offset", "8"), ("length", "24")])??;
    let rows = Tensor { shape: vec![1, 2], values: Data::F32(ROW.to_vec()) };
    let found = model.prepare(model.sites())?.run(&[("x".to_owned(), rows)])?;
    assert_close(&found[0], &[1, 3], &RESULT);

    let absolute = outer.path().join("w.bin").display().to_string();
    let cases: [(&[(&str, &str)], &str); 10] = [
        (&[("location", "../w.bin")], "expected a file in the model's own folder"),
        (&[("location", "inner/../../w.bin")], "expected a file in the model's own folder"),
        (&[("location", &absolute)], "expected a file in the model's own folder"),
        (&[], "expected a file in the model's own folder"),
        (&[("location", "other.bin")], "other.bin"),
        (&[("location", "inner")], "found something that is no file, expected a file"),
        (&[("location", "w.bin"), ("offset", "9")], "expected 24 bytes from byte 9 on"),
        (&[("location", "w.bin"), ("offset", "18446744073709551615")], "from byte 18446744073709551615 on"),
        (&[("location", "w.bin"), ("offset", "-1")], "found offset \"-1\", expected a number of bytes"),
        (&[("location", "w.bin"), ("length", "23")], "expected 24 bytes, as shape and type say"),
    ];
    for (entries, expected) in cases {
        let error = open(entries)?.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(expected) && error.contains("initializer \"w\""), "{entries:?}: {error}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(outer.path().join("w.bin"), folder.join("link.bin"))?;
        let error = open(&[("location", "link.bin")])?.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("found a link to"), "{error}");
    }
    let bytes = external("w", &[("location", "w.bin")]).encode_to_vec();
    let error = Model::from_bytes(&bytes, "bytes", None).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("expected a model opened from a file"), "{error}");
    Ok(())
}

#[test]
fn data_that_does_not_fit_names_input_and_both_shapes() -> Outcome {
    let mut network = product(weights("w", &[2, 3], &WEIGHTS));
    graph(&mut network).input.push(value("unused", DataType::Float, &[7]));
    let model = open(&network)?;
    let runner = model.prepare(model.sites())?;
    assert_eq!(runner.inputs().map(|input| input.name.as_str()).collect::<Vec<_>>(), ["x"]);
    let floats = |shape: &[usize], count| Tensor { shape: shape.to_vec(), values: Data::F32(vec![0.0; count]) };
    let fed = |name: &str, tensor: Tensor| vec![(name.to_owned(), tensor)];
    let cases = [
        (fed("x", floats(&[4, 3], 12)), "input \"x\": found 4 x 3, expected N x 2 (side 1 is 3, not 2)"),
        (fed("x", floats(&[4, 2, 1], 8)), "input \"x\": found 4 x 2 x 1, expected N x 2 (2 sides, not 3)"),
        (fed("x", floats(&[4, 2], 7)), "input \"x\": found 7 elements, expected as many as its shape [4, 2] has"),
        (fed("z", floats(&[4, 2], 8)), "input \"x\" is missing; the model needs: \"x\""),
        ([fed("x", floats(&[4, 2], 8)), fed("x", floats(&[4, 2], 8))].concat(), "input \"x\" is given twice"),
    ];
    for (inputs, expected) in cases {
        let error = runner.run(&inputs).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(expected), "{error}");
    }
    // Bytes of an image are floats to the model.
    let bytes = Tensor { shape: vec![1, 2], values: Data::U8(vec![2, 1]) };
    assert_close(&runner.run(&fed("x", bytes))?[0], &[1, 3], &RESULT);
    Ok(())
}

#[test]
fn rows_of_two_inputs_must_be_as_many() -> Outcome {
    let mut network = model(13, &[2], vec![node("Add", &["x", "b"], "y", vec![])], vec![]);
    graph(&mut network).input.push(value("b", DataType::Float, &[2]));
    let model = open(&network)?;
    let rows = |count: usize| Tensor { shape: vec![count, 2], values: Data::F32(vec![0.0; 2 * count]) };
    let runner = model.prepare(model.sites())?;
    let error =
        runner.run(&[("x".to_owned(), rows(3)), ("b".to_owned(), rows(1))]).err().map(|error| error.to_string());
    assert_eq!(
        error.as_deref(),
        Some("test.onnx: input \"b\": found 1 x 2, expected N x 2 (side 0, N, is 1, but 3 in input \"x\")")
    );
    Ok(())
}

#[test]
fn tokens_beyond_32_bits_and_fractions_are_refused() -> Outcome {
    let mut tokens = model(
        13,
        &[2],
        vec![node("Gather", &["table", "x"], "y", vec![])],
        vec![weights("table", &[3, 1], &[1.0, 2.0, 3.0])],
    );
    graph(&mut tokens).input = vec![value("x", DataType::Int64, &[2])];
    let model = open(&tokens)?;
    let runner = model.prepare(model.sites())?;
    let fed = |values| [("x".to_owned(), Tensor { shape: vec![1, 2], values })];
    assert_close(&runner.run(&fed(Data::I64(vec![2, 0])))?[0], &[1, 2, 1], &[3.0, 1.0]);
    let error = runner.run(&fed(Data::I64(vec![0, 1 << 40]))).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("input \"x\": found 1099511627776 at element 1, expected integers of 32 bits"), "{error}");
    let error = runner.run(&fed(Data::F32(vec![0.0, 0.5]))).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("input \"x\": found elements of type f32"), "{error}");
    // A token that the table does not have fails in the run, and the node is named.
    let error = runner.run(&fed(Data::I64(vec![0, 3]))).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("n:y"), "{error}");
    Ok(())
}

/// A site asked for twice comes twice; the order is that of the question.
#[test]
fn results_stand_in_the_order_of_the_sites() -> Outcome {
    let nodes = vec![node("Relu", &["x"], "a", vec![]), node("Neg", &["a"], "b", vec![])];
    let model = open(&model(13, &[1], nodes, vec![]))?;
    let [a, b] = model.sites() else { return Err("two sites".into()) };
    let runner = model.prepare(&[b.clone(), a.clone(), b.clone()])?;
    let rows = Tensor { shape: vec![2, 1], values: Data::F32(vec![3.0, -1.0]) };
    let found = runner.run(&[("x".to_owned(), rows)])?;
    assert_eq!(found.iter().map(|one| one.site.as_str()).collect::<Vec<_>>(), ["b", "a", "b"]);
    assert_eq!(found[0], found[2]);
    assert_eq!(found[1].values, [3.0, 0.0]);
    assert!(model.prepare(&[]).is_err());
    Ok(())
}

/// Runs at once on several threads give the bits of runs one after another. 301 columns are more than one block of the product.
#[test]
fn same_bits_at_any_number_of_threads() -> Outcome {
    const COLUMNS: usize = 301;
    let fraction = |at: usize| ((at * 7919) % 1009) as f32 / 1009.0 - 0.5;
    let matrix: Vec<f32> = (0..COLUMNS * COLUMNS).map(fraction).collect();
    let side = COLUMNS as i64;
    let nodes = vec![
        node("Gemm", &["x", "w"], "y", vec![int("transB", 1)]),
        node("Softmax", &["y"], "p", vec![]),
        node("ReduceSum", &["p", "axes"], "sum", vec![]),
    ];
    let constants = vec![weights("w", &[side, side], &matrix), numbers("axes", &[1], &[1])];
    let model = open(&model(13, &[side], nodes, constants))?;
    let runner = model.prepare(model.sites())?;
    let batch = |start: usize| {
        let values = (0..17 * COLUMNS).map(|at| fraction(at + start)).collect();
        [("x".to_owned(), Tensor { shape: vec![17, COLUMNS], values: Data::F32(values) })]
    };
    let alone: Vec<_> = (0..6).map(|start| runner.run(&batch(start))).collect::<Result<_, _>>()?;
    for threads in [2, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        use rayon::prelude::*;
        let together: Vec<_> = pool
            .install(|| (0..6).into_par_iter().map(|start| runner.run(&batch(start))).collect::<Result<Vec<_>, _>>())?;
        assert_eq!(alone, together, "{threads} threads");
    }
    Ok(())
}

#![no_main]

use std::{panic, sync::Once, thread};

use repshape_onnx::{Data, Dim, ElementType, Input, Model, Rewiring, Tensor, is_model_thread};

/// More elements of an input are not worth feeding.
const MOST: usize = 10_000;

/// One row of what the model declares, if that is small.
fn row(input: &Input) -> Option<(String, Tensor)> {
    let shape = input.shape.as_ref()?.iter().map(|side| if let Dim::Known(known) = side { *known } else { 1 });
    let shape: Vec<usize> = shape.collect();
    let count =
        shape.iter().try_fold(1_usize, |count, &side| count.checked_mul(side)).filter(|&count| count <= MOST)?;
    let values = match input.element {
        ElementType::I64 | ElementType::I32 | ElementType::I8 | ElementType::U8 => Data::I64(vec![1; count]),
        ElementType::Bool => Data::Bool(vec![true; count]),
        _ => Data::F32((0..count).map(|at| at as f32 / 7.0 - 1.0).collect()),
    };
    Some((input.name.clone(), Tensor { shape, values }))
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // libFuzzer's own hook ends the process, also where the panic is caught: inside the runtime, which answers some contradictions so.
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let abort = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !thread::current().name().is_some_and(is_model_thread) {
                abort(info);
            }
        }));
    });
    let Ok(model) = Model::from_bytes(bytes, "fuzz.onnx", None) else { return };
    for site in model.sites().iter().take(8) {
        let _ = (site.place.to_string(), model.head(&site.name));
    }
    let _ = model.matching(&["*e*".to_owned()]);
    if let Ok(mut rewiring) = Rewiring::of(&model) {
        for site in model.sites().iter().take(8) {
            let _ = (rewiring.check(&site.name), rewiring.equalize(&site.name));
            let _ = rewiring.insert_linear(&site.name, "fuzz.linear");
        }
        if let Ok(bytes) = rewiring.to_bytes() {
            let again = Model::from_bytes(&bytes, "rewired.onnx", None);
            assert!(again.is_ok(), "a rewired model is sound");
        }
    }
    let sites = model.sites();
    let runner = model.prepare(sites).or_else(|_| model.prepare(&sites[..sites.len().min(1)]));
    let Ok(runner) = runner else { return };
    let rows: Option<Vec<_>> = runner.inputs().map(row).collect();
    if let Some(rows) = rows {
        let _ = runner.run(&rows);
    }
});

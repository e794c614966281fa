//! Damaged models: an error or a value, never a panic, an abort, a hang or much memory.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, atomic::Ordering::Relaxed, mpsc},
    thread,
    time::Duration,
};

use prost::Message;
use repshape_onnx::{Data, Dim, ElementType, Model, Rewiring, Tensor, proto::ModelProto};
use repshape_stats::rewire::{Affine, CompactOptions};

use crate::{
    damage::{Random, change, damage},
    memory,
    reference::{Reference, folder, names},
};

/// For each fixture and kind of damage: 114 fixtures make 2,736 mutants.
const MUTANTS: u64 = 12;
const LARGEST: usize = 1 << 30;
/// A fixture takes milliseconds; the rest is for a busy machine.
const LONGEST: Duration = Duration::from_secs(20);

/// One test at a time: memory is counted over the whole process.
static TURN: Mutex<()> = Mutex::new(());

/// Opens, lists, prepares and runs; how far that went.
fn attempt(path: &Path, reference: &Reference) -> Result<usize, String> {
    let model = Model::open(path).map_err(|error| error.to_string())?;
    let sites = model.sites();
    for site in sites {
        let _ = (site.to_owned(), site.place.to_string(), model.head(&site.name));
    }
    let _ = model.matching(&["*".to_owned()]);
    rewire(&model);
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

/// Rewires what can be rewired, in all ways; a model made so is sound.
fn rewire(model: &Model) {
    const WIDEST: usize = 64;
    let Ok(mut rewiring) = Rewiring::of(model) else { return };
    let (mut changed, mut random) = (false, Random(11));
    for site in model.sites() {
        let Ok(place) = rewiring.check(&site.name) else { continue };
        let units = place.units.min(WIDEST);
        let shift = (0..units).map(|unit| unit as f64).collect();
        let maps = [
            Affine::random_orthogonal(units, &mut || random.next()).and_then(|map| map.with_shift(shift)),
            Affine::scale(vec![2.0; units]),
        ];
        for map in maps.into_iter().flatten() {
            changed |= rewiring.apply(&site.name, &map).is_ok();
        }
        changed |= rewiring.equalize(&site.name).is_ok();
        let plan = rewiring.compact(&site.name, None, &CompactOptions::default());
        changed |= plan.is_ok_and(|plan| !plan.is_empty());
        changed |= rewiring.insert_linear(&site.name, &format!("{}.linear", site.name)).is_ok();
    }
    let _ = (rewiring.parameters(), rewiring.quantization(8));
    if let Ok(bytes) = rewiring.to_bytes()
        && changed
    {
        let again = Model::from_bytes(&bytes, "rewired", None);
        assert!(again.is_ok(), "a rewired model: {}", again.expect_err("an error"));
    }
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
fn keep(mutant: &Path) -> PathBuf {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(mutant.file_name().expect("a name"));
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

/// What became of a damaged model.
enum Outcome {
    Run,
    Refused,
    /// What must not be, in words.
    Wrong(String),
}

/// Tries a damaged model on a thread of its own, by which a panic and a hang are seen.
fn tried(path: &Path, reference: &Arc<Reference>) -> Outcome {
    let (send, receive) = mpsc::channel();
    let (damaged, reference) = (path.to_path_buf(), reference.clone());
    let before = memory::reset();
    // A stack as worker threads have it.
    let worker = thread::Builder::new().stack_size(2 << 20).spawn(move || {
        let result = attempt(&damaged, &reference);
        let _ = send.send(result);
    });
    let received = receive.recv_timeout(LONGEST);
    let bytes = memory::most().saturating_sub(before);
    let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
    match received {
        _ if bytes > LARGEST => Outcome::Wrong(format!("took {} MiB", bytes >> 20)),
        Ok(Ok(_)) => Outcome::Run,
        Ok(Err(message)) if message.contains(name) => Outcome::Refused,
        Ok(Err(message)) => Outcome::Wrong(format!("does not name the file: {message}")),
        // It would slow down, and fail, all that come after it.
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("{}: still at work after {LONGEST:?}", keep(path).display()),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            let panic = worker.expect("a thread").join().expect_err("a thread that sends nothing panics");
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
            Outcome::Wrong(format!("panic: {}", text.unwrap_or_default()))
        }
    }
}

/// Makes the mutants of each fixture and tries them.
fn survive(salt: u64, mutate: impl Fn(&[u8], &mut Random) -> Vec<u8>) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut refused, mut run, mut wrong) = (0, 0, Vec::new());
    for (index, name) in names().iter().enumerate() {
        let original = fs::read(folder().join(format!("{name}.onnx"))).expect("a fixture");
        let reference = Arc::new(Reference::read(&folder().join(format!("{name}.safetensors"))));
        let place = place(name);
        for mutant in 0..MUTANTS {
            let mut random = Random(salt << 40 | (index as u64) << 20 | mutant);
            memory::KIND.store(salt, Relaxed);
            memory::FIXTURE.store(index as u64, Relaxed);
            memory::MUTANT.store(mutant, Relaxed);
            let path = place.path().join(format!("{name}_{salt}_{mutant}.onnx"));
            fs::write(&path, mutate(&original, &mut random)).expect("a mutant");
            match tried(&path, &reference) {
                Outcome::Run => run += 1,
                Outcome::Refused => refused += 1,
                Outcome::Wrong(what) => wrong.push(format!("{}: {what}", keep(&path).display())),
            }
            fs::remove_file(&path).expect("the mutant");
        }
    }
    assert!(wrong.is_empty(), "{} mutants:\n{}", wrong.len(), wrong.join("\n"));
    // otherwise the mutants are no test of the refusals, or of the rest
    assert!(refused > 100 && run > 50, "{refused} refused, {run} run");
}

#[test]
fn what_once_went_wrong_is_refused_or_run() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let files = fs::read_dir(folder().join("hostile")).expect("a folder").map(|entry| entry.expect("an entry").path());
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|extension| extension == "onnx")).collect();
    assert!(!files.is_empty());
    for path in files {
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        let (fixture, _) = name.split_once("__").expect("FIXTURE__what.onnx");
        let reference = Arc::new(Reference::read(&folder().join(format!("{fixture}.safetensors"))));
        if let Outcome::Wrong(what) = tried(&path, &reference) {
            panic!("{name}: {what}");
        }
    }
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

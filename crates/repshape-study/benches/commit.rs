//! What it costs to commit a finished run, flushes included, and to look whether one is there.
//!
//! `cargo bench -p repshape-study`; the folder is the system's temporary one, so set TMPDIR to the disk in question.

use divan::Bencher;
use repshape_study::*;
use serde_json::{Map, json};

fn main() {
    divan::main();
}

fn study(folder: &std::path::Path) -> Store {
    let regularizers = vec![Regularizer { name: "baseline".into(), weights: vec![] }];
    let spec = StudySpec { regularizers, ..StudySpec::new("bench", 1, 2000, json!({"epochs": 1})) };
    Manifest::plan(&spec, Chunking::Runs(1))
        .and_then(|m| Store::plan(folder, &m))
        .expect("a study in a temporary folder")
}

/// Records with this many bytes of details; pictures and histories of a run are about 100 kB.
#[divan::bench(args = [0, 100_000], sample_count = 300)]
fn commit(bencher: Bencher, payload: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = study(folder.path());
    let mut runs = store.manifest().runs().iter();
    let details = Map::from_iter([("picture".to_owned(), json!("x".repeat(payload)))]);
    bencher
        .with_inputs(|| {
            let trial = runs.next().expect("enough runs").trial(None);
            let outcome = Tested { diverged: Some(1), details: details.clone(), ..Tested::default() };
            Record::new(&trial, Outcome::Trial(outcome), 1.0, "bench").expect("a record")
        })
        .bench_local_values(|record| store.commit(&record));
}

#[divan::bench]
fn check_manifest(bencher: Bencher) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = study(folder.path());
    bencher.bench_local(|| store.check_manifest());
}

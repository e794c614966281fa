//! Studies: many trainings compared on equal terms, on one machine or many.
//!
//! A [`StudySpec`] names a set of regularizers and the weights to try for each. [`Manifest::plan`] lists every run that
//! the study needs; a [`Store`] is the folder that holds the manifest and, one immutable file each, the finished runs;
//! an [`Engine`] starts runs; [`collect`] reads the finished ones into a [`StudyTable`].
//!
//! ```text
//! StudySpec -> Manifest -> Store -> Engine (Experiment::run -> Record -> Store::commit) -> collect -> StudyTable
//! ```
//!
//! What a training *is* stays outside: the caller implements [`Experiment`], and the training part of the spec is an
//! opaque JSON value here. Three rules hold everywhere:
//!
//! * **The folder is the only truth.** Whatever starts tasks may start one twice or kill it at any moment; a run is
//!   committed at most once, whole or not at all (see [`Store::commit`]).
//! * **Results do not depend on order.** A run's seed follows from what it is ([`identity`]), never from when, where or
//!   beside what it ran; the table reads the runs in manifest order.
//! * **Selection cannot see the test rows.** A tuning outcome ([`Tuned`]) has no place for a test score.
//!
//! ```
//! use repshape_study::*;
//!
//! struct Parabola;
//! impl Experiment for Parabola {
//!     fn run(&self, trial: &Trial, _: &Control) -> Result<Outcome, String> {
//!         let error = trial.weight.map_or(0.5, |w| (w - 0.1).powi(2));
//!         let scores = Some(Scores { error, loss: error });
//!         Ok(match trial.stage {
//!             Stage::Tune => Outcome::Tune(Tuned { validation: scores, ..Tuned::default() }),
//!             Stage::Trial => Outcome::Trial(Tested { test: scores, ..Tested::default() }),
//!         })
//!     }
//! }
//!
//! # fn main() -> Result<(), Error> {
//! # let folder = tempfile::tempdir().unwrap();
//! # let folder = folder.path().join("study");
//! let spec = StudySpec {
//!     regularizers: vec![
//!         Regularizer { name: "baseline".into(), weights: vec![] },
//!         Regularizer { name: "cw-vr".into(), weights: vec![0.01, 0.1, 1.0] },
//!     ],
//!     ..StudySpec::new("example", 1, 5, serde_json::json!({"epochs": 3}))
//! };
//! let store = Store::plan_or_open(&folder, &Manifest::plan(&spec, Chunking::Runs(1))?)?;
//! let cancel = std::sync::atomic::AtomicBool::new(false);
//! let local = Local { workers: 2, host: "here".into(), experiment: &Parabola, observer: &(), cancel: &cancel };
//! resume(&store, &local)?;
//! let table = collect(&store)?;
//! assert_eq!(table.best.as_deref(), Some("cw-vr"));
//! assert_eq!(table.rows[1].weight, Some(0.1));
//! # Ok(()) }
//! ```

mod canonical;
mod engine;
mod error;
pub mod identity;
mod manifest;
mod record;
mod select;
mod spec;
pub mod statistics;
mod status;
mod store;
mod summary;
mod trial;

pub use canonical::canonical_json;
pub use engine::{Engine, Local, Observer, Started, Tally, outstanding_chunks, resume, run_task};
pub use error::Error;
pub use manifest::{Chunking, MANIFEST_SCHEMA, Manifest, PlannedRun, PlannedWeight};
pub use record::{Record, TRIAL_SCHEMA};
pub use select::{Candidate, SELECTION_RULE, SELECTION_RULE_OF_MEANS, select, selection_rule};
pub use spec::{Regularizer, SPEC_SCHEMA, StudySpec};
pub use status::{Counts, Status, status};
pub use store::{Access, Committed, FAILURE_SCHEMA, Failure, Store, Submission};
pub use summary::{MeanStd, Row, STUDY_SCHEMA, StudyTable, TuningPoint, collect, collect_partial};
pub use trial::{Control, Experiment, Outcome, Scores, Stage, Tested, Trial, Tuned};

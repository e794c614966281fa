//! Other processes of a study.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use repshape_study::*;

use super::mock::{Mock, long_manifest, manifest};

/// How a child shall behave.
#[derive(Clone)]
pub struct Plan<'a> {
    pub folder: &'a Path,
    /// `study` or `long` (exclusive, all that is missing), `task` (shared, chunk 0) or `plan`.
    pub job: &'a str,
    pub sleep_ms: u64,
    pub worse: f64,
    pub payload: usize,
}

impl<'a> Plan<'a> {
    pub fn new(folder: &'a Path, job: &'a str) -> Self {
        Self { folder, job, sleep_ms: 0, worse: 0.0, payload: 0 }
    }

    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .args(["--exact", "study::child::child_process", "--nocapture", "--test-threads", "1"])
            .env("REPSHAPE_CHILD_FOLDER", self.folder)
            .env("REPSHAPE_CHILD_JOB", self.job)
            .env("REPSHAPE_CHILD_SLEEP", self.sleep_ms.to_string())
            .env("REPSHAPE_CHILD_WORSE", self.worse.to_string())
            .env("REPSHAPE_CHILD_PAYLOAD", self.payload.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }

    pub fn spawn(&self) -> Child {
        self.command(&std::env::current_exe().unwrap()).spawn().unwrap()
    }
}

/// Notes every start of a run in a file that only grows.
struct Log(std::path::PathBuf);

impl Observer for Log {
    fn started(&self, trial: &Trial) {
        let mut file = OpenOptions::new().append(true).create(true).open(&self.0).unwrap();
        file.write_all(format!("{}\n", trial.run_id).as_bytes()).unwrap();
    }
}

/// Not a test of its own: the body of child processes. Ends with the exit code of the study's error.
#[test]
#[expect(clippy::print_stderr, reason = "the parent reads the message of its child there")]
fn child_process() {
    let Ok(folder) = std::env::var("REPSHAPE_CHILD_FOLDER") else {
        return;
    };
    let var = |name: &str| std::env::var(format!("REPSHAPE_CHILD_{name}")).unwrap();
    let folder = Path::new(&folder);
    let mock = Mock {
        sleep: Duration::from_millis(var("SLEEP").parse().unwrap()),
        worse: var("WORSE").parse().unwrap(),
        payload: var("PAYLOAD").parse().unwrap(),
    };
    let log = Log(folder.with_extension("started"));
    let cancel = AtomicBool::new(false);
    let local = Local { workers: 2, host: "child".into(), experiment: &mock, observer: &log, cancel: &cancel };
    let study = |manifest| Store::plan_or_open(folder, &manifest).and_then(|store| resume(&store, &local).map(|_| ()));
    let result = match var("JOB").as_str() {
        "study" => study(manifest(1)),
        "long" => study(long_manifest()),
        "task" => Store::open(folder, Access::Shared)
            .and_then(|store| run_task(&store, 0, "child", &mock, &log, &cancel).map(|_| ())),
        "plan" => Store::plan(folder, &manifest(1)).map(|_| ()),
        job => panic!("no such job: {job}"),
    };
    if let Err(error) = result {
        eprintln!("error: {error}");
        std::process::exit(i32::from(error.exit_code()));
    }
    std::process::exit(0);
}

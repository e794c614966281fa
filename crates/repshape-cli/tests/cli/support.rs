//! Starting the command, and the files that it is given.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The command, in `folder`, with nothing from the tester's own surroundings.
pub fn repshape(folder: &Path) -> Command {
    isolated(Command::new(env!("CARGO_BIN_EXE_repshape")), folder)
}

/// The same with at most `megabytes` of address space and `seconds` of processor time.
pub fn limited(folder: &Path, megabytes: u64, seconds: u64) -> Command {
    let mut command = Command::new("sh");
    let limits = format!("ulimit -v {}; ulimit -t {seconds}; exec \"$0\" \"$@\"", megabytes * 1024);
    command.args(["-c", &limits, env!("CARGO_BIN_EXE_repshape")]);
    isolated(command, folder)
}

fn isolated(mut command: Command, folder: &Path) -> Command {
    command.current_dir(folder).stdin(Stdio::null()).env("HOME", "/home/nobody");
    for name in
        ["REPSHAPE_DATA", "XDG_DATA_HOME", "COLUMNS", "SLURM_ARRAY_TASK_ID", "HQ_TASK_ID", "RUST_BACKTRACE", "NO_COLOR"]
    {
        command.env_remove(name);
    }
    command
}

/// What a command left.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// Runs a command to its end.
pub fn run(command: &mut Command, args: &[&str]) -> Ran {
    ran(command.args(args).output().unwrap())
}

/// An output as text.
pub fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs `repshape ARGS` in `folder`; it must succeed. Standard output.
pub fn ok(folder: &Path, args: &[&str]) -> String {
    let ran = run(&mut repshape(folder), args);
    assert_eq!(ran.code, Some(0), "{args:?}: {ran:#?}");
    ran.out
}

/// The same, as JSON.
pub fn json(folder: &Path, args: &[&str]) -> Value {
    let text = ok(folder, args);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{args:?}: {error} in {text}"))
}

/// A process in the background, killed when the test is done with it.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        // it may have ended by itself
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts `repshape ARGS` in `folder`, its output thrown away.
pub fn start(folder: &Path, args: &[&str]) -> Running {
    let mut command = repshape(folder);
    Running(command.args(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

/// Waits until `is` holds, a minute at most.
pub fn wait_until(what: &str, mut is: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Every file and folder below, with its size.
pub fn listing(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            if metadata.is_dir() {
                open.push(path.clone());
            }
            // a lock file says who worked here last
            let is_content = metadata.is_file() && path.file_name().is_some_and(|name| name != "lock");
            found.insert(path, if is_content { metadata.len() } else { 0 });
        }
    }
    found
}

/// The bytes of an `.npy` file with these values in it.
pub fn npy_bytes(descr: &str, fortran: bool, shape: &[usize], values: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let shape: String = shape.iter().map(|n| format!("{n}, ")).collect();
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({shape}), }}");
    header.push_str(&" ".repeat(63 - (10 + header.len()) % 64));
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(values);
    bytes
}

/// Writes an `.npy` file of f64.
pub fn npy(path: &Path, shape: &[usize], values: &[f64]) {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    std::fs::write(path, npy_bytes("<f8", false, shape, &bytes)).unwrap();
}

/// Writes an `.npy` file of labels.
pub fn npy_labels(path: &Path, values: &[i64]) {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    std::fs::write(path, npy_bytes("<i8", false, &[values.len()], &bytes)).unwrap();
}

/// The shape and values of an `.npy` file of `<f8` or `<f4` in C order.
pub fn read_npy(path: &Path) -> (Vec<usize>, Vec<f64>) {
    let bytes = std::fs::read(path).unwrap();
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..start]).unwrap();
    assert!(header.contains("'fortran_order': False"), "{header}");
    let shape = header.split("'shape': (").nth(1).unwrap().split(')').next().unwrap();
    let shape = shape.split(',').filter_map(|n| n.trim().parse().ok()).collect();
    let body = &bytes[start..];
    let values = if header.contains("'<f8'") {
        body.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect()
    } else {
        assert!(header.contains("'<f4'"), "{header}");
        body.as_chunks::<4>().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect()
    };
    (shape, values)
}

/// 7 rows of 3 units with 3 classes: nothing is symmetric, one unit is 0 in two rows.
pub const ROWS: usize = 7;
/// The units of [`Z`].
pub const UNITS: usize = 3;
/// Row-major values; halves and quarters, so that every floating type holds them.
pub const Z: [f64; 21] =
    [0.0, 1.5, -2.0, 0.25, 3.0, 1.0, 0.0, -1.25, 4.0, 2.0, 0.5, -0.5, 1.0, 2.5, 0.75, 3.5, -3.0, 1.25, 0.5, 1.0, -1.0];
/// Labels of the rows of [`Z`].
pub const Y: [i64; 7] = [0, 2, 1, 2, 0, 2, 1];

/// A folder with `z.npy` and `y.npy`.
pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    npy(&folder.path().join("z.npy"), &[ROWS, UNITS], &Z);
    npy_labels(&folder.path().join("y.npy"), &Y);
    folder
}

/// Says loudly that a test was skipped because a program or package is absent; fails where nothing may be.
pub fn skip(test: &str, reason: &str) {
    let required = std::env::var_os("REPSHAPE_REQUIRE_ALL").is_some_and(|value| value == "1");
    assert!(!required, "{test}: {reason}, and REPSHAPE_REQUIRE_ALL is set");
    say_skipped(test, reason);
}

/// Says loudly that a test was skipped. Not `eprintln`: the harness would swallow it.
pub fn say_skipped(test: &str, reason: &str) {
    use std::io::Write;
    std::io::stderr().write_all(format!("SKIPPED: {test}: {reason}\n").as_bytes()).unwrap();
}

//! The folder of one training: what `shape` writes, what `measure` and `report` read.
//!
//! | file | holds |
//! |---|---|
//! | `run.toml` | the resolved spec, enough to repeat the run |
//! | `history.csv` | every term, every epoch |
//! | `model.safetensors`, `model.onnx` | the network |
//! | `measurement.json` | the characteristics of its sites |
//! | `run.json` | the result as `shape --format json` prints it |
//! | `page.json`, `report.html` | the report's data and the report |
//! | `checkpoint.safetensors` | the state of an unfinished training |

use std::ffi::OsStr;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use repshape::burn::tensor::Device;
use repshape::checkpoint;
use repshape::network::Mlp;
use repshape_data::{Test, Tuning};

use crate::failure::{Exit, Failure, Outcome};
use crate::output::write_file;
use crate::rows::rows;
use crate::spec::{RunSpec, read_text, run_spec};
use crate::training::Setup;

/// The file that is locked while a command works in a folder.
const LOCK: &str = ".lock";

/// Held while a command works in a folder: another one is refused.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held, not read: closing it frees the folder")] File);

/// A run's folder and its resolved spec.
#[derive(Debug, Clone)]
pub struct RunFolder {
    /// The folder.
    pub path: PathBuf,
    /// What was run.
    pub spec: RunSpec,
}

impl RunFolder {
    /// An existing run.
    pub fn open(path: &Path) -> Outcome<Self> {
        let file = path.join("run.toml");
        if !file.is_file() {
            return Err(Failure::usage(format!(
                "{}: not a run folder (it has no run.toml); expected a matrix file or a folder that repshape shape wrote",
                path.display()
            )));
        }
        let text = read_text(&file, "run spec", [])?;
        Ok(Self { path: path.to_owned(), spec: run_spec(&file.display().to_string(), &text)? })
    }

    /// A folder for `spec`: a new or empty one, or with `resume` one that holds the same spec.
    pub fn create(path: &Path, spec: RunSpec, resume: bool) -> Outcome<(Self, Lock)> {
        let shown = path.display();
        let refused = |error: std::io::Error| Failure::usage(format!("{shown}: cannot be used for results: {error}"));
        let mut occupied = false;
        if path.exists() {
            for entry in std::fs::read_dir(path).map_err(refused)? {
                // what a run that was killed before its first file leaves does not count
                occupied |= !is_ours(&entry.map_err(refused)?.file_name());
            }
        }
        let file = path.join("run.toml");
        if occupied && !resume {
            return Err(Failure::usage(format!("{shown}: not empty; expected a new folder, or --resume to go on")));
        }
        if occupied && !file.is_file() {
            return Err(Failure::usage(format!("{shown}: holds other files and no run.toml; expected a run's folder")));
        }
        std::fs::create_dir_all(path).map_err(refused)?;
        let lock = lock(path)?;
        remove_temporary(path);
        // another run may have come and gone before the lock was ours
        if !resume && file.exists() {
            return Err(Failure::usage(format!("{shown}: not empty; expected a new folder, or --resume to go on")));
        }
        let folder = Self { path: path.to_owned(), spec };
        if file.is_file() {
            let found = Self::open(path)?;
            if found.spec != folder.spec {
                return Err(Failure::new(
                    Exit::Mismatch,
                    format!("{}: is another run's spec; --resume needs the same flags", file.display()),
                ));
            }
        } else {
            let text = toml::to_string(&folder.spec).map_err(Failure::usage)?;
            write_file(&file, text.as_bytes())?;
        }
        Ok((folder, lock))
    }

    /// A file of the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The trained network, the rows it was trained and tuned on and those it is measured on.
    pub fn load(&self) -> Outcome<(Mlp, Tuning, Test)> {
        let (tuning, test) = rows(&self.spec)?;
        let setup = Setup::new(&self.spec, &tuning.train, &Device::flex())?;
        let network = checkpoint::load_network(&self.file("model.safetensors"), setup.network.clone())?;
        Ok((network, tuning, test))
    }
}

/// Refuses a folder that holds something.
pub fn check_free(path: &Path) -> Outcome {
    let refused = |error: std::io::Error| Failure::usage(format!("{}: {}", path.display(), error.kind()));
    if path.exists() && std::fs::read_dir(path).map_err(refused)?.next().is_some() {
        return Err(Failure::usage(format!("{}: not empty; expected a new folder", path.display())));
    }
    Ok(())
}

/// The lock, or the temporary name of a file that was never finished.
fn is_ours(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name == LOCK || (name.starts_with(".repshape-") && name.ends_with(".tmp"))
}

/// Removes what a killed run was writing; nobody else writes while the lock is held.
fn remove_temporary(path: &Path) {
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_name() != LOCK && is_ours(&entry.file_name()) {
            // one that cannot be removed does no harm
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn lock(path: &Path) -> Outcome<Lock> {
    let name = path.join(LOCK);
    let refused = |error| Failure::usage(format!("{}: {error}", name.display()));
    let file = File::options().create(true).truncate(false).write(true).open(&name).map_err(refused)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(Failure::usage(format!(
            "{}: in use by another run; wait for it or choose another --out",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(refused(error)),
    }
}

/// The folder that `--out` names, else the next free `repshape-runs/NAME-N`; with `resume` the last.
pub fn folder_for(out: Option<&Path>, name: &str, resume: bool) -> PathBuf {
    if let Some(path) = out {
        return path.to_owned();
    }
    let numbered = |n: usize| Path::new("repshape-runs").join(format!("{name}-{n}"));
    let mut free = 1;
    while numbered(free).exists() {
        free += 1;
    }
    numbered(if resume && free > 1 { free - 1 } else { free })
}

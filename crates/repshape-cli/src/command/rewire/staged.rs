//! A network that is written, and stands under its name only when it is proved.

use std::path::{Path, PathBuf};

use tempfile::{Builder, TempDir};

use crate::failure::{Failure, Outcome};
use crate::run_folder::check_free;

/// A file or folder inside a temporary one beside the name that was asked for; it goes away unless it is
/// [kept](Staged::keep).
pub struct Staged {
    /// Held until the end: what is left in it is removed then.
    _holder: TempDir,
    path: PathBuf,
    target: PathBuf,
}

impl Staged {
    /// For a file, or with `folder` for a new folder.
    pub fn new(target: &Path, folder: bool) -> Outcome<Self> {
        let shown = target.display();
        let refused = |error: std::io::Error| Failure::usage(format!("{shown}: {}", error.kind()));
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        if !parent.is_dir() {
            return Err(Failure::usage(format!("{shown}: {} is no existing folder", parent.display())));
        }
        let Some(name) = target.file_name() else {
            return Err(Failure::usage(format!(
                "{shown}: has no name of its own; expected that of a new file or folder"
            )));
        };
        if folder {
            check_free(target)?;
        } else if target.is_dir() {
            return Err(Failure::usage(format!("{shown}: is a folder; expected the name of a file")));
        }
        let holder = Builder::new().prefix(".repshape-").suffix(".tmp").tempdir_in(parent).map_err(refused)?;
        let path = holder.path().join(name);
        if folder {
            std::fs::create_dir(&path).map_err(refused)?;
        }
        Ok(Self { _holder: holder, path, target: target.to_owned() })
    }

    /// Where it is for now.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name.
    pub fn keep(self) -> Outcome {
        std::fs::rename(&self.path, &self.target)
            .map_err(|error| Failure::usage(format!("{}: {error}", self.target.display())))
    }
}

//! A network that is written, and stands under its name only when it is proved.

use std::path::{Path, PathBuf};

use tempfile::{Builder, TempDir, TempPath};

use crate::failure::{Failure, Outcome};

/// A temporary name beside the one that was asked for; what stands there goes away unless it is [kept](Staged::keep).
pub struct Staged {
    place: Place,
    target: PathBuf,
}

/// Names such as other unfinished files have, and the rights of any other file: tempfile's own are for its owner alone.
fn builder(suffix: &str, mode: u32) -> Builder<'_, '_> {
    let mut builder = Builder::new();
    builder.prefix(".repshape-").suffix(suffix);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(mode));
    }
    builder
}

enum Place {
    File(TempPath),
    Folder(TempDir),
}

impl Staged {
    /// For a file, or with `folder` for a new folder.
    pub fn new(target: &Path, folder: bool) -> Outcome<Self> {
        let refused = |error: std::io::Error| Failure::usage(format!("{}: {}", target.display(), error.kind()));
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        if !parent.is_dir() {
            return Err(Failure::usage(format!("{}: {} is no existing folder", target.display(), parent.display())));
        }
        let place = if folder {
            let occupied = target.exists() && std::fs::read_dir(target).map_err(refused)?.next().is_some();
            if occupied {
                return Err(Failure::usage(format!("{}: not empty; expected a new folder", target.display())));
            }
            Place::Folder(builder(".tmp", 0o777).tempdir_in(parent).map_err(refused)?)
        } else {
            if target.is_dir() {
                return Err(Failure::usage(format!("{}: is a folder; expected the name of a file", target.display())));
            }
            let end = target.extension().map_or_else(String::new, |end| format!(".{}", end.to_string_lossy()));
            let suffix = format!(".tmp{end}");
            Place::File(builder(&suffix, 0o666).tempfile_in(parent).map_err(refused)?.into_temp_path())
        };
        Ok(Self { place, target: target.to_owned() })
    }

    /// Where it is for now.
    pub fn path(&self) -> &Path {
        match &self.place {
            Place::File(path) => path,
            Place::Folder(folder) => folder.path(),
        }
    }

    /// Gives it its name.
    pub fn keep(self) -> Outcome {
        let shown = self.target.display().to_string();
        let refused = |error: std::io::Error| Failure::usage(format!("{shown}: {error}"));
        match self.place {
            Place::File(path) => path.persist(&self.target).map_err(|error| refused(error.error)),
            Place::Folder(folder) => {
                std::fs::rename(folder.path(), &self.target).map_err(refused)?;
                // nothing is left to be removed
                let _ = folder.keep();
                Ok(())
            }
        }
    }
}

//! Files are written under a temporary name and renamed, so that no reader meets half of one.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use thiserror::Error;

use crate::{html::render, page::Page};

/// Why a report could not be written.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The file system refused.
    #[error("{path}: cannot write: {source}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A figure could not be drawn as pixels.
    #[error("{path}: cannot draw: {reason}")]
    Draw {
        /// The file that was to hold it.
        path: PathBuf,
        /// What the rasteriser said.
        reason: String,
    },
}

/// Writes [`render`]'s document to `path`, whose folder must exist.
pub fn write_html(pages: &[Page], path: &Path) -> Result<(), ReportError> {
    atomically(path, render(pages).as_bytes())
}

/// Writes `bytes` to a temporary file beside `path` and renames it.
pub(crate) fn atomically(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    let refused = |source| ReportError::Write { path: path.into(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".report-").suffix(".tmp");
    // tempfile's default is readable by the owner alone; a report is for others
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = builder.tempfile_in(folder).map_err(refused)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(refused)?;
    file.persist(path).map_err(|error| refused(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_replaces_the_last_and_leaves_no_other_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ré port.html");
        write_html(&[], &path).unwrap();
        write_html(&[], &path).unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().starts_with("<!doctype html>"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_absent_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("absent").join("report.html");
        let message = write_html(&[], &path).unwrap_err().to_string();
        assert!(message.contains("absent") && message.contains("cannot write"), "{message}");
    }
}

//! Files that are there whole, and stay there after a crash.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use crate::error::Error;

/// Creates a folder and what is above it, durably.
pub(super) fn create(path: &Path) -> Result<(), Error> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        create(parent)?;
    }
    match fs::create_dir(path) {
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(e) => Err(Error::io(path, "create the folder")(e)),
        Ok(()) => match path.parent().filter(|p| !p.as_os_str().is_empty()) {
            Some(parent) => sync(parent),
            None => Ok(()),
        },
    }
}

/// Makes the names in a folder survive a crash of the machine.
pub(super) fn sync(path: &Path) -> Result<(), Error> {
    // Windows has no handle on a folder to flush; its rename and link are journalled
    if cfg!(windows) {
        return Ok(());
    }
    match File::open(path).and_then(|folder| folder.sync_all()) {
        // some network file systems refuse fsync on a folder: they have nothing to flush
        Err(e) if matches!(e.kind(), std::io::ErrorKind::InvalidInput | std::io::ErrorKind::Unsupported) => Ok(()),
        other => other.map_err(Error::io(path, "flush the folder")),
    }
}

/// Writes a new file and flushes it to the disk; what is half-written is removed again.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(Error::io(path, "create"))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|e| {
        let _ = fs::remove_file(path);
        Error::io(path, "write")(e)
    })
}

/// Writes a file under a temporary name in the same folder and renames it: readers see the old one or the new one.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".tmp{}", std::process::id()));
    let temporary = Path::new(&name);
    let _ = fs::remove_file(temporary);
    write_new(temporary, bytes)?;
    fs::rename(temporary, path).map_err(|e| {
        let _ = fs::remove_file(temporary);
        Error::io(path, "rename to")(e)
    })?;
    match path.parent().filter(|p| !p.as_os_str().is_empty()) {
        Some(parent) => sync(parent),
        None => Ok(()),
    }
}

/// A whole file, of at most `largest` bytes.
pub(super) fn read(path: &Path, largest: u64) -> Result<Vec<u8>, Error> {
    let file = File::open(path).map_err(Error::io(path, "open"))?;
    let mut bytes = Vec::new();
    file.take(largest + 1).read_to_end(&mut bytes).map_err(Error::io(path, "read"))?;
    if bytes.len() as u64 > largest {
        return Err(Error::Corrupt { path: path.to_path_buf(), message: format!("larger than {largest} bytes") });
    }
    Ok(bytes)
}

/// Removes the files in a folder.
pub(super) fn clear(path: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(path).map_err(Error::io(path, "list"))? {
        let file = entry.map_err(Error::io(path, "list"))?.path();
        fs::remove_file(&file).map_err(Error::io(&file, "remove the leftover"))?;
    }
    Ok(())
}

//! A file that is being downloaded: `NAME.part` until it is whole and verified, then `NAME`.

use std::fs::{File, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::remote::RemoteFile;
use super::there::sha256;
use crate::failure::{Exit, Failure, Outcome};

/// What of a file has been received. Its bytes stay on the disk when this is dropped.
#[derive(Debug)]
pub struct Part {
    path: PathBuf,
    file: File,
    held: u64,
    size: u64,
}

impl Part {
    /// Where the part of a file lies.
    pub fn path(folder: &Path, file: &RemoteFile) -> PathBuf {
        folder.join(format!("{}.part", file.name))
    }

    /// Opens what is there from an earlier time, or makes an empty one.
    pub fn open(folder: &Path, remote: &RemoteFile) -> Outcome<Self> {
        let path = Self::path(folder, remote);
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(&path).map_err(|error| cannot_write(&path, &error))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                let problem = format!("{}: another repshape is downloading it", path.display());
                return Err(Failure::new(Exit::Retry, problem));
            }
            // some network file systems have no locks; two writers would then fail the checksum, not pass it
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let held = file.metadata().map_err(|error| cannot_write(&path, &error))?.len();
        let mut part = Self { path, file, held, size: remote.size };
        match held > remote.size {
            true => part.restart()?,
            false => part.seek_to(held)?,
        }
        Ok(part)
    }

    /// Bytes that are there.
    pub fn held(&self) -> u64 {
        self.held
    }

    /// Bytes that are missing.
    pub fn missing(&self) -> u64 {
        self.size - self.held
    }

    /// Adds bytes at the end.
    pub fn add(&mut self, bytes: &[u8]) -> Outcome {
        let mut written = 0;
        while written < bytes.len() {
            match self.file.write(&bytes[written..]) {
                Ok(0) => return Err(cannot_write(&self.path, &io::ErrorKind::WriteZero.into())),
                Ok(n) => (written, self.held) = (written + n, self.held + n as u64),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(cannot_write(&self.path, &error)),
            }
        }
        Ok(())
    }

    /// Forgets what is there.
    pub fn restart(&mut self) -> Outcome {
        if self.held == 0 {
            return Ok(());
        }
        self.file.set_len(0).map_err(|error| cannot_write(&self.path, &error))?;
        self.seek_to(0)
    }

    /// The SHA-256 of what is there.
    pub fn sha256(&mut self) -> Outcome<String> {
        self.seek_to(0)?;
        let (sum, held) = sha256(&self.file).map_err(|error| cannot_write(&self.path, &error))?;
        self.seek_to(held)?;
        Ok(sum)
    }

    /// Gives the whole file its name.
    pub fn finish(self, path: &Path) -> Outcome {
        self.file
            .sync_all()
            .and_then(|()| std::fs::rename(&self.path, path))
            .map_err(|error| cannot_write(path, &error))
    }

    /// Leaves what is there for the next time, and says so; nothing is left of nothing.
    pub fn keep(self) -> String {
        if self.held == 0 {
            // an empty file does no harm if it cannot be removed
            let _ = std::fs::remove_file(&self.path);
            return String::new();
        }
        let (held, size, path) = (self.held, self.size, self.path.display());
        format!("\n{held} of {size} bytes are kept in {path}; the same command goes on from there")
    }

    fn seek_to(&mut self, at: u64) -> Outcome {
        self.file.seek(SeekFrom::Start(at)).map_err(|error| cannot_write(&self.path, &error))?;
        self.held = at;
        Ok(())
    }
}

/// A full disk may have room later.
pub fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let full = matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge);
    let exit = if full { Exit::Retry } else { Exit::Usage };
    Failure::new(exit, format!("{}: cannot be written: {error}", path.display()))
}

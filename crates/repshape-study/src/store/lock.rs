//! Who works in a folder: one exclusive holder, or any number of shared ones.
//!
//! The operating system frees the lock when its holder dies, however it dies, so there is no stale lock to remove by
//! hand. Some network file systems have no locks; then everybody works as a shared holder, which is safe (commits do
//! not rest on the lock) but keeps nobody apart.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::error::Error;

/// Held until dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    alone: bool,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // closing frees the lock only once every copy of the file is closed, and a child process that another thread is
        // just starting has one until it runs its own program; unlocking frees it now
        let _ = self.file.unlock();
    }
}

impl Lock {
    /// For one process that wants the folder to itself.
    pub(super) fn exclusive(root: &Path) -> Result<Self, Error> {
        let mut file = open(root)?;
        match file.try_lock() {
            Ok(()) => {
                // only for the message of whoever comes second: not worth failing for
                let holder = format!("another run, pid {}", std::process::id());
                let _ = file.set_len(0).and_then(|()| file.write_all(holder.as_bytes()));
                Ok(Self { file, alone: true })
            }
            Err(TryLockError::WouldBlock) => Err(in_use(root, &mut file)),
            Err(TryLockError::Error(e)) => without(e, file, root),
        }
    }

    /// For tasks, beside each other.
    pub(super) fn shared(root: &Path) -> Result<Self, Error> {
        let mut file = open(root)?;
        match file.try_lock_shared() {
            Ok(()) => {
                // the name of an exclusive holder that was killed
                let _ = file.set_len(0);
                Ok(Self { file, alone: false })
            }
            Err(TryLockError::WouldBlock) => Err(in_use(root, &mut file)),
            Err(TryLockError::Error(e)) => without(e, file, root),
        }
    }

    /// Whether nobody else can be at work in the folder.
    pub(super) fn is_alone(&self) -> bool {
        self.alone
    }
}

fn open(root: &Path) -> Result<File, Error> {
    let path = root.join("lock");
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(Error::io(&path, "open for writing"))
}

fn in_use(root: &Path, file: &mut File) -> Error {
    let mut holder = String::new();
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.take(200).read_to_string(&mut holder));
    if read.is_err() || holder.is_empty() {
        holder = "one or more run-task processes".to_owned();
    }
    Error::InUse { path: root.to_path_buf(), holder }
}

/// ENOLCK and ENOSYS: the file system has no locks.
fn without(e: std::io::Error, file: File, root: &Path) -> Result<Lock, Error> {
    const ENOLCK: i32 = 37;
    if e.kind() == ErrorKind::Unsupported || (cfg!(target_os = "linux") && e.raw_os_error() == Some(ENOLCK)) {
        return Ok(Lock { file, alone: false });
    }
    Err(Error::io(&root.join("lock"), "lock")(e))
}

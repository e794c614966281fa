//! Output files that are whole or absent: a temporary name in the same folder, then a rename.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::error::{DataError, shown};
use crate::{Result, npy};

/// Writes a file so that its name never holds a part of it: the closure writes to a temporary
/// name in the same folder, the bytes are forced to the disk, and a rename puts them in place (over an older
/// file of that name). If anything fails, or the process is killed, the older file stays.
///
/// A folder that is missing, read-only or full gives a [`DataError::Write`] with the file's name.
///
/// ```
/// use std::io::Write;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("history.csv");
/// repshape_data::write::write_atomic(&path, |file| writeln!(file, "epoch,loss"))?;
/// assert_eq!(std::fs::read_to_string(&path)?, "epoch,loss\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_atomic<F>(path: &Path, write: F) -> Result<()>
where
    F: FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
{
    put(path, write).map_err(|source| DataError::Write { file: shown(path), source })
}

fn put<F>(path: &Path, write: F) -> io::Result<()>
where
    F: FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
{
    // a device or a pipe (/dev/null, /dev/stdout) is written to: a rename would put a file in its place
    let kind = std::fs::metadata(path).map(|found| found.file_type());
    if kind.is_ok_and(|kind| !kind.is_file() && !kind.is_dir()) {
        let file = File::options().write(true).open(path)?;
        let mut writer = BufWriter::new(&file);
        write(&mut writer)?;
        return writer.flush();
    }
    // a link stays a link: what it points to is replaced
    let target = std::fs::canonicalize(path);
    let path = match &target {
        Ok(target) if path.is_symlink() => target,
        _ => path,
    };
    // an empty parent is the current folder
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".repshape-").suffix(".tmp");
    #[cfg(unix)]
    {
        // tempfile's own default is 0600; an output file has the rights of any other file
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    if !folder.is_dir() {
        let problem = format!("{} is no existing folder", shown(folder));
        return Err(io::Error::new(io::ErrorKind::NotFound, problem));
    }
    // without the temporary name, which would only puzzle
    let temporary = builder.tempfile_in(folder).map_err(|error| io::Error::from(error.kind()))?;
    let mut writer = BufWriter::with_capacity(1 << 16, temporary.as_file());
    write(&mut writer)?;
    writer.flush()?;
    drop(writer);
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|e| e.error)?;
    // the rename itself lies in the folder; some file systems cannot sync one, which loses nothing
    #[cfg(unix)]
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// The header of a `.npy` file (version 1.0, C order) of elements such as `<f4`, for arrays that are written in parts.
pub fn npy_header(element: &str, shape: &[usize]) -> Vec<u8> {
    npy::header_bytes(element, shape)
}

/// An element type that [`write_npy`] writes; always little-endian in the file.
pub trait NpyElement: Copy + private::Sealed {
    /// NumPy's name of the type, for example `<f8`.
    const DESCR: &'static str;
    /// Appends the value's little-endian bytes.
    fn put(self, bytes: &mut Vec<u8>);
}

mod private {
    pub trait Sealed {}
}

macro_rules! npy_elements {
    ($($kind:ty => $descr:literal),*) => {$(
        impl private::Sealed for $kind {}
        impl NpyElement for $kind {
            const DESCR: &'static str = $descr;
            fn put(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}
npy_elements!(f32 => "<f4", f64 => "<f8", u8 => "|u1", u32 => "<u4", i64 => "<i8");

/// Writes an array as NumPy's `.npy` (version 1.0, C order), by [`write_atomic`].
///
/// `values` are in row-major order.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("z.npy");
/// repshape_data::write::write_npy(&path, &[2, 3], &[1.0f64, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// assert_eq!(repshape_data::read_matrix(&path)?.units, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
///
/// If the shape and the number of values disagree: a bug of the caller.
pub fn write_npy<T: NpyElement>(path: &Path, shape: &[usize], values: &[T]) -> Result<()> {
    assert_eq!(shape.iter().product::<usize>(), values.len(), "shape and number of values");
    write_atomic(path, |file| {
        file.write_all(&npy::header_bytes(T::DESCR, shape))?;
        let mut bytes = Vec::with_capacity(1 << 16);
        for chunk in values.chunks(1 << 13) {
            bytes.clear();
            chunk.iter().for_each(|value| value.put(&mut bytes));
            file.write_all(&bytes)?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_older_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.json");
        write_atomic(&path, |file| file.write_all(b"old")).unwrap();
        let failed = write_atomic(&path, |file| {
            file.write_all(b"half")?;
            Err(io::Error::other("the disk is full"))
        });
        let message = failed.unwrap_err().to_string();
        assert!(message.ends_with("out.json: cannot be written: the disk is full"), "{message}");
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn devices_and_links_stay_what_they_are() {
        use std::os::unix::fs::{FileTypeExt, symlink};
        write_atomic(Path::new("/dev/null"), |file| file.write_all(b"gone")).unwrap();
        assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("link"), folder.path().join("target"));
        std::fs::write(&target, "old").unwrap();
        symlink(&target, &link).unwrap();
        write_atomic(&link, |file| file.write_all(b"new")).unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read(&target).unwrap(), b"new");
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("absent").join("out.json");
        let message = write_atomic(&path, |_| Ok(())).unwrap_err().to_string();
        assert!(message.contains("absent") && message.contains("cannot be written"), "{message}");
    }

    #[test]
    fn a_folder_of_that_name_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        std::fs::create_dir(&path).unwrap();
        assert!(write_atomic(&path, |_| Ok(())).is_err());
        assert!(path.is_dir());
    }

    #[cfg(unix)]
    #[test]
    fn rights_are_those_of_an_ordinary_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let ordinary = folder.path().join("ordinary");
        File::create(&ordinary).unwrap();
        let path = folder.path().join("-ünder score.txt");
        write_atomic(&path, |_| Ok(())).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&ordinary));
    }
}

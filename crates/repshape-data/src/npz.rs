//! NumPy's `.npz`: a zip archive of `.npy` entries, stored or deflated.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use zip::{CompressionMethod, ZipArchive};

use crate::Result;
use crate::error::{DataError, shown, thousands};
use crate::input::{Body, inflation_limit, open_file};
use crate::keys::{Contents, Keyed};
use crate::npy;

/// The directory of an archive.
pub(crate) struct Archive {
    path: PathBuf,
    name: String,
    keys: Vec<String>,
    entries: Vec<Entry>,
}

struct Entry {
    method: CompressionMethod,
    encrypted: bool,
    start: u64,
    compressed: u64,
    size: u64,
    crc: u32,
}

impl Archive {
    /// Reads the directory.
    pub(crate) fn open(path: &Path) -> Result<Archive> {
        let name = shown(path);
        let (file, length) = open_file(path)?;
        let broken = |e: zip::result::ZipError| {
            DataError::file(&name, format!("is no .npz file (a zip archive of arrays): {e}"))
        };
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
        let (mut keys, mut entries) = (Vec::new(), Vec::new());
        for index in 0..zip.len() {
            let file = zip.by_index_raw(index).map_err(broken)?;
            let entry_name = file.name().map_err(broken)?;
            let Some(key) = entry_name.strip_suffix(".npy") else {
                continue;
            };
            let start = file.data_start().unwrap_or(length);
            if start.saturating_add(file.compressed_size()) > length {
                let problem = format!("is truncated: the array {key:?} goes beyond its end");
                return Err(DataError::file(name, problem));
            }
            keys.push(key.to_owned());
            entries.push(Entry {
                method: file.compression(),
                encrypted: file.encrypted(),
                start,
                compressed: file.compressed_size(),
                size: file.size(),
                crc: file.crc32(),
            });
        }
        if keys.is_empty() {
            return Err(DataError::file(name, "holds no arrays (no entry ends in .npy)"));
        }
        Ok(Archive { path: path.to_owned(), name, keys, entries })
    }

    /// The bytes of one array; messages call it `FILE:KEY`.
    fn body(&self, index: usize) -> Result<Body> {
        let entry = &self.entries[index];
        let name = format!("{}:{}", self.name, self.keys[index]);
        if entry.encrypted {
            return Err(DataError::file(name, "is encrypted; expected a plain archive"));
        }
        let deflated = match entry.method {
            CompressionMethod::Stored => false,
            CompressionMethod::Deflated => true,
            method => {
                return Err(DataError::file(
                    name,
                    format!("is compressed by {method}; expected stored or deflated, as NumPy writes"),
                ));
            }
        };
        let most = if deflated { inflation_limit(entry.compressed) } else { entry.compressed };
        if entry.size > most {
            return Err(DataError::file(
                name,
                format!(
                    "claims {} bytes out of {} in the archive; unpack the archive to use it all the same",
                    thousands(entry.size),
                    thousands(entry.compressed)
                ),
            ));
        }
        let file = File::open(&self.path).map_err(|e| DataError::file(&self.name, format!("cannot be read: {e}")))?;
        let range = entry.start..entry.start + entry.compressed;
        Body::entry(name, file, range, deflated, entry.size, entry.crc)
    }
}

impl Keyed for Archive {
    fn name(&self) -> &str {
        &self.name
    }

    fn keys(&self) -> Vec<&str> {
        self.keys.iter().map(String::as_str).collect()
    }

    fn shape(&mut self, index: usize) -> Result<Vec<usize>> {
        Ok(npy::header(&mut self.body(index)?)?.shape)
    }

    fn element(&mut self, index: usize) -> Result<String> {
        Ok(npy::header(&mut self.body(index)?)?.descr.to_string())
    }

    fn contents(&mut self, index: usize) -> Result<Contents> {
        npy::contents(self.body(index)?)
    }
}

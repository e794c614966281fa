//! NumPy's `.npz`: a zip archive of `.npy` entries, stored or deflated.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use zip::{CompressionMethod, ZipArchive};

use crate::Result;
use crate::array::Array;
use crate::error::{DataError, nearest, shown, thousands};
use crate::input::{Body, inflation_limit, open_file};
use crate::matrix::RowSource;
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

    /// The archive's file.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The arrays it holds.
    pub(crate) fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Opens one array; messages call it `FILE:KEY`.
    pub(crate) fn array(&mut self, key: &str) -> Result<Array> {
        let Some(index) = self.keys.iter().position(|k| k == key) else {
            let meant = nearest(key, self.keys.iter().map(String::as_str))
                .map(|key| format!("; did you mean {key:?}?"))
                .unwrap_or_default();
            let problem = format!("holds no array {key:?}{meant} (it holds {})", self.listing());
            return Err(DataError::file(&self.name, problem));
        };
        let entry = &self.entries[index];
        let name = format!("{}:{key}", self.name);
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
        npy::read(Body::entry(name, file, range, deflated, entry.size, entry.crc)?)
    }

    /// The only array, or the only one with more than one dimension.
    pub(crate) fn matrix(&mut self, key: Option<&str>) -> Result<Array> {
        if let Some(key) = key {
            return self.array(key);
        }
        if let [only] = self.keys.as_slice() {
            let only = only.clone();
            return self.array(&only);
        }
        let mut found = None;
        for key in self.keys.clone() {
            let array = self.array(&key)?;
            if !array.row_shape().is_empty() && found.replace(array).is_some() {
                found = None;
                break;
            }
        }
        found.ok_or_else(|| {
            let problem = format!("holds several arrays ({}); choose one by its key", self.listing());
            DataError::file(&self.name, problem)
        })
    }

    fn listing(&self) -> String {
        let mut shown = self.keys.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
        if self.keys.len() > 10 {
            shown.push_str(&format!(" and {} more", self.keys.len() - 10));
        }
        shown
    }
}

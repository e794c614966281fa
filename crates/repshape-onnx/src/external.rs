//! Elements of initializers that lie in files beside the model.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Component, Path, PathBuf},
};

use crate::{onnx_error::Problem, proto::TensorProto};

/// Where a tensor's elements lie.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    offset: u64,
    length: u64,
}

/// Finds where the elements lie, and that the file has them; reads nothing yet.
///
/// # Errors
/// The folder is not known, the location leads out of it (`..`, an absolute path, a link), or the file is missing or shorter than
/// the model claims.
pub(crate) fn locate(tensor: &TensorProto, folder: Option<&Path>, bytes: u64) -> Result<Place, Problem> {
    let entry = |key: &str| tensor.external_data.iter().find(|entry| entry.key() == key).map(|entry| entry.value());
    let location = entry("location").unwrap_or("");
    let problem = |found: String, expected: &str| Problem::ExternalData {
        tensor: tensor.name().to_owned(),
        location: location.to_owned(),
        found,
        expected: expected.to_owned(),
    };
    let number = |key: &str| {
        entry(key)
            .map(|text| text.parse::<u64>().map_err(|_| problem(format!("{key} {text:?}"), "a number of bytes")))
            .transpose()
    };
    let (offset, length) = (number("offset")?.unwrap_or(0), number("length")?);
    if let Some(length) = length.filter(|&length| length != bytes) {
        return Err(problem(format!("a length of {length} bytes"), &format!("{bytes} bytes, as shape and type say")));
    }
    let inside = Path::new(location).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if location.is_empty() || !inside || location.contains('\\') {
        return Err(problem("that location".to_owned(), "a file in the model's own folder"));
    }
    let folder = folder.ok_or_else(|| problem("a model without a folder".to_owned(), "a model opened from a file"))?;
    let path = folder.join(location);
    let real = |path: &Path| path.canonicalize();
    let (real_folder, real_path) = match (real(folder), real(&path)) {
        (Ok(folder), Ok(path)) => (folder, path),
        (Err(error), _) | (_, Err(error)) => {
            return Err(problem(error.to_string(), &format!("the file {}", path.display())));
        }
    };
    if !real_path.starts_with(&real_folder) {
        return Err(problem(format!("a link to {}", real_path.display()), "a file in the model's own folder"));
    }
    let metadata = real_path.metadata().map_err(|error| problem(error.to_string(), "a file that can be read"))?;
    // Opening a pipe would wait for ever.
    if !metadata.is_file() {
        return Err(problem("something that is no file".to_owned(), "a file"));
    }
    if offset.checked_add(bytes).is_none_or(|end| end > metadata.len()) {
        return Err(problem(
            format!("{} bytes in {}", metadata.len(), path.display()),
            &format!("{bytes} bytes from byte {offset} on"),
        ));
    }
    Ok(Place { path: real_path, offset, length: bytes })
}

impl Place {
    /// The elements' bytes.
    ///
    /// # Errors
    /// The file cannot be read, or has become shorter.
    pub(crate) fn read(&self) -> std::io::Result<Vec<u8>> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = Vec::new();
        file.take(self.length).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != self.length {
            return Err(std::io::Error::new(
                std::io::ErrorKind::UnexpectedEof,
                format!("{}: found {} bytes, expected {}", self.path.display(), bytes.len(), self.length),
            ));
        }
        Ok(bytes)
    }
}

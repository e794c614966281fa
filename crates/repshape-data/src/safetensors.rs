//! Safetensors: 8 bytes with the length of a JSON header, the header, then the tensors in C order, little-endian.
//!
//! The header is read here and not by the format's own crate, which wants the whole file in memory or mapped, and
//! mapped pages count against a limit of memory.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};

use crate::Result;
use crate::array::Array;
use crate::element::{Element, Kind};
use crate::error::{DataError, shown, thousands};
use crate::input::{Body, open_file};
use crate::keys::{Contents, Keyed};

/// Longest header that is read: that of a model of 100,000 tensors has 10 MB.
const MAX_HEADER: u64 = 16 << 20;

/// The directory of a file.
pub(crate) struct Tensors {
    path: PathBuf,
    name: String,
    /// Where the values start.
    start: u64,
    tensors: Vec<(String, Tensor)>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tensor {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (u64, u64),
}

/// The header's object, in the order of the values in the file. A name that comes twice is an error.
struct Header(Vec<(String, Tensor)>);

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Header, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut tensors: Vec<(String, Tensor)> = Vec::new();
                let mut seen: HashMap<String, ()> = HashMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    if seen.insert(name.clone(), ()).is_some() {
                        return Err(serde::de::Error::custom(format_args!("the name {name:?} stands twice")));
                    }
                    if name == "__metadata__" {
                        map.next_value::<HashMap<String, String>>()?;
                    } else {
                        tensors.push((name, map.next_value()?));
                    }
                }
                tensors.sort_by_key(|(_, tensor)| tensor.data_offsets);
                Ok(Header(tensors))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

impl Tensors {
    /// Reads the header and compares it with the file's length.
    pub(crate) fn open(path: &Path) -> Result<Tensors> {
        let name = shown(path);
        let (file, length) = open_file(path)?;
        let mut body = Body::part(name, file, 0..length)?;
        let problem = |what: String| DataError::file(shown(path), what);
        let mut lead = [0; 9];
        let got = body.fill(&mut lead)?;
        if lead.starts_with(&[0x1f, 0x8b]) {
            return Err(problem("is gzipped; unpack it first, safetensors are read from a plain file".to_owned()));
        }
        let [size @ .., brace] = lead;
        let size = u64::from_le_bytes(size);
        if got < 9 || size > length - 8 || brace != b'{' {
            return Err(problem(
                "is no safetensors file: expected the length of a JSON header in 8 bytes, then the header".to_owned(),
            ));
        }
        if size > MAX_HEADER {
            return Err(problem(format!(
                "has a header of {} bytes; up to {} are read",
                thousands(size),
                thousands(MAX_HEADER)
            )));
        }
        let mut header = vec![0; size as usize];
        if body.fill_at(8, &mut header)? < header.len() {
            return Err(problem("is truncated within its header".to_owned()));
        }
        let Header(tensors) =
            serde_json::from_slice(&header).map_err(|e| problem(format!("has a broken safetensors header: {e}")))?;
        if tensors.is_empty() {
            return Err(problem("holds no tensors".to_owned()));
        }
        let start = 8 + size;
        let values = length - start;
        let mut end = 0;
        for (key, tensor) in &tensors {
            let (from, to) = tensor.data_offsets;
            if from > to || to > values {
                return Err(problem(format!(
                    "{}: the tensor {key:?} claims the bytes {} to {} of {} that follow the header",
                    if from > to { "has a broken header" } else { "is truncated" },
                    thousands(from),
                    thousands(to),
                    thousands(values)
                )));
            }
            if from != end {
                let place = if from < end { "lies over" } else { "leaves a gap after" };
                return Err(problem(format!("has a broken header: the tensor {key:?} {place} the one before it")));
            }
            end = to;
        }
        if end < values {
            return Err(problem(format!(
                "has the wrong size: its tensors end after {} bytes, but {} follow the header",
                thousands(end),
                thousands(values)
            )));
        }
        Ok(Tensors { path: path.to_owned(), name: shown(path), start, tensors })
    }

    fn element(tensor: &Tensor) -> Option<Element> {
        let kind = match tensor.dtype.as_str() {
            "BOOL" => Kind::Bool,
            "I8" => Kind::I8,
            "U8" => Kind::U8,
            "I16" => Kind::I16,
            "U16" => Kind::U16,
            "I32" => Kind::I32,
            "U32" => Kind::U32,
            "I64" => Kind::I64,
            "U64" => Kind::U64,
            "F16" => Kind::F16,
            "BF16" => Kind::BF16,
            "F32" => Kind::F32,
            "F64" => Kind::F64,
            _ => return None,
        };
        Some(Element { kind, big_endian: false })
    }
}

impl Keyed for Tensors {
    fn name(&self) -> &str {
        &self.name
    }

    fn keys(&self) -> Vec<&str> {
        self.tensors.iter().map(|(key, _)| key.as_str()).collect()
    }

    fn shape(&mut self, index: usize) -> Result<Vec<usize>> {
        Ok(self.tensors[index].1.shape.clone())
    }

    fn contents(&mut self, index: usize) -> Result<Contents> {
        let (key, tensor) = &self.tensors[index];
        let name = format!("{}:{key}", self.name);
        let Some(element) = Tensors::element(tensor) else {
            return Err(DataError::file(
                name,
                format!("holds elements of type {}; expected BOOL, integers, F16, BF16, F32 or F64", tensor.dtype),
            ));
        };
        let file = File::open(&self.path).map_err(|e| DataError::file(&name, format!("cannot be read: {e}")))?;
        let (from, to) = tensor.data_offsets;
        let body = Body::part(name, file, self.start + from..self.start + to)?;
        Ok(Contents::Numbers(Array::new(body, 0, element, tensor.shape.clone(), false)?))
    }

    fn element(&mut self, index: usize) -> Result<String> {
        let (_, tensor) = &self.tensors[index];
        Ok(Tensors::element(tensor).map_or_else(|| tensor.dtype.clone(), |element| element.to_string()))
    }
}

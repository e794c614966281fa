//! IDX, the format of MNIST: magic, big-endian sizes, big-endian values.

use std::path::Path;

use crate::Result;
use crate::array::{Array, MAX_DIMENSIONS};
use crate::element::{Element, Kind};
use crate::error::DataError;
use crate::input::Body;

/// Opens a file, gzipped or not.
pub(crate) fn open(path: &Path) -> Result<Array> {
    let mut body = Body::open(path)?;
    let name = body.name().to_owned();
    let mut magic = [0; 4];
    let got = body.fill(&mut magic)?;
    let kind = match magic {
        _ if got < 4 => None,
        [0, 0, 0x08, _] => Some(Kind::U8),
        [0, 0, 0x09, _] => Some(Kind::I8),
        [0, 0, 0x0b, _] => Some(Kind::I16),
        [0, 0, 0x0c, _] => Some(Kind::I32),
        [0, 0, 0x0d, _] => Some(Kind::F32),
        [0, 0, 0x0e, _] => Some(Kind::F64),
        _ => None,
    };
    let Some(kind) = kind else {
        return Err(DataError::file(
            name,
            format!(
                "is no IDX file: it starts with {:02x?}, not with 00 00, a type from 08 to 0e and the number of dimensions",
                &magic[..got]
            ),
        ));
    };
    let dimensions = usize::from(magic[3]);
    if dimensions == 0 || dimensions > MAX_DIMENSIONS {
        return Err(DataError::file(name, format!("claims {dimensions} dimensions; expected 1 to {MAX_DIMENSIONS}")));
    }
    let mut sizes = vec![0; 4 * dimensions];
    if body.fill(&mut sizes)? < sizes.len() {
        return Err(DataError::file(name, "is truncated within its IDX header"));
    }
    let (sizes, _) = sizes.as_chunks::<4>();
    let shape = sizes.iter().map(|&size| u32::from_be_bytes(size) as usize).collect();
    let element = Element { kind, big_endian: true };
    Array::new(body, 4 + 4 * dimensions as u64, element, shape, false)
}

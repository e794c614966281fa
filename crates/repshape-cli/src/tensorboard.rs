//! Scalars as a TensorBoard event file: length, data and masked CRC-32C of each record, data in
//! protocol buffers (tensorflow/core/util/event.proto, tensorflow/core/lib/io/record_writer.h).

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use prost::Message;
use repshape_data::write::write_atomic;

/// What the first record of a file says; readers refuse other versions.
const VERSION: &str = "brain.Event:2";

/// One curve: its tag, and its points `(step, wall clock in seconds since 1970, value)`.
pub type Scalars = (String, Vec<(u64, f64, f32)>);

#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    // one of the two
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    // a member of a oneof: written when it is 0 too
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

/// Writes `FOLDER/events.out.tfevents.STAMP.repshape` whole, the events in order of their steps, over a file of the
/// same stamp; `stamp` is in seconds since 1970. A run that goes on gives the stamp and the points that it began with.
///
/// # Errors
/// A step beyond `i64`, and whatever keeps the file from being written; the message names the file.
pub fn write_scalars(folder: &Path, stamp: u64, scalars: &[Scalars]) -> io::Result<PathBuf> {
    let mut events =
        vec![Event { wall_time: stamp as f64, file_version: Some(VERSION.to_owned()), ..Event::default() }];
    for (tag, points) in scalars {
        for &(step, wall_time, value) in points {
            let step = i64::try_from(step).map_err(|_| io::Error::other(format!("{tag}: step {step} is too large")))?;
            let value = Value { tag: tag.clone(), simple_value: Some(value) };
            events.push(Event { wall_time, step, summary: Some(Summary { value: vec![value] }), ..Event::default() });
        }
    }
    // a step back would look like a restart to readers; the version has step 0 and stays first
    events.sort_by_key(|event| event.step);
    // zeros keep names in the order of time, by which readers open them
    let path = folder.join(format!("events.out.tfevents.{stamp:010}.repshape"));
    write_atomic(&path, |file| events.iter().try_for_each(|event| file.write_all(&record(&event.encode_to_vec()))))
        .map_err(io::Error::other)?;
    Ok(path)
}

/// The length of the data, its checksum, the data, their checksum.
fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &masked(crc32c(&length)).to_le_bytes(), data, &masked(crc32c(data)).to_le_bytes()].concat()
}

/// A checksum that may stand beside the data it is of.
const fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4) bit by bit: a file has some thousand short records.
fn crc32c(data: &[u8]) -> u32 {
    !data.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_the_published_ones() {
        // RFC 3720, appendix B.4
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(&std::array::from_fn::<u8, 32, _>(|i| i as u8)), 0x46dd_794e);
        // the usual check value
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(b""), 0);
    }

    #[test]
    fn a_file_is_these_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let scalars = [("a".to_owned(), vec![(3, 2.0, 0.5)]), ("b".to_owned(), vec![(1, 2.0, 0.0)])];
        let path = write_scalars(folder.path(), 1, &scalars).unwrap();
        assert_eq!(path.file_name().unwrap(), "events.out.tfevents.0000000001.repshape");
        let bytes = std::fs::read(&path).unwrap();
        // every TensorBoard file begins so: 24 bytes of data, and the masked checksum of that length
        assert_eq!(bytes[..12], [24, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0x7f, 0x4b, 0x22]);
        // field 1, fixed64: 1.0; field 3, 13 bytes
        assert_eq!(bytes[12..36], *b"\x09\0\0\0\0\0\0\xf0\x3f\x1a\x0dbrain.Event:2");
        let (b, a) = bytes[40..].split_at(bytes[40..].len() / 2);
        // field 1: 2.0; field 2, varint; field 5, 10 bytes { field 1, 8 bytes { field 1: tag; field 2, fixed32 } }
        assert_eq!(b[12..35], *b"\x09\0\0\0\0\0\0\0\x40\x10\x01\x2a\x0a\x0a\x08\x0a\x01b\x15\0\0\0\0");
        assert_eq!(a[12..35], *b"\x09\0\0\0\0\0\0\0\x40\x10\x03\x2a\x0a\x0a\x08\x0a\x01a\x15\0\0\0\x3f");
        assert_eq!((a.len(), &a[..8]), (39, &[23, 0, 0, 0, 0, 0, 0, 0][..]));
    }

    #[test]
    fn the_same_stamp_overwrites_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let long = [("loss".to_owned(), vec![(1, 1.0, 1.0), (2, 2.0, 0.5)])];
        write_scalars(folder.path(), 1_790_000_000, &long).unwrap();
        let path = write_scalars(folder.path(), 1_790_000_000, &[]).unwrap();
        assert_eq!(std::fs::read(path).unwrap().len(), 40);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let error = write_scalars(Path::new("no such folder"), 1, &[]).unwrap_err().to_string();
        assert!(error.contains("no such folder") && error.contains("0000000001"), "{error}");
        let large = [("loss".to_owned(), vec![(u64::MAX, 1.0, 1.0)])];
        assert!(write_scalars(Path::new("."), 1, &large).unwrap_err().to_string().starts_with("loss: step 1844674407"));
    }
}

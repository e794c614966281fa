//! Scalars as TensorBoard event files: length, data and masked CRC-32C of each record, data in
//! protocol buffers (tensorflow/core/util/event.proto, tensorflow/core/lib/io/record_writer.h).
//!
//! [`write_scalars`] writes whole curves at once, [`EventFile`] goes on with a file while a training runs. Nothing here
//! knows networks or tensors.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
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
    let mut events = vec![version(stamp)];
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

/// An event file that grows: each step's scalars are one write, there for TensorBoard at once and after a kill.
///
/// ```
/// use repshape::monitor::tensorboard::EventFile;
/// let folder = tempfile::tempdir()?;
/// let mut events = EventFile::open(&folder.path().join("events.out.tfevents.0000000001.mine"), 1, 0)?;
/// events.append(10, 1_790_000_000.0, &[("fc5/variance".to_owned(), 0.25)])?;
/// drop(events);
/// // a training that goes on after step 5 takes step 10 again
/// let mut events = EventFile::open(&folder.path().join("events.out.tfevents.0000000001.mine"), 1, 5)?;
/// events.append(10, 1_790_000_060.0, &[("fc5/variance".to_owned(), 0.25)])?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct EventFile {
    path: PathBuf,
    file: File,
}

impl EventFile {
    /// Opens or makes the file, whose name must contain `tfevents`. Events in it up to `step` stay; what comes later, and
    /// whatever follows a record that is not whole, is cut off. `stamp`, in seconds since 1970, is the time of a new
    /// file's first record.
    ///
    /// # Errors
    /// Whatever keeps the file from being read or written; the message names the file.
    pub fn open(path: &Path, stamp: u64, step: u64) -> io::Result<Self> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = open.map_err(named)?;
        let length = file.metadata().map_err(named)?.len();
        let kept = whole_events(BufReader::new(&file), length, step).map_err(named)?;
        file.set_len(kept).and_then(|()| file.seek(SeekFrom::End(0))).map_err(named)?;
        let mut events = Self { path: path.to_owned(), file };
        if kept == 0 {
            events.write(&version(stamp))?;
        }
        Ok(events)
    }

    /// Adds the scalars `(tag, value)` of one step; `wall_time` is in seconds since 1970.
    ///
    /// # Errors
    /// A step beyond `i64`, and whatever keeps the file from being written; the message names the file.
    pub fn append(&mut self, step: u64, wall_time: f64, scalars: &[(String, f32)]) -> io::Result<()> {
        let step = i64::try_from(step).map_err(|_| io::Error::other(format!("step {step} is too large")))?;
        let value = |(tag, value): &(String, f32)| Value { tag: tag.clone(), simple_value: Some(*value) };
        let summary = Some(Summary { value: scalars.iter().map(value).collect() });
        self.write(&Event { wall_time, step, summary, ..Event::default() })
    }

    /// What was written survives a crash of the machine.
    ///
    /// # Errors
    /// The file system's.
    pub fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data().map_err(|error| self.named(&error))
    }

    fn write(&mut self, event: &Event) -> io::Result<()> {
        self.file.write_all(&record(&event.encode_to_vec())).map_err(|error| self.named(&error))
    }

    fn named(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("{}: cannot be written: {error}", self.path.display()))
    }
}

/// The bytes of the whole records up to the first one after `step`; 0 unless the file begins with the version.
fn whole_events(mut file: impl Read, length: u64, step: u64) -> io::Result<u64> {
    let mut kept = 0;
    // a record is a length of 8 bytes, 4 of checksum, the data, 4 of checksum
    while length - kept >= 16 {
        let mut head = [0; 12];
        file.read_exact(&mut head)?;
        let size = u64::from_le_bytes(std::array::from_fn(|i| head[i]));
        if head[8..] != masked(crc32c(&head[..8])).to_le_bytes() || size > length - kept - 16 {
            break;
        }
        let mut data = vec![0; size as usize];
        file.read_exact(&mut data)?;
        let mut checksum = [0; 4];
        file.read_exact(&mut checksum)?;
        let Ok(event) = Event::decode(&data[..]) else { break };
        let is_version = event.file_version.as_deref() == Some(VERSION);
        let is_later = u64::try_from(event.step).map_or(true, |at| at > step);
        if checksum != masked(crc32c(&data)).to_le_bytes() || is_later || is_version != (kept == 0) {
            break;
        }
        kept += 16 + size;
    }
    Ok(kept)
}

/// What a file begins with.
fn version(stamp: u64) -> Event {
    Event { wall_time: stamp as f64, file_version: Some(VERSION.to_owned()), ..Event::default() }
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

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4), byte by byte.
fn crc32c(data: &[u8]) -> u32 {
    !data.iter().fold(u32::MAX, |crc, &byte| (crc >> 8) ^ REMAINDERS[(crc as u8 ^ byte) as usize])
}

/// What each byte leaves of the polynomial.
const REMAINDERS: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut crc, mut bit) = (byte as u32, 0);
        while bit < 8 {
            crc = (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg());
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

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
    fn a_file_goes_on_after_a_step_whatever_a_kill_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.out.tfevents.1");
        let write = |after: u64, steps: &[u64]| {
            let mut file = EventFile::open(&path, 1, after).unwrap();
            steps.iter().for_each(|&step| file.append(step, 2.0, &[("a".to_owned(), step as f32)]).unwrap());
            std::fs::read(&path).unwrap()
        };
        let whole = write(0, &[10, 20, 30]);
        // opened for a new training, nothing but the version stays
        assert_eq!(write(0, &[]).len(), 40);
        assert_eq!(write(0, &[10, 20, 30]), whole);
        // after step 20, and after a step between two
        assert_eq!(write(20, &[30]), whole);
        assert_eq!(write(25, &[30]), whole);
        assert_eq!(write(30, &[]), whole);
        // cut at every byte
        for cut in 0..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let kept = write(30, &[]);
            assert!(whole.starts_with(&kept) && kept.len() >= 40 && kept.len() <= cut.max(40), "{cut}");
        }
        // one bit wrong in the second of three events
        let mut wrong = whole.clone();
        wrong[40 + (whole.len() - 40) / 2] ^= 1;
        std::fs::write(&path, &wrong).unwrap();
        assert_eq!(write(30, &[20, 30]), whole);
        // a length that no file has
        std::fs::write(&path, [u64::MAX.to_le_bytes(), [0; 8]].concat()).unwrap();
        assert_eq!(write(30, &[10, 20, 30]), whole);
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let error = write_scalars(Path::new("no such folder"), 1, &[]).unwrap_err().to_string();
        assert!(error.contains("no such folder") && error.contains("0000000001"), "{error}");
        let large = [("loss".to_owned(), vec![(u64::MAX, 1.0, 1.0)])];
        assert!(write_scalars(Path::new("."), 1, &large).unwrap_err().to_string().starts_with("loss: step 1844674407"));
    }
}

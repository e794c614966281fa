//! Bytes from an untrusted file: plain or a part of it, gzipped, an entry of a zip archive, or a pipe.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Take};
use std::ops::Range;
use std::path::Path;

use flate2::Crc;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder};

use crate::Result;
use crate::error::{DataError, shown, thousands};

/// How many bytes there are to read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Size {
    Exactly(u64),
    /// Compressed data that does not say its size.
    AtMost(u64),
    /// A pipe.
    Unknown,
}

/// Data that inflates to more than 200 times its size and more than 64 MiB is refused: no
/// data set does that, a file made to exhaust memory does (deflate reaches 1,032).
pub(crate) fn inflation_limit(compressed: u64) -> u64 {
    compressed.saturating_mul(200).max(64 << 20)
}

/// The bytes of a file, a part of one or a pipe, read from front to back; plain files can be read at
/// any place.
pub(crate) struct Body {
    name: String,
    source: Source,
}

enum Source {
    /// A part of a file; `at` is the place of the next byte in the file.
    Plain {
        file: File,
        range: Range<u64>,
        at: u64,
    },
    Packed {
        reader: Box<dyn Read + Send>,
        size: Size,
    },
    Pipe {
        reader: Box<dyn Read + Send>,
    },
}

/// Opens a regular, non-empty file and gives its length.
pub(crate) fn open_file(path: &Path) -> Result<(File, u64)> {
    let name = shown(path);
    let cannot = |e: io::Error| match e.kind() {
        io::ErrorKind::NotFound => DataError::file(&name, "no such file"),
        _ => DataError::file(&name, format!("cannot be read: {e}")),
    };
    // before opening, because opening a pipe waits for its writer
    let metadata = std::fs::metadata(path).map_err(cannot)?;
    if metadata.is_dir() {
        return Err(DataError::file(name, "is a folder; expected a file"));
    }
    if !metadata.is_file() {
        return Err(DataError::file(name, "is no regular file (a pipe or device?)"));
    }
    if metadata.len() == 0 {
        return Err(DataError::file(name, "is empty"));
    }
    Ok((File::open(path).map_err(cannot)?, metadata.len()))
}

impl Body {
    /// A file; if it starts with gzip's magic, what it holds.
    pub(crate) fn open(path: &Path) -> Result<Body> {
        let name = shown(path);
        let (mut file, len) = open_file(path)?;
        let mut magic = [0; 2];
        let read = fill(&mut file, &mut magic).map_err(|e| plain(&name, &e))?;
        file.rewind().map_err(|e| plain(&name, &e))?;
        if read < 2 || magic != [0x1f, 0x8b] {
            return Ok(Body { name, source: Source::Plain { file, range: 0..len, at: 0 } });
        }
        let limit = inflation_limit(len);
        let reader = Limited { inner: MultiGzDecoder::new(BufReader::new(file)), left: limit };
        let source = Source::Packed { reader: Box::new(reader), size: Size::AtMost(limit) };
        Ok(Body { name, source })
    }

    /// A part of a file, as it is.
    pub(crate) fn part(name: String, mut file: File, range: Range<u64>) -> Result<Body> {
        file.seek(SeekFrom::Start(range.start)).map_err(|e| plain(&name, &e))?;
        Ok(Body { name, source: Source::Plain { file, at: range.start, range } })
    }

    /// What a reader gives until its end.
    pub(crate) fn pipe(name: String, reader: Box<dyn Read + Send>) -> Body {
        Body { name, source: Source::Pipe { reader } }
    }

    /// An entry of a zip archive; `range` is where its stored or deflated bytes lie.
    pub(crate) fn entry(
        name: String,
        mut file: File,
        range: Range<u64>,
        deflated: bool,
        size: u64,
        crc: u32,
    ) -> Result<Body> {
        file.seek(SeekFrom::Start(range.start)).map_err(|e| DataError::file(&name, format!("cannot be read: {e}")))?;
        let raw: BufReader<Take<File>> = BufReader::new(file.take(range.end - range.start));
        let inner: Box<dyn Read + Send> = match deflated {
            true => Box::new(DeflateDecoder::new(raw)),
            false => Box::new(raw),
        };
        let reader = Checked { inner, left: size, crc: Crc::new(), expected: crc };
        Ok(Body { name, source: Source::Packed { reader: Box::new(reader), size: Size::Exactly(size) } })
    }

    /// How messages call it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// All bytes, those read already included.
    pub(crate) fn size(&self) -> Size {
        match &self.source {
            Source::Plain { range, .. } => Size::Exactly(range.end - range.start),
            Source::Packed { size, .. } => *size,
            Source::Pipe { .. } => Size::Unknown,
        }
    }

    /// Fills the buffer as far as there are bytes, and says how far.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize> {
        fill(self, buffer).map_err(|e| self.explain(e))
    }

    /// Fills the buffer from the given place. Only for a plain body.
    pub(crate) fn fill_at(&mut self, place: u64, buffer: &mut [u8]) -> Result<usize> {
        if let Source::Plain { file, range, at } = &mut self.source {
            *at = range.end.min(range.start.saturating_add(place));
            file.seek(SeekFrom::Start(*at)).map_err(|e| plain(&self.name, &e))?;
        }
        self.fill(buffer)
    }

    /// Whether [`Body::fill_at`] can be used.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self.source, Source::Plain { .. })
    }

    /// The rest of the bytes as a plain body, in a temporary file without a name. `expected` bytes
    /// are copied at most.
    pub(crate) fn spooled(mut self, expected: u64) -> Result<Body> {
        if self.is_plain() {
            return Ok(self);
        }
        let unwritable = |e: io::Error| DataError::file(&self.name, format!("no temporary file for it: {e}"));
        let mut file = tempfile::tempfile().map_err(unwritable)?;
        // one more byte makes a compressed stream check its end
        let mut rest = (&mut self).take(expected + 1);
        let copied = io::copy(&mut rest, &mut file);
        let len = copied.map_err(|e| self.explain(e))?;
        let unwritable = |e: io::Error| DataError::file(&self.name, format!("no temporary file for it: {e}"));
        file.rewind().map_err(unwritable)?;
        Ok(Body { name: self.name, source: Source::Plain { file, range: 0..len, at: 0 } })
    }

    /// An error of reading, in words.
    pub(crate) fn explain(&self, e: io::Error) -> DataError {
        match &self.source {
            Source::Plain { .. } | Source::Pipe { .. } => plain(&self.name, &e),
            Source::Packed { .. } => packed(&self.name, &e),
        }
    }
}

fn plain(name: &str, e: &io::Error) -> DataError {
    DataError::file(name, format!("cannot be read: {e}"))
}

fn packed(name: &str, e: &io::Error) -> DataError {
    match e.kind() {
        io::ErrorKind::UnexpectedEof => DataError::file(name, "is truncated, or goes on after its compressed data"),
        _ => DataError::file(name, format!("compressed data are broken: {e}")),
    }
}

/// For readers of text, too; errors come out in words all the same.
impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.source {
            Source::Plain { file, range, at } => {
                let most = usize::try_from(range.end - *at).unwrap_or(usize::MAX).min(buffer.len());
                let read = file.read(&mut buffer[..most])?;
                *at += read as u64;
                Ok(read)
            }
            Source::Packed { reader, .. } | Source::Pipe { reader } => reader.read(buffer),
        }
    }
}

fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

/// Refuses to give more than so many bytes.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::other("they inflate more than 200-fold; unpack the file to use it all the same")
        })?;
        Ok(read)
    }
}

/// Gives exactly so many bytes and compares their checksum.
struct Checked<R> {
    inner: R,
    left: u64,
    crc: Crc,
    expected: u32,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 || buffer.is_empty() {
            return Ok(0);
        }
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.inner.read(&mut buffer[..most])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.crc.update(&buffer[..read]);
        self.left -= read as u64;
        if self.left == 0 && self.crc.sum() != self.expected {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum does not match"));
        }
        Ok(read)
    }
}

/// Room for so many more items, or an error in place of an abort.
pub(crate) fn reserve<T>(items: &mut Vec<T>, more: usize, name: &str) -> Result<()> {
    items.try_reserve_exact(more).map_err(|_| {
        let bytes = (more as u64).saturating_mul(size_of::<T>() as u64);
        DataError::file(name, format!("needs {} bytes of memory, which are not to be had", thousands(bytes)))
    })
}

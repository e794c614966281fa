//! Numbers to bytes and back: little-endian, lists by their length, parts by a tag and their length.
//!
//! A part of a sketch writes and reads itself in its own file, by a function `write` that takes a [`Writer`] and a
//! function `read` that takes a [`Reader`] and whatever the part must agree with. To add a part: these two, and a line
//! in each of the functions of whoever holds it.

use crate::StatsError;

/// Bytes of a checksum.
const CHECKSUM: usize = 32;

/// Collects bytes.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Of bytes that are there.
    #[cfg(test)]
    pub fn of(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub fn u64(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub fn size(&mut self, value: usize) {
        self.u64(value as u64);
    }

    /// The exact bits of a number.
    pub fn f64(&mut self, value: f64) {
        self.u64(value.to_bits());
    }

    /// Numbers whose count the reader knows.
    pub fn f64s(&mut self, values: &[f64]) {
        self.bytes.reserve(size_of_val(values));
        values.iter().for_each(|value| self.f64(*value));
    }

    /// Counts whose number the reader knows.
    pub fn u64s(&mut self, values: &[u64]) {
        values.iter().for_each(|value| self.u64(*value));
    }

    /// The lower triangle, diagonal included, of a row-major square matrix.
    pub fn triangle(&mut self, matrix: &[f64], order: usize) {
        for (i, row) in matrix.chunks_exact(order).enumerate() {
            self.f64s(&row[..=i]);
        }
    }

    /// A text with its length before it.
    pub fn text(&mut self, text: &str) {
        self.size(text.len());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// `None`, or a value.
    pub fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.u8(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }

    /// A part: tag, length, content.
    pub fn part(&mut self, tag: [u8; 4], content: impl FnOnce(&mut Self)) {
        self.bytes.extend_from_slice(&tag);
        let at = self.bytes.len();
        self.u64(0);
        content(self);
        let length = (self.bytes.len() - at - 8) as u64;
        self.bytes[at..at + 8].copy_from_slice(&length.to_le_bytes());
    }

    /// The bytes, between `magic` with their length and their checksum.
    pub fn sealed(self, magic: [u8; 8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(self.bytes.len() + 16 + CHECKSUM);
        sealed.extend_from_slice(&magic);
        sealed.extend_from_slice(&(self.bytes.len() as u64).to_le_bytes());
        sealed.extend_from_slice(&self.bytes);
        let checksum = blake3::hash(&sealed);
        sealed.extend_from_slice(checksum.as_bytes());
        sealed
    }
}

/// Takes bytes apart. Nothing is allocated beyond what the bytes at hand can fill.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    part: &'static str,
}

impl<'a> Reader<'a> {
    /// The content of what [`Writer::sealed`] made, if magic, length and checksum are right.
    pub fn unsealed(bytes: &'a [u8], magic: [u8; 8], part: &'static str) -> Result<Self, StatsError> {
        let mut reader = Self { rest: bytes, part };
        let found = reader.take(8)?;
        if found != magic {
            let shown = String::from_utf8_lossy(found).escape_debug().to_string();
            let (kind, version) = (&magic[..6], String::from_utf8_lossy(&magic[6..]).into_owned());
            if found.starts_with(kind) {
                return Err(reader.wrong(format!("version \"{shown}\""), format!("version {version}")));
            }
            let expected = format!("\"{}\" at the start", String::from_utf8_lossy(&magic));
            return Err(reader.wrong(format!("\"{shown}\""), expected));
        }
        let length = reader.u64()?;
        let there = (reader.rest.len() as u64).checked_sub(CHECKSUM as u64);
        if there != Some(length) {
            return Err(reader.wrong(
                format!("{} bytes", bytes.len()),
                format!("{} bytes, by its own header (truncated, or more was appended)", length.saturating_add(48)),
            ));
        }
        let (content, checksum) = reader.rest.split_at(length as usize);
        if blake3::hash(&bytes[..16 + content.len()]).as_bytes() != checksum {
            return Err(reader.wrong("another checksum".to_owned(), "that of its content (damaged)".to_owned()));
        }
        Ok(Self { rest: content, part })
    }

    /// The error that this part is not as it should be.
    pub fn wrong(&self, found: impl Into<String>, expected: impl Into<String>) -> StatsError {
        StatsError::State { part: self.part, found: found.into(), expected: expected.into() }
    }

    /// `Ok` if a condition of this part holds.
    pub fn check(
        &self,
        holds: bool,
        found: impl FnOnce() -> String,
        expected: impl Into<String>,
    ) -> Result<(), StatsError> {
        if holds { Ok(()) } else { Err(self.wrong(found(), expected)) }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], StatsError> {
        match self.rest.split_at_checked(count) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(self.wrong(format!("{} bytes", self.rest.len()), format!("{count} more bytes"))),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], StatsError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub fn u8(&mut self) -> Result<u8, StatsError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub fn u32(&mut self) -> Result<u32, StatsError> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, StatsError> {
        self.array().map(u64::from_le_bytes)
    }

    pub fn size(&mut self) -> Result<usize, StatsError> {
        let value = self.u64()?;
        usize::try_from(value).map_err(|_| self.wrong(value.to_string(), "a number that fits in memory"))
    }

    pub fn f64(&mut self) -> Result<f64, StatsError> {
        self.u64().map(f64::from_bits)
    }

    /// One of `count` choices.
    pub fn choice(&mut self, count: u8) -> Result<u8, StatsError> {
        let found = self.u8()?;
        self.check(found < count, || found.to_string(), format!("one of 0 to {}", count - 1))?;
        Ok(found)
    }

    pub fn f64s(&mut self, count: usize) -> Result<Vec<f64>, StatsError> {
        let bytes = self.eights(count)?;
        Ok(bytes.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect())
    }

    pub fn u64s(&mut self, count: usize) -> Result<Vec<u64>, StatsError> {
        let bytes = self.eights(count)?;
        Ok(bytes.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect())
    }

    fn eights(&mut self, count: usize) -> Result<&'a [[u8; 8]], StatsError> {
        let bytes = count.checked_mul(8).ok_or_else(|| self.wrong(count.to_string(), "fewer values"))?;
        Ok(self.take(bytes)?.as_chunks().0)
    }

    /// Values of a matrix of `rows x columns`.
    pub fn matrix(&mut self, rows: usize, columns: usize) -> Result<Vec<f64>, StatsError> {
        let count =
            rows.checked_mul(columns).ok_or_else(|| self.wrong(format!("{rows} x {columns}"), "a smaller matrix"))?;
        self.f64s(count)
    }

    /// A square matrix of which the file holds the lower triangle; the upper is 0, or the mirror image.
    pub fn triangle(&mut self, order: usize, mirrored: bool) -> Result<Vec<f64>, StatsError> {
        let packed = (order as u128 * (order as u128 + 1) / 2).saturating_mul(8);
        if packed > self.rest.len() as u128 {
            return Err(self.wrong(format!("{} bytes", self.rest.len()), format!("{packed} more bytes")));
        }
        // twice the bytes at hand, at most
        let mut matrix = vec![0.0; order * order];
        for i in 0..order {
            let row = self.eights(i + 1)?;
            for (j, bytes) in row.iter().enumerate() {
                let value = f64::from_le_bytes(*bytes);
                matrix[i * order + j] = value;
                if mirrored {
                    matrix[j * order + i] = value;
                }
            }
        }
        Ok(matrix)
    }

    pub fn text(&mut self) -> Result<String, StatsError> {
        let length = self.size()?;
        let bytes = self.take(length)?;
        let text = std::str::from_utf8(bytes).map_err(|_| self.wrong("a text that is not UTF-8", "UTF-8"))?;
        Ok(text.to_owned())
    }

    pub fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, StatsError>,
    ) -> Result<Option<T>, StatsError> {
        if self.choice(2)? == 1 { read(self).map(Some) } else { Ok(None) }
    }

    /// How many items follow, each of at least `bytes` bytes: no more than can be there.
    pub fn count(&mut self, bytes: usize) -> Result<usize, StatsError> {
        let count = self.size()?;
        let most = self.rest.len() / bytes;
        self.check(count <= most, || format!("{count} items"), format!("at most {most}, by the bytes that follow"))?;
        Ok(count)
    }

    /// The next part, which must have this tag and be read to its end.
    pub fn part<T>(
        &mut self,
        tag: [u8; 4],
        name: &'static str,
        read: impl FnOnce(&mut Reader<'a>) -> Result<T, StatsError>,
    ) -> Result<T, StatsError> {
        let found: [u8; 4] = self.array()?;
        self.check(
            found == tag,
            || format!("the part \"{}\"", String::from_utf8_lossy(&found).escape_debug()),
            format!("the {name} (\"{}\")", String::from_utf8_lossy(&tag)),
        )?;
        let length = self.size()?;
        let mut content = Reader { rest: self.take(length)?, part: name };
        let value = read(&mut content)?;
        content.end()?;
        Ok(value)
    }

    /// Nothing may be left.
    pub fn end(&self) -> Result<(), StatsError> {
        self.check(self.rest.is_empty(), || format!("{} bytes too many", self.rest.len()), "nothing more")
    }
}

//! NumPy arrays of strings: fixed widths, UTF-32 (`<U5`, `>U5`) or bytes (`|S5`). They are labels, never a matrix.

use crate::Result;
use crate::array::{promised_bytes, tuple};
use crate::error::{DataError, thousands};
use crate::input::Body;

/// Longest label: longer texts are no names of classes.
const MAX_BYTES: usize = 1 << 14;

/// The width and form of the strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextType {
    pub(crate) chars: usize,
    /// UTF-32, else bytes.
    pub(crate) wide: bool,
    pub(crate) big_endian: bool,
}

impl TextType {
    fn bytes(self) -> usize {
        if self.wide { self.chars.saturating_mul(4) } else { self.chars }
    }
}

/// An array of strings, read from front to back.
pub(crate) struct TextArray {
    body: Body,
    start: u64,
    descr: String,
    form: TextType,
    shape: Vec<usize>,
    next: usize,
    bytes: Vec<u8>,
}

impl TextArray {
    /// The array whose header of `start` bytes has just been read from the body. A matrix of strings is of no use,
    /// so the order in memory does not matter.
    pub(crate) fn new(body: Body, start: u64, descr: String, form: TextType, shape: Vec<usize>) -> TextArray {
        TextArray { body, start, descr, form, shape, next: 0, bytes: Vec::new() }
    }

    /// Compares what the header promises with what is there, and with what labels are.
    pub(crate) fn check(&mut self) -> Result<()> {
        let (size, name) = (self.form.bytes(), self.body.name());
        if size > MAX_BYTES {
            let most = thousands(MAX_BYTES as u64);
            let problem = format!("holds strings of {} bytes; labels take up to {most} each", thousands(size as u64));
            return Err(DataError::file(name, problem));
        }
        if size == 0 {
            return Err(DataError::file(name, format!("holds strings without a letter (dtype {:?})", self.descr)));
        }
        promised_bytes(&self.body, self.start, &self.descr, size, &self.shape)?;
        self.bytes.resize(size, 0);
        Ok(())
    }

    pub(crate) fn name(&self) -> &str {
        self.body.name()
    }

    pub(crate) fn descr(&self) -> &str {
        &self.descr
    }

    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The next row's string, after [`TextArray::check`]; `None` after the last.
    pub(crate) fn next(&mut self) -> Result<Option<String>> {
        let row = self.next;
        if row == self.shape[0] {
            return match self.body.fill(&mut [0])? {
                0 => Ok(None),
                _ => Err(DataError::file(self.name(), "has the wrong size: it goes on after its last string")),
            };
        }
        if self.body.fill(&mut self.bytes)? < self.bytes.len() {
            let problem = format!("is truncated: it ends before its {} strings", tuple(&self.shape));
            return Err(DataError::file(self.name(), problem));
        }
        self.next += 1;
        let text = if self.form.wide { self.utf32() } else { self.utf8() };
        match text {
            Some(text) => Ok(Some(text)),
            None => Err(DataError::file(
                self.name(),
                format!("row {row} is no text; expected a string in UTF-{}", if self.form.wide { "32" } else { "8" }),
            )),
        }
    }

    fn utf8(&self) -> Option<String> {
        let end = self.bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        std::str::from_utf8(&self.bytes[..end]).ok().map(str::to_owned)
    }

    fn utf32(&self) -> Option<String> {
        let (chars, _) = self.bytes.as_chunks::<4>();
        let code = |&c: &[u8; 4]| if self.form.big_endian { u32::from_be_bytes(c) } else { u32::from_le_bytes(c) };
        let end = chars.iter().rposition(|c| code(c) != 0).map_or(0, |last| last + 1);
        chars[..end].iter().map(|c| char::from_u32(code(c))).collect()
    }
}

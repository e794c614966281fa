//! NumPy's `.npy`: a header in Python's syntax, then the values.

use std::path::Path;

use crate::Result;
use crate::array::{Array, tuple};
use crate::element::{Element, Kind};
use crate::error::DataError;
use crate::input::Body;

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Longest header that is read. NumPy's own are 118 bytes; only structured types need thousands.
const MAX_HEADER: usize = 1 << 16;

/// Opens a file: header versions 1 to 3, bool, integers and floats of any byte order, C or Fortran
/// order.
pub(crate) fn open(path: &Path) -> Result<Array> {
    read(Body::open(path)?)
}

/// Reads the header from the front of a body.
pub(crate) fn read(mut body: Body) -> Result<Array> {
    let name = body.name().to_owned();
    let mut lead = [0; 12];
    let got = body.fill(&mut lead[..10])?;
    let found = &lead[..got.min(MAGIC.len())];
    if !MAGIC.starts_with(found) {
        return Err(DataError::file(
            name,
            format!("is no .npy file: it starts with {found:02x?}, not with {MAGIC:02x?}"),
        ));
    }
    let cut = || DataError::file(&name, "is truncated within its .npy header");
    if got < 10 {
        return Err(cut());
    }
    let (length, start) = match lead[6] {
        1 => (usize::from(u16::from_le_bytes([lead[8], lead[9]])), 10),
        2 | 3 => {
            if body.fill(&mut lead[10..])? < 2 {
                return Err(cut());
            }
            (u32::from_le_bytes([lead[8], lead[9], lead[10], lead[11]]) as usize, 12)
        }
        version => {
            return Err(DataError::file(name, format!("has .npy version {version}; versions 1 to 3 can be read")));
        }
    };
    if length > MAX_HEADER {
        return Err(DataError::file(
            name,
            format!("has a header of {length} bytes; that of an array of numbers has about 100"),
        ));
    }
    let mut text = vec![0; length];
    if body.fill(&mut text)? < length {
        return Err(cut());
    }
    let header = parse(&String::from_utf8_lossy(&text)).map_err(|p| DataError::file(&name, p))?;
    Array::new(body, (start + length) as u64, header.element, header.shape, header.fortran)
}

/// The front of a file in C order: padded so that the values start at a multiple of 64.
pub(crate) fn header_bytes(descr: &str, shape: &[usize]) -> Vec<u8> {
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {}, }}", tuple(shape));
    let padding = 64 - (10 + text.len() + 1) % 64;
    text.extend(std::iter::repeat_n(' ', padding % 64));
    text.push('\n');
    let mut bytes = MAGIC.to_vec();
    bytes.extend([1, 0]);
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.bytes());
    bytes
}

#[derive(Debug)]
struct Header {
    element: Element,
    fortran: bool,
    shape: Vec<usize>,
}

/// `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`
fn parse(text: &str) -> Result<Header, String> {
    let mut rest = Python(text);
    let (mut element, mut fortran, mut shape) = (None, None, None);
    rest.expect('{')?;
    while !rest.accept('}') {
        let key = rest.string()?;
        rest.expect(':')?;
        match key {
            "descr" if rest.peek() == Some('[') => {
                return Err("holds records (a structured dtype); expected an array of numbers, \
                            for example one field of it"
                    .to_owned());
            }
            "descr" => element = Some(element_of(rest.string()?)?),
            "fortran_order" => fortran = Some(rest.boolean()?),
            "shape" => shape = Some(rest.tuple()?),
            _ => return Err(rest.unexpected(&format!("the key {key:?}"))),
        }
        if !rest.accept(',') && rest.peek() != Some('}') {
            return Err(rest.unexpected("no comma"));
        }
    }
    match (element, fortran, shape) {
        (Some(element), Some(fortran), Some(shape)) => Ok(Header { element, fortran, shape }),
        _ => Err("has a broken .npy header: descr, fortran_order or shape is missing".to_owned()),
    }
}

/// `<f8`, `|b1`, `>i4`.
fn element_of(descr: &str) -> Result<Element, String> {
    let (order, code) = match descr.chars().next() {
        Some(order @ ('<' | '>' | '|' | '=')) => (order, &descr[1..]),
        _ => ('<', descr),
    };
    let kind = match code {
        "b1" | "?" => Kind::Bool,
        "i1" => Kind::I8,
        "u1" => Kind::U8,
        "i2" => Kind::I16,
        "u2" => Kind::U16,
        "i4" => Kind::I32,
        "u4" => Kind::U32,
        "i8" => Kind::I64,
        "u8" => Kind::U64,
        "f2" => Kind::F16,
        "f4" => Kind::F32,
        "f8" => Kind::F64,
        _ => {
            let what = match code.chars().next() {
                Some('O') => "Python objects",
                Some('U' | 'S' | 'a') => "strings",
                Some('c') => "complex numbers",
                Some('M' | 'm') => "dates or times",
                Some('V') => "raw bytes",
                Some('f') => "floats of an unusual width",
                _ => "elements of an unknown kind",
            };
            return Err(format!("holds {what} (dtype {descr:?}); expected bool, integers or floats of 16 to 64 bits"));
        }
    };
    Ok(Element { kind, big_endian: order == '>' })
}

/// The rest of a header, read from the front.
struct Python<'a>(&'a str);

impl<'a> Python<'a> {
    fn peek(&mut self) -> Option<char> {
        self.0 = self.0.trim_start();
        self.0.chars().next()
    }

    fn accept(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.0 = &self.0[wanted.len_utf8()..];
        }
        found
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.accept(wanted) { Ok(()) } else { Err(self.unexpected(&format!("no {wanted:?}"))) }
    }

    fn unexpected(&self, what: &str) -> String {
        let near: String = self.0.chars().take(20).collect();
        format!("has a broken .npy header: {what} at {near:?}")
    }

    fn string(&mut self) -> Result<&'a str, String> {
        let quote = match self.peek() {
            Some(quote @ ('\'' | '"')) => quote,
            _ => return Err(self.unexpected("no string")),
        };
        match self.0[1..].split_once(quote) {
            Some((string, rest)) => {
                self.0 = rest;
                Ok(string)
            }
            None => Err(self.unexpected("an open string")),
        }
    }

    fn boolean(&mut self) -> Result<bool, String> {
        self.peek();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = self.0.strip_prefix(word) {
                self.0 = rest;
                return Ok(value);
            }
        }
        Err(self.unexpected("neither True nor False"))
    }

    fn tuple(&mut self) -> Result<Vec<usize>, String> {
        let mut numbers = Vec::new();
        self.expect('(')?;
        while !self.accept(')') {
            self.peek();
            let end = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
            let number = self.0[..end].parse().map_err(|_| self.unexpected("no size"))?;
            numbers.push(number);
            // Python 2 wrote long integers with an L
            self.0 = self.0[end..].strip_prefix('L').unwrap_or(&self.0[end..]);
            if !self.accept(',') && self.peek() != Some(')') {
                return Err(self.unexpected("no comma"));
            }
        }
        Ok(numbers)
    }
}

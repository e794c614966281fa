//! NumPy's `.npy`: a header in Python's syntax, then the values.

use std::fmt;
use std::path::Path;

use crate::Result;
use crate::array::{Array, tuple};
use crate::element::{Element, Kind};
use crate::error::DataError;
use crate::input::Body;
use crate::keys::Contents;
use crate::text::{TextArray, TextType};

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Longest header that is read. NumPy's own are 118 bytes; only structured types need thousands.
const MAX_HEADER: usize = 1 << 16;

/// Opens a file: header versions 1 to 3, bool, integers and floats of any byte order, C or Fortran
/// order.
pub(crate) fn open(path: &Path) -> Result<Array> {
    read(Body::open(path)?)
}

/// The numbers of a body.
pub(crate) fn read(body: Body) -> Result<Array> {
    contents(body)?.numbers()
}

/// Whatever a body holds, numbers or strings.
pub(crate) fn contents(mut body: Body) -> Result<Contents> {
    let header = header(&mut body)?;
    match header.descr {
        Descr::Number(element) => {
            Ok(Contents::Numbers(Array::new(body, header.length, element, header.shape, header.fortran)?))
        }
        Descr::Text(descr, form) => Ok(Contents::Texts(TextArray::new(body, header.length, descr, form, header.shape))),
        Descr::Other { problem, .. } => Err(DataError::file(body.name(), problem)),
    }
}

/// Reads the header from the front of a body.
pub(crate) fn header(body: &mut Body) -> Result<Header> {
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
    let mut header = parse(&String::from_utf8_lossy(&text)).map_err(|p| DataError::file(&name, p))?;
    header.length = (start + length) as u64;
    Ok(header)
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

/// What stands before the values.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) descr: Descr,
    fortran: bool,
    pub(crate) shape: Vec<usize>,
    /// Its bytes, magic included.
    length: u64,
}

/// What the elements are.
#[derive(Debug)]
pub(crate) enum Descr {
    Number(Element),
    Text(String, TextType),
    /// Nothing that is read, and why.
    Other {
        descr: String,
        problem: String,
    },
}

impl fmt::Display for Descr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Descr::Number(element) => element.fmt(f),
            Descr::Text(descr, _) | Descr::Other { descr, .. } => f.write_str(descr),
        }
    }
}

/// `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`
fn parse(text: &str) -> Result<Header, String> {
    let mut rest = Python(text);
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    rest.expect('{')?;
    while !rest.accept('}') {
        let key = rest.string()?;
        rest.expect(':')?;
        match key {
            "descr" if rest.peek() == Some('[') => {
                let problem = "holds records (a structured dtype); expected an array of numbers, \
                               for example one field of it";
                descr = Some(Descr::Other { descr: rest.list()?.to_owned(), problem: problem.to_owned() });
            }
            "descr" => descr = Some(descr_of(rest.string()?)),
            "fortran_order" => fortran = Some(rest.boolean()?),
            "shape" => shape = Some(rest.tuple()?),
            _ => return Err(rest.unexpected(&format!("the key {key:?}"))),
        }
        if !rest.accept(',') && rest.peek() != Some('}') {
            return Err(rest.unexpected("no comma"));
        }
    }
    match (descr, fortran, shape) {
        (Some(descr), Some(fortran), Some(shape)) => Ok(Header { descr, fortran, shape, length: 0 }),
        _ => Err("has a broken .npy header: descr, fortran_order or shape is missing".to_owned()),
    }
}

/// `<f8`, `|b1`, `>i4`, `<U7`.
fn descr_of(descr: &str) -> Descr {
    let (order, code) = match descr.chars().next() {
        Some(order @ ('<' | '>' | '|' | '=')) => (order, &descr[1..]),
        _ => ('<', descr),
    };
    let big_endian = order == '>';
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
            let text = |width: &str, wide| {
                let form = TextType { chars: width.parse().ok()?, wide, big_endian };
                Some(Descr::Text(descr.to_owned(), form))
            };
            let texts = match code.split_at_checked(1) {
                Some(("U", width)) => text(width, true),
                Some(("S" | "a", width)) => text(width, false),
                _ => None,
            };
            if let Some(texts) = texts {
                return texts;
            }
            let what = match code.chars().next() {
                Some('O') => "Python objects",
                Some('U' | 'S' | 'a') => "strings of unknown width",
                Some('c') => "complex numbers",
                Some('M' | 'm') => "dates or times",
                Some('V') => "raw bytes",
                Some('f') => "floats of an unusual width",
                _ => "elements of an unknown kind",
            };
            let problem = format!("holds {what} (dtype {descr:?}); expected bool, integers or floats of 16 to 64 bits");
            return Descr::Other { descr: descr.to_owned(), problem };
        }
    };
    Descr::Number(Element { kind, big_endian })
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

    /// A list of whatever, with its brackets.
    fn list(&mut self) -> Result<&'a str, String> {
        let (mut depth, mut quote) = (0usize, None);
        for (at, c) in self.0.char_indices() {
            match (quote, c) {
                (None, '\'' | '"') => quote = Some(c),
                (None, '[') => depth += 1,
                (None, ']') if depth == 1 => {
                    let (list, rest) = self.0.split_at(at + 1);
                    self.0 = rest;
                    return Ok(list);
                }
                (None, ']') => depth = depth.saturating_sub(1),
                (Some(open), c) if open == c => quote = None,
                _ => {}
            }
        }
        Err(self.unexpected("an open list"))
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

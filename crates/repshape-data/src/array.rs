//! A binary array of known type and shape, read row by row in bounded memory.

use std::fmt::Display;
use std::ops::Range;

use crate::Result;
use crate::element::{Element, Kind, Real};
use crate::error::{DataError, thousands};
use crate::input::{Body, Size, reserve};
use crate::matrix::RowSource;
use crate::numbers::Numbers;
use crate::set::Values;

/// Most dimensions of an array.
pub(crate) const MAX_DIMENSIONS: usize = 5;

/// Bytes read at a time.
const CHUNK: usize = 1 << 16;

/// Bytes that a Fortran-ordered array may keep, so that few long pieces of each unit are read and not many
/// short ones.
const FORTRAN_BYTES: usize = 32 << 20;

/// Values of a Fortran-ordered array that are put side by side at a time: rows that are being made stay in the cache.
const FORTRAN_VALUES: usize = 1 << 15;

/// An array whose leading axis is the rows.
pub(crate) struct Array {
    body: Body,
    element: Element,
    shape: Vec<usize>,
    units: usize,
    /// Where the values start.
    start: u64,
    next_row: usize,
    bytes: Vec<u8>,
    fortran: Option<Fortran>,
}

/// What a Fortran-ordered array needs beyond: some rows as bytes, one unit after the other as in the file.
#[derive(Default)]
struct Fortran {
    kept: Vec<u8>,
    rows: Range<usize>,
}

impl Array {
    /// An array whose header of `start` bytes has just been read from the body: compares what the
    /// header promises with what is there.
    pub(crate) fn new(body: Body, start: u64, element: Element, shape: Vec<usize>, fortran: bool) -> Result<Array> {
        let promised = promised_bytes(&body, start, element, element.size(), &shape)?;
        let fortran = fortran && shape.len() > 1;
        // within what was compared just now, or is compared before so much is allocated
        let units = shape[1..].iter().product::<usize>();
        let mut array = Array { body, element, shape, units, start, next_row: 0, bytes: Vec::new(), fortran: None };
        if fortran {
            if !array.body.is_plain() {
                array.body = array.body.spooled(promised)?;
                array.start = 0;
                if let Size::Exactly(all) = array.body.size()
                    && all != promised
                {
                    return Err(array.wrong_end(all < promised));
                }
            }
            array.fortran = Some(Fortran::default());
        }
        Ok(array)
    }

    /// Number of rows.
    pub(crate) fn row_count(&self) -> usize {
        self.shape[0]
    }

    /// All values as a data set keeps them: bytes stay bytes, to be divided by `divisor`.
    pub(crate) fn read_values(&mut self, divisor: f32) -> Result<Values> {
        let name = self.name().to_owned();
        let total = self.row_count() * self.units;
        let mut block = Vec::new();
        let rows = (CHUNK / self.units).max(1);
        if self.element.kind == Kind::U8 {
            let mut bytes = Vec::new();
            reserve(&mut bytes, total, &name)?;
            while self.next_block(&mut block, rows)? > 0 {
                bytes.extend(block.iter().map(|&value| value as u8));
            }
            return Ok(Values::Bytes { bytes, divisor });
        }
        let mut reals = Vec::new();
        reserve(&mut reals, total, &name)?;
        while self.next_block(&mut block, rows)? > 0 {
            reals.extend(block.iter().map(|&value| value as f32));
        }
        Ok(Values::Reals(reals))
    }

    /// The next rows, in either precision.
    fn read<T: Real>(&mut self, block: &mut Vec<T>, max_rows: usize) -> Result<usize> {
        block.clear();
        let rows = max_rows.min(self.row_count() - self.next_row);
        if rows == 0 {
            return Ok(0);
        }
        // a pipe may promise what it does not hold
        if !matches!(self.body.size(), Size::Unknown) {
            reserve(block, rows * self.units, self.body.name())?;
        }
        match self.fortran.take() {
            None => self.read_rows(rows, block)?,
            Some(mut fortran) => {
                let read = self.read_columns(&mut fortran, rows, block);
                self.fortran = Some(fortran);
                read?;
            }
        }
        self.next_row += rows;
        Ok(rows)
    }

    /// The next rows of a C-ordered array: one piece of the file.
    fn read_rows<T: Real>(&mut self, rows: usize, block: &mut Vec<T>) -> Result<()> {
        let mut left = rows.saturating_mul(self.units);
        let most = CHUNK / self.element.size();
        while left > 0 {
            let count = left.min(most);
            self.bytes.resize(count * self.element.size(), 0);
            if self.body.fill(&mut self.bytes)? < self.bytes.len() {
                return Err(self.wrong_end(true));
            }
            if block.capacity() - block.len() < count {
                let more = count.max(block.len()).min(left);
                reserve(block, more, self.body.name())?;
            }
            self.element.decode(&self.bytes, block);
            left -= count;
        }
        if self.next_row + rows == self.row_count() && self.body.fill(&mut [0])? > 0 {
            return Err(self.wrong_end(false));
        }
        Ok(())
    }

    /// The next rows of a Fortran-ordered array: a piece of each unit.
    fn read_columns<T: Real>(&mut self, fortran: &mut Fortran, rows: usize, block: &mut Vec<T>) -> Result<()> {
        let size = self.element.size();
        let at_once = (FORTRAN_VALUES / self.units).max(64);
        let mut column = Vec::new();
        let mut wanted = self.next_row..self.next_row + rows;
        while !wanted.is_empty() {
            if !fortran.rows.contains(&wanted.start) {
                self.keep_columns(fortran, wanted.start)?;
            }
            let rows = wanted.len().min(at_once).min(fortran.rows.end - wanted.start);
            let first = block.len();
            block.resize(first + rows * self.units, T::default());
            for (at, kept) in fortran.kept.chunks_exact(fortran.rows.len() * size).enumerate() {
                let start = (wanted.start - fortran.rows.start) * size;
                column.clear();
                self.element.decode(&kept[start..start + rows * size], &mut column);
                let place = first + row_major_place(&self.shape[1..], at);
                let into = block[place..].iter_mut().step_by(self.units);
                into.zip(&column).for_each(|(into, &value)| *into = value);
            }
            wanted.start += rows;
        }
        Ok(())
    }

    /// Reads as many rows as may be kept, from the given one on.
    fn keep_columns(&mut self, fortran: &mut Fortran, start: usize) -> Result<()> {
        let size = self.element.size();
        let count = (FORTRAN_BYTES / size / self.units).max(1).min(self.row_count() - start);
        fortran.rows = 0..0;
        let bytes = count * self.units * size;
        let more = bytes.saturating_sub(fortran.kept.len());
        reserve(&mut fortran.kept, more, self.body.name())?;
        fortran.kept.resize(bytes, 0);
        for (at, kept) in fortran.kept.chunks_exact_mut(count * size).enumerate() {
            let first = at as u64 * self.row_count() as u64 + start as u64;
            if self.body.fill_at(self.start + first * size as u64, kept)? < kept.len() {
                return Err(self.wrong_end(true));
            }
        }
        fortran.rows = start..start + count;
        Ok(())
    }

    fn wrong_end(&self, early: bool) -> DataError {
        let problem = match early {
            true => "is truncated: it ends before the values that its header promises",
            false => "has the wrong size: it goes on after the values that its header promises",
        };
        DataError::file(self.name(), format!("{problem} (shape {})", tuple(&self.shape)))
    }
}

impl RowSource for Array {
    fn name(&self) -> &str {
        self.body.name()
    }

    fn rows(&self) -> Option<usize> {
        Some(self.row_count())
    }

    fn units(&self) -> usize {
        self.units
    }

    fn row_shape(&self) -> &[usize] {
        &self.shape[1..]
    }

    fn next_block(&mut self, block: &mut Vec<f64>, max_rows: usize) -> Result<usize> {
        self.read(block, max_rows)
    }

    fn next_numbers(&mut self, block: &mut Numbers, max_rows: usize) -> Result<usize> {
        match self.element.is_single() {
            true => self.read(block.single(), max_rows),
            false => self.read(block.double(), max_rows),
        }
    }
}

/// How many bytes the values take, compared with what the body has after the header of `start` bytes.
/// `size` is that of one element, which messages call `element`.
pub(crate) fn promised_bytes(
    body: &Body,
    start: u64,
    element: impl Display,
    size: usize,
    shape: &[usize],
) -> Result<u64> {
    let name = body.name();
    let tuple = tuple(shape);
    if shape.is_empty() || shape.len() > MAX_DIMENSIONS {
        return Err(DataError::file(
            name,
            format!("has shape {tuple}; expected 1 to {MAX_DIMENSIONS} dimensions, rows first"),
        ));
    }
    if shape.contains(&0) {
        return Err(DataError::file(name, format!("has shape {tuple}: there are no values")));
    }
    let promised = shape
        .iter()
        .try_fold(size as u64, |product, &n| product.checked_mul(n as u64))
        .filter(|&bytes| bytes <= i64::MAX as u64);
    let Some(promised) = promised else {
        return Err(DataError::file(name, format!("claims the impossible shape {tuple}")));
    };
    let says = format!("its header promises {} bytes of values (shape {tuple} of {element})", thousands(promised));
    match body.size() {
        Size::Exactly(all) => {
            let have = all.saturating_sub(start);
            if have < promised {
                let have = thousands(have);
                return Err(DataError::file(name, format!("is truncated: {says}, but {have} follow")));
            }
            if have > promised {
                let have = thousands(have);
                return Err(DataError::file(name, format!("has the wrong size: {says}, but {have} follow")));
            }
        }
        Size::AtMost(limit) => {
            if promised.saturating_add(start) > limit {
                let problem = format!(
                    "{says}, more than its compressed data can hold or 200 times their size; unpack the file to use it all the same"
                );
                return Err(DataError::file(name, problem));
            }
        }
        Size::Unknown => {}
    }
    Ok(promised)
}

/// Where the element at place `at` of column-major order stands in row-major order.
fn row_major_place(shape: &[usize], mut at: usize) -> usize {
    let mut place = 0;
    let mut stride = shape.iter().product::<usize>();
    for &n in shape {
        stride /= n;
        place += at % n * stride;
        at /= n;
    }
    place
}

/// A shape as Python writes it: `(3, 4)`, `(3,)`.
pub(crate) fn tuple(shape: &[usize]) -> String {
    match shape {
        [n] => format!("({n},)"),
        _ => {
            let numbers: Vec<String> = shape.iter().map(usize::to_string).collect();
            format!("({})", numbers.join(", "))
        }
    }
}

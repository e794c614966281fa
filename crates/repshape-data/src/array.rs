//! A binary array of known type and shape, read row by row in bounded memory.

use crate::Result;
use crate::element::{Element, Kind};
use crate::error::{DataError, thousands};
use crate::input::{Body, Size, reserve};
use crate::matrix::RowSource;
use crate::set::Values;

/// Most dimensions of an array.
pub(crate) const MAX_DIMENSIONS: usize = 5;

/// Bytes read at a time.
const CHUNK: usize = 1 << 16;

/// Bytes of f64 that a Fortran-ordered array may keep, so that few long pieces of each unit are
/// read and not many short ones.
const FORTRAN_BYTES: usize = 32 << 20;

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

/// What a Fortran-ordered array needs beyond.
#[derive(Default)]
struct Fortran {
    /// The row-major place of each unit, in the file's order.
    places: Vec<usize>,
    /// Some rows, row-major.
    kept: Vec<f64>,
    kept_rows: std::ops::Range<usize>,
    column: Vec<f64>,
}

impl Array {
    /// An array whose header of `start` bytes has just been read from the body: compares what the
    /// header promises with what is there.
    pub(crate) fn new(body: Body, start: u64, element: Element, shape: Vec<usize>, fortran: bool) -> Result<Array> {
        let name = body.name().to_owned();
        let tuple = tuple(&shape);
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
            .try_fold(element.size() as u64, |product, &n| product.checked_mul(n as u64))
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
                    let problem = format!("is truncated: {says}, but {have} follow");
                    return Err(DataError::file(name, problem));
                }
                if have > promised {
                    let have = thousands(have);
                    let problem = format!("has the wrong size: {says}, but {have} follow");
                    return Err(DataError::file(name, problem));
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
        }
        // within what was compared just now, on any machine that could hold the file
        let units = shape[1..].iter().product::<usize>();
        let mut array = Array { body, element, shape, units, start, next_row: 0, bytes: Vec::new(), fortran: None };
        if fortran && array.shape.len() > 1 {
            let mut places = Vec::new();
            reserve(&mut places, units, &name)?;
            places.extend((0..units).map(|at| row_major_place(&array.shape[1..], at)));
            array.fortran = Some(Fortran { places, ..Fortran::default() });
            if !array.body.is_plain() {
                array.body = array.body.spooled(promised)?;
                array.start = 0;
                if let Size::Exactly(all) = array.body.size()
                    && all != promised
                {
                    return Err(array.wrong_end(all < promised));
                }
            }
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

    /// The next rows of a C-ordered array: one piece of the file.
    fn read_rows(&mut self, rows: usize, block: &mut Vec<f64>) -> Result<()> {
        let mut left = rows * self.units;
        let most = CHUNK / self.element.size();
        while left > 0 {
            let count = left.min(most);
            self.bytes.resize(count * self.element.size(), 0);
            if self.body.fill(&mut self.bytes)? < self.bytes.len() {
                return Err(self.wrong_end(true));
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
    fn read_columns(&mut self, fortran: &mut Fortran, rows: usize, block: &mut Vec<f64>) -> Result<()> {
        let wanted = self.next_row..self.next_row + rows;
        if wanted.start < fortran.kept_rows.start || wanted.end > fortran.kept_rows.end {
            let most = FORTRAN_BYTES / size_of::<f64>() / self.units;
            let count = most.max(rows).min(self.row_count() - wanted.start);
            fortran.kept_rows = 0..0;
            fortran.kept.clear();
            reserve(&mut fortran.kept, count * self.units, self.body.name())?;
            fortran.kept.resize(count * self.units, 0.0);
            let size = self.element.size();
            for (at, &place) in fortran.places.iter().enumerate() {
                self.bytes.resize(count * size, 0);
                let first = at as u64 * self.row_count() as u64 + wanted.start as u64;
                let start = self.start + first * size as u64;
                if self.body.fill_at(start, &mut self.bytes)? < self.bytes.len() {
                    return Err(self.wrong_end(true));
                }
                fortran.column.clear();
                self.element.decode(&self.bytes, &mut fortran.column);
                let kept = fortran.kept[place..].iter_mut().step_by(self.units);
                kept.zip(&fortran.column).for_each(|(kept, &value)| *kept = value);
            }
            fortran.kept_rows = wanted.start..wanted.start + count;
        }
        let offset = (wanted.start - fortran.kept_rows.start) * self.units;
        block.extend_from_slice(&fortran.kept[offset..offset + rows * self.units]);
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
        block.clear();
        let rows = max_rows.min(self.row_count() - self.next_row);
        if rows == 0 {
            return Ok(0);
        }
        reserve(block, rows * self.units, self.body.name())?;
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

//! A block: some consecutive rows of one site, borrowed from the caller.

use faer::MatRef;

use crate::StatsError;

/// The numbers of a block, one row after another, or a matrix view of any strides.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Values<'a> {
    /// Row-major single precision.
    F32(&'a [f32]),
    /// Row-major double precision.
    F64(&'a [f64]),
    /// A view of `rows x units`, single precision.
    MatF32(MatRef<'a, f32>),
    /// A view of `rows x units`, double precision.
    MatF64(MatRef<'a, f64>),
}

impl<'a> From<&'a [f32]> for Values<'a> {
    fn from(values: &'a [f32]) -> Self {
        Self::F32(values)
    }
}

impl<'a> From<&'a [f64]> for Values<'a> {
    fn from(values: &'a [f64]) -> Self {
        Self::F64(values)
    }
}

/// Consecutive rows of one site: `rows x units` numbers, with a label for each row if there are classes.
///
/// The index of the first row in the whole data set names a bad row in errors and decides which rows a bounded
/// sample keeps, so that neither depends on how the rows were split into blocks. A block that does not say its
/// first row follows the rows that the sketch has seen already; say it where several sketches are merged.
///
/// ```
/// use repshape_stats::Block;
/// let z = [0.0_f32, 1.0, 2.0, 3.0, 4.0, 5.0];
/// let block = Block::new(&z[..], 2)?.with_labels(&[0, 1, 0])?.starting_at(600);
/// assert_eq!((block.rows(), block.units()), (3, 2));
/// # Ok::<(), repshape_stats::StatsError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Block<'a> {
    values: Values<'a>,
    rows: usize,
    units: usize,
    labels: Option<&'a [u32]>,
    first_row: Option<u64>,
}

impl<'a> Block<'a> {
    /// Rows of `units` numbers each, from a row-major slice of `f32` or `f64`.
    ///
    /// # Errors
    /// If `units` is 0, or does not divide (or, for a view, equal) what is there.
    pub fn new(values: impl Into<Values<'a>>, units: usize) -> Result<Self, StatsError> {
        if units == 0 {
            return Err(StatsError::NoUnits);
        }
        let values = values.into();
        let ragged = |values: usize| StatsError::Ragged { values, units };
        let count = |len: usize| {
            if len.is_multiple_of(units) { Ok(len / units) } else { Err(ragged(len)) }
        };
        let rows = match values {
            Values::F32(slice) => count(slice.len())?,
            Values::F64(slice) => count(slice.len())?,
            Values::MatF32(view) if view.ncols() == units => view.nrows(),
            Values::MatF64(view) if view.ncols() == units => view.nrows(),
            Values::MatF32(view) => return Err(ragged(view.nrows() * view.ncols())),
            Values::MatF64(view) => return Err(ragged(view.nrows() * view.ncols())),
        };
        Ok(Self { values, rows, units, labels: None, first_row: None })
    }

    /// The rows of a `faer` view, single precision, of any strides.
    ///
    /// # Errors
    /// If the view has no columns.
    pub fn from_view_f32(view: MatRef<'a, f32>) -> Result<Self, StatsError> {
        Self::new(Values::MatF32(view), view.ncols())
    }

    /// The rows of a `faer` view, double precision, of any strides.
    ///
    /// # Errors
    /// If the view has no columns.
    pub fn from_view_f64(view: MatRef<'a, f64>) -> Result<Self, StatsError> {
        Self::new(Values::MatF64(view), view.ncols())
    }

    /// The class of each row.
    ///
    /// # Errors
    /// If there is not one label for each row.
    pub fn with_labels(self, labels: &'a [u32]) -> Result<Self, StatsError> {
        if labels.len() != self.rows {
            return Err(StatsError::LabelCount { labels: labels.len(), rows: self.rows });
        }
        Ok(Self { labels: Some(labels), ..self })
    }

    /// The index of the first row in the whole data set, from 0.
    #[must_use]
    pub fn starting_at(self, first_row: u64) -> Self {
        Self { first_row: Some(first_row), ..self }
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of units.
    #[must_use]
    pub fn units(&self) -> usize {
        self.units
    }

    /// The class of each row, if labelled.
    #[must_use]
    pub fn labels(&self) -> Option<&'a [u32]> {
        self.labels
    }

    /// The index of the first row in the whole data set, if the caller said it.
    #[must_use]
    pub fn first_row(&self) -> Option<u64> {
        self.first_row
    }

    /// Rows `start..start + rows` as row-major `f64`, into a buffer of exactly that size.
    pub(crate) fn copy_rows(&self, start: usize, into: &mut [f64]) {
        let (from, to) = (start * self.units, start * self.units + into.len());
        match self.values {
            Values::F32(slice) => widen(&slice[from..to], into),
            Values::F64(slice) => into.copy_from_slice(&slice[from..to]),
            Values::MatF32(view) => {
                for (n, row) in into.chunks_exact_mut(self.units).enumerate() {
                    row.iter_mut().enumerate().for_each(|(i, z)| *z = f64::from(view[(start + n, i)]));
                }
            }
            Values::MatF64(view) => {
                for (n, row) in into.chunks_exact_mut(self.units).enumerate() {
                    row.iter_mut().enumerate().for_each(|(i, z)| *z = view[(start + n, i)]);
                }
            }
        }
    }

    /// The first NaN or infinity in rows `start..end`, as (row of the block, unit, value).
    pub(crate) fn first_non_finite(&self, start: usize, end: usize) -> Option<(usize, usize, f64)> {
        let cell = |at: usize, value: f64| (at / self.units, at % self.units, value);
        let (from, to) = (start * self.units, end * self.units);
        match self.values {
            Values::F32(slice) => {
                find(&slice[from..to], |x| x.is_finite()).map(|at| cell(from + at, f64::from(slice[from + at])))
            }
            Values::F64(slice) => find(&slice[from..to], |x| x.is_finite()).map(|at| cell(from + at, slice[from + at])),
            Values::MatF32(view) => (start..end)
                .flat_map(|n| (0..self.units).map(move |i| (n, i)))
                .find(|&at| !view[at].is_finite())
                .map(|(n, i)| (n, i, f64::from(view[(n, i)]))),
            Values::MatF64(view) => (start..end)
                .flat_map(|n| (0..self.units).map(move |i| (n, i)))
                .find(|&at| !view[at].is_finite())
                .map(|(n, i)| (n, i, view[(n, i)])),
        }
    }
}

/// The first value that is not finite. Whole pieces are tested without leaving early, which vectorises.
fn find<T>(values: &[T], finite: impl Fn(&T) -> bool) -> Option<usize> {
    const PIECE: usize = 1024;
    let piece = values.chunks(PIECE).position(|piece| !piece.iter().fold(true, |all, x| all & finite(x)))?;
    let start = piece * PIECE;
    values[start..].iter().position(|x| !finite(x)).map(|at| start + at)
}

fn widen(from: &[f32], into: &mut [f64]) {
    for (wide, &narrow) in into.iter_mut().zip(from) {
        *wide = f64::from(narrow);
    }
}

//! Matrices to measure: rows by units, read in bounded memory, of any format of the catalog.

use std::io::Read;
use std::path::Path;

use crate::error::{DataError, shown};
use crate::input::{Body, reserve};
use crate::keys::Keyed;
use crate::labels::{self, LabelOptions, Labels};
use crate::npz::Archive;
use crate::numbers::Numbers;
#[cfg(feature = "parquet")]
use crate::parquet;
use crate::safetensors::Tensors;
use crate::{Result, csv, idx, keys, npy};

/// Rows that come in blocks. The leading axis of an array is the rows; the others are flattened in row-major
/// order, whatever the order in the file.
///
/// ```
/// use repshape_data::{MatrixOptions, open_matrix, write};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("z.npy");
/// write::write_npy(&path, &[5, 2], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0])?;
/// let mut source = open_matrix(&path, &MatrixOptions::default())?;
/// let (mut block, mut rows) = (Vec::new(), 0);
/// loop {
///     let read = source.next_block(&mut block, 2)?;
///     if read == 0 {
///         break;
///     }
///     assert_eq!(block.len(), read * source.units());
///     rows += read;
/// }
/// assert_eq!(rows, 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait RowSource: Send {
    /// How messages call it: the file, with the key of an archive's array.
    fn name(&self) -> &str;

    /// Number of rows, if the file says so before its end (text does not).
    fn rows(&self) -> Option<usize>;

    /// Number of units: the product of [`RowSource::row_shape`].
    fn units(&self) -> usize;

    /// The shape of one row: `[3, 32, 32]` for an array N x 3 x 32 x 32, empty for a one-dimensional array
    /// (one unit).
    fn row_shape(&self) -> &[usize];

    /// Replaces `block` by the next rows, row-major, `max_rows` at most, and says how many; 0 only after the
    /// last. NaN and infinite values pass: whoever measures names row and unit.
    ///
    /// # Errors
    ///
    /// A truncated or broken file, a field of text that is no number; the message names the file and the place.
    fn next_block(&mut self, block: &mut Vec<f64>, max_rows: usize) -> Result<usize>;

    /// As [`RowSource::next_block`], in the precision of the file: f32 where nothing is lost by it, which is
    /// faster. One source gives blocks of one precision.
    ///
    /// # Errors
    ///
    /// As [`RowSource::next_block`].
    fn next_numbers(&mut self, block: &mut Numbers, max_rows: usize) -> Result<usize> {
        self.next_block(block.double(), max_rows)
    }
}

/// What of a file is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MatrixOptions {
    /// The array of an archive. Default: the only one, or the only one with more than one
    /// dimension.
    pub key: Option<String>,
    /// A column of a table that holds labels, by name: it is left out. Read it by
    /// [`crate::read_labels`] with the same name as key.
    pub label_column: Option<String>,
}

/// Opens a file that holds several arrays.
type OpenKeyed = fn(&Path) -> Result<Box<dyn Keyed>>;

/// One row of the catalog of formats.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// Its name.
    pub name: &'static str,
    /// The ends of file names by which it is known; `.gz` may follow.
    pub endings: &'static [&'static str],
    /// The bytes at the front by which it is known where the name's end says nothing.
    pub magic: &'static [u8],
    /// Whether it has columns by name, one of which may hold the labels: [`MatrixOptions::label_column`].
    pub columns: bool,
    /// How its arrays are found by name, if it holds several: [`MatrixOptions::key`], [`crate::keys`].
    pub(crate) keyed: Option<OpenKeyed>,
    pub(crate) matrix: fn(&Path, &MatrixOptions) -> Result<Box<dyn RowSource>>,
    pub(crate) labels: fn(&Path, &LabelOptions) -> Result<Labels>,
}

impl Format {
    /// Whether its files may hold several arrays, each under a key: see [`crate::keys()`].
    pub fn holds_several(&self) -> bool {
        self.keyed.is_some()
    }
}

/// Every format that [`open_matrix`] and [`crate::read_labels`] read. A new one is a file and a row here.
pub const FORMATS: &[Format] = &[
    Format {
        name: "npy",
        endings: &[".npy"],
        magic: b"\x93NUMPY",
        columns: false,
        keyed: None,
        matrix: |path, _| Ok(Box::new(npy::open(path)?)),
        labels: |path, options| labels::from_contents(npy::contents(Body::open(path)?)?, options),
    },
    Format {
        name: "npz",
        endings: &[".npz"],
        magic: b"PK\x03\x04",
        columns: false,
        keyed: Some(|path| Ok(Box::new(Archive::open(path)?))),
        matrix: |path, options| Ok(Box::new(keys::matrix(&mut Archive::open(path)?, options.key.as_deref())?)),
        labels: |path, options| labels::from_keyed(Archive::open(path)?, options),
    },
    Format {
        name: "safetensors",
        endings: &[".safetensors"],
        magic: b"",
        columns: false,
        keyed: Some(|path| Ok(Box::new(Tensors::open(path)?))),
        matrix: |path, options| Ok(Box::new(keys::matrix(&mut Tensors::open(path)?, options.key.as_deref())?)),
        labels: |path, options| labels::from_keyed(Tensors::open(path)?, options),
    },
    #[cfg(feature = "parquet")]
    Format {
        name: "parquet",
        endings: &[".parquet", ".pq"],
        magic: b"PAR1",
        columns: true,
        keyed: None,
        matrix: |path, options| Ok(Box::new(parquet::open(path, options)?)),
        labels: parquet::labels,
    },
    Format {
        name: "csv",
        endings: &[".csv", ".tsv", ".txt"],
        magic: b"",
        columns: true,
        keyed: None,
        matrix: |path, options| Ok(Box::new(csv::open(path, options)?)),
        labels: labels::from_table,
    },
    Format {
        name: "idx",
        endings: &["-ubyte", ".idx"],
        magic: b"\0\0",
        columns: false,
        keyed: None,
        matrix: |path, _| Ok(Box::new(idx::open(path)?)),
        labels: |path, options| labels::from_array(idx::open(path)?, options),
    },
];

/// The format of a file: by the end of its name, else by its first bytes.
///
/// # Errors
///
/// A file that neither tells, or that is not there or empty.
pub fn format_of(path: &Path) -> Result<&'static Format> {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    if let Some(format) = FORMATS.iter().find(|f| f.endings.iter().any(|end| name.ends_with(end))) {
        return Ok(format);
    }
    let mut body = Body::open(path)?;
    let mut front = [0; 8];
    let got = body.fill(&mut front)?;
    let known = |f: &&Format| !f.magic.is_empty() && front[..got].starts_with(f.magic);
    FORMATS.iter().find(known).ok_or_else(|| {
        let endings: Vec<&str> = FORMATS.iter().flat_map(|f| f.endings.iter().copied()).collect();
        DataError::file(
            shown(path),
            format!("is of no known format; expected a name that ends in {}", endings.join(", ")),
        )
    })
}

/// Opens a matrix of any format in [`FORMATS`], gzipped or not, to be read in blocks: see
/// [`RowSource`].
///
/// Memory is bounded by the block that is asked for (and 32 MiB for an array in Fortran order; a compressed
/// one of those is first written to a temporary file). Any bool, integer or float type of 1 to 5
/// dimensions is converted to f64.
///
/// # Errors
///
/// A missing, empty, truncated or broken file, a type that is no number, a header that promises what the file
/// does not hold, a key that is not there.
pub fn open_matrix(path: &Path, options: &MatrixOptions) -> Result<Box<dyn RowSource>> {
    (format_of(path)?.matrix)(path, options)
}

/// A matrix in `.npy` form from whatever gives its bytes, such as standard input; `name` is how messages call it.
///
/// Read in blocks as a file is, C order without a copy on disk; an array in Fortran order is first written to a temporary
/// file. What the header promises is compared with the bytes when they end.
///
/// ```
/// use repshape_data::{Matrix, open_matrix_from, write};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("z.npy");
/// write::write_npy(&path, &[2, 2], &[0.0, 1.0, 2.0, 3.0])?;
/// let pipe = Box::new(std::fs::File::open(&path)?);
/// let matrix = Matrix::from_source(&mut *open_matrix_from(pipe, "standard input")?)?;
/// assert_eq!((matrix.rows, matrix.values[3]), (2, 3.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As [`open_matrix`].
pub fn open_matrix_from(reader: Box<dyn Read + Send>, name: &str) -> Result<Box<dyn RowSource>> {
    Ok(Box::new(npy::read(Body::pipe(name.to_owned(), reader))?))
}

/// A matrix in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// Number of rows.
    pub rows: usize,
    /// Number of units.
    pub units: usize,
    /// The shape of one row; its product is `units`.
    pub row_shape: Vec<usize>,
    /// `rows * units` values, row-major.
    pub values: Vec<f64>,
}

impl Matrix {
    /// All that is left of a source.
    pub fn from_source(source: &mut dyn RowSource) -> Result<Matrix> {
        let units = source.units();
        let name = source.name().to_owned();
        let mut values = Vec::new();
        let mut block = Vec::new();
        // 2 MiB at a time
        let at_once = ((1 << 18) / units).max(1);
        while source.next_block(&mut block, at_once)? > 0 {
            if values.capacity() - values.len() < block.len() {
                // all at once if the number is known and not out of proportion to what came, else doubling
                let known = source.rows().unwrap_or(0).saturating_mul(units).saturating_sub(values.len());
                let proportion = values.len().saturating_mul(16).max(1 << 24);
                let more = if known <= proportion { known } else { values.len() }.max(block.len());
                reserve(&mut values, more, &name)?;
            }
            values.extend_from_slice(&block);
        }
        Ok(Matrix { rows: values.len() / units, units, row_shape: source.row_shape().to_vec(), values })
    }
}

/// Reads a whole matrix of any format in [`FORMATS`].
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("z.csv");
/// std::fs::write(&path, "a,b\n1,2\n3,4.5\n")?;
/// let matrix = repshape_data::read_matrix(&path)?;
/// assert_eq!((matrix.rows, matrix.units), (2, 2));
/// assert_eq!(matrix.values, [1.0, 2.0, 3.0, 4.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As [`open_matrix`] and [`RowSource::next_block`].
pub fn read_matrix(path: &Path) -> Result<Matrix> {
    Matrix::from_source(&mut *open_matrix(path, &MatrixOptions::default())?)
}

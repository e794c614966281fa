//! Everything that comes from outside: matrices, labels and data sets, and the split that
//! keeps the test rows out of reach.
//!
//! | question | where |
//! |---|---|
//! | a matrix to measure, block by block or whole | [`open_matrix`], [`read_matrix`] |
//! | the same from a pipe, read ahead, or in the precision of the file | [`open_matrix_from`], [`prefetched`], [`RowSource::next_numbers`] |
//! | which arrays a file holds | [`keys()`] |
//! | rows and units of what has more axes | [`Layout`] |
//! | one label per row | [`read_labels`] |
//! | a data set by name, `digits` or `mnist=DIR` | [`DataSpec`], [`load`], the catalog [`SOURCES`] |
//! | training, validation and test rows as types | [`DataSet::split`], [`Train`], [`Validation`], [`Test`] |
//! | the order of the rows in an epoch | [`epoch_order`] |
//! | seeded random streams for the whole project | [`stream()`] |
//! | output files that are whole or absent | [`mod@write`] |
//!
//! The crate knows nothing of tensors, prints nothing and reads no environment, so that its
//! readers build and fuzz in seconds. What it reads is untrusted: sizes claimed by a header
//! are compared with the bytes at hand before anything is allocated, and every refusal is a
//! [`DataError`] whose text names the file, the row or line and the expected form. Rows and
//! columns count from 0, as in NumPy; lines count from 1, as in editors.
//!
//! ```
//! use repshape_data::{DataSpec, SplitSpec, load};
//!
//! let spec: DataSpec = "digits".parse()?;
//! let digits = load(&spec, &[])?;
//! let (tuning, test) = digits.split(&SplitSpec::default())?;
//! assert_eq!(tuning.train.rows() + tuning.validation.rows(), 1437);
//! assert_eq!((test.rows(), test.columns()), (360, 64));
//! # Ok::<(), repshape_data::DataError>(())
//! ```
#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod array;
mod batches;
mod csv;
mod element;
mod error;
mod idx;
mod input;
mod keys;
mod labels;
mod layout;
mod matrix;
mod npy;
mod npz;
mod numbers;
#[cfg(feature = "parquet")]
mod parquet;
mod prefetch;
mod projection;
mod safetensors;
mod set;
mod sets;
mod spec;
mod split;
mod standardize;
mod stream;
mod summary;
mod text;
mod text_labels;
pub mod write;

pub use batches::epoch_order;
pub use error::DataError;
pub use keys::{Entry, keys};
pub use labels::{LabelOptions, Labels, MAX_CLASSES, read_labels};
pub use layout::{Arrangement, Layout};
pub use matrix::{
    FORMATS, Format, Matrix, MatrixOptions, RowSource, format_of, open_matrix, open_matrix_from, read_matrix,
};
pub use numbers::Numbers;
pub use prefetch::prefetched;
pub use projection::Projection;
pub use set::{Classes, DataSet, Part, Values};
pub use sets::{Place, SOURCES, SearchFolder, Source, load};
pub use spec::DataSpec;
pub use split::{Examples, Hold, SplitSpec, Targets, Test, Train, Tuning, Validation};
pub use standardize::Standardization;
pub use stream::{Purpose, below, sample, shuffle, stream};
pub use summary::{PartSummary, Summary, summary};

pub(crate) type Result<T, E = DataError> = std::result::Result<T, E>;

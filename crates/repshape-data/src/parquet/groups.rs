//! A parquet file, row group by row group, in batches of columns.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, FieldRef, Fields, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};

use super::claims::{Chunk, check_footer, check_pages};
use super::position;
use crate::Result;
use crate::error::{DataError, shown, thousands};
use crate::input::{Body, inflation_limit, open_file};

/// A file whose description was read and compared with its length.
pub(super) struct File {
    body: Body,
    file: fs::File,
    metadata: ArrowReaderMetadata,
    /// The columns; texts are [`DataType::Utf8`].
    fields: Vec<FieldRef>,
    length: u64,
    rows: usize,
}

impl File {
    pub(super) fn open(path: &Path) -> Result<File> {
        let name = shown(path);
        let (file, length) = open_file(path)?;
        // a second handle: a copy of the first would share its place
        let (own, _) = open_file(path)?;
        let mut body = Body::part(name.clone(), own, 0..length)?;
        check_footer(&mut body, length)?;
        let metadata = guarded(&name, || {
            // arrow's own schema, which may stand in the file, adds nothing that is needed and much to be distrusted
            let options = || ArrowReaderOptions::new().with_skip_arrow_metadata(true);
            let plain = ArrowReaderMetadata::load(&file, options())?;
            // a text is then kept once, and not once for each row
            let fields: Fields = plain.schema().fields().iter().map(as_dictionary).collect();
            let schema = Arc::new(Schema::new(fields));
            ArrowReaderMetadata::try_new(plain.metadata().clone(), options().with_schema(schema))
        })?;
        let mut rows = 0u64;
        for group in metadata.metadata().row_groups() {
            let count = u64::try_from(group.num_rows()).ok().and_then(|count| rows.checked_add(count));
            rows = count
                .filter(|&rows| rows <= i64::MAX as u64)
                .ok_or_else(|| DataError::file(&name, "is broken: it claims an impossible number of rows"))?;
        }
        if rows == 0 {
            return Err(DataError::file(name, "holds no rows"));
        }
        let fields = metadata.schema().fields().iter().map(without_dictionary).collect();
        Ok(File { body, file, metadata, fields, length, rows: rows as usize })
    }

    pub(super) fn name(&self) -> &str {
        self.body.name()
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// The columns; texts are [`DataType::Utf8`].
    pub(super) fn fields(&self) -> &[FieldRef] {
        &self.fields
    }

    /// The place of a column.
    pub(super) fn column(&self, wanted: &str) -> Result<usize> {
        let names: Vec<&str> = self.fields.iter().map(|field| field.name().as_str()).collect();
        position(self.name(), &names, wanted)
    }

    /// How many values a row of this column has on average, as the file describes it.
    pub(super) fn average_length(&self, column: usize) -> usize {
        let groups = self.metadata.metadata().row_groups().iter();
        let leaves = self.leaves(&[column]);
        let values = groups.flat_map(|group| leaves.iter().map(|&leaf| group.column(leaf).num_values()));
        let values = values.fold(0u64, |sum, count| sum.saturating_add(u64::try_from(count).unwrap_or(0)));
        usize::try_from(values / self.rows as u64).unwrap_or(usize::MAX)
    }

    /// The places of the stored columns that make these.
    fn leaves(&self, columns: &[usize]) -> Vec<usize> {
        let schema = self.metadata.parquet_schema();
        (0..schema.num_columns()).filter(|&leaf| columns.contains(&schema.get_column_root_idx(leaf))).collect()
    }
}

fn as_dictionary(field: &FieldRef) -> FieldRef {
    match field.data_type() {
        DataType::Utf8 => {
            let texts = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
            Arc::new(Field::new(field.name(), texts, field.is_nullable()))
        }
        _ => field.clone(),
    }
}

fn without_dictionary(field: &FieldRef) -> FieldRef {
    match field.data_type() {
        DataType::Dictionary(_, texts) => {
            Arc::new(Field::new(field.name(), texts.as_ref().clone(), field.is_nullable()))
        }
        _ => field.clone(),
    }
}

/// Batches of some columns.
pub(super) struct Groups {
    file: File,
    columns: Vec<usize>,
    /// For each row group, its columns as described.
    chunks: Vec<Vec<Chunk>>,
    batch_rows: usize,
    next: usize,
    reader: Option<ParquetRecordBatchReader>,
}

impl Groups {
    /// # Errors
    ///
    /// Columns that claim bytes beyond the file, or values out of proportion to it.
    pub(super) fn new(file: File, columns: Vec<usize>, batch_rows: usize) -> Result<Groups> {
        let leaves = file.leaves(&columns);
        let mut chunks = Vec::new();
        let mut claimed = 0u64;
        for group in file.metadata.metadata().row_groups() {
            let mut of_group = Vec::with_capacity(leaves.len());
            for &leaf in &leaves {
                let column = group.columns().get(leaf).ok_or_else(|| {
                    DataError::file(file.name(), "is broken: a row group has fewer columns than the file")
                })?;
                let chunk = Chunk::new(file.name(), file.length, column)?;
                let rows = group.num_rows() as u64;
                claimed = claimed.saturating_add(chunk.values.max(rows).saturating_mul(chunk.value_bytes));
                of_group.push(chunk);
            }
            chunks.push(of_group);
        }
        if claimed > inflation_limit(file.length) {
            return Err(DataError::file(
                file.name(),
                format!(
                    "claims {} bytes of values, more than 200 times its size; write it without compression to use it all the same",
                    thousands(claimed)
                ),
            ));
        }
        Ok(Groups { file, columns, chunks, batch_rows, next: 0, reader: None })
    }

    pub(super) fn name(&self) -> &str {
        self.file.name()
    }

    /// The next rows; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(mut reader) = self.reader.take() {
                let batch = guarded(self.name(), || Ok(reader.next().transpose()?))?;
                if let Some(batch) = batch {
                    self.reader = Some(reader);
                    return Ok(Some(batch));
                }
            }
            let Some(chunks) = self.chunks.get(self.next) else {
                return Ok(None);
            };
            check_pages(&mut self.file.body, chunks)?;
            let (group, file) = (self.next, &self.file);
            let reader = guarded(file.name(), || {
                let builder =
                    ParquetRecordBatchReaderBuilder::new_with_metadata(file.file.try_clone()?, file.metadata.clone());
                let columns = ProjectionMask::roots(file.metadata.parquet_schema(), self.columns.iter().copied());
                builder.with_projection(columns).with_row_groups(vec![group]).with_batch_size(self.batch_rows).build()
            })?;
            self.reader = Some(reader);
            self.next += 1;
        }
    }
}

/// Calls into the `parquet` crate. It answers some contradictions in a file by a panic (assertions on offsets and
/// lengths that a writer never breaks), and a file must not end the program; what it was working on is dropped.
fn guarded<T>(name: &str, call: impl FnOnce() -> parquet::errors::Result<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(DataError::file(name, format!("is broken or of a kind that is not read: {error}"))),
        Err(_) => Err(DataError::file(name, "is broken: its parquet data contradict themselves")),
    }
}

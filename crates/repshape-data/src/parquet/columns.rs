//! Columns of a batch as rows of numbers.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;

use crate::Result;
use crate::element::Real;
use crate::error::DataError;

/// Whether values of this type become units.
pub(super) fn is_number(data_type: &DataType) -> bool {
    use DataType::{Boolean, Float16, Float32, Float64};
    data_type.is_integer() || matches!(data_type, Boolean | Float16 | Float32 | Float64)
}

/// Whether every value is one of f32, or lists of such.
pub(super) fn is_single(data_type: &DataType) -> bool {
    use DataType::{Boolean, Float16, Float32, Int8, Int16, List, UInt8, UInt16};
    match data_type {
        List(item) => is_single(item.data_type()),
        other => matches!(other, Boolean | Int8 | UInt8 | Int16 | UInt16 | Float16 | Float32),
    }
}

/// What a column holds, in words.
pub(super) fn kind(data_type: &DataType) -> String {
    use DataType as T;
    match data_type {
        number if is_number(number) => "numbers".to_owned(),
        T::Utf8 | T::LargeUtf8 | T::Utf8View => "strings".to_owned(),
        T::Binary | T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_) => "raw bytes".to_owned(),
        T::Decimal32(..) | T::Decimal64(..) | T::Decimal128(..) | T::Decimal256(..) => {
            format!("decimal numbers ({data_type})")
        }
        T::Date32 | T::Date64 | T::Time32(_) | T::Time64(_) | T::Timestamp(..) | T::Duration(_) | T::Interval(_) => {
            format!("dates or times ({data_type})")
        }
        T::List(item) | T::LargeList(item) | T::FixedSizeList(item, _) => {
            format!("lists of {}", kind(item.data_type()))
        }
        T::Struct(_) => "records".to_owned(),
        T::Map(..) => "maps".to_owned(),
        other => format!("values of type {other}"),
    }
}

/// How long the list of the first row is.
pub(super) fn first_length(batch: &RecordBatch) -> Option<usize> {
    let lists = batch.column(0).as_list_opt::<i32>()?;
    (!lists.is_empty() && lists.is_valid(0)).then(|| lists.value_length(0) as usize)
}

/// Columns without nulls and lists of one length, row by row.
pub(super) struct Columns {
    parts: Vec<ArrayRef>,
    /// Where the first row starts in `parts`, if they hold the values of a row side by side.
    lists: Option<usize>,
    units: usize,
    next: usize,
    rows: usize,
}

impl Columns {
    /// The columns of a batch whose first row is row `first` of the file.
    ///
    /// # Errors
    ///
    /// A null, or a list of another length than `units`: the message names the row.
    pub(super) fn new(name: &str, batch: &RecordBatch, units: usize, first: usize) -> Result<Columns> {
        let rows = batch.num_rows();
        let null = |row: usize, column: usize| {
            let column = batch.schema_ref().field(column).name().clone();
            DataError::file(name, format!("row {}: column {column:?} is null; expected a number", first + row))
        };
        for (column, array) in batch.columns().iter().enumerate() {
            if array.null_count() > 0
                && let Some(row) = (0..rows).find(|&row| array.is_null(row))
            {
                return Err(null(row, column));
            }
        }
        let Some(lists) = batch.columns().first().and_then(|array| array.as_list_opt::<i32>()) else {
            return Ok(Columns { parts: batch.columns().to_vec(), lists: None, units, next: 0, rows });
        };
        for row in 0..rows {
            let length = lists.value_length(row);
            if length as usize != units {
                let problem = format!("row {} holds a list of {length} numbers, but row 0 one of {units}", first + row);
                return Err(DataError::file(name, problem));
            }
        }
        let start = lists.value_offsets().first().map_or(0, |&offset| offset as usize);
        let items = lists.values();
        if items.null_count() > 0
            && let Some(at) = (start..start + rows * units).find(|&at| items.is_null(at))
        {
            return Err(null((at - start) / units, 0));
        }
        Ok(Columns { parts: vec![items.clone()], lists: Some(start), units, next: 0, rows })
    }

    /// Whether all rows were taken.
    pub(super) fn is_used(&self) -> bool {
        self.next == self.rows
    }

    /// The next rows, as many as are there.
    pub(super) fn take(&mut self, max_rows: usize) -> Range<usize> {
        let start = self.next;
        self.next = start.saturating_add(max_rows).min(self.rows);
        start..self.next
    }

    /// Replaces `block` by the values of some rows, row-major.
    pub(super) fn gather<T: Real>(&self, rows: Range<usize>, block: &mut Vec<T>) {
        block.clear();
        match self.lists {
            Some(start) => {
                block.resize(rows.len() * self.units, T::default());
                let places = start + rows.start * self.units..start + rows.end * self.units;
                copy(&self.parts[0], places, block, 0, 1);
            }
            None => {
                block.resize(rows.len() * self.units, T::default());
                for (unit, column) in self.parts.iter().enumerate() {
                    copy(column, rows.clone(), block, unit, self.units);
                }
            }
        }
    }
}

/// Copies some values of an array to every `step`-th place of the block, from `first` on.
fn copy<T: Real>(array: &ArrayRef, places: Range<usize>, block: &mut [T], first: usize, step: usize) {
    let into = block[first..].iter_mut().step_by(step);
    macro_rules! each {
        ($($kind:ident $real:expr,)*) => {{
            $(if let Some(array) = array.as_primitive_opt::<$kind>() {
                into.zip(&array.values()[places]).for_each(|(into, &value)| *into = $real(value));
                return;
            })*
            if let Some(array) = array.as_boolean_opt() {
                into.zip(places).for_each(|(into, at)| *into = T::single(f32::from(u8::from(array.value(at)))));
            }
        }};
    }
    each!(
        Float32Type T::single,
        Float64Type T::double,
        Float16Type |value: half::f16| T::single(f32::from(value)),
        Int8Type |value| T::single(f32::from(value)),
        UInt8Type |value| T::single(f32::from(value)),
        Int16Type |value| T::single(f32::from(value)),
        UInt16Type |value| T::single(f32::from(value)),
        Int32Type |value| T::double(f64::from(value)),
        UInt32Type |value| T::double(f64::from(value)),
        Int64Type |value| T::double(value as f64),
        UInt64Type |value| T::double(value as f64),
    );
}

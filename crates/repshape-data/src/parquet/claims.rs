//! What a parquet file claims, compared with its bytes before the reader of the `parquet` crate sees it: that one
//! allocates what a page's header says, inflates gzip without an end, and follows a schema of any depth.

use flate2::bufread::MultiGzDecoder;
use parquet::basic::{Compression, Type};
use parquet::file::metadata::ColumnChunkMetaData;
use std::io::Read;

use super::thrift::{LIST, STRUCT, Thrift};
use crate::Result;
use crate::error::{DataError, thousands};
use crate::input::{Body, inflation_limit};

/// Longest description of the columns at the file's end: 100 columns in 3,000 row groups take about 30 MB.
const MAX_FOOTER: u64 = 32 << 20;

/// Deepest nesting of columns.
const MAX_DEPTH: usize = 16;

/// Longest header of a page; a column's least and greatest text may stand in it.
const MAX_PAGE_HEADER: usize = 1 << 20;

/// Most bytes that the pages of one row group that are in memory together may take.
const MAX_PAGES: u64 = 768 << 20;

/// Checks the file's front and end.
pub(super) fn check_footer(body: &mut Body, length: u64) -> Result<()> {
    let name = body.name().to_owned();
    let problem = |what: String| Err(DataError::file(&name, what));
    let (mut front, mut end) = ([0; 4], [0; 8]);
    let got = body.fill(&mut front)?;
    if front.starts_with(&[0x1f, 0x8b]) {
        return problem("is gzipped; unpack it first, parquet is read from a plain file".to_owned());
    }
    if got < 4 || &front != b"PAR1" {
        return problem(format!("is no parquet file: it starts with {:02x?}, not with PAR1", &front[..got]));
    }
    if length < 12 || body.fill_at(length - 8, &mut end)? < 8 || &end[4..] != b"PAR1" {
        return problem("is truncated: a parquet file ends with PAR1".to_owned());
    }
    let footer = u64::from(u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
    if footer > length - 12 {
        let (footer, length) = (thousands(footer), thousands(length));
        return problem(format!("is truncated: its description takes {footer} bytes, but the file has {length}"));
    }
    if footer > MAX_FOOTER {
        let (footer, most) = (thousands(footer), thousands(MAX_FOOTER));
        return problem(format!("has a description of {footer} bytes; up to {most} are read, with larger row groups"));
    }
    let mut bytes = vec![0; footer as usize];
    body.fill_at(length - 8 - footer, &mut bytes)?;
    match schema_depth(&bytes) {
        Some(depth) if depth <= MAX_DEPTH => Ok(()),
        Some(_) => problem(format!("nests its columns more than {MAX_DEPTH} deep")),
        None => problem("is broken: the description at its end makes no sense".to_owned()),
    }
}

/// How deep the schema of a footer nests; `None` if the footer makes no sense.
fn schema_depth(footer: &[u8]) -> Option<usize> {
    let mut deepest = None;
    Thrift::new(footer).structure(|thrift, id, kind| {
        match (id, kind) {
            (2, LIST) => {
                let (elements, STRUCT) = thrift.list()? else {
                    return None;
                };
                // how many children are still to come at each level
                let mut open: Vec<i64> = Vec::new();
                let mut most = 0;
                for _ in 0..elements {
                    let (mut children, mut named) = (0, false);
                    thrift.structure(|thrift, id, kind| {
                        named |= id == 4;
                        match (id, kind) {
                            (5, 5) => {
                                children = thrift.integer()?;
                                Some(true)
                            }
                            _ => Some(false),
                        }
                    })?;
                    if !named {
                        return None;
                    }
                    if let Some(left) = open.last_mut() {
                        *left -= 1;
                    }
                    if children > 0 {
                        open.push(children);
                        most = most.max(open.len());
                        if most > MAX_DEPTH {
                            deepest = Some(most);
                            return None;
                        }
                    }
                    while open.last().is_some_and(|&left| left <= 0) {
                        open.pop();
                    }
                }
                deepest = Some(most);
                Some(true)
            }
            _ => Some(false),
        }
    });
    deepest
}

/// One column of one row group, as the file describes it.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    /// The column's name, for messages.
    column: String,
    start: u64,
    length: u64,
    pub(super) values: u64,
    physical: Type,
    /// Bytes of one value, at least; of a text without its letters.
    pub(super) value_bytes: u64,
    is_gzip: bool,
}

impl Chunk {
    /// The description, if its bytes lie in the file.
    pub(super) fn new(name: &str, file: u64, column: &ColumnChunkMetaData) -> Result<Chunk> {
        let path = column.column_path().string();
        let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
        let [start, length, values] =
            [start, column.compressed_size(), column.num_values()].map(|claim| u64::try_from(claim).ok());
        let found = match (start, length, values) {
            (Some(start), Some(length), Some(values)) if start.checked_add(length).is_some_and(|end| end <= file) => {
                Some((start, length, values))
            }
            _ => None,
        };
        let Some((start, length, values)) = found else {
            return Err(DataError::file(
                name,
                format!("is broken: column {path:?} claims bytes beyond the file's end"),
            ));
        };
        let physical = column.column_type();
        let value_bytes = match physical {
            Type::BOOLEAN => 1,
            Type::INT32 | Type::FLOAT | Type::BYTE_ARRAY => 4,
            Type::INT64 | Type::DOUBLE => 8,
            Type::INT96 => 12,
            Type::FIXED_LEN_BYTE_ARRAY => u64::try_from(column.column_descr().type_length()).unwrap_or(0).max(1),
        };
        let is_gzip = matches!(column.compression(), Compression::GZIP(_));
        Ok(Chunk { column: path, start, length, values, physical, value_bytes, is_gzip })
    }
}

/// Refuses a row group whose pages are not what they claim, or take too much memory together.
pub(super) fn check_pages(body: &mut Body, chunks: &[Chunk]) -> Result<()> {
    let (mut together, mut compressed) = (0u64, 0u64);
    for chunk in chunks {
        let largest = check_chunk(body, chunk)?;
        together = together.saturating_add(largest);
        compressed = compressed.saturating_add(chunk.length);
    }
    if together > MAX_PAGES.min(inflation_limit(compressed)) {
        return Err(DataError::file(
            body.name(),
            format!(
                "has pages of {} bytes in memory at a time; write it again with smaller row groups (10,000 rows)",
                thousands(together)
            ),
        ));
    }
    Ok(())
}

/// What is needed of a page's header.
#[derive(Default)]
struct Page {
    kind: i64,
    uncompressed: i64,
    compressed: i64,
    values: i64,
    encoding: i64,
    /// Bytes in front of a page of version 2 that are not compressed.
    levels: i64,
    is_plain: bool,
}

const DICTIONARY_PAGE: i64 = 2;
const DELTA_BYTE_ARRAY: i64 = 7;

impl Page {
    fn read(thrift: &mut Thrift) -> Option<Page> {
        let mut page = Page::default();
        thrift.structure(|thrift, id, kind| {
            let into = match (id, kind) {
                (1, 5) => &mut page.kind,
                (2, 5) => &mut page.uncompressed,
                (3, 5) => &mut page.compressed,
                (5 | 7 | 8, STRUCT) => {
                    let is_second = id == 8;
                    thrift.structure(|thrift, id, kind| {
                        let levels = match (id, kind) {
                            (1, 5) => {
                                page.values = thrift.integer()?;
                                return Some(true);
                            }
                            (2, 5) if !is_second => {
                                page.encoding = thrift.integer()?;
                                return Some(true);
                            }
                            (4, 5) if is_second => {
                                page.encoding = thrift.integer()?;
                                return Some(true);
                            }
                            (5 | 6, 5) if is_second => thrift.integer()?,
                            (7, _) if is_second => {
                                page.is_plain = !Thrift::is_true(kind);
                                return Some(false);
                            }
                            _ => return Some(false),
                        };
                        page.levels = page.levels.checked_add(levels)?;
                        Some(true)
                    })?;
                    return Some(true);
                }
                _ => return Some(false),
            };
            *into = thrift.integer()?;
            Some(true)
        })?;
        Some(page)
    }
}

/// Goes over the pages of a chunk and says how many bytes its dictionary and its largest page take.
fn check_chunk(body: &mut Body, chunk: &Chunk) -> Result<u64> {
    let name = body.name().to_owned();
    let broken = |what: &str| DataError::file(&name, format!("is broken: column {:?} {what}", chunk.column));
    let end = chunk.start + chunk.length;
    let (mut at, mut values) = (chunk.start, 0u64);
    let (mut dictionary, mut largest) = (0, 0);
    let mut buffer = Vec::new();
    while at < end {
        let (page, header) =
            page_at(body, at, end, &mut buffer)?.ok_or_else(|| broken("has a page without a sensible header"))?;
        at += header;
        let sizes = [page.uncompressed, page.compressed, page.values, page.levels].map(u64::try_from);
        let [Ok(uncompressed), Ok(compressed), Ok(count), Ok(levels)] = sizes else {
            return Err(broken("has a page of negative size"));
        };
        if compressed > end - at || levels > compressed || levels > uncompressed {
            return Err(broken("has a page that goes beyond its end"));
        }
        if page.encoding == DELTA_BYTE_ARRAY && chunk.physical == Type::BYTE_ARRAY {
            return Err(DataError::file(
                &name,
                format!("column {:?} is encoded as DELTA_BYTE_ARRAY, which is not read; write it plain", chunk.column),
            ));
        }
        if page.kind == DICTIONARY_PAGE {
            if count.saturating_mul(chunk.value_bytes) > uncompressed {
                return Err(broken("has a dictionary of more values than its bytes hold"));
            }
            dictionary = uncompressed.max(dictionary);
        } else {
            values = values.saturating_add(count);
            largest = uncompressed.max(largest);
        }
        if chunk.is_gzip && !page.is_plain {
            let start = at + levels;
            check_gzip(body, start, compressed - levels, uncompressed - levels).map_err(|e| broken(&e))?;
        }
        at += compressed;
    }
    if values != chunk.values {
        return Err(broken("has pages of another number of values than it claims"));
    }
    Ok(dictionary + largest)
}

/// The page's header and its length.
fn page_at(body: &mut Body, at: u64, end: u64, buffer: &mut Vec<u8>) -> Result<Option<(Page, u64)>> {
    let mut size = 256;
    loop {
        let all = usize::try_from(end - at).unwrap_or(usize::MAX).min(size);
        buffer.resize(all, 0);
        let got = body.fill_at(at, buffer)?;
        let mut thrift = Thrift::new(&buffer[..got]);
        if let Some(page) = Page::read(&mut thrift) {
            return Ok(Some((page, (got - thrift.left()) as u64)));
        }
        if got < size || size >= MAX_PAGE_HEADER {
            return Ok(None);
        }
        size *= 8;
    }
}

/// Refuses gzip data that inflate to more than they should.
fn check_gzip(body: &mut Body, start: u64, compressed: u64, uncompressed: u64) -> Result<(), String> {
    if compressed == 0 {
        return Ok(());
    }
    body.fill_at(start, &mut []).map_err(|e| e.to_string())?;
    let packed = std::io::BufReader::new(Read::take(&mut *body, compressed));
    let mut inflated = MultiGzDecoder::new(packed).take(uncompressed + 1);
    match std::io::copy(&mut inflated, &mut std::io::sink()) {
        Ok(bytes) if bytes <= uncompressed => Ok(()),
        Ok(_) => Err("has a page that inflates to more than its size".to_owned()),
        Err(e) => Err(format!("has a page whose compressed data are broken: {e}")),
    }
}

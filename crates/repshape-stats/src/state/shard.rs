//! A shard: some consecutive rows of a data set, by where they came from.

use super::wire::{Reader, Writer};
use crate::StatsError;

/// One shard that a partial state has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Where its rows came from, for people: a file's name.
    pub source: String,
    /// A hash of its content, or whatever else tells it from every other shard: no content is counted twice.
    pub content: String,
    /// Number of rows of the site.
    pub rows: u64,
    /// The index of its first row in the data set, in rows of the site, if it is known.
    pub first_row: Option<u64>,
}

impl Shard {
    /// Bytes of the shortest shard.
    pub(super) const LEAST: usize = 25;

    pub(super) fn write(&self, to: &mut Writer) {
        to.text(&self.source);
        to.text(&self.content);
        to.u64(self.rows);
        to.option(self.first_row, Writer::u64);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, StatsError> {
        Ok(Self {
            source: from.text()?,
            content: from.text()?,
            rows: from.u64()?,
            first_row: from.option(Reader::u64)?,
        })
    }

    /// The index past its last row, if the first is known.
    pub(super) fn end(&self) -> Option<u64> {
        self.first_row.map(|first| first.saturating_add(self.rows))
    }
}

//! State files: a sketch, or the sketches of some shards of a data set, as bytes that another machine can merge.
//!
//! A file is a magic with a version, the length of the content, the content, and blake3 of all that; the content is
//! little-endian, numbers are their exact bits, a symmetric matrix is its lower triangle. On reading the checksum comes
//! first, then everything is held against everything it must agree with: whatever the bytes are, the result is a sketch
//! that some rows could have given, or an error that names the part. Memory stays within a small multiple of the bytes.
//!
//! [`Sketch::to_bytes`] and [`Sketch::from_bytes`] are for one sketch; [`Partial`] says beside its sketches which shards
//! they have seen and by which settings, so that each shard is counted once and the order of merging is always the same.

mod partial;
mod shard;
pub(crate) mod wire;

use crate::moments::{ClassMoments, Moments, UnitPairs};
use crate::sample::Rows;
use crate::{SampleSize, Sketch, SketchConfig, StatsError};

pub use partial::{Partial, PartialSite};
pub use shard::Shard;
use wire::{Reader, Writer};

/// The kind of file and its version.
const SKETCH: [u8; 8] = *b"RSHPSK01";

impl Sketch {
    /// The sketch as bytes: the content of a state file.
    ///
    /// ```
    /// use repshape_stats::{Block, Sketch, SketchConfig};
    /// let mut sketch = Sketch::new(&SketchConfig::new(2))?;
    /// sketch.update(&Block::new(&[0.0, 1.0, 2.0, 0.5][..], 2)?)?;
    /// let bytes = sketch.to_bytes();
    /// assert_eq!(Sketch::from_bytes(&bytes)?.to_bytes(), bytes);
    /// assert!(Sketch::from_bytes(&bytes[1..]).is_err());
    /// # Ok::<(), repshape_stats::StatsError>(())
    /// ```
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::default();
        self.write(&mut to);
        to.sealed(SKETCH)
    }

    /// The sketch whose [`to_bytes`](Self::to_bytes) these are, to the last bit.
    ///
    /// # Errors
    /// If the bytes are damaged, of another version, or nothing that rows could have given; the error names the part.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StatsError> {
        let mut from = Reader::unsealed(bytes, SKETCH, "state of a sketch")?;
        let sketch = Self::read(&mut from)?;
        from.end()?;
        Ok(sketch)
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        to.part(*b"CONF", |to| self.config().write(to));
        self.moments().write(to);
        to.part(*b"SAMP", |to| self.sample().write(to));
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, StatsError> {
        let config = from.part(*b"CONF", "settings of the sketch", SketchConfig::read)?;
        let moments = Moments::read(from, &config)?;
        let rows = from.part(*b"SAMP", "sample of rows", |from| Rows::read_state(from, &config, &moments))?;
        Ok(Self::of_parts(config, moments, rows))
    }
}

impl SketchConfig {
    fn write(&self, to: &mut Writer) {
        to.size(self.units);
        to.option(self.classes, Writer::size);
        to.u8(match self.pairs {
            UnitPairs::Full => 0,
            UnitPairs::Off => 1,
        });
        to.u8(match self.class_moments {
            ClassMoments::Off => 0,
            ClassMoments::Diagonal => 1,
            ClassMoments::Pooled => 2,
            ClassMoments::Full => 3,
        });
        to.u8(u8::from(self.positive_pairs));
        to.f64(self.zero_eps);
        to.option(
            match self.sample {
                SampleSize::All => None,
                SampleSize::AtMost(rows) => Some(rows),
            },
            Writer::size,
        );
        to.size(self.draws);
        to.u64(self.seed);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, StatsError> {
        let config = Self {
            units: from.size()?,
            classes: from.option(Reader::size)?,
            pairs: [UnitPairs::Full, UnitPairs::Off][usize::from(from.choice(2)?)],
            class_moments: [ClassMoments::Off, ClassMoments::Diagonal, ClassMoments::Pooled, ClassMoments::Full]
                [usize::from(from.choice(4)?)],
            positive_pairs: from.choice(2)? == 1,
            zero_eps: from.f64()?,
            sample: from.option(Reader::size)?.map_or(SampleSize::All, SampleSize::AtMost),
            draws: from.size()?,
            seed: from.u64()?,
        };
        config.check()?;
        // labels are u32
        let most = u64::from(u32::MAX) + 1;
        from.check(
            config.classes.is_none_or(|classes| classes as u64 <= most),
            || format!("{} classes", config.classes.unwrap_or(0)),
            format!("at most {most}"),
        )?;
        Ok(config)
    }
}

#[cfg(test)]
mod tests;

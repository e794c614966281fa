//! Which axes of a site are rows and which are units.

use std::fmt;
use std::str::FromStr;

use crate::array::tuple;

/// How sites of more than two dimensions become rows by units.
///
/// | layout | N x C x H x W, and N x C x any number of spatial axes | N x T x D |
/// |---|---|---|
/// | `flatten` | each channel-position a unit: N rows of C H W units | N rows of T D units |
/// | `channels` | positions are rows, channels units: N H W rows of C units | as C = T, one spatial axis D |
/// | `positions` | channels are rows, positions units: N C rows of H W units | as C = T, one spatial axis D |
/// | `tokens` | | tokens are rows: N T rows of D units |
///
/// `tokens` takes the last axis as units and all before it as tokens, so N x H x W x D gives N H W rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// `tokens` for N x T x D, `flatten` for everything else: the papers' convention for maps.
    #[default]
    Auto,
    /// Positions as rows, channels as units.
    Channels,
    /// Channels as rows, positions as units.
    Positions,
    /// Tokens as rows, the last axis as units.
    Tokens,
    /// One row stays one row.
    Flatten,
}

impl Layout {
    /// Every layout, as it is written.
    pub const ALL: [(&'static str, Layout); 5] = [
        ("auto", Layout::Auto),
        ("channels", Layout::Channels),
        ("positions", Layout::Positions),
        ("tokens", Layout::Tokens),
        ("flatten", Layout::Flatten),
    ];

    /// How rows of this shape (without the leading axis N) are arranged.
    ///
    /// ```
    /// use repshape_data::Layout;
    ///
    /// // two images of 2 channels x 3 positions: each position becomes a row of 2 units
    /// let arrangement = Layout::Channels.arrange(&[2, 3])?;
    /// assert_eq!((arrangement.units, arrangement.rows_per_row), (2, 3));
    /// let mut rows = Vec::new();
    /// arrangement.apply(&[1, 2, 3, 10, 20, 30, 4, 5, 6, 40, 50, 60], &mut rows);
    /// assert_eq!(rows, [1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60]);
    /// # Ok::<(), String>(())
    /// ```
    ///
    /// # Errors
    ///
    /// In words, if the layout needs more axes than there are, an axis is empty, or the axes' product is beyond
    /// what a machine can count.
    pub fn arrange(self, row_shape: &[usize]) -> Result<Arrangement, String> {
        let shown = || {
            let mut axes = vec!["N".to_owned()];
            axes.extend(row_shape.iter().map(usize::to_string));
            axes.join(" x ")
        };
        if row_shape.contains(&0) {
            return Err(format!("rows of shape {} hold no values", tuple(row_shape)));
        }
        let product = |axes: &[usize]| axes.iter().try_fold(1usize, |product, &n| product.checked_mul(n));
        let Some(all) = product(row_shape) else {
            return Err(format!("rows of shape {} hold too many values", tuple(row_shape)));
        };
        let layout = match self {
            Layout::Auto if row_shape.len() == 2 => Layout::Tokens,
            Layout::Auto => Layout::Flatten,
            chosen => chosen,
        };
        let needs = |axes: &str| {
            Err(format!(
                "layout {layout} does not fit {}: it needs {axes}; a matrix of rows by units takes flatten",
                shown()
            ))
        };
        let (outer, inner) = match (layout, row_shape) {
            (Layout::Tokens, [before @ .., units]) if !before.is_empty() => (all / units, *units),
            (Layout::Tokens, _) => return needs("N x T x D (tokens, then units)"),
            (Layout::Channels | Layout::Positions, [channels, after @ ..]) if !after.is_empty() => {
                (*channels, all / channels)
            }
            (Layout::Channels | Layout::Positions, _) => return needs("N x C x H x W (channels, then positions)"),
            (Layout::Flatten | Layout::Auto, _) => (1, all),
        };
        let (units, rows_per_row) = match layout {
            Layout::Channels => (outer, inner),
            _ => (inner, outer),
        };
        Ok(Arrangement { layout, units, rows_per_row })
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Layout::ALL.iter().find(|(_, layout)| layout == self).map_or("", |(name, _)| name);
        f.pad(name)
    }
}

impl FromStr for Layout {
    type Err = String;

    fn from_str(text: &str) -> Result<Layout, String> {
        let known = Layout::ALL.map(|(name, _)| name);
        Layout::ALL
            .iter()
            .find(|(name, _)| *name == text)
            .map(|(_, layout)| *layout)
            .ok_or_else(|| format!("unknown layout {text:?}; expected {}", known.join(", ")))
    }
}

/// How the values of one row of a file become rows by units: made by [`Layout::arrange`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrangement {
    /// The layout, never [`Layout::Auto`].
    pub layout: Layout,
    /// Units of an arranged row.
    pub units: usize,
    /// How many arranged rows one row of the file gives: row `n` gives rows `n * rows_per_row` and following, so
    /// its label counts for all of them.
    pub rows_per_row: usize,
}

impl Arrangement {
    /// Whether rows stay as they are, so that a block can be used without [`Arrangement::apply`].
    #[must_use]
    pub fn is_identity(&self) -> bool {
        // of one unit or one row each way, the order of the values is the same
        self.layout != Layout::Channels || self.units == 1 || self.rows_per_row == 1
    }

    /// Values of one row of the file.
    fn row(&self) -> usize {
        self.units * self.rows_per_row
    }

    /// Replaces `into` by the arranged rows of a block of whole rows, row-major as the block. A part of a row at the
    /// end is left out.
    pub fn apply<T: Copy>(&self, block: &[T], into: &mut Vec<T>) {
        into.clear();
        let block = &block[..block.len() / self.row() * self.row()];
        if self.is_identity() {
            into.extend_from_slice(block);
            return;
        }
        into.reserve(block.len());
        for row in block.chunks_exact(self.row()) {
            for position in 0..self.rows_per_row {
                into.extend(row[position..].iter().step_by(self.rows_per_row));
            }
        }
    }

    /// [`Arrangement::apply`], and only the arranged rows whose `mask` is true are kept: one for each arranged row
    /// of the block, in their order. Rows beyond the mask's end are left out. Gives the number of rows kept.
    pub fn apply_masked<T: Copy>(&self, block: &[T], mask: &[bool], into: &mut Vec<T>) -> usize {
        into.clear();
        let mut kept = 0;
        for (row, mask) in block.chunks_exact(self.row()).zip(mask.chunks(self.rows_per_row)) {
            for (at, _) in mask.iter().enumerate().filter(|(_, keep)| **keep) {
                match self.layout {
                    Layout::Channels => into.extend(row[at..].iter().step_by(self.rows_per_row)),
                    _ => into.extend_from_slice(&row[at * self.units..(at + 1) * self.units]),
                }
                kept += 1;
            }
        }
        kept
    }

    /// In words, to stand beside the numbers: `channels: positions as rows, 32 units`.
    #[must_use]
    pub fn describe(&self) -> String {
        let rows = match self.layout {
            Layout::Channels => "positions as rows",
            Layout::Positions => "channels as rows",
            Layout::Tokens => "tokens as rows",
            Layout::Flatten | Layout::Auto => "one row each",
        };
        format!("{}: {rows}, {} unit{}", self.layout, self.units, if self.units == 1 { "" } else { "s" })
    }
}

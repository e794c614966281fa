//! The proof: how far the outputs of two networks are apart.

use super::RewireError;
use super::error::length;

/// How far the outputs of two networks on the same rows are apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Number of rows.
    pub rows: u64,
    /// Largest `|b - a|` of any entry; infinite if an output is NaN or infinite, even the same in both.
    pub max_abs: f64,
    /// `max_abs / largest_output`: one scale for all entries, as an entry near 0 has rounding errors of the size that the
    /// largest have, and its own quotient would say nothing. 0 where nothing differs, infinite where all outputs of the first
    /// network are 0 and one of the second is not.
    pub max_rel: f64,
    /// Largest `|a|`, of the first network.
    pub largest_output: f64,
    /// `sqrt(mean (b - a)^2)` over all entries.
    pub rms: f64,
    /// Share of the rows whose largest output (the first of equals) has the same place in both; a row with a value that is
    /// not finite is not the same. `None` without rows, and with fewer than two outputs.
    pub same_predictions: Option<f64>,
}

impl Difference {
    /// Whether no entry differs by more than `tolerance` of the largest output. Never of outputs that are not finite, nor
    /// without rows, which show nothing.
    ///
    /// ```
    /// use repshape_stats::rewire::Differences;
    /// let mut seen = Differences::default();
    /// seen.update(&[1.0_f32, -4.0], &[1.0_f32, -4.0], 2)?;
    /// assert!(seen.finish().is_within(0.0));
    /// seen.update(&[1.0_f32, f32::NAN], &[1.0_f32, f32::NAN], 2)?;
    /// assert!(!seen.finish().is_within(f64::MAX));
    /// # Ok::<(), repshape_stats::rewire::RewireError>(())
    /// ```
    #[must_use]
    pub fn is_within(&self, tolerance: f64) -> bool {
        self.rows > 0 && self.max_rel.is_finite() && self.max_rel <= tolerance
    }
}

/// What gives a [`Difference`], block by block of rows.
///
/// Blocks in the same order give the same bits; merged parts differ from the whole in the last digits of
/// [`rms`](Difference::rms) at most.
///
/// ```
/// use repshape_stats::rewire::Differences;
///
/// // two rows of two outputs
/// let mut seen = Differences::default();
/// seen.update(&[2.0_f64, 1.0, -4.0, 3.0], &[2.0_f64, 1.5, -4.0, 3.0], 2)?;
/// let found = seen.finish();
/// assert_eq!((found.max_abs, found.max_rel, found.rms), (0.5, 0.125, 0.25));
/// assert_eq!(found.same_predictions, Some(1.0));
/// # Ok::<(), repshape_stats::rewire::RewireError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Differences {
    /// 0 until rows come.
    columns: usize,
    rows: u64,
    same: u64,
    max_abs: f64,
    largest_output: f64,
    squares: f64,
}

impl Differences {
    /// Adds rows: the outputs `a` of the first network and `b` of the second, row-major with `columns` values each, in `f32` or
    /// `f64`.
    ///
    /// # Errors
    /// If `columns` is 0 or another number than before, `a` is no whole number of rows, or `b` has another length.
    /// Nothing is added then.
    pub fn update<A, B>(&mut self, a: &[A], b: &[B], columns: usize) -> Result<(), RewireError>
    where
        A: Copy + Into<f64>,
        B: Copy + Into<f64>,
    {
        if columns == 0 {
            return Err(RewireError::Setting { field: "outputs", found: "0".into(), expected: "at least 1" });
        }
        self.same_width(columns)?;
        length("the outputs of the first network", a.len() / columns * columns, a.len())?;
        length("the outputs of the second network", a.len(), b.len())?;
        self.columns = columns;
        for (a, b) in a.chunks_exact(columns).zip(b.chunks_exact(columns)) {
            self.row(a.iter().map(|&x| x.into()), b.iter().map(|&x| x.into()));
        }
        Ok(())
    }

    fn row(&mut self, a: impl Iterator<Item = f64>, b: impl Iterator<Item = f64>) {
        self.rows += 1;
        let (mut of_a, mut of_b) = (Largest::default(), Largest::default());
        let mut finite = true;
        for (index, (a, b)) in a.zip(b).enumerate() {
            of_a.see(index, a);
            of_b.see(index, b);
            finite &= a.is_finite() && b.is_finite();
            self.max_abs = self.max_abs.max((b - a).abs());
            self.squares += (b - a) * (b - a);
            self.largest_output = self.largest_output.max(a.abs());
        }
        if finite {
            self.same += u64::from(of_a.index == of_b.index);
        } else {
            // NaN is lost in a maximum, and infinity less infinity is NaN
            (self.max_abs, self.squares) = (f64::INFINITY, f64::INFINITY);
        }
    }

    /// Adds what another has seen of other rows.
    ///
    /// # Errors
    /// If its rows have another number of outputs. Nothing is added then.
    pub fn merge(&mut self, other: &Self) -> Result<(), RewireError> {
        if other.rows == 0 {
            return Ok(());
        }
        self.same_width(other.columns)?;
        self.columns = other.columns;
        self.rows += other.rows;
        self.same += other.same;
        self.max_abs = self.max_abs.max(other.max_abs);
        self.largest_output = self.largest_output.max(other.largest_output);
        self.squares += other.squares;
        Ok(())
    }

    fn same_width(&self, columns: usize) -> Result<(), RewireError> {
        let seen = if self.rows == 0 { columns } else { self.columns };
        super::error::units("the output of a network", seen, columns)
    }

    /// What was seen so far.
    #[must_use]
    pub fn finish(&self) -> Difference {
        let quotient = self.max_abs / self.largest_output;
        let max_rel = match (self.max_abs == 0.0, quotient.is_nan()) {
            (true, _) => 0.0,
            (false, true) => f64::INFINITY,
            (false, false) => quotient,
        };
        let entries = self.rows as f64 * self.columns as f64;
        // the sum may have met NaN before it met the end of its row
        let rms = if self.max_abs.is_infinite() { f64::INFINITY } else { (self.squares / entries.max(1.0)).sqrt() };
        Difference {
            rows: self.rows,
            max_abs: self.max_abs,
            max_rel,
            largest_output: self.largest_output,
            rms,
            same_predictions: (self.rows > 0 && self.columns > 1).then(|| self.same as f64 / self.rows as f64),
        }
    }
}

/// The first largest value.
struct Largest {
    index: usize,
    value: f64,
}

impl Default for Largest {
    fn default() -> Self {
        Self { index: 0, value: f64::NEG_INFINITY }
    }
}

impl Largest {
    fn see(&mut self, index: usize, value: f64) {
        if value > self.value {
            *self = Self { index, value };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(a: &[f64], b: &[f64], columns: usize) -> Difference {
        let mut seen = Differences::default();
        seen.update(a, b, columns).unwrap();
        seen.finish()
    }

    #[test]
    fn by_hand() {
        // three rows: the second changes its prediction, the third has a tie, of which the first counts
        let found = of(&[1.0, -8.0, 2.0, 1.0, 3.0, 3.0], &[1.0, -8.0, 2.0, 4.0, 3.0, 2.0], 2);
        assert_eq!((found.rows, found.max_abs, found.largest_output, found.max_rel), (3, 3.0, 8.0, 0.375));
        assert_eq!(found.same_predictions, Some(2.0 / 3.0));
        assert!((found.rms - (10.0f64 / 6.0).sqrt()).abs() < 1e-15);
        assert!(found.is_within(0.375) && !found.is_within(0.374));
    }

    #[test]
    fn what_is_not_finite_is_never_identical() {
        for (a, b) in [
            (f64::NAN, f64::NAN),
            (f64::NAN, 0.0),
            (1.0, f64::NAN),
            (f64::INFINITY, f64::INFINITY),
            (f64::NEG_INFINITY, 1.0),
        ] {
            // first and last of several rows
            for at in [0, 3] {
                let (mut x, mut y) = ([1.0, 2.0, 4.0, 3.0], [1.0, 2.0, 4.0, 3.0]);
                (x[at], y[at]) = (a, b);
                let found = of(&x, &y, 2);
                assert_eq!((found.max_abs, found.max_rel, found.rms), (f64::INFINITY, f64::INFINITY, f64::INFINITY));
                assert_eq!(found.same_predictions, Some(0.5));
                assert!(!found.is_within(f64::INFINITY));
            }
        }
    }

    #[test]
    fn nothing_and_zeros() {
        let nothing = Differences::default().finish();
        assert_eq!((nothing.rows, nothing.max_rel, nothing.same_predictions), (0, 0.0, None));
        assert!(!nothing.is_within(1.0));
        assert_eq!(of(&[0.0, 0.0], &[0.0, 0.0], 1).max_rel, 0.0);
        assert_eq!(of(&[0.0, 0.0], &[0.0, 1e-9], 1).max_rel, f64::INFINITY);
        assert_eq!(of(&[5.0, 1.0], &[5.0, 1.0], 1).same_predictions, None);
    }

    #[test]
    fn parts_are_the_whole_and_widths_must_fit() {
        let (a, b) = ([1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0], [1.5_f64, 2.0, 3.0, 4.25, 5.0, 6.0]);
        let mut whole = Differences::default();
        whole.update(&a, &b, 2).unwrap();
        let (mut left, mut right) = (Differences::default(), Differences::default());
        left.update(&a[..2], &b[..2], 2).unwrap();
        right.update(&a[2..], &b[2..], 2).unwrap();
        left.merge(&Differences::default()).unwrap();
        left.merge(&right).unwrap();
        assert_eq!(left, whole);

        let before = left.clone();
        let message = left.update(&a, &b, 3).unwrap_err().to_string();
        assert_eq!(message, "the output of a network has 3 units where 2 are expected");
        assert!(left.update(&a[..3], &b[..3], 2).is_err() && left.update(&a[..4], &b[..2], 2).is_err());
        assert!(left.update(&a, &b, 0).is_err());
        assert_eq!(left, before);
    }
}

//! Rows as coordinates on a few axes.

use std::sync::Arc;

use crate::Result;
use crate::error::{DataError, thousands};
use crate::split::{Examples, Test, Tuning};

/// The map `x -> axes (x - mean)` of each row, summed in f64: coordinates on given axes, such as principal components of the
/// training rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// What is subtracted from each column.
    pub mean: Vec<f64>,
    /// The axes, row-major `axes x columns`.
    pub axes: Vec<f64>,
}

impl Projection {
    /// Maps every part of a split; their rows are vectors afterwards, whatever their shape was.
    ///
    /// # Errors
    ///
    /// Axes that do not fit the columns, or none.
    ///
    /// ```
    /// use repshape_data::{Projection, SplitSpec, load};
    /// let (mut tuning, mut test) = load(&"digits".parse()?, &[])?.split(&SplitSpec::default())?;
    /// let mut axes = vec![0.0; 2 * 64];
    /// (axes[10], axes[64 + 20]) = (1.0, -1.0);
    /// let pixel = tuning.train.row(7)[20];
    /// Projection { mean: vec![0.5; 64], axes }.apply(&mut tuning, &mut test)?;
    /// assert_eq!((test.columns(), tuning.train.row(7)[1]), (2, 0.5 - pixel));
    /// # Ok::<(), repshape_data::DataError>(())
    /// ```
    pub fn apply(&self, tuning: &mut Tuning, test: &mut Test) -> Result<()> {
        let columns = tuning.train.columns();
        if self.mean.len() != columns || self.axes.is_empty() || !self.axes.len().is_multiple_of(columns) {
            return Err(DataError::Request(format!(
                "a projection with {} means and {} values of axes does not fit rows of {} columns",
                thousands(self.mean.len() as u64),
                thousands(self.axes.len() as u64),
                thousands(columns as u64)
            )));
        }
        for part in [tuning.train.examples_mut(), tuning.validation.examples_mut(), test.examples_mut()] {
            self.map(part);
        }
        Ok(())
    }

    fn map(&self, part: &mut Examples) {
        let columns = self.mean.len();
        let axes = self.axes.len() / columns;
        // column by column, so that the sums of a row's coordinates run side by side
        let by_column: Vec<f64> =
            (0..columns).flat_map(|column| (0..axes).map(move |axis| self.axes[axis * columns + column])).collect();
        let mut values = Vec::with_capacity(part.rows() * axes);
        let mut sums = vec![0.0; axes];
        for row in part.values().chunks_exact(columns) {
            sums.fill(0.0);
            for ((&x, mean), line) in row.iter().zip(&self.mean).zip(by_column.chunks_exact(axes)) {
                let centred = f64::from(x) - mean;
                sums.iter_mut().zip(line).for_each(|(sum, a)| *sum += centred * a);
            }
            values.extend(sums.iter().map(|&sum| sum as f32));
        }
        part.values = Arc::new(values);
        part.row_shape = [axes].as_slice().into();
    }
}

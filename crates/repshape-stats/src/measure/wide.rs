//! What measures of pairs of units can still be read where no moments of pairs were kept: from the sample, if it holds
//! every row and these are few.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rayon::prelude::*;

use super::over::mean;
use super::{MeasureRow, Reading};
use crate::moments::UnitPairs;
use crate::sample::SampledRows;
use crate::{SketchConfig, gram, spectrum};

/// Most rows for eigenvalues of their Gram matrix: 128 MiB, and a minute of one core.
const GRAM_ROWS: usize = 4096;

/// Most products for means over the pairs: a minute of one core.
const PRODUCTS: f64 = 2e11;

/// What looking at a pair costs beside its products, in products, for all rows and for each class.
const PAIR: f64 = 20.0;

/// Units of a tile. A fixed number, and so the bits do not depend on threads.
const TILE: usize = 256;

/// Means over the pairs of different units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PairMeans {
    /// Of `abs(c_ij)`; `None` for fewer than two units.
    pub covariance: Option<f64>,
    /// Of `abs(rho_ij)` over the pairs that vary; `None` without any.
    pub correlation: Option<f64>,
    /// Sum of `abs(c_ij)` over all i, j, the diagonal included.
    pub total: f64,
    /// Sum of `c_ii`.
    pub trace: f64,
}

/// These over all rows and inside each class.
#[derive(Debug)]
pub(super) struct WidePairs {
    pub all: PairMeans,
    pub class_covariance: Option<f64>,
    pub class_correlation: Option<f64>,
}

/// Every row, if no pairs were kept and the sample holds them all.
fn every_row(reading: &Reading<'_>) -> Option<SampledRows> {
    let sketch = reading.sketch();
    let off = sketch.config().pairs == UnitPairs::Off && sketch.rows() > 0;
    (off && sketch.samples_every_row()).then(|| sketch.sample().read_kept())
}

/// The eigenvalues of the covariance, or of the uncentred second moments, from the Gram matrix of the rows.
pub(super) fn eigenvalues(reading: &Reading<'_>, centred: bool) -> Option<Vec<f64>> {
    let units = reading.units();
    let few = |rows: u64| rows < units as u64 && rows <= GRAM_ROWS as u64;
    let moments = reading.sketch().moments();
    let mut rows = few(moments.rows()).then(|| every_row(reading))??;
    let count = rows.indices.len();
    if centred {
        centre(&mut rows.values, &moments.all.mean(), |unit| moments.units.is_constant(unit));
    }
    // by tiles of units, each with its rows side by side
    let (mut sum, mut part, mut columns) = (vec![0.0; count * count], vec![0.0; count * count], Vec::new());
    for start in (0..units).step_by(4 * TILE) {
        columns.clear();
        for unit in start..units.min(start + 4 * TILE) {
            columns.extend(rows.values.iter().skip(unit).step_by(units));
        }
        gram::gram_lower(&mut part, &columns, count);
        sum.iter_mut().zip(&part).for_each(|(sum, part)| *sum += part);
    }
    sum.iter_mut().for_each(|sum| *sum /= count as f64);
    let mut values = spectrum::eigenvalues(&sum, count);
    values.iter_mut().for_each(|value| *value = if *value < 0.0 { 0.0 } else { *value });
    values.resize(units, 0.0);
    Some(values)
}

/// Means over the pairs of units, all rows and class by class; every class where moments of classes were kept.
pub(super) fn pairs(reading: &Reading<'_>) -> Option<WidePairs> {
    let (units, moments) = (reading.units(), reading.sketch().moments());
    // every row counts twice: among all, and in its class
    let scopes = 1.0 + moments.classes.len() as f64;
    if (units as f64).powi(2) / 2.0 * (2.0 * moments.rows() as f64 + PAIR * scopes) > PRODUCTS {
        return None;
    }
    let rows = every_row(reading)?;
    let of = |mut values: Vec<f64>, mean: &[f64], is_constant: &dyn Fn(usize) -> bool| {
        centre(&mut values, mean, is_constant);
        let constant: Vec<bool> = (0..units).map(is_constant).collect();
        pair_means(&values, &constant)
    };
    let of_class = |(class, moment): (usize, &crate::moments::ClassMoment)| {
        let of_class = rows.values.chunks_exact(units).zip(&rows.labels);
        let values: Vec<f64> =
            of_class.filter(|(_, label)| **label as usize == class).flat_map(|(row, _)| row).copied().collect();
        (!values.is_empty()).then(|| of(values, &moment.moments.mean(), &|unit| moment.is_constant(unit)))
    };
    let classes: Vec<PairMeans> = moments.classes.iter().enumerate().filter_map(of_class).collect();
    Some(WidePairs {
        class_covariance: mean(classes.iter().filter_map(|class| class.covariance)),
        class_correlation: mean(classes.iter().filter_map(|class| class.correlation)),
        all: of(rows.values, &moments.all.mean(), &|unit| moments.units.is_constant(unit)),
    })
}

/// Subtracts the means; constant units become exactly 0.
fn centre(values: &mut [f64], mean: &[f64], is_constant: impl Fn(usize) -> bool) {
    let constant: Vec<bool> = (0..mean.len()).map(is_constant).collect();
    for row in values.chunks_exact_mut(mean.len()) {
        for ((value, mean), constant) in row.iter_mut().zip(mean).zip(&constant) {
            *value = if *constant { 0.0 } else { *value - mean };
        }
    }
}

/// Of centred rows: tile by tile, no matrix of all pairs.
fn pair_means(values: &[f64], constant: &[bool]) -> PairMeans {
    let units = constant.len();
    let rows = values.len() / units;
    let z = MatRef::from_row_major_slice(values, rows, units);
    let mut variances = vec![0.0; units];
    for row in values.chunks_exact(units) {
        variances.iter_mut().zip(row).for_each(|(sum, z)| *sum += z * z);
    }
    variances.iter_mut().for_each(|sum| *sum /= rows as f64);
    let deviations: Vec<f64> = variances.iter().map(|variance| variance.sqrt()).collect();
    let tiles = units.div_ceil(TILE);
    let order: Vec<(usize, usize)> = (0..tiles).flat_map(|a| (0..=a).map(move |b| (a * TILE, b * TILE))).collect();
    let of_tile = |&(a, b): &(usize, usize)| {
        let (height, width) = (TILE.min(units - a), TILE.min(units - b));
        let mut products = Mat::<f64>::zeros(height, width);
        let (left, right) = (z.subcols(a, height), z.subcols(b, width));
        matmul(products.as_mut(), Accum::Replace, left.transpose(), right, 1.0 / rows as f64, Par::Seq);
        let (mut covariances, mut correlations, mut varying) = (0.0, 0.0, 0_u64);
        for j in 0..width {
            for i in (0..height).filter(|i| a + i > b + j) {
                let (covariance, scale) = (products[(i, j)].abs(), deviations[a + i] * deviations[b + j]);
                covariances += covariance;
                if scale > 0.0 && !constant[a + i] && !constant[b + j] {
                    correlations += (covariance / scale).min(1.0);
                    varying += 1;
                }
            }
        }
        (covariances, correlations, varying)
    };
    let of_tiles: Vec<(f64, f64, u64)> = order.par_iter().map(of_tile).collect();
    let (covariances, correlations, varying) =
        of_tiles.into_iter().fold((0.0, 0.0, 0), |sum, tile| (sum.0 + tile.0, sum.1 + tile.1, sum.2 + tile.2));
    let trace: f64 = variances.iter().sum();
    let all = units as f64 * (units as f64 - 1.0) / 2.0;
    PairMeans {
        covariance: (units > 1).then(|| covariances / all),
        correlation: (varying > 0).then(|| correlations / varying as f64),
        total: trace + 2.0 * covariances,
        trace,
    }
}

/// Which of the undefined measures are so for want of the moments of pairs.
pub(super) fn note<'r>(reading: &Reading<'_>, undefined: impl Iterator<Item = &'r MeasureRow>) -> Option<String> {
    let config = reading.sketch().config();
    if config.pairs == UnitPairs::Full || reading.sketch().rows() == 0 {
        return None;
    }
    let undefined: Vec<&str> = undefined.filter(|row| row.needs.pairs_of_units).map(|row| row.name).collect();
    let bytes = SketchConfig { pairs: UnitPairs::Full, ..config.clone() }.moments_bytes() as f64;
    (!undefined.is_empty()).then(|| {
        format!(
            "{} units: the moments of their pairs would need {:.1} GiB and were not kept; left out: {} \
             (with channels as units there are fewer)",
            config.units,
            bytes / f64::from(1 << 30),
            undefined.join(", ")
        )
    })
}

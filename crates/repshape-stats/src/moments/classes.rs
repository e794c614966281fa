//! Moments of each class of rows.

use serde::{Deserialize, Serialize};

use super::units::extremes;
use super::{Comoment, Spread, UnitMoments};
use crate::state::wire::{Reader, Writer};
use crate::{StatsError, gram};

/// What is kept of each class; each form holds what the one before it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassMoments {
    /// Nothing: every class-wise measure is undefined; labels still serve the mutual information and the pictures.
    Off,
    /// Means and variances only: class-wise covariance and correlation and `nc1` are then undefined.
    Diagonal,
    /// These, and the co-moments of all pairs of units about the means of the classes, of all classes together: one
    /// matrix of `units x units`. Class-wise covariance and correlation are then undefined.
    Pooled,
    /// Co-moments of all pairs of units: `K` matrices of `units x units`.
    #[default]
    Full,
}

/// The rows of one class.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClassMoment {
    /// Mean and co-moments.
    pub moments: Comoment,
    /// Smallest value of each unit; empty without rows.
    pub min: Vec<f64>,
    /// Largest value of each unit; empty without rows.
    pub max: Vec<f64>,
}

impl ClassMoment {
    pub(crate) fn empty() -> Self {
        Self { moments: Comoment::empty(), min: Vec::new(), max: Vec::new() }
    }

    /// Whether the unit has one value only in this class (or the class no row).
    #[must_use]
    pub fn is_constant(&self, unit: usize) -> bool {
        match (self.min.get(unit), self.max.get(unit)) {
            (Some(min), Some(max)) => min >= max,
            _ => true,
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        if self.moments.count == 0 {
            *self = other;
        } else {
            extremes(&other.min, &mut self.min, &mut []);
            extremes(&other.max, &mut [], &mut self.max);
            self.moments.merge(other.moments);
        }
    }
}

impl ClassMoment {
    pub(crate) fn write(&self, to: &mut Writer) {
        self.moments.write(to);
        to.f64s(&self.min);
        to.f64s(&self.max);
    }
}

/// Of `classes` classes, of all pairs or of each unit alone, which have `rows` rows together.
pub(crate) fn read(
    from: &mut Reader<'_>,
    classes: usize,
    of_units: &UnitMoments,
    full: bool,
    rows: u64,
) -> Result<Vec<ClassMoment>, StatsError> {
    let mut read = Vec::new();
    let mut left = rows;
    for class in 0..classes {
        let moments = Comoment::read(from, (&of_units.min, &of_units.max), full, |count| count <= left)?;
        if moments.count == 0 {
            read.push(ClassMoment::empty());
            continue;
        }
        left -= moments.count;
        let units = of_units.min.len();
        let (min, max) = (from.f64s(units)?, from.f64s(units)?);
        let inside = |i: usize| of_units.min[i] <= min[i] && min[i] <= max[i] && max[i] <= of_units.max[i];
        let fault = (0..units).find(|&i| !inside(i));
        from.check(
            fault.is_none(),
            || format!("something else at class {class}, unit {}", fault.unwrap_or(0)),
            "extremes in order and within those of all rows",
        )?;
        read.push(ClassMoment { moments, min, max });
    }
    from.check(left == 0, || format!("{} rows in all classes", rows - left), format!("{rows}"))?;
    Ok(read)
}

/// Of the rows `z` with their checked labels: the rows of each class are gathered, then treated as one set of rows. The
/// second result is what they add to [`Moments::within`](super::Moments::within).
pub(crate) fn of(
    z: &[f64],
    labels: &[u32],
    units: usize,
    classes: usize,
    keep: ClassMoments,
) -> (Vec<ClassMoment>, Vec<f64>) {
    let mut rows_of = vec![Vec::new(); classes];
    for (n, &label) in labels.iter().enumerate() {
        rows_of[label as usize].push(n);
    }
    let spread = if keep == ClassMoments::Full { Spread::full } else { Spread::diagonal };
    let mut gathered = Vec::new();
    let mut centred = Vec::new();
    let of_class = |rows: &Vec<usize>| {
        if rows.is_empty() {
            return ClassMoment::empty();
        }
        gathered.clear();
        let (mut min, mut max) = (vec![f64::INFINITY; units], vec![f64::NEG_INFINITY; units]);
        for &n in rows {
            let row = &z[n * units..(n + 1) * units];
            extremes(row, &mut min, &mut max);
            gathered.extend_from_slice(row);
        }
        let moments = Comoment::of(&mut gathered, units, spread);
        // a single row is its own mean and adds nothing
        if keep == ClassMoments::Pooled && rows.len() > 1 {
            centred.extend_from_slice(&gathered);
        }
        ClassMoment { moments, min, max }
    };
    let of_classes = rows_of.iter().map(of_class).collect();
    let mut within = Vec::new();
    if keep == ClassMoments::Pooled {
        within.resize(units * units, 0.0);
        gram::gram_lower(&mut within, &centred, units);
    }
    (of_classes, within)
}

/// Joins the pooled co-moments of two sets of rows whose classes are `mine` and `theirs`, before these are merged: each
/// class present in both adds the product of the distance of its two means, as if all their products were summed anew.
pub(crate) fn merge_within(within: &mut Vec<f64>, mine: &[ClassMoment], mut other: Vec<f64>, theirs: &[ClassMoment]) {
    if within.is_empty() || other.is_empty() {
        within.append(&mut other);
        return;
    }
    let add = |into: &mut [f64], from: &[f64]| into.iter_mut().zip(from).for_each(|(sum, from)| *sum += from);
    add(within, &other);
    let both = mine.iter().zip(theirs).filter(|(mine, theirs)| mine.moments.count > 0 && theirs.moments.count > 0);
    let mut apart = Vec::new();
    for (mine, theirs) in both {
        let weight = mine.moments.weight(&theirs.moments).sqrt();
        apart.extend(mine.moments.apart(&theirs.moments).iter().map(|apart| weight * apart));
    }
    if let Some(units) = mine.iter().map(|class| class.moments.units()).find(|&units| units > 0) {
        // a matrix is at hand for the sum of these products
        gram::gram_lower(&mut other, &apart, units);
        add(within, &other);
    }
}

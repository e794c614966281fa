//! Means over pairs of units and over classes, with what is undefined left out.

use rayon::prelude::*;

use super::Reading;
use crate::moments::ClassMoment;

/// Mean of the defined `of_pair(i, j)` over the pairs `j < i`; `None` if no pair is defined.
/// The sums run in a fixed order: the same bits at any number of threads.
pub(super) fn mean_over_pairs(units: usize, of_pair: impl Fn(usize, usize) -> Option<f64> + Sync) -> Option<f64> {
    let of_unit = |i: usize| (0..i).filter_map(|j| of_pair(i, j)).fold((0.0, 0_u64), |(sum, n), x| (sum + x, n + 1));
    let of_units: Vec<(f64, u64)> = (0..units).into_par_iter().with_min_len(32).map(of_unit).collect();
    let (sum, count) = of_units.into_iter().fold((0.0, 0), |(sum, n), (x, more)| (sum + x, n + more));
    (count > 0).then(|| sum / count as f64)
}

/// Mean of the defined values; `None` if there is none.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_u64), |(sum, n), x| (sum + x, n + 1));
    (count > 0).then(|| sum / count as f64)
}

/// Mean of `of_class` over the classes for which it is defined; classes without a row are left out.
pub(super) fn mean_over_classes(
    reading: &Reading<'_>,
    of_class: impl Fn(&ClassMoment) -> Option<f64> + Sync,
) -> Option<f64> {
    let classes = &reading.sketch().moments().classes;
    let of_each: Vec<Option<f64>> =
        classes.par_iter().map(|class| if class.moments.count == 0 { None } else { of_class(class) }).collect();
    mean(of_each.into_iter().flatten())
}

/// Which classes are left out.
pub(super) fn notes(reading: &Reading<'_>) -> Vec<String> {
    let classes = &reading.sketch().moments().classes;
    let absent = classes.iter().filter(|class| class.moments.count == 0).count();
    let has = if absent == 1 { "has" } else { "have" };
    let of = plural(classes.len(), "class", "classes");
    let note = || format!("{absent} of {of} {has} no rows: left out of class-wise means");
    (absent > 0).then(note).into_iter().collect()
}

/// `count` of what is named `one` or `many`.
pub(super) fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

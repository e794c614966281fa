//! What is said below a picture, as HTML: the numbers that it shows. Where nothing can be drawn, why.

use repshape_stats::pictures::Pictures;

use crate::{
    charts::{correlation as map, spectrum::Mark},
    number::{grouped, significant, whole_or_significant},
};

pub(super) fn correlation(pictures: &Pictures) -> String {
    let Some(shown) = map::shown(pictures) else {
        return "Not drawn: the correlations of pairs of units were not measured.".into();
    };
    let units = match (shown == pictures.units, shown) {
        (true, 1) => "1 unit".into(),
        (true, _) => format!("{} units", grouped(shown)),
        (false, _) => format!("The {} units of largest variance, of {}", grouped(shown), grouped(pictures.units)),
    };
    match map::mean_absolute(shown, &pictures.correlation) {
        Some(mean) => format!("{units}, mean |r| {}", significant(mean)),
        None => units,
    }
}

/// The marks' names and values in their colours.
pub(super) fn spectrum(pictures: &Pictures, marks: &[Mark]) -> String {
    if pictures.eigenvalues.is_empty() {
        return "Not drawn: the eigenvalues of the covariance were not measured.".into();
    }
    if crate::charts::spectrum::above_rounding(pictures).is_empty() {
        return "Not drawn: no unit varies.".into();
    }
    let marks: String = marks
        .iter()
        .map(|mark| {
            format!("<span>{} {} <b>{}</b></span>", swatch(mark.colour), mark.title, whole_or_significant(mark.value))
        })
        .collect();
    if marks.is_empty() { marks } else { format!("<span class=\"marks\">{marks}</span>") }
}

pub(super) fn variances(pictures: &Pictures, ud90: Option<usize>) -> String {
    if pictures.variances.is_empty() {
        return "Not drawn: the variances of the units are not in this file.".into();
    }
    match ud90 {
        Some(1) => format!("{} <b>1</b> of {} holds 90 % of the variance", swatch("curve-2"), units(pictures.units)),
        Some(count) => {
            let units = units(pictures.units);
            format!("{} <b>{}</b> of {units} hold 90 % of the variance", swatch("curve-2"), grouped(count))
        }
        None => "Not drawn: no unit varies.".into(),
    }
}

pub(super) fn sparsity(pictures: &Pictures) -> String {
    let shares = &pictures.sparsity;
    if shares.is_empty() || shares.iter().any(|share| !share.is_finite()) {
        return "Not drawn: the shares of zeros are not in this file.".into();
    }
    let mean = shares.iter().map(|&share| f64::from(share)).sum::<f64>() / shares.len() as f64;
    if mean == 0.0 {
        return "No activation is zero.".into();
    }
    let dead = match pictures.dead.len() {
        0 => "no dead unit".into(),
        1 => format!("{} <b>1</b> of {} is dead", swatch("warn"), units(pictures.units)),
        dead => format!("{} <b>{}</b> of {} are dead", swatch("warn"), grouped(dead), units(pictures.units)),
    };
    format!("{} % of the activations are zero; {dead}", significant(100.0 * mean))
}

fn units(count: usize) -> String {
    format!("{} unit{}", grouped(count), if count == 1 { "" } else { "s" })
}

fn swatch(colour: &str) -> String {
    format!("<i class=\"swatch\" style=\"--dot:var(--{colour})\"></i>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_of_some_units_says_of_how_many() {
        let pictures = Pictures {
            units: 4096,
            matrix_units: vec![3, 9],
            correlation: vec![Some(1.0), Some(-0.5), Some(-0.5), Some(1.0)],
            ..Pictures::default()
        };
        assert_eq!(correlation(&pictures), "The 2 units of largest variance, of 4,096, mean |r| 0.500");
        assert!(correlation(&Pictures { units: 3, ..Pictures::default() }).contains("not measured"));
    }

    #[test]
    fn dead_units_are_counted_in_words() {
        let pictures = Pictures { units: 2, sparsity: vec![0.5, 1.0], dead: vec![1], ..Pictures::default() };
        let text = sparsity(&pictures);
        assert!(
            text.starts_with("75.0 % of the activations are zero; ") && text.ends_with("<b>1</b> of 2 units is dead")
        );
        assert_eq!(
            sparsity(&Pictures { units: 1, sparsity: vec![0.0], ..Pictures::default() }),
            "No activation is zero."
        );
    }
}

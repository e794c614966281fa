//! What a study found, in words.

use crate::{
    criterion::Criterion,
    page::{RegularizerRow, Spread},
};

/// The name of the row that others are compared with.
pub(crate) const BASELINE: &str = "baseline";

/// Which regularizer was best, by how much it beat the baseline, and which ones overlap it; plain text.
pub(crate) fn headline(table: &[RegularizerRow], criterion: Criterion) -> String {
    let noun = criterion.noun();
    let spread = |error: Spread| {
        let (mean, std) = criterion.spread(error.mean, error.std);
        format!("{mean}{} ± {std}", criterion.unit())
    };
    let Some((best, error)) = table.iter().find(|row| row.best).and_then(|row| Some((row, row.test_error?))) else {
        return format!("No trial gave a test {noun}.");
    };
    let mut text = format!("{} had the lowest test {noun}: {}", best.regularizer, spread(error));
    let finished = best.trials.saturating_sub(best.diverged);
    text.push_str(&match finished {
        1 => " in a single trial".into(),
        n => format!(" over {n} trials"),
    });
    let baseline = table.iter().find(|row| row.regularizer == BASELINE);
    text.push_str(&match baseline.and_then(|row| row.test_error) {
        _ if best.regularizer == BASELINE => ". No regularizer beat the plain network.".into(),
        Some(base) if base.mean > 0.0 => format!(
            ", against {} for the baseline ({:.0} % {}).",
            spread(base),
            100.0 * (1.0 - error.mean / base.mean),
            if criterion == Criterion::Error { "fewer errors" } else { "less" }
        ),
        _ => ".".into(),
    });
    let tied: Vec<&str> =
        table.iter().filter(|row| row.tied && !row.best).map(|row| row.regularizer.as_str()).collect();
    if tied.is_empty() {
        if table.len() > 1 {
            text.push_str(" No other interval overlaps it.");
        }
    } else {
        text.push_str(&format!(" Within the spread of the trials, {} cannot be told apart from it.", list(&tied)));
        if best.regularizer != BASELINE && tied.contains(&BASELINE) {
            text.push_str(" The baseline is among them: more trials are needed to call this a gain.");
        }
    }
    text
}

/// `a`, `a and b`, `a, b and c`.
fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).into(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(regularizer: &str, mean: Option<f64>, best: bool, tied: bool) -> RegularizerRow {
        RegularizerRow {
            regularizer: regularizer.into(),
            weight: None,
            trials: 5,
            diverged: 0,
            test_error: mean.map(|mean| Spread { mean, std: 0.001 }),
            test_errors: Vec::new(),
            measures: Default::default(),
            best,
            tied,
            tuning: Vec::new(),
        }
    }

    #[test]
    fn names_the_best_its_gain_and_the_overlapping() {
        let table = [
            row(BASELINE, Some(0.03), false, false),
            row("cw-vr", Some(0.024), true, false),
            row("l1", Some(0.025), false, true),
        ];
        assert_eq!(
            headline(&table, Criterion::Error),
            "cw-vr had the lowest test error: 2.40 % ± 0.10 over 5 trials, against 3.00 % ± 0.10 for the baseline (20 % fewer errors). \
             Within the spread of the trials, l1 cannot be told apart from it."
        );
    }

    #[test]
    fn says_so_when_the_baseline_overlaps_or_wins() {
        let table = [row(BASELINE, Some(0.03), false, true), row("cw-vr", Some(0.0295), true, false)];
        assert!(headline(&table, Criterion::Error).ends_with("more trials are needed to call this a gain."));
        let table = [row(BASELINE, Some(0.03), true, false), row("cw-vr", None, false, false)];
        assert!(headline(&table, Criterion::Error).contains("No regularizer beat the plain network."));
    }

    #[test]
    fn losses_have_no_percent() {
        let table = [row(BASELINE, Some(0.03), false, false), row("cr", Some(0.024), true, false)];
        assert!(headline(&table, Criterion::Loss).starts_with(
            "cr had the lowest test loss: 0.0240 ± 0.0010 over 5 trials, against 0.0300 ± 0.0010 for the baseline (20 % less)."
        ));
    }

    #[test]
    fn nothing_finished() {
        assert_eq!(headline(&[row("l1", None, false, false)], Criterion::Error), "No trial gave a test error.");
        assert_eq!(headline(&[], Criterion::Error), "No trial gave a test error.");
    }
}

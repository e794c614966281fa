//! The choice of a weight from its tuning runs.

use std::collections::BTreeMap;

use crate::statistics::mean;
use crate::trial::Scores;

/// The rule in words, as it stands in the manifest and in every selected run's identity.
pub const SELECTION_RULE: &str = "lowest validation error of this regularizer's tuning runs; ties by lower validation loss, then by the smaller weight";

/// The rule in words where each weight has several tuning runs.
pub const SELECTION_RULE_OF_MEANS: &str = "fewest diverged tuning runs of a weight, then lowest mean validation error over the others; ties by lower mean validation loss, then by the smaller weight";

/// The rule for so many tuning runs of each weight.
pub fn selection_rule(tuning_runs: u32) -> &'static str {
    if tuning_runs > 1 { SELECTION_RULE_OF_MEANS } else { SELECTION_RULE }
}

/// A tuning run: its weight and how it did on validation rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// The weight.
    pub weight: f64,
    /// `None` where the training diverged.
    pub validation: Option<Scores>,
}

/// The selected weight: see [`SELECTION_RULE`] and, for weights of several runs, [`SELECTION_RULE_OF_MEANS`].
///
/// A weight loses against one of which fewer runs diverged; the means are over the runs that did not. Where all diverged
/// the smallest weight is taken, the one nearest to no regularization: its trials will most likely diverge too, and the
/// table says so. A loss that is not finite loses among equal errors. `None` only without candidates. The order of the
/// candidates does not matter.
pub fn select(candidates: &[Candidate]) -> Option<f64> {
    let mut weights: BTreeMap<u64, Vec<&Candidate>> = BTreeMap::new();
    for candidate in candidates {
        weights.entry(candidate.weight.to_bits()).or_default().push(candidate);
    }
    let keys = weights.values().map(|runs| {
        let mean_of = |value: fn(&Scores) -> f64| {
            let values: Vec<f64> = runs.iter().filter_map(|run| run.validation.as_ref().map(value)).collect();
            mean_over_runs(values).filter(|mean| mean.is_finite()).unwrap_or(f64::INFINITY)
        };
        let diverged = runs.iter().filter(|run| run.validation.is_none()).count();
        (diverged, mean_of(|scores| scores.error), mean_of(|scores| scores.loss), runs[0].weight)
    });
    let first =
        keys.min_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2)).then(a.3.total_cmp(&b.3)));
    first.map(|(.., weight)| weight)
}

/// The mean over a weight's tuning runs, whatever their order is; `None` without one.
///
/// That of several is rounded to twelve digits: counts of 5 and 10 or 6 and 9 errors among 288 rows have one mean, but as
/// sums of fractions differ in the last bit.
pub(crate) fn mean_over_runs(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let mean = mean(&values)?;
    if values.len() == 1 { Some(mean) } else { Some(format!("{mean:.11e}").parse().unwrap_or(mean)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn candidate(weight: f64, scores: Option<(f64, f64)>) -> Candidate {
        Candidate { weight, validation: scores.map(|(error, loss)| Scores { error, loss }) }
    }

    #[test]
    fn error_first_then_loss_then_the_smaller_weight() {
        let chosen = |list: &[(f64, Option<(f64, f64)>)]| {
            select(&list.iter().map(|&(w, s)| candidate(w, s)).collect::<Vec<_>>())
        };
        assert_eq!(chosen(&[]), None);
        assert_eq!(chosen(&[(0.1, Some((0.03, 0.1))), (1.0, Some((0.02, 0.9)))]), Some(1.0));
        assert_eq!(chosen(&[(0.1, Some((0.02, 0.5))), (1.0, Some((0.02, 0.4)))]), Some(1.0));
        assert_eq!(chosen(&[(1.0, Some((0.02, 0.4))), (0.1, Some((0.02, 0.4)))]), Some(0.1));
        assert_eq!(chosen(&[(0.1, None), (1.0, Some((0.9, 2.0)))]), Some(1.0));
        assert_eq!(chosen(&[(10.0, None), (0.1, None), (1.0, None)]), Some(0.1));
        assert_eq!(chosen(&[(0.1, Some((0.02, f64::NAN))), (1.0, Some((0.02, 7.0)))]), Some(1.0));
    }

    #[test]
    fn a_weight_of_several_runs_counts_by_its_mean() {
        let runs = |list: &[(f64, Option<f64>)]| {
            select(&list.iter().map(|&(w, e)| candidate(w, e.map(|e| (e, e)))).collect::<Vec<_>>())
        };
        // one lucky run of 0.02 beside 0.06: mean 0.04; the other weight has 0.03 twice
        let lucky = [(10.0, Some(0.02)), (10.0, Some(0.06)), (0.1, Some(0.03)), (0.1, Some(0.03))];
        assert_eq!(runs(&lucky), Some(0.1));
        // one run of two diverged: the mean of the other does not help
        assert_eq!(runs(&[(10.0, Some(0.01)), (10.0, None), (0.1, Some(0.05)), (0.1, Some(0.09))]), Some(0.1));
        // equal means: the smaller weight
        assert_eq!(runs(&[(10.0, Some(0.01)), (10.0, Some(0.03)), (0.1, Some(0.03)), (0.1, Some(0.01))]), Some(0.1));
        // 30 errors among five times 288 rows: the sums of the fractions differ in the last bit
        let of = |weight: f64, counts: [u8; 5]| counts.map(|count| (weight, Some(f64::from(count) / 288.0)));
        assert_eq!(runs(&[of(0.1, [5, 5, 5, 5, 10]), of(10.0, [5, 5, 5, 6, 9])].concat()), Some(0.1));
        assert_eq!(runs(&[of(10.0, [5, 5, 5, 5, 10]), of(0.1, [5, 5, 5, 6, 9])].concat()), Some(0.1));
    }

    #[test]
    fn a_mean_has_twelve_digits_and_one_value_all_of_its_own() {
        assert_eq!(mean_over_runs(vec![]), None);
        assert_eq!(mean_over_runs(vec![1.0 / 3.0]), Some(1.0 / 3.0));
        assert_eq!(mean_over_runs(vec![1.0 / 3.0; 2]), Some(0.333_333_333_333));
        assert_eq!(mean_over_runs(vec![2e300, 4e300]), Some(3e300));
        assert_eq!(mean_over_runs(vec![0.0, 0.0]), Some(0.0));
        assert_eq!(mean_over_runs(vec![5e-324; 3]), Some(5e-324));
    }

    proptest! {
        /// Few distinct scores, so that every kind of tie occurs.
        #[test]
        fn the_order_of_the_runs_does_not_matter(
            scores in prop::collection::vec(prop::option::of((0u8..3, 0u8..4)), 1..8),
            keys in prop::collection::vec(any::<u32>(), 24),
            counts in prop::collection::vec(0u8..12, 24),
        ) {
            let list: Vec<Candidate> = scores.iter().enumerate().map(|(i, s)| {
                let loss = |l: u8| if l == 3 { f64::NAN } else { f64::from(l) };
                candidate(0.001 * 10f64.powi(i as i32), s.map(|(e, l)| (f64::from(e) / 100.0, loss(l))))
            }).collect();
            let shuffle = |list: &[Candidate]| -> Vec<Candidate> {
                let mut shuffled: Vec<(u32, Candidate)> = keys.iter().copied().zip(list.iter().copied()).collect();
                shuffled.sort_by_key(|(key, _)| *key);
                shuffled.into_iter().map(|(_, c)| c).collect()
            };
            // five runs of each of four weights, some of them without an end
            let runs: Vec<Candidate> = counts.iter().enumerate().map(|(i, &count)| {
                let error = f64::from(count) / 288.0;
                candidate((i % 4) as f64, (count < 11).then_some((error, 0.1 * error)))
            }).collect();
            prop_assert_eq!(select(&shuffle(&runs)), select(&runs));
            let shuffled = shuffle(&list);
            let chosen = select(&list).unwrap();
            prop_assert_eq!(select(&shuffled), Some(chosen));
            let best = list.iter().filter_map(|c| c.validation).map(|s| s.error).fold(f64::INFINITY, f64::min);
            let winner = list.iter().find(|c| c.weight == chosen).unwrap();
            prop_assert_eq!(winner.validation.map_or(f64::INFINITY, |s| s.error), best);
        }
    }
}

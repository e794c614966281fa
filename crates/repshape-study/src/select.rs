//! The choice of a weight from its tuning runs.

use crate::trial::Scores;

/// The rule in words, as it stands in the manifest and in every selected run's identity.
pub const SELECTION_RULE: &str = "lowest validation error of this regularizer's tuning runs; ties by lower validation loss, then by the smaller weight";

/// A weight and how it did on validation rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// The weight.
    pub weight: f64,
    /// `None` where the training diverged.
    pub validation: Option<Scores>,
}

/// The selected weight: see [`SELECTION_RULE`].
///
/// A diverged run loses against every other. Where all diverged the smallest weight is taken, the one nearest to no
/// regularization: its trials will most likely diverge too, and the table says so. A loss that is not finite loses
/// among equal errors. `None` only without candidates. The order of the candidates does not matter.
pub fn select(candidates: &[Candidate]) -> Option<f64> {
    let key = |c: &Candidate| {
        let ordered = |x: f64| if x.is_finite() { x } else { f64::INFINITY };
        let (error, loss) =
            c.validation.map_or((f64::INFINITY, f64::INFINITY), |s| (ordered(s.error), ordered(s.loss)));
        (c.validation.is_none(), error, loss, c.weight)
    };
    candidates
        .iter()
        .min_by(|a, b| {
            let (a, b) = (key(a), key(b));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2)).then(a.3.total_cmp(&b.3))
        })
        .map(|c| c.weight)
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

    proptest! {
        /// Few distinct scores, so that every kind of tie occurs.
        #[test]
        fn the_order_of_the_runs_does_not_matter(
            scores in prop::collection::vec(prop::option::of((0u8..3, 0u8..4)), 1..8),
            keys in prop::collection::vec(any::<u32>(), 8),
        ) {
            let list: Vec<Candidate> = scores.iter().enumerate().map(|(i, s)| {
                let loss = |l: u8| if l == 3 { f64::NAN } else { f64::from(l) };
                candidate(0.001 * 10f64.powi(i as i32), s.map(|(e, l)| (f64::from(e) / 100.0, loss(l))))
            }).collect();
            let mut shuffled: Vec<(u32, Candidate)> = keys.into_iter().zip(list.iter().copied()).collect();
            shuffled.sort_by_key(|(key, _)| *key);
            let shuffled: Vec<Candidate> = shuffled.into_iter().map(|(_, c)| c).collect();
            let chosen = select(&list).unwrap();
            prop_assert_eq!(select(&shuffled), Some(chosen));
            let best = list.iter().filter_map(|c| c.validation).map(|s| s.error).fold(f64::INFINITY, f64::min);
            let winner = list.iter().find(|c| c.weight == chosen).unwrap();
            prop_assert_eq!(winner.validation.map_or(f64::INFINITY, |s| s.error), best);
        }
    }
}

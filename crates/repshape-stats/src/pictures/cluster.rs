//! An order of the units in which those that move together are neighbours.

/// The rows of a matrix of correlations as the leaves of the average-linkage tree on `1 - abs(r)`; rows without a
/// defined diagonal come last in their own order. Where two clusters are joined, each may be turned round: the ends
/// that meet are the two most correlated of the four choices.
///
/// Nearest-neighbour chains: `O(M^2)` time after the matrix, `O(M^2)` memory. Ties go to the lower row, so the same
/// correlations give the same order.
pub(super) fn order(correlation: &[Option<f32>], units: usize) -> Vec<usize> {
    if correlation.len() != units * units {
        return Vec::new();
    }
    let (varying, constant): (Vec<usize>, Vec<usize>) =
        (0..units).partition(|&unit| correlation[unit * units + unit].is_some());
    let n = varying.len();
    let near =
        |a: usize, b: usize| correlation[a * units + b].filter(|r| r.is_finite()).map_or(0.0, |r| f64::from(r.abs()));
    let mut distance: Vec<f64> = (0..n * n).map(|at| 1.0 - near(varying[at / n], varying[at % n])).collect();
    // the leaves of each cluster; a cluster lives at the place of its lowest row, the other becomes empty
    let mut leaves: Vec<Vec<usize>> = varying.iter().map(|&unit| vec![unit]).collect();
    let mut chain: Vec<usize> = Vec::new();
    for _ in 1..n {
        if chain.is_empty() {
            chain.extend(leaves.iter().position(|leaves| !leaves.is_empty()));
        }
        let (a, b) = loop {
            let tip = chain[chain.len() - 1];
            let before = chain.len().checked_sub(2).map(|at| chain[at]);
            let others = (0..n).filter(|&other| other != tip && !leaves[other].is_empty());
            // of equally near clusters the one before in the chain, or the chain would run in circles
            let key = |other: usize| (distance[tip * n + other], Some(other) != before);
            let nearest = others.min_by(|&a, &b| key(a).partial_cmp(&key(b)).unwrap_or(std::cmp::Ordering::Equal));
            match nearest {
                // distances fall along a chain, so no cluster comes twice; a rounded average must not undo that
                Some(nearest) if Some(nearest) != before && chain.len() <= n => chain.push(nearest),
                _ => break (tip, before.unwrap_or(tip)),
            }
        };
        chain.retain(|&cluster| cluster != a && cluster != b);
        let (into, from) = (a.min(b), a.max(b));
        let (many, few) = (leaves[into].len() as f64, leaves[from].len() as f64);
        for other in (0..n).filter(|&other| other != into && other != from && !leaves[other].is_empty()) {
            let joined = (many * distance[into * n + other] + few * distance[from * n + other]) / (many + few);
            distance[into * n + other] = joined;
            distance[other * n + into] = joined;
        }
        let right = std::mem::take(&mut leaves[from]);
        join(&mut leaves[into], right, near);
    }
    leaves.into_iter().flatten().chain(constant).collect()
}

/// Appends `right` to `left`, each turned round where that brings the nearer ends together.
fn join(left: &mut Vec<usize>, mut right: Vec<usize>, near: impl Fn(usize, usize) -> f64) {
    let ends = |leaves: &[usize]| [leaves[0], leaves[leaves.len() - 1]];
    let ([first, last], [start, end]) = (ends(left), ends(&right));
    let meeting = [near(last, start), near(last, end), near(first, start), near(first, end)];
    let best = (1..4).fold(0, |best, at| if meeting[at] > meeting[best] { at } else { best });
    if best >= 2 {
        left.reverse();
    }
    if best % 2 == 1 {
        right.reverse();
    }
    left.append(&mut right);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(units: usize, r: impl Fn(usize, usize) -> Option<f32>) -> Vec<Option<f32>> {
        (0..units * units).map(|at| r(at / units, at % units)).collect()
    }

    #[test]
    fn units_of_one_group_are_neighbours_whatever_their_sign() {
        // groups {0, 3, 6}, {1, 4, 7}, {2, 5}; within a group |r| = 0.9, half of them negative
        let r = |i: usize, j: usize| match (i == j, i % 3 == j % 3) {
            (true, _) => Some(1.0),
            (_, true) => Some(if (i + j).is_multiple_of(2) { 0.9 } else { -0.9 }),
            _ => Some(0.1),
        };
        let found = order(&matrix(8, r), 8);
        let groups: Vec<usize> = found.iter().map(|unit| unit % 3).collect();
        assert!(groups.chunk_by(|a, b| a == b).count() == 3, "{found:?}");
    }

    #[test]
    fn a_chain_of_units_keeps_its_order() {
        // |r| falls with the distance on a line that the rows are drawn from in another order
        let place = [3.0, 0.0, 5.0, 1.0, 4.0, 2.0_f32];
        let r = |i: usize, j: usize| Some((-(place[i] - place[j]).abs()).exp());
        let found: Vec<f32> = order(&matrix(6, r), 6).into_iter().map(|unit| place[unit]).collect();
        assert!(found.is_sorted() || found.iter().rev().is_sorted(), "{found:?}");
    }

    #[test]
    fn average_linkage_by_hand() {
        // distances: 0-1 0.1, 2-3 0.2, 4 at 0.5 from 0 and 1 and 0.45 and 0.65 from 2 and 3: averages 0.5 and 0.55,
        // so 4 joins {0, 1} although 2 is its nearest unit
        let near = [(0, 1, 0.9), (2, 3, 0.8), (0, 4, 0.5), (1, 4, 0.5), (2, 4, 0.55), (3, 4, 0.35)];
        let r = |i: usize, j: usize| {
            let found = near.iter().find(|(a, b, _)| (*a, *b) == (i.min(j), i.max(j)));
            Some(if i == j { 1.0 } else { found.map_or(0.0, |(_, _, r)| *r) })
        };
        let found = order(&matrix(5, r), 5);
        let at = |unit: usize| found.iter().position(|other| *other == unit).unwrap();
        let three = [at(0), at(1), at(4)];
        assert_eq!(three.iter().max().unwrap() - three.iter().min().unwrap(), 2, "{found:?}");
    }

    #[test]
    fn constant_units_come_last_and_wrong_sizes_have_no_order() {
        let r = |i: usize, j: usize| (i != 1 && j != 1).then_some(if i == j { 1.0 } else { 0.5 });
        assert_eq!(order(&matrix(3, r), 3), [0, 2, 1]);
        assert_eq!(order(&matrix(2, |_, _| None), 2), [0, 1]);
        assert_eq!(order(&[Some(1.0)], 1), [0]);
        assert!(order(&[], 3).is_empty());
    }

    #[test]
    fn ties_end_and_give_every_unit_once() {
        let mut found = order(&matrix(40, |i, j| Some(if i == j { 1.0 } else { 0.25 })), 40);
        found.sort_unstable();
        assert!(found.into_iter().eq(0..40));
    }
}

//! The order in which an epoch visits the training rows.

use rand_chacha::ChaCha8Rng;

use crate::stream::{Purpose, shuffle, stream};

/// The rows `0..rows` in the order of the given epoch (from 0): cut it into batches from the
/// front.
///
/// The order depends on (`seed`, `epoch`, `rows`) alone, so that a run resumed at epoch 17 goes on
/// with the same batches and needs no saved generator.
///
/// ```
/// use repshape_data::epoch_order;
///
/// let order = epoch_order(1, 17, 1000);
/// for batch in order.chunks(100) {
///     assert_eq!(batch.len(), 100);
/// }
/// assert_eq!(order, epoch_order(1, 17, 1000));
/// assert_ne!(order, epoch_order(1, 18, 1000));
/// ```
///
/// # Panics
///
/// If `rows` is above `u32::MAX`; [`crate::DataSet::split`] refuses such sets.
pub fn epoch_order(seed: u64, epoch: u64, rows: usize) -> Vec<u32> {
    let rows = u32::try_from(rows).expect("at most 2^32 - 1 training rows");
    let mut order: Vec<u32> = (0..rows).collect();
    let mut rng: ChaCha8Rng = stream(seed, Purpose::Batches, epoch);
    shuffle(&mut order, &mut rng);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_comes_once_an_epoch() {
        for rows in [0, 1, 2, 101] {
            let mut order = epoch_order(9, 3, rows);
            order.sort_unstable();
            assert!(order.iter().copied().eq(0..rows as u32));
        }
    }

    /// Against tests/golden/streams.py.
    #[test]
    fn an_order_never_changes() {
        assert_eq!(epoch_order(1, 0, 8), [5, 2, 3, 6, 7, 0, 4, 1]);
        assert_eq!(epoch_order(1, 1, 8), [1, 0, 2, 3, 6, 4, 5, 7]);
    }
}

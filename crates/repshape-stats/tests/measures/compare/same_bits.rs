//! The same updates give the same bits at any number of threads.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use repshape_stats::compare::{
    BootstrapOptions, CrossMoments, KernelMatrix, SimilarityOptions, change, cka_map, similarities,
};
use repshape_stats::{Block, Selection};

#[test]
fn one_two_and_three_threads_give_the_same_bits() {
    // 300 units: more than one panel of a product; 3,000 rows: several chunks
    for (rows, units_a, units_b) in [(3000, 5, 4), (700, 300, 7)] {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut values = |units: usize| -> Vec<f32> {
            (0..rows * units).map(|_| rng.random_range(-1.0_f32..2.0).max(0.0)).collect()
        };
        let (a, b) = (values(units_a), values(units_b));
        let labels: Vec<u32> = (0..rows).map(|_| rng.random_range(0..5)).collect();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let (a, b) = (Block::new(&a[..], units_a).unwrap(), Block::new(&b[..], units_b).unwrap());
                let mut moments = CrossMoments::new(units_a, units_b).unwrap();
                moments.update(&a, &b).unwrap();
                let found = similarities(&moments, &SimilarityOptions::default()).unwrap();
                let options = BootstrapOptions { draws: 40, ..BootstrapOptions::default() };
                let a = a.with_labels(&labels).unwrap();
                let selection = Selection::default().without_pairs_of_rows();
                let changes = if units_a < 100 {
                    change(&a, &b, Some(5), &selection, &options).unwrap().changes
                } else {
                    Vec::new()
                };
                let kernels = [KernelMatrix::of(&a).unwrap(), KernelMatrix::of(&b).unwrap()];
                let map = cka_map(&kernels, &kernels).unwrap();
                // debug output of a float is the shortest text that reads back to the same number
                format!("{moments:?} {found:?} {changes:?} {map:?}")
            })
        };
        let one = run(1);
        assert!(one == run(2) && one == run(3), "{rows} x {units_a}, {units_b}");
    }
}

//! The same updates give the same bits at any number of threads.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use repshape_stats::moments::ClassMoments;
use repshape_stats::{Block, Head, Options, Selection, Sketch, SketchConfig, measure, pictures};

#[test]
fn one_two_and_three_threads_give_the_same_bits() {
    // 300 units: more than one panel of a product; 4,000 rows: several chunks
    for (rows, units) in [(4000, 9), (1100, 300)] {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let z: Vec<f32> = (0..rows * units).map(|_| rng.random_range(-1.0_f32..2.0).max(0.0)).collect();
        let labels: Vec<u32> = (0..rows).map(|_| rng.random_range(0..5)).collect();
        let weights = (0..5 * units).map(|_| rng.random_range(-1.0..1.0)).collect();
        let head = Some(Head::new(weights, vec![0.0; 5]).unwrap());
        let selection = Selection::all(Options { head, ..Options::default() }).unwrap();
        let run = |threads, class_moments| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut config = SketchConfig::new(units).with_classes(5);
                config.class_moments = class_moments;
                config.sample = repshape_stats::SampleSize::AtMost(700);
                let mut sketch = Sketch::new(&config).unwrap();
                for start in [0, 900] {
                    let end = if start == 0 { 900 } else { rows };
                    let block = Block::new(&z[start * units..end * units], units).unwrap();
                    sketch.update(&block.with_labels(&labels[start..end]).unwrap()).unwrap();
                }
                let measurement = measure(&sketch, &selection);
                // shortest text that reads back to the same number: equal text, equal bits
                let text = serde_json::to_string(&(&measurement, pictures(&sketch))).unwrap();
                (text, serde_json::to_string(sketch.moments()).unwrap())
            })
        };
        for keep in [ClassMoments::Full, ClassMoments::Pooled] {
            let one = run(1, keep);
            assert!(one == run(2, keep) && one == run(3, keep), "{rows} x {units}, {keep:?}");
        }
    }
}

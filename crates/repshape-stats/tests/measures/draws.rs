//! The spread of the mutual information over draws of rows.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use repshape_stats::mutual_information::{MiOptions, mutual_information};
use repshape_stats::{Block, Measurement, SampleSize, Selection, Sketch, SketchConfig, measure};

const UNITS: usize = 4;

fn rows(count: usize) -> (Vec<f64>, Vec<u32>) {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let labels: Vec<u32> = (0..count).map(|_| rng.random_range(0..3)).collect();
    let z = labels
        .iter()
        .flat_map(|&k| (0..UNITS).map(move |i| (k, i)))
        .map(|(k, i)| f64::from(k) * (i as f64 - 1.0) * 0.3 + rng.random_range(-0.5..0.5));
    (z.collect(), labels)
}

fn sketch(count: usize, sample: usize, draws: usize) -> Sketch {
    let (z, labels) = rows(count);
    let config = SketchConfig { sample: SampleSize::AtMost(sample), draws, ..SketchConfig::new(UNITS).with_classes(3) };
    let mut sketch = Sketch::new(&config).unwrap();
    sketch.update(&Block::new(&z[..], UNITS).unwrap().with_labels(&labels).unwrap()).unwrap();
    sketch
}

fn measured(count: usize, sample: usize, draws: usize) -> Measurement {
    measure(&sketch(count, sample, draws), &Selection::default())
}

#[test]
fn further_draws_leave_the_values_alone_and_add_their_spread() {
    let (one, five) = (measured(2000, 100, 1), measured(2000, 100, 5));
    assert_eq!(one.measures, five.measures);
    assert_eq!((one.mi_rows, five.mi_rows, one.mi_spread), (Some(100), Some(100), None));
    let spread = five.mi_spread.unwrap();
    assert_eq!(spread.draws, 5);
    // independent draws of the same size, by other seeds: the spread is of their order
    let of_seed = |seed| {
        let mut sketch = Sketch::new(&SketchConfig { seed, ..sketch(2, 100, 1).config().clone() }).unwrap();
        let (z, labels) = rows(2000);
        sketch.update(&Block::new(&z[..], UNITS).unwrap().with_labels(&labels).unwrap()).unwrap();
        let rows = sketch.sample().read();
        mutual_information(&rows.values, UNITS, Some((&rows.labels, 3)), &MiOptions::default()).unwrap().x_lower
    };
    let values: Vec<f64> = (1..=40).map(of_seed).collect();
    let mean = values.iter().sum::<f64>() / 40.0;
    let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 39.0).sqrt();
    // five draws: chi-square of 4 degrees, 0.1 % quantiles 0.09 and 18.5
    assert!((0.15..2.2).contains(&(spread.x_lower / deviation)), "{} of {deviation}", spread.x_lower);
    let note = five.notes.iter().find(|note| note.contains("draws")).unwrap();
    assert!(note.contains("first of 5 draws of 100 rows; standard deviation over draws at most"), "{note}");
    let text = serde_json::to_string(&five).unwrap();
    assert_eq!(serde_json::from_str::<Measurement>(&text).unwrap(), five);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["mi_spread"]["mi_x_lower"].as_f64(), Some(spread.x_lower));
}

#[test]
fn few_rows_are_drawn_again_and_all_rows_have_no_spread() {
    let few = measured(250, 100, 5);
    assert!(few.mi_spread.unwrap().x_lower > 0.0);
    assert!(few.notes.iter().any(|note| note.contains("which overlap, from 250 rows")), "{:?}", few.notes);
    assert_eq!(measured(100, 100, 5).mi_spread, None);
    assert!(measured(100, 100, 5).notes.iter().all(|note| !note.contains("draw")));
}

#[test]
fn draws_beyond_256_mib_are_not_kept() {
    let room = |units: usize, sample: usize| {
        let config = SketchConfig { sample: SampleSize::AtMost(sample), draws: 5, ..SketchConfig::new(units) };
        (Sketch::new(&config).unwrap().sample().draws(), config.sample_bytes())
    };
    assert_eq!(room(100, 10_000), (5, Some(5 * 8_000_000)));
    // 80 MB a draw: three fit
    assert_eq!(room(1000, 10_000), (3, Some(3 * 80_000_000)));
    assert_eq!(room(10_000, 10_000), (1, Some(800_000_000)));
}

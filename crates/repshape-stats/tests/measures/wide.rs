//! Sites without moments of pairs: what needs none is unchanged, what needs some comes from the sample or is left out.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use repshape_stats::moments::ClassMoments;
use repshape_stats::{Block, CATALOG, Measurement, SampleSize, Selection, Sketch, SketchConfig, UnitPairs, measure};

use crate::close;

/// Rectified rows of a few shared factors; unit 1 is dead, unit 2 constant.
fn rows(rows: usize, units: usize) -> (Vec<f32>, Vec<u32>) {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let mut z = Vec::new();
    for _ in 0..rows {
        let shared: [f32; 4] = std::array::from_fn(|_| rng.random_range(-1.0..1.0));
        z.extend((0..units).map(|unit| match unit {
            1 => 0.0,
            2 => 3.5,
            _ => (shared[unit % 4] * (unit % 7) as f32 + rng.random_range(-0.5_f32..0.5)).max(0.0),
        }));
    }
    (z, (0..rows).map(|n| [0, 1, 4][n % 3]).collect())
}

fn measured((z, labels): &(Vec<f32>, Vec<u32>), config: &SketchConfig) -> (Sketch, Measurement) {
    let mut sketch = Sketch::new(config).unwrap();
    let units = config.units;
    let half = labels.len() / 2;
    for (z, labels) in [(&z[..half * units], &labels[..half]), (&z[half * units..], &labels[half..])] {
        sketch.update(&Block::new(z, units).unwrap().with_labels(labels).unwrap()).unwrap();
    }
    let measurement = measure(&sketch, &Selection::default());
    (sketch, measurement)
}

#[test]
fn fewer_rows_than_units_give_all_but_positive_pairs_and_nc1() {
    let data = rows(40, 600);
    let full = SketchConfig { class_moments: ClassMoments::Full, ..SketchConfig::new(600).with_classes(5) };
    let (_, with) = measured(&data, &full);
    let (sketch, without) = measured(&data, &SketchConfig { pairs: UnitPairs::Off, ..full });
    assert!(sketch.moments().positive.is_none() && !sketch.moments().all.keeps_pairs());
    let lost = ["covariance_positive", "correlation_positive", "nc1"];
    for row in CATALOG {
        if lost.contains(&row.name) {
            assert_eq!(without.get(row.name), None, "{}", row.name);
        } else {
            // the singular values of rankme keep the square root of the rounding of null eigenvalues
            let tolerance = if row.name == "rankme" { 1e-4 } else { 1e-9 };
            let (a, b) = (with.get(row.name), without.get(row.name));
            assert!(close(a, b, tolerance, 1e-12), "{}: {a:?} {b:?}", row.name);
        }
    }
    assert_eq!(without.get("rank"), Some(39.0));
    let note = without.notes.iter().find(|note| note.starts_with("600 units")).unwrap();
    assert!(note.contains("left out: covariance_positive, correlation_positive, nc1 ("), "{note}");
    assert!(!with.notes.iter().any(|note| note.starts_with("600 units")));
}

#[test]
fn rows_beyond_the_sample_leave_only_what_each_unit_says() {
    let data = rows(200, 30);
    let full = SketchConfig { sample: SampleSize::AtMost(50), ..SketchConfig::new(30).with_classes(5) };
    let (_, with) = measured(&data, &full);
    let (_, without) = measured(&data, &SketchConfig { pairs: UnitPairs::Off, ..full });
    let lost: Vec<&str> = CATALOG
        .iter()
        .map(|row| row.name)
        .filter(|name| with.get(name).is_some() && without.get(name).is_none())
        .collect();
    let note = without.notes.iter().find(|note| note.starts_with("30 units")).unwrap();
    for name in &lost {
        assert!(note.contains(name), "{name} in {note}");
    }
    assert_eq!(lost.len(), 16);
    for name in ["amplitude", "variance", "class_wise_variance", "sparsity", "tdv", "mi_x_lower", "mi_y_upper", "cdnv"]
    {
        assert!(close(with.get(name), without.get(name), 1e-12, 0.0), "{name}");
    }
}

/// More units than could ever have pairs, in more rows than one chunk.
#[test]
fn fifty_thousand_units_take_little_memory() {
    let units = 50_176;
    let config = SketchConfig { pairs: UnitPairs::Off, ..SketchConfig::new(units).with_classes(5) };
    assert!(config.moments_bytes() < 16 << 20);
    assert!(SketchConfig { pairs: UnitPairs::Full, ..config.clone() }.moments_bytes() > 100 << 30);
    let data = rows(30, units);
    let (sketch, measurement) = measured(&data, &config);
    assert_eq!(measurement.get("rank"), Some(29.0));
    assert!(measurement.get("mi_x_lower").is_some());
    // 50,176^2 pairs in four scopes are too many
    assert_eq!(measurement.get("covariance"), None);
    let note = measurement.notes.last().unwrap();
    assert!(
        note.starts_with("50176 units: the moments of their pairs would need 187.6 GiB and were not kept"),
        "{note}"
    );
    assert_eq!(Sketch::from_bytes(&sketch.to_bytes()).unwrap().to_bytes(), sketch.to_bytes());
}

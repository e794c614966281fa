//! Neural collapse, worked by hand, and how its moments are kept.

use repshape_stats::moments::{ClassMoments, Spread};
use repshape_stats::{Block, Head, Measurement, Options, SampleSize, Selection, Sketch, SketchConfig, measure};

use crate::{close, measurement, sketch};

fn assert_value(of: &Measurement, name: &str, expected: f64) {
    assert!(close(of.get(name), Some(expected), 1e-13, 1e-15), "{name}: {:?}, expected {expected}", of.get(name));
}

fn of(z: &[f64], units: usize, labels: (&[u32], usize), options: Options) -> Measurement {
    measure(&sketch(z, units, Some(labels)), &Selection::all(options).unwrap())
}

fn with_head(weights: &[f64], bias: &[f64]) -> Options {
    Options { head: Some(Head::new(weights.to_vec(), bias.to_vec()).unwrap()), ..Options::default() }
}

/// Class 0 twice about (4, 0), class 1 three times about (-2, 0), class 2 without rows, class 3 once; their mean is (0, 1).
const Z: [f64; 12] = [3.0, 0.0, -2.0, 6.0, -2.0, -2.0, 5.0, 0.0, -2.0, 0.0, -2.0, 2.0];
const LABELS: ([u32; 6], usize) = ([0, 3, 1, 0, 1, 1], 4);

#[test]
fn three_classes_of_two_three_and_one_rows() {
    // Mc: (4, -1), (-2, -1), (-2, 5); S_W = diag(1, 4) / 3, S_B = [[24, -12], [-12, 27]] / 3
    let weights = [1.0, 0.0, 0.0, 1.0, 9.0, 9.0, -1.0, 1.0];
    // scores (x, y, .., y - x): class 0 for (3, 0) and (5, 0); 3 for (-2, 6), (-2, 0), (-2, 2); for (-2, -2), with the
    // bias of class 2 at -100, x and y are both -2, and y - x = 0 is the largest
    let found = of(&Z, 2, (&LABELS.0, LABELS.1), with_head(&weights, &[0.0, 0.0, -100.0, 0.0]));
    assert_value(&found, "nc1", 41.0 / 504.0);
    assert_value(&found, "nc1_quotient", 5.0 / 51.0);
    assert_value(&found, "cdnv", (11.0 / 216.0 + 1.0 / 144.0 + 8.0 / 216.0) / 3.0);
    let norms = [17.0_f64.sqrt(), 5.0_f64.sqrt(), 29.0_f64.sqrt()];
    let centre = norms.iter().sum::<f64>() / 3.0;
    let deviation = (norms.map(|norm| (norm - centre).powi(2)).iter().sum::<f64>() / 3.0).sqrt();
    assert_value(&found, "nc2_equinorm", deviation / centre);
    let cosines = [-7.0 / 85.0_f64.sqrt(), -13.0 / 493.0_f64.sqrt(), -1.0 / 145.0_f64.sqrt()];
    assert_value(&found, "nc2_equiangular", cosines.map(|cosine| (cosine + 0.5).abs()).iter().sum::<f64>() / 3.0);
    let simplex_error = |products: [f64; 9]| {
        let size = products.map(|x| x * x).iter().sum::<f64>().sqrt();
        let simplex = |at: usize| if at.is_multiple_of(4) { 2.0 / 3.0 } else { -1.0 / 3.0 } / 2.0_f64.sqrt();
        let apart = products.iter().enumerate().map(|(at, x)| (x / size - simplex(at)).powi(2));
        apart.sum::<f64>().sqrt()
    };
    assert_value(&found, "nc2_etf_error", simplex_error([17.0, -7.0, -13.0, -7.0, 5.0, -1.0, -13.0, -1.0, 29.0]));
    // the weights of class 2 are left out: rows x, y, y - x of Mc
    assert_value(&found, "nc3_duality", simplex_error([4.0, -2.0, -2.0, -1.0, -1.0, 5.0, -5.0, 1.0, 7.0]));
    // nearest means: classes 0, 3, 1, 0, 1, 1; predictions 0, 3, 3, 0, 3, 3
    assert_value(&found, "nc4_disagreement", 0.5);
    assert!(found.notes.contains(&"1 of 4 classes has no rows: left out of class-wise means".to_owned()));
    let own = "nc4_disagreement by the class means of the measured rows, not of training rows".to_owned();
    assert!(found.notes.contains(&own), "{:?}", found.notes);
}

#[test]
fn rows_may_be_nearest_to_the_training_mean_of_a_class_that_has_none() {
    let mut options = with_head(&[1.0, 0.0, 0.0, 1.0, 9.0, 9.0, -1.0, 1.0], &[0.0, 0.0, -100.0, 0.0]);
    // class 3's training rows lie about (-2, 0), nobody's about (-2, 2): rows 4 and 5 go there and are predicted so
    options.class_means = Some(vec![4.0, 0.0, -2.0, -2.0, -2.0, 6.0, -2.0, 1.0]);
    let found = of(&Z, 2, (&LABELS.0, LABELS.1), options);
    // nearest: 0, 2, 1, 0, 3, 3; predictions 0, 3, 3, 0, 3, 3
    assert_value(&found, "nc4_disagreement", 2.0 / 6.0);
    assert!(!found.notes.iter().any(|note| note.starts_with("nc4")), "{:?}", found.notes);
}

/// Four corners of a cube that no edge joins, about (7, -2, 1), twice each, one in each class.
#[test]
fn a_collapsed_simplex_is_perfect() {
    let corners = [[1.0, 1.0, 1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]];
    let labels = [3, 0, 2, 1, 1, 0, 2, 3];
    let z: Vec<f64> =
        labels.iter().flat_map(|&k: &u32| [0, 1, 2].map(|i| corners[k as usize][i] + [7.0, -2.0, 1.0][i])).collect();
    // W is 0.25 Mc, and decides as the nearest mean does
    let weights: Vec<f64> = corners.iter().flatten().map(|x| 0.25 * x).collect();
    let bias: Vec<f64> = corners.iter().map(|[x, y, z]| -0.25 * (7.0 * x - 2.0 * y + z)).collect();
    let found = of(&z, 3, (&labels, 4), with_head(&weights, &bias));
    let perfect = ["nc1", "nc1_quotient", "cdnv", "nc4_disagreement"];
    for name in perfect {
        assert_eq!(found.get(name), Some(0.0), "{name}");
    }
    for name in ["nc2_equinorm", "nc2_equiangular", "nc2_etf_error", "nc3_duality"] {
        assert!(found.get(name).unwrap() < 1e-15, "{name}: {:?}", found.get(name));
    }
    // a layer that points away from every mean is as far from it as can be
    let away: Vec<f64> = weights.iter().map(|x| -x).collect();
    assert_value(&of(&z, 3, (&labels, 4), with_head(&away, &bias)), "nc3_duality", 2.0);
}

/// What ties `nc1_quotient` to cw-VR, the penalty: of equally large classes, `tr S_W` is I times the class-wise variance,
/// and the rest of the variance is between them.
#[test]
fn equal_classes_have_the_quotient_of_class_wise_variance_and_the_rest() {
    let z = [0.5, 1.0, 3.0, -1.0, 2.0, 5.0, 7.0, 7.0, -2.0, 0.0, 1.5, 4.0];
    let found = measurement(&z, 2, Some((&[0, 1, 2, 2, 1, 0], 3)));
    let (within, all) = (found.get("class_wise_variance").unwrap(), found.get("variance").unwrap());
    assert_value(&found, "nc1_quotient", within / (all - within));
}

#[test]
fn classes_of_single_rows_are_collapsed() {
    let found = measurement(&[0.0, 1.0, 3.0, -1.0, 2.0, 5.0], 2, Some((&[0, 1, 2], 3)));
    for name in ["nc1", "nc1_quotient", "cdnv"] {
        assert_eq!(found.get(name), Some(0.0), "{name}");
    }
}

const GEOMETRY: [&str; 6] = ["nc1", "nc1_quotient", "cdnv", "nc2_equinorm", "nc2_equiangular", "nc2_etf_error"];

#[test]
fn what_has_no_geometry_is_undefined_and_said_so() {
    let one = measurement(&[0.0, 1.0, 3.0, -1.0, 2.0, 5.0], 2, Some((&[1, 1, 1], 3)));
    let note = "rows of one class only: neural collapse is undefined".to_owned();
    assert!(GEOMETRY.iter().all(|name| one.get(name).is_none()) && one.notes.contains(&note), "{one:?}");

    // both classes about 1,000.1, to the rounding of the rows
    let z = [1000.2, 1000.0, 1000.3, 999.9, 1000.1];
    let equal = measurement(&z, 1, Some((&[0, 0, 1, 1, 1], 2)));
    let note = "all class means are equal: neural collapse is undefined".to_owned();
    assert!(GEOMETRY.iter().all(|name| equal.get(name).is_none()) && equal.notes.contains(&note), "{equal:?}");

    // two classes of three about the same mean, (2, 0)
    let z = [1.0, 0.0, 3.0, 0.0, 2.0, -1.0, 2.0, 1.0, -2.0, 0.0, -2.0, 0.0];
    let pair = measurement(&z, 2, Some((&[0, 0, 1, 1, 2, 2], 3)));
    assert_eq!(pair.get("cdnv"), None);
    assert!(
        pair.notes.contains(&"the means of two classes are equal: cdnv is undefined".to_owned()),
        "{:?}",
        pair.notes
    );
    assert!(pair.get("nc1").is_some());

    // class 1 lies where all rows lie on average
    let central = measurement(&[-1.0, 0.5, -0.5, 1.0], 1, Some((&[0, 1, 1, 2], 3)));
    assert_value(&central, "nc2_equiangular", 0.5);
    let note = "1 class has its mean at that of all rows: left out of nc2_equiangular".to_owned();
    assert!(central.notes.contains(&note), "{:?}", central.notes);
}

#[test]
fn a_layer_for_other_rows_is_refused_and_undefined() {
    let options = with_head(&[1.0, 0.0, 0.0, 1.0], &[0.0, 0.0]);
    let selection = Selection::all(options).unwrap();
    let sketch = sketch(&Z, 2, Some((&LABELS.0, LABELS.1)));
    let error = selection.check(sketch.config()).unwrap_err().to_string();
    assert_eq!(
        error,
        "head is a layer of 2 units and 2 classes, the rows have 2 units and 4 classes, expected one that takes such rows"
    );
    let found = measure(&sketch, &selection);
    assert_eq!((found.get("nc3_duality"), found.get("nc4_disagreement")), (None, None));
    let note = "the head takes 2 units and gives 2 classes, the rows have 2 and 4: nc3_duality and nc4_disagreement are undefined";
    assert_eq!(found.notes.iter().filter(|found| *found == note).count(), 1, "{:?}", found.notes);

    let mut options = with_head(&[1.0; 8], &[0.0; 4]);
    options.class_means = Some(vec![0.0; 6]);
    let selection = Selection::all(options.clone()).unwrap();
    let error = selection.check(sketch.config()).unwrap_err().to_string();
    assert_eq!(error, "class_means is 6 values, the rows have 2 units and 4 classes, expected classes x units values");
    let found = measure(&sketch, &selection);
    assert_eq!(found.get("nc4_disagreement"), None);
    let note = "6 values are no class means of 4 classes and 2 units: nc4_disagreement is undefined".to_owned();
    assert!(found.notes.contains(&note), "{:?}", found.notes);
    options.class_means = Some(vec![f64::NAN; 8]);
    let error = Selection::all(options).unwrap_err().to_string();
    assert_eq!(error, "class_means is NaN, expected finite numbers, classes x units");

    for (weights, bias, expected) in [
        (vec![1.0; 5], vec![0.0; 2], "5 weights and 2 biases"),
        (vec![], vec![], "0 weights and 0 biases"),
        (vec![1.0, 2.0, f64::NAN, 3.0], vec![0.0; 2], "NaN at class 1, unit 0"),
        (vec![1.0; 4], vec![0.0, f64::INFINITY], "inf as bias of class 1"),
    ] {
        let error = Head::new(weights, bias).unwrap_err().to_string();
        assert!(error.starts_with(&format!("head is {expected}, expected")), "{error}");
    }
}

#[test]
fn a_sample_of_rows_is_said() {
    let config = SketchConfig { sample: SampleSize::AtMost(4), ..SketchConfig::new(2).with_classes(4) };
    let mut sketch = Sketch::new(&config).unwrap();
    sketch.update(&Block::new(&Z[..], 2).unwrap().with_labels(&LABELS.0).unwrap()).unwrap();
    let found = measure(&sketch, &Selection::all(with_head(&[1.0; 8], &[0.0; 4])).unwrap());
    for name in ["nc4_disagreement", "intrinsic_dimension"] {
        assert!(found.notes.contains(&format!("{name} over a sample of 4 of 6 rows")), "{:?}", found.notes);
    }
}

/// Deviations of 1e-6 about class means of 1,000, deviations of 1 between them: rows, labels, and `S_W` from the rows.
fn nearly_collapsed(rows: usize, units: usize) -> (Vec<f64>, Vec<u32>, Vec<f64>) {
    let scattered = |at: usize| (at as f64 * 0.618_033_988_749_895).fract() - 0.5;
    let labels: Vec<u32> = (0..rows).map(|n| (n * n % 7 % 4) as u32).collect();
    let value =
        |n: usize, i: usize| 1000.0 + scattered(9 * labels[n] as usize + i) + 1e-6 * scattered(n * units + i + 77);
    let z: Vec<f64> = (0..rows * units).map(|at| value(at / units, at % units)).collect();
    let mut within = vec![0.0; units * units];
    for class in 0..4 {
        let own: Vec<&[f64]> =
            z.chunks_exact(units).zip(&labels).filter(|(_, y)| **y == class).map(|(z, _)| z).collect();
        // about the class's first row, so that the mean keeps its digits
        let apart = |i: usize| own.iter().map(|z| z[i] - own[0][i]).sum::<f64>() / own.len() as f64;
        let mean: Vec<f64> = (0..units).map(apart).collect();
        for z in &own {
            for (at, sum) in within.iter_mut().enumerate() {
                let deviation = |i: usize| (z[i] - own[0][i]) - mean[i];
                *sum += deviation(at / units) * deviation(at % units);
            }
        }
    }
    (z, labels, within)
}

#[test]
fn the_pooled_co_moment_keeps_its_digits_under_any_split() {
    let (units, rows) = (5, 1300);
    let (z, labels, expected) = nearly_collapsed(rows, units);
    let largest = expected.iter().fold(0.0_f64, |largest, sum| largest.max(sum.abs()));
    for keep in [ClassMoments::Pooled, ClassMoments::Full] {
        let config = SketchConfig { class_moments: keep, ..SketchConfig::new(units).with_classes(5) };
        for size in [1300, 100, 1] {
            let mut sketch = Sketch::new(&config).unwrap();
            for start in (0..rows).step_by(size) {
                let block = Block::new(&z[start * units..(start + size) * units], units).unwrap();
                let block = block.with_labels(&labels[start..start + size]).unwrap().starting_at(start as u64);
                let mut part = Sketch::new(&config).unwrap();
                part.update(&block).unwrap();
                sketch.merge(part).unwrap();
            }
            let within = sketch.moments().within_classes().unwrap();
            for i in 0..units {
                for j in 0..=i {
                    let (found, expected) = (within[i * units + j], expected[i * units + j]);
                    // the rounding of a mean of 1,000, 1e-13, over a deviation of 1e-6, squared, is far below 1e-9
                    assert!((found - expected).abs() <= 1e-9 * largest, "{keep:?} by {size}: {found}, {expected}");
                }
            }
        }
    }
}

#[test]
fn one_matrix_is_kept_for_all_classes_and_the_bytes_are_counted() {
    let (units, classes) = (6, 5);
    let bytes = |keep| {
        let config = SketchConfig { class_moments: keep, ..SketchConfig::new(units).with_classes(classes) };
        let mut sketch = Sketch::new(&config).unwrap();
        let z = vec![1.0; 2 * classes * units];
        let labels: Vec<u32> = (0..2 * classes as u32).map(|n| n / 2).collect();
        sketch.update(&Block::new(&z[..], units).unwrap().with_labels(&labels).unwrap()).unwrap();
        let moments = sketch.moments();
        let of_class = |class: &repshape_stats::moments::ClassMoment| {
            let (Spread::Full(spread) | Spread::Diagonal(spread)) = &class.moments.spread;
            let means = class.moments.shift.len() + class.moments.offset.len();
            spread.len() + means + class.min.len() + class.max.len()
        };
        let held = moments.within.len() + moments.classes.iter().map(of_class).sum::<usize>();
        (config.moments_bytes(), held * size_of::<f64>())
    };
    let (without, nothing) = bytes(ClassMoments::Off);
    assert_eq!(nothing, 0);
    for keep in [ClassMoments::Diagonal, ClassMoments::Pooled, ClassMoments::Full] {
        let (counted, held) = bytes(keep);
        assert_eq!(counted - without, held, "{keep:?}");
    }
    let (pooled, diagonal) = (bytes(ClassMoments::Pooled).1, bytes(ClassMoments::Diagonal).1);
    assert_eq!(pooled - diagonal, units * units * size_of::<f64>());
}

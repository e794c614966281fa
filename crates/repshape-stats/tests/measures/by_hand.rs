//! Seven rows, three units, four classes, worked by hand; and the words of errors and notes.

use repshape_stats::moments::ClassMoments;
use repshape_stats::{Block, Measurement, Options, SampleSize, Selection, Sketch, SketchConfig, StatsError, measure};

use crate::{measurement, sketch};

/// Class 0: rows 0, 1; class 1: rows 2, 3, 4; class 2: none; class 3: rows 5, 6. Unit 2 is dead.
const Z: [f64; 21] = [
    1.0, 4.0, 0.0, //
    3.0, 0.0, 0.0, //
    2.0, 2.0, 0.0, //
    2.0, 4.0, 0.0, //
    2.0, 6.0, 0.0, //
    0.0, 3.0, 0.0, //
    4.0, 9.0, 0.0,
];
const LABELS: [u32; 7] = [0, 0, 1, 1, 1, 3, 3];

fn assert_close(measurement: &Measurement, name: &str, expected: f64) {
    let value = measurement.get(name).unwrap_or_else(|| panic!("{name} is undefined"));
    assert!((value - expected).abs() <= 1e-12 * expected.abs(), "{name}: {value}, expected {expected}");
}

#[test]
fn seven_rows_of_three_units_in_four_classes() {
    let of = measurement(&Z, 3, Some((&LABELS, 4)));
    // means 2, 4, 0; deviations (-1, 0), (1, -4), (0, -2), (0, 0), (0, 2), (-2, -1), (2, 5)
    let (v0, v1, c01) = (10.0 / 7.0, 50.0 / 7.0, 8.0 / 7.0);
    assert_close(&of, "amplitude", 42.0 / 21.0);
    assert_close(&of, "variance", (v0 + v1) / 3.0);
    assert_close(&of, "covariance", c01 / 3.0);
    assert_close(&of, "correlation", 8.0 / 500.0_f64.sqrt());
    assert_eq!(of.get("mapc"), of.get("correlation"));
    assert_close(&of, "sparsity", 9.0 / 21.0);
    assert_close(&of, "dead_units", 1.0 / 3.0);
    // positive: unit 0 over rows 0-4, 6: 1 3 2 2 2 4; unit 1 over rows 0, 2-6: 4 2 4 6 3 9
    assert_close(&of, "amplitude_positive", (14.0 + 28.0) / 12.0);
    let (mean0, mean1) = (14.0 / 6.0, 28.0 / 6.0);
    assert_close(&of, "variance_positive", (38.0 / 6.0 - mean0 * mean0 + 162.0 / 6.0 - mean1 * mean1) / 2.0);
    // both positive: (1, 4), (2, 2), (2, 4), (2, 6), (4, 9): means 2.2, 5; the pairs with unit 2 have no row
    let covariance = (4.0 + 4.0 + 8.0 + 12.0 + 36.0) / 5.0 - 2.2 * 5.0;
    assert_close(&of, "covariance_positive", covariance);
    let (variance0, variance1): (f64, f64) = (29.0 / 5.0 - 2.2 * 2.2, 153.0 / 5.0 - 25.0);
    assert_close(&of, "correlation_positive", covariance / (variance0 * variance1).sqrt());
    // class 0: variances 1, 4, covariance -2; class 1: 0, 8/3, 0, unit 0 constant; class 3: 4, 9, 6
    assert_close(&of, "class_wise_variance", (5.0 / 3.0 + 8.0 / 9.0 + 13.0 / 3.0) / 3.0);
    assert_close(&of, "class_wise_covariance", (2.0 + 0.0 + 6.0) / 9.0);
    // class 1 has one unit that varies, hence no pair: it is left out, and so is class 2
    assert_close(&of, "class_wise_correlation", 1.0);
    // unit 0 runs from 0 to 4, unit 1 from 0 to 9
    let (a, b) = (100.0 / 16.0, 100.0 / 81.0);
    let normalized = (a + 4.0 * b) / 3.0 + (8.0 / 3.0 * b) / 3.0 + (4.0 * a + 9.0 * b) / 3.0;
    assert_close(&of, "normalized_class_wise_variance", normalized / 3.0);
    // eigenvalues of [[10, 8], [8, 50]] / 7
    let root = (20.0_f64 * 20.0 + 64.0).sqrt();
    let (large, small) = (30.0 + root, 30.0 - root);
    assert_close(&of, "stable_rank_covariance", 1.0 + (small / large).powi(2));
    assert_close(&of, "participation_ratio", 3600.0 / (large * large + small * small));
    let (p, q) = (large / 60.0, small / 60.0);
    assert_close(&of, "effective_rank", (-p * p.ln() - q * q.ln()).exp());
    assert_close(&of, "rank", 2.0);
    // Z^T Z = [[38, 64], [64, 162]]
    let (half, product): (f64, f64) = (100.0, 38.0 * 162.0 - 64.0 * 64.0);
    assert_close(&of, "stable_rank", 200.0 / (half + (half * half - product).sqrt()));
    assert_close(&of, "cvr", 76.0 / 60.0);
    assert_close(&of, "tdv", 50.0 / 60.0);
    assert_close(&of, "ud90", 2.0);
    assert_eq!(of.mi_rows, Some(7));
    assert_eq!(of.mi_variance, Some(0.1));
    assert_eq!(
        of.notes[..2],
        ["1 dead unit left out of correlation", "1 of 4 classes has no rows: left out of class-wise means"]
    );
}

#[test]
fn one_class_of_all_rows_is_all_rows() {
    let of = measurement(&Z, 3, Some((&[0; 7], 1)));
    for name in ["variance", "covariance", "correlation"] {
        let (all, class) = (of.get(name).unwrap(), of.get(&format!("class_wise_{name}")).unwrap());
        assert!((all - class).abs() <= 1e-15 * all, "{name}");
    }
}

#[test]
fn pairs_with_one_common_positive_row() {
    // units 0 and 1 share row 0 only; units 0 and 2 rows 0 and 1; units 1 and 2 row 0
    let of = measurement(&[1.0, 2.0, 3.0, 5.0, -1.0, 1.0, -2.0, 4.0, 0.0], 3, None);
    // c_02 = mean of (-2)(1), (2)(-1) = -2; the two other pairs count as 0
    assert_close(&of, "covariance_positive", 2.0 / 3.0);
    assert_close(&of, "correlation_positive", 1.0);
}

#[test]
fn undefined_is_null_in_json_and_never_nan() {
    let none = measurement(&[], 3, Some((&[], 2)));
    assert!(none.measures.iter().all(|(_, value)| value.is_none()), "{none:?}");
    assert_eq!(none.notes, ["no rows: every measure is undefined"]);
    let unlabelled = measurement(&Z, 3, None);
    let json = serde_json::to_value(&unlabelled).unwrap();
    assert!(json["measures"]["class_wise_variance"].is_null());
    assert!(json["measures"]["mi_y_lower"].is_null() && json["measures"]["mi_x_lower"].is_f64());
    assert!(json["classes"].is_null());
}

#[test]
fn values_beyond_f64_are_undefined_and_said_so() {
    let of = measurement(&[1e200, 0.0, -1e200, 3.0, 2e200, 1e200], 2, None);
    assert!(of.measures.iter().all(|(_, value)| value.is_none_or(|value| value.as_f64().is_finite())));
    assert_eq!(of.get("variance"), None);
    assert!(of.notes.contains(&"variance is beyond the range of f64".to_owned()), "{:?}", of.notes);
}

#[test]
fn json_is_the_contract_and_reads_back() {
    let mut of = measurement(&Z, 3, Some((&LABELS, 4)));
    of.source = Some("z.npy".to_owned());
    let text = serde_json::to_string(&of).unwrap();
    assert!(
        text.starts_with(
            r#"{"schema":"repshape.measurement/1","source":"z.npy","site":null,"rows":7,"units":3,"classes":4,"measures":{"amplitude":2.0,"#
        ),
        "{text}"
    );
    assert!(text.contains(r#""rank":2,"#) && text.contains(r#""ud90":2,"#), "{text}");
    assert_eq!(serde_json::from_str::<Measurement>(&text).unwrap(), of);
    let other = text.replace("measurement/1", "measurement/2");
    let error = serde_json::from_str::<Measurement>(&other).unwrap_err().to_string();
    assert!(error.contains("schema is \"repshape.measurement/2\", expected \"repshape.measurement/1\""), "{error}");
}

#[test]
fn bad_rows_are_named_and_change_nothing() {
    let mut sketch = sketch(&Z, 3, Some((&LABELS, 4)));
    let before = serde_json::to_string(&sketch).unwrap();
    let mut refuse = |z: &[f64], labels: Option<&[u32]>, expected: &str| {
        let mut block = Block::new(z, 3).unwrap();
        if let Some(labels) = labels {
            block = block.with_labels(labels).unwrap();
        }
        assert_eq!(sketch.update(&block).unwrap_err().to_string(), expected);
        assert_eq!(serde_json::to_string(&sketch).unwrap(), before);
    };
    refuse(&[0.0, 0.0, 0.0, 1.0, f64::INFINITY, f64::NAN], Some(&[0, 1]), "row 8, unit 1: inf is not a finite number");
    refuse(&[0.0; 6], Some(&[1, 4]), "row 8 has label 4, but there are 4 classes (labels run from 0 to 3)");
    refuse(
        &[0.0; 3],
        None,
        "the rows from 7 on have no labels, but 4 classes were declared: give one label for each row",
    );
    assert!(matches!(Block::new(&[0.0; 4][..], 3), Err(StatsError::Ragged { values: 4, units: 3 })));
    assert!(matches!(Block::new(&[0.0; 4][..], 0), Err(StatsError::NoUnits)));
    // the first bad value of a large block, whatever thread meets one first
    let mut large = vec![0.0_f32; 20_000 * 2];
    (large[30_001], large[39_000]) = (f32::NAN, f32::INFINITY);
    let mut sketch = Sketch::new(&SketchConfig::new(2)).unwrap();
    let error = sketch.update(&Block::new(&large[..], 2).unwrap().starting_at(100)).unwrap_err();
    assert!(matches!(error, StatsError::NonFinite { row: 15_100, unit: 1, .. }), "{error}");
}

#[test]
fn settings_are_checked_and_differing_ones_do_not_merge() {
    let config = SketchConfig::new(3);
    let of = |config: &SketchConfig| Sketch::new(config).map(|_| ()).unwrap_err().to_string();
    assert_eq!(of(&config.clone().with_classes(0)), "classes is 0, expected at least 1");
    assert_eq!(
        of(&SketchConfig { zero_eps: f64::NAN, ..config.clone() }),
        "zero_eps is NaN, expected a finite number, at least 0"
    );
    let mut sketch = Sketch::new(&config).unwrap();
    let other = Sketch::new(&SketchConfig { seed: 3, ..config }).unwrap();
    let error = sketch.merge(other).unwrap_err().to_string();
    assert_eq!(error, "two partial states do not fit together: seed is 0 in one and 3 in the other");
    let noise = repshape_stats::NoiseVariance::Absolute(-1.0);
    let error = Selection::all(Options { mi_variance: noise, ..Options::default() }).unwrap_err().to_string();
    assert_eq!(error, "mi_variance is -1, expected a finite number above 0");
}

#[test]
fn what_is_switched_off_is_undefined_and_the_rest_stays() {
    let full = measurement(&Z, 3, Some((&LABELS, 4)));
    let base = SketchConfig::new(3).with_classes(4);
    let of = |config: SketchConfig| {
        let mut sketch = Sketch::new(&config).unwrap();
        sketch.update(&Block::new(&Z[..], 3).unwrap().with_labels(&LABELS).unwrap()).unwrap();
        measure(&sketch, &Selection::default())
    };
    let missing = |config: SketchConfig| -> Vec<&'static str> {
        let less = of(config);
        let differs = full.measures.iter().filter(|(name, value)| less.get(name) != value.map(|value| value.as_f64()));
        differs.inspect(|(name, _)| assert_eq!(less.get(name), None)).map(|(name, _)| name).collect()
    };
    let pairs = ["covariance_positive", "correlation_positive"];
    assert_eq!(missing(SketchConfig { positive_pairs: false, ..base.clone() }), pairs);
    let diagonal = SketchConfig { class_moments: ClassMoments::Diagonal, ..base.clone() };
    assert_eq!(missing(diagonal), ["class_wise_correlation", "class_wise_covariance", "nc1"]);
    let pooled = SketchConfig { class_moments: ClassMoments::Pooled, ..base.clone() };
    assert_eq!(missing(pooled), ["class_wise_correlation", "class_wise_covariance"]);
    let off = SketchConfig { class_moments: ClassMoments::Off, ..base.clone() };
    assert_eq!(missing(off).len(), 4 + 6);
    let rowless = SketchConfig { sample: SampleSize::AtMost(0), ..base };
    let of_rows = ["mi_x_lower", "mi_x_upper", "mi_y_lower", "mi_y_upper", "intrinsic_dimension"];
    assert_eq!(missing(rowless), of_rows);
}

#[test]
fn a_bounded_sample_is_said() {
    let config = SketchConfig { sample: SampleSize::AtMost(5), ..SketchConfig::new(3) };
    let mut sketch = Sketch::new(&config).unwrap();
    sketch.update(&Block::new(&Z[..], 3).unwrap()).unwrap();
    let of = measure(&sketch, &Selection::default());
    assert_eq!(of.mi_rows, Some(5));
    assert!(of.notes.contains(&"mi over a sample of 5 of 7 rows".to_owned()), "{:?}", of.notes);
}

#[test]
fn views_of_any_strides_are_rows() {
    let expected = measurement(&Z, 3, None);
    let column_major: Vec<f64> = (0..21).map(|at| Z[at % 7 * 3 + at / 7]).collect();
    let view = faer::MatRef::from_column_major_slice(&column_major, 7, 3);
    let mut sketch = Sketch::new(&SketchConfig::new(3)).unwrap();
    sketch.update(&Block::from_view_f64(view).unwrap()).unwrap();
    assert_eq!(measure(&sketch, &Selection::default()), expected);
    let narrow: Vec<f32> = column_major.iter().map(|&z| z as f32).collect();
    let view = faer::MatRef::from_column_major_slice(&narrow, 7, 3);
    let mut sketch = Sketch::new(&SketchConfig::new(3)).unwrap();
    sketch.update(&Block::from_view_f32(view).unwrap()).unwrap();
    assert_eq!(measure(&sketch, &Selection::default()), expected);
}

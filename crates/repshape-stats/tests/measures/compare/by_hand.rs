//! Numbers worked by hand, and the words of errors and notes.

use repshape_stats::compare::{
    BootstrapOptions, CrossMoments, Interval, Intervals, KernelMatrix, LayerRows, SIMILARITIES, SimilarityOptions,
    change, changes_between, cka_map, intervals, similarities,
};
use repshape_stats::{Block, Measurement, Options, SampleSize, Selection};

use super::compared;

fn assert_close(found: Option<f64>, expected: f64, name: &str) {
    let found = found.unwrap_or_else(|| panic!("{name} is undefined"));
    assert!((found - expected).abs() <= 1e-12, "{name}: {found}, expected {expected}");
}

#[test]
fn one_unit_each_is_the_correlation() {
    // deviations -2 -1 0 1 2 and -6 -5 -2 3 10: sums of products 10, 174, 40
    let found = compared((&[0.0, 1.0, 2.0, 3.0, 4.0], 1), (&[0.0, 1.0, 4.0, 9.0, 16.0], 1));
    let rho = 40.0 / 1740.0_f64.sqrt();
    assert_close(found.get("cka"), rho * rho, "cka");
    for name in ["cca_mean", "svcca", "pwcca"] {
        assert_close(found.get(name), rho, name);
    }
    assert_close(found.get("procrustes_distance"), 2.0 - 2.0 * rho, "procrustes_distance");
    // HSIC_1 times N(N-3): s^2 - 5/3 sum x^2 y^2 + t t / 12, with sums of fourth powers 34, 12018 and 578
    let (aa, bb) = (100.0 - 170.0 / 3.0 + 100.0 / 12.0, 30276.0 - 20030.0 + 30276.0 / 12.0);
    let ab: f64 = 1600.0 - 2890.0 / 3.0 + 1740.0 / 12.0;
    assert_close(found.get("cka_unbiased"), ab / f64::sqrt(aa * bb), "cka_unbiased");
}

#[test]
fn uncorrelated_units_of_different_size() {
    // A: orthogonal columns of squares 4 and 16; B is A's first column: rho = 1, 0 missing
    let a = [1.0, 2.0, 1.0, -2.0, -1.0, 2.0, -1.0, -2.0];
    let b = [1.0, 1.0, -1.0, -1.0];
    let found = compared((&a, 2), (&b, 1));
    // norm_F(X'Y)^2 = 4^2, norm_F(X'X) = sqrt(4^2 + 16^2), norm_F(Y'Y) = 4
    assert_close(found.get("cka"), 4.0 / 272.0_f64.sqrt(), "cka");
    assert_close(found.get("cca_mean"), 1.0, "cca_mean");
    // both sides to unit norm: A'B = (4 / sqrt(20 * 4), 0)
    assert_close(found.get("procrustes_distance"), 2.0 - 2.0 * 4.0 / 80.0_f64.sqrt(), "procrustes_distance");
    // B = A's first plus an orthogonal direction: rho = 1 / sqrt 2 with the first unit, 0 with the second. The variates of
    // A are its two units, with weights norm(x_1) = 2 and norm(x_2) = 4
    let b = [1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0, 1.0];
    let mixed: Vec<f64> = b.chunks(2).map(|y| y[0] + y[1]).collect();
    let found = compared((&a, 2), (&[mixed[0], 2.0, mixed[1], -2.0, mixed[2], 2.0, mixed[3], -2.0], 2));
    assert_close(found.get("cca_mean"), (1.0 + 0.5_f64.sqrt()) / 2.0, "cca_mean");
    // variate 1 is unit 2 (rho 1, weight 4), variate 2 is unit 1 (rho 1/sqrt 2, weight 2)
    assert_close(found.get("pwcca"), (4.0 + 2.0 * 0.5_f64.sqrt()) / 6.0, "pwcca");
}

#[test]
fn nothing_that_varies_is_undefined_and_said() {
    let found = compared((&[1.0, 2.0, 3.0, 5.0], 1), (&[7.1; 8], 2));
    assert!(found.iter().all(|(_, value)| value.is_none()), "{found:?}");
    assert_eq!(found.notes, ["B does not vary over 4 rows: every similarity is undefined"]);
    let empty = similarities(&CrossMoments::new(3, 2).unwrap(), &SimilarityOptions::default()).unwrap();
    assert!(empty.iter().all(|(_, value)| value.is_none()), "{empty:?}");
    assert_eq!(empty.notes.len(), 2);
    let json = serde_json::to_value(&empty).unwrap();
    assert!(SIMILARITIES.iter().all(|row| json[row.name].is_null() && json.get(row.name).is_some()), "{json}");
}

#[test]
fn unbiased_cka_needs_four_rows_and_more_than_one_outlier() {
    let three = compared((&[1.0, 2.0, 4.0], 1), (&[3.0, 1.0, 1.0], 1));
    assert_eq!(three.get("cka_unbiased"), None);
    assert!(three.get("cka").is_some());
    assert!(three.notes.contains(&"cka_unbiased needs at least 4 rows, found 3".to_owned()), "{:?}", three.notes);
    // all rows but one equal: nothing is left of the kernel once its diagonal is gone
    let outlier = compared((&[0.0, 0.0, 0.0, 0.0, 5.0], 1), (&[0.0, 1.0, 4.0, 9.0, 16.0], 1));
    assert_eq!(outlier.get("cka_unbiased"), None);
    assert!(outlier.get("cka").is_some());
}

#[test]
fn few_rows_saturate_cca_and_a_note_says_so() {
    let a: Vec<f64> = (0..20).map(|n| ((n * n * 7 + 3) % 23) as f64).collect();
    let b: Vec<f64> = (0..5).map(|n| (n * n % 7) as f64).collect();
    let found = compared((&a, 4), (&b, 1));
    assert_close(found.get("cca_mean"), 1.0, "cca_mean");
    assert_eq!(
        found.notes,
        ["cca_mean and pwcca are 1 whatever the rows: 5 rows have 4 dimensions, and a side fills them all"]
    );
    let found = compared((&a, 2), (&(0..10).map(f64::from).collect::<Vec<_>>(), 1));
    assert_eq!(
        found.notes,
        ["cca_mean, svcca and pwcca are too high: 10 rows are fewer than 10 for each of 3 directions"]
    );
}

#[test]
fn values_at_the_ends_of_f64_are_defined_or_none_and_never_nan() {
    let (a, b) = ([1.0, 0.0, 2.0, 5.0, 3.0, 3.0, 4.0, 1.0, 0.0, 2.0], [1.0, 4.0, 2.0, 0.0, 3.0]);
    let plain = compared((&a, 2), (&b, 1));
    for scale in [1e-150, 1e-60, 1e60, 1e150] {
        let found = compared((&a.map(|z| z * scale), 2), (&b, 1));
        for ((name, plain), (_, found)) in plain.iter().zip(found.iter()) {
            // fourth powers leave the range before squares do
            if name == "cka_unbiased" && !(1e-100..1e100).contains(&scale) {
                assert_eq!(found, None, "{scale}");
            } else {
                assert_close(found, plain.unwrap(), name);
            }
        }
    }
    let beyond = compared((&a.map(|z| z * 1e200), 2), (&b, 1));
    assert!(beyond.iter().all(|(_, value)| value.is_none()), "{beyond:?}");
}

#[test]
fn bad_rows_name_their_side_and_change_nothing() {
    let mut moments = super::moments((&[1.0, 2.0, 4.0], 1), (&[3.0, 1.0, 0.0, 2.0, 1.0, 1.0], 2));
    let before = format!("{moments:?}");
    let mut refuse = |a: &[f64], b: &[f64], units_b: usize, expected: &str| {
        let (a, b) = (Block::new(a, 1).unwrap(), Block::new(b, units_b).unwrap());
        assert_eq!(moments.update(&a, &b).unwrap_err().to_string(), expected);
        assert_eq!(format!("{moments:?}"), before);
    };
    refuse(&[1.0], &[1.0, f64::NAN], 2, "B: row 3, unit 1: NaN is not a finite number");
    refuse(&[f64::INFINITY], &[1.0, 2.0], 2, "A: row 3, unit 0: inf is not a finite number");
    refuse(&[1.0, 2.0], &[1.0, 2.0], 2, "A has 2 rows and B 1: both must be of the same rows, in the same order");
    refuse(&[1.0], &[1.0, 2.0, 3.0], 3, "B: the rows from 3 on have 3 units, expected 2 as before");
    assert_eq!(CrossMoments::new(0, 2).unwrap_err().to_string(), "A: a representation has at least 1 unit, found 0");
    let error = moments.merge(CrossMoments::new(1, 3).unwrap()).unwrap_err().to_string();
    assert_eq!(error, "two partial states do not fit together: units of B is 2 in one and 3 in the other");
    let error = similarities(&moments, &SimilarityOptions { svcca_variance: 1.1 }).unwrap_err().to_string();
    assert_eq!(error, "svcca_variance is 1.1, expected above 0 and at most 1");
}

const A: [f64; 14] = [1.0, 0.0, 3.0, 2.0, 2.0, 5.0, 0.0, 1.0, 4.0, 4.0, 2.0, 0.0, 6.0, 1.0];
const LABELS: [u32; 7] = [0, 1, 1, 0, 1, 0, 1];

#[test]
fn change_from_a_representation_to_itself_is_exactly_0() {
    let block = Block::new(&A[..], 2).unwrap().with_labels(&LABELS).unwrap();
    let found = change(&block, &block, Some(2), &Selection::default(), &BootstrapOptions::default()).unwrap();
    let over_pairs = ["mi_x_lower", "mi_x_upper", "mi_y_lower", "mi_y_upper", "intrinsic_dimension"];
    for change in &found.changes {
        assert_eq!(change.a, change.b, "{}", change.measure);
        if change.a.is_some() {
            assert_eq!(change.difference, Some(0.0), "{}", change.measure);
            let interval = (!over_pairs.contains(&change.measure)).then_some(0.0);
            assert_eq!((change.low, change.high), (interval, interval), "{}", change.measure);
        }
    }
    assert!(found.notes.iter().any(|note| note.starts_with("no interval for mi_x_lower, mi_x_upper, ")), "{found:?}");
}

#[test]
fn change_is_undefined_where_one_side_is() {
    // labels may be on one side only; B has one unit, so no pair
    let b: Vec<f64> = A.chunks(2).map(|row| row[0] - row[1]).collect();
    let (a, b) = (Block::new(&A[..], 2).unwrap().with_labels(&LABELS).unwrap(), Block::new(&b[..], 1).unwrap());
    let names = ["correlation", "class_wise_variance", "variance"];
    let selection = Selection::only(names, Options::default()).unwrap();
    let found = change(&a, &b, Some(2), &selection, &BootstrapOptions::default()).unwrap();
    let correlation = found.get("correlation").unwrap();
    assert!(correlation.a.is_some() && correlation.b.is_none());
    assert_eq!((correlation.difference, correlation.low, correlation.high), (None, None, None));
    let class_wise = found.get("class_wise_variance").unwrap();
    assert!(class_wise.low < class_wise.difference && class_wise.difference < class_wise.high, "{class_wise:?}");
    assert!(found.get("rank").is_none());
    let json = serde_json::to_value(&found).unwrap();
    assert!(json["correlation"]["difference"].is_null() && json["variance"]["low"].is_f64(), "{json}");
    assert_eq!(json["variance"].as_object().unwrap().len(), 5);
}

#[test]
fn what_many_draws_leave_undefined_has_no_interval() {
    // one row of seven varies: (6/7)^7, about a third, of the draws miss it, and their correlation is undefined
    let a = [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let selection = Selection::only(["correlation", "variance"], Options::default()).unwrap();
    let (a, b) = (Block::new(&a[..], 2).unwrap(), Block::new(&A[..], 2).unwrap());
    let found = change(&a, &b, None, &selection, &BootstrapOptions::default()).unwrap();
    let correlation = found.get("correlation").unwrap();
    assert!(correlation.difference.is_some() && correlation.low.is_none() && correlation.high.is_none());
    assert!(found.get("variance").unwrap().low.is_some());
    let note = found.notes.last().unwrap();
    assert!(note.starts_with("no interval for what is undefined in many draws: correlation ("), "{note}");
}

#[test]
fn an_interval_beside_its_difference_is_said() {
    let of = |values: [(&str, f64); 2]| -> Measurement {
        let measures: serde_json::Map<_, _> =
            values.map(|(name, value)| (name.to_owned(), value.into())).into_iter().collect();
        let json = serde_json::json!({"schema": "repshape.measurement/1", "source": null, "site": null, "rows": 9, "units": 2,
            "classes": null, "measures": measures, "notes": []});
        serde_json::from_value(json).unwrap()
    };
    let (a, b) = (of([("covariance", 1.0), ("variance", 1.0)]), of([("covariance", 2.0), ("variance", 2.0)]));
    let values = vec![
        ("covariance", Some(Interval { low: 1.1, high: 1.3 })),
        ("variance", Some(Interval { low: 0.9, high: 1.0 })),
    ];
    let found = changes_between(&a, &b, &Intervals { values, notes: Vec::new() });
    assert_eq!(
        found.notes,
        ["resampling shifts covariance: the interval does not hold the difference, only its width has a meaning"]
    );
}

#[test]
fn settings_and_labels_of_a_change_are_checked() {
    let block = Block::new(&A[..], 2).unwrap();
    let of = |options: BootstrapOptions| {
        let all = Selection::default();
        intervals(&block, &block, None, [&all, &all], &options, &|_, _| {}).unwrap_err().to_string()
    };
    let default = BootstrapOptions::default();
    assert_eq!(of(BootstrapOptions { level: 1.0, ..default }), "level is 1, expected above 0 and below 1");
    assert_eq!(
        of(BootstrapOptions { draws: 39, ..default }),
        "draws is 39 for a level of 0.95, expected at least 2 / (1 - level)"
    );
    assert!(change(&block, &block, None, &Selection::default(), &BootstrapOptions { draws: 40, ..default }).is_ok());
    let some = Selection::only(["variance"], Options::default()).unwrap();
    let error = intervals(&block, &block, None, [&Selection::default(), &some], &default, &|_, _| {}).unwrap_err();
    assert_eq!(error.to_string(), "the selection of B is variance, expected the measures of A");
    let other = [0, 1, 1, 1, 1, 0, 1];
    let (a, b) = (block.with_labels(&LABELS).unwrap(), block.with_labels(&other).unwrap());
    let error = change(&a, &b, Some(2), &Selection::default(), &default).unwrap_err().to_string();
    assert_eq!(error, "row 3 has label 0 in A and 1 in B: both must be of the same rows, in the same order");
    let error = change(&a, &a, Some(1), &Selection::default(), &default).unwrap_err().to_string();
    assert_eq!(error, "A: row 1 has label 1, but there are 1 classes (labels run from 0 to 0)");
    let error = change(&block, &block, Some(2), &Selection::default(), &default).unwrap_err().to_string();
    assert!(error.starts_with("A: the rows from 0 on have no labels"), "{error}");
    let fewer = Block::new(&A[..10], 2).unwrap();
    let error = change(&block, &fewer, None, &Selection::default(), &default).unwrap_err().to_string();
    assert_eq!(error, "A has 7 rows and B 5: both must be of the same rows, in the same order");
    let error = change(&block, &b, None, &Selection::default(), &default).unwrap_err().to_string();
    assert_eq!(error, "B: the rows from 0 on have labels, but no number of classes was declared");
}

#[test]
fn layers_are_compared_as_two_sites_are() {
    let b: Vec<f64> = A.chunks(2).map(|row| row[0] * row[1] - row[0]).collect();
    let layers = [(&A[..], 2), (&b[..], 1), (&[2.5; 7][..], 1)];
    let kernels: Vec<KernelMatrix> =
        layers.iter().map(|(z, units)| KernelMatrix::of(&Block::new(*z, *units).unwrap()).unwrap()).collect();
    let map = cka_map(&kernels, &kernels[..2]).unwrap();
    for (i, row) in map.iter().enumerate() {
        for (j, &found) in row.iter().enumerate() {
            match compared(layers[i], layers[j]).get("cka_unbiased") {
                None => assert_eq!(found, None),
                Some(expected) => assert_close(found, expected, "cka_unbiased"),
            }
        }
    }
    assert_eq!((map.len(), map[0].len(), map[2][0]), (3, 2, None));
    // rows that come in blocks, or all of which a sample keeps
    for size in [SampleSize::All, SampleSize::AtMost(7)] {
        let mut rows = LayerRows::new(2, size, 3).unwrap();
        rows.update(&Block::new(&A[..6], 2).unwrap()).unwrap();
        rows.update(&Block::new(&A[6..], 2).unwrap()).unwrap();
        assert_eq!((rows.seen(), rows.kernel().rows()), (7, 7));
        assert_eq!(cka_map(&[rows.kernel()], &kernels[..2]).unwrap()[0], map[0]);
    }
    let mut few = LayerRows::new(2, SampleSize::AtMost(5), 3).unwrap();
    few.update(&Block::new(&A[..], 2).unwrap()).unwrap();
    assert_eq!((few.seen(), few.kernel().rows()), (7, 5));
    let error = few.update(&Block::new(&[1.0, f64::NAN][..], 2).unwrap()).unwrap_err().to_string();
    assert_eq!(error, "row 7, unit 1: NaN is not a finite number");
    let fewer = KernelMatrix::of(&Block::new(&A[..10], 2).unwrap()).unwrap();
    let error = cka_map(&kernels, &[fewer]).unwrap_err().to_string();
    assert_eq!(error, "A has 7 rows and B 5: both must be of the same rows, in the same order");
    let error = KernelMatrix::of(&Block::new(&[1.0, f64::NAN][..], 1).unwrap()).unwrap_err().to_string();
    assert_eq!(error, "row 1, unit 0: NaN is not a finite number");
}

//! `check_measure`: the laws that every row of the catalog obeys, over random representations and hand-made extremes.

use proptest::prelude::*;
use repshape_stats::measure::{Format, High, MeasureRow, Scaling};
use repshape_stats::{
    Block, CATALOG, Head, Measurement, NoiseVariance, Options, Selection, Sketch, SketchConfig, Value, measure,
};

use crate::{close, measurement, sketch};

#[derive(Debug, Clone)]
struct Representation {
    z: Vec<f64>,
    units: usize,
    labels: Vec<u32>,
    classes: usize,
}

impl Representation {
    fn rows(&self) -> usize {
        self.labels.len()
    }

    /// Every measure, for rows that are multiplied by this factor: under the same noise, and a head of scattered weights.
    fn selection(&self, factor: f64) -> Selection {
        // golden ratio: values between -1 and 1 of which no two are equal
        let scattered = |at: usize| (at as f64 * 0.618_033_988_749_895).fract() * 2.0 - 1.0;
        let weights = (1..=self.classes * self.units).map(scattered).collect();
        let bias = (1..=self.classes).map(|class| factor * scattered(100 + class)).collect();
        let mi_variance = NoiseVariance::Absolute(0.1 * factor * factor);
        let head = Some(Head::new(weights, bias).unwrap());
        Selection::all(Options { mi_variance, head, ..Options::default() }).unwrap()
    }

    fn measure(&self, selection: &Selection) -> Measurement {
        measure(&sketch(&self.z, self.units, Some((&self.labels, self.classes))), selection)
    }
}

/// Multiples of 1/64 between -2 and 2, rectified or not, some units dead, around 0 or 1,000; classes may be absent.
/// More rows than units, as the rank of fewer is a matter of how null eigenvalues round.
fn representation() -> impl Strategy<Value = Representation> {
    (1_usize..6, 1_usize..5, any::<bool>(), prop::sample::select(vec![0.0, 1000.0])).prop_flat_map(
        |(units, classes, rectified, mean)| {
            let row = (prop::collection::vec(-128_i32..=128, units), 0..classes as u32);
            let dead = prop::collection::vec(prop::bool::weighted(0.15), units);
            (prop::collection::vec(row, units + 1..40), dead).prop_map(move |(rows, dead)| {
                let cell = |(i, &z): (usize, &i32)| {
                    let z = f64::from(z) / 64.0;
                    if dead[i] { 0.0 } else { mean + if rectified { z.max(0.0) } else { z } }
                };
                Representation {
                    z: rows.iter().flat_map(|(row, _)| row.iter().enumerate().map(cell)).collect(),
                    units,
                    labels: rows.iter().map(|(_, label)| *label).collect(),
                    classes,
                }
            })
        },
    )
}

/// Values of about 1,000 squared leave this much of rounding where a sum cancels to 0.
const FLOOR: f64 = 1e-12;

fn assert_same(row: &MeasureRow, left: &Measurement, right: &Measurement, factor: f64, law: &str) {
    let (left, right) = (left.get(row.name).map(|value| value * factor), right.get(row.name));
    assert!(close(left, right, 1e-9, FLOOR * factor.max(1.0)), "{}: {law}: {left:?} and {right:?}", row.name);
}

fn assert_in_range(row: &MeasureRow, of: &Measurement) {
    let Some((_, Some(value))) = of.measures.iter().find(|(name, _)| *name == row.name) else {
        return;
    };
    assert_eq!(matches!(value, Value::Count(_)), row.format == Format::Count, "{}", row.name);
    let high = match row.range.high {
        High::Unbounded => f64::MAX,
        High::Is(high) => high,
        High::Units => of.units as f64,
        High::LnRows => (of.mi_rows.unwrap() as f64).ln(),
        High::LnClasses => (of.classes.unwrap() as f64).ln(),
    };
    let (value, slack) = (value.as_f64(), 1e-12 * high.min(1e3));
    assert!(value >= row.range.low - 1e-12 && value <= high + slack, "{}: {value} outside its range", row.name);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn merged_parts_in_any_order_are_the_whole(
        of in representation(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        order in prop::collection::vec(any::<u32>(), 6),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(of.rows() + 1)).chain([0, of.rows()]).collect();
        cuts.sort_unstable();
        let mut parts: Vec<(u32, Sketch)> = cuts.windows(2).zip(order).map(|(cut, order)| {
            let mut part = Sketch::new(&SketchConfig::new(of.units).with_classes(of.classes)).unwrap();
            let block = Block::new(&of.z[cut[0] * of.units..cut[1] * of.units], of.units).unwrap();
            let block = block.with_labels(&of.labels[cut[0]..cut[1]]).unwrap().starting_at(cut[0] as u64);
            part.update(&block).unwrap();
            (order, part)
        }).collect();
        parts.sort_by_key(|(order, _)| *order);
        let mut merged = Sketch::new(&SketchConfig::new(of.units).with_classes(of.classes)).unwrap();
        for (_, part) in parts {
            merged.merge(part).unwrap();
        }
        let (whole, merged) = (of.measure(&of.selection(1.0)), measure(&merged, &of.selection(1.0)));
        for row in CATALOG {
            assert_same(row, &whole, &merged, 1.0, "merge equals whole");
        }
    }

    #[test]
    fn values_lie_in_their_range_and_no_value_depends_on_the_order_of_units(of in representation()) {
        let mut turned = of.clone();
        turned.z.chunks_exact_mut(of.units).for_each(<[f64]>::reverse);
        // the head reads the units in their order
        let (straight, turned) = (of.measure(&of.selection(1.0)), turned.measure(&Selection::default()));
        for row in CATALOG {
            assert_in_range(row, &straight);
            if !row.needs.head {
                assert_same(row, &straight, &turned, 1.0, "order of units");
            }
        }
    }

    #[test]
    fn the_declared_scaling_law_holds(of in representation(), factor in 1_u32..6400) {
        // a factor of few bits: the scaled rows are exact, also where class means about 1,000 nearly meet
        let factor = f64::from(factor) / 64.0;
        let mut scaled = of.clone();
        scaled.z.iter_mut().for_each(|z| *z *= factor);
        let (plain, scaled) = (of.measure(&of.selection(1.0)), scaled.measure(&of.selection(factor)));
        for row in CATALOG {
            match row.scaling {
                Scaling::Power(power) => assert_same(row, &plain, &scaled, factor.powi(power), "scaling law"),
                Scaling::WithNoise => assert_same(row, &plain, &scaled, 1.0, "scaling law with the noise"),
                Scaling::WithHead => assert_same(row, &plain, &scaled, 1.0, "scaling law with the head"),
            }
        }
    }

    /// C18 eqs. (5) and (6).
    #[test]
    fn dead_units_bound_sparsity_and_rank(of in representation()) {
        let of = of.measure(&Selection::default());
        let (dead, units) = (of.get("dead_units").unwrap(), of.units as f64);
        prop_assert!(dead <= of.get("sparsity").unwrap());
        prop_assert!((units * dead).round() <= units - of.get("rank").unwrap());
    }
}

fn assert_values(of: &Measurement, expected: &[(&str, f64)]) {
    for &(name, expected) in expected {
        assert!(close(of.get(name), Some(expected), 1e-12, 1e-12), "{name}: {:?}, expected {expected}", of.get(name));
    }
}

#[test]
fn a_perfect_representation() {
    // each class one corner, orthogonal units of equal variance, every corner 4 times
    let corners = [[3.0, 3.0], [3.0, -3.0], [-3.0, 3.0], [-3.0, -3.0]];
    let z: Vec<f64> = (0..16).flat_map(|n| corners[n % 4]).collect();
    let labels: Vec<u32> = (0..16).map(|n| n % 4).collect();
    let of = measurement(&z, 2, Some((&labels, 4)));
    assert_values(
        &of,
        &[
            ("correlation", 0.0),
            ("covariance", 0.0),
            ("class_wise_variance", 0.0),
            ("rank", 2.0),
            ("stable_rank", 2.0),
            ("stable_rank_covariance", 2.0),
            ("effective_rank", 2.0),
            ("participation_ratio", 2.0),
            ("cvr", 1.0),
            ("tdv", 0.5),
            ("ud90", 2.0),
            ("mi_x_lower", 4.0_f64.ln()),
            ("mi_x_upper", 4.0_f64.ln()),
            ("mi_y_lower", 4.0_f64.ln()),
            ("mi_y_upper", 4.0_f64.ln()),
        ],
    );
    assert_eq!(of.get("class_wise_correlation"), None);
}

#[test]
fn a_useless_representation() {
    let of = measurement(&[0.0; 24], 3, Some((&[0, 1, 0, 1, 0, 1, 0, 1], 2)));
    assert_values(
        &of,
        &[
            ("sparsity", 1.0),
            ("dead_units", 1.0),
            ("rank", 0.0),
            ("variance", 0.0),
            ("class_wise_variance", 0.0),
            ("normalized_class_wise_variance", 0.0),
            ("mi_x_lower", 0.0),
            ("mi_x_upper", 0.0),
            ("mi_y_upper", 0.0),
        ],
    );
    for name in [
        "correlation",
        "mapc",
        "class_wise_correlation",
        "stable_rank",
        "effective_rank",
        "cvr",
        "tdv",
        "ud90",
        "participation_ratio",
        "amplitude_positive",
        "variance_positive",
        "covariance_positive",
        "nc1",
        "nc1_quotient",
        "cdnv",
        "nc2_equinorm",
        "nc2_equiangular",
        "nc2_etf_error",
        "rankme",
        "alpha_req",
        "intrinsic_dimension",
    ] {
        assert_eq!(of.get(name), None, "{name}");
    }
    assert_eq!(
        of.notes,
        [
            "3 dead units left out of correlation",
            "all class means are equal: neural collapse is undefined",
            "7 duplicates of rows left out of intrinsic_dimension"
        ]
    );
}

#[test]
fn a_duplicated_representation() {
    // three copies of one unit, means of 1,000
    let z: Vec<f64> = [1001.5, 999.0, 1000.25, 998.75, 1000.0].iter().flat_map(|&z| [z, z, z]).collect();
    let of = measurement(&z, 3, Some((&[0, 0, 1, 1, 1], 2)));
    assert_values(
        &of,
        &[
            ("correlation", 1.0),
            ("class_wise_correlation", 1.0),
            ("correlation_positive", 1.0),
            ("rank", 1.0),
            ("stable_rank_covariance", 1.0),
            ("effective_rank", 1.0),
            ("participation_ratio", 1.0),
            ("cvr", 3.0),
            ("tdv", 1.0 / 3.0),
            ("ud90", 3.0),
        ],
    );
    assert_eq!(of.get("covariance"), of.get("variance"));
}

#[test]
fn every_measure_is_undefined_without_what_it_needs() {
    // enough units for a power law of their eigenvalues
    let (units, classes) = (20, 3);
    let z: Vec<f64> = (1..=60 * units).map(|at| (at as f64 * 0.618_033_988_749_895).fract().powi(2)).collect();
    let of = Representation { z, units, labels: (0..60).map(|n| n % 3).collect(), classes };
    let rows = measure(&sketch(&[], units, Some((&[], classes))), &of.selection(1.0));
    let unlabelled = measure(&sketch(&of.z, units, None), &of.selection(1.0));
    let headless = of.measure(&Selection::default());
    let whole = of.measure(&of.selection(1.0));
    for row in CATALOG {
        assert_eq!(rows.get(row.name), None, "{} without rows", row.name);
        assert_eq!(unlabelled.get(row.name).is_none(), row.needs.labels, "{} without labels", row.name);
        assert_eq!(headless.get(row.name).is_none(), row.needs.head, "{} without the next layer", row.name);
        assert!(whole.get(row.name).is_some(), "{} with all of it", row.name);
    }
}

#[test]
fn a_sketch_of_what_is_chosen_gives_the_same_values() {
    let z: Vec<f64> = (1..=700 * 4).map(|at| (at as f64 * 0.618_033_988_749_895).fract() - 0.4).collect();
    let of = Representation { z, units: 4, labels: (0..700).map(|n| n * n % 5).collect(), classes: 5 };
    let whole = of.measure(&of.selection(1.0));
    for row in CATALOG {
        let selection = Selection::only([row.name], of.selection(1.0).options().clone()).unwrap();
        let mut least = Sketch::new(&selection.config(of.units).with_classes(of.classes)).unwrap();
        for start in (0..700).step_by(100) {
            let block = Block::new(&of.z[start * 4..(start + 100) * 4], 4).unwrap();
            least.update(&block.with_labels(&of.labels[start..start + 100]).unwrap()).unwrap();
        }
        let least = measure(&least, &selection);
        assert_eq!(least.measures.iter().count(), 1);
        assert_same(row, &whole, &least, 1.0, "what its needs say is enough");
    }
}

/// Means of 1,000, deviations of 1, beyond one chunk: 3,000 rows in one update, in updates of 7 rows, and in merges.
#[test]
fn far_from_zero_every_split_agrees() {
    let units = 4;
    let mut state = 12345_u64;
    let mut draw = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as f64 / (1_u64 << 31) as f64
    };
    let mut z: Vec<f64> = Vec::new();
    for _ in 0..3000 {
        let common = draw();
        let row: Vec<f64> = (0..units).map(|_| 1000.0 + 2.0 * (draw() + common - 1.0)).collect();
        z.extend(row);
    }
    let labels: Vec<u32> = (0..3000).map(|n| n % 7).collect();
    let selection = Selection::default().without_pairs_of_rows();
    let whole = measure(&sketch(&z, units, Some((&labels, 7))), &selection);
    let config = SketchConfig::new(units).with_classes(7);
    let block = |start: usize, end: usize| {
        let block = Block::new(&z[start * units..end * units], units).unwrap();
        block.with_labels(&labels[start..end]).unwrap().starting_at(start as u64)
    };
    let mut small = Sketch::new(&config).unwrap();
    let mut backwards = Sketch::new(&config).unwrap();
    for start in (0..3000).step_by(7) {
        small.update(&block(start, 3000.min(start + 7))).unwrap();
    }
    for start in (0..3000).step_by(100).rev() {
        let mut part = Sketch::new(&config).unwrap();
        part.update(&block(start, start + 100)).unwrap();
        part.merge(std::mem::replace(&mut backwards, Sketch::new(&config).unwrap())).unwrap();
        backwards = part;
    }
    for row in CATALOG {
        // no floor: relative to 1e-9 as it stands
        for (other, how) in [(measure(&small, &selection), "updates of 7"), (measure(&backwards, &selection), "merges")]
        {
            let (ours, theirs) = (whole.get(row.name), other.get(row.name));
            assert!(close(ours, theirs, 1e-9, 0.0), "{}: {how}: {ours:?} and {theirs:?}", row.name);
        }
    }
}

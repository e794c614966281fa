//! Smaller sites with the same outputs.

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use repshape_stats::rewire::{
    CompactOptions, Cutoff, Holds, Kernel, KernelShape, Layer, Plan, Reason, Removed, Site, SiteStatistics,
    plan_compact,
};

use super::{difference, random_layer, statistics, uniform};

const F64_NULL: CompactOptions = CompactOptions { tolerance: 0.0, cutoff: Cutoff::Share(1e-12), constants_fold: true };

fn activated(site: Site, mut z: Vec<f64>) -> Vec<f64> {
    z.iter_mut().for_each(|z| *z = site.activate(*z));
    z
}

struct Pair {
    site: Site,
    writer: Layer,
    reader: Layer,
}

impl Pair {
    fn z(&self, x: &[f64]) -> Vec<f64> {
        activated(self.site, self.writer.apply(x).unwrap())
    }

    fn y(&self, x: &[f64]) -> Vec<f64> {
        self.reader.apply(&self.z(x)).unwrap()
    }

    fn plan(&self, known: Option<&SiteStatistics>, options: &CompactOptions) -> Plan {
        plan_compact(self.site, known, std::slice::from_ref(&self.writer), std::slice::from_ref(&self.reader), options)
            .unwrap()
    }

    fn folded(&self, plan: &Plan) -> Self {
        let (mut writers, mut readers) = ([self.writer.clone()], [self.reader.clone()]);
        plan.fold(&mut writers, &mut readers).unwrap();
        let ([writer], [reader]) = (writers, readers);
        assert_eq!((writer.outputs(), reader.inputs()), (plan.units_after(), plan.units_after()));
        Self { site: self.site, writer, reader }
    }
}

/// A layer of which one unit is without weights in, one a multiple of another, one a copy, and one without weights out.
fn redundant(rng: &mut ChaCha8Rng, site: Site) -> Pair {
    let (inputs, units, outputs) = (9, 8, 7);
    let (mut w, mut b) = (uniform(rng, inputs * units), uniform(rng, units));
    let mut r = uniform(rng, units * outputs);
    for i in 0..inputs {
        w[i * units + 1] = 0.0;
        w[i * units + 4] = 3.0 * w[i * units];
        w[i * units + 6] = w[i * units + 2];
    }
    (b[4], b[6]) = (3.0 * b[0], b[2]);
    r[5 * outputs..6 * outputs].fill(0.0);
    Pair {
        site,
        writer: Layer::new(inputs, w, b).unwrap(),
        reader: Layer::new(units, r, uniform(rng, outputs)).unwrap(),
    }
}

proptest! {
    #[test]
    fn what_the_weights_show_holds_for_every_input(
        seed in any::<u64>(),
        site in prop_oneof![Just(Site::Linear), Just(Site::RELU), Just(Site::Homogeneous { negative_slope: 0.2 })],
    ) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let pair = redundant(&mut rng, site);
        let plan = pair.plan(None, &CompactOptions::default());
        let removed: Vec<_> = plan.removed.iter().map(|r| (r.removed, r.reason, r.holds)).collect();
        let value = site.activate(pair.writer.bias()[1]);
        let all = Holds::EveryInput;
        prop_assert_eq!(removed, vec![
            (Removed::Unit(5), Reason::ZeroOut, all),
            (Removed::Unit(1), Reason::ZeroIn { value }, all),
            (Removed::Unit(4), Reason::DuplicateOf { unit: 0, factor: 3.0 }, all),
            (Removed::Unit(6), Reason::DuplicateOf { unit: 2, factor: 1.0 }, all),
        ]);
        prop_assert_eq!(plan.kept_units(), Some(vec![0, 2, 3, 7]));
        prop_assert!(plan.holds_for_every_input());
        let x: Vec<f64> = uniform(&mut rng, 50 * 9).iter().map(|x| 100.0 * x).collect();
        prop_assert!(difference(&pair.folded(&plan).y(&x), &pair.y(&x)) < 1e-13);
        // where constants have nowhere to go only what is 0 goes
        let padded = CompactOptions { constants_fold: false, ..CompactOptions::default() };
        let plan = pair.plan(None, &padded);
        let gone = plan.removed.iter().any(|r| r.removed == Removed::Unit(1));
        prop_assert_eq!(gone, value == 0.0);
        let small = pair.folded(&plan);
        prop_assert_eq!(small.reader.bias(), pair.reader.bias());
        prop_assert!(difference(&small.y(&x), &pair.y(&x)) < 1e-13);
    }

    #[test]
    fn a_linear_site_loses_what_no_input_reaches_and_no_reader_sees(seed in any::<u64>(), fold in any::<bool>()) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let options = CompactOptions { constants_fold: fold, ..CompactOptions::default() };
        let x = uniform(&mut rng, 30 * 3);
        // 3 inputs reach 3 of 7 directions, and the bias a fourth that must stay where it cannot be folded
        let pair = Pair { site: Site::Linear, writer: random_layer(&mut rng, 3, 7), reader: random_layer(&mut rng, 7, 6) };
        let plan = pair.plan(None, &options);
        prop_assert_eq!(plan.units_after(), if fold { 3 } else { 4 });
        let unreached = Reason::ZeroIn { value: 0.0 };
        prop_assert!(plan.removed.iter().all(|r| r.reason == unreached));
        prop_assert!(plan.holds_for_every_input() && plan.kept_units().is_none());
        let small = pair.folded(&plan);
        prop_assert!(fold || small.reader.bias() == pair.reader.bias());
        prop_assert!(difference(&small.y(&x), &pair.y(&x)) < 1e-12);
        // two outputs see two directions
        let pair = Pair { reader: random_layer(&mut rng, 7, 2), ..pair };
        let plan = pair.plan(None, &options);
        prop_assert_eq!(plan.units_after(), 2);
        prop_assert!(difference(&pair.folded(&plan).y(&x), &pair.y(&x)) < 1e-12);
    }

    #[test]
    fn the_null_space_of_the_rows_goes(seed in any::<u64>(), fold in any::<bool>()) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let options = CompactOptions { constants_fold: fold, ..F64_NULL };
        let pair = Pair { site: Site::Linear, writer: random_layer(&mut rng, 6, 5), reader: random_layer(&mut rng, 5, 8) };
        // inputs in a plane beside the origin
        let (plane, origin) = (uniform(&mut rng, 2 * 6), uniform(&mut rng, 6));
        let mut row = || {
            let (a, b) = (rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0));
            (0..6).map(|i| origin[i] + a * plane[i] + b * plane[6 + i]).collect::<Vec<f64>>()
        };
        let x: Vec<f64> = (0..40).flat_map(|_| row()).collect();
        let known = statistics(&pair.z(&x), 5);
        let plan = pair.plan(Some(&known), &options);
        prop_assert_eq!(plan.units_after(), if fold { 2 } else { 3 });
        prop_assert!(plan.null_space_searched && plan.expected.relative < 1e-6);
        prop_assert!(plan.removed.iter().all(|r| (r.reason, r.holds) == (Reason::NullSpace, Holds::RowsGiven)));
        let small = pair.folded(&plan);
        prop_assert!(difference(&small.y(&x), &pair.y(&x)) < 1e-10);
        // other inputs: the plan does not promise them
        let elsewhere = uniform(&mut ChaCha8Rng::seed_from_u64(!seed), 20 * 6);
        prop_assert!(difference(&small.y(&elsewhere), &pair.y(&elsewhere)) > 1e-6);
    }

    #[test]
    fn the_expected_error_is_the_error(
        seed in any::<u64>(), relu in any::<bool>(), fold in any::<bool>(), tolerance in 0.02f64..0.9,
    ) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let site = if relu { Site::RELU } else { Site::Linear };
        let pair = Pair { site, writer: random_layer(&mut rng, 9, 7), reader: random_layer(&mut rng, 7, 8) };
        let x = uniform(&mut rng, 60 * 9);
        let known = statistics(&pair.z(&x), 7);
        let options = CompactOptions { tolerance, constants_fold: fold, ..F64_NULL };
        let plan = pair.plan(Some(&known), &options);
        prop_assert!(plan.expected.relative <= tolerance);
        let point = plan.curve.iter().find(|point| point.units == plan.units_after()).unwrap();
        prop_assert!((point.error.squared - plan.expected.squared).abs() <= 1e-12 * point.error.squared);
        prop_assert!(plan.curve.windows(2).all(|p| p[1].units + 1 == p[0].units));
        prop_assert_eq!(plan.curve.last().unwrap().units, 1);
        // the curve goes on above the tolerance
        prop_assert!(plan.curve.iter().filter(|p| p.units < plan.units_after()).all(|p| p.error.relative > tolerance));

        let (y, small) = (pair.y(&x), pair.folded(&plan).y(&x));
        let squared = y.iter().zip(&small).map(|(y, s)| (y - s).powi(2)).sum::<f64>() / 60.0;
        let scale = y.iter().map(|y| y * y).sum::<f64>() / 60.0;
        prop_assert!((squared - plan.expected.squared).abs() < 1e-10 * scale, "{squared} for {}", plan.expected.squared);
        let variance: f64 = statistics(&y, 8).variance().iter().sum();
        prop_assert!((plan.expected.relative - (plan.expected.squared / variance).sqrt()).abs() < 1e-9);
        // no tolerance, no change
        prop_assert!(pair.plan(Some(&known), &F64_NULL).removed.iter().all(|r| r.holds == Holds::RowsGiven));
    }

    #[test]
    fn two_writers_are_one_sum(seed in any::<u64>()) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut writers = [random_layer(&mut rng, 2, 6), random_layer(&mut rng, 1, 6)];
        let mut readers = [random_layer(&mut rng, 6, 5), random_layer(&mut rng, 6, 4)];
        let (a, b) = (uniform(&mut rng, 10 * 2), uniform(&mut rng, 10));
        let sum = |writers: &[Layer; 2]| -> Vec<f64> {
            writers[0].apply(&a).unwrap().iter().zip(writers[1].apply(&b).unwrap()).map(|(a, b)| a + b).collect()
        };
        let before: Vec<Vec<f64>> = readers.iter().map(|r| r.apply(&sum(&writers)).unwrap()).collect();
        let plan = plan_compact(Site::Linear, None, &writers, &readers, &CompactOptions::default()).unwrap();
        prop_assert_eq!(plan.units_after(), 3);
        plan.fold(&mut writers, &mut readers).unwrap();
        for (reader, before) in readers.iter().zip(&before) {
            prop_assert!(difference(&reader.apply(&sum(&writers)).unwrap(), before) < 1e-12);
        }
    }
}

#[test]
fn dead_and_constant_units_are_folded_for_the_rows_given() {
    // x from 0 to 3: unit 0 is -x - 1, dead; unit 1 is x; unit 2 is always 2 on rows where x' = 0
    let pair = Pair {
        site: Site::RELU,
        writer: Layer::new(2, vec![-1.0, 1.0, 0.0, 0.0, 0.5, 7.0], vec![-1.0, 0.0, 2.0]).unwrap(),
        reader: Layer::new(3, vec![5.0, 1.0, 1.0, -1.0, 10.0, 0.25], vec![0.5, 0.0]).unwrap(),
    };
    let x = [0.0, 0.0, 1.0, 0.0, 2.0, 0.0, 3.0, 0.0];
    let known = statistics(&pair.z(&x), 3);
    let plan = pair.plan(Some(&known), &CompactOptions::default());
    let reasons: Vec<Reason> = plan.removed.iter().map(|r| r.reason).collect();
    assert_eq!(reasons, [Reason::DeadOnData, Reason::ConstantOnData { value: 2.0 }]);
    assert!(!plan.holds_for_every_input());
    let small = pair.folded(&plan);
    assert_eq!((small.writer.weights(), small.writer.bias()), (&[1.0, 0.5][..], &[0.0][..]));
    assert_eq!((small.reader.weights(), small.reader.bias()), (&[1.0, -1.0][..], &[20.5, 0.5][..]));
    assert_eq!(small.y(&x), pair.y(&x));
    assert_ne!(small.y(&[-5.0, 1.0]), pair.y(&[-5.0, 1.0]));
    // nowhere to put the constant
    let padded = CompactOptions { constants_fold: false, ..CompactOptions::default() };
    assert_eq!(pair.plan(Some(&known), &padded).kept_units(), Some(vec![1, 2]));
}

#[test]
fn negative_multiples_are_copies_at_a_linear_site_only() {
    let pair = |site| Pair {
        site,
        writer: Layer::new(1, vec![1.0, -2.0], vec![1.0, 5.0]).unwrap(),
        reader: Layer::new(2, vec![1.0, 10.0], vec![0.0]).unwrap(),
    };
    let linear = pair(Site::Linear);
    let plan = linear.plan(None, &CompactOptions::default());
    assert_eq!(plan.removed[0].reason, Reason::DuplicateOf { unit: 0, factor: -2.0 });
    // z_1 = -2 z_0 + 7
    let small = linear.folded(&plan);
    assert_eq!((small.reader.weights(), small.reader.bias()), (&[-19.0][..], &[70.0][..]));
    assert!(pair(Site::RELU).plan(None, &CompactOptions::default()).is_empty());
}

#[test]
fn one_unit_always_stays() {
    for site in [Site::Linear, Site::RELU] {
        let pair = Pair {
            site,
            writer: Layer::new(2, vec![0.0; 6], vec![1.0, -1.0, 2.0]).unwrap(),
            reader: Layer::new(3, vec![1.0, 2.0, 3.0], vec![0.0]).unwrap(),
        };
        let known = statistics(&pair.z(&[1.0, 2.0]), 3);
        let plan = pair.plan(Some(&known), &CompactOptions { tolerance: 10.0, ..F64_NULL });
        assert_eq!(plan.units_after(), 1);
        assert_eq!(pair.folded(&plan).y(&[1.0, 2.0]), pair.y(&[1.0, 2.0]));
    }
}

#[test]
fn a_kernel_loses_a_channel() {
    // channel 1 of 3 has no weights in; the reader's window has 2 taps
    let writer = KernelShape { outputs: 3, inputs: 1, taps: 2, groups: 1, padded: false };
    let writer = Kernel::new(writer, vec![1.0, 2.0, 0.0, 0.0, 3.0, -1.0], vec![0.0, 4.0, 1.0]).unwrap();
    let reader = KernelShape { outputs: 1, inputs: 3, taps: 2, groups: 1, padded: false };
    let reader = Kernel::new(reader, vec![1.0, 2.0, 3.0, 5.0, 1.0, -1.0], vec![0.5]).unwrap();
    let (mut writers, mut readers) = ([writer.as_writer().unwrap()], [reader.as_reader().unwrap()]);
    let plan = plan_compact(Site::RELU, None, &writers, &readers, &CompactOptions::default()).unwrap();
    plan.fold(&mut writers, &mut readers).unwrap();
    let (writer, small) = (writer.with_writer(&writers[0]).unwrap(), reader.with_reader(&readers[0]).unwrap());
    assert_eq!((writer.weights(), writer.bias()), (&[1.0, 2.0, 3.0, -1.0][..], &[0.0, 1.0][..]));
    // 4 times both taps
    assert_eq!((small.weights(), small.bias()), (&[1.0, 2.0, 1.0, -1.0][..], &[32.5][..]));
    // with padding it must be refused where the plan did not know
    let padded = Kernel::new(KernelShape { padded: true, ..reader.shape() }, vec![1.0; 6], vec![0.0]).unwrap();
    assert!(padded.with_reader(&readers[0]).is_err());
}

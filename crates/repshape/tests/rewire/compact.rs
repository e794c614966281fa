//! Smaller networks with the same outputs.

use repshape::burn::tensor::Device;
use repshape::network::{Initialization, Mlp};
use repshape::parameters::{Parameter, export, import};
use repshape::rewire::{CompactOptions, SiteStatistics, check, compact, identical, spec, statistics};
use repshape_stats::rewire::{Reason, Removed};

use super::{SAME, network, rows};

/// The network with one parameter changed in place.
fn with(network: Mlp, name: &str, change: impl Fn(&mut Parameter)) -> Mlp {
    let mut parameters = export(&network);
    change(parameters.iter_mut().find(|p| p.name == name).unwrap());
    import(network, parameters).unwrap()
}

/// 7 -> 8 relu -> 6 linear -> 9 leaky-relu -> 3, with a dead, a constant, a copied and an unread unit at fc1, two directions that
/// nothing reaches at fc2 and a unit that is a multiple of another at fc3.
fn burdened() -> Mlp {
    let mut made = network("mlp:8,6:linear,9:leaky-relu", &[], 11);
    made = with(made, "layers.0.linear.weight", |w| {
        for input in 0..7 {
            let row = &mut w.values[input * 8..][..8];
            row[1] *= 0.1; // far below 0 with the bias: dead on all rows, though not by its weights
            row[2] = 0.0;
            row[4] = 2.0 * row[3];
        }
    });
    made = with(made, "layers.0.linear.bias", |b| {
        (b.values[1], b.values[2]) = (-5.0, 1.5);
        b.values[4] = 2.0 * b.values[3];
    });
    made = with(made, "layers.1.linear.weight", |w| {
        w.values[7 * 6..].fill(0.0); // unit 7 of fc1 is not read
        for row in w.values.chunks_exact_mut(6) {
            (row[4], row[5]) = (row[0] + row[1], row[0] - row[2]);
        }
    });
    made = with(made, "layers.2.linear.weight", |w| w.values.chunks_exact_mut(9).for_each(|row| row[5] = 0.5 * row[0]));
    with(made, "layers.2.linear.bias", |b| b.values[5] = 0.5 * b.values[0])
}

fn all_sites(network: &Mlp, rows: &repshape_data::Examples) -> Vec<SiteStatistics> {
    let sites: Vec<String> = ["fc1", "fc2", "fc3"].map(String::from).into();
    statistics(network, rows, &sites, &Device::flex()).unwrap()
}

#[test]
fn every_site_is_made_smaller_with_the_statistics_of_the_first_network() {
    let (tuning, test) = rows(7);
    let before = burdened();
    let known = all_sites(&before, &tuning.train);
    for order in [["fc1", "fc2", "fc3"], ["fc3", "fc2", "fc1"], ["fc2", "fc1.pre", "fc3.pre"]] {
        let mut network = before.clone();
        for site in order {
            let index = check(&network, site).unwrap().layer;
            network = compact(&network, site, Some(&known[index]), &CompactOptions::default()).unwrap().0;
        }
        let made = spec(&network, Initialization::default());
        // fc2 reads 4 units of fc1 then, and has 4 directions that anything reaches
        assert_eq!(made.to_string(), "mlp:4,4:linear,8:leaky-relu", "{order:?}");
        assert!(identical(&before, &network, &tuning.train, &Device::flex()).unwrap().is_within(SAME));
        // the dead unit of fc1 is dead on other rows of this range too
        assert!(identical(&before, &network, &test, &Device::flex()).unwrap().is_within(SAME));
        assert!(import(made.init(7, 3, 1, &Device::flex()), export(&network)).is_ok());
    }
}

#[test]
fn the_plan_says_what_holds_for_every_input() {
    let (tuning, _) = rows(7);
    let before = burdened();
    let known = all_sites(&before, &tuning.train);
    let (smaller, by_weights) = compact(&before, "fc1", None, &CompactOptions::default()).unwrap();
    assert!(by_weights.holds_for_every_input());
    let units = |plan: &repshape::rewire::Plan| {
        let mut units: Vec<Removed> = plan.removed.iter().map(|r| r.removed).collect();
        units.sort_by_key(|r| format!("{r:?}"));
        units
    };
    assert_eq!(units(&by_weights), [2, 4, 7].map(Removed::Unit));
    assert_eq!(smaller.layers[0].sites[1].units, 5);
    let (_, on_rows) = compact(&before, "fc1", Some(&known[0]), &CompactOptions::default()).unwrap();
    assert_eq!(units(&on_rows), [1, 2, 4, 7].map(Removed::Unit));
    assert!(!on_rows.holds_for_every_input());
    assert!(on_rows.removed.iter().any(|r| r.removed == Removed::Unit(1) && r.reason == Reason::DeadOnData));
}

#[test]
fn a_site_that_is_dead_keeps_one_unit() {
    let (tuning, test) = rows(7);
    let before = with(network("mlp:5,4", &[], 2), "layers.0.linear.bias", |b| b.values.fill(-50.0));
    let known = statistics(&before, &tuning.train, &["fc1".to_owned()], &Device::flex()).unwrap();
    assert_eq!(known[0].constant(3), Some(0.0));
    let (smaller, plan) = compact(&before, "fc1", Some(&known[0]), &CompactOptions::default()).unwrap();
    assert_eq!((plan.units_after(), smaller.layers[0].sites[0].units), (1, 1));
    assert_eq!(spec(&smaller, Initialization::default()).to_string(), "mlp:1,4");
    assert_eq!(identical(&before, &smaller, &test, &Device::flex()).unwrap().max_abs, 0.0);
}

#[test]
fn nothing_to_take_out_leaves_the_bits_and_the_batch_normalisation() {
    let (tuning, test) = rows(7);
    let before = network("mlp:5:leaky-relu,4", &[0], 6);
    let known = statistics(&before, &tuning.train, &["fc1".to_owned()], &Device::flex()).unwrap();
    let (same, plan) = compact(&before, "fc1", Some(&known[0]), &CompactOptions::default()).unwrap();
    assert!(plan.is_empty() && same.layers[0].batch_norm.is_some());
    assert_eq!(identical(&before, &same, &test, &Device::flex()).unwrap().max_abs, 0.0);
}

#[test]
fn a_tolerance_makes_it_smaller_and_the_error_is_what_the_plan_expects() {
    let (tuning, _) = rows(7);
    let before = network("mlp:12,10:linear,5", &[0], 8);
    let known = statistics(&before, &tuning.train, &["fc2".to_owned()], &Device::flex()).unwrap();
    let options = CompactOptions { tolerance: 0.3, ..CompactOptions::default() };
    let (smaller, plan) = compact(&before, "fc2", Some(&known[0]), &options).unwrap();
    assert!(plan.units_after() < 10 && plan.expected.relative <= 0.3 && plan.expected.relative > 0.01);
    // what enters the next layer's activation, over the rows of the statistics
    let (a, b) = ("fc3.pre", "fc3.pre");
    let (a, b) = (super::values_at(&before, &tuning.train, a), super::values_at(&smaller, &tuning.train, b));
    let squared = a.iter().zip(&b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>() / tuning.train.rows() as f64;
    assert!((squared / plan.expected.squared - 1.0).abs() < 1e-3, "{squared} and {:?}", plan.expected);
}

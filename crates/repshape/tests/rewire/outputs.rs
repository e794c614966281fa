//! Outputs stay and representations become what was asked for.

use proptest::prelude::*;
use repshape::burn::module::Module;
use repshape::burn::tensor::Device;
use repshape::network::{Activation, Initialization, Network};
use repshape::parameters::export;
use repshape::rewire::{
    Affine, Cutoff, Site, apply, check, equalize, identical, insert_linear, quantization, spec, statistics,
};

use super::{SAME, bits, difference, general, network, rows, values_at};

/// Two to four hidden layers of different widths, whether each has a batch normalisation, a seed.
fn a_network() -> impl Strategy<Value = (String, Vec<usize>, u64)> {
    let activation = prop_oneof![Just("relu"), Just("leaky-relu"), Just("linear"), Just("tanh")];
    let layers = prop::collection::vec((activation, any::<bool>()), 2..=4);
    (layers, Just(vec![5usize, 11, 4, 8, 6]).prop_shuffle(), any::<u64>()).prop_map(|(layers, widths, seed)| {
        let each: Vec<String> =
            layers.iter().zip(&widths).map(|((name, _), width)| format!("{width}:{name}")).collect();
        let norms = layers.iter().enumerate().filter(|(_, (_, norm))| *norm).map(|(index, _)| index).collect();
        (format!("mlp:{}", each.join(",")), norms, seed)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn outputs_stay_and_the_representation_becomes_what_was_asked_for((text, norms, seed) in a_network()) {
        let device = Device::flex();
        let (_, test) = rows(7);
        let before = network(&text, &norms, seed);
        for index in 0..before.layers.len() {
            let name = format!("fc{}", index + 1);
            let Ok(place) = check(&before, &name) else {
                prop_assert_eq!(before.layers[index].activation, Activation::Tanh);
                continue;
            };
            let mut draw = bits(seed);
            let scale = Affine::random_scale(place.units, 0.2, 5.0, &mut draw).unwrap();
            let order = Affine::random_permutation(place.units, &mut draw).unwrap();
            let mut maps = vec![scale.then(&order).unwrap()];
            if place.site == Site::Linear {
                maps.push(general(place.units, seed));
            }
            let z = values_at(&before, &test, &name);
            for map in maps {
                let after = apply(&before, &format!("{name}.pre"), &map).unwrap();
                let found = identical(&before, &after, &test, &device).unwrap();
                prop_assert!(found.is_within(SAME), "{text} {norms:?} at {name}: {found:?}");
                prop_assert_eq!(found.rows, 30);
                prop_assert!(difference(&values_at(&after, &test, &name), &map.apply(&z).unwrap()) < SAME);
                prop_assert!(after.layers[index].batch_norm.is_none());
                // every other site is as it was
                for other in before.sites().iter().filter(|site| !site.name.starts_with(&name)) {
                    let (a, b) = (values_at(&before, &test, &other.name), values_at(&after, &test, &other.name));
                    prop_assert!(difference(&a, &b) < SAME, "{} changed", other.name);
                }
            }
        }
    }
}

#[test]
fn a_whitened_linear_layer_behind_an_inserted_one_has_the_identity_for_covariance() {
    let device = Device::flex();
    let (tuning, test) = rows(7);
    let before = network("mlp:6,9:tanh,4", &[1], 5);
    let inserted = insert_linear(&before, "fc2").unwrap();
    // the identity adds nothing but zeros: the same bits
    assert_eq!(identical(&before, &inserted, &test, &device).unwrap().max_abs, 0.0);
    assert_eq!(values_at(&before, &test, "fc2"), values_at(&inserted, &test, "fc3"));
    assert_eq!(values_at(&before, &test, "fc3"), values_at(&inserted, &test, "fc4"));
    let names: Vec<String> = inserted.sites().into_iter().map(|site| site.name).collect();
    assert_eq!(names, ["fc1.pre", "fc1", "fc2.pre", "fc2", "fc3.pre", "fc3", "fc4.pre", "fc4", "output"]);
    assert_eq!(inserted.sites()[5].bounds, None);

    let known = statistics(&inserted, &tuning.train, &["fc3".to_owned()], &device).unwrap();
    let map = Affine::whiten(&known[0], Cutoff::Share(1e-9)).unwrap();
    let after = apply(&inserted, "fc3", &map.affine).unwrap();
    assert!(identical(&before, &after, &test, &device).unwrap().is_within(1e-4), "condition {}", map.condition);
    let whitened = statistics(&after, &tuning.train, &["fc3".to_owned()], &device).unwrap();
    let covariance = whitened[0].covariance().unwrap();
    let trace: f64 = covariance.iter().step_by(10).sum();
    assert!((trace - map.rank as f64).abs() < 1e-3, "{trace} of rank {}", map.rank);
    let off = covariance.iter().enumerate().filter(|(at, _)| at / 9 != at % 9).fold(0.0f64, |a, (_, c)| a.max(c.abs()));
    assert!(map.rank < 9 || off < 1e-3, "{off}");
}

#[test]
fn a_network_on_the_tape_stays_there_and_gives_the_same() {
    let device = Device::flex();
    let (_, test) = rows(7);
    let plain = network("mlp:6,5", &[0], 2);
    let taped = plain.clone().fork(&device.clone().autodiff()).train();
    let map = Affine::scale(vec![0.5, 2.0, 3.0, 0.1, 1.0, 7.0]).unwrap();
    let after = apply(&taped, "fc1", &map).unwrap();
    assert!(after.layers[0].linear.weight.val().device().is_autodiff());
    // batch normalisation by its running statistics, though the module is in training mode
    assert!(identical(&taped, &after, &test, &device).unwrap().is_within(SAME));
    let exported =
        |network| export(&network).into_iter().map(|p: repshape::parameters::Parameter| p.values).collect::<Vec<_>>();
    assert_eq!(exported(after.valid()), exported(apply(&plain, "fc1", &map).unwrap()));
}

#[test]
fn a_spec_of_the_new_network_loads_its_weights() {
    let before = network("mlp:6,9:tanh,4:leaky-relu", &[0, 2], 3);
    let after = apply(&insert_linear(&before, "fc1").unwrap(), "fc1", &Affine::identity(6).unwrap()).unwrap();
    let made = spec(&after, Initialization::HeNormal);
    assert_eq!(made.to_string(), "mlp:6,6:linear,9:tanh,4:leaky-relu");
    assert_eq!(made.hidden.iter().map(|l| l.batch_norm).collect::<Vec<_>>(), [false, false, false, true]);
    let loaded = repshape::parameters::import(made.init(7, 3, 99, &Device::flex()), export(&after)).unwrap().valid();
    let (_, test) = rows(7);
    assert_eq!(identical(&after, &loaded, &test, &Device::flex()).unwrap().max_abs, 0.0);
}

#[test]
fn dropout_keeps_its_rate() {
    let mut spec_of: repshape::network::MlpSpec = "mlp:6,4".parse().unwrap();
    spec_of.hidden[0].dropout = 0.25;
    let before = spec_of.init(7, 3, 1, &Device::flex());
    let inserted = insert_linear(&before, "fc1").unwrap();
    assert_eq!(
        spec(&inserted, spec_of.initialization).hidden.iter().map(|l| l.dropout).collect::<Vec<_>>(),
        [0.25, 0.0, 0.0]
    );
    let after = apply(&before, "fc1", &Affine::scale(vec![2.0; 6]).unwrap()).unwrap();
    assert_eq!(spec(&after, spec_of.initialization), spec_of);
}

#[test]
fn equal_ranges_lose_less_at_eight_bits() {
    let (_, test) = rows(7);
    let scales = |n: usize| (0..n).map(|i| 10f64.powf(3.0 * i as f64 / n as f64 - 1.5)).collect();
    let uneven = apply(&network("mlp:12,10", &[], 4), "fc1", &Affine::scale(scales(12)).unwrap()).unwrap();
    let (even, map) = equalize(&uneven, "fc1").unwrap();
    assert!(
        identical(&uneven, &even, &test, &Device::flex()).unwrap().is_within(SAME) && map.is_positively_homogeneous()
    );
    let (before, after) = (quantization(&uneven, 8).unwrap(), quantization(&even, 8).unwrap());
    assert_eq!(before.layers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["fc1", "fc2", "output"]);
    let lost = |of: &repshape::rewire::Quantization| of.layers[..2].iter().map(|(_, e)| e.relative).collect::<Vec<_>>();
    assert!(lost(&before).iter().zip(lost(&after)).all(|(b, a)| *b > 1.5 * a), "{before:?} {after:?}");
    // nothing touched the last layer
    assert_eq!(before.layers[2], after.layers[2]);
    // all layers together are the weights in one row
    let (sum, count) = before
        .layers
        .iter()
        .zip([84.0, 120.0, 30.0])
        .fold((0.0, 0.0), |(s, c), ((_, e), n)| (s + e.mean_square * n, c + n));
    assert!((before.mean_square - sum / count).abs() < 1e-15 * sum);
}

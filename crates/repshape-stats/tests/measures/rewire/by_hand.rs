//! Small cases worked by hand.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use repshape_stats::rewire::{
    Affine, Cutoff, Kind, Layer, Site, SiteStatistics, equalize, equalize_ranges, fold, quantization_error,
};

use super::{Network, difference, uniform};

#[test]
fn a_fold_of_two_inputs_three_units_and_two_outputs() {
    // z = x W + b, 2 x 3
    let mut writer = Layer::new(2, vec![1.0, 2.0, 0.0, 0.0, -1.0, 3.0], vec![1.0, 0.0, -1.0]).unwrap();
    let mut readers = [Layer::new(3, vec![1.0, 0.0, 2.0, 1.0, 0.0, -1.0], vec![0.5, 0.0]).unwrap()];
    // z'_0 = z_0 - 1, z'_1 = z_0 - 1 + 2 z_1, z'_2 = 4 (z_2 - 2)
    let q = vec![1.0, 0.0, 0.0, 1.0, 2.0, 0.0, 0.0, 0.0, 4.0];
    let map = Affine::new(q, vec![1.0, 0.0, 2.0]).unwrap();
    assert_eq!((map.kind(), map.is_positively_homogeneous()), (Kind::General, false));
    fold(Site::Linear, &mut writer, &mut readers, &map).unwrap();
    assert_eq!(writer.weights(), [1.0, 5.0, 0.0, 0.0, -2.0, 12.0]);
    assert_eq!(writer.bias(), [0.0, 0.0, -12.0]);
    // z_0 = 1 + z'_0, z_1 = (z'_1 - z'_0) / 2, z_2 = 2 + z'_2 / 4
    assert_eq!(readers[0].weights(), [0.0, -0.5, 1.0, 0.5, 0.0, -0.25]);
    assert_eq!(readers[0].bias(), [1.5, -2.0]);
    // covariance diag(1, 4, 9) and means (1, 1, 2)
    let after = map.covariance_after(&[1.0, 0.0, 0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 9.0]).unwrap();
    assert_eq!(after, [1.0, 1.0, 0.0, 1.0, 17.0, 0.0, 0.0, 0.0, 144.0]);
    assert_eq!(map.mean_after(&[1.0, 1.0, 2.0]).unwrap(), [0.0, 2.0, 0.0]);
}

#[test]
fn scales_and_orders_are_known_by_their_numbers() {
    let kind = |q: &[f64]| Affine::new(q.to_vec(), vec![0.0; 2]).unwrap().kind();
    assert_eq!(kind(&[2.0, 0.0, 0.0, 3.0]), Kind::PositiveDiagonal);
    assert_eq!(kind(&[0.0, 1.0, 1.0, 0.0]), Kind::Permutation);
    assert_eq!(kind(&[0.0, 1.0, 3.0, 0.0]), Kind::ScaledPermutation);
    assert_eq!(kind(&[1.0, 0.0, 0.0, -1.0]), Kind::General);
    assert_eq!(kind(&[1.0, 1e-9, 0.0, 1.0]), Kind::General);
    // largest over smallest singular value of diag(2, 3) and of [[3, 0], [4, 5]]: sqrt(45) and sqrt(5)
    assert_eq!(Affine::scale(vec![2.0, 3.0]).unwrap().condition(), 1.5);
    let condition = Affine::new(vec![3.0, 0.0, 4.0, 5.0], vec![0.0; 2]).unwrap().condition();
    assert!((condition - 3.0).abs() < 1e-14, "{condition}");
    let order = Affine::permute(vec![2, 0, 1]).unwrap();
    assert_eq!(order.apply(&[10.0, 20.0, 30.0]).unwrap(), [30.0, 10.0, 20.0]);
}

#[test]
fn whitening_of_a_diagonal_covariance_and_of_two_equal_units() {
    let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-15);
    let known = SiteStatistics::new(vec![1.0, 2.0], vec![4.0, 0.0, 0.0, 16.0]).unwrap();
    let zca = Affine::whiten(&known, Cutoff::Rounding).unwrap();
    assert!(near(&zca.affine.matrix(), &[0.5, 0.0, 0.0, 0.25]));
    assert_eq!((zca.rank, zca.condition, zca.affine.shift()), (2, 2.0, &[1.0, 2.0][..]));
    // largest variance first
    assert!(near(&Affine::pca(&known, Cutoff::Rounding).unwrap().affine.matrix(), &[0.0, 0.25, 0.5, 0.0]));

    // l = 4 along (1, 1) / sqrt 2, 0 along the other
    let equal = SiteStatistics::new(vec![0.0; 2], vec![2.0; 4]).unwrap();
    let zca = Affine::whiten(&equal, Cutoff::Rounding).unwrap();
    assert_eq!((zca.rank, zca.cutoff), (1, 2.0 * f64::EPSILON));
    // 1/2 of the projection on (1, 1), and 1 of that on (1, -1)
    assert!(near(&zca.affine.matrix(), &[0.75, -0.25, -0.25, 0.75]));
    // unit 1 less unit 0
    let cholesky = Affine::cholesky(&equal, Cutoff::Rounding).unwrap();
    assert_eq!(cholesky.rank, 1);
    assert!(near(&cholesky.affine.matrix(), &[0.5f64.sqrt(), 0.0, -1.0, 1.0]));
}

#[test]
fn equalized_units_have_equal_ranges() {
    let mut writer = Layer::new(2, vec![8.0, 0.0, 0.5, -2.0, 0.0, 0.25], vec![1.0, 5.0, 1.0]).unwrap();
    let mut readers = [Layer::new(3, vec![0.5, -0.25, 3.0, 1.0, 0.0, 32.0], vec![0.0, 0.0]).unwrap()];
    // ranges in 8, 0, 1/2; out 1/2, 3, 32: scales 1/4, 1 (nothing enters unit 1), 8
    let map = equalize(std::slice::from_ref(&writer), &readers).unwrap();
    assert_eq!(map.matrix(), [0.25, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 8.0]);
    fold(Site::RELU, &mut writer, &mut readers, &map).unwrap();
    assert_eq!(writer.weights(), [2.0, 0.0, 4.0, -0.5, 0.0, 2.0]);
    assert_eq!(readers[0].weights(), [2.0, -1.0, 3.0, 1.0, 0.0, 4.0]);
    // already equal: nothing moves
    let again = equalize(std::slice::from_ref(&writer), &readers).unwrap();
    assert_eq!(again, Affine::identity(3).unwrap());
    // ranges whose quotient leaves the range of f64
    assert_eq!(equalize_ranges(&[1e-200], &[1e200]).unwrap().matrix(), [1e200]);
}

#[test]
fn rounding_to_few_bits() {
    // 2 bits: steps of 3 in both directions; 1 goes to 0, 2 to 3, the tie 1.5 to the even 0
    let error = quantization_error(&[3.0, 1.0, 2.0, 1.5], 2).unwrap();
    assert_eq!((error.step, error.largest), (3.0, 1.5));
    assert!((error.mean_square - (1.0 + 1.0 + 2.25) / 4.0).abs() < 1e-15);
    assert!((error.relative - (4.25f64 / (9.0 + 1.0 + 4.0 + 2.25)).sqrt()).abs() < 1e-15);
    let nothing = quantization_error(&[0.0, 0.0], 8).unwrap();
    assert_eq!((nothing.step, nothing.relative), (0.0, 0.0));
}

/// A network whose units differ a thousandfold in scale, each layer rounded to eight bits by one step.
#[test]
fn an_equalized_network_loses_less_by_rounding() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let network = Network::random(&mut rng, &[9, 12, 7], &[Site::RELU]);
    let x = uniform(&mut rng, 50 * 9);
    let y = network.outputs(&x);
    let rounded = |network: &Network| {
        let round = |layer: &Layer| {
            let step = quantization_error(layer.weights(), 8).unwrap().step;
            let weights = layer.weights().iter().map(|w| (w / step).round() * step).collect();
            Layer::new(layer.inputs(), weights, layer.bias().to_vec()).unwrap()
        };
        Network { layers: network.layers.iter().map(round).collect(), sites: network.sites.clone() }
    };
    let rewire = |network: &Network, map: &Affine| {
        let mut network = network.clone();
        let (before, after) = network.layers.split_at_mut(1);
        fold(Site::RELU, &mut before[0], after, map).unwrap();
        network
    };
    let scales = (0..12).map(|i| 10f64.powf(i as f64 / 11.0 * 3.0 - 1.5)).collect();
    let uneven = rewire(&network, &Affine::scale(scales).unwrap());
    let even = rewire(&uneven, &equalize(&uneven.layers[..1], &uneven.layers[1..]).unwrap());
    let loss = |network: &Network| difference(&rounded(network).outputs(&x), &y);
    assert!(loss(&even) < 0.02 && loss(&uneven) > 10.0 * loss(&even), "{} and {}", loss(&uneven), loss(&even));
}

//! Random networks keep their outputs; a fold with a classical mistake does not.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use repshape_stats::rewire::{
    Affine, BatchNorm, Cutoff, Kernel, KernelShape, Layer, Site, equalize, fold, fold_into_reader, fold_into_writer,
};

use super::{Network, bits, difference, general_matrix, random_layer, statistics, uniform};

/// Rounding through maps of condition below about 1e4.
const SAME: f64 = 1e-10;

const LEAKY: Site = Site::Homogeneous { negative_slope: 0.01 };

fn a_site() -> impl Strategy<Value = Site> {
    prop_oneof![Just(Site::Linear), Just(Site::RELU), Just(LEAKY), Just(Site::Homogeneous { negative_slope: -1.0 })]
}

/// Two to four layers whose widths are all different, a place in them, what stands there, and a seed.
fn a_network() -> impl Strategy<Value = (Vec<usize>, Vec<Site>, usize, u64)> {
    (2usize..=4).prop_flat_map(|layers| {
        let widths = Just(vec![5, 7, 3, 8, 4, 6, 9]).prop_shuffle().prop_map(move |all| all[..=layers].to_vec());
        (widths, prop::collection::vec(a_site(), layers - 1), 0..layers - 1, any::<u64>())
    })
}

fn fold_at(network: &mut Network, place: usize, affine: &Affine) {
    let (before, after) = network.layers.split_at_mut(place + 1);
    fold(network.sites[place], &mut before[place], &mut after[..1], affine).unwrap();
}

proptest! {
    #[test]
    fn outputs_stay_and_the_representation_becomes_what_was_asked_for((widths, sites, place, seed) in a_network()) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let network = Network::random(&mut rng, &widths, &sites);
        let x = uniform(&mut rng, 40 * widths[0]);
        let (z, y) = (network.at(&x, place), network.outputs(&x));
        let n = widths[place + 1];
        let mut draw = bits(seed);
        let mut maps = vec![
            Affine::random_scale(n, 0.1, 10.0, &mut draw).unwrap(),
            Affine::random_permutation(n, &mut draw).unwrap(),
            equalize(&network.layers[place..=place], &network.layers[place + 1..place + 2]).unwrap(),
        ];
        maps.push(maps[0].then(&maps[1]).unwrap());
        if sites[place] == Site::Linear {
            maps.push(general_matrix(n, seed).with_shift(uniform(&mut rng, n)).unwrap());
            maps.push(Affine::ones_with_random_diagonal(n, &mut draw).unwrap());
            // sites that fewer inputs or units reach have a covariance without full rank
            let known = statistics(&z, n);
            let cutoff = Cutoff::Share(1e-10);
            for make in [Affine::whiten, Affine::pca, Affine::rotate, Affine::cholesky] {
                maps.push(make(&known, cutoff).unwrap().affine);
            }
        }
        for map in &maps {
            let mut rewired = network.clone();
            fold_at(&mut rewired, place, map);
            prop_assert!(difference(&rewired.outputs(&x), &y) < SAME, "{:?} at {}", map.kind(), sites[place]);
            let (found, asked) = (rewired.at(&x, place), map.apply(&z).unwrap());
            prop_assert!(difference(&found, &asked) < SAME, "{:?} at {}", map.kind(), sites[place]);
            // and back
            fold_at(&mut rewired, place, &map.inverse());
            prop_assert!(difference(&rewired.at(&x, place), &z) < SAME);
        }
    }

    #[test]
    fn two_writers_and_three_readers_keep_the_outputs_of_all(seed in any::<u64>()) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (a, b) = (random_layer(&mut rng, 3, 5), random_layer(&mut rng, 4, 5));
        let readers = [2, 7, 1].map(|outputs| random_layer(&mut rng, 5, outputs));
        let (xa, xb) = (uniform(&mut rng, 6 * 3), uniform(&mut rng, 6 * 4));
        let map = general_matrix(5, seed).with_shift(uniform(&mut rng, 5)).unwrap();
        let site = |a: &Layer, b: &Layer| -> Vec<f64> {
            a.apply(&xa).unwrap().iter().zip(b.apply(&xb).unwrap()).map(|(a, b)| a + b).collect()
        };
        let z = site(&a, &b);
        let (mut a2, mut b2, mut readers2) = (a.clone(), b.clone(), readers.clone());
        fold_into_writer(&mut a2, &map).unwrap();
        fold_into_writer(&mut b2, &map.without_shift()).unwrap();
        readers2.iter_mut().for_each(|reader| fold_into_reader(reader, &map).unwrap());
        let z2 = site(&a2, &b2);
        prop_assert!(difference(&z2, &map.apply(&z).unwrap()) < SAME);
        for (reader, reader2) in readers.iter().zip(&readers2) {
            prop_assert!(difference(&reader.apply(&z).unwrap(), &reader2.apply(&z2).unwrap()) < SAME);
        }
        // the shift taken off twice is a mistake that shows
        let mut b3 = b.clone();
        fold_into_writer(&mut b3, &map).unwrap();
        let twice = site(&a2, &b3);
        prop_assert!(difference(&readers2[1].apply(&twice).unwrap(), &readers[1].apply(&z).unwrap()) > 1e-6);
    }

    #[test]
    fn convolutions_keep_their_outputs(seed in any::<u64>(), padded in any::<bool>()) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // 2 channels, window of 3, 4 channels, window of 2, 3 channels
        let shape = |outputs, inputs, taps, padded| KernelShape { outputs, inputs, taps, groups: 1, padded };
        let first = Kernel::new(shape(4, 2, 3, true), uniform(&mut rng, 24), uniform(&mut rng, 4)).unwrap();
        let second = Kernel::new(shape(3, 4, 2, padded), uniform(&mut rng, 24), uniform(&mut rng, 3)).unwrap();
        let x = uniform(&mut rng, 2 * 6);
        let through = |first: &Kernel, second: &Kernel| convolve(second, &convolve(first, &x, 1), usize::from(padded));
        let y = through(&first, &second);
        let mut map = general_matrix(4, seed);
        if !padded {
            map = map.with_shift(uniform(&mut rng, 4)).unwrap();
        }
        let (mut first2, mut second2) = (first.clone(), second.clone());
        first2.fold_as_writer(&map).unwrap();
        second2.fold_as_reader(&map).unwrap();
        prop_assert!(difference(&through(&first2, &second2), &y) < SAME);
        let (z, z2) = (convolve(&first, &x, 1), convolve(&first2, &x, 1));
        prop_assert!(difference(&channels_last(&z2, 4), &map.apply(&channels_last(&z, 4)).unwrap()) < SAME);
    }

    #[test]
    fn grouped_convolutions_take_scales(seed in any::<u64>()) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // 4 channels in 2 groups, 6 out, window of 3; then depthwise
        let grouped = KernelShape { outputs: 6, inputs: 4, taps: 3, groups: 2, padded: false };
        let depthwise = KernelShape { outputs: 6, inputs: 6, taps: 2, groups: 6, padded: false };
        let first = Kernel::new(grouped, uniform(&mut rng, 36), uniform(&mut rng, 6)).unwrap();
        let second = Kernel::new(depthwise, uniform(&mut rng, 12), uniform(&mut rng, 6)).unwrap();
        let x = uniform(&mut rng, 4 * 7);
        let y = convolve(&second, &convolve(&first, &x, 0), 0);
        let inner = Affine::random_scale(6, 0.2, 5.0, &mut bits(seed)).unwrap().with_shift(uniform(&mut rng, 6)).unwrap();
        let (mut first2, mut second2) = (first.clone(), second.clone());
        first2.fold_as_writer(&inner).unwrap();
        second2.fold_as_reader(&inner).unwrap();
        prop_assert!(difference(&convolve(&second2, &convolve(&first2, &x, 0), 0), &y) < SAME);
        // and the channels that the grouped one reads
        let outer = Affine::random_scale(4, 0.2, 5.0, &mut bits(seed)).unwrap().with_shift(uniform(&mut rng, 4)).unwrap();
        let moved = channels_first(&outer.apply(&channels_last(&x, 4)).unwrap(), 4);
        first2 = first.clone();
        first2.fold_as_reader(&outer).unwrap();
        prop_assert!(difference(&convolve(&first2, &moved, 0), &convolve(&first, &x, 0)) < SAME);
    }

    #[test]
    fn batch_normalization_goes_into_the_layer_before_and_after(seed in any::<u64>()) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (before, after) = (random_layer(&mut rng, 3, 5), random_layer(&mut rng, 5, 2));
        let (gamma, beta, mean) = (uniform(&mut rng, 5), uniform(&mut rng, 5), uniform(&mut rng, 5));
        let variance: Vec<f64> = uniform(&mut rng, 5).iter().map(|v| v * v).collect();
        let epsilon = 1e-3;
        let norm = BatchNorm::new(&gamma, &beta, &mean, &variance, epsilon).unwrap();
        let normalise = |z: &[f64]| -> Vec<f64> {
            let one = |(at, z): (usize, &f64)| {
                let i = at % 5;
                (z - mean[i]) / (variance[i] + epsilon).sqrt() * gamma[i] + beta[i]
            };
            z.iter().enumerate().map(one).collect()
        };
        let x = uniform(&mut rng, 4 * 3);
        let plain = before.apply(&x).unwrap();
        let (normal, y) = (normalise(&plain), after.apply(&normalise(&plain)).unwrap());
        let (mut before2, mut after2) = (before.clone(), after.clone());
        norm.fold_into_layer_before(&mut before2).unwrap();
        norm.fold_into_layer_after(&mut after2).unwrap();
        prop_assert!(difference(&before2.apply(&x).unwrap(), &normal) < SAME);
        prop_assert!(difference(&after2.apply(&plain).unwrap(), &y) < SAME);

        let shape = KernelShape { outputs: 5, inputs: 2, taps: 3, groups: 1, padded: true };
        let kernel = Kernel::new(shape, uniform(&mut rng, 30), uniform(&mut rng, 5)).unwrap();
        let image = uniform(&mut rng, 2 * 6);
        let expected = normalise(&channels_last(&convolve(&kernel, &image, 1), 5));
        let mut kernel2 = kernel.clone();
        norm.fold_into_kernel_before(&mut kernel2).unwrap();
        prop_assert!(difference(&channels_last(&convolve(&kernel2, &image, 1), 5), &expected) < SAME);
    }

    #[test]
    fn every_classical_mistake_shows(seed in any::<u64>()) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // square layers, on which wrong shapes still fit
        let network = Network::random(&mut rng, &[4, 4, 4], &[Site::Linear]);
        let x = uniform(&mut rng, 30 * 4);
        let y = network.outputs(&x);
        let map = general_matrix(4, seed).with_shift(uniform(&mut rng, 4)).unwrap();
        let outputs = |writer: &Layer, reader: &Layer| reader.apply(&writer.apply(&x).unwrap()).unwrap();
        let (writer, reader) = (&network.layers[0], &network.layers[1]);
        let (mut right_writer, mut right_reader) = (writer.clone(), reader.clone());
        fold_into_writer(&mut right_writer, &map).unwrap();
        fold_into_reader(&mut right_reader, &map).unwrap();
        prop_assert!(difference(&outputs(&right_writer, &right_reader), &y) < SAME);

        let transposed = Affine::new(transpose(&map.matrix(), 4), map.shift().to_vec()).unwrap();
        let turned = |layer: &Layer| Layer::new(4, transpose(layer.weights(), 4), layer.bias().to_vec()).unwrap();
        let mut mistakes: Vec<(&str, Layer, Layer)> = Vec::new();
        // the halves in the wrong layers
        let (mut w, mut r) = (writer.clone(), reader.clone());
        fold_into_reader(&mut w, &map).unwrap();
        fold_into_writer(&mut r, &map).unwrap();
        mistakes.push(("wrong layer order", w, r));
        // Q for Q^T
        let mut w = writer.clone();
        fold_into_writer(&mut w, &transposed).unwrap();
        mistakes.push(("transposed matrix", w, right_reader.clone()));
        // weights outputs x inputs
        let mut w = turned(writer);
        fold_into_writer(&mut w, &map).unwrap();
        mistakes.push(("transposed weights before", turned(&w), right_reader.clone()));
        let mut r = turned(reader);
        fold_into_reader(&mut r, &map).unwrap();
        mistakes.push(("transposed weights after", right_writer.clone(), turned(&r)));
        let mut r = reader.clone();
        fold_into_reader(&mut r, &map.without_shift()).unwrap();
        mistakes.push(("mean not folded into the reader", right_writer.clone(), r));
        let mut w = writer.clone();
        fold_into_writer(&mut w, &map.without_shift()).unwrap();
        mistakes.push(("mean not folded into the writer", w, right_reader.clone()));
        // Q in place of its inverse
        let mut r = reader.clone();
        fold_into_reader(&mut r, &map.inverse()).unwrap();
        mistakes.push(("matrix for its inverse", right_writer.clone(), r));
        for (mistake, w, r) in mistakes {
            prop_assert!(difference(&outputs(&w, &r), &y) > 1e-6, "{mistake}");
        }
    }
}

#[test]
fn a_general_matrix_at_a_relu_changes_the_outputs() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut network = Network::random(&mut rng, &[5, 4, 3], &[Site::RELU]);
    let x = uniform(&mut rng, 50 * 5);
    let y = network.outputs(&x);
    // as comparable performance networks do on purpose
    let map = Affine::ones_with_random_diagonal(4, &mut bits(1)).unwrap();
    fold_into_writer(&mut network.layers[0], &map).unwrap();
    fold_into_reader(&mut network.layers[1], &map).unwrap();
    assert!(difference(&network.outputs(&x), &y) > 0.01);
}

fn transpose(matrix: &[f64], n: usize) -> Vec<f64> {
    (0..n * n).map(|at| matrix[at % n * n + at / n]).collect()
}

fn channels_last(z: &[f64], channels: usize) -> Vec<f64> {
    let length = z.len() / channels;
    (0..z.len()).map(|at| z[at % channels * length + at / channels]).collect()
}

fn channels_first(z: &[f64], channels: usize) -> Vec<f64> {
    channels_last(z, z.len() / channels)
}

/// One-dimensional, by the definition: input and output are channels x length, `padding` zeros at both ends.
fn convolve(kernel: &Kernel, x: &[f64], padding: usize) -> Vec<f64> {
    let KernelShape { outputs, inputs, taps, groups, .. } = kernel.shape();
    let length = x.len() / inputs;
    let of_group = inputs / groups;
    let mut y = Vec::new();
    for output in 0..outputs {
        for start in 0..length + 2 * padding + 1 - taps {
            let mut sum = kernel.bias()[output];
            for own in 0..of_group {
                let input = output / (outputs / groups) * of_group + own;
                for tap in 0..taps {
                    let place = (start + tap).checked_sub(padding).filter(|place| *place < length);
                    let value = place.map_or(0.0, |place| x[input * length + place]);
                    sum += value * kernel.weights()[(output * of_group + own) * taps + tap];
                }
            }
            y.push(sum);
        }
    }
    y
}

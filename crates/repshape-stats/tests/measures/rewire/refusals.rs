//! What is refused, in words for the person who asked.

use repshape_stats::rewire::{
    Affine, BatchNorm, CompactOptions, Cutoff, Kernel, KernelShape, Layer, RewireError, Site, SiteStatistics, fold,
    fold_into_writer, plan_compact, quantization_error,
};
use repshape_stats::{Block, Sketch, SketchConfig, UnitPairs};

use super::bits;

fn said<T: std::fmt::Debug>(result: Result<T, RewireError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_relu_takes_neither_mixtures_nor_shifts_and_nothing_is_half_done() {
    let mut writer = Layer::new(1, vec![1.0, 2.0], vec![0.0, 1.0]).unwrap();
    let mut readers = [Layer::new(2, vec![1.0, 1.0], vec![0.0]).unwrap()];
    let (before, after) = (writer.clone(), readers.clone());
    let ones = Affine::ones_with_random_diagonal(2, &mut bits(1)).unwrap();
    assert_eq!(
        said(fold(Site::RELU, &mut writer, &mut readers, &ones)),
        "a general matrix cannot pass a ReLU: only a positive diagonal, a permutation, or both together leave the outputs \
         as they are (theorem 2); choose scale, permute or equalize, or a site whose layer is linear"
    );
    let shifted = Affine::scale(vec![2.0, 1.0]).unwrap().with_shift(vec![0.0, 0.5]).unwrap();
    let leaky = Site::Homogeneous { negative_slope: 0.01 };
    assert_eq!(
        said(fold(leaky, &mut writer, &mut readers, &shifted)),
        "unit 1: the shift of 0.5 cannot pass an activation of slope 0.01 below 0: it must be 0 there (theorem 2)"
    );
    let mut two = [readers[0].clone(), Layer::new(3, vec![0.0; 3], vec![0.0]).unwrap()];
    assert_eq!(
        said(fold(Site::Linear, &mut writer, &mut two, &shifted)),
        "the layer after the site has 3 units where 2 are expected"
    );
    assert_eq!(
        said(fold(Site::Linear, &mut writer, &mut [], &shifted)),
        "the site has no reader: at least one is needed"
    );
    let huge = Affine::scale(vec![1e300, 1.0]).unwrap();
    let mut large = Layer::new(1, vec![1e10, 2.0], vec![0.0, 1.0]).unwrap();
    assert!(said(fold_into_writer(&mut large, &huge)).ends_with("value 0: inf is not a finite number"));
    assert_eq!((writer, &readers, &two[0]), (before, &after, &after[0]));
}

#[test]
fn maps_that_cannot_be() {
    assert_eq!(
        said(Affine::new(vec![1.0, 2.0, 2.0, 4.0], vec![0.0; 2])).split(" (").next(),
        Some("the matrix is singular to working precision")
    );
    assert_eq!(said(Affine::new(vec![1.0; 3], vec![0.0; 2])), "the matrix: 3 values where 4 are expected");
    assert_eq!(
        said(Affine::new(vec![1.0, f64::NAN, 0.0, 1.0], vec![0.0; 2])),
        "the matrix, value 1: NaN is not a finite number"
    );
    assert_eq!(said(Affine::scale(vec![1.0, -2.0])), "unit 1: the scale -2 is not a positive number");
    assert_eq!(said(Affine::scale(vec![])), "units is 0; expected at least 1");
    let twice = "position 2 of the order names unit 1: each of 0 to 2 must be named once";
    assert_eq!(said(Affine::permute(vec![0, 1, 1])), twice);
    let draw = &mut bits(1);
    assert!(Affine::random_orthogonal(0, draw).is_err() && Affine::random_permutation(0, draw).is_err());
    assert_eq!(
        said(Affine::random_scale(2, 1.0, 1.0, draw)),
        "the range of scales is from 1 to 1; expected 0 <= low < high"
    );
    assert_eq!(said(Affine::identity(2).unwrap().apply(&[1.0; 3])), "the rows: 3 values where 2 are expected");
    assert_eq!(said(quantization_error(&[1.0], 1)), "bits is 1; expected from 2 to 16");
}

#[test]
fn statistics_that_cannot_be() {
    let two = |c: [f64; 4]| SiteStatistics::new(vec![0.0; 2], c.to_vec());
    assert_eq!(
        said(two([1.0, 0.5, 0.25, 1.0])),
        "the covariance: 0.5 at (0, 1) and 0.25 at (1, 0): it must be symmetric"
    );
    // correlation 2
    let indefinite = two([1.0, 2.0, 2.0, 1.0]).unwrap();
    assert!(said(Affine::whiten(&indefinite, Cutoff::Rounding)).starts_with("the covariance has the eigenvalue -"));
    let fine = two([1.0, 0.0, 0.0, 1.0]).unwrap();
    assert_eq!(
        said(Affine::pca(&fine, Cutoff::Share(1.0))),
        "the cutoff of eigenvalues is 1; expected at least 0 and below 1"
    );
    assert!(
        said(Affine::target(&fine, vec![1.0, 2.0, 2.0, 1.0], Cutoff::Rounding))
            .starts_with("the target covariance has")
    );
    let mut sketch = Sketch::new(&SketchConfig { pairs: UnitPairs::Off, ..SketchConfig::new(2) }).unwrap();
    assert!(said(SiteStatistics::of(sketch.moments())).starts_with("no rows were seen"));
    sketch.update(&Block::new(&[1.0, 2.0, 0.0, 1.0][..], 2).unwrap()).unwrap();
    let alone = SiteStatistics::of(sketch.moments()).unwrap();
    assert_eq!(
        said(Affine::whiten(&alone, Cutoff::Rounding)),
        "the covariances of the pairs of units were not kept at this site, and whitening needs them"
    );
    let layer = || [Layer::new(2, vec![1.0, 2.0, 3.0, 4.0], vec![0.0; 2]).unwrap()];
    let lossy = CompactOptions { tolerance: 0.1, ..CompactOptions::default() };
    assert!(
        said(plan_compact(Site::RELU, Some(&alone), &layer(), &layer(), &lossy)).contains("a tolerance needs them")
    );
    let negative = CompactOptions { tolerance: -1.0, ..lossy };
    assert!(said(plan_compact(Site::RELU, Some(&fine), &layer(), &layer(), &negative)).starts_with("tolerance is -1"));
}

#[test]
fn kernels_and_normalizations_that_cannot_be() {
    let shape = KernelShape { outputs: 2, inputs: 2, taps: 3, groups: 1, padded: true };
    let mut padded = Kernel::new(shape, vec![1.0; 12], vec![0.0; 2]).unwrap();
    let shifted = Affine::identity(2).unwrap().with_shift(vec![0.0, 1.5]).unwrap();
    assert_eq!(
        said(padded.fold_as_reader(&shifted)),
        "unit 1: a convolution that pads its input with zeros cannot take up the shift of 1.5: it must be 0 there"
    );
    // as writer the shift is no matter of padding
    padded.fold_as_writer(&shifted).unwrap();
    assert_eq!(padded.bias(), [0.0, -1.5]);
    let depthwise = KernelShape { groups: 2, ..shape };
    let mut depthwise = Kernel::new(depthwise, vec![1.0; 6], vec![0.0; 2]).unwrap();
    let order = Affine::permute(vec![1, 0]).unwrap();
    assert_eq!(
        said(depthwise.fold_as_writer(&order)),
        "a permutation cannot be folded into a convolution of 2 groups: only a positive diagonal can"
    );
    assert!(depthwise.fold_as_reader(&order).is_err() && depthwise.as_writer().is_err());
    let odd = KernelShape { groups: 3, ..shape };
    assert!(
        said(Kernel::new(odd, vec![1.0; 12], vec![0.0; 2]))
            .starts_with("the shape of the kernel is 2 outputs, 2 inputs")
    );
    assert_eq!(said(Kernel::new(shape, vec![1.0; 11], vec![0.0; 2])), "the kernel: 11 values where 12 are expected");
    assert_eq!(
        said(BatchNorm::new(&[1.0], &[0.0], &[0.0], &[-1.0], 1e-5)),
        "variance + epsilon of the batch normalization is -1 + 0.00001 at unit 0; expected a number above 0"
    );
}

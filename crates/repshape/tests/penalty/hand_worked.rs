//! Numbers small enough to follow on paper.

use burn::tensor::DType;

use super::{evaluate, groups, matrix};

fn of(name: &str, z: &[f64], rows: usize, labels: Option<(&[u32], usize)>) -> (f64, Vec<f64>) {
    let config: repshape::penalty::PenaltyConfig = name.parse().unwrap();
    evaluate(config.build().unwrap().as_ref(), &matrix(z, rows, DType::F64), &groups(labels, rows, DType::F64))
}

#[test]
fn variance_of_two_rows() {
    // means 2 and 5; variances 1 and 9
    let (value, gradient) = of("vr", &[1.0, 2.0, 3.0, 8.0], 2, None);
    assert_eq!(value, 5.0);
    assert_eq!(gradient, [-0.5, -1.5, 0.5, 1.5]); // 2/(2*2) (z - mu)
}

#[test]
fn covariance_of_two_rows() {
    // centred (-1, -3), (1, 3): c_01 = 3, two ordered pairs of 9
    let (value, gradient) = of("cr", &[1.0, 2.0, 3.0, 8.0], 2, None);
    assert_eq!(value, 9.0);
    assert_eq!(gradient, [-9.0, -3.0, 9.0, 3.0]); // 4/(2*2) * 3 * the other unit
    assert_eq!(of("cr:sum", &[1.0, 2.0, 3.0, 8.0], 2, None).0, 18.0);
    assert_eq!(of("decov", &[1.0, 2.0, 3.0, 8.0], 2, None).0, 9.0);
}

#[test]
fn absent_class_adds_nothing_and_counts() {
    let z = [1.0, 2.0, 3.0, 8.0, 7.0, 7.0];
    let labels = [2, 2, 0];
    // class 2 as above, class 0 has one row, class 1 and 3 none
    assert_eq!(of("cw-vr", &z, 3, Some((&labels, 4))).0, 5.0 / 4.0);
    let cw_cr = of("cw-cr", &z, 3, Some((&labels, 4)));
    assert!((cw_cr.0 - 9.0 / 4.0).abs() < 1e-14);
    assert_eq!(cw_cr.1[4..], [0.0, 0.0]);
}

#[test]
fn absolute_covariances_with_and_without_the_diagonal() {
    // C with 1/(N-1): 2, 18, off-diagonal 6
    assert_eq!(of("lsigma:sum", &[1.0, 2.0, 3.0, 8.0], 2, None).0, 32.0);
    assert_eq!(of("pairwise:absolute", &[1.0, 2.0, 3.0, 8.0], 2, None).0, 6.0);
    assert_eq!(of("pairwise", &[1.0, 8.0, 3.0, 2.0], 2, None).0, -6.0);
}

#[test]
fn rank_of_a_diagonal_matrix() {
    // F = 9 + 4 + 1; A = B = 3; s1 = 3
    let z = [3.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 1.0];
    assert!((of("rr", &z, 3, None).0 - 14.0 / 9.0).abs() < 1e-15);
    assert!((of("rr:spectral", &z, 3, None).0 - 14.0 / 9.0).abs() < 1e-14);
    // two classes, the first of rank 2: (13/9 + 1)/2
    let classes: Option<(&[u32], usize)> = Some((&[0, 0, 1], 2));
    assert!((of("cw-rr", &z, 3, classes).0 - 11.0 / 9.0).abs() < 1e-15);
    assert!((of("cw-rr:spectral", &z, 3, classes).0 - 11.0 / 9.0).abs() < 1e-14);
}

#[test]
fn all_zero_has_rank_zero_and_no_gradient() {
    for name in ["rr", "rr:spectral"] {
        assert_eq!(of(name, &[0.0; 6], 2, None), (0.0, vec![0.0; 6]));
    }
}

#[test]
fn hinge_is_off_above_one() {
    // variances with 1/(N-1): 2 and 18
    assert_eq!(of("variance-hinge", &[1.0, 2.0, 3.0, 8.0], 2, None), (0.0, vec![0.0; 4]));
    let (value, _) = of("variance-hinge", &[1.0, 1.0], 2, None);
    assert!((value - 0.99).abs() < 1e-12);
}

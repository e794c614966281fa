//! What is refused, and in which words.

use repshape::burn::tensor::Device;
use repshape::rewire::{
    Affine, CompactOptions, apply, check, compact, identical, insert_linear, quantization, statistics,
};

use super::{general, network, rows};

#[test]
fn sites_that_cannot_be_rewired_are_named_with_the_reason() {
    let made = network("mlp:6,9:tanh,4:logistic,5:linear", &[], 1);
    let message = |site: &str| check(&made, site).unwrap_err().to_string();
    assert_eq!(
        message("f1"),
        "the network has no site \"f1\"; did you mean \"fc1\"?; its sites are fc1.pre, fc1, fc2.pre, fc2, fc3.pre, fc3, fc4.pre, fc4, output"
    );
    assert_eq!(
        message("output"),
        "site \"output\" is the network's output, which rewiring leaves as it is; hidden sites are fc1, fc2, fc3, fc4"
    );
    assert_eq!(
        message("fc2.pre"),
        "site \"fc2.pre\": its layer has the activation tanh, which is neither linear (theorem 1) nor positively homogeneous, f(s x) = s f(x) for s > 0, as relu and leaky-relu are (theorem 2): scales do not pass it"
    );
    assert!(message("fc3").contains("logistic"));
    let place = check(&made, "fc4.pre").unwrap();
    assert_eq!((place.after.as_str(), place.reader.as_str(), place.layer), ("fc4", "output", 3));
}

#[test]
fn maps_that_do_not_pass_are_refused() {
    let made = network("mlp:6,9:linear", &[], 1);
    let message = |site: &str, map: &Affine| apply(&made, site, map).unwrap_err().to_string();
    assert_eq!(
        message("fc1", &general(6, 1)),
        "site \"fc1\": a general matrix cannot pass a ReLU: only a positive diagonal, a permutation, or both together leave the outputs as they are (theorem 2); choose scale, permute or equalize, or a site whose layer is linear"
    );
    let shifted = Affine::identity(6).unwrap().with_shift(vec![0.0, 0.0, 0.25, 0.0, 0.0, 0.0]).unwrap();
    assert_eq!(
        message("fc1", &shifted),
        "site \"fc1\": unit 2: the shift of 0.25 cannot pass a ReLU: it must be 0 there (theorem 2)"
    );
    assert_eq!(
        message("fc2", &Affine::identity(6).unwrap()),
        "site \"fc2\": the layer before the site has 9 units where 6 are expected"
    );
    assert!(
        message("fc2", &Affine::scale(vec![1e300; 9]).unwrap()).starts_with("the layer of \"fc2\": the folded weight")
    );
}

#[test]
fn the_rest() {
    let device = Device::flex();
    let (tuning, test) = rows(5);
    let made = network("mlp:6,9:tanh", &[], 1);
    assert_eq!(
        insert_linear(&made, "fc2.pre").unwrap_err().to_string(),
        "site \"fc2.pre\" lies before the activation tanh of its layer; a linear layer is inserted after it: name \"fc2\""
    );
    assert!(insert_linear(&made, "output").unwrap_err().to_string().contains("is the network's output"));
    let of = |sites: &[&str]| {
        let sites: Vec<String> = sites.iter().map(|s| (*s).to_owned()).collect();
        statistics(&made, &tuning.train, &sites, &device).unwrap_err().to_string()
    };
    assert!(of(&["fc1", "fc9"]).starts_with("the network has no site \"fc9\"; did you mean"));
    assert_eq!(of(&["fc1"]), "the rows have 5 columns, the rewired network takes 7");
    assert_eq!(
        identical(&made, &made, &test, &device).unwrap_err().to_string(),
        "the rows have 5 columns, the first network takes 7"
    );
    let lossy = CompactOptions { tolerance: 0.1, ..CompactOptions::default() };
    assert_eq!(
        compact(&made, "fc1", None, &lossy).unwrap_err().to_string(),
        "site \"fc1\": the covariances of the pairs of units were not kept at this site, and a tolerance needs them"
    );
    assert_eq!(
        quantization(&made, 1).unwrap_err().to_string(),
        "the layer of \"fc1\": bits is 1; expected from 2 to 16"
    );
}

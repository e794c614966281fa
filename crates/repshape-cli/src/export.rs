//! A trained network as an ONNX model whose sites are named values.

use repshape::burn::module::Module;
use repshape::network::{Activation, LEAKY_SLOPE, Mlp};
use repshape::parameters::{self, Parameter};
use repshape_onnx::{BatchNormalization, ModelBuilder, ModelError};

use crate::failure::{Failure, Outcome};

/// The model's bytes: input `input`, outputs `output` and every other site, dropout left out.
pub fn to_onnx(network: &Mlp, inputs: usize, about: &[(&str, String)]) -> Outcome<Vec<u8>> {
    let parameters = parameters::export(&network.valid());
    build(network, inputs, about, &parameters).map_err(|error| Failure::usage(format!("model.onnx: {error}")))
}

fn build(
    network: &Mlp,
    inputs: usize,
    about: &[(&str, String)],
    parameters: &[Parameter],
) -> Result<Vec<u8>, ModelError> {
    let values =
        |name: &str| -> &[f32] { parameters.iter().find(|p| p.name == name).map_or(&[], |p| p.values.as_slice()) };
    let mut model = ModelBuilder::new("repshape");
    model.input("input", inputs)?;
    let (mut input, mut width) = ("input".to_owned(), inputs);
    for (n, layer) in network.layers.iter().enumerate() {
        let [before, after] = &layer.sites;
        let affine = if layer.batch_norm.is_some() { format!("{}.affine", after.name) } else { before.name.clone() };
        let field = |rest: &str| format!("layers.{n}.{rest}");
        let (weight, bias) = (field("linear.weight"), field("linear.bias"));
        model.gemm(&input, &affine, values(&weight), values(&bias), width, before.units)?;
        if let Some(norm) = &layer.batch_norm {
            model.batch_normalization(
                &affine,
                &before.name,
                BatchNormalization {
                    scale: values(&field("batch_norm.gamma")),
                    shift: values(&field("batch_norm.beta")),
                    mean: values(&field("batch_norm.running_mean")),
                    variance: values(&field("batch_norm.running_var")),
                    epsilon: norm.epsilon as f32,
                },
            )?;
        }
        model.activation(activation(layer.activation), &before.name, &after.name)?;
        model.output(&before.name)?.output(&after.name)?;
        (input, width) = (after.name.clone(), after.units);
    }
    let site = &network.output_site;
    let linear = network.output_activation() == Activation::Linear;
    let affine = if linear { site.name.clone() } else { format!("{}.pre", site.name) };
    model.gemm(&input, &affine, values("output.weight"), values("output.bias"), width, site.units)?;
    if !linear {
        model.activation(activation(network.output_activation()), &affine, &site.name)?;
    }
    model.output(&site.name)?;
    for (key, value) in about {
        model.metadata(*key, value.clone())?;
    }
    model.to_bytes()
}

const fn activation(activation: Activation) -> repshape_onnx::Activation {
    match activation {
        Activation::Relu => repshape_onnx::Activation::Relu,
        Activation::LeakyRelu => repshape_onnx::Activation::LeakyRelu(LEAKY_SLOPE as f32),
        Activation::Tanh => repshape_onnx::Activation::Tanh,
        Activation::Logistic => repshape_onnx::Activation::Sigmoid,
        Activation::Linear => repshape_onnx::Activation::Linear,
    }
}

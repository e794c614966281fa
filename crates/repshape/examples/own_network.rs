//! `cw-vr` on the hidden layer of a hand-written Burn network: `cargo run --release -p repshape --example own_network`.

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::activation::relu;
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use repshape::groups::Groups;
use repshape::penalty::{PenaltyConfig, add_penalty};

const CLASSES: usize = 3;
const ROWS: usize = 150;

#[derive(Module, Debug)]
struct Network {
    hidden: Linear,
    output: Linear,
}

impl Network {
    /// The hidden layer's activations, and the logits.
    fn forward(&self, x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let z = relu(self.hidden.forward(x));
        (z.clone(), self.output.forward(z))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let without = train(0.0)?;
    let with = train(0.1)?;
    #[allow(clippy::print_stdout)] // an example talks to its reader
    {
        println!("class-wise variance of the hidden layer: {without:.4} without cw-vr, {with:.4} with it");
    }
    if with >= without {
        return Err("the class-wise variance did not fall".into());
    }
    Ok(())
}

/// Trains for 200 steps with `weight` times cw-vr; returns the class-wise variance at the end.
fn train(weight: f64) -> Result<f32, Box<dyn std::error::Error>> {
    let device = Device::flex().autodiff();
    device.seed(1);
    let (x, labels) = blobs(&device);
    let y = Tensor::<1, Int>::from_data(
        TensorData::new(labels.iter().map(|&label| i64::from(label)).collect::<Vec<_>>(), [ROWS]),
        &device,
    );
    let mut network = Network {
        hidden: LinearConfig::new(2, 32).init(&device),
        output: LinearConfig::new(32, CLASSES).init(&device),
    };
    let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    let task = CrossEntropyLossConfig::new().init(&device);

    let penalty = "cw-vr".parse::<PenaltyConfig>()?.build()?;
    let groups = Groups::by_class(&labels, CLASSES, &device, DType::F32)?;
    let mut variance = f32::NAN;
    for _ in 0..200 {
        let (z, logits) = network.forward(x.clone());
        let loss = task.forward(logits, y.clone());
        let (loss, value) = add_penalty(loss, &z, penalty.as_ref(), &groups, weight);
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimizer.step(0.01, network, gradients);
        variance = value.into_scalar();
    }
    Ok(variance)
}

/// Rows around three centres, one a class.
fn blobs(device: &Device) -> (Tensor<2>, Vec<u32>) {
    let labels: Vec<u32> = (0..ROWS).map(|row| (row % CLASSES) as u32).collect();
    let mut x = Vec::with_capacity(ROWS * 2);
    for (row, &label) in labels.iter().enumerate() {
        let (angle, spread) = (label as f32 * 2.1, row as f32 * 2.4);
        x.push(3.0 * angle.cos() + spread.cos());
        x.push(3.0 * angle.sin() + (spread * 1.7).sin());
    }
    (Tensor::from_data(TensorData::new(x, [ROWS, 2]), device), labels)
}

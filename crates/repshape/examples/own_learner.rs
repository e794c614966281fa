//! `cw-vr` on a hand-written network that Burn's own `Learner` trains:
//! `cargo run --release -p repshape --example own_learner`.

use std::error::Error;
use std::sync::Arc;

use burn::data::dataloader::{DataLoader, DataLoaderBuilder, batcher::Batcher};
use burn::data::dataset::InMemDataset;
use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::AdamConfig;
use burn::optim::lr_scheduler::constant::ConstantLr;
use burn::tensor::{DType, Device, Int, Tensor, TensorData, activation::relu};
use burn_train::logger::InMemoryMetricLogger;
use burn_train::metric::LossMetric;
use burn_train::{ClassificationOutput, InferenceStep, Learner, SupervisedTraining, TrainOutput, TrainStep};
use repshape::groups::Groups;
use repshape::penalty::{Penalty, PenaltyConfig, add_penalty};

const CLASSES: usize = 3;

#[derive(Module, Debug)]
struct Network {
    hidden: Linear,
    output: Linear,
    #[module(skip)]
    penalty: Arc<dyn Penalty>,
    #[module(skip)]
    weight: f64,
}

impl Network {
    fn forward(&self, batch: Batch) -> (Tensor<2>, ClassificationOutput) {
        let z = relu(self.hidden.forward(batch.x));
        let logits = self.output.forward(z.clone());
        let task = CrossEntropyLossConfig::new().init(&logits.device());
        let loss = task.forward(logits.clone(), batch.y.clone());
        (z, ClassificationOutput::new(loss, logits, batch.y))
    }
}

impl TrainStep for Network {
    type Input = Batch;
    type Output = ClassificationOutput;

    fn step(&self, batch: Batch) -> TrainOutput<ClassificationOutput> {
        let groups = batch.groups.clone();
        let (z, output) = self.forward(batch);
        // the metric stays the task's loss; the penalty's gradient joins it on the tape
        let task = output.loss.clone();
        let (loss, _) = add_penalty(task, &z, self.penalty.as_ref(), &groups, self.weight);
        TrainOutput::new(self, loss.backward(), output)
    }
}

impl InferenceStep for Network {
    type Input = Batch;
    type Output = ClassificationOutput;

    fn step(&self, batch: Batch) -> ClassificationOutput {
        self.forward(batch).1
    }
}

/// What the loader hands to a step: rows, their classes, and the classes as groups for the penalty.
#[derive(Debug, Clone)]
struct Batch {
    x: Tensor<2>,
    y: Tensor<1, Int>,
    groups: Groups,
}

type Row = ([f32; 2], u32);

struct Rows;

impl Batcher<Row, Batch> for Rows {
    fn batch(&self, rows: Vec<Row>, device: &Device) -> Batch {
        let count = rows.len();
        let (x, labels): (Vec<[f32; 2]>, Vec<u32>) = rows.into_iter().unzip();
        let y: Vec<i64> = labels.iter().map(|&label| i64::from(label)).collect();
        Batch {
            x: Tensor::from_data(TensorData::new(x.concat(), [count, 2]), device),
            y: Tensor::from_data(TensorData::new(y, [count]), device),
            groups: Groups::by_class(&labels, CLASSES, device, DType::F32)
                .expect("the loader's batches have rows, and their labels are below CLASSES"),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
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

/// Trains with `weight` times cw-vr; returns the class-wise variance at the end.
fn train(weight: f64) -> Result<f32, Box<dyn Error>> {
    let device = Device::flex().autodiff();
    device.seed(1);
    let network = Network {
        hidden: LinearConfig::new(2, 32).init(&device),
        output: LinearConfig::new(32, CLASSES).init(&device),
        penalty: "cw-vr".parse::<PenaltyConfig>()?.build()?.into(),
        weight,
    };
    let optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    let folder = tempfile::tempdir()?;
    let result = SupervisedTraining::new(folder.path(), loader(50, &device), loader(300, &Device::flex()))
        .num_epochs(10)
        .metric_train_numeric(LossMetric::new())
        .metric_valid_numeric(LossMetric::new())
        .with_metric_logger(InMemoryMetricLogger::new())
        .with_application_logger(None)
        .launch(Learner::new(network, optimizer, ConstantLr::new(0.01)));
    if let Some(error) = result.error {
        return Err(error.to_string().into());
    }
    let all = Rows.batch(blobs(), &Device::flex());
    let groups = all.groups.clone();
    let (z, _) = result.model.forward(all);
    let (variance, _) = result.model.penalty.value_and_gradient(&z, &groups);
    Ok(variance.into_scalar())
}

fn loader(batch: usize, device: &Device) -> Arc<dyn DataLoader<Batch>> {
    DataLoaderBuilder::new(Rows)
        .batch_size(batch)
        .shuffle(1)
        .set_device(device.clone())
        .build(InMemDataset::new(blobs()))
}

/// 300 rows around three centres, one a class.
fn blobs() -> Vec<Row> {
    let row = |row: u32| {
        let (label, spread) = (row % CLASSES as u32, row as f32 * 2.4);
        let angle = label as f32 * 2.1;
        let x = [3.0 * angle.cos() + spread.cos(), 3.0 * angle.sin() + (spread * 1.7).sin()];
        (x, label)
    };
    (0..300).map(row).collect()
}

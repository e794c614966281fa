//! Training: what it computes, and that the bits depend on the spec and the seed alone.

use repshape::burn::module::Module;
use repshape::burn::tensor::{Device, Tensor};
use repshape::checkpoint;
use repshape::early_stopping::EarlyStopping;
use repshape::evaluate::{evaluate, mean_squared_error};
use repshape::fit::{Ending, FitConfig, FitError, Fitted, Flow, Training, fit};
use repshape::network::{Activation, Mlp, MlpSpec, Network, Site};
use repshape::objective::{Objective, ObjectiveError, place_layers};
use repshape::parameters::{Parameter, export, import};
use repshape::penalty::Term;
use repshape::task::{Target, Task};
use repshape_data::{Classes, DataSet, Hold, Part, SplitSpec, Tuning, Values};

/// 90 rows of 5 columns in 3 classes that a line cannot part, by a rule and not by chance.
pub fn tuning() -> Tuning {
    let part = |rows: usize, shift: usize| {
        let entry = |n: usize, i: usize| ((((n + shift) * 37 + i * 101) % 97) as f32 / 48.5 - 1.0).powi(3);
        let values: Vec<f32> = (0..rows).flat_map(|n| (0..5).map(move |i| entry(n, i))).collect();
        let label = |n: usize| {
            let sum = values[n * 5] * values[n * 5 + 1] + 0.3 * values[n * 5 + 2];
            if sum > 0.1 { 2 } else { u32::from(sum > -0.1) }
        };
        let labels = (0..rows).map(label).collect();
        Part {
            file: "made.npy".to_owned(),
            values: Values::Reals(values),
            labels_file: "made.npy".to_owned(),
            labels: Some(labels),
        }
    };
    let classes = Classes { count: 3, names: None };
    let set = DataSet::new("made", &[5], part(90, 0), part(30, 1000), Some(classes)).unwrap();
    set.split(&SplitSpec { validation: Some(Hold::Rows(20)), ..SplitSpec::default() }).unwrap().0
}

/// A small network and its objective; terms as a user types them.
pub fn setup(spec: &str, terms: &[&str], seed: u64) -> (Mlp, Objective) {
    let mut layers: MlpSpec = spec.parse().unwrap();
    let terms: Vec<Term> = terms.iter().map(|t| t.parse().unwrap()).collect();
    let terms = place_layers(&terms, &mut layers).unwrap();
    let network = layers.init(5, 3, seed, &Device::flex().autodiff());
    let site = layers.last_hidden_site();
    let objective = Objective::new(Task::CrossEntropy, Target::Labels, 3, &terms, &network.sites(), &site).unwrap();
    (network, objective)
}

pub fn config(epochs: usize, optimizer: &str) -> FitConfig {
    FitConfig { epochs, batch_size: 16, optimizer: optimizer.parse().unwrap(), seed: 7 }
}

/// Loss and gradient go through an output activation: one step of SGD at rate 1 moves each bias by its central difference.
#[test]
fn the_task_meets_what_the_output_activation_gives() {
    let tuning = tuning();
    for activation in [Activation::Relu, Activation::Logistic, Activation::Linear] {
        let layers: MlpSpec = "mlp:4:tanh".parse().unwrap();
        let network = layers.init(5, 5, 3, &Device::flex().autodiff()).with_output_activation(activation);
        let objective = Objective::new(Task::MeanSquaredError, Target::Input, 3, &[], &network.sites(), "fc1").unwrap();
        let loss = |network: &Mlp| evaluate(&network.valid(), &tuning.train, &objective, &Device::flex()).loss;
        let one_step = FitConfig { epochs: 1, batch_size: 1000, optimizer: "sgd:1".parse().unwrap(), seed: 1 };
        let from = Training::new(network.clone(), one_step.optimizer);
        let go_on = &mut |_: &Training<Mlp>| Flow::Continue;
        let fitted = fit(from, &tuning.train, None, &objective, &one_step, &Device::flex(), go_on).unwrap().training;
        assert!((fitted.history[0].loss - loss(&network)).abs() < 1e-6, "{activation}");
        let squared = mean_squared_error(&network.valid(), &tuning.train, &objective, &Device::flex());
        assert!((squared - loss(&network)).abs() < 1e-9, "{activation}");
        let bias = |network: &Mlp| export(network).into_iter().find(|p| p.name == "output.bias").unwrap().values;
        let (before, after) = (bias(&network), bias(&fitted.network));
        for unit in 0..5 {
            let moved = |by: f32| {
                let mut parameters = export(&network);
                let bias = parameters.iter_mut().find(|p| p.name == "output.bias").unwrap();
                bias.values[unit] += by;
                loss(&import(network.clone(), parameters).unwrap())
            };
            // of 350 entries one may lie so near the corner of ReLU that it counts by half: 2 / 350 times a difference of 0.1
            let gradient = (moved(0.001) - moved(-0.001)) / 0.002;
            let step = f64::from(before[unit] - after[unit]);
            assert!((step - gradient).abs() < 6e-4, "{activation} unit {unit}: {step} and {gradient}");
            assert!(activation != Activation::Linear || step != 0.0);
        }
    }
}

fn run(spec: &str, terms: &[&str], config: &FitConfig) -> Fitted<Mlp> {
    let (network, objective) = setup(spec, terms, 3);
    let tuning = tuning();
    let from = Training::new(network, config.optimizer);
    let go_on = &mut |_: &Training<Mlp>| Flow::Continue;
    fit(from, &tuning.train, Some(&tuning.validation), &objective, config, &Device::flex(), go_on).unwrap()
}

pub fn bits(network: &Mlp) -> Vec<(String, Vec<u32>)> {
    let to_bits = |p: Parameter| (p.name, p.values.iter().map(|v| v.to_bits()).collect());
    export(network).into_iter().map(to_bits).collect()
}

/// Everything that has a state of its own: batch norm, dropout, a class-wise and an all-rows
/// penalty, a weight penalty.
pub const BUSY: [&str; 5] = ["cw-vr=0.1@fc2", "cr=0.5@fc1.pre", "l2w=0.001", "dropout=0.3@fc1", "bn@fc2"];

#[test]
fn every_optimizer_lowers_the_loss() {
    for optimizer in ["adam:0.01", "sgd:0.1", "sgd:0.03:0.9", "rmsprop:0.003"] {
        let fitted = run("mlp:16,8:tanh", &[], &config(30, optimizer));
        let loss = |at: usize| fitted.training.history[at].loss;
        assert_eq!(fitted.ending, Ending::Finished);
        assert!(loss(29) < 0.7 * loss(0), "{optimizer}: {} to {}", loss(0), loss(29));
    }
}

#[test]
fn same_seed_same_bits_at_any_number_of_threads() {
    let in_pool = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| bits(&run("mlp:200,200", &BUSY, &config(2, "adam:0.01")).training.network))
    };
    let one = in_pool(1);
    assert_eq!(one, in_pool(2));
    assert_eq!(one, in_pool(3));
}

/// The first step is where clones could meet on the tape, hence many short trainings.
#[test]
fn clones_of_one_network_train_side_by_side() {
    let (network, objective) = setup("mlp:12,8", &["cw-vr=0.1@fc2"], 3);
    let tuning = tuning();
    let config = config(1, "adam:0.01");
    let train = |network: &Mlp| {
        let from = Training::new(network.clone(), config.optimizer);
        let go_on = &mut |_: &Training<Mlp>| Flow::Continue;
        bits(&fit(from, &tuning.train, None, &objective, &config, &Device::flex(), go_on).unwrap().training.network)
    };
    let alone = train(&network);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..200).for_each(|_| assert_eq!(train(&network), alone)));
        }
    });
}

#[test]
fn resumed_from_any_epoch_ends_with_the_same_bits() {
    let config = config(5, "adam:0.01");
    let whole = run("mlp:12,8", &BUSY, &config);
    let folder = tempfile::tempdir().unwrap();
    let tuning = tuning();
    for stop in 1..5 {
        let (network, objective) = setup("mlp:12,8", &BUSY, 3);
        let path = folder.path().join("checkpoint.safetensors");
        let mut save = |training: &Training<Mlp>| {
            checkpoint::save(&path, training).unwrap();
            if training.history.len() == stop { Flow::Stop } else { Flow::Continue }
        };
        let from = Training::new(network, config.optimizer);
        let part = fit(from, &tuning.train, Some(&tuning.validation), &objective, &config, &Device::flex(), &mut save)
            .unwrap();
        assert_eq!(part.ending, Ending::Stopped);
        let (fresh, objective) = setup("mlp:12,8", &BUSY, 3);
        let from = checkpoint::load(&path, fresh, config.optimizer).unwrap();
        let go_on = &mut |_: &Training<Mlp>| Flow::Continue;
        let rest =
            fit(from, &tuning.train, Some(&tuning.validation), &objective, &config, &Device::flex(), go_on).unwrap();
        assert_eq!(bits(&rest.training.network), bits(&whole.training.network), "stopped after epoch {stop}");
        assert_eq!(rest.training.history, whole.training.history);
        assert_eq!(rest.training.optimizer, whole.training.optimizer);
    }
}

#[test]
fn a_penalty_lowers_what_it_penalises_and_is_logged_by_name() {
    let (_, objective) = setup("mlp:16,8", &["cw-vr=1@fc2"], 3);
    assert_eq!(objective.names(), ["task", "cw-vr@fc2"]);
    let config = config(30, "adam:0.01");
    let last = |terms: &[&str]| run("mlp:16,8", terms, &config).training.history.pop().unwrap();
    // a vanishing weight logs the value without shaping it
    let (free, shaped) = (last(&["cw-vr=1e-30@fc2"]), last(&["cw-vr=1@fc2"]));
    assert!(shaped.terms[1] < 0.5 * free.terms[1], "{} against {}", shaped.terms[1], free.terms[1]);
    assert!((shaped.loss - (shaped.terms[0] + shaped.terms[1])).abs() < 1e-12);
}

#[test]
fn divergence_is_an_outcome_with_its_epoch() {
    let fitted = run("mlp:16,8:linear", &["l2w=100"], &config(50, "sgd:1e6"));
    assert!(matches!(fitted.ending, Ending::Diverged { epoch: 1..=3 }), "{:?}", fitted.ending);
}

#[test]
fn a_stop_inside_an_epoch_returns_to_the_state_before_it() {
    struct StopAt(usize);
    impl repshape::fit::Observer<Mlp> for StopAt {
        fn epoch(&mut self, _: &Training<Mlp>) -> Flow {
            Flow::Continue
        }
        fn step(&mut self, _: &repshape::fit::Step<'_, Mlp>) -> Flow {
            self.0 -= 1;
            if self.0 == 0 { Flow::Stop } else { Flow::Continue }
        }
    }
    // batch normalisation among them: clones of a module share its running statistics
    let (network, objective) = setup("mlp:12,8", &BUSY, 3);
    let tuning = tuning();
    let config = config(5, "adam:0.01");
    let from = Training::new(network, config.optimizer);
    // 70 rows in batches of 16 are 5 steps: the seventh is inside the second epoch
    let stopped = fit(from, &tuning.train, None, &objective, &config, &Device::flex(), &mut StopAt(7)).unwrap();
    assert_eq!(stopped.training.history.len(), 1);
    let mut one = config.clone();
    one.epochs = 1;
    assert_eq!(bits(&stopped.training.network), bits(&run("mlp:12,8", &BUSY, &one).training.network));
}

#[test]
fn parameters_hold_the_last_step_s_running_statistics() {
    // nothing asks for them while there are no validation rows
    let (network, objective) = setup("mlp:12,8", &BUSY, 3);
    let tuning = tuning();
    let config = config(2, "adam:0.01");
    let from = Training::new(network, config.optimizer);
    let fitted =
        fit(from, &tuning.train, None, &objective, &config, &Device::flex(), &mut |_: &Training<Mlp>| Flow::Continue)
            .unwrap();
    let before = bits(&fitted.training.network);
    let asked = Module::valid(&fitted.training.network);
    assert_eq!(before, bits(&asked));
    assert_eq!(before, bits(&fitted.training.network));
}

#[test]
fn a_tap_reads_and_replaces_any_site() {
    let (network, _) = setup("mlp:12,8", &[], 3);
    let network = Module::valid(&network);
    let x = Tensor::<2>::ones([4, 5], &Device::flex());
    let mut silence = |site: &Site, z: Tensor<2>| if site.name == "fc2" { z * 0.0 } else { z };
    let silenced = network.forward_tapped(x, &mut silence).into_data().try_into_vec::<f32>().unwrap();
    // biases start at 0, so nothing is left of the input
    assert!(silenced.iter().all(|y| *y == 0.0), "{silenced:?}");
}

#[test]
fn dropout_and_batch_norm_act_in_training_only() {
    let tuning = tuning();
    let plain = run("mlp:12,8", &BUSY, &config(2, "adam:0.01"));
    let (_, objective) = setup("mlp:12,8", &BUSY, 3);
    let network = Module::valid(&plain.training.network);
    let scores = || evaluate(&network, &tuning.validation, &objective, &Device::flex());
    assert_eq!(scores(), scores());
    // one row and many rows agree: no batch statistics at inference
    let together =
        network.forward(Tensor::from_data([[0.1_f32, 0.2, 0.3, 0.4, 0.5], [0.9, 0.8, 0.7, 0.6, 0.5]], &Device::flex()));
    let alone = network.forward(Tensor::from_data([[0.1_f32, 0.2, 0.3, 0.4, 0.5]], &Device::flex()));
    let first = together.into_data().try_into_vec::<f32>().unwrap()[..3].to_vec();
    let alone = alone.into_data().try_into_vec::<f32>().unwrap();
    for (a, b) in first.iter().zip(&alone) {
        // another number of rows may take another matrix kernel
        assert!((a - b).abs() < 1e-6, "{first:?} {alone:?}");
    }
}

#[test]
fn terms_that_cannot_be_are_refused_by_name() {
    let layers: MlpSpec = "mlp:12,8".parse().unwrap();
    let network = layers.init(5, 3, 1, &Device::flex().autodiff());
    let refuse = |terms: &[&str], classes| -> ObjectiveError {
        let terms: Vec<Term> = terms.iter().map(|t| t.parse().unwrap()).collect();
        Objective::new(Task::CrossEntropy, Target::Labels, classes, &terms, &network.sites(), "fc2").unwrap_err()
    };
    let message = refuse(&["cr=1@fc3"], 3).to_string();
    assert!(message.contains("no site \"fc3\"; did you mean \"fc"), "{message}");
    assert!(matches!(refuse(&["cw-vr=1"], 0), ObjectiveError::NoLabels { .. }));
    assert!(matches!(refuse(&["cr=1", "cr=2@fc2"], 3), ObjectiveError::Twice { .. }));
    let dropout: Vec<Term> = vec!["dropout=0.5@output".parse().unwrap()];
    assert!(matches!(place_layers(&dropout, &mut layers.clone()), Err(ObjectiveError::NotAHiddenLayer { .. })));
}

#[test]
fn an_empty_batch_is_refused() {
    let (network, objective) = setup("mlp:4", &[], 1);
    let tuning = tuning();
    let mut config = config(1, "adam:0.01");
    config.batch_size = 0;
    let from = Training::new(network, config.optimizer);
    let go_on = &mut |_: &Training<Mlp>| Flow::Continue;
    let outcome = fit(from, &tuning.train, None, &objective, &config, &Device::flex(), go_on);
    assert!(matches!(outcome, Err(FitError::EmptyBatch)));
}

#[test]
fn an_autoencoder_learns_its_input() {
    let tuning = tuning();
    let layers: MlpSpec = "mlp:8:tanh".parse().unwrap();
    let network = layers.init(5, 5, 1, &Device::flex().autodiff());
    for task in [Task::MeanSquaredError, Task::BinaryCrossEntropy] {
        let objective = Objective::new(task, Target::Input, 0, &[], &network.sites(), "fc1").unwrap();
        let config = config(40, "adam:0.01");
        let from = Training::new(network.clone(), config.optimizer);
        let go_on = &mut |_: &Training<Mlp>| Flow::Continue;
        let fitted = fit(from, &tuning.train, None, &objective, &config, &Device::flex(), go_on).unwrap();
        let history = &fitted.training.history;
        assert!(history[39].loss < history[0].loss - 0.05, "{task}: {} to {}", history[0].loss, history[39].loss);
    }
}

#[test]
fn a_damaged_checkpoint_is_named_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.safetensors");
    let fitted = run("mlp:6", &[], &config(1, "adam:0.01"));
    checkpoint::save(&path, &fitted.training).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let load = |spec: &str| {
        let (network, _) = setup(spec, &[], 1);
        checkpoint::load(&path, network, config(1, "adam:0.01").optimizer)
    };
    assert!(load("mlp:6").is_ok());
    let message = load("mlp:7").unwrap_err().to_string();
    assert!(message.contains("layers.0.linear.") && message.contains("c.safetensors"), "{message}");
    for cut in [0, 7, 100, whole.len() - 1] {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let message = load("mlp:6").unwrap_err().to_string();
        assert!(message.contains("not a checkpoint"), "{message}");
    }
}

#[test]
fn early_stopping_ends_a_training_that_no_longer_learns() {
    let (network, objective) = setup("mlp:12,8", &[], 3);
    let tuning = tuning();
    let config = config(400, "adam:0.02");
    let from = Training::new(network, config.optimizer);
    let mut seen = 0;
    let count = |_: &Training<Mlp>| {
        seen += 1;
        Flow::Continue
    };
    let mut observers = (EarlyStopping::new(10), count);
    let (train, validation) = (&tuning.train, Some(&tuning.validation));
    let fitted = fit(from, train, validation, &objective, &config, &Device::flex(), &mut observers).unwrap();
    let losses: Vec<f64> = fitted.training.history.iter().map(|e| e.validation.unwrap().loss).collect();
    let lowest = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let at = losses.iter().position(|loss| *loss == lowest).unwrap();
    assert_eq!((fitted.ending, losses.len()), (Ending::Stopped, at + 11));
    assert_eq!(observers.0.lowest(), Some(lowest));
    assert_eq!(seen, losses.len());
}

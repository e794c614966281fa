//! Runs a model to its sites.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
};

use prost::Message;
use rten::{NodeId, RunOptions, ThreadPool, Value, ValueOrView, ValueView};

use crate::{
    Model,
    lower::{Lowered, lower},
    model::Input,
    onnx_error::{OnnxError, Problem},
    proto::{
        GraphProto, ModelProto, OperatorSetIdProto, TypeProto, ValueInfoProto, tensor_proto::DataType, type_proto,
    },
    shapes::{Found, LONGEST_LIST, Learned},
    site::Site,
    size::Size,
    value::{Data, Dim, ElementType, Representation, Tensor},
};

/// The name of the threads that load models, and that run them for callers inside a thread pool.
const OWN_THREAD: &str = "repshape-onnx";
/// How the names of the runtime's own threads begin.
const RUNTIME_THREADS: &str = "rten-";

/// Whether models are loaded and run on threads of this name, and nothing else is.
///
/// The runtime panics on some values that contradict each other, as a hostile model has them. That panic is caught and becomes an
/// [`OnnxError`], but the process's panic hook has printed it by then, and a library must not set a hook. A program can:
///
/// ```
/// let before = std::panic::take_hook();
/// std::panic::set_hook(Box::new(move |panic| {
///     if !std::thread::current().name().is_some_and(repshape_onnx::is_model_thread) {
///         before(panic);
///     }
/// }));
/// ```
pub fn is_model_thread(name: &str) -> bool {
    name == OWN_THREAD || name.starts_with(RUNTIME_THREADS)
}

/// Runs that only find sizes, at most, before a run: a chain of more values whose sizes depend on the data is no network.
const MOST_TRIALS: usize = 16;

/// Models of more bytes are not laid out anew.
const MOST_PREPACKED: usize = 64 << 20;

/// What the lowered graph says of itself: versions that the runtime knows and in which old forms are gone.
const LOWERED_IR_VERSION: i64 = 9;

/// A model ready to run to the sites it was [prepared](Model::prepare) for.
///
/// A run takes one thread and gives the same bits whatever else runs; several may run at once on one `Runner`, from any threads.
pub struct Runner {
    file: String,
    model: rten::Model,
    inputs: Vec<(NodeId, Input)>,
    /// One for each site asked for, in that order.
    sites: Vec<String>,
    outputs: Vec<NodeId>,
    /// Which of `outputs` is whose: a site may be asked for twice.
    places: Vec<usize>,
    size: Size,
    /// Threads that wait for work. The runtime cuts products by the number of threads in its pool, and bits with them: one each.
    idle: Mutex<Vec<Arc<ThreadPool>>>,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("file", &self.file).field("sites", &self.sites).finish_non_exhaustive()
    }
}

impl Runner {
    pub(crate) fn of(model: &Model, sites: &[Site]) -> Result<Self, Problem> {
        if sites.is_empty() {
            return Err(Problem::NoSites);
        }
        let mut names: Vec<&str> = Vec::new();
        let mut places = Vec::new();
        let mut known = HashMap::new();
        for site in sites {
            if !model.sites().iter().any(|own| own.name == site.name) {
                return Err(Problem::NoSuchSite { pattern: site.name.clone(), hint: String::new() });
            }
            let place = *known.entry(site.name.as_str()).or_insert_with(|| {
                names.push(&site.name);
                names.len() - 1
            });
            places.push(place);
        }
        let graph = model.graph().ok_or_else(|| Problem::NotOnnx("it has no graph".to_owned()))?;
        let Lowered { graph, inputs } = lower(model, graph, &names)?;
        let needed: Vec<Input> = inputs
            .iter()
            .filter_map(|&at| model.graph()?.input.get(at))
            .filter_map(|input| model.inputs().iter().find(|own| own.name == input.name()).cloned())
            .collect();
        let size = Size::of(&graph, &needed)?;
        size.check_one_row()?;
        let runtime = load(graph, &needed)?;
        let node = |name: &str| {
            runtime.find_node(name).ok_or_else(|| Problem::Load { reason: format!("value {name:?} was lost") })
        };
        let inputs = needed.into_iter().map(|input| Ok((node(&input.name)?, input))).collect::<Result<_, Problem>>()?;
        let outputs = names.iter().map(|name| node(name)).collect::<Result<_, _>>()?;
        Ok(Self {
            file: model.name().to_owned(),
            model: runtime,
            inputs,
            sites: sites.iter().map(|site| site.name.clone()).collect(),
            outputs,
            places,
            size,
            idle: Mutex::new(Vec::new()),
        })
    }

    /// The inputs that the sites need, in the model's order.
    pub fn inputs(&self) -> impl Iterator<Item = &Input> {
        self.inputs.iter().map(|(_, input)| input)
    }

    /// What stands at each prepared site, in the order of preparation, for a batch of rows. `inputs` holds every input that the
    /// sites need, by name; inputs of the model that they do not need are ignored.
    ///
    /// # Errors
    /// An input is missing, given twice, of another shape or type than the model declares; or an operator fails on its values.
    pub fn run(&self, inputs: &[(String, Tensor)]) -> Result<Vec<Representation>, OnnxError> {
        self.try_run(inputs).map_err(|problem| problem.of(&self.file))
    }

    fn try_run(&self, inputs: &[(String, Tensor)]) -> Result<Vec<Representation>, Problem> {
        let mut sides: HashMap<&str, (usize, &str)> = HashMap::new();
        let mut fed = Vec::with_capacity(self.inputs.len());
        let mut shapes = Vec::with_capacity(self.inputs.len());
        for (id, input) in &self.inputs {
            let mut given = inputs.iter().filter(|(name, _)| *name == input.name);
            let problem = |what| Problem::InputName {
                name: input.name.clone(),
                what,
                needed: self.inputs.iter().map(|(_, input)| input.name.clone()).collect(),
            };
            let (_, tensor) = given.next().ok_or_else(|| problem("is missing"))?;
            if given.next().is_some() {
                return Err(problem("is given twice"));
            }
            check_shape(input, tensor, &mut sides)?;
            fed.push((*id, value(input, tensor)?));
            shapes.push(Some(tensor.shape.clone()));
        }
        self.make_sure_it_fits(&shapes, &fed)?;
        let mut values = self.on_one_thread(fed, &self.outputs)?;
        let mut found = Vec::with_capacity(self.sites.len());
        for (at, (site, &place)) in self.sites.iter().zip(&self.places).enumerate() {
            // The last who asks takes it, the others copy.
            let value = if self.places[at + 1..].contains(&place) {
                values.get(place).cloned()
            } else {
                values
                    .get_mut(place)
                    .map(|value| std::mem::replace(value, Value::from(rten_tensor::Tensor::<f32>::zeros(&[0]))))
            };
            found.push(representation(site, value)?);
        }
        Ok(found)
    }

    /// Checks that no value will be too large. Where sides depend on the data, the model is first run to the values that give them;
    /// these runs are checked too.
    fn make_sure_it_fits(&self, shapes: &[Option<Vec<usize>>], fed: &[Fed<'_>]) -> Result<(), Problem> {
        let mut learned = Learned::new();
        for _ in 0..MOST_TRIALS {
            let names = self.size.check(shapes, &learned)?;
            if names.is_empty() {
                return Ok(());
            }
            let inside = |name: &&String| !self.inputs.iter().any(|(_, input)| input.name == **name);
            let mut wanted: Vec<(&String, NodeId)> = Vec::new();
            for name in names.iter().filter(inside) {
                let id = self.model.find_node(name);
                let id = id.ok_or_else(|| Problem::Run { reason: format!("value {name:?} was lost") })?;
                if !wanted.iter().any(|(_, other)| *other == id) {
                    wanted.push((name, id));
                }
            }
            let ids: Vec<NodeId> = wanted.iter().map(|(_, id)| *id).collect();
            let values = if ids.is_empty() { Vec::new() } else { self.on_one_thread(fed.to_vec(), &ids)? };
            learned
                .extend(wanted.iter().zip(&values).map(|((name, _), value)| ((*name).clone(), found(value.as_view()))));
            for ((_, input), (_, value)) in self.inputs.iter().zip(fed) {
                learned.insert(input.name.clone(), found(value.as_view()));
            }
        }
        Err(Problem::Run { reason: format!("sizes depend on the data more than {MOST_TRIALS} times over") })
    }

    fn on_one_thread(&self, fed: Vec<Fed<'_>>, outputs: &[NodeId]) -> Result<Vec<Value>, Problem> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = idle().pop();
        let pool = taken.unwrap_or_else(|| Arc::new(ThreadPool::with_num_threads(1)));
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&pool)));
        // Planning too is done on the pool's thread: what panics there is told by its name.
        let run = || pool.run(|| catch_unwind(AssertUnwindSafe(|| self.model.run(fed, outputs, Some(options)))));
        // A worker of the caller's pool that waits for another pool takes up the next batch meanwhile, and then the next, until all are
        // begun and all their values are in memory: it waits for a thread instead.
        let outcome = match rayon::current_thread_index() {
            None => run().map_err(|panic| message(&*panic)),
            Some(_) => apart(run).and_then(|outcome| outcome.map_err(|panic| message(&*panic))),
        };
        idle().push(pool);
        match outcome {
            Ok(Ok(values)) => Ok(values),
            Ok(Err(error)) => Err(Problem::Run { reason: readable(&error.to_string()) }),
            Err(reason) => Err(Problem::Run { reason }),
        }
    }
}

/// An input as the runtime takes it.
type Fed<'a> = (NodeId, ValueOrView<'a>);

/// Works on a thread of its own, so that a panic ends that thread and not the program; why there is no result, in words.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    let outcome = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name(OWN_THREAD.to_owned()).spawn_scoped(scope, work);
        thread.map(std::thread::ScopedJoinHandle::join)
    });
    match outcome {
        Ok(Ok(result)) => Ok(result),
        Ok(Err(panic)) => Err(message(&*panic)),
        Err(error) => Err(format!("no thread could be started: {error}")),
    }
}

/// The sides of a value, and its elements if they are few.
fn found(value: ValueView<'_>) -> Found {
    let shape: Vec<usize> = rten_tensor::Layout::shape(&value).iter().copied().collect();
    let few = shape
        .iter()
        .try_fold(1_usize, |count, &side| count.checked_mul(side))
        .is_some_and(|count| count <= LONGEST_LIST);
    let (mut integers, mut floats) = (None, None);
    match value {
        _ if !few => {}
        ValueView::Int32Tensor(tensor) => integers = Some(tensor.iter().map(|&value| value.into()).collect()),
        ValueView::Int8Tensor(tensor) => integers = Some(tensor.iter().map(|&value| value.into()).collect()),
        ValueView::UInt8Tensor(tensor) => integers = Some(tensor.iter().map(|&value| value.into()).collect()),
        ValueView::FloatTensor(tensor) => floats = Some(tensor.iter().copied().collect()),
        _ => {}
    }
    Found { shape, integers, floats }
}

/// Loads the lowered graph.
fn load(mut graph: GraphProto, inputs: &[Input]) -> Result<rten::Model, Problem> {
    // Without sides: they are checked here, in words that name both shapes.
    let declare = |input: &Input| {
        let kind = match input.element {
            ElementType::F32 | ElementType::F64 | ElementType::F16 | ElementType::Bf16 => DataType::Float,
            ElementType::I64 | ElementType::I32 | ElementType::Bool => DataType::Int32,
            ElementType::I8 => DataType::Int8,
            ElementType::U8 => DataType::Uint8,
        };
        let tensor = type_proto::Tensor { elem_type: Some(kind.into()), shape: None };
        ValueInfoProto {
            name: Some(input.name.clone()),
            r#type: Some(TypeProto { value: Some(type_proto::Value::TensorType(tensor)), denotation: None }),
            ..Default::default()
        }
    };
    graph.input = inputs.iter().map(declare).collect();
    let model = ModelProto {
        ir_version: Some(LOWERED_IR_VERSION),
        opset_import: vec![OperatorSetIdProto { domain: Some(String::new()), version: Some(21) }],
        graph: Some(graph),
        ..Default::default()
    };
    let bytes = model.encode_to_vec();
    drop(model);
    // The runtime panics on some graphs that contradict the standard in ways not checked here.
    let loaded = apart(|| {
        let mut options = rten::ModelOptions::with_all_ops();
        // Optimised, the runtime merges nodes, and the values between them are gone.
        options.enable_optimization(false);
        // Weights of matrix products are laid out once as the products read them. Large ones would be in memory twice.
        options.prepack_weights(bytes.len() <= MOST_PREPACKED);
        options.load(bytes)
    });
    match loaded {
        Ok(Ok(model)) => Ok(model),
        Ok(Err(error)) => Err(Problem::Load { reason: readable(&error.to_string()) }),
        Err(reason) => Err(Problem::Load { reason }),
    }
}

/// The runtime's words without its escapes: names of nodes hold quotation marks here.
fn readable(words: &str) -> String {
    words.replace("\\\"", "\"")
}

/// What a panic said.
fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("the runtime gave up: {}", text.as_deref().unwrap_or("without a word"))
}

/// Checks rank and sides, also that sides of one name are equal.
fn check_shape<'a>(
    input: &'a Input,
    tensor: &Tensor,
    sides: &mut HashMap<&'a str, (usize, &'a str)>,
) -> Result<(), Problem> {
    let elements = tensor.shape.iter().try_fold(1_usize, |count, &side| count.checked_mul(side));
    if elements != Some(tensor.values.len()) {
        return Err(Problem::InputValue {
            name: input.name.clone(),
            found: format!("{} elements", tensor.values.len()),
            expected: format!("as many as its shape {:?} has", tensor.shape),
        });
    }
    let Some(expected) = &input.shape else { return Ok(()) };
    let differs = |detail: String| {
        Err(Problem::InputShape {
            name: input.name.clone(),
            found: tensor.shape.clone(),
            expected: expected.clone(),
            detail,
        })
    };
    if tensor.shape.len() != expected.len() {
        return differs(format!(" ({} sides, not {})", expected.len(), tensor.shape.len()));
    }
    for (at, (&found, side)) in tensor.shape.iter().zip(expected).enumerate() {
        match side {
            Dim::Known(known) if *known != found => return differs(format!(" (side {at} is {found}, not {known})")),
            Dim::Known(_) => {}
            Dim::Free(name) if name.is_empty() => {}
            Dim::Free(name) => {
                let (before, whose) = *sides.entry(name).or_insert((found, &input.name));
                if before != found {
                    return differs(format!(" (side {at}, {name}, is {found}, but {before} in input {whose:?})"));
                }
            }
        }
    }
    Ok(())
}

/// The elements in the type that the runtime computes with; floats without a copy.
fn value<'a>(input: &Input, tensor: &'a Tensor) -> Result<ValueOrView<'a>, Problem> {
    let shape = tensor.shape.as_slice();
    let wrong = |found: String| Problem::InputValue {
        name: input.name.clone(),
        found,
        expected: match input.element {
            ElementType::I64 => "integers of 32 bits, with which i64 is computed".to_owned(),
            element => format!("elements of type {element}"),
        },
    };
    // The number of elements was checked, so that this cannot fail.
    fn disagree<E>(wrong: impl Fn(String) -> Problem) -> impl Fn(E) -> Problem {
        move |_| wrong("another number of elements than its shape says".to_owned())
    }
    if let (true, Data::F32(values)) = (input.element.is_float(), &tensor.values) {
        return Ok(ValueView::from_shape(shape, values).map_err(disagree(&wrong))?.into());
    }
    let integers: Vec<i64> = match &tensor.values {
        Data::F32(_) => return Err(wrong("elements of type f32".to_owned())),
        Data::I64(values) => values.clone(),
        Data::I32(values) => values.iter().map(|&value| value.into()).collect(),
        Data::U8(values) => values.iter().map(|&value| value.into()).collect(),
        Data::Bool(values) => values.iter().map(|&value| value.into()).collect(),
    };
    let out_of_range = |value: &i64, at: usize| wrong(format!("{value} at element {at}"));
    let value = match input.element {
        element if element.is_float() => {
            Value::from_shape(shape, integers.iter().map(|&value| value as f32).collect::<Vec<_>>())
                .map_err(disagree(&wrong))
        }
        ElementType::Bool => {
            Value::from_shape(shape, integers.iter().map(|&value| i32::from(value != 0)).collect::<Vec<_>>())
                .map_err(disagree(&wrong))
        }
        ElementType::U8 => Value::from_shape(shape, narrow::<u8>(&integers, out_of_range)?).map_err(disagree(&wrong)),
        ElementType::I8 => Value::from_shape(shape, narrow::<i8>(&integers, out_of_range)?).map_err(disagree(&wrong)),
        _ => Value::from_shape(shape, narrow::<i32>(&integers, out_of_range)?).map_err(disagree(&wrong)),
    };
    Ok(value?.into())
}

fn narrow<T: TryFrom<i64>>(values: &[i64], problem: impl Fn(&i64, usize) -> Problem) -> Result<Vec<T>, Problem> {
    values.iter().enumerate().map(|(at, value)| T::try_from(*value).map_err(|_| problem(value, at))).collect()
}

fn representation(site: &str, value: Option<Value>) -> Result<Representation, Problem> {
    match value {
        Some(Value::FloatTensor(tensor)) => {
            let shape = rten_tensor::Layout::shape(&tensor).to_vec();
            Ok(Representation { site: site.to_owned(), shape, values: tensor.into_data() })
        }
        Some(other) => Err(Problem::Run { reason: format!("value {site:?} holds {}, not floats", other.dtype()) }),
        None => Err(Problem::Run { reason: format!("value {site:?} was not given") }),
    }
}

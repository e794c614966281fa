//! Rewrites a model into one that the runtime computes as the standard says.
//!
//! The runtime lacks some operators, takes others only in their newest form, and a few old forms silently wrong. Here the part of
//! the model that the chosen sites need is cut out, model-local functions are put in place of their calls, constants become floats
//! of 32 bits, and each operator goes through the one function of [`REWRITES`] that knows it. The names of the model's values
//! survive, so that every site can be read; new values get names that no value of the model has.

mod activation;
mod convolution;
mod draft;
mod function;
mod machine_learning;
mod native;
mod normalization;
mod product;
mod softmax;
mod structure;

use std::collections::{BTreeMap, HashSet};

use draft::{Draft, Outcome, Refusal, attribute};
use function::Call;

use crate::{
    Model,
    graph::{Source, describe, domain},
    onnx_error::{Problem, UnsupportedOperator},
    proto::{GraphProto, NodeProto, ValueInfoProto},
};

/// How a node is rewritten: new nodes go into the draft, or the reason why this form of the operator cannot run comes back.
type Rewrite = fn(&NodeProto, &mut Draft<'_>) -> Outcome;

/// Every operator that is not passed on as it is: domain, operator, function.
const REWRITES: &[(&str, &str, Rewrite)] = &[
    ("", "AveragePool", convolution::pool),
    ("", "BatchNormalization", normalization::batch),
    ("", "Cast", structure::cast),
    ("", "Celu", activation::celu),
    ("", "Constant", structure::constant),
    ("", "ConstantOfShape", structure::constant_of_shape),
    ("", "Conv", convolution::conv),
    ("", "ConvTranspose", convolution::conv_transpose),
    ("", "Dropout", structure::dropout),
    ("", "GRU", native::gru),
    ("", "Gemm", product::gemm),
    ("", "GroupNormalization", normalization::group),
    ("", "Hardmax", softmax::hardmax),
    ("", "LRN", normalization::local_response),
    ("", "LayerNormalization", normalization::first_output),
    ("", "LogSoftmax", softmax::softmax),
    ("", "MaxPool", convolution::pool),
    ("", "MeanVarianceNormalization", normalization::mean_variance),
    ("", "Mish", activation::mish),
    ("", "Pad", structure::pad),
    ("", "Pow", structure::pow),
    ("", "Resize", structure::resize),
    ("", "Selu", activation::selu),
    ("", "Shrink", activation::shrink),
    ("", "Slice", structure::slice),
    ("", "Softmax", softmax::softmax),
    ("", "Split", structure::split),
    ("", "ThresholdedRelu", activation::thresholded_relu),
    ("ai.onnx.ml", "LinearClassifier", machine_learning::linear_classifier),
    ("ai.onnx.ml", "LinearRegressor", machine_learning::linear_regressor),
    ("ai.onnx.ml", "Normalizer", machine_learning::normalizer),
    ("ai.onnx.ml", "Scaler", machine_learning::scaler),
];

/// What the runtime gets: the part of the graph that some values need.
#[derive(Debug)]
pub(crate) struct Lowered {
    pub(crate) graph: GraphProto,
    /// The graph's inputs that this part reads, by index among the graph's.
    pub(crate) inputs: Vec<usize>,
}

/// Lowers what the named values need.
///
/// # Errors
/// Operators that cannot run, all of them at once; weights that cannot be read; functions that call themselves or grow too large.
pub(crate) fn lower(whole: &Model, graph: &GraphProto, values: &[&str]) -> Result<Lowered, Problem> {
    let (model, index) = (whole.proto(), whole.index());
    let calls = index.ancestors(graph, values.iter().copied()).into_iter();
    let calls =
        calls.map(|at| Call { node: graph.node[at].clone(), place: describe(graph, at), opsets: None }).collect();
    let calls = function::inline(model, calls)?;
    let calls = needed(calls, values);
    let read: HashSet<String> = calls
        .iter()
        .flat_map(|call| call.node.input.iter().cloned())
        .chain(values.iter().map(|&value| value.to_owned()))
        .collect();
    let taken: HashSet<&str> = calls
        .iter()
        .flat_map(|call| call.node.input.iter().chain(&call.node.output).map(String::as_str))
        .chain(graph.initializer.iter().map(|tensor| tensor.name()))
        .chain(graph.input.iter().map(|input| input.name()))
        .collect();
    let mut draft = Draft::new(whole, graph, &read, &taken);
    // By domain and operator, so that a hundred nodes of one missing operator are one line.
    let mut unsupported: BTreeMap<(String, String, i64, String), Vec<String>> = BTreeMap::new();
    for call in &calls {
        let node = &call.node;
        let (domain, operator) = (domain(node), node.op_type());
        draft.opset = call.opset(model, domain);
        draft.place.clone_from(&call.place);
        said_once(node, &call.place)?;
        let rewrite = REWRITES.iter().find(|row| (row.0, row.1) == (domain, operator));
        let outcome = match rewrite {
            Some((_, _, rewrite)) => rewrite(node, &mut draft),
            None => native::pass(node, &mut draft),
        };
        match outcome {
            Ok(()) => {}
            Err(Refusal::Unsupported(reason)) => {
                let domain = if domain.is_empty() { "ai.onnx" } else { domain };
                let key = (domain.to_owned(), operator.to_owned(), draft.opset, reason);
                unsupported.entry(key).or_default().push(call.place.clone());
            }
            Err(Refusal::Problem(problem)) => return Err(problem),
        }
    }
    if !unsupported.is_empty() {
        let row =
            |((domain, operator, opset, reason), nodes)| UnsupportedOperator { domain, operator, opset, reason, nodes };
        return Err(Problem::Unsupported(unsupported.into_iter().map(row).collect()));
    }
    draft.constants()?;
    let (nodes, initializers) = draft.finish();
    let reads: HashSet<&str> = nodes.iter().flat_map(|node| node.input.iter().map(String::as_str)).collect();
    let is_read = |name: &str| reads.contains(name) || values.contains(&name);
    let inputs: Vec<usize> = (0..graph.input.len())
        .filter(|&at| is_read(graph.input[at].name()))
        .filter(|&at| matches!(index.source(graph.input[at].name()), Some(Source::Input(_))))
        .collect();
    let outputs: Vec<ValueInfoProto> =
        values.iter().map(|&value| ValueInfoProto { name: Some(value.to_owned()), ..Default::default() }).collect();
    let graph = GraphProto {
        name: Some("lowered".to_owned()),
        node: nodes,
        initializer: initializers,
        input: Vec::new(),
        output: outputs,
        ..Default::default()
    };
    Ok(Lowered { graph, inputs })
}

/// What was an attribute of old and is an input since, and where: given as both, the runtime may take the other one than the check of
/// sizes does.
const NOW_INPUTS: &[(&str, &str, usize)] = &[("Pad", "pads", 1), ("TopK", "k", 1), ("Upsample", "scales", 1)];

fn said_once(node: &NodeProto, place: &str) -> Result<(), Problem> {
    let twice = NOW_INPUTS.iter().find(|(operator, name, input)| {
        node.op_type() == *operator && attribute(node, name).is_some() && node.input.len() > *input
    });
    match twice {
        Some((_, name, input)) => {
            Err(Problem::invalid(place, format!("{name} as an attribute and as input {input}"), "one of them"))
        }
        None => Ok(()),
    }
}

/// The calls whose results the values need. Bodies of functions may compute more than is asked of them.
fn needed(calls: Vec<Call>, values: &[&str]) -> Vec<Call> {
    let mut wanted: HashSet<String> = values.iter().map(|&value| value.to_owned()).collect();
    let mut kept: Vec<Call> = Vec::with_capacity(calls.len());
    for call in calls.into_iter().rev() {
        if call.node.output.iter().any(|output| wanted.contains(output)) {
            wanted.extend(call.node.input.iter().cloned());
            kept.push(call);
        }
    }
    kept.reverse();
    kept
}

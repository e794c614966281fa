//! Model-local functions: bodies in place of calls.

use std::collections::HashMap;

use crate::{
    graph::{domain, operator_name},
    onnx_error::Problem,
    proto::{AttributeProto, FunctionProto, ModelProto, NodeProto},
};

/// Functions in functions, at most.
const DEPTH: usize = 32;
/// Nodes after all calls are replaced, at most: thirty functions that each call the next twice would be a thousand million.
const NODES: usize = 500_000;

/// A node, with what its function's body brings along.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) node: NodeProto,
    /// As messages name it: in a body, the call and the node in it.
    pub(crate) place: String,
    /// The versions that the function is written in; the model's if `None`.
    pub(crate) opsets: Option<HashMap<String, i64>>,
}

impl Call {
    /// The version of the operators of that domain; 1 where nothing is said.
    pub(super) fn opset(&self, model: &ModelProto, domain: &str) -> i64 {
        match &self.opsets {
            Some(opsets) => opsets.get(domain).copied().unwrap_or(1),
            None => imports(&model.opset_import).get(domain).copied().unwrap_or(1),
        }
    }
}

fn imports(imports: &[crate::proto::OperatorSetIdProto]) -> HashMap<String, i64> {
    let own = |domain: &str| if domain == "ai.onnx" { String::new() } else { domain.to_owned() };
    imports.iter().map(|import| (own(import.domain()), import.version())).collect()
}

/// Puts bodies in place of calls until no call is left.
///
/// # Errors
/// Functions call each other too deep (or themselves), or the whole grows too large.
pub(super) fn inline(model: &ModelProto, calls: Vec<Call>) -> Result<Vec<Call>, Problem> {
    if model.functions.is_empty() {
        return Ok(calls);
    }
    let functions: HashMap<(&str, &str, &str), &FunctionProto> = model
        .functions
        .iter()
        .map(|function| ((own_domain(function.domain()), function.name(), function.overload()), function))
        .collect();
    // No value of the graph begins so: the marked names are new.
    let mut mark = "inlined".to_owned();
    while calls.iter().any(|call| call.node.input.iter().chain(&call.node.output).any(|name| name.starts_with(&mark))) {
        mark.push('_');
    }
    let mut done = Vec::with_capacity(calls.len());
    let mut open: Vec<(Call, usize)> = calls.into_iter().rev().map(|call| (call, 0)).collect();
    let mut count = 0;
    while let Some((call, depth)) = open.pop() {
        let key = (domain(&call.node), call.node.op_type(), call.node.overload());
        let Some(function) = functions.get(&key) else {
            done.push(call);
            continue;
        };
        count += 1;
        if depth == DEPTH {
            return Err(Problem::invalid(
                call.place,
                format!("functions {DEPTH} deep in functions"),
                "fewer; none that calls itself",
            ));
        }
        let body = body(function, &call, &format!("{mark}:{count}:"));
        if done.len() + open.len() + body.len() > NODES {
            let found = format!("more than {NODES} nodes once functions are put in place of their calls");
            return Err(Problem::TooLarge { found, limit: format!("{NODES} nodes") });
        }
        open.extend(body.into_iter().rev().map(|call| (call, depth + 1)));
    }
    Ok(done)
}

fn own_domain(domain: &str) -> &str {
    if domain == "ai.onnx" { "" } else { domain }
}

/// The function's nodes with the call's names and attributes.
fn body(function: &FunctionProto, call: &Call, mark: &str) -> Vec<Call> {
    let mut names: HashMap<&str, String> = HashMap::new();
    for (formal, place) in function.input.iter().zip(0..) {
        names.insert(formal, call.node.input.get(place).cloned().unwrap_or_default());
    }
    let mut passed = Vec::new();
    for (formal, actual) in function.output.iter().zip(&call.node.output).filter(|(_, actual)| !actual.is_empty()) {
        // An output that is an input has no node to rename.
        match names.get(formal.as_str()) {
            Some(input) => passed.push((input.clone(), actual.clone())),
            None => drop(names.insert(formal, actual.clone())),
        }
    }
    let rename = |name: &String| match names.get(name.as_str()) {
        Some(actual) => actual.clone(),
        None if name.is_empty() => String::new(),
        None => format!("{mark}{name}"),
    };
    let opsets = imports(&function.opset_import);
    let inner = |(at, node): (usize, &NodeProto)| {
        let name = if node.name().is_empty() { format!("node {at}") } else { format!("node {:?}", node.name()) };
        let node = NodeProto {
            input: node.input.iter().map(rename).collect(),
            output: node.output.iter().map(rename).collect(),
            attribute: node.attribute.iter().filter_map(|attribute| resolved(attribute, function, call)).collect(),
            ..node.clone()
        };
        Call {
            place: format!("{}, its {name} ({})", call.place, operator_name(&node)),
            node,
            opsets: Some(opsets.clone()),
        }
    };
    let identity = |(input, output): (String, String)| Call {
        node: NodeProto {
            op_type: Some("Identity".to_owned()),
            input: vec![input],
            output: vec![output],
            ..Default::default()
        },
        place: call.place.clone(),
        opsets: Some(opsets.clone()),
    };
    let nodes = function.node.iter().enumerate().map(inner);
    nodes.chain(passed.into_iter().map(identity)).collect()
}

/// An attribute with the value that the call, or else the function's default, gives it.
fn resolved(attribute: &AttributeProto, function: &FunctionProto, call: &Call) -> Option<AttributeProto> {
    if attribute.ref_attr_name().is_empty() {
        return Some(attribute.clone());
    }
    let given = call.node.attribute.iter().chain(&function.attribute_proto);
    let value = given.into_iter().find(|given| given.name() == attribute.ref_attr_name())?;
    Some(AttributeProto { name: attribute.name.clone(), ..value.clone() })
}

//! Products of matrices, alone or step by step.

use std::collections::HashMap;

use super::super::{Known, attribute, int};
use super::{Shape, broadcast};
use crate::{proto::NodeProto, value::Dim};

pub(super) fn gemm(node: &NodeProto, known: &Known) -> Option<Shape> {
    let (a, b) = (known.shape(node, 0)?, known.shape(node, 1)?);
    let rows = a.get(usize::from(int(node, "transA", 0) != 0))?;
    let columns = b.get(usize::from(int(node, "transB", 0) == 0))?;
    Some(vec![rows.clone(), columns.clone()])
}

pub(super) fn mat_mul(node: &NodeProto, known: &Known) -> Option<Shape> {
    let (a, b) = (known.shape(node, 0)?, known.shape(node, 1)?);
    let ([.., rows, _], [.., _, columns]) = (a.as_slice(), b.as_slice()) else { return None };
    let stack = broadcast(&a[..a.len() - 2], &b[..b.len() - 2]);
    Some(stack.into_iter().chain([rows.clone(), columns.clone()]).collect())
}

pub(super) fn recurrent(node: &NodeProto, known: &Known) -> Vec<Option<Shape>> {
    let shapes = || {
        let [steps, rows, _] = known.shape(node, 0)?.as_slice() else { return None };
        // The runtime takes the width from the weights, whatever the attribute says.
        let hidden = match known.shape(node, 2) {
            Some(weights) => weights.get(2)?.clone(),
            None => Dim::Known(usize::try_from(int(node, "hidden_size", -1)).ok()?),
        };
        let both = attribute(node, "direction").is_some_and(|direction| direction.s() == b"bidirectional");
        let directions = Dim::Known(1 + usize::from(both));
        let last = vec![directions.clone(), rows.clone(), hidden.clone()];
        Some(vec![Some(vec![steps.clone(), directions, rows.clone(), hidden]), Some(last.clone()), Some(last)])
    };
    shapes().unwrap_or_default()
}

/// As the equation says; none with dots for sides that are not named.
pub(super) fn einsum(node: &NodeProto, known: &Known) -> Option<Shape> {
    let equation = String::from_utf8_lossy(attribute(node, "equation")?.s()).replace(' ', "");
    let (inputs, output) = match equation.split_once("->") {
        Some((inputs, output)) => (inputs.to_owned(), Some(output.to_owned())),
        None => (equation, None),
    };
    let mut sides: HashMap<char, Dim> = HashMap::new();
    let mut times: HashMap<char, usize> = HashMap::new();
    let terms: Vec<&str> = inputs.split(',').collect();
    if terms.len() != node.input.len() {
        return None;
    }
    for (at, term) in terms.iter().enumerate() {
        let shape = known.shape(node, at)?;
        if !term.chars().all(|letter| letter.is_ascii_alphabetic()) || term.len() != shape.len() {
            return None;
        }
        for (letter, side) in term.chars().zip(shape) {
            *times.entry(letter).or_default() += 1;
            let known = sides.entry(letter).or_insert_with(|| side.clone());
            // A side of one is stretched.
            if *known == Dim::Known(1) {
                *known = side.clone();
            }
        }
    }
    // Without an arrow, letters that stand once, in alphabetical order.
    let mut once: Vec<char> = times.iter().filter(|(_, times)| **times == 1).map(|(letter, _)| *letter).collect();
    once.sort_unstable();
    let output = output.unwrap_or_else(|| once.into_iter().collect());
    output.chars().map(|letter| sides.get(&letter).cloned()).collect()
}

/// A product with weights of a few bits; their number of rows is an attribute.
pub(super) fn mat_mul_bits(node: &NodeProto, known: &Known) -> Option<Shape> {
    let mut shape = known.shape(node, 0)?.clone();
    *shape.last_mut()? = Dim::Known(usize::try_from(int(node, "N", -1)).ok()?);
    Some(shape)
}

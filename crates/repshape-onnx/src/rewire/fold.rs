//! Folds a change of representation into everything beside a site.

use std::collections::HashMap;

use repshape_stats::rewire::{Affine, Kind, Site};

use super::{
    affine_node::{AffineNode, Bias},
    edit::Edit,
    part::{Parts, key, writer_key},
    pass::{Effect, Pass, Slope},
    stream::{Link, Stream, Writer},
    view::View,
};

/// How much of the shift each value takes: all of it at the site, and at a sum as much as its terms together.
fn shares(view: &View<'_>, stream: &Stream) -> (Option<usize>, HashMap<String, f64>) {
    let carrier = carrier(view, stream);
    let mut shares: HashMap<String, f64> = HashMap::new();
    if let Some((Writer::Affine { .. }, value)) = carrier.map(|at| &stream.writers[at]) {
        shares.insert(value.clone(), 1.0);
    }
    let constant = carrier.and_then(|at| match &stream.writers[at].0 {
        Writer::Constant { node, .. } => Some(*node),
        Writer::Affine { .. } => None,
    });
    for at in view.index.order.iter().filter(|at| stream.links.contains_key(at)) {
        let node = &view.graph.node[*at];
        let share = |place: &usize| shares.get(&node.input[*place]).copied().unwrap_or(0.0);
        let sum = match &stream.links[at] {
            Link::Pass(_) => share(&0),
            Link::Sum(terms) => terms.iter().map(share).sum::<f64>() + f64::from(u8::from(constant == Some(*at))),
        };
        shares.insert(node.output[0].clone(), sum);
    }
    let whole = shares.get(&stream.site).copied().unwrap_or(1.0);
    shares.values_mut().for_each(|share| *share /= whole);
    (carrier, shares)
}

/// The writer that takes off the shift: one that reaches the site, if possible with a bias to take it off from.
pub(super) fn carrier(view: &View<'_>, stream: &Stream) -> Option<usize> {
    let reaching = before(view, stream);
    let with_bias = |writer: &Writer| match writer {
        Writer::Affine { node: AffineNode::Dense(dense), .. } => dense.bias != Bias::None,
        _ => true,
    };
    let reaches = |at: &usize| reaching.contains_key(&stream.writers[*at].1);
    let all = || (0..stream.writers.len()).filter(reaches);
    all().find(|&at| with_bias(&stream.writers[at].0)).or_else(|| all().next())
}

/// The values that the site is computed from, itself among them, and over how many ways each.
pub(super) fn before(view: &View<'_>, stream: &Stream) -> HashMap<String, u32> {
    let mut ways: HashMap<String, u32> = HashMap::from([(stream.site.clone(), 1)]);
    for at in view.index.order.iter().rev().filter(|at| stream.links.contains_key(at)) {
        let node = &view.graph.node[*at];
        let Some(&own) = ways.get(&node.output[0]) else { continue };
        let places = match &stream.links[at] {
            Link::Pass(_) => vec![0],
            Link::Sum(terms) => terms.clone(),
        };
        for place in places {
            let way = ways.entry(node.input[place].clone()).or_default();
            *way = way.saturating_add(own);
        }
    }
    ways
}

/// Folds the map into all parts, and into slopes that each unit has of its own.
pub(super) fn fold(view: &View<'_>, stream: &Stream, affine: &Affine, edit: &mut Edit) -> Result<(), String> {
    let mut parts = view.parts(stream)?;
    let (carrier, shares) = shares(view, stream);
    let plain = affine.without_shift();
    let mut of_share: Vec<(f64, Affine)> = vec![(0.0, plain.clone()), (1.0, affine.clone())];
    for (reader, value) in &stream.readers {
        let share = shares.get(value).copied().unwrap_or(0.0);
        if !of_share.iter().any(|(known, _)| *known == share) {
            let shift = affine.shift().iter().map(|m| m * share).collect();
            let part = plain.clone().with_shift(shift).map_err(|error| error.to_string())?;
            of_share.push((share, part));
        }
        let map = of_share.iter().find(|(known, _)| *known == share).map_or(&plain, |(_, map)| map);
        if let Some(part) = parts.get_mut(&key(reader)) {
            part.read(map).map_err(|error| view.words(reader.node(), &error))?;
        }
    }
    let whole = carrier.and_then(|at| shares.get(&stream.writers[at].1)).copied();
    for (at, (writer, _)) in stream.writers.iter().enumerate() {
        let map = if Some(at) == carrier { carried(affine, whole)? } else { plain.clone() };
        if let Some(part) = parts.get_mut(&writer_key(writer)) {
            part.write(&map).map_err(|error| error.to_string())?;
        }
    }
    slopes(view, stream, &plain, edit)?;
    store(view, stream, parts, edit)
}

/// The map with the share of the shift that its carrier takes off.
fn carried(affine: &Affine, share: Option<f64>) -> Result<Affine, String> {
    let share = share.filter(|share| *share != 0.0 && *share != 1.0);
    let Some(share) = share else { return Ok(affine.clone()) };
    let shift = affine.shift().iter().map(|m| m * share).collect();
    affine.clone().with_shift(shift).map_err(|error| error.to_string())
}

pub(super) fn store(view: &View<'_>, stream: &Stream, parts: Parts, edit: &mut Edit) -> Result<(), String> {
    for (writer, _) in &stream.writers {
        if let Writer::Affine { absorbed, .. } = writer {
            absorbed.iter().for_each(|&at| edit.absorb(at));
        }
    }
    for (_, part) in parts {
        part.store(view, edit)?;
    }
    Ok(())
}

/// Units that change places take their slopes along.
fn slopes(view: &View<'_>, stream: &Stream, plain: &Affine, edit: &mut Edit) -> Result<(), String> {
    for (&at, link) in &stream.links {
        let Link::Pass(Pass { effect: Effect::Activation(Slope::Each(values)), .. }) = link else { continue };
        if plain.kind() == Kind::General {
            continue;
        }
        let ones = vec![1.0; values.len()];
        let moved = plain.apply(values).and_then(|moved| Ok(moved.into_iter().zip(plain.apply(&ones)?)));
        let moved = moved.map_err(|error| view.words(at, &error))?;
        let values: Vec<f64> = moved.map(|(slope, scale)| slope / scale).collect();
        let name = view.graph.node[at].input.get(1).map_or("", String::as_str);
        let Some(found) = view.constants().find(name) else { continue };
        edit.floats(view, at, 1, &found.shape, &values, found.kind)?;
    }
    Ok(())
}

/// What stands at the site for the algebra.
pub(super) fn site(view: &View<'_>, stream: &Stream) -> Site {
    let effects =
        || stream.links.values().filter_map(|link| if let Link::Pass(pass) = link { Some(&pass.effect) } else { None });
    match stream.activation(view) {
        Some(Slope::One(slope)) => Site::Homogeneous { negative_slope: *slope },
        // each unit has its own; what passes does not depend on it
        Some(Slope::Each(_)) => Site::Homogeneous { negative_slope: 1.0 },
        None => {
            match effects().find_map(|effect| if let Effect::Activation(slope) = effect { Some(slope) } else { None }) {
                Some(Slope::One(slope)) => Site::Homogeneous { negative_slope: *slope },
                Some(Slope::Each(_)) => Site::Homogeneous { negative_slope: 1.0 },
                None if effects().any(|effect| *effect == Effect::Largest) => Site::Homogeneous { negative_slope: 1.0 },
                None => Site::Linear,
            }
        }
    }
}

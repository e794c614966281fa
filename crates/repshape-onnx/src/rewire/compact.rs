//! A smaller site: what carries nothing is taken out of everything beside it.

use repshape_stats::rewire::{CompactOptions, Layer, Plan, RewireError, SiteStatistics, plan_compact};

use super::{
    affine_node::AffineNode,
    edit::{Edit, resize},
    fold::{before, carrier, site, store},
    part::{Part, key, narrowed, widened, writer_key},
    pass::{Effect, Pass, Slope},
    stream::{Link, Stream, Writer},
    view::{Layout, View},
};
use crate::{graph::domain, proto::GraphProto};

/// Whether the units of the site can be told apart from the rest: its writers' sum, perhaps bent, is the site, and nothing but
/// the site is read.
fn check_simple(view: &View<'_>, stream: &Stream) -> Result<(), String> {
    let before = before(view, stream);
    if let Some(reason) = &stream.limits.order {
        return Err(format!("it cannot become smaller: {reason}"));
    }
    // from the site on, without sums and bends
    let mut behind = vec![stream.site.as_str()];
    for at in view.index.order.iter() {
        let Some(link) = stream.links.get(at) else { continue };
        let node = &view.graph.node[*at];
        let from_behind = node.input.first().is_some_and(|input| behind.contains(&input.as_str()));
        match link {
            Link::Pass(Pass { effect: Effect::Activation(_), .. }) if from_behind => {
                let output = &node.output[0];
                return Err(format!(
                    "it is before {}: the site behind it, {output:?}, can become smaller",
                    view.describe(*at)
                ));
            }
            Link::Pass(_) if from_behind => behind.push(&node.output[0]),
            _ => {}
        }
    }
    let apart = || {
        "it is part of a residual stream that is read at several sums: only its coordinates can be changed".to_owned()
    };
    if before.values().any(|ways| *ways != 1) {
        return Err(apart());
    }
    if stream.values.keys().any(|value| !before.contains_key(value) && !behind.contains(&value.as_str())) {
        return Err(apart());
    }
    if stream.readers.iter().any(|(_, value)| !behind.contains(&value.as_str())) {
        return Err(apart());
    }
    // bends only after the last sum
    let mut value = stream.site.as_str();
    let mut bends = 0;
    while let Some(Link::Pass(pass)) = view.index.producer(value).and_then(|at| stream.links.get(&at)) {
        bends += usize::from(matches!(pass.effect, Effect::Activation(_)));
        let at = view.index.producer(value).unwrap_or_default();
        let Some(input) = view.graph.node[at].input.first() else { break };
        value = input;
    }
    let bent = |link: &&Link| matches!(link, Link::Pass(Pass { effect: Effect::Activation(_), .. }));
    if stream.links.values().filter(bent).count() != bends || bends > 1 {
        return Err("more than one activation stands between its writers and its readers".to_owned());
    }
    match stream.activation(view) {
        Some(Slope::Each(_)) => Err("its activation has a slope for each unit".to_owned()),
        _ => Ok(()),
    }
}

/// Makes the site smaller by what carries nothing. The plan is empty if nothing could be left out; the edit then is too.
pub(super) fn compact(
    view: &View<'_>,
    stream: &Stream,
    statistics: Option<&SiteStatistics>,
    options: &CompactOptions,
    edit: &mut Edit,
) -> Result<Plan, String> {
    check_simple(view, stream)?;
    check_shapes(view, stream)?;
    let mut parts = view.parts(stream)?;
    let first = carrier(view, stream);
    let mut order: Vec<usize> = (0..stream.writers.len()).collect();
    order.sort_by_key(|at| Some(*at) != first);
    let keys: Vec<_> = order.iter().map(|&at| writer_key(&stream.writers[at].0)).collect();
    let of_readers: Vec<_> = stream.readers.iter().map(|(reader, _)| key(reader)).collect();
    let words = |error: RewireError| error.to_string();
    let mut writers =
        keys.iter().map(|key| as_writer(&parts[key])).collect::<Result<Vec<Layer>, _>>().map_err(words)?;
    let mut readers: Vec<Layer> = Vec::with_capacity(of_readers.len());
    for key in &of_readers {
        readers.push(as_reader(&parts[key], stream.units).map_err(words)?);
    }
    let options = CompactOptions { constants_fold: options.constants_fold && !pads(stream), ..*options };
    let plan = plan_compact(site(view, stream), statistics, &writers, &readers, &options).map_err(words)?;
    if plan.is_empty() {
        return Ok(plan);
    }
    plan.fold(&mut writers, &mut readers).map_err(words)?;
    for (key, layer) in keys.iter().zip(writers).chain(of_readers.iter().zip(readers)) {
        let read = of_readers.contains(key);
        if let Some(part) = parts.get_mut(key) {
            replace(part, layer, read).map_err(words)?;
        }
    }
    reshapes(view, stream, &plan, edit);
    store(view, stream, parts, edit)?;
    Ok(plan)
}

/// Whether zeros stand beside the units somewhere between the site and what its readers add up.
fn pads(stream: &Stream) -> bool {
    let padded_reader =
        |(reader, _): &(AffineNode, String)| matches!(reader, AffineNode::Convolution(found) if found.padded);
    let padded_mean = |link: &Link| matches!(link, Link::Pass(Pass { effect: Effect::PaddedMean, .. }));
    stream.readers.iter().any(padded_reader) || stream.links.values().any(padded_mean)
}

fn as_writer(part: &Part) -> Result<Layer, RewireError> {
    match part {
        Part::Dense { layer, .. } | Part::Constant { layer, .. } => Ok(layer.clone()),
        Part::Kernel { kernel, .. } => kernel.as_writer(),
        Part::Normalization { numbers, .. } => Layer::new(0, Vec::new(), numbers[1].clone()),
    }
}

fn as_reader(part: &Part, units: usize) -> Result<Layer, RewireError> {
    match part {
        Part::Dense { layer, .. } => widened(layer.clone(), units),
        Part::Kernel { kernel, .. } => kernel.as_reader(),
        Part::Normalization { .. } | Part::Constant { .. } => Layer::new(units, Vec::new(), Vec::new()),
    }
}

fn replace(part: &mut Part, new: Layer, read: bool) -> Result<(), RewireError> {
    match part {
        Part::Dense { layer, .. } if read => *layer = narrowed(new, layer.outputs(), layer.bias().to_vec())?,
        Part::Dense { layer, .. } | Part::Constant { layer, .. } => *layer = new,
        Part::Kernel { kernel, .. } if read => *kernel = kernel.with_reader(&new)?,
        Part::Kernel { kernel, .. } => *kernel = kernel.with_writer(&new)?,
        Part::Normalization { .. } => {}
    }
    Ok(())
}

/// A smaller value must fit wherever its sides are asked for.
fn check_shapes(view: &View<'_>, stream: &Stream) -> Result<(), String> {
    for &at in &stream.measured {
        let shape = view.graph.node[at].output.first().map_or("", String::as_str);
        let rows_only = |reader: &crate::graph::Reader| {
            let node = view.graph.node.get(reader.node);
            node.is_some_and(|node| {
                let first = || node.input.get(1).and_then(|index| view.constants().integers(index));
                domain(node).is_empty()
                    && node.op_type() == "Gather"
                    && reader.input == 0
                    && first().is_some_and(|i| i == [0])
            })
        };
        if view.is_output(shape) || !view.index.readers(shape).iter().all(rows_only) {
            return Err(format!("it cannot become smaller: {} computes with its sides", view.describe(at)));
        }
    }
    for &at in stream.links.keys().filter(|&&at| view.graph.node[at].op_type() == "Reshape") {
        let wanted = view.graph.node[at].input.get(1).map_or("", String::as_str);
        let asks =
            view.shapes.contains_key(wanted) && view.constants().integers(wanted).is_none() && !ends_free(view, wanted);
        if asks || !view.shapes.contains_key(wanted) {
            return Err(format!("it cannot become smaller: {} asks for sides that are computed", view.describe(at)));
        }
    }
    Ok(())
}

/// Whether a computed shape leaves its last side open, as `x.view(x.size(0), -1)` does.
fn ends_free(view: &View<'_>, shape: &str) -> bool {
    let Some(node) = view.index.producer(shape).map(|at| &view.graph.node[at]) else { return false };
    let last = node.input.last().and_then(|last| view.constants().integers(last));
    node.op_type() == "Concat" && last.is_some_and(|last| last == [-1])
}

/// Sides that are written down as constants become those of fewer units.
fn reshapes(view: &View<'_>, stream: &Stream, plan: &Plan, edit: &mut Edit) {
    for &at in stream.links.keys().filter(|&&at| view.graph.node[at].op_type() == "Reshape") {
        let wanted = view.graph.node[at].input.get(1).and_then(|name| view.constants().integers(name));
        let Some(mut sides) = wanted else { continue };
        if let Some(side) = sides.last_mut().filter(|side| **side > 0) {
            *side = *side / plan.units as i64 * plan.units_after() as i64;
            edit.integers(view, at, 1, &sides);
        }
    }
}

/// Products that are no values of the stream: before their bias is added.
pub(super) fn products(view: &View<'_>, stream: &Stream) -> Vec<String> {
    let product = |(writer, _): &(Writer, String)| match writer {
        Writer::Affine { node: AffineNode::Dense(dense), .. } => view.graph.node[dense.node].output.first().cloned(),
        _ => None,
    };
    let apart = |name: &String| !stream.values.contains_key(name);
    stream.writers.iter().filter_map(product).filter(apart).collect()
}

/// Declares the values of a stream, and products of its layers, with fewer units.
pub(super) fn redeclare(graph: &mut GraphProto, stream: &Stream, products: &[String], units: (usize, usize)) {
    for (value, layout) in &stream.values {
        let axis = (*layout == Layout::Channel).then_some(1);
        resize(graph, value, axis, units);
    }
    products.iter().for_each(|product| resize(graph, product, None, units));
}

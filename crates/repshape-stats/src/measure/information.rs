//! Mutual information of the units with the input and with the label, in nats (C18 sec. 5; Kolchinsky & Tracey 2017).

use super::{Reading, Value};
use crate::mutual_information::MutualInformation;

/// Lower bound of I(z;x).
pub(super) fn x_lower(reading: &Reading<'_>) -> Option<Value> {
    bounds(reading).map(|information| Value::Real(information.x_lower))
}

/// Upper bound of I(z;x).
pub(super) fn x_upper(reading: &Reading<'_>) -> Option<Value> {
    bounds(reading).map(|information| Value::Real(information.x_upper))
}

/// Estimate of I(z;y) from the lower bounds of its two entropies.
pub(super) fn y_lower(reading: &Reading<'_>) -> Option<Value> {
    bounds(reading)?.y_lower.map(Value::Real)
}

/// Estimate of I(z;y) from the upper bounds of its two entropies.
pub(super) fn y_upper(reading: &Reading<'_>) -> Option<Value> {
    bounds(reading)?.y_upper.map(Value::Real)
}

fn bounds<'r>(reading: &'r Reading<'_>) -> Option<&'r MutualInformation> {
    reading.information()?.as_ref().ok()
}

/// Over which rows, and whether these are too few.
pub(super) fn notes(reading: &Reading<'_>) -> Vec<String> {
    match reading.information() {
        None => vec!["no rows were sampled: mutual information is undefined".to_owned()],
        Some(Err(error)) => vec![format!("mutual information is undefined: {error}")],
        Some(Ok(information)) => {
            let (sampled, rows) = (information.rows, reading.sketch().rows());
            let sample = ((sampled as u64) < rows).then(|| format!("mi over a sample of {sampled} of {rows} rows"));
            let ceiling = information.x_at_ceiling.then(|| "mi bounds within 1% of ln N".to_owned());
            sample.into_iter().chain(spread(reading)).chain(ceiling).collect()
        }
    }
}

/// How far the bounds vary over further draws.
fn spread(reading: &Reading<'_>) -> Option<String> {
    let information = reading.information()?.as_ref().ok()?;
    if (information.rows as u64) == reading.sketch().rows() || reading.sketch().config().draws < 2 {
        return None;
    }
    let Some(spread) = reading.information_spread() else {
        return Some("mi varies with the draw of the sample; no room for further draws to say how far".to_owned());
    };
    let kept = reading.sketch().sample().kept();
    let overlap = if reading.draws_overlap() { format!(", which overlap, from {kept} rows") } else { String::new() };
    Some(format!(
        "mi values are of the first of {} draws of {} rows{overlap}; standard deviation over draws at most {:.2e} nats",
        spread.draws,
        information.rows,
        spread.largest()
    ))
}

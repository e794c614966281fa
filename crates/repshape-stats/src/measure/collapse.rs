//! Neural collapse: how far the rows of a class have come together (NC1, CDNV), how evenly the class means are spread
//! (NC2), how far the next layer follows them (NC3), and whether the nearest class mean decides (NC4).
//!
//! `M` is the K x I matrix of class means, `m` the mean of all rows, `Mc = M - m`,
//! `S_W = 1/N sum_n (z_n - mu_{y_n})(z_n - mu_{y_n})^T` and `S_B = 1/K Mc^T Mc`; K counts the classes that have rows.
//! All are undefined without labels, with one class, and where all class means are equal (to 16 units in the last place of
//! the rows' root mean square norm). The class-wise variance penalty (cw-VR) drives all of the first down: where the
//! classes are equally large, `tr S_W` is I times that penalty.

use std::f64::consts::SQRT_2;

use rayon::prelude::*;

use super::class_means::{ClassMeans, norm};
use super::over::{mean, mean_over_pairs};
use super::{Head, Reading, Value};
use crate::spectrum;

/// Eigenvalues of `S_B` up to this share of the largest are left out of its pseudoinverse: NumPy's default in `pinv`.
const PINV: f64 = 1e-15;

/// The class means, where they say anything.
fn means<'r>(reading: &'r Reading<'_>) -> Option<&'r ClassMeans> {
    reading.class_means().filter(|means| means.differ())
}

/// `tr(S_W pinv(S_B)) / K` (Papyan et al. 2020), at most `K - 1` eigenvalues of `S_B` being above 0.
///
/// With `Mc = sum_j s_j u_j v_j^T`, `S_B` is `sum_j (s_j^2 / K) v_j v_j^T`, so this is `sum_j v_j^T S_W v_j / s_j^2`: no
/// inverse is computed, and `s_j` is accurate to rounding of the largest.
pub(super) fn nc1(reading: &Reading<'_>) -> Option<Value> {
    let means = means(reading)?;
    let moments = reading.sketch().moments();
    let (within, units) = (moments.within_classes()?, reading.units());
    let singular = spectrum::singular(&means.centred, means.count(), units)?;
    let largest = singular.values[0];
    let directions: Vec<(f64, &[f64])> = singular
        .values
        .iter()
        .zip(singular.right.chunks_exact(units))
        .take(means.count() - 1)
        .filter(|(s, _)| (**s / largest).powi(2) > PINV)
        .map(|(s, direction)| (*s, direction))
        .collect();
    let shares: Vec<f64> =
        directions.par_iter().map(|(s, direction)| quadratic(&within, direction) / (s * s)).collect();
    Some(Value::Real(shares.iter().sum::<f64>() / moments.rows() as f64))
}

/// `v^T A v` of a positive semi-definite matrix of which the lower triangle is given.
fn quadratic(lower: &[f64], v: &[f64]) -> f64 {
    let of_row = |(i, row): (usize, &[f64])| {
        let below: f64 = row[..i].iter().zip(v).map(|(a, v)| a * v).sum();
        v[i] * (row[i] * v[i] + 2.0 * below)
    };
    lower.chunks_exact(v.len()).enumerate().map(of_row).sum::<f64>().max(0.0)
}

/// `tr S_W / tr S_B` (Tirer et al. 2023).
pub(super) fn quotient(reading: &Reading<'_>) -> Option<Value> {
    let means = means(reading)?;
    Some(Value::Real(means.within / means.between()))
}

/// Mean over the pairs of classes of `(w_k + w_l) / (2 norm(mu_k - mu_l)^2)`, `w_k` the trace of class k's covariance
/// (Galanti et al. 2021); undefined where two class means are equal.
pub(super) fn cdnv(reading: &Reading<'_>) -> Option<Value> {
    let means = means(reading)?;
    let least = means.resolution * means.resolution;
    let of_pair = |k: usize, l: usize| {
        let distance = means.squared_distance(k, l);
        // left in as infinity: the mean then shows that a pair is undefined
        let share = (means.variances[k] + means.variances[l]) / (2.0 * distance);
        Some(if distance > least { share } else { f64::INFINITY })
    };
    mean_over_pairs(means.count(), of_pair).filter(|mean| *mean < f64::INFINITY).map(Value::Real)
}

/// Standard deviation (1/K) over mean of the `norm(Mc_k)` (Papyan et al. 2020).
pub(super) fn equinorm(reading: &Reading<'_>) -> Option<Value> {
    let norms = &means(reading)?.norms;
    let centre = mean(norms.iter().copied())?;
    let variance = mean(norms.iter().map(|norm| (norm - centre) * (norm - centre)))?;
    Some(Value::Real(variance.sqrt() / centre))
}

/// Mean over the pairs of classes of `abs(cos(Mc_k, Mc_l) + 1/(K-1))` (Papyan et al. 2020); a class whose mean is that of
/// all rows has no direction and is left out.
pub(super) fn equiangular(reading: &Reading<'_>) -> Option<Value> {
    let means = means(reading)?;
    let expected = -1.0 / (means.count() - 1) as f64;
    let of_pair = |k: usize, l: usize| {
        let product: f64 = means.centred(k).iter().zip(means.centred(l)).map(|(a, b)| a * b).sum();
        let cosine = (product / means.norms[k] / means.norms[l]).clamp(-1.0, 1.0);
        (!means.is_central(k) && !means.is_central(l)).then(|| (cosine - expected).abs())
    };
    mean_over_pairs(means.count(), of_pair).map(Value::Real)
}

/// `norm_F(Mc Mc^T / norm_F(Mc Mc^T) - (I - 11^T/K)/sqrt(K-1))` (Kothapalli 2023).
pub(super) fn etf_error(reading: &Reading<'_>) -> Option<Value> {
    let means = means(reading)?;
    Some(Value::Real(from_simplex(&means.products(&means.centred), means.count())))
}

/// The same of `W Mc^T`, W the weights of the classes that have rows (Kothapalli 2023); undefined without a head, and
/// where the product is 0.
pub(super) fn duality(reading: &Reading<'_>) -> Option<Value> {
    let (means, head) = (means(reading)?, head(reading)?);
    let weights: Vec<f64> = means
        .classes
        .iter()
        .flat_map(|class| &head.weights()[class * head.units()..(class + 1) * head.units()])
        .copied()
        .collect();
    let products = means.products(&weights);
    let defined = norm(&products) > norm(&weights) * means.resolution;
    defined.then(|| Value::Real(from_simplex(&products, means.count())))
}

/// Distance of a K x K matrix over its norm from the simplex of K points over its own, from 0 to 2.
fn from_simplex(products: &[f64], count: usize) -> f64 {
    let (size, side) = (norm(products), ((count - 1) as f64).sqrt());
    let apart = |(at, product): (usize, &f64)| {
        let diagonal = f64::from(u8::from(at / count == at % count));
        product / size - (diagonal - 1.0 / count as f64) / side
    };
    norm(&products.iter().enumerate().map(apart).collect::<Vec<f64>>())
}

/// The largest value of `nc2_etf_error`: both matrices are positive semi-definite, so at right angles at most.
pub(super) const ETF_ERROR: f64 = SQRT_2;

/// The head, if it is for such rows.
fn head<'a>(reading: &Reading<'a>) -> Option<&'a Head> {
    reading.options().head.as_ref().filter(|head| head.fits(reading.sketch().config()))
}

/// Rows whose scores are computed at once.
const BLOCK: usize = 256;

/// Share of the sampled rows whose nearest class mean is not that of the class the head predicts (Papyan et al. 2020).
///
/// The means are those of [`Options::class_means`](super::Options::class_means), or else of the measured rows, of classes
/// that have any. The prediction is the first of the largest scores. Of means at equal distances, to rounding, the
/// predicted one counts as nearest.
pub(super) fn disagreement(reading: &Reading<'_>) -> Option<Value> {
    let head = head(reading)?;
    let units = reading.units();
    let centre = reading.sketch().moments().all.mean();
    let (classes, centred): (Vec<usize>, Vec<f64>) = match &reading.options().class_means {
        None => {
            let means = reading.class_means()?;
            (means.classes.clone(), means.centred.clone())
        }
        Some(given) if given.len() == head.weights().len() => {
            let apart = |mean: &[f64]| mean.iter().zip(&centre).map(|(mean, centre)| mean - centre).collect::<Vec<_>>();
            ((0..head.classes()).collect(), given.chunks_exact(units).flat_map(apart).collect())
        }
        Some(_) => return None,
    };
    // norm(z - mu_k)^2 = norm(z - m)^2 - 2 (z - m)(mu_k - m) + norm(mu_k - m)^2, all about the mean of the rows
    let halves: Vec<f64> = centred.chunks_exact(units).map(|mean| 0.5 * norm(mean).powi(2)).collect();
    let place = |class: usize| classes.iter().position(|&other| other == class);
    let places: Vec<Option<usize>> = (0..head.classes()).map(place).collect();
    let sample = reading.sample();
    let of_block = |rows: &[f64]| {
        let count = rows.len() / units;
        let mut scores = vec![0.0; count * head.classes()];
        crate::gram::row_products(&mut scores, rows, head.weights(), units);
        let apart: Vec<f64> =
            rows.chunks_exact(units).flat_map(|z| z.iter().zip(&centre).map(|(z, centre)| z - centre)).collect();
        let mut nearness = vec![0.0; count * classes.len()];
        crate::gram::row_products(&mut nearness, &apart, &centred, units);
        let of_row = |((scores, nearness), z): ((&[f64], &[f64]), &[f64])| {
            let scores = scores.iter().zip(head.bias()).map(|(score, bias)| score + bias);
            let predicted = first_largest(scores);
            let near: Vec<f64> = nearness.iter().zip(&halves).map(|(product, half)| product - half).collect();
            let nearest = near.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let farthest = halves.iter().copied().fold(0.0, f64::max);
            let rounding = TIE * (0.5 * norm(z).powi(2) + farthest);
            places[predicted].is_none_or(|place| near[place] < nearest - rounding)
        };
        let rows = scores.chunks_exact(head.classes()).zip(nearness.chunks_exact(classes.len()));
        rows.zip(apart.chunks_exact(units)).filter(|row| of_row(*row)).count()
    };
    let disagree: usize = sample.values.par_chunks(BLOCK * units).map(of_block).sum();
    (!sample.indices.is_empty()).then(|| Value::Real(disagree as f64 / sample.indices.len() as f64))
}

/// Two squared distances that differ by less than this share of the squared norms are equal.
const TIE: f64 = 1e-12;

/// The place of the largest value, of equal ones the first.
fn first_largest(values: impl Iterator<Item = f64>) -> usize {
    let larger = |(at, best): (usize, f64), (other, value): (usize, f64)| {
        if value > best { (other, value) } else { (at, best) }
    };
    values.enumerate().fold((0, f64::NEG_INFINITY), larger).0
}

/// What the geometry of the class means leaves out.
pub(super) fn notes(reading: &Reading<'_>) -> Vec<String> {
    match reading.class_means() {
        Some(means) if means.count() == 1 => vec!["rows of one class only: neural collapse is undefined".to_owned()],
        Some(means) if !means.differ() => vec!["all class means are equal: neural collapse is undefined".to_owned()],
        _ => Vec::new(),
    }
}

/// The same and a pair of classes without a distance.
pub(super) fn cdnv_notes(reading: &Reading<'_>) -> Vec<String> {
    let undefined = means(reading).is_some() && cdnv(reading).is_none();
    let mut notes = notes(reading);
    notes.extend(undefined.then(|| "the means of two classes are equal: cdnv is undefined".to_owned()));
    notes
}

/// The same and classes without a direction.
pub(super) fn equiangular_notes(reading: &Reading<'_>) -> Vec<String> {
    let mut notes = notes(reading);
    let central = means(reading).map_or(0, |means| (0..means.count()).filter(|&k| means.is_central(k)).count());
    if central > 0 {
        let classes = if central == 1 { "class has its mean" } else { "classes have their means" };
        notes.push(format!("{central} {classes} at that of all rows: left out of nc2_equiangular"));
    }
    notes
}

/// Whether the head is for such rows.
pub(super) fn duality_notes(reading: &Reading<'_>) -> Vec<String> {
    let config = reading.sketch().config();
    match &reading.options().head {
        Some(head) if !head.fits(config) => vec![format!(
            "the head takes {} units and gives {} classes, the rows have {} and {}: nc3_duality and nc4_disagreement are undefined",
            head.units(),
            head.classes(),
            config.units,
            config.classes.unwrap_or(0)
        )],
        Some(_) => notes(reading),
        None => Vec::new(),
    }
}

/// Which rows and which means.
pub(super) fn disagreement_notes(reading: &Reading<'_>) -> Vec<String> {
    let Some(head) = head(reading) else { return duality_notes(reading) };
    let mut notes = Vec::new();
    let (sampled, rows) = (reading.sketch().sample().len(), reading.sketch().rows());
    if (sampled as u64) < rows {
        notes.push(format!("nc4_disagreement over a sample of {sampled} of {rows} rows"));
    }
    match &reading.options().class_means {
        None => notes.push("nc4_disagreement by the class means of the measured rows, not of training rows".to_owned()),
        Some(means) if means.len() != head.weights().len() => notes.push(format!(
            "{} values are no class means of {} classes and {} units: nc4_disagreement is undefined",
            means.len(),
            head.classes(),
            head.units()
        )),
        Some(_) => {}
    }
    notes
}

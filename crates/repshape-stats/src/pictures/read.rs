//! Reads the pictures of a site from its sketch.

use super::{ClassHistogram, Components, Pictures, Scatter};
use crate::measure::Reading;
use crate::sample::SampledRows;
use crate::{Options, Sketch, spectrum};

/// Points of a scatter: more would only blacken the page.
const POINTS: usize = 1000;

/// Bins of the histogram.
const BINS: usize = 30;

/// Axes of the principal components.
const AXES: usize = 3;

/// The pictures of a site: matrices from the moments of all rows, the rest from the sampled rows. The histogram and
/// the scatter show the units of largest variance (of equal ones the first); a site of one unit shows it twice.
/// `None` if no rows were seen or sampled.
///
/// ```
/// use repshape_stats::{Block, Sketch, SketchConfig, pictures};
/// let mut sketch = Sketch::new(&SketchConfig::new(2))?;
/// assert!(pictures(&sketch).is_none());
/// sketch.update(&Block::new(&[0.0, 5.0, 1.0, 5.0, 2.0, 9.0][..], 2)?)?;
/// let pictures = pictures(&sketch).unwrap();
/// assert_eq!(pictures.scatter.units, [1, 0]);
/// assert_eq!(pictures.scatter.points, [[5.0, 0.0], [5.0, 1.0], [9.0, 2.0]]);
/// # Ok::<(), repshape_stats::StatsError>(())
/// ```
#[must_use]
pub fn pictures(sketch: &Sketch) -> Option<Pictures> {
    let options = Options::default();
    let reading = Reading::new(sketch, &options);
    let (covariance, variances) = (reading.covariance()?, reading.variances()?);
    let units = reading.units();
    let sample = sketch.sample().read();
    if sample.indices.is_empty() {
        return None;
    }
    let points = sketch.sample().read_at_most(POINTS);

    let mut order: Vec<usize> = (0..units).collect();
    order.sort_by(|&a, &b| variances[b].total_cmp(&variances[a]));
    let shown = [order[0], *order.get(1).unwrap_or(&order[0])];

    let rows = sketch.rows() as f64;
    Some(Pictures {
        units,
        correlation: correlation(covariance, variances),
        covariance: covariance.iter().map(|&c| c as f32).collect(),
        sparsity: sketch.moments().units.zeros.iter().map(|&zeros| (zeros as f64 / rows) as f32).collect(),
        histogram: histogram(&sample, units, shown[0], sketch.config().classes),
        scatter: Scatter {
            units: shown,
            points: points.values.chunks_exact(units).map(|z| shown.map(|unit| z[unit] as f32)).collect(),
            labels: points.labels.clone(),
        },
        components: components(&points, covariance, &sketch.moments().all.mean()),
    })
}

fn correlation(covariance: &[f64], variances: &[f64]) -> Vec<Option<f32>> {
    let units = variances.len();
    let rho = |at: usize| {
        let (i, j) = (at / units, at % units);
        let scale = variances[i].sqrt() * variances[j].sqrt();
        (scale > 0.0).then(|| if i == j { 1.0 } else { (covariance[at] / scale).clamp(-1.0, 1.0) as f32 })
    };
    (0..units * units).map(rho).collect()
}

fn histogram(sample: &SampledRows, units: usize, unit: usize, classes: Option<usize>) -> ClassHistogram {
    let values = || sample.values.chunks_exact(units).map(|z| z[unit]);
    let (low, high) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), z| (low.min(z), high.max(z)));
    // a single value stands in the middle of bins of a visible width
    let (low, high) =
        if low < high { (low, high) } else { (low - low.abs().max(1.0) / 2.0, low + low.abs().max(1.0) / 2.0) };
    let edges: Vec<f64> =
        (0..=BINS).map(|edge| edge as f64 / BINS as f64).map(|share| low * (1.0 - share) + high * share).collect();
    let mut counts = vec![vec![0; BINS]; classes.unwrap_or(1)];
    for (n, z) in values().enumerate() {
        // by the edges themselves, so that a value on an edge is in the bin above it
        let bin = edges.partition_point(|&edge| edge <= z).clamp(1, BINS) - 1;
        let class = sample.labels.get(n).map_or(0, |&label| label as usize);
        counts[class][bin] += 1;
    }
    ClassHistogram { unit, edges, counts }
}

fn components(points: &SampledRows, covariance: &[f64], mean: &[f64]) -> Components {
    let units = mean.len();
    let eigen = spectrum::eigen(covariance, units);
    let total: f64 = eigen.values.iter().map(|l| l.max(0.0)).sum();
    let axes = if total > 0.0 { AXES.min(units) } else { 0 };
    let project = |z: &[f64]| {
        let mut point = [0.0; AXES];
        for (coordinate, axis) in point.iter_mut().zip(eigen.vectors.chunks_exact(units)).take(axes) {
            *coordinate = z.iter().zip(mean).zip(axis).map(|((z, mean), axis)| (z - mean) * axis).sum::<f64>() as f32;
        }
        point
    };
    Components {
        variance_share: eigen.values[..axes].iter().map(|l| l.max(0.0) / total).collect(),
        points: points.values.chunks_exact(units).map(project).collect(),
        labels: points.labels.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Block, SketchConfig};

    /// Seven rows on a line along (2, 1) through the mean, unit 2 constant.
    fn sketch() -> Sketch {
        let steps = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0];
        let z: Vec<f64> = steps.iter().flat_map(|t| [t + 5.0, 2.0 * t - 1.0, 7.0]).collect();
        let mut sketch = Sketch::new(&SketchConfig::new(3).with_classes(4)).unwrap();
        sketch.update(&Block::new(&z[..], 3).unwrap().with_labels(&[0, 0, 1, 1, 1, 3, 3]).unwrap()).unwrap();
        sketch
    }

    #[test]
    fn matrices_leave_constant_units_undefined() {
        let pictures = pictures(&sketch()).unwrap();
        assert_eq!(pictures.covariance, [4.0, 8.0, 0.0, 8.0, 16.0, 0.0, 0.0, 0.0, 0.0]);
        let one = Some(1.0);
        assert_eq!(pictures.correlation, [one, one, None, one, one, None, None, None, None]);
    }

    #[test]
    fn histogram_counts_each_class_between_the_extremes() {
        let histogram = pictures(&sketch()).unwrap().histogram;
        assert_eq!(
            (histogram.unit, histogram.edges.len(), histogram.edges[0], histogram.edges[30]),
            (1, 31, -7.0, 5.0)
        );
        assert!(histogram.edges.is_sorted_by(|a, b| a < b));
        let per_class: Vec<u64> = histogram.counts.iter().map(|bins| bins.iter().sum()).collect();
        assert_eq!(per_class, [2, 3, 0, 2]);
        // -7 in the first bin, 5 in the last, closed one; -5 is 2 / 0.4 = 5 bins up
        assert_eq!((histogram.counts[0][0], histogram.counts[0][5], histogram.counts[3][29]), (1, 1, 1));
    }

    #[test]
    fn components_lie_on_the_axis_of_largest_variance() {
        let components = pictures(&sketch()).unwrap().components;
        assert!((components.variance_share[0] - 1.0).abs() < 1e-12, "{:?}", components.variance_share);
        for (point, t) in components.points.iter().zip([-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0_f32]) {
            assert!((point[0] - t * 5.0_f32.sqrt()).abs() < 1e-5 && point[1].abs() < 1e-5, "{point:?}");
        }
    }

    #[test]
    fn a_constant_site_has_pictures_too() {
        let mut sketch = Sketch::new(&SketchConfig::new(1)).unwrap();
        sketch.update(&Block::new(&[2.0_f32; 4][..], 1).unwrap()).unwrap();
        let pictures = pictures(&sketch).unwrap();
        assert_eq!(pictures.histogram.counts[0].iter().sum::<u64>(), 4);
        assert!(pictures.histogram.edges.is_sorted_by(|a, b| a < b));
        assert_eq!(pictures.scatter.units, [0, 0]);
        assert!(pictures.components.variance_share.is_empty());
    }

    #[test]
    fn scatters_are_bounded() {
        let z: Vec<f32> = (0..4000).map(|n| n as f32).collect();
        let mut sketch = Sketch::new(&SketchConfig::new(2)).unwrap();
        sketch.update(&Block::new(&z[..], 2).unwrap()).unwrap();
        let pictures = pictures(&sketch).unwrap();
        assert_eq!((pictures.scatter.points.len(), pictures.components.points.len()), (1000, 1000));
    }
}

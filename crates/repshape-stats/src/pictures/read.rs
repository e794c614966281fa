//! Reads the pictures of a site from its sketch.

use super::{ClassHistogram, Pictures, Scatter, cluster, components};
use crate::measure::Reading;
use crate::sample::SampledRows;
use crate::{Options, Sketch};

/// Points of a scatter: more would only blacken the page.
const POINTS: usize = 1000;

/// Bins of the histogram.
const BINS: usize = 30;

/// The pictures of a site: correlations, spectrum, variances and zeros from the moments of all rows, the rest from the
/// sampled rows. The histogram and the scatter show the units of largest variance (of equal ones the first); a site of
/// one unit shows it twice. Where the moments of pairs were not kept, correlations and eigenvalues are empty.
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
    let variances = reading.variances()?;
    let units = reading.units();
    let sample = sketch.sample().read();
    if sample.indices.is_empty() {
        return None;
    }
    let points = sketch.sample().read_at_most(POINTS);

    let mut by_variance: Vec<usize> = (0..units).collect();
    by_variance.sort_by(|&a, &b| variances[b].total_cmp(&variances[a]));
    let shown = [by_variance[0], *by_variance.get(1).unwrap_or(&by_variance[0])];
    by_variance.truncate(Pictures::MATRIX_UNITS);
    by_variance.sort_unstable();
    let matrix_units = by_variance;

    let covariance = reading.covariance();
    let correlation = covariance.map(|c| correlation(c, variances, &matrix_units)).unwrap_or_default();
    let eigenvalues = reading.eigenvalues().unwrap_or_default();
    let rows = sketch.rows() as f64;
    let of_units = &sketch.moments().units;
    let mean = sketch.moments().all.mean();
    Some(Pictures {
        units,
        order: cluster::order(&correlation, matrix_units.len()),
        correlation,
        matrix_units,
        eigenvalues: eigenvalues[..eigenvalues.len().min(Pictures::EIGENVALUES)].to_vec(),
        variances: variances.iter().map(|&v| v as f32).collect(),
        sparsity: of_units.zeros.iter().map(|&zeros| (zeros as f64 / rows) as f32).collect(),
        dead: (0..units).filter(|&unit| of_units.is_dead(unit)).collect(),
        histogram: histogram(&sample, units, shown[0], sketch.config().classes),
        scatter: Scatter {
            units: shown,
            points: points.values.chunks_exact(units).map(|z| shown.map(|unit| z[unit] as f32)).collect(),
            labels: points.labels.clone(),
        },
        components: match covariance {
            Some(covariance) => components::of_covariance(&points, covariance, &mean),
            None => components::of_sample(&points, units),
        },
    })
}

fn correlation(covariance: &[f64], variances: &[f64], of: &[usize]) -> Vec<Option<f32>> {
    let units = variances.len();
    let rho = |i: usize, j: usize| {
        let scale = variances[i].sqrt() * variances[j].sqrt();
        let r = || if i == j { 1.0 } else { (covariance[i * units + j] / scale).clamp(-1.0, 1.0) as f32 };
        (scale > 0.0).then(r)
    };
    of.iter().flat_map(|&i| of.iter().map(move |&j| rho(i, j))).collect()
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
        assert_eq!((pictures.matrix_units, pictures.order), (vec![0, 1, 2], vec![0, 1, 2]));
        assert_eq!(pictures.variances, [4.0, 16.0, 0.0]);
        // 4 and 16 on one axis
        assert!((pictures.eigenvalues[0] - 20.0).abs() < 1e-12 && pictures.eigenvalues[1] < 1e-12);
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
    fn wide_sites_show_the_units_of_largest_variance() {
        // the variance of unit i grows with i; unit 0 is dead
        let units = 300;
        let z: Vec<f64> = (0..8 * units).map(|at| ((at % units) * ((at / units * 5 + at) % 7)) as f64).collect();
        let mut sketch = Sketch::new(&SketchConfig { positive_pairs: false, ..SketchConfig::new(units) }).unwrap();
        sketch.update(&Block::new(&z[..], units).unwrap()).unwrap();
        let pictures = pictures(&sketch).unwrap();
        assert_eq!(pictures.dead, [0]);
        assert_eq!((pictures.matrix_units.len(), pictures.correlation.len()), (256, 256 * 256));
        let least = pictures.matrix_units.iter().map(|&unit| pictures.variances[unit]).fold(f32::MAX, f32::min);
        let left_out = (0..units).filter(|unit| !pictures.matrix_units.contains(unit));
        assert!(left_out.into_iter().all(|unit| pictures.variances[unit] <= least));
        let mut order = pictures.order.clone();
        order.sort_unstable();
        assert!(order.into_iter().eq(0..256));
        assert!(pictures.correlation.iter().all(|r| r.is_some_and(|r| r.abs() <= 1.0)));
    }

    #[test]
    fn pictures_of_an_older_version_are_read() {
        let old = serde_json::json!({
            "units": 1, "correlation": [1.0], "covariance": [2.0], "sparsity": [0.5],
            "histogram": { "unit": 0, "edges": [0.0, 1.0], "counts": [[2]] },
            "scatter": { "units": [0, 0], "points": [], "labels": [] },
            "components": { "variance_share": [1.0], "points": [], "labels": [] },
        });
        let read: Pictures = serde_json::from_value(old).unwrap();
        assert_eq!((read.units, read.correlation, read.sparsity), (1, vec![Some(1.0)], vec![0.5]));
        assert!(read.matrix_units.is_empty() && read.eigenvalues.is_empty());
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

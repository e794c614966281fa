//! The rows of a run: read, split, and reduced to principal components where the spec says so.

use repshape_data::{DataSet, Projection, Test, Tuning};
use repshape_stats::moments::Comoment;
use repshape_stats::spectrum::eigen;
use repshape_stats::{Block, SampleSize, Sketch, SketchConfig};

use crate::command::data;
use crate::failure::{Failure, Outcome};
use crate::spec::RunSpec;

/// Rows of a block when the moments of the columns are taken.
const BLOCK: usize = 1000;

/// The rows that a run is trained, tuned and tested on.
pub fn rows(run: &RunSpec) -> Outcome<(Tuning, Test)> {
    split(run, &data::read(&run.data)?)
}

/// The same from a data set at hand.
pub fn split(run: &RunSpec, set: &DataSet) -> Outcome<(Tuning, Test)> {
    let (mut tuning, mut test) = set.split(&run.split())?;
    if let Some(components) = run.components {
        let columns = tuning.train.columns();
        if components == 0 || components > columns {
            return Err(Failure::usage(format!(
                "components is {components}; the rows of {} have {columns} columns, so 1 to {columns} can be kept",
                run.data
            )));
        }
        let moments = column_moments(tuning.train.values(), columns)?;
        projection(&moments, components).apply(&mut tuning, &mut test)?;
    }
    Ok((tuning, test))
}

/// Means and covariances of the columns.
fn column_moments(values: &[f32], columns: usize) -> Outcome<Comoment> {
    let config = SketchConfig { positive_pairs: false, sample: SampleSize::AtMost(1), ..SketchConfig::new(columns) };
    // only the moments of all rows are read
    let mut sketch = Sketch::new(&config)?;
    for (number, block) in values.chunks(BLOCK * columns).enumerate() {
        sketch.update(&Block::new(block, columns)?.starting_at((number * BLOCK) as u64))?;
    }
    Ok(sketch.moments().all.clone())
}

/// The map onto the axes of largest variance, largest first.
fn projection(moments: &Comoment, components: usize) -> Projection {
    let columns = moments.units();
    let pairs = (0..columns).flat_map(|i| (0..columns).map(move |j| (i, j)));
    let covariance: Vec<f64> = pairs.map(|(i, j)| moments.covariance(i, j).unwrap_or(0.0)).collect();
    let mut axes = eigen(&covariance, columns).vectors;
    axes.truncate(components * columns);
    Projection { mean: moments.mean(), axes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_of_the_training_rows_are_uncorrelated_and_in_order() {
        let mut run: RunSpec = toml::from_str(
            "data = \"digits\"\nnetwork = \"mlp:4\"\nepochs = 1\nbatch-size = 10\noptimizer = \"adam:1e-3\"\ncomponents = 5",
        )
        .unwrap();
        let (tuning, test) = rows(&run).unwrap();
        assert_eq!((tuning.train.columns(), tuning.validation.columns(), test.columns()), (5, 5, 5));
        let moments = column_moments(tuning.train.values(), 5).unwrap();
        let variance = |i| moments.covariance(i, i).unwrap();
        for i in 0..5 {
            assert!(moments.mean()[i].abs() < 1e-6, "centred by the training rows");
            for j in 0..i {
                assert!(moments.covariance(i, j).unwrap().abs() < 1e-6 * variance(0));
                assert!(variance(i) <= variance(j));
            }
        }
        // all components keep all distances: here the total variance
        run.components = Some(64);
        let total = |run: &RunSpec| {
            let (tuning, _) = rows(run).unwrap();
            let moments = column_moments(tuning.train.values(), 64).unwrap();
            (0..64).map(|i| moments.covariance(i, i).unwrap()).sum::<f64>()
        };
        let turned = total(&run);
        run.components = None;
        assert!((turned - total(&run)).abs() < 1e-5 * turned);
        run.components = Some(65);
        assert!(rows(&run).unwrap_err().message.contains("have 64 columns, so 1 to 64 can be kept"));
    }
}

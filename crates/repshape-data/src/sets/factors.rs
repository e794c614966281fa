//! `factors=D`: a classification of which D Gaussian factors are all there is to know.

use super::generated::{Parameters, add_product, count, normals, number, uniform};
use super::{Place, Source};
use crate::set::{Classes, DataSet, Part, Values};
use crate::{Purpose, Result, below, shuffle, stream};

pub(super) const SOURCE: Source = Source {
    name: "factors",
    what: "generated: classes of D Gaussian factors, rotated into 1,000 columns; keys columns, classes, clusters, train, test, seed",
    form: "factors=D[,KEY:N...]",
    licence: "generated",
    origin: "Choi, Lee, Shin & Rhee (2018), section 4.3, in the manner of scikit-learn's make_classification",
    place: Place::Files,
    load,
};

/// Share of labels that are drawn anew, as in scikit-learn.
const FLIPPED: f64 = 0.01;

/// Each cluster has its centre at a corner of the cube `{-1, 1}^D`, and in it standard normal factors through a matrix of its
/// own with entries `U(-1, 1)`; clusters go to classes in turn; D orthonormal axes carry the factors into the columns.
fn load(location: &str) -> Result<DataSet> {
    let keys = [
        count("columns", 1_000),
        count("classes", 10),
        count("clusters", 2),
        count("train", 10_000),
        count("test", 5_000),
        number("seed", 0),
    ];
    let parameters = Parameters::read(location, SOURCE.form, &keys)?;
    let (factors, columns) = (parameters.first, parameters.size("columns"));
    let (wide, deep) = (columns as u64, factors as u64);
    let clusters = parameters.get("classes").saturating_mul(parameters.get("clusters"));
    let rows = parameters.get("train").saturating_add(parameters.get("test"));
    parameters.check_size(SOURCE.form, &[(rows, wide), (clusters, deep.saturating_mul(deep)), (deep, wide)])?;
    if factors > columns {
        return Err(crate::DataError::Request(format!(
            "{}: {factors} factors do not fit {columns} columns",
            SOURCE.form
        )));
    }
    let seed = parameters.get("seed");
    let maps = Maps::draw(factors, columns, clusters as usize, seed);
    let classes = parameters.size("classes");
    let part = |rows: usize, index: u64| maps.part(&format!("factors={location}"), rows, classes, seed, index);
    let classes = Some(Classes { count: classes, names: None });
    DataSet::new("factors", &[columns], part(parameters.size("train"), 1), part(parameters.size("test"), 2), classes)
}

struct Maps {
    factors: usize,
    columns: usize,
    /// Of each cluster: its centre and its matrix `factors x factors`.
    clusters: Vec<(Vec<f64>, Vec<f64>)>,
    /// `factors x columns`, rows orthonormal.
    axes: Vec<f64>,
}

impl Maps {
    fn draw(factors: usize, columns: usize, clusters: usize, seed: u64) -> Self {
        let mut rng = stream(seed, Purpose::Sample, 0);
        let clusters = (0..clusters).map(|_| {
            let centre = (0..factors).map(|_| if below(&mut rng, 2) == 0 { -1.0 } else { 1.0 }).collect();
            (centre, (0..factors * factors).map(|_| 2.0 * uniform(&mut rng) - 1.0).collect())
        });
        let clusters = clusters.collect();
        let mut axes = normals(factors * columns, &mut rng);
        orthonormalize(&mut axes, columns);
        Self { factors, columns, clusters, axes }
    }

    /// Rows in a random order, as many of each cluster as of every other but for one.
    fn part(&self, name: &str, rows: usize, classes: usize, seed: u64, index: u64) -> Part {
        let mut rng = stream(seed, Purpose::Sample, index);
        let mut of: Vec<usize> = (0..rows).map(|row| row % self.clusters.len()).collect();
        shuffle(&mut of, &mut rng);
        let mut values = Vec::with_capacity(rows * self.columns);
        let mut labels = Vec::with_capacity(rows);
        let mut x = vec![0.0; self.columns];
        for cluster in of {
            let (centre, matrix) = &self.clusters[cluster];
            let mut z = centre.clone();
            add_product(&normals(self.factors, &mut rng), matrix, &mut z);
            x.fill(0.0);
            add_product(&z, &self.axes, &mut x);
            values.extend(x.iter().map(|&x| x as f32));
            let drawn = below(&mut rng, classes as u64) as u32;
            labels.push(if uniform(&mut rng) < FLIPPED { drawn } else { (cluster % classes) as u32 });
        }
        Part {
            file: name.to_owned(),
            values: Values::Reals(values),
            labels_file: name.to_owned(),
            labels: Some(labels),
        }
    }
}

/// Gram and Schmidt, twice each, so that rounding leaves no angle.
fn orthonormalize(rows: &mut [f64], columns: usize) {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    for at in 0..rows.len() / columns {
        let (before, row) = rows.split_at_mut(at * columns);
        let row = &mut row[..columns];
        for _ in 0..2 {
            for other in before.chunks_exact(columns) {
                let along = dot(row, other);
                row.iter_mut().zip(other).for_each(|(x, o)| *x -= along * o);
            }
        }
        let length = dot(row, row).sqrt();
        row.iter_mut().for_each(|x| *x /= length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SplitSpec;

    #[test]
    fn axes_are_orthonormal() {
        let mut rows = normals(4 * 7, &mut stream(2, Purpose::Sample, 0));
        orthonormalize(&mut rows, 7);
        for i in 0..4 {
            for j in 0..4 {
                let dot: f64 = (0..7).map(|k| rows[7 * i + k] * rows[7 * j + k]).sum();
                assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn classes_are_even_and_the_rows_have_the_variance_of_the_definition() {
        let set = load("5,columns:12,train:3000,test:500,classes:3,seed:1").unwrap();
        assert_eq!((set.train_rows(), set.test_rows(), set.columns()), (3000, 500, 12));
        let (tuning, _) =
            set.split(&SplitSpec { validation: Some(crate::Hold::Rows(0)), ..SplitSpec::default() }).unwrap();
        let labels = tuning.train.labels().unwrap();
        for class in 0..3 {
            let count = labels.iter().filter(|&&label| label == class).count();
            // 1,000 but for the one in a hundred that is drawn anew
            assert!(count.abs_diff(1000) < 25, "{count} rows of class {class}");
        }
        // the axes keep lengths: a row's mean square is the factors' centre, 5, and 5 * 5 / 3 of the matrix's entries
        let square: f64 = tuning.train.values().iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / 3000.0;
        assert!((square - (5.0 + 25.0 / 3.0)).abs() < 3.0, "{square}");
        assert!(load("13,columns:12").err().unwrap().to_string().contains("13 factors do not fit 12 columns"));
    }
}

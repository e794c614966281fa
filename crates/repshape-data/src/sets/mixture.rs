//! `mixture=D`: D independent Gaussians behind a random linear map.

use super::generated::{Parameters, add_product, count, normals, number, uniform};
use super::{Place, Source};
use crate::error::DataError;
use crate::set::{DataSet, Part, Values};
use crate::{Purpose, Result, stream};

pub(super) const SOURCE: Source = Source {
    name: "mixture",
    what: "generated: x = Omega z, z of D independent Gaussians, no labels; keys columns, train, test, seed, spread",
    form: "mixture=D[,KEY:N...]",
    licence: "generated",
    origin: "Kågebäck & Mogren (2017), section 3.2",
    place: Place::Files,
    load,
};

/// `x = Omega z` with `z_i ~ N(0, s_i^2)`, `s_i ~ U(1 - S, 1 + S)` and `Omega_ij ~ N(0, 1)`, drawn by the seed; S is `spread` in
/// percent, below 100 so that no factor is degenerate.
fn load(location: &str) -> Result<DataSet> {
    let keys =
        [count("columns", 10), count("train", 10_000), count("test", 2_000), number("seed", 0), number("spread", 50)];
    let parameters = Parameters::read(location, SOURCE.form, &keys)?;
    let (factors, columns) = (parameters.first, parameters.size("columns"));
    let (wide, rows) = (columns as u64, parameters.get("train").saturating_add(parameters.get("test")));
    parameters.check_size(SOURCE.form, &[(rows, wide), (rows, factors as u64), (factors as u64, wide)])?;
    let (seed, spread) = (parameters.get("seed"), parameters.get("spread"));
    if spread >= 100 {
        let found = format!("{}: spread is {spread}; expected a percentage from 0 to 99", SOURCE.form);
        return Err(DataError::Request(found));
    }
    let spread = spread as f64 / 100.0;
    let mut rng = stream(seed, Purpose::Sample, 0);
    let deviations: Vec<f64> = (0..factors).map(|_| 1.0 - spread + 2.0 * spread * uniform(&mut rng)).collect();
    // the deviations go into the map: z itself is standard normal
    let mut map = normals(factors * columns, &mut rng);
    for (line, deviation) in map.chunks_exact_mut(columns).zip(&deviations) {
        line.iter_mut().for_each(|m| *m *= deviation);
    }
    let part = |rows: usize, index: u64| {
        let mut rng = stream(seed, Purpose::Sample, index);
        let mut values = Vec::with_capacity(rows * columns);
        let mut x = vec![0.0; columns];
        for _ in 0..rows {
            x.fill(0.0);
            add_product(&normals(factors, &mut rng), &map, &mut x);
            values.extend(x.iter().map(|&x| x as f32));
        }
        let name = format!("mixture={location}");
        Part { file: name.clone(), values: Values::Reals(values), labels_file: name, labels: None }
    };
    DataSet::new("mixture", &[columns], part(parameters.size("train"), 1), part(parameters.size("test"), 2), None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SplitSpec;

    #[test]
    fn factors_without_a_spread_are_alike() {
        // of so many factors each column has the sum of their variances, times the squares of its map
        let deviation = |spread: &str| {
            let set = load(&format!("400,columns:1,train:2000,test:1,seed:1{spread}")).unwrap();
            let (tuning, _) = set.split(&SplitSpec::default()).unwrap();
            let rows = tuning.train.rows();
            ((0..rows).map(|row| f64::from(tuning.train.row(row)[0]).powi(2)).sum::<f64>() / rows as f64).sqrt()
        };
        // E s^2 = 1 + S^2/3: 1.083 at 50 percent; the draws are the same, so the ratio is close
        assert!((deviation("") / deviation(",spread:0") - (1.0_f64 + 0.25 / 3.0).sqrt()).abs() < 0.02);
        assert_eq!(deviation(""), deviation(",spread:50"));
        let error = load("4,spread:100").unwrap_err().to_string();
        assert!(error.contains("spread is 100; expected a percentage from 0 to 99"), "{error}");
    }

    #[test]
    fn rows_lie_in_a_space_of_as_many_dimensions_as_factors() {
        let set = load("2,columns:3,train:50,test:20,seed:5").unwrap();
        assert_eq!((set.train_rows(), set.test_rows(), set.columns()), (50, 20, 3));
        assert!(set.classes().is_none());
        let (tuning, test) = set.split(&SplitSpec::default()).unwrap();
        // three rows of a plane have no volume, rows of training and of test alike
        let determinant = |a: &[f32], b: &[f32], c: &[f32]| {
            let [a, b, c] = [a, b, c].map(|row| [0, 1, 2].map(|i| f64::from(row[i])));
            a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])
        };
        assert!(determinant(tuning.train.row(0), tuning.train.row(1), test.row(3)).abs() < 1e-4);
        assert_ne!(tuning.train.row(0), test.row(0));
        let other = load("2,columns:3,train:50,test:20,seed:6").unwrap().split(&SplitSpec::default()).unwrap().0;
        assert!(determinant(tuning.train.row(0), tuning.train.row(1), other.train.row(0)).abs() > 1e-3);
    }
}

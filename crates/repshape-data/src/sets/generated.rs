//! What generated data sets share: parameters in their text form, and normal numbers.

use std::f64::consts::TAU;

use rand::Rng;

use crate::Result;
use crate::error::DataError;

/// Most values that a generated set may have: 1 GiB.
const MOST_VALUES: u64 = 1 << 28;

/// A key that may stand behind the first number.
pub(super) struct Key {
    name: &'static str,
    /// The value where it is not named.
    value: u64,
    least: u64,
}

/// A key that counts something: at least 1.
pub(super) const fn count(name: &'static str, value: u64) -> Key {
    Key { name, value, least: 1 }
}

/// A key that may be 0.
pub(super) const fn number(name: &'static str, value: u64) -> Key {
    Key { name, value, least: 0 }
}

/// The parameters of a generated data set: one number, then `KEY:NUMBER` in any order.
pub(super) struct Parameters {
    /// The first number.
    pub first: usize,
    values: Vec<(&'static str, u64)>,
}

impl Parameters {
    /// Reads `10,rows:500`.
    pub fn read(text: &str, form: &str, keys: &[Key]) -> Result<Self> {
        let refuse = |problem: String| {
            let keys: Vec<String> = keys.iter().map(|key| format!("{}:{}", key.name, key.value)).collect();
            DataError::Request(format!("{form}: {problem}; expected a number, then any of {}", keys.join(", ")))
        };
        let mut parts = text.split(',');
        let first = parts.next().unwrap_or_default().trim();
        let first: usize = first.parse().map_err(|_| refuse(format!("\"{first}\" is no whole number")))?;
        let mut values: Vec<(&'static str, u64)> = keys.iter().map(|key| (key.name, key.value)).collect();
        for part in parts {
            let known = part.split_once(':').and_then(|(key, value)| {
                Some((values.iter_mut().find(|(known, _)| *known == key.trim())?, value.trim().parse::<u64>().ok()?))
            });
            let (slot, value) = known.ok_or_else(|| refuse(format!("\"{part}\" is no parameter")))?;
            slot.1 = value;
        }
        let zero = keys.iter().zip(&values).find(|(key, (_, value))| *value < key.least).map(|(key, _)| key.name);
        if first == 0 || zero.is_some() {
            return Err(refuse(format!("{} is 0", zero.unwrap_or("the number"))));
        }
        Ok(Self { first, values })
    }

    /// A parameter's value.
    pub fn get(&self, key: &str) -> u64 {
        self.values.iter().find(|(known, _)| *known == key).map_or(0, |(_, value)| *value)
    }

    /// A parameter as a size.
    pub fn size(&self, key: &str) -> usize {
        usize::try_from(self.get(key)).unwrap_or(usize::MAX)
    }

    /// Refuses what would not fit in memory.
    pub fn check_size(&self, form: &str, sizes: &[(u64, u64)]) -> Result<()> {
        let values = sizes.iter().fold(0u64, |sum, &(rows, columns)| sum.saturating_add(rows.saturating_mul(columns)));
        if values > MOST_VALUES {
            return Err(DataError::Request(format!("{form}: {values} values; expected at most {MOST_VALUES}")));
        }
        Ok(())
    }
}

/// A uniform number from 0 to below 1: the upper 53 bits of one draw.
pub(super) fn uniform(rng: &mut impl Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// Standard normal numbers by Box and Muller, two draws for two numbers. Written here, because distributions of other
/// crates may change with their versions.
pub(super) fn normals(count: usize, rng: &mut impl Rng) -> Vec<f64> {
    let mut normals = Vec::with_capacity(count + 1);
    while normals.len() < count {
        // 1 - u lies in (0, 1]: its logarithm is finite
        let radius = (-2.0 * (1.0 - uniform(rng)).ln()).sqrt();
        let angle = TAU * uniform(rng);
        normals.extend([radius * angle.cos(), radius * angle.sin()]);
    }
    normals.truncate(count);
    normals
}

/// Adds `row (a) * matrix (a x b, row-major)` to `out (b)`.
pub(super) fn add_product(row: &[f64], matrix: &[f64], out: &mut [f64]) {
    for (x, line) in row.iter().zip(matrix.chunks_exact(out.len())) {
        out.iter_mut().zip(line).for_each(|(sum, m)| *sum += x * m);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Purpose, stream};

    #[test]
    fn normals_have_the_moments_of_normals() {
        let x = normals(100_001, &mut stream(3, Purpose::Sample, 0));
        let mean = |f: &dyn Fn(f64) -> f64| x.iter().map(|&x| f(x)).sum::<f64>() / x.len() as f64;
        assert_eq!(x.len(), 100_001);
        // four standard errors each: of 1, 2, 15 and 96 over 100,001
        assert!(mean(&|x| x).abs() < 0.013 && (mean(&|x| x * x) - 1.0).abs() < 0.018);
        assert!(mean(&|x| x.powi(3)).abs() < 0.049 && (mean(&|x| x.powi(4)) - 3.0).abs() < 0.124);
        // neighbours come from the same two draws
        let pairs: f64 = x.chunks_exact(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / 50_000.0;
        assert!(pairs.abs() < 0.018);
    }

    #[test]
    fn parameters_are_read_and_refused() {
        let read = |text: &str| Parameters::read(text, "factors=D", &[count("rows", 9), number("seed", 0)]);
        let both = read("10, seed:4,rows:7").unwrap();
        assert_eq!((both.first, both.size("rows"), both.get("seed")), (10, 7, 4));
        for (text, expected) in [
            ("", "\"\" is no whole number"),
            ("0", "the number is 0"),
            ("3,rows:0", "rows is 0"),
            ("3,row:1", "\"row:1\" is no parameter; expected a number, then any of rows:9, seed:0"),
            ("3,rows:-1", "is no parameter"),
        ] {
            let message = read(text).err().unwrap().to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
        assert!(both.check_size("factors=D", &[(u64::MAX, 2)]).unwrap_err().to_string().contains("at most 268435456"));
    }
}

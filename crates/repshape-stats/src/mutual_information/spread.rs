//! How far the estimates vary from one draw of rows to another.

use serde::{Deserialize, Serialize};

use super::MutualInformation;

/// Standard deviations (`n - 1`) of the estimates over draws of equally many rows, in nats.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MiSpread {
    /// Number of draws.
    pub draws: usize,
    /// Of the lower bound of `I(z; x)`.
    #[serde(rename = "mi_x_lower")]
    pub x_lower: f64,
    /// Of the upper bound of `I(z; x)`.
    #[serde(rename = "mi_x_upper")]
    pub x_upper: f64,
    /// Of the estimate of `I(z; y)` from below; `None` without labels.
    #[serde(rename = "mi_y_lower", default, skip_serializing_if = "Option::is_none")]
    pub y_lower: Option<f64>,
    /// Of the estimate of `I(z; y)` from above; `None` without labels.
    #[serde(rename = "mi_y_upper", default, skip_serializing_if = "Option::is_none")]
    pub y_upper: Option<f64>,
}

impl MiSpread {
    /// Over the estimates of each draw; `None` for fewer than two.
    pub(crate) fn of(estimates: &[MutualInformation]) -> Option<Self> {
        let over = |of: fn(&MutualInformation) -> Option<f64>| {
            deviation(&estimates.iter().map(of).collect::<Option<Vec<f64>>>()?)
        };
        Some(Self {
            draws: estimates.len(),
            x_lower: over(|of| Some(of.x_lower))?,
            x_upper: over(|of| Some(of.x_upper))?,
            y_lower: over(|of| of.y_lower),
            y_upper: over(|of| of.y_upper),
        })
    }

    /// The largest of the standard deviations.
    #[must_use]
    pub fn largest(&self) -> f64 {
        [Some(self.x_lower), Some(self.x_upper), self.y_lower, self.y_upper].into_iter().flatten().fold(0.0, f64::max)
    }
}

fn deviation(values: &[f64]) -> Option<f64> {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviations_are_over_one_less_than_the_draws() {
        let of = |x_lower: f64, y_lower: Option<f64>| MutualInformation {
            x_lower,
            x_upper: 7.0,
            y_lower,
            y_upper: None,
            rows: 10,
            variance: 0.1,
            ceiling: 10_f64.ln(),
            x_at_ceiling: false,
        };
        // 1, 2, 6: mean 3, squares 4 + 1 + 9 = 14, over 2 is 7
        let spread = MiSpread::of(&[of(1.0, Some(0.5)), of(2.0, Some(0.5)), of(6.0, Some(2.0))]).unwrap();
        assert_eq!((spread.draws, spread.x_lower, spread.x_upper, spread.y_upper), (3, 7_f64.sqrt(), 0.0, None));
        assert_eq!((spread.y_lower, spread.largest()), (Some(0.75_f64.sqrt()), 7_f64.sqrt()));
        assert_eq!(MiSpread::of(&[of(1.0, None)]), None);
    }
}

//! A number of a paper: `2.85 ± 0.11`, `0.97`, or `-` where there is none.

use serde::Deserialize;

/// A mean with its spread, as printed.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(try_from = "String")]
pub struct PaperValue {
    /// `None` where the paper has no number.
    pub mean: Option<f64>,
    /// `None` where it prints no spread.
    pub std: Option<f64>,
    /// Digits behind the point of the mean.
    pub decimals: usize,
}

impl TryFrom<String> for PaperValue {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "-" {
            return Ok(Self::default());
        }
        let number = |part: &str| {
            part.trim().parse::<f64>().map_err(|_| format!("paper \"{text}\": expected a form such as 2.85 ± 0.11"))
        };
        let (mean, std) = match text.split_once('±') {
            Some((mean, std)) => (mean, Some(number(std)?)),
            None => (text.as_str(), None),
        };
        let decimals = mean.trim().split_once('.').map_or(0, |(_, digits)| digits.len());
        Ok(Self { mean: Some(number(mean)?), std, decimals })
    }
}

impl std::fmt::Display for PaperValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = self.decimals;
        match (self.mean, self.std) {
            (None, _) => f.write_str("-"),
            (Some(mean), None) => write!(f, "{mean:.digits$}"),
            (Some(mean), Some(std)) => write!(f, "{mean:.digits$} ± {std:.digits$}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_they_are_printed() {
        for text in ["2.85 ± 0.11", "0.0144 ± 0.0003", "226.2", "-", "1"] {
            assert_eq!(PaperValue::try_from(text.to_owned()).unwrap().to_string(), text);
        }
        assert!(PaperValue::try_from("2,85".to_owned()).unwrap_err().contains("expected a form such as"));
    }
}

//! Groups of units, as XCov needs them.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use super::PenaltyError;

/// Disjoint ranges of units, at least two: `0-9,10-11` is the units 0 to 9 and the units 10 and 11.
///
/// Ranges include both ends; a single number is a group of one unit. `+` may stand for `,`, where a comma
/// would end a list of penalties.
///
/// ```
/// use repshape::penalty::UnitGroups;
/// let groups: UnitGroups = "0-9,10-11".parse()?;
/// assert_eq!(groups.ranges(), [0..10, 10..12]);
/// assert_eq!(groups.to_string(), "0-9,10-11");
/// # Ok::<(), repshape::penalty::PenaltyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UnitGroups(Vec<Range<usize>>);

impl UnitGroups {
    /// From half-open ranges.
    ///
    /// # Errors
    /// Fewer than two ranges, an empty one, or two that share a unit.
    pub fn new(ranges: Vec<Range<usize>>) -> Result<Self, PenaltyError> {
        let groups = Self(ranges);
        let wrong = |reason: &str| {
            Err(PenaltyError::UnitGroups { text: groups.to_string(), reason: reason.to_owned() })
        };
        if groups.0.len() < 2 {
            return wrong("there must be at least two");
        }
        if groups.0.iter().any(Range::is_empty) {
            return wrong("a range runs from its lower to its higher unit");
        }
        let mut sorted = groups.0.clone();
        sorted.sort_by_key(|range| range.start);
        if sorted.windows(2).any(|pair| pair[0].end > pair[1].start) {
            return wrong("two of them share a unit");
        }
        Ok(groups)
    }

    /// The groups as half-open ranges.
    pub fn ranges(&self) -> &[Range<usize>] {
        &self.0
    }

    /// Whether every unit named is below `units`.
    ///
    /// # Errors
    /// Naming the first unit that is not.
    pub fn accepts(&self, units: usize) -> Result<(), PenaltyError> {
        match self.0.iter().find(|range| range.end > units) {
            Some(range) => {
                Err(PenaltyError::UnitBeyond { groups: self.to_string(), unit: range.start.max(units), units })
            }
            None => Ok(()),
        }
    }
}

impl fmt::Display for UnitGroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, range) in self.0.iter().enumerate() {
            let comma = if place > 0 { "," } else { "" };
            match range.len() {
                1 => write!(f, "{comma}{}", range.start)?,
                _ => write!(f, "{comma}{}-{}", range.start, range.end.saturating_sub(1))?,
            }
        }
        Ok(())
    }
}

impl FromStr for UnitGroups {
    type Err = PenaltyError;

    fn from_str(text: &str) -> Result<Self, PenaltyError> {
        let wrong = |reason: String| PenaltyError::UnitGroups { text: text.to_owned(), reason };
        let unit = |part: &str| {
            // the end of a range is one more: the largest number would not fit
            part.trim()
                .parse::<u32>()
                .map(|unit| unit as usize)
                .map_err(|_| wrong(format!("\"{part}\" is not the number of a unit")))
        };
        let ranges = text
            .split([',', '+'])
            .map(|part| match part.split_once('-') {
                Some((first, last)) => Ok(unit(first)?..unit(last)? + 1),
                None => unit(part).map(|only| only..only + 1),
            })
            .collect::<Result<Vec<_>, _>>()?;
        Self::new(ranges).map_err(|error| match error {
            PenaltyError::UnitGroups { reason, .. } => wrong(reason),
            other => other,
        })
    }
}

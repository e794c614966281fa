//! Groups of units, as XCov needs them.

use std::fmt;
use std::str::FromStr;

use super::PenaltyError;

/// Units that a group may name at most: a typo must not ask for all memory.
const MOST: u32 = 1 << 24;

/// Disjoint groups of units, at least two: `0-9,10-11` is the units 0 to 9 against the units 10 and 11.
///
/// Ranges include both ends; `+` joins ranges to one group (`0+2,1+3-5`); `/` may stand for `,`, which would end
/// a list of penalties (`xcov:0-9/10-11`).
///
/// ```
/// use repshape::penalty::UnitGroups;
/// let groups: UnitGroups = "0-2+5,3-4".parse()?;
/// assert_eq!(groups.units(), [vec![0, 1, 2, 5], vec![3, 4]]);
/// assert_eq!(groups.to_string(), "0-2+5,3-4");
/// # Ok::<(), repshape::penalty::PenaltyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UnitGroups(Vec<Vec<usize>>);

impl UnitGroups {
    /// From the units of each group, in any order.
    ///
    /// # Errors
    /// Fewer than two groups, an empty one, or a unit named twice.
    pub fn new(mut units: Vec<Vec<usize>>) -> Result<Self, PenaltyError> {
        units.iter_mut().for_each(|group| group.sort_unstable());
        let groups = Self(units);
        let wrong =
            |reason: &str| Err(PenaltyError::UnitGroups { text: groups.to_string(), reason: reason.to_owned() });
        if groups.0.len() < 2 {
            return wrong("there must be at least two");
        }
        if groups.0.iter().any(Vec::is_empty) {
            return wrong("a range runs from its lower to its higher unit");
        }
        let mut all: Vec<usize> = groups.0.concat();
        all.sort_unstable();
        if all.windows(2).any(|pair| pair[0] == pair[1]) {
            return wrong("a unit is named twice");
        }
        Ok(groups)
    }

    /// The units of each group, ascending.
    pub fn units(&self) -> &[Vec<usize>] {
        &self.0
    }

    /// Whether every unit named is below `units`.
    ///
    /// # Errors
    /// Naming the first unit that is not.
    pub fn accepts(&self, units: usize) -> Result<(), PenaltyError> {
        match self.0.iter().flatten().filter(|&&unit| unit >= units).min() {
            Some(&unit) => Err(PenaltyError::UnitBeyond { groups: self.to_string(), unit, units }),
            None => Ok(()),
        }
    }
}

impl fmt::Display for UnitGroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, group) in self.0.iter().enumerate() {
            let mut separator = if place > 0 { "," } else { "" };
            for run in group.chunk_by(|a, b| a + 1 == *b) {
                match run {
                    [first, .., last] => write!(f, "{separator}{first}-{last}")?,
                    [only] => write!(f, "{separator}{only}")?,
                    [] => {}
                }
                separator = "+";
            }
        }
        Ok(())
    }
}

impl FromStr for UnitGroups {
    type Err = PenaltyError;

    fn from_str(text: &str) -> Result<Self, PenaltyError> {
        let wrong = |reason: String| PenaltyError::UnitGroups { text: text.to_owned(), reason };
        let unit = |part: &str| match part.trim().parse::<u32>() {
            Ok(unit) if unit < MOST => Ok(unit as usize),
            _ => Err(wrong(format!("\"{part}\" is not the number of a unit"))),
        };
        let run = |part: &str| match part.split_once('-') {
            Some((first, last)) => Ok((unit(first)?..=unit(last)?).collect::<Vec<_>>()),
            None => unit(part).map(|only| vec![only]),
        };
        let group = |part: &str| part.split('+').map(run).collect::<Result<Vec<_>, _>>().map(|runs| runs.concat());
        let groups = text.split([',', '/']).map(group).collect::<Result<Vec<_>, _>>()?;
        Self::new(groups).map_err(|error| match error {
            PenaltyError::UnitGroups { reason, .. } => wrong(reason),
            other => other,
        })
    }
}

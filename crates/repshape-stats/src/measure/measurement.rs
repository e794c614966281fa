//! What a reading gives: the numbers of one site, as they are written to JSON.

use std::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

use super::{Format, Reading, Selection, catalog, wide};
use crate::Sketch;
use crate::mutual_information::MiSpread;

/// The value of a measure: a finite real number, or a count.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A real number.
    Real(f64),
    /// An integer.
    Count(u64),
}

impl Value {
    /// The value as a real number.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Real(value) => value,
            Self::Count(value) => value as f64,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Real(value) => value.fmt(f),
            Self::Count(value) => value.fmt(f),
        }
    }
}

/// The values of the chosen measures in the order of the catalog, `None` where one is undefined. In JSON an object.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measures(Vec<(&'static str, Option<Value>)>);

impl Measures {
    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Option<Value>)> {
        self.0.iter().copied()
    }

    /// The value of this name; `None` if it is undefined or was not chosen.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(other, _)| *other == name)?.1.map(Value::as_f64)
    }
}

impl Serialize for Measures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Measures {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Measures;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of measures by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Measures, A::Error> {
                let mut values = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    let row = catalog::find(&name).map_err(A::Error::custom)?;
                    // a count written by another program may be 5 or 5.0, a real number 1 or 1.0
                    let value = match row.format {
                        Format::Count => map.next_value::<Option<f64>>()?.map(|count| Value::Count(count as u64)),
                        _ => map.next_value::<Option<f64>>()?.map(Value::Real),
                    };
                    values.push((row.name, value));
                }
                Ok(Measures(values))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// The name and version of the JSON form, `repshape.measurement/1`; anything else is refused on reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Schema;

impl Schema {
    /// What stands in the JSON.
    pub const NAME: &'static str = "repshape.measurement/1";
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Self::NAME)
    }
}

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = String::deserialize(deserializer)?;
        if found == Self::NAME {
            Ok(Self)
        } else {
            Err(D::Error::custom(format!("schema is \"{found}\", expected \"{}\"", Self::NAME)))
        }
    }
}

/// The characteristics of one site; serialises to the `repshape.measurement/1` object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Name and version of the JSON form.
    pub schema: Schema,
    /// The file, run or model that was measured, to be filled in by the caller.
    pub source: Option<String>,
    /// The site that was measured, to be filled in by the caller.
    pub site: Option<String>,
    /// How positions, channels or tokens became rows and units, to be filled in by the caller; absent where there was
    /// nothing to choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<String>,
    /// Number of rows seen.
    pub rows: u64,
    /// Number of units.
    pub units: usize,
    /// Number of declared classes.
    pub classes: Option<usize>,
    /// The values.
    pub measures: Measures,
    /// Number of rows of which all pairs gave the mutual information; absent if it was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mi_rows: Option<usize>,
    /// Variance of the noise that the mutual information assumes; absent if it was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mi_variance: Option<f64>,
    /// Standard deviations of the mutual information over draws of rows; absent unless further draws were kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mi_spread: Option<MiSpread>,
    /// What a reader of the numbers should know.
    pub notes: Vec<String>,
}

impl Measurement {
    /// The value of a measure; `None` if it is undefined or was not chosen.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        self.measures.get(name)
    }
}

/// Reads the chosen measures from a sketch. A value is `None` where it is undefined (no rows, no labels, nothing varies,
/// fewer than two units for a measure of pairs), and where it is too large for `f64`; a note then says so.
#[must_use]
pub fn measure(sketch: &Sketch, selection: &Selection) -> Measurement {
    measure_with_progress(sketch, selection, &|_, _| {})
}

/// [`measure`] that calls `progress(done, total)` with the pairs of sampled rows done so far, the one part that may take
/// minutes.
#[must_use]
pub fn measure_with_progress(
    sketch: &Sketch,
    selection: &Selection,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Measurement {
    let reading = Reading::new(sketch, selection.options());
    if selection.rows().any(|row| row.needs.information) {
        let draws = reading.information_draws() as u64;
        reading.information_with_progress(&|done, total| progress(done, draws * total));
        reading.information_spread_with_progress(progress);
    }
    let mut notes = Vec::new();
    let mut values = Vec::new();
    for row in selection.rows() {
        let value = (row.read)(&reading).filter(|value| {
            let finite = value.as_f64().is_finite();
            if !finite {
                notes.push(format!("{} is beyond the range of f64", row.name));
            }
            finite
        });
        values.push((row.name, value));
    }
    notes.splice(0..0, notes_on(&reading, selection));
    let undefined = selection.rows().zip(&values).filter(|(_, (_, value))| value.is_none()).map(|(row, _)| row);
    notes.extend(wide::note(&reading, undefined));
    let information = reading.information_read();
    Measurement {
        schema: Schema,
        source: None,
        site: None,
        layout: None,
        rows: sketch.rows(),
        units: sketch.config().units,
        classes: sketch.config().classes,
        measures: Measures(values),
        mi_rows: information.map(|information| information.rows),
        mi_variance: information.map(|information| information.variance),
        mi_spread: information.and_then(|_| reading.information_spread().copied()),
        notes,
    }
}

/// What the chosen measures left out, and what their values cannot say, each once.
fn notes_on(reading: &Reading<'_>, selection: &Selection) -> Vec<String> {
    if reading.sketch().rows() == 0 {
        return vec!["no rows: every measure is undefined".to_owned()];
    }
    let mut notes: Vec<String> = Vec::new();
    for note in selection.rows().flat_map(|row| row.notes).flat_map(|of_row| of_row(reading)) {
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    notes
}

//! `NAME[=PATH]`: which data set is meant.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{DataError, nearest};
use crate::sets::{Place, SOURCES, Source};

/// A data set as a user names it: `digits`, `mnist`, `mnist=DIR`, `npy=X.npy,y.npy`. In a spec file it is
/// that string.
///
/// ```
/// use repshape_data::DataSpec;
///
/// let spec: DataSpec = "mnist=my data/mnist".parse()?;
/// assert_eq!((spec.name(), spec.location()), ("mnist", Some("my data/mnist")));
/// let typo = "digit".parse::<DataSpec>().unwrap_err().to_string();
/// assert!(typo.starts_with("unknown data set \"digit\"; did you mean \"digits\"?"));
/// # Ok::<(), repshape_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DataSpec {
    name: String,
    location: Option<String>,
}

impl DataSpec {
    /// The name in the catalog.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What stands after `=`.
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// The catalog's row of that name.
    pub(crate) fn source(name: &str) -> Option<&'static Source> {
        SOURCES.iter().find(|source| source.name == name)
    }
}

impl FromStr for DataSpec {
    type Err = DataError;

    fn from_str(text: &str) -> Result<DataSpec, DataError> {
        let (name, location) = match text.split_once('=') {
            Some((name, location)) => (name.trim(), Some(location)),
            None => (text.trim(), None),
        };
        let Some(source) = DataSpec::source(name) else {
            let meant = nearest(name, SOURCES.iter().map(|source| source.name))
                .map(|name| format!("; did you mean \"{name}\"?"))
                .unwrap_or_default();
            let forms: Vec<&str> = SOURCES.iter().map(|source| source.form).collect();
            return Err(DataError::Request(format!("unknown data set {name:?}{meant} (known: {})", forms.join(", "))));
        };
        match (source.place, location) {
            (Place::Embedded, Some(_)) => Err(DataError::Request(format!(
                "data set \"{name}\" is part of this program and takes no path; write {name}"
            ))),
            (Place::Files, None) | (_, Some("")) => {
                Err(DataError::Request(format!("data set \"{name}\" needs a path: {}", source.form)))
            }
            _ => Ok(DataSpec { name: name.to_owned(), location: location.map(str::to_owned) }),
        }
    }
}

impl fmt::Display for DataSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Some(location) => write!(f, "{}={location}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl TryFrom<String> for DataSpec {
    type Error = DataError;

    fn try_from(text: String) -> Result<DataSpec, DataError> {
        text.parse()
    }
}

impl From<DataSpec> for String {
    fn from(spec: DataSpec) -> String {
        spec.to_string()
    }
}

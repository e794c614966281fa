//! A study that several items share: a recipe, what it changes in another one, and a sweep.

use serde::Deserialize;
use toml::{Table, Value};

use super::Recipe;
use super::base::{merge, with_base};
use super::read::{RECIPES, embedded};
use crate::failure::{Failure, Outcome};

/// A study of a reproduction, ready to be planned.
#[derive(Debug, Clone)]
pub struct SharedStudy {
    /// The file's name, with the labels of its place in the sweep.
    pub name: String,
    /// The file's name.
    pub family: String,
    /// What is trained.
    pub recipe: Recipe,
    /// How long it takes on two cores.
    pub minutes: f64,
}

/// One axis of a sweep: a key of the recipe and its values.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Axis {
    /// Goes before the value's label in names of studies.
    name: String,
    /// Path of the key: `training.components`.
    key: String,
    values: Vec<Value>,
    /// What names the values; the values themselves unless told.
    #[serde(default)]
    labels: Vec<String>,
}

/// Reads the study `family` from TOML: every place of its sweep, the first axis slowest.
///
/// `base` names what the file changes, key by key: another study, whose text `find` gives, or an embedded recipe.
/// `smoke` holds the changes for a run of seconds, which come on top of [`Recipe::smoke`].
pub fn shared_studies(
    family: &str,
    text: &str,
    find: &dyn Fn(&str) -> Option<&'static str>,
    smoke: bool,
) -> Outcome<Vec<SharedStudy>> {
    let file = format!("{family}.toml");
    let fault = |message: String| Failure::usage(format!("{file}: {message}"));
    let mut whole = with_base(&file, text, &|name| find(name).or_else(|| embedded(&RECIPES, name)))?;
    if let (Some(Value::Table(small)), true) = (whole.remove("smoke"), smoke) {
        merge(&mut whole, small);
    }
    let minutes = whole.remove("minutes").and_then(|m| m.as_float().or_else(|| Some(m.as_integer()? as f64)));
    let minutes = minutes.ok_or_else(|| fault("minutes is missing: how long it takes on two cores".to_owned()))?;
    let axes: Vec<Axis> = match whole.remove("sweep") {
        None => Vec::new(),
        Some(sweep) => sweep.try_into().map_err(|error: toml::de::Error| fault(format!("sweep: {error}")))?,
    };
    let mut places = vec![(family.to_owned(), whole)];
    for axis in &axes {
        let mut more = Vec::with_capacity(places.len() * axis.values.len());
        for (name, table) in &places {
            for (at, value) in axis.values.iter().enumerate() {
                let label = axis.labels.get(at).cloned().unwrap_or_else(|| value.to_string());
                let mut table = table.clone();
                set(&mut table, &axis.key, value.clone()).map_err(fault)?;
                more.push((format!("{name}-{}{label}", axis.name), table));
            }
        }
        places = more;
    }
    let share = minutes / places.len() as f64;
    let studies = places.into_iter().map(|(name, table)| {
        let recipe = Recipe::deserialize(table).map_err(|error| fault(error.to_string()))?;
        recipe.check().map_err(|failure| fault(failure.message))?;
        let recipe = if smoke { recipe.smoke() } else { recipe };
        Ok(SharedStudy { name, family: family.to_owned(), recipe, minutes: share })
    });
    studies.collect()
}

/// Sets the key at a path such as `training.components`.
fn set(table: &mut Table, path: &str, value: Value) -> Result<(), String> {
    match path.split_once('.') {
        None => {
            table.insert(path.to_owned(), value);
            Ok(())
        }
        Some((first, rest)) => match table.entry(first).or_insert_with(|| Value::Table(Table::new())) {
            Value::Table(inner) => set(inner, rest, value),
            _ => Err(format!("sweep key \"{path}\": \"{first}\" is no table")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SWEPT: &str = r#"
        base = "digits"
        minutes = 6
        set = ["baseline", "cr"]
        [training]
        epochs = 7
        [[sweep]]
        name = "rows"
        key = "training.train-rows"
        values = [100, 200]
        [[sweep]]
        name = "net"
        key = "training.network"
        values = ["mlp:8,8,8,8,8", "mlp:9,9,9,9,9"]
        labels = ["8", "9"]
        [smoke]
        sweep = []
    "#;

    #[test]
    fn a_sweep_is_every_combination_over_the_changed_base() {
        let studies = shared_studies("s", SWEPT, &|_| None, false).unwrap();
        let names: Vec<&str> = studies.iter().map(|study| study.name.as_str()).collect();
        assert_eq!(names, ["s-rows100-net8", "s-rows100-net9", "s-rows200-net8", "s-rows200-net9"]);
        let third = &studies[2];
        assert_eq!((third.recipe.training.train_rows, third.recipe.training.epochs), (Some(200), 7));
        assert_eq!((third.recipe.training.batch_size, third.recipe.set.len()), (50, 2));
        assert!((third.minutes - 1.5).abs() < 1e-12);
        let smoke = shared_studies("s", SWEPT, &|_| None, true).unwrap();
        assert_eq!((smoke.len(), smoke[0].recipe.training.epochs), (1, 2));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, expected) in [
            ("base = \"digit\"\nminutes = 1", "no recipe of that name"),
            ("base = \"digits\"", "minutes is missing"),
            ("base = \"digits\"\nminutes = 1\ntrial = 3", "unknown field `trial`"),
            ("base = \"digits\"\nminutes = 1\nsite = \"fc9\"", "site \"fc9\": the network has no such site"),
        ] {
            let message = shared_studies("s", text, &|_| None, false).unwrap_err().message;
            assert!(message.starts_with("s.toml: ") && message.contains(expected), "{message}");
        }
    }
}

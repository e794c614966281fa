//! Reading TOML with messages that name the line and the nearest valid name.

use std::path::Path;

use repshape::nearest::suggestion;
use serde::de::DeserializeOwned;

use super::Recipe;
use crate::failure::{Failure, Outcome};

/// The embedded recipes, by name.
pub const RECIPES: [(&str, &str); 2] =
    [("digits", include_str!("../../recipes/digits.toml")), ("mnist", include_str!("../../recipes/mnist.toml"))];

/// A spec file may not be longer; a larger one is data, not a spec.
const MAX_BYTES: u64 = 1 << 20;

/// Parses `text`, the content of `file`.
pub fn from_toml<T: DeserializeOwned>(file: &str, text: &str) -> Outcome<T> {
    toml::from_str(text).map_err(|error| Failure::usage(describe(file, text, &error)))
}

/// `FILE:LINE: what is wrong; did you mean "..."?`.
fn describe(file: &str, text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
    let message = error.message();
    let Some(unknown) = message.strip_prefix("unknown field ") else {
        return format!("{file}:{line}: {message}");
    };
    let names: Vec<&str> = unknown.split('`').skip(1).step_by(2).collect();
    let (key, valid) = names.split_first().unwrap_or((&"", &[]));
    format!(
        "{file}:{line}: unknown key \"{key}\"{}; valid keys here: {}",
        suggestion(key, valid.iter().copied()),
        valid.join(", ")
    )
}

/// The recipe of that name, or in that file.
pub fn recipe(name: &str) -> Outcome<Recipe> {
    if let Some((_, text)) = RECIPES.iter().find(|(known, _)| *known == name) {
        return from_toml(&format!("{name}.toml"), text);
    }
    from_toml(name, &read_text(Path::new(name), "recipe", RECIPES.map(|(known, _)| known))?)
}

/// The text of a spec file.
pub fn read_text<const N: usize>(path: &Path, what: &str, known: [&str; N]) -> Outcome<String> {
    let shown = path.display();
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::usage(format!(
            "{shown}: no such file, and no {what} of that name{}; known: {}",
            suggestion(&shown.to_string(), known),
            known.join(", ")
        )),
        _ => Failure::usage(format!("{shown}: {error}")),
    })?;
    if !metadata.is_file() {
        return Err(Failure::usage(format!(
            "{shown}: not a file; expected a TOML file or one of {}",
            known.join(", ")
        )));
    }
    if metadata.len() > MAX_BYTES {
        return Err(Failure::usage(format!("{shown}: {} bytes, too long for a {what}", metadata.len())));
    }
    std::fs::read_to_string(path).map_err(|error| Failure::usage(format!("{shown}: {error}; expected UTF-8 TOML")))
}

//! Reading TOML with messages that name the line and the nearest valid name.

use std::path::Path;

use repshape::nearest::suggestion;
use serde::de::DeserializeOwned;

use super::{Recipe, RunSpec};
use crate::failure::{Failure, Outcome};

/// The embedded recipes, by name.
pub const RECIPES: [(&str, &str); 2] =
    [("digits", include_str!("../../recipes/digits.toml")), ("mnist", include_str!("../../recipes/mnist.toml"))];

/// A spec file may not be longer; a larger one is data, not a spec.
const MAX_BYTES: u64 = 1 << 20;

/// Parses `text`, the content of `file`.
fn from_toml<T: DeserializeOwned>(file: &str, text: &str) -> Outcome<T> {
    toml::from_str(text).map_err(|error| Failure::usage(describe(file, text, &error)))
}

/// Parses a run spec, the content of `file`, and refuses what does not fit together.
pub fn run_spec(file: &str, text: &str) -> Outcome<RunSpec> {
    let spec: RunSpec = from_toml(file, text)?;
    spec.check().map_err(|failure| located(file, text, failure))?;
    Ok(spec)
}

fn parse_recipe(file: &str, text: &str) -> Outcome<Recipe> {
    let recipe: Recipe = from_toml(file, text)?;
    recipe.check().map_err(|failure| located(file, text, failure))?;
    Ok(recipe)
}

/// The failure of a check with its place: the line that holds the name it quotes, or sets the key
/// it begins with.
fn located(file: &str, text: &str, failure: Failure) -> Failure {
    let message = &failure.message;
    let holds = |part: &str| text.lines().position(|line| !line.trim_start().starts_with('#') && line.contains(part));
    let quoted = message.split('"').skip(1).step_by(2).filter(|name| !name.is_empty());
    let key = message.split_whitespace().next().map(|word| word.rsplit('.').next().unwrap_or(word));
    let of_key = |key: &str| {
        text.lines().position(|line| line.split('=').next().is_some_and(|left| left.trim().trim_matches('"') == key))
    };
    let line = quoted
        .map(|name| holds(&format!("\"{name}\"")).or_else(|| holds(name)))
        .find_map(|line| line)
        .or_else(|| key.and_then(of_key))
        .map_or_else(String::new, |line| format!(":{}", line + 1));
    Failure { message: format!("{file}{line}: {message}"), ..failure }
}

/// `FILE:LINE: what is wrong; did you mean "..."?`.
fn describe(file: &str, text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
    let message = error.message();
    let (what, list) = match message.split_once(' ') {
        Some(("unknown", rest)) if rest.starts_with("field `") => ("key", "valid keys here"),
        Some(("unknown", rest)) if rest.starts_with("variant `") => ("value", "expected one of"),
        _ => return format!("{file}:{line}: {}", in_our_words(message)),
    };
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (name, valid) = names.split_first().unwrap_or((&"", &[]));
    let hint = suggestion(name, valid.iter().copied());
    format!("{file}:{line}: unknown {what} \"{name}\"{hint}; {list}: {}", valid.join(", "))
}

/// A message of the parser without the names of Rust's types.
fn in_our_words(message: &str) -> String {
    let words = [
        ("expected usize", "expected a whole number of at least 0"),
        ("expected u64", "expected a whole number of at least 0"),
        ("expected u32", "expected a whole number of at least 0"),
        ("expected f64", "expected a number"),
        ("missing field", "missing key"),
    ];
    words.iter().fold(message.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours)).replace('`', "\"")
}

/// The text of that name among embedded ones.
pub fn embedded(recipes: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    recipes.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The recipe of that name, or in that file.
pub fn recipe(name: &str) -> Outcome<Recipe> {
    if let Some(text) = embedded(&RECIPES, name) {
        return parse_recipe(&format!("{name}.toml"), text);
    }
    parse_recipe(name, &read_text(Path::new(name), "recipe", RECIPES.map(|(known, _)| known))?)
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

//! Recipes that change another one: `base = "NAME"`.

use toml::{Table, Value};

use crate::failure::{Failure, Outcome};

/// A chain of bases longer than this goes in a circle.
const LONGEST: usize = 8;

/// The TOML `text` of `file` over the recipe that its key `base` names, key by key, and so on down.
///
/// `find` gives the text of a name.
pub fn with_base(file: &str, text: &str, find: &dyn Fn(&str) -> Option<&'static str>) -> Outcome<Table> {
    let fault = |file: &str, message: String| Failure::usage(format!("{file}: {message}"));
    let parse = |file: &str, text: &str| text.parse::<Table>().map_err(|error| fault(file, error.to_string()));
    let mut layers = vec![parse(file, text)?];
    while let Some(base) = layers.last_mut().and_then(|top| top.remove("base")) {
        let found = base.as_str().and_then(|name| Some((name, find(name)?)));
        let (name, text) = found.ok_or_else(|| fault(file, format!("base = {base}: no recipe of that name")))?;
        layers.push(parse(&format!("{name}.toml"), text)?);
        if layers.len() > LONGEST {
            return Err(fault(file, format!("base = {base}: recipes that are each other's base")));
        }
    }
    let mut whole = Table::new();
    layers.into_iter().rev().for_each(|layer| merge(&mut whole, layer));
    Ok(whole)
}

/// Puts every key of `changes` into `into`, table by table.
pub fn merge(into: &mut Table, changes: Table) {
    for (key, change) in changes {
        match (into.get_mut(&key), change) {
            (Some(Value::Table(inner)), Value::Table(change)) => merge(inner, change),
            (_, change) => {
                into.insert(key, change);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(name: &str) -> Option<&'static str> {
        match name {
            "bottom" => Some("a = 1\n[inner]\nb = 2\nc = [1, 2]"),
            "middle" => Some("base = \"bottom\"\n[inner]\nb = 3"),
            "circle" => Some("base = \"circle\""),
            "broken" => Some("a = "),
            _ => None,
        }
    }

    #[test]
    fn each_key_is_the_nearest_recipes() {
        let whole = with_base("top.toml", "base = \"middle\"\n[inner]\nc = [3]", &find).unwrap();
        assert_eq!(whole, "a = 1\n[inner]\nb = 3\nc = [3]".parse::<Table>().unwrap());
    }

    #[test]
    fn what_is_wrong_is_said_of_the_file_that_it_stands_in() {
        let message = with_base("top.toml", "base = \"broken\"", &find).unwrap_err().message;
        assert!(message.starts_with("broken.toml: "), "{message}");
    }

    #[test]
    fn an_unknown_base_and_a_circle_are_refused() {
        for (text, expected) in [
            ("base = \"other\"", "top.toml: base = \"other\": no recipe of that name"),
            ("base = 3", "top.toml: base = 3: no recipe of that name"),
            ("base = \"circle\"", "top.toml: base = \"circle\": recipes that are each other's base"),
        ] {
            assert_eq!(with_base("top.toml", text, &find).unwrap_err().message, expected);
        }
    }
}

//! The nearest valid name, for messages about names that do not exist.

/// `; did you mean "NAME"?` for the name closest to `text`, or nothing when none is close.
///
/// ```
/// let hint = repshape::nearest::suggestion("cwvr", ["cw-vr", "cr"]);
/// assert_eq!(hint, "; did you mean \"cw-vr\"?");
/// ```
pub fn suggestion<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(text, name), name))
        .filter(|&(distance, name)| distance <= name.len().max(text.len()).div_ceil(2))
        .min_by_key(|&(distance, _)| distance)
        .map_or_else(String::new, |(_, name)| format!("; did you mean \"{name}\"?"))
}

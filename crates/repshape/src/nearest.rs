//! The nearest valid name, for messages about names that do not exist.

/// The valid name that `text` was probably meant to be: the one with the fewest edits, if they are few for its
/// length.
pub(crate) fn nearest<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(text, name), name))
        .min_by_key(|&(distance, _)| distance)
        .filter(|&(distance, name)| distance <= 1 + name.len() / 3)
        .map(|(_, name)| name)
}

/// `; did you mean "NAME"?` for the name closest to `text`, or nothing when none is close.
///
/// ```
/// let hint = repshape::nearest::suggestion("cwvr", ["cw-vr", "cr"]);
/// assert_eq!(hint, "; did you mean \"cw-vr\"?");
/// ```
pub fn suggestion<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    nearest(text, names).map_or_else(String::new, |name| format!("; did you mean \"{name}\"?"))
}

//! Patterns of site names: `*`, `?` and `[..]`, as in a shell.

use crate::{onnx_error::Problem, site::Site};

/// One element of a pattern.
#[derive(Debug, PartialEq)]
enum Part {
    /// This character.
    One(char),
    /// Any one character: `?`.
    Any,
    /// Any characters, also none: `*`. Slashes are characters like others: names of nodes are full of them.
    Many,
    /// One character in (or, for `[!..]`, not in) these ranges.
    Set { ranges: Vec<(char, char)>, negated: bool },
}

/// The sites that match any of the patterns, in graph order, each once. A pattern that is itself the name of a site means that
/// site only, whatever characters it has.
///
/// # Errors
/// A pattern is malformed, or matches no site.
pub(crate) fn matching(sites: &[Site], patterns: &[String]) -> Result<Vec<Site>, Problem> {
    let mut chosen = vec![false; sites.len()];
    for pattern in patterns {
        let hits: Vec<usize> = match sites.iter().position(|site| site.name == *pattern) {
            Some(exact) => vec![exact],
            None => {
                let parts = parse(pattern)?;
                let hits = sites.iter().enumerate().filter(|(_, site)| matches(&parts, &site.name));
                hits.map(|(index, _)| index).collect()
            }
        };
        if hits.is_empty() {
            return Err(Problem::NoSuchSite { pattern: pattern.clone(), hint: hint(sites, pattern) });
        }
        hits.into_iter().for_each(|index| chosen[index] = true);
    }
    Ok(sites.iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(site, _)| site.clone()).collect())
}

/// Whether a name matches a pattern of `*`, `?` and `[..]`, or is the pattern; a malformed pattern matches nothing else.
///
/// ```
/// assert!(repshape_onnx::glob_matches("fc*", "fc5.pre") && !repshape_onnx::glob_matches("fc?", "fc12"));
/// ```
pub fn glob_matches(pattern: &str, name: &str) -> bool {
    pattern == name || parse(pattern).is_ok_and(|parts| matches(&parts, name))
}

/// The nearest names; the beginning of the list where none is near.
fn hint(sites: &[Site], pattern: &str) -> String {
    const SHOWN: usize = 3;
    let folded = pattern.to_lowercase();
    let mut near: Vec<(f64, &str)> = sites
        .iter()
        .map(|site| (strsim::jaro_winkler(&folded, &site.name.to_lowercase()), site.name.as_str()))
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let quoted = |names: Vec<&str>| names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    let close: Vec<&str> = near.iter().take(SHOWN).filter(|(score, _)| *score > 0.7).map(|&(_, name)| name).collect();
    if sites.is_empty() {
        "; the model has no site".to_owned()
    } else if close.is_empty() {
        let first = sites.iter().take(SHOWN).map(|site| site.name.as_str()).collect();
        let more = if sites.len() > SHOWN { format!(", ... ({} in all)", sites.len()) } else { String::new() };
        format!("; the model has {}{more}", quoted(first))
    } else {
        format!("; did you mean {}?", quoted(close))
    }
}

fn parse(pattern: &str) -> Result<Vec<Part>, Problem> {
    let fail = |reason: &str| Problem::Pattern { pattern: pattern.to_owned(), reason: reason.to_owned() };
    if pattern.is_empty() {
        return Err(fail("is empty, expected a name or a pattern such as \"*relu*\""));
    }
    let mut parts = Vec::new();
    let mut rest = pattern.chars().peekable();
    while let Some(character) = rest.next() {
        parts.push(match character {
            '*' => Part::Many,
            '?' => Part::Any,
            '[' => {
                let negated = rest.next_if(|&next| next == '!' || next == '^').is_some();
                let mut ranges = Vec::new();
                loop {
                    let low = rest.next().ok_or_else(|| fail("has a \"[\" without its \"]\""))?;
                    // A bracket that comes first stands for itself.
                    if low == ']' && !ranges.is_empty() {
                        break;
                    }
                    let mut ahead = rest.clone();
                    let high = match (ahead.next(), ahead.next()) {
                        (Some('-'), Some(high)) if high != ']' => {
                            rest = ahead;
                            high
                        }
                        _ => low,
                    };
                    ranges.push((low, high));
                }
                Part::Set { ranges, negated }
            }
            other => Part::One(other),
        });
    }
    Ok(parts)
}

/// Whether the whole name matches, in time proportional to pattern times name: only the last `*` is ever tried again.
fn matches(parts: &[Part], name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let (mut part, mut at) = (0, 0);
    let mut last_many: Option<(usize, usize)> = None;
    loop {
        match parts.get(part) {
            Some(Part::Many) => {
                last_many = Some((part, at));
                part += 1;
                continue;
            }
            Some(single) if at < name.len() && accepts(single, name[at]) => {
                (part, at) = (part + 1, at + 1);
                continue;
            }
            None if at == name.len() => return true,
            _ => {}
        }
        match last_many {
            Some((many, start)) if start < name.len() => {
                last_many = Some((many, start + 1));
                (part, at) = (many + 1, start + 1);
            }
            _ => return false,
        }
    }
}

fn accepts(part: &Part, character: char) -> bool {
    match part {
        Part::One(expected) => *expected == character,
        Part::Any => true,
        Part::Many => false,
        Part::Set { ranges, negated } => {
            ranges.iter().any(|&(low, high)| (low..=high).contains(&character)) != *negated
        }
    }
}

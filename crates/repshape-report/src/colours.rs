//! Colours shared by the page and the static figures.

/// Ten class colours that stay apart for colour-blind readers (Petroff 2021, arXiv:2107.02270).
pub(crate) const CLASSES: [&str; 10] =
    ["#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"];

/// Marker of the second, third, ... ten classes, which share the colours of the first.
pub(crate) const SYMBOLS: [&str; 4] = ["circle", "triangle", "diamond", "rect"];

/// The colour of class `k`.
pub(crate) fn class(k: usize) -> &'static str {
    CLASSES[k % CLASSES.len()]
}

/// The marker of class `k`.
pub(crate) fn symbol(k: usize) -> &'static str {
    SYMBOLS[k / CLASSES.len() % SYMBOLS.len()]
}

const ZERO: [f64; 3] = [250.0, 250.0, 250.0];

/// Where `value` in [-1, 1] lies between blue (-1), white (0) and red (1), as sRGB.
pub(crate) fn diverging(value: f64) -> [u8; 3] {
    between(if value < 0.0 { [33.0, 102.0, 172.0] } else { [178.0, 24.0, 43.0] }, value.abs())
}

/// Where `value` in [0, 1] lies between white (0) and green (1), as sRGB.
pub(crate) fn similar(value: f64) -> [u8; 3] {
    between([11.0, 110.0, 117.0], value.max(0.0))
}

fn between(end: [f64; 3], share: f64) -> [u8; 3] {
    std::array::from_fn(|i| (ZERO[i] + share.min(1.0) * (end[i] - ZERO[i])).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eleventh_class_keeps_the_colour_and_changes_the_marker() {
        assert_eq!(class(10), class(0));
        assert_ne!(symbol(10), symbol(0));
    }

    #[test]
    fn diverging_ends_and_middle() {
        assert_eq!(diverging(-1.0), [33, 102, 172]);
        assert_eq!(diverging(0.0), [250, 250, 250]);
        assert_eq!(diverging(7.0), [178, 24, 43]);
        assert_eq!((similar(1.0), similar(-1.0)), ([11, 110, 117], [250, 250, 250]));
    }
}

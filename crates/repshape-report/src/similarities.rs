//! What each similarity of two representations means, in one plain line.

/// A similarity: its name in JSON, its title, what it means, and whether 0 is the most alike.
pub(crate) struct Similarity {
    pub name: &'static str,
    pub title: &'static str,
    pub line: &'static str,
    pub distance: bool,
}

const fn row(name: &'static str, title: &'static str, line: &'static str, distance: bool) -> Similarity {
    Similarity { name, title, line, distance }
}

const SIMILARITIES: &[Similarity] = &[
    row(
        "cka",
        "CKA",
        "Whether rows that are close in one are close in the other, whatever the rotation and overall scale; 1 is the same geometry. Reads too high where there are few rows for many units.",
        false,
    ),
    row(
        "cka_unbiased",
        "CKA, unbiased",
        "The same without the bias of few rows: about 0 for unrelated representations.",
        false,
    ),
    row(
        "cca_mean",
        "Mean CCA",
        "Mean correlation of the best matching pairs of directions; 1 if each is a linear function of the other. Small directions count as much as large ones.",
        false,
    ),
    row(
        "svcca",
        "SVCCA",
        "The same over the directions that hold most of the variance, which leaves noise out.",
        false,
    ),
    row(
        "pwcca",
        "PWCCA",
        "The same, each direction weighted by how much of the first representation it carries.",
        false,
    ),
    row(
        "procrustes_distance",
        "Procrustes distance",
        "What is left between the two after the best rotation and scaling; 0 is the same shape.",
        true,
    ),
];

/// The row of this name, if it is known.
pub(crate) fn find(name: &str) -> Option<&'static Similarity> {
    SIMILARITIES.iter().find(|row| row.name == name)
}

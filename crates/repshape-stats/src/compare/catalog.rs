//! The table of all similarities.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{CompareError, CrossMoments, Pairing, cca, cka, procrustes};
use crate::StatsError;

/// One similarity (or distance): its name, what it is, what leaves it unchanged, and how it is read.
#[derive(Debug, Clone, Copy)]
pub struct SimilarityRow {
    /// The name in JSON.
    pub name: &'static str,
    /// The definition in one line.
    pub definition: &'static str,
    /// Where it is defined.
    pub source: &'static str,
    /// Smallest and largest value.
    pub range: (f64, f64),
    /// The value of a representation with itself.
    pub of_equals: f64,
    /// Which changes of either side leave it unchanged, beyond moving all rows and scaling all units alike.
    pub invariance: Invariance,
    /// Whether A and B may change places.
    pub symmetric: bool,
    /// Its value; `None` where it is undefined.
    pub read: fn(&Pairing<'_>) -> Option<f64>,
}

/// Which linear maps of the units of a side leave a similarity unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invariance {
    /// Rotations and reflections.
    Orthogonal,
    /// Every invertible map.
    Invertible,
    /// Every invertible map of B; of A only the order and the signs of its units, which give the weights.
    InvertibleB,
}

/// Every similarity, in the order of the JSON object.
pub const SIMILARITIES: &[SimilarityRow] = &[
    SimilarityRow {
        name: "cka",
        definition: "linear CKA: norm_F(Y'X)^2 / (norm_F(X'X) norm_F(Y'Y)), centred",
        source: "Kornblith et al. 2019",
        range: (0.0, 1.0),
        of_equals: 1.0,
        invariance: Invariance::Orthogonal,
        symmetric: true,
        read: cka::cka,
    },
    SimilarityRow {
        name: "cka_unbiased",
        definition: "linear CKA with the unbiased HSIC_1: about 0 for independent rows",
        source: "Song et al. 2012; Nguyen et al. 2021",
        range: (-1.0, 1.0),
        of_equals: 1.0,
        invariance: Invariance::Orthogonal,
        symmetric: true,
        read: cka::cka_unbiased,
    },
    SimilarityRow {
        name: "cca_mean",
        definition: "mean canonical correlation over the smaller of the two ranks",
        source: "Raghu et al. 2017; Kornblith et al. 2019",
        range: (0.0, 1.0),
        of_equals: 1.0,
        invariance: Invariance::Invertible,
        symmetric: true,
        read: cca::cca_mean,
    },
    SimilarityRow {
        name: "svcca",
        definition: "mean canonical correlation of the principal directions with 99 % of each side's variance",
        source: "Raghu et al. 2017",
        range: (0.0, 1.0),
        of_equals: 1.0,
        invariance: Invariance::Orthogonal,
        symmetric: true,
        read: cca::svcca,
    },
    SimilarityRow {
        name: "pwcca",
        definition: "mean canonical correlation weighted by what each variate of A carries of A's units",
        source: "Morcos et al. 2018",
        range: (0.0, 1.0),
        of_equals: 1.0,
        invariance: Invariance::InvertibleB,
        symmetric: false,
        read: cca::pwcca,
    },
    SimilarityRow {
        name: "procrustes_distance",
        definition: "2 - 2 norm_*(A'B), both centred and of unit norm: the squared distance after the best rotation",
        source: "Ding et al. 2021",
        range: (0.0, 2.0),
        of_equals: 0.0,
        invariance: Invariance::Orthogonal,
        symmetric: true,
        read: procrustes::procrustes_distance,
    },
];

/// The settings of the similarities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SimilarityOptions {
    /// The share of each side's variance that SVCCA keeps; 0.99 unless told.
    pub svcca_variance: f64,
}

impl Default for SimilarityOptions {
    fn default() -> Self {
        Self { svcca_variance: 0.99 }
    }
}

/// Every similarity of two representations, and what a reader of the numbers should know. In JSON an object by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Similarities {
    values: Vec<(&'static str, Option<f64>)>,
    /// What the numbers cannot say.
    pub notes: Vec<String>,
}

impl Similarities {
    /// Names and values, in the order of [`SIMILARITIES`].
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Option<f64>)> {
        self.values.iter().copied()
    }

    /// The value of this name; `None` if it is undefined or unknown.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        self.values.iter().find(|(other, _)| *other == name)?.1
    }
}

impl Serialize for Similarities {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.values.len()))?;
        for (name, value) in &self.values {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Reads every similarity of [`SIMILARITIES`]. A value is `None` where a side does not vary, where there are too few
/// rows (fewer than 2; 4 for `cka_unbiased`), and where squares leave the range of `f64`.
///
/// # Errors
/// If the share of SVCCA is not above 0 and at most 1.
pub fn similarities(moments: &CrossMoments, options: &SimilarityOptions) -> Result<Similarities, CompareError> {
    let share = options.svcca_variance;
    if !(share > 0.0 && share <= 1.0) {
        let expected = "above 0 and at most 1";
        return Err(StatsError::Setting { field: "svcca_variance", found: share.to_string(), expected }.into());
    }
    let pairing = Pairing::new(moments, options);
    let read = |row: &SimilarityRow| (row.name, (row.read)(&pairing).filter(|value| value.is_finite()));
    let values = SIMILARITIES.iter().map(read).collect();
    Ok(Similarities { values, notes: notes_on(moments, &pairing) })
}

/// Rows for each unit below which canonical correlations are mostly chance.
const ROWS_PER_UNIT: u64 = 10;

fn notes_on(moments: &CrossMoments, pairing: &Pairing<'_>) -> Vec<String> {
    let rows = moments.rows();
    let mut notes = Vec::new();
    for (name, side) in [("A", &moments.a), ("B", &moments.b)] {
        if side.varying().is_empty() {
            notes.push(format!("{name} does not vary over {rows} rows: every similarity is undefined"));
        }
    }
    let Some(canonical) = pairing.canonical() else {
        return notes;
    };
    let (a, b) = canonical.ranks;
    let units = (a + b) as u64;
    if rows <= a.max(b) as u64 + 1 {
        notes.push(format!(
            "cca_mean and pwcca are 1 whatever the rows: {rows} rows have {} dimensions, and a side fills them all",
            rows.saturating_sub(1)
        ));
    } else if rows < ROWS_PER_UNIT * units {
        notes.push(format!(
            "cca_mean, svcca and pwcca are too high: {rows} rows are fewer than {ROWS_PER_UNIT} for each of {units} directions"
        ));
    }
    if rows < 4 {
        notes.push(format!("cka_unbiased needs at least 4 rows, found {rows}"));
    }
    notes
}

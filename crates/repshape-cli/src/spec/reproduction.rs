//! A paper's table or figure: which studies it needs, how its numbers are read from them, what the paper says.

use serde::Deserialize;

use super::base::with_base;
use super::{Expression, PaperValue};
use crate::failure::{Failure, Outcome};

/// One table or figure of a paper, `PAPER/ITEM`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Item {
    /// Authors and year.
    pub paper: String,
    /// Its place there: `Table 7`.
    pub place: String,
    /// What it shows, in a phrase.
    pub shows: String,
    /// Names of the studies that it reads.
    pub studies: Vec<String>,
    /// What the paper leaves open and what was chosen, a sentence each.
    #[serde(default)]
    pub protocol: Vec<String>,
    /// Paper against ours.
    #[serde(default, rename = "table")]
    pub tables: Vec<Table>,
    /// What is drawn.
    #[serde(default, rename = "figure")]
    pub figures: Vec<Figure>,
    /// What the paper says, to be tested.
    #[serde(default, rename = "claim")]
    pub claims: Vec<Claim>,
}

impl Item {
    /// Reads an item from the TOML `text` of `file`; `base` names another item that it changes, whose text `find` gives.
    ///
    /// An item of one study need not name it again with each number.
    pub fn read(file: &str, text: &str, find: &dyn Fn(&str) -> Option<&'static str>) -> Outcome<Self> {
        let table = with_base(file, text, find)?;
        let item = Self::deserialize(table).map_err(|error| Failure::usage(format!("{file}: {}", error.message())));
        item.map(Self::with_its_study)
    }

    fn with_its_study(mut self) -> Self {
        let [study] = self.studies.as_slice() else {
            return self;
        };
        let tables = self.tables.iter_mut().map(|table| &mut table.of.study);
        let claims = self.claims.iter_mut().map(|claim| &mut claim.study);
        for of in tables.chain(claims).filter(|of| of.is_none()) {
            *of = Some(study.clone());
        }
        for figure in &mut self.figures {
            let of: Vec<&mut String> = match figure {
                Figure::Plot(plot) => plot.series.iter_mut().map(|series| &mut series.study).collect(),
                Figure::Pictures(pictures) => vec![&mut pictures.study],
            };
            of.into_iter().filter(|of| of.is_empty()).for_each(|of| of.clone_from(study));
        }
        self
    }
}

/// Where a number comes from. A row's fields go before a column's, a column's before the table's.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Source {
    /// A study of the item; all of its sweep where it has one. An item's only study where nobody names one.
    pub study: Option<String>,
    /// A row of the study: `cw-vr`, or `l1=0.1` where nothing is selected.
    pub regularizer: Option<String>,
    /// A further site: names of the formula that are measures get `@SITE`.
    pub site: Option<String>,
    /// The number, a formula over a trial's scores and measures.
    pub value: Option<Expression>,
}

impl Source {
    /// These fields, and where one is absent the other's.
    pub fn or(&self, other: &Self) -> Self {
        Self {
            study: self.study.clone().or_else(|| other.study.clone()),
            regularizer: self.regularizer.clone().or_else(|| other.regularizer.clone()),
            site: self.site.clone().or_else(|| other.site.clone()),
            value: self.value.clone().or_else(|| other.value.clone()),
        }
    }
}

/// A table, with the paper's numbers beside the places of ours.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Table {
    /// Its heading.
    pub title: String,
    /// Head of the column of row names.
    #[serde(default = "regularizer")]
    pub head: String,
    /// What all cells share.
    #[serde(default)]
    pub of: Source,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows.
    pub rows: Vec<Row>,
    /// Which value of a column is best; none is marked without it.
    pub best: Option<Best>,
}

fn regularizer() -> String {
    "regularizer".to_owned()
}

/// Which of several values is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Best {
    /// The lowest.
    Lowest,
    /// The highest.
    Highest,
}

/// A column.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Column {
    /// Its head.
    pub head: String,
    /// What its cells share.
    #[serde(default)]
    pub of: Source,
}

/// A row.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Row {
    /// Its name in the paper.
    pub head: String,
    /// What its cells share.
    #[serde(default)]
    pub of: Source,
    /// The paper's numbers, one for each column; none at all where the paper has no numbers.
    #[serde(default)]
    pub paper: Vec<PaperValue>,
}

/// A drawing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "kind")]
pub enum Figure {
    /// Mean against mean over regularizers: curves over a weight, or points with names.
    Plot(Plot),
    /// Histogram, scatter and components of the first trial.
    Pictures(PictureFigure),
}

/// Lines or points of means over trials.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Plot {
    /// The file's name without its extension.
    pub name: String,
    /// Label of the axis to the right.
    pub x: String,
    /// Label of the axis upwards.
    pub y: String,
    /// Whether x has a logarithmic axis; points at 0 and below are left out then.
    #[serde(default)]
    pub log_x: bool,
    /// What is plotted to the right.
    pub x_value: Expression,
    /// What is plotted upwards.
    pub y_value: Expression,
    /// Whether the points of a series are joined.
    #[serde(default = "yes")]
    pub joined: bool,
    /// The series.
    pub series: Vec<Series>,
}

const fn yes() -> bool {
    true
}

/// One series of a plot.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Series {
    /// Its name in the legend.
    pub head: String,
    /// The study; an item's only one where it is absent.
    #[serde(default)]
    pub study: String,
    /// Rows of the study, in their order: names, or `l1=*` for every weight of one.
    pub rows: Vec<String>,
    /// A formula instead of the plot's.
    pub y_value: Option<Expression>,
}

/// Pictures of one trial.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PictureFigure {
    /// The study whose first trials are drawn; an item's only one where it is absent.
    #[serde(default)]
    pub study: String,
    /// Of these rows; all without it.
    #[serde(default)]
    pub rows: Vec<String>,
    /// Which plots: `histogram`, `scatter`, `components`, `correlation`...
    pub plots: Vec<String>,
}

/// A sentence of the paper as something that can be tested.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Claim {
    /// The sentence.
    pub says: String,
    /// What is tested.
    pub kind: ClaimKind,
    /// The number that it is about.
    pub value: Expression,
    /// The study, for every operand that names none.
    pub study: Option<String>,
    /// The other number, of `correlated`.
    pub with: Option<Expression>,
    /// Whose number; each of several must fulfil the claim.
    pub of: Operands,
    /// Compared with whom; for `lowest` and `highest` each of them.
    pub than: Option<Operands>,
    /// Of `at-least`, `at-most` and `within`.
    pub bound: Option<f64>,
    /// Whether the trials of both sides belong together one by one, as those of a sweep over draws of the data do: the
    /// differences are tested then.
    #[serde(default)]
    pub paired: bool,
    /// How far from the bound is `within`; what `lower` and `higher` may miss and still hold.
    #[serde(default)]
    pub margin: f64,
}

/// What a claim says of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimKind {
    /// The mean of `of` is below the mean of `than`.
    Lower,
    /// Above it.
    Higher,
    /// The mean is at least `bound`.
    AtLeast,
    /// The mean is at most `bound`.
    AtMost,
    /// The mean is closer to `bound` than `margin`.
    Within,
    /// The comparison that `value` is holds in every trial.
    EveryTrial,
    /// The means of `value` and `with` rise together over the rows `of`.
    Correlated,
}

/// One or several operands of a claim: a regularizer's name, or more about it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Operands {
    /// A row of the claim's study.
    Name(String),
    /// Several. Before the next form, which a list of texts would fit as well.
    Many(Vec<Operands>),
    /// Another study, site or value.
    Source(Box<Source>),
}

impl Operands {
    /// Each operand, what is absent taken from `default`.
    pub fn sources(&self, default: &Source) -> Vec<Source> {
        match self {
            Self::Name(name) => vec![Source { regularizer: Some(name.clone()), ..Source::default() }.or(default)],
            Self::Source(source) => vec![source.or(default)],
            Self::Many(many) => many.iter().flat_map(|one| one.sources(default)).collect(),
        }
    }
}

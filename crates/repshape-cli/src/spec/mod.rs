//! Specs and recipes: TOML files, embedded or the user's.

mod base;
mod expression;
mod paper_value;
mod read;
mod reproduction;
mod run;
mod study;
mod study_file;

pub use expression::Expression;
pub use paper_value::PaperValue;
pub use read::{RECIPES, embedded, read_text, recipe, run_spec};
pub use reproduction::{Best, Claim, ClaimKind, Column, Figure, Item, PictureFigure, Plot, Row, Source, Table};
pub use run::RunSpec;
pub use study::{Member, Places, Recipe};
pub use study_file::{SharedStudy, shared_studies};

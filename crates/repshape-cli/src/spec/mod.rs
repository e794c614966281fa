//! Specs and recipes: TOML files, embedded or the user's.

mod read;
mod run;
mod study;

pub use read::{RECIPES, from_toml, read_text, recipe};
pub use run::RunSpec;
pub use study::{Member, Recipe};

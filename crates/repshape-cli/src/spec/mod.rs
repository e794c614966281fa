//! Specs and recipes: TOML files, embedded or the user's.

mod read;
mod run;
mod study;

pub use read::{RECIPES, read_text, recipe, run_spec};
pub use run::RunSpec;
pub use study::{Member, Recipe};

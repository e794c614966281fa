//! Other people's models: read, listed, run, and damaged.

mod agreement;
mod memory;
mod models;
mod mutants;
mod reference;

//! Other people's models: read, listed, run, and damaged.

mod agreement;
mod damage;
mod memory;
mod models;
mod mutants;
mod reference;

//! Other people's models: read, listed, run, and damaged.

mod agreement;
mod bad_models;
mod build;
mod damage;
mod lower;
mod memory;
mod models;
mod mutants;
mod python;
mod read;
mod reference;
mod rewiring;
mod rewiring_cases;
mod sites;

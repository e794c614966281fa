//! Tests of the crate from outside: what NumPy wrote, what is wrong, what is split.

mod bad_input;
mod bad_tables;
mod golden;
mod layout;
mod memory;
mod mutants;
mod regressions;
mod splits;
mod tables;

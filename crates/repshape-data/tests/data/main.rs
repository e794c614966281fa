//! Tests of the crate from outside: what NumPy wrote, what is wrong, what is split.

mod bad_input;
mod golden;
mod memory;
mod mutants;
mod splits;
mod tables;

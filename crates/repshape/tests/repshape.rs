//! Checks of the crate from outside.

mod monitor;

mod penalty;

mod rewire;

mod training;

//! Checks of the crate from outside.

mod monitor;

mod penalty;

mod training;

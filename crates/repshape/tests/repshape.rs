//! Checks of the crate from outside.

mod penalty;

mod training;

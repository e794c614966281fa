//! Characteristics of hidden representations, in one pass over blocks of rows.

pub mod pictures;

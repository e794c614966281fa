//! Characteristics of hidden representations, in one pass over blocks of rows.

pub mod disentanglement;
mod exp;
pub mod mutual_information;
pub mod pictures;
pub mod spectrum;

//! One file a verb.

pub mod compare;
pub mod data;
pub mod measure;
pub mod penalty;
pub mod report;
pub mod reproduce;
pub mod rewire;
pub mod shape;
pub mod sites;
pub mod study;

//! Shape the hidden representations of neural networks.
//!
//! `data -> network (a tap reads one site) -> penalty -> trainer -> measurement`
//!
//! | question | where |
//! |---|---|
//! | a network with named sites | [`network`] |
//! | penalties on a representation, in closed form | [`penalty`], over [`groups`] of rows |
//! | task plus weighted penalties, each logged by name | [`objective`], [`task`] |
//! | training with observers | [`fit`](mod@fit), [`early_stopping`], [`optimizer`], [`checkpoint`] |
//! | watching representations while they form | [`monitor`] |
//! | error and loss, characteristics of sites | [`evaluate`](mod@evaluate), [`representation`] |
//! | another network with the same outputs | [`rewire`] |
//!
//! The library prints nothing, reads no environment and picks no device.

pub use burn;

pub mod batch;
mod binary_cross_entropy;
pub mod checkpoint;
pub mod early_stopping;
pub mod evaluate;
pub mod fit;
pub mod groups;
pub mod monitor;
pub mod nearest;
pub mod network;
pub mod objective;
pub mod optimizer;
pub mod parameters;
pub mod penalty;
pub mod representation;
pub mod rewire;
pub mod task;
mod widest;

//! Shape the hidden representations of neural networks: penalties on a site, with closed-form gradients.

pub mod groups;
pub mod penalty;

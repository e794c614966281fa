//! Another network with the same outputs and other characteristics, and the proof.
//!
//! Any characteristic of a representation that an affine map can change says little of what the network does: behind a
//! linear layer any nonsingular change of representation can be undone by the next layer (theorem 1 of Choi, Lee, Shin & Rhee
//! 2018, C18, section 3), behind a ReLU any positive diagonal and any order of the units (theorem 2).
//!
//! | function | gives |
//! |---|---|
//! | [`check`] | whether a site can be rewired, and what stands there |
//! | [`apply`] | the network with an [`Affine`] at a site: whitened, turned, scaled, in another order |
//! | [`insert_linear`] | a linear site behind any activation |
//! | [`compact`] | a smaller network without what carries nothing |
//! | [`equalize`], [`quantization`] | equal ranges of weights, and what 8 bits lose |
//! | [`statistics`], [`identical`] | what the maps are made from; the proof |
//! | [`cpn`], [`cpn_search`] | comparable performance networks: not the same outputs, about the same error |
//!
//! The algebra is [`repshape_stats::rewire`], in `f64`; here it meets networks. A network keeps its place on or off the tape.

mod apply;
mod cpn;
mod cpn_search;
mod error;
mod features;
mod fine_tune;
mod host;
mod place;
mod proof;
mod quantization;
mod silence;

pub use apply::{apply, compact, equalize, insert_linear, spec};
pub use cpn::cpn;
pub use cpn_search::{CpnSearch, Draw, SearchOptions, cpn_search, draw_map};
pub use error::RewireNetworkError;
pub use fine_tune::FineTune;
pub use place::{Place, check};
pub use proof::{identical, statistics};
pub use quantization::{Quantization, quantization, quantized};
pub use repshape_stats::rewire::{
    Affine, CompactOptions, Cutoff, Difference, Differences, Plan, QuantizationError, RewireError, Site, SiteStatistics,
};
pub use silence::silence;

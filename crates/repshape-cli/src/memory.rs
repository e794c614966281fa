//! How much memory the moments and samples of what is measured may take.

/// Most bytes of the moments of everything that one command measures.
pub const MOMENTS: usize = 2 << 30;

/// Most bytes of the rows that one site's sample keeps.
pub const SAMPLE: usize = 256 << 20;

/// Bytes as GiB, for messages.
pub fn gib(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 30)
}

//! `Pairing`: one look at the moments of two representations, in which what several similarities share is computed once.

use std::sync::OnceLock;

use super::cca::{Canonical, canonical_of_ranges};
use super::cross::Side;
use super::norms::NormSums;
use super::{CrossMoments, SimilarityOptions};

/// Moments with the shared intermediate results of the similarities. Both sides are scaled to unit total variance,
/// which no similarity sees, and units with one value only are left out.
#[derive(Debug)]
pub struct Pairing<'a> {
    options: &'a SimilarityOptions,
    rows: u64,
    scaled: Option<Scaled>,
    canonical: OnceLock<Option<Canonical>>,
}

/// The co-moments of two sides that both vary, each side over the square root of its trace.
#[derive(Debug)]
pub(super) struct Scaled {
    /// Co-moments of A, row-major, trace 1.
    pub(super) aa: Vec<f64>,
    /// Number of units of A that vary.
    pub(super) units_a: usize,
    /// Co-moments of B, row-major, trace 1.
    pub(super) bb: Vec<f64>,
    /// Number of units of B that vary.
    pub(super) units_b: usize,
    /// Between A and B, row-major.
    pub(super) ab: Vec<f64>,
    /// `sum |x|^4`, `sum |x|^2 |y|^2`, `sum |y|^4`, `None` where they are beyond the range of f64.
    pub(super) norms: Option<[f64; 3]>,
}

impl<'a> Pairing<'a> {
    /// Looks at the moments of two representations.
    #[must_use]
    pub fn new(moments: &'a CrossMoments, options: &'a SimilarityOptions) -> Self {
        Self { options, rows: moments.rows(), scaled: Scaled::of(moments), canonical: OnceLock::new() }
    }

    /// The settings of the similarities.
    #[must_use]
    pub fn options(&self) -> &'a SimilarityOptions {
        self.options
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// `None` where a side does not vary.
    pub(super) fn scaled(&self) -> Option<&Scaled> {
        self.scaled.as_ref()
    }

    /// The canonical correlations between the ranges of the two sides. `None` where a side does not vary.
    pub(super) fn canonical(&self) -> Option<&Canonical> {
        self.canonical.get_or_init(|| self.scaled().map(canonical_of_ranges)).as_ref()
    }
}

impl Scaled {
    fn of(moments: &CrossMoments) -> Option<Self> {
        let (a, b) = (moments.a.varying(), moments.b.varying());
        let trace = |side: &Side, of: &[usize]| -> f64 { of.iter().map(|&i| side.spread(i, i)).sum() };
        let (trace_a, trace_b) = (trace(&moments.a, &a), trace(&moments.b, &b));
        let usable = |trace: f64| trace > 0.0 && trace.is_finite();
        if !usable(trace_a) || !usable(trace_b) {
            return None;
        }
        let square = |side: &Side, of: &[usize], trace: f64| -> Vec<f64> {
            of.iter().flat_map(|&i| of.iter().map(move |&j| side.spread(i, j) / trace)).collect()
        };
        let (root_a, root_b) = (trace_a.sqrt(), trace_b.sqrt());
        let (_, width) = moments.units();
        let cross = &moments.cross;
        let ab = a.iter().flat_map(|&i| b.iter().map(move |&j| cross[i * width + j] / root_a / root_b)).collect();
        Some(Self {
            aa: square(&moments.a, &a, trace_a),
            units_a: a.len(),
            bb: square(&moments.b, &b, trace_b),
            units_b: b.len(),
            ab,
            norms: moments.norms.as_ref().and_then(|norms| scaled_norms(norms, trace_a, trace_b)),
        })
    }
}

/// A fourth power leaves the range of f64 where the square of a trace does: `N sum |x|^4` is at least that square.
fn scaled_norms(norms: &NormSums, trace_a: f64, trace_b: f64) -> Option<[f64; 3]> {
    let scaled = |sum: f64, x: f64, y: f64| ((x * x).is_normal() && sum.is_finite()).then_some(sum / x / y);
    (trace_a * trace_b).is_normal().then_some(())?;
    Some([
        scaled(norms.aa, trace_a, trace_a)?,
        scaled(norms.ab, trace_a, trace_b)?,
        scaled(norms.bb, trace_b, trace_b)?,
    ])
}

//! The page of a measurement.

use std::path::Path;

use repshape_report::{Measured as Shown, MeasurementPage, Page};

use super::Measured;
use crate::failure::Outcome;
use crate::output::write_file;
use crate::pages::{how_by_command, measured};

/// Writes one self-contained page with all measurements.
pub fn write(path: &Path, results: &[Measured]) -> Outcome {
    let measured: Vec<Shown> = results.iter().map(|(m, p)| measured(m, p.clone())).collect();
    let mut sources: Vec<&str> = measured.iter().map(|m| m.source.as_str()).collect();
    sources.dedup();
    let page = Page::Measurement(MeasurementPage {
        title: "Measurements".to_owned(),
        subtitle: sources.join(", "),
        measured,
        how: how_by_command(),
        notes: Vec::new(),
    });
    write_file(path, repshape_report::render(&[page]).as_bytes())
}

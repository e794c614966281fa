//! One self-contained HTML page, and static figures, from finished runs, studies and measurements.
//!
//! The input is plain data ([`Page`]); nothing here trains, measures or prints. [`render`] gives the page
//! as text and [`write_html`] puts it in a file; [`figures`] writes each plot as SVG and PNG.

mod base64;
mod charts;
mod colours;
mod criterion;
mod definitions;
mod escape;
mod families;
mod figures;
mod headline;
mod html;
mod layers;
mod number;
mod page;
mod rewired;
mod sections;
mod sheet;
mod similarities;
mod write;

pub use criterion::Criterion;
pub use figures::{Chart, ChartSeries, chart_svg, figures, figures_of};
pub use html::render;
pub use number::places;
pub use page::{
    Change, ComparisonPage, Curve, LayerMap, Measured, MeasurementPage, Page, Panel, Proof, RegularizerRow,
    RewiredSite, RewiringPage, RunPage, Score, Spread, StudyPage, Variant,
};
pub use write::{ReportError, write_html};

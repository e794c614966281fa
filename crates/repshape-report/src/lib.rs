//! One self-contained HTML page, and static figures, from finished runs, studies and measurements.

mod page;

pub use page::{Curve, Measured, MeasurementPage, Page, Panel, RegularizerRow, RunPage, Score, Spread, StudyPage};

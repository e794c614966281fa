//! The page of a comparison: how alike two representations are, what changed, every layer with every layer.

use crate::{
    page::ComparisonPage,
    sections::{head, how, notes},
    sheet::Sheet,
};

pub(crate) fn write(sheet: &mut Sheet, page: &ComparisonPage) {
    head(sheet, "Comparison", &page.title, &page.subtitle);
    notes(sheet, &page.notes);
    how::write(sheet, &page.how);
}

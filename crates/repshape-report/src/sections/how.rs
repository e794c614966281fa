//! How it was run: terms and values, long ones folded.

use crate::{escape, sheet::Sheet};

/// Writes the section; nothing when there is nothing to say.
pub(crate) fn write(sheet: &mut Sheet, how: &[(String, String)]) {
    if how.is_empty() {
        return;
    }
    sheet.raw("<section class=\"how\">\n<h2>How it was run</h2>\n");
    let (long, short): (Vec<_>, Vec<_>) = how.iter().partition(|(_, value)| value.trim_end().contains('\n'));
    if !short.is_empty() {
        sheet.raw("<dl>\n");
        for (term, value) in short {
            sheet.raw(&format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escape::html(term), escape::html(value)));
        }
        sheet.raw("</dl>\n");
    }
    for (term, value) in long {
        sheet.raw(&format!(
            "<details><summary>{}</summary><pre tabindex=\"0\">{}</pre></details>\n",
            escape::html(term),
            escape::html(value)
        ));
    }
    sheet.raw("</section>\n");
}

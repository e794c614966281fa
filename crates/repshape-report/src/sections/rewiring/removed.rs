//! What was taken out of a site, and for which inputs that leaves the outputs alone.

use crate::{
    escape,
    number::grouped,
    page::RewiredSite,
    sections::measures::{close, open},
    sheet::Sheet,
};

/// Writes the section; nothing where nothing was taken out.
pub(super) fn write(sheet: &mut Sheet, site: &RewiredSite) {
    if site.removed.is_empty() {
        return;
    }
    let total: usize = site.removed.iter().map(|(_, _, count)| count).sum();
    let of = match site.variants.first() {
        Some(original) => format!(" of {}", grouped(original.measured.units)),
        None => String::new(),
    };
    sheet.raw(&format!(
        "<section>\n<h2>{}: what was taken out</h2>\n<p class=\"lead\">{}{of}. What holds on the rows given may live on others: \
         verify on them before relying on it.</p>\n",
        escape::html(&site.site),
        grouped(total)
    ));
    open(sheet, "results removed");
    sheet.raw("<thead><tr><th scope=\"col\">Reason</th><th scope=\"col\">The outputs stay</th><th scope=\"col\" class=\"number\">Taken out</th></tr></thead>\n<tbody>\n");
    for (reason, holds, count) in &site.removed {
        sheet.raw(&format!(
            "<tr><th scope=\"row\">{}</th><td><span class=\"mark {}\">{}</span></td><td class=\"number\">{}</td></tr>\n",
            escape::html(reason),
            strength(holds),
            escape::html(holds),
            grouped(*count)
        ));
    }
    if site.removed.len() > 1 {
        sheet.raw(&format!(
            "<tr class=\"total\"><th scope=\"row\">together</th><td></td><td class=\"number\">{}</td></tr>\n",
            grouped(total)
        ));
    }
    close(sheet);
    sheet.raw("</section>\n");
}

/// The class of a badge: the stronger the promise, the fuller.
fn strength(holds: &str) -> &'static str {
    if holds.contains("every input") {
        "best"
    } else if holds.contains("approximate") {
        "warn"
    } else {
        "tied"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promises_are_told_apart_and_summed() {
        let removed = [
            ("dead", "on the rows given", 1200),
            ("no weight out", "for every input", 7),
            ("least", "approximately", 1),
        ];
        let removed = removed.map(|(reason, holds, count)| (reason.into(), holds.into(), count)).to_vec();
        let mut sheet = Sheet::default();
        write(&mut sheet, &RewiredSite { removed, ..RewiredSite::default() });
        assert!(sheet.html.contains("<span class=\"mark best\">for every input</span></td><td class=\"number\">7<"));
        assert!(sheet.html.contains("mark tied\">on the rows") && sheet.html.contains("mark warn\">approximately"));
        assert!(sheet.html.contains("together</th><td></td><td class=\"number\">1,208</td>"), "{}", sheet.html);
    }
}

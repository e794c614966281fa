//! The page of rewired networks: the proof that outputs stayed, then what changed at each site, in numbers and in
//! pictures, and what was taken out.

mod characteristics;
mod proof;
mod removed;

use crate::{
    charts::size,
    escape,
    number::grouped,
    page::{RewiredSite, RewiringPage},
    rewired,
    sections::{
        head, how,
        measures::{close, open},
        notes,
        panels::{self, Pictured},
    },
    sheet::Sheet,
};

pub(crate) fn write(sheet: &mut Sheet, page: &RewiringPage) {
    head(sheet, "Rewiring", &page.title, &page.subtitle);
    sheet.text("p", "headline", &rewired::headline(page));
    notes(sheet, &page.notes);
    proof::write(sheet, page);
    if page.sites.len() > 1 {
        overview(sheet, &page.sites);
    }
    for site in &page.sites {
        characteristics::write(sheet, site);
        pictures(sheet, site);
        curve(sheet, site);
        removed::write(sheet, site);
    }
    how::write(sheet, &page.how);
}

/// The units of each site in each network, where several sites were rewired.
fn overview(sheet: &mut Sheet, sites: &[RewiredSite]) {
    let mut names: Vec<&str> = Vec::new();
    for variant in sites.iter().flat_map(|site| &site.variants) {
        if !names.contains(&variant.name.as_str()) {
            names.push(&variant.name);
        }
    }
    let removed = sites.iter().any(|site| !site.removed.is_empty());
    sheet.raw("<section>\n<h2>Sites</h2>\n<p class=\"lead\">Units at each site.</p>\n");
    open(sheet, "results");
    sheet.raw("<thead><tr><th scope=\"col\">Site</th>");
    for name in &names {
        sheet.raw(&format!("<th scope=\"col\" class=\"number\">{}</th>", escape::html(name)));
    }
    sheet.raw(if removed { "<th scope=\"col\" class=\"number\">Taken out</th>" } else { "" });
    sheet.raw("</tr></thead>\n<tbody>\n");
    for site in sites {
        sheet.raw(&format!("<tr><th scope=\"row\">{}</th>", escape::html(&site.site)));
        for name in &names {
            let units = site.variants.iter().find(|variant| variant.name == *name).map(|one| one.measured.units);
            sheet.raw(&format!("<td class=\"number\">{}</td>", units.map_or(crate::number::UNDEFINED.into(), grouped)));
        }
        if removed {
            let taken = site.removed.iter().map(|(_, _, count)| count).sum();
            sheet.raw(&format!("<td class=\"number\">{}</td>", grouped(taken)));
        }
        sheet.raw("</tr>\n");
    }
    close(sheet);
    sheet.raw("</section>\n");
}

fn pictures(sheet: &mut Sheet, site: &RewiredSite) {
    let pictured: Vec<Pictured> = site
        .variants
        .iter()
        .filter_map(|variant| {
            Some(Pictured {
                name: &variant.name,
                mark: "",
                site: None,
                line: &variant.line,
                pictures: variant.measured.pictures.as_ref()?,
                measures: Some(&variant.measured.measures),
                history: &[],
            })
        })
        .collect();
    if pictured.is_empty() {
        return;
    }
    sheet.raw(&format!("<section class=\"representations\">\n<h2>{}: side by side</h2>\n", escape::html(&site.site)));
    panels::side_by_side(
        sheet,
        &pictured,
        "Each network at a glance: the correlation of every pair of units (red: they rise together, blue: one rises as the \
         other falls), the values of the unit with the largest variance by class, and two units against each other.",
    );
    sheet.raw("</section>\n");
}

/// What every size would cost.
fn curve(sheet: &mut Sheet, site: &RewiredSite) {
    let Some(option) = size::option(&site.curve, site.chosen) else { return };
    sheet.raw(&format!(
        "<section>\n<h2>{}: error against size</h2>\n<figure class=\"size\">\n",
        escape::html(&site.site)
    ));
    sheet.chart(
        "size",
        &format!("Expected error of what reads {} against the number of units kept", site.site),
        serde_json::json!({ "option": option }),
    );
    let chosen =
        if site.chosen.is_some() { " The large dot and the dashed line are the size that was chosen." } else { "" };
    sheet.raw(&format!(
        "<figcaption>Expected change of what reads the site, relative to its standard deviation, when only so many units are kept.{chosen} \
         What lies below 1e−8 is lost in the rounding of a network and stands at the foot.</figcaption>\n</figure>\n</section>\n"
    ));
}

//! The networks that give the same outputs, side by side: the correlations at a site and one unit's values by class.

use kuva::render::{
    color::Color,
    render::{Primitive, Scene, TextAnchor},
};
use repshape_stats::pictures::{ClassHistogram, Pictures};

use super::{
    LARGEST_SVG_HEAT_MAP,
    plots::{BEST, OTHER},
};
use crate::{
    charts::{correlation, histogram::cut},
    colours,
    number::significant,
    page::RewiredSite,
};

/// Networks beside each other before the next line begins.
const COLUMNS: usize = 6;
const SIDE: f64 = 150.0;
const GAP: f64 = 20.0;
const TITLE: f64 = 24.0;
const CAPTION: f64 = 20.0;
const BARS: f64 = 70.0;
const FOOT: f64 = 44.0;
const INK: &str = "#1b2430";
const UNDEFINED: Color = Color::Rgb(180, 186, 194);

/// The drawing, and whether it is small enough for an SVG; `None` when no network has anything to draw.
pub(super) fn side_by_side(site: &RewiredSite) -> Option<(Scene, bool)> {
    let drawn: Vec<(&str, &Pictures)> = site
        .variants
        .iter()
        .filter_map(|variant| Some((variant.name.as_str(), variant.measured.pictures.as_ref()?)))
        .filter(|(_, pictures)| correlation::shown(pictures).is_some() || bars(&pictures.histogram).is_some())
        .collect();
    if drawn.is_empty() {
        return None;
    }
    let columns = drawn.len().min(COLUMNS);
    let tall = TITLE + SIDE + CAPTION + BARS + FOOT;
    let width = GAP + columns as f64 * (SIDE + GAP);
    let mut scene = Scene::new(width, GAP / 2.0 + drawn.len().div_ceil(columns) as f64 * tall);
    for (at, (name, pictures)) in drawn.iter().enumerate() {
        let left = GAP + (at % columns) as f64 * (SIDE + GAP);
        let top = GAP / 2.0 + (at / columns) as f64 * tall;
        text(&mut scene, left, top + 16.0, 12, INK, TextAnchor::Start, &shortened(name));
        if let Some(shown) = correlation::shown(pictures) {
            heat_map(&mut scene, left, top + TITLE, shown, pictures);
            let mean = correlation::mean_absolute(shown, &pictures.correlation);
            let caption = mean.map_or(String::new(), |mean| format!("mean |r| {}", significant(mean)));
            text(&mut scene, left, top + TITLE + SIDE + 14.0, 10, OTHER, TextAnchor::Start, &caption);
        }
        histogram(&mut scene, left, top + TITLE + SIDE + CAPTION + 6.0, &pictures.histogram);
    }
    let largest = drawn.iter().filter_map(|(_, pictures)| correlation::shown(pictures)).max().unwrap_or(0);
    Some((scene, largest <= LARGEST_SVG_HEAT_MAP))
}

/// A name that fits above its heat map.
fn shortened(name: &str) -> String {
    const LONGEST: usize = 24;
    if name.chars().count() <= LONGEST {
        return name.into();
    }
    name.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// Cells on the fixed scale from blue (-1) to red (1), by cluster where that is known; equal neighbours are one rectangle.
fn heat_map(scene: &mut Scene, left: f64, top: f64, shown: usize, pictures: &Pictures) {
    let order = correlation::order(pictures, shown);
    let place = |at: usize| order.map_or(at, |order| order[at]);
    let dye = |cell: Option<f32>| cell.filter(|value| value.is_finite()).map(|value| colours::diverging(value.into()));
    let side = SIDE / shown as f64;
    let (mut x, mut y, mut w, mut h, mut fills) = (vec![], vec![], vec![], vec![], vec![]);
    for row in 0..shown {
        let cell = |column: usize| dye(pictures.correlation[place(row) * shown + place(column)]);
        let mut begin = 0;
        for end in 1..=shown {
            if end < shown && cell(end) == cell(begin) {
                continue;
            }
            x.push(left + side * begin as f64);
            y.push(top + side * row as f64);
            w.push(side * (end - begin) as f64);
            h.push(side);
            fills.push(cell(begin).map_or(UNDEFINED, |[red, green, blue]| Color::Rgb(red, green, blue)));
            begin = end;
        }
    }
    scene.elements.push(Primitive::RectBatch { x, y, w, h, fills });
}

/// The number of bins; `None` when the edges do not fit the counts or nothing was counted.
fn bars(histogram: &ClassHistogram) -> Option<usize> {
    let bins = histogram.edges.len().checked_sub(1).filter(|bins| *bins > 0)?;
    let fits = histogram.counts.iter().all(|counts| counts.len() == bins);
    (fits && histogram.counts.iter().flatten().any(|count| *count > 0)).then_some(bins)
}

/// Rows stacked by class; a bin that towers over the rest is cut at the top and marked, as on the page.
fn histogram(scene: &mut Scene, left: f64, top: f64, histogram: &ClassHistogram) {
    let Some(bins) = bars(histogram) else { return };
    let total = |bin: usize| histogram.counts.iter().map(|counts| counts[bin]).sum::<u64>();
    let totals: Vec<u64> = (0..bins).map(total).collect();
    let highest = totals.iter().copied().max().unwrap_or(1) as f64;
    let height = cut(&totals).unwrap_or(highest).min(highest);
    let labelled = histogram.counts.len() > 1;
    let wide = SIDE / bins as f64;
    let (mut x, mut y, mut w, mut h, mut fills) = (vec![], vec![], vec![], vec![], vec![]);
    for bin in 0..bins {
        let mut below = 0.0;
        for (k, counts) in histogram.counts.iter().enumerate() {
            let above = (below + counts[bin] as f64).min(height);
            if above > below {
                x.push(left + wide * (bin as f64 + 0.05));
                y.push(top + BARS * (1.0 - above / height));
                w.push(wide * 0.9);
                h.push(BARS * (above - below) / height);
                fills.push(Color::from(if labelled { colours::class(k) } else { BEST }));
            }
            below = above;
        }
        if totals[bin] as f64 > height {
            let (at, count) = (left + wide * (bin as f64 + 1.2), format!("↑ {}", totals[bin]));
            let (at, anchor) =
                if 2 * bin < bins { (at, TextAnchor::Start) } else { (at - 1.4 * wide, TextAnchor::End) };
            text(scene, at, top + 6.0, 8, OTHER, anchor, &count);
        }
    }
    scene.elements.push(Primitive::RectBatch { x, y, w, h, fills });
    scene.elements.push(Primitive::Line {
        x1: left,
        y1: top + BARS,
        x2: left + SIDE,
        y2: top + BARS,
        stroke: Color::from(OTHER),
        stroke_width: 0.75,
        stroke_dasharray: None,
    });
    let foot = top + BARS + 12.0;
    text(scene, left, foot, 9, OTHER, TextAnchor::Start, &significant(histogram.edges[0]));
    text(scene, left + SIDE / 2.0, foot, 9, OTHER, TextAnchor::Middle, &format!("unit {}", histogram.unit));
    text(scene, left + SIDE, foot, 9, OTHER, TextAnchor::End, &significant(histogram.edges[bins]));
}

fn text(scene: &mut Scene, x: f64, y: f64, size: u32, colour: &str, anchor: TextAnchor, content: &str) {
    scene.elements.push(Primitive::Text {
        x,
        y,
        content: content.into(),
        size,
        anchor,
        rotate: None,
        bold: false,
        color: Some(Color::from(colour)),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_cells_of_a_row_are_one_rectangle_and_the_undefined_is_grey() {
        let pictures = Pictures {
            units: 3,
            correlation: [1.0, 0.5, 0.5, 0.5, 1.0, f32::NAN, 0.5, f32::NAN, 1.0].map(Some).to_vec(),
            ..Pictures::default()
        };
        let mut scene = Scene::new(10.0, 10.0);
        heat_map(&mut scene, 0.0, 0.0, 3, &pictures);
        let Primitive::RectBatch { w, fills, .. } = &scene.elements[0] else { panic!("no cells") };
        assert_eq!(*w, [50.0, 100.0, 50.0, 50.0, 50.0, 50.0, 50.0, 50.0]);
        assert_eq!(fills[4].to_svg_string(), "#b4bac2");
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        assert_eq!(shortened("cpn:ones-random-diagonal"), "cpn:ones-random-diagonal");
        assert_eq!(shortened(&"名".repeat(30)), "名".repeat(23) + "…");
    }

    #[test]
    fn nothing_known_draws_nothing() {
        assert!(side_by_side(&RewiredSite::default()).is_none());
        assert!(bars(&ClassHistogram { unit: 0, edges: vec![0.0, 1.0], counts: vec![vec![0]] }).is_none());
    }
}

//! The proof: both networks over the same rows, their outputs beside each other.

use repshape_data::Numbers;
use repshape_stats::moments::{ClassMoments, UnitPairs};
use repshape_stats::rewire::{Difference, Differences, SiteStatistics};
use repshape_stats::{SampleSize, Selection, Sketch, SketchConfig};
use serde::Serialize;

use super::source::{Rows, Source};
use crate::cli::{Global, RewireArgs};
use crate::command::measure::{Kept, of_site};
use crate::failure::{Failure, Outcome};
use crate::memory::{self, gib};
use crate::representations::{Representations, Site, SiteRows, pass, refused};

/// Sites of a network over some rows. The network is let go: a large one takes as much memory as its weights.
pub struct Seen {
    /// What a reader of the values should know.
    pub notes: Vec<String>,
    /// Each site in the order of the network.
    pub sites: Vec<SeenSite>,
}

/// A site that was read to the end.
pub struct SeenSite {
    pub site: Site,
    /// What was gathered of it.
    pub sketch: Sketch,
    /// What is measured of it.
    pub selection: Selection,
}

impl Seen {
    /// Of what was read, at its end.
    fn of(source: &dyn Representations, sketches: Vec<Sketch>, selection: &Selection) -> Outcome<Self> {
        let mut sites = Vec::with_capacity(sketches.len());
        for (at, (site, sketch)) in source.sites().iter().zip(sketches).enumerate() {
            sites.push(SeenSite { site: site.clone(), sketch, selection: of_site(selection, source, at)? });
        }
        Ok(Self { notes: source.notes().to_vec(), sites })
    }

    /// The site of this name.
    pub fn site(&self, name: &str) -> Option<&SeenSite> {
        self.sites.iter().find(|one| one.site.name.as_deref() == Some(name))
    }
}

/// What is gathered of the sites that are measured.
pub struct Gathering<'a> {
    pub kept: &'a Kept,
    pub selection: &'a Selection,
    pub measured: &'a [String],
    /// Whether the covariance of each must be there, whatever is measured.
    pub covariance: bool,
}

/// How far the outputs of two networks are apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Proof {
    /// Number of rows.
    pub rows: u64,
    /// Largest `|b - a|` of any output.
    pub max_abs_difference: f64,
    /// The same over the largest `|a|`.
    pub max_rel_difference: f64,
    /// `sqrt` of the summed mean squares of `b - a` over the summed variances of the outputs.
    pub rms_rel_difference: f64,
    /// Share of the rows whose largest output is the same; `None` for a single output.
    pub same_predictions: Option<f64>,
}

/// Reads the sites of a network.
pub fn look(
    source: &Source,
    gathering: &Gathering<'_>,
    rows: &Rows,
    args: &RewireArgs,
    global: &Global,
) -> Outcome<Seen> {
    let mut source = source.open(gathering.measured.to_vec(), rows, args)?;
    let mut sketches = sketches(&*source, gathering)?;
    pass(&mut *source, &mut sketches, |_| 0, |_| Ok(()), global)?;
    Seen::of(&*source, sketches, gathering.selection)
}

/// Reads the sites of the new network and compares its outputs with those of the old one, row by row.
pub fn prove(
    (old, new): (&Source, &Source),
    outputs: &[String],
    gathering: &Gathering<'_>,
    rows: &Rows,
    args: &RewireArgs,
    global: &Global,
) -> Outcome<(Seen, Proof)> {
    let mut old = old.open(outputs.to_vec(), rows, args)?;
    let missing = gathering.measured.iter().filter(|site| !outputs.contains(site)).cloned();
    let mut new = new.open(outputs.iter().cloned().chain(missing).collect(), rows, args)?;
    let mut sketches = sketches(&*new, gathering)?;
    let names = |source: &dyn Representations| -> Vec<Option<String>> {
        source.sites().iter().map(|site| site.name.clone()).collect()
    };
    let (of_old, of_new) = (names(&*old), names(&*new));
    let pairs: Vec<(usize, usize)> = of_old
        .iter()
        .enumerate()
        .filter_map(|(at, name)| Some((at, of_new.iter().position(|other| other == name)?)))
        .collect();
    let mut differences = vec![Differences::default(); pairs.len()];
    let block = new.block_rows();
    let each = |blocks: &[SiteRows]| {
        let before = old.next(block)?.unwrap_or_default();
        for ((at_old, at_new), seen) in pairs.iter().zip(&mut differences) {
            let Some(before) = before.get(*at_old) else {
                return Err(Failure::usage("the rows changed while they were read"));
            };
            let after = &blocks[*at_new];
            let added = match (&before.values, &after.values) {
                (Numbers::F32(a), Numbers::F32(b)) => seen.update(a, b, before.units),
                (Numbers::F32(a), Numbers::F64(b)) => seen.update(a, b, before.units),
                (Numbers::F64(a), Numbers::F32(b)) => seen.update(a, b, before.units),
                (Numbers::F64(a), Numbers::F64(b)) => seen.update(a, b, before.units),
            };
            added.map_err(|error| Failure::usage(format!("the outputs of the new network: {error}")))?;
        }
        Ok(())
    };
    pass(&mut *new, &mut sketches, |_| 0, each, global)?;
    let mut found = Vec::new();
    for ((_, at), seen) in pairs.iter().zip(&differences) {
        let statistics = SiteStatistics::of(sketches[*at].moments())
            .map_err(|error| Failure::usage(format!("the outputs of the new network: {error}")))?;
        found.push(OfOutput {
            difference: seen.finish(),
            columns: statistics.units(),
            variance: statistics.variance().iter().sum(),
        });
    }
    Ok((Seen::of(&*new, sketches, gathering.selection)?, worst(&found)))
}

fn sketches(source: &dyn Representations, gathering: &Gathering<'_>) -> Outcome<Vec<Sketch>> {
    let of_outputs =
        |units| SketchConfig { pairs: UnitPairs::Off, sample: SampleSize::AtMost(1), ..SketchConfig::new(units) };
    let measured = |site: &Site| site.name.as_ref().is_some_and(|name| gathering.measured.contains(name));
    let sites: Vec<Site> = source.sites().iter().filter(|site| measured(site)).cloned().collect();
    let mut configs = gathering.kept.of_sites(&sites, source.classes()).into_iter();
    let mut sketches = Vec::new();
    for site in source.sites() {
        let of_measured = if measured(site) { configs.next() } else { None };
        let mut config = of_measured.unwrap_or_else(|| of_outputs(site.units));
        config.classes = source.classes();
        if gathering.covariance && measured(site) && config.pairs == UnitPairs::Off {
            config = with_covariance(&config);
            let bytes = config.moments_bytes();
            if bytes > memory::MOMENTS {
                return Err(Failure::usage(format!(
                    "{}: {} units: their covariance would take {:.1} GiB, expected at most {} GiB",
                    site.shown(source.source()),
                    site.units,
                    gib(bytes),
                    gib(memory::MOMENTS)
                )));
            }
        }
        sketches.push(Sketch::new(&config).map_err(|error| refused(source.source(), site, error))?);
    }
    Ok(sketches)
}

/// The covariance over all rows, and no more of the pairs of units.
fn with_covariance(config: &SketchConfig) -> SketchConfig {
    SketchConfig { pairs: UnitPairs::Full, positive_pairs: false, class_moments: ClassMoments::Diagonal, ..*config }
}

/// What was seen of one output.
struct OfOutput {
    difference: Difference,
    columns: usize,
    /// Summed over its columns.
    variance: f64,
}

/// All outputs together: the largest differences, and the least agreement.
fn worst(outputs: &[OfOutput]) -> Proof {
    let largest = |of: &dyn Fn(&OfOutput) -> f64| outputs.iter().map(of).fold(0.0, f64::max);
    let rms = |one: &OfOutput| match one.difference.rms {
        0.0 => 0.0,
        rms => rms * (one.columns as f64 / one.variance).sqrt(),
    };
    let all = || outputs.iter().map(|one| &one.difference);
    Proof {
        rows: all().map(|found| found.rows).min().unwrap_or(0),
        max_abs_difference: largest(&|one| one.difference.max_abs),
        max_rel_difference: largest(&|one| one.difference.max_rel),
        rms_rel_difference: largest(&rms),
        same_predictions: all().filter_map(|found| found.same_predictions).reduce(f64::min),
    }
}

//! One call of the command: statistics, changes, the file under a temporary name, the proof, what is printed.

use std::path::Path;

use repshape::rewire::{CompactOptions, Plan, SiteStatistics};
use repshape_stats::pictures::Pictures;
use repshape_stats::{Measurement, Selection};

use super::cpn::{self, Comparable};
use super::network::{Chosen, Network, reasons};
use super::page::{self, SiteShown};
use super::proof::{Gathering, Proof, Seen, look, prove};
use super::result::{self, Int8, Rewired, Size, Taken, Verified, Whole};
use super::source::{Rows, Source};
use super::staged::Staged;
use crate::cli::{Global, How, RewireArgs};
use crate::command::measure::{self, Kept};
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{to_json, write_file};
use crate::rewiring;

/// Largest relative difference of outputs that single precision explains.
pub const TOLERANCE: f64 = 1e-5;

/// Rows for each unit below which a site may do more than they show.
const ROWS_PER_UNIT: u64 = 10;

/// What is asked for.
pub struct Job<'a> {
    pub args: &'a RewireArgs,
    pub how: &'a How,
    pub path: &'a Path,
    pub out: &'a Path,
    pub rows: Rows,
    pub global: &'a Global,
}

/// What was done to a site.
pub struct Change {
    pub chosen: Chosen,
    /// Its name in the new network.
    pub now: String,
    pub condition: Option<f64>,
    pub rank: Option<usize>,
    pub plan: Option<Plan>,
}

/// What is measured before and after.
struct Measures {
    selection: Selection,
    kept: Kept,
    pictured: bool,
}

/// The network that was given, and what of it must stay.
struct Original {
    source: Source,
    outputs: Vec<String>,
}

impl Job<'_> {
    /// Rewires, writes under a temporary name, proves, and gives what is to be printed. `left` says which sites are left as they
    /// are, and why.
    pub fn run(
        &self,
        mut network: Network,
        chosen: &[Chosen],
        mut left: Vec<String>,
        staged: &Staged,
    ) -> Outcome<Vec<Rewired>> {
        let measures = self.measures(&network)?;
        let source = Source::original(&network, self.path)?;
        let old = Original { outputs: source.outputs()?, source };
        let parameters_before = network.parameters();
        let before = self.before(&old, chosen, &measures)?;
        let int8_before = self.rounded(&network, &old, &measures)?;

        let (changes, comparable) = self.change_all(&mut network, chosen, &before, &mut left)?;
        let int8_after = self.rounded(&network, &old, &measures)?;
        let (parameters_after, spec) = (network.parameters(), network.spec());
        network.write(staged.path(), &self.how.to_string(), self.path)?;
        let new = Source::written(&network, staged.path())?;
        // what is proved is what was written, and two large networks are enough in memory
        drop(network);
        let now: Vec<String> = changes.iter().map(|change| change.now.clone()).collect();
        let (after, proof) = self.prove(&old, &new, &now, &self.rows, &measures)?;
        let verified = self.verify(&old, &new, &measures)?;
        let tolerance = self.judge(&proof, &verified)?;

        let mut notes: Vec<String> = before.notes.clone();
        notes.extend(self.few_rows(&changes, proof.rows));
        notes.extend(left.iter().map(|why| format!("left as it is: {why}")));
        let whole = Whole {
            model: self.path.display().to_string(),
            by: self.how.to_string(),
            data: self.rows.shown(),
            seed: self.seed(),
            proof,
            tolerance,
            lossy: self.is_lossy(),
            verified,
            parameters_before,
            parameters_after,
            int8: int8_before.zip(int8_after).map(|(before, after)| Int8::of(before, after)),
            comparable,
            network: spec.map(|spec| spec.to_string()),
            notes,
            out: self.out.display().to_string(),
        };
        let (mut results, mut shown) = (Vec::new(), Vec::new());
        for change in &changes {
            let (one, picture) = self.result(change, (&before, &after), &measures, &whole)?;
            results.push(one);
            shown.push(picture);
        }
        self.write_beside(staged, &results, shown)?;
        Ok(results)
    }

    fn seed(&self) -> u64 {
        self.global.seed.unwrap_or(0)
    }

    fn measures(&self, network: &Network) -> Outcome<Measures> {
        let characteristics = &self.args.characteristics;
        let selection = measure::selection(&characteristics.only, measure::options(characteristics)?)?;
        // a run folder has a page of its own
        let pictured = self.args.report.is_some() || matches!(network, Network::Run { .. });
        let kept = Kept::new(characteristics, &selection, pictured, self.global)?;
        Ok(Measures { selection, kept, pictured })
    }

    /// The sites as they are, with the statistics that the change is made from.
    fn before(&self, old: &Original, chosen: &[Chosen], measures: &Measures) -> Outcome<Seen> {
        let mut sites: Vec<String> = Vec::new();
        for name in chosen.iter().flat_map(|one| [&one.name, &one.carries]) {
            if !sites.contains(name) {
                sites.push(name.clone());
            }
        }
        let covariance = self.how.reads_covariance() || (*self.how == How::Compact && !self.rows.is_noise());
        let gathering =
            Gathering { kept: &measures.kept, selection: &measures.selection, measured: &sites, covariance };
        look(&old.source, &gathering, &self.rows, self.args, self.global)
    }

    /// Rewires site after site: what other sites hold stays as it is. Those that were only matched by a glob may refuse.
    fn change_all(
        &self,
        network: &mut Network,
        chosen: &[Chosen],
        before: &Seen,
        left: &mut Vec<String>,
    ) -> Outcome<(Vec<Change>, Option<Comparable>)> {
        if let ([one], true) = (chosen, self.how.is_comparable_only()) {
            let (change, comparable) = cpn::change(self, network, one)?;
            return Ok((vec![change], Some(comparable)));
        }
        let mut changes = Vec::with_capacity(chosen.len());
        for one in chosen {
            match self.change(network, one, before, chosen.len()) {
                Ok(change) => changes.push(change),
                Err(failure) if one.named => return Err(failure),
                Err(failure) => left.push(failure.message),
            }
        }
        if changes.is_empty() {
            return Err(Failure::usage(format!("nothing could be rewired: {}", reasons(left))));
        }
        Ok((changes, None))
    }

    /// Rewires one site; `sites` share what may be lost.
    fn change(&self, network: &mut Network, chosen: &Chosen, before: &Seen, sites: usize) -> Outcome<Change> {
        let site = &chosen.name;
        let named = |failure: Failure| Failure {
            message: format!("{}: site {site}: {}", self.path.display(), failure.message),
            ..failure
        };
        let statistics = match before.site(&chosen.carries) {
            Some(seen) if !self.rows.is_noise() => {
                Some(SiteStatistics::of(seen.sketch.moments()).map_err(|error| named(Failure::usage(error)))?)
            }
            _ => None,
        };
        let now = if self.args.insert_linear { network.insert_linear(site)? } else { site.clone() };
        let mut change = Change { chosen: chosen.clone(), now, condition: None, rank: None, plan: None };
        match self.how {
            How::Compact => {
                // errors of several sites add up as independent ones do
                let tolerance = self.args.tolerance.unwrap_or(0.0) / (sites as f64).sqrt();
                let options = CompactOptions { tolerance, cutoff: rewiring::CUTOFF, ..CompactOptions::default() };
                change.plan = Some(network.compact(&change.now, statistics.as_ref(), &options)?);
            }
            How::Equalize => change.condition = Some(network.equalize(&change.now)?.condition()),
            how => {
                let made = rewiring::of(how, chosen.units, statistics.as_ref(), self.seed(), chosen.number);
                let made = made.map_err(named)?;
                if let Some(made) = made {
                    network.apply(&change.now, &made.affine)?;
                    (change.condition, change.rank) = (Some(made.affine.condition()), made.rank);
                }
            }
        }
        Ok(change)
    }

    /// Both networks over some rows, and the sites of the new one.
    fn prove(
        &self,
        old: &Original,
        new: &Source,
        sites: &[String],
        rows: &Rows,
        measures: &Measures,
    ) -> Outcome<(Seen, Proof)> {
        let gathering =
            Gathering { kept: &measures.kept, selection: &measures.selection, measured: sites, covariance: false };
        prove((&old.source, new), &old.outputs, &gathering, rows, self.args, self.global)
    }

    /// The same over the rows of `--verify`.
    fn verify(&self, old: &Original, new: &Source, measures: &Measures) -> Outcome<Vec<Verified>> {
        let one = |text: &String| {
            let rows = self.rows.others(text)?;
            let (_, proof) = self.prove(old, new, &[], &rows, measures)?;
            Ok(Verified { data: rows.shown(), proof })
        };
        self.args.verify.iter().map(one).collect()
    }

    /// A warning where so few rows were looked at that they cannot show what a site does.
    fn few_rows(&self, changes: &[Change], rows: u64) -> Option<String> {
        let widest = changes.iter().map(|change| change.chosen.units as u64).max()?;
        let few = *self.how == How::Compact && !self.rows.is_noise() && rows < ROWS_PER_UNIT * widest;
        few.then(|| {
            format!("{rows} rows for up to {widest} units: what they do not show is taken out; give more, or --verify on others")
        })
    }

    /// Whether an error of the outputs is paid for fewer units.
    fn is_lossy(&self) -> bool {
        *self.how == How::Compact && self.args.tolerance.is_some_and(|eps| eps > 0.0)
    }

    /// What the outputs may differ by, if they do not differ by more.
    fn judge(&self, proof: &Proof, verified: &[Verified]) -> Outcome<Option<f64>> {
        if self.how.is_comparable_only() {
            return Ok(None);
        }
        let lossy = self.is_lossy();
        let tolerance = self.args.tolerance.unwrap_or(TOLERANCE);
        let found = |proof: &Proof| if lossy { proof.rms_rel_difference } else { proof.max_rel_difference };
        let proofs = std::iter::once((self.rows.shown(), proof))
            .chain(verified.iter().map(|one| (one.data.clone(), &one.proof)));
        for (data, proof) in proofs {
            // not a number is not within
            let within = found(proof) <= tolerance;
            if !within && !self.args.force {
                return Err(Failure::new(
                    Exit::Failed,
                    format!(
                        "{}: {}; nothing was written: --force writes it all the same",
                        self.path.display(),
                        result::proof(&data, proof, Some(tolerance))
                    ),
                ));
            }
        }
        Ok(Some(tolerance))
    }

    /// Errors of weights and outputs when all weights are rounded to 8 bits, where that is asked about.
    fn rounded(&self, network: &Network, old: &Original, measures: &Measures) -> Outcome<Option<(f64, f64)>> {
        if *self.how != How::Equalize {
            return Ok(None);
        }
        let (rounded, weights) = network.quantized(8)?;
        let folder = tempfile::tempdir().map_err(Failure::usage)?;
        let at = match network {
            Network::Run { .. } => folder.path().to_owned(),
            Network::Weights { .. } => folder.path().join("rounded.safetensors"),
            Network::Model(..) => folder.path().join("rounded.onnx"),
        };
        rounded.write(&at, "rounding", self.path)?;
        let (_, proof) = self.prove(old, &Source::written(&rounded, &at)?, &[], &self.rows, measures)?;
        Ok(Some((weights, proof.rms_rel_difference)))
    }

    /// What is printed and drawn of a site.
    fn result(
        &self,
        change: &Change,
        (before, after): (&Seen, &Seen),
        measures: &Measures,
        whole: &Whole,
    ) -> Outcome<(Rewired, SiteShown)> {
        let side = |seen: &Seen, name: &str, source: &Path| -> Outcome<(Measurement, Option<Pictures>)> {
            let seen = seen.site(name).ok_or_else(|| Failure::usage(format!("site {name} was not read")))?;
            let source = source.display().to_string();
            measure::read(&source, &seen.site, &seen.sketch, &seen.selection, measures.pictured, self.global)
        };
        let (was, pictures_before) = side(before, &change.chosen.name, self.path)?;
        let (is, pictures_after) = side(after, &change.now, self.out)?;
        let shown = page::site(change, self.how, (&was, pictures_before), (&is, pictures_after));
        let plan = change.plan.iter();
        let curve = plan.clone().flat_map(|plan| &plan.curve);
        let rewired = Rewired {
            schema: "repshape.rewiring/1",
            site: change.now.clone(),
            condition: change.condition,
            rank: change.rank,
            units_before: change.chosen.units,
            units_after: is.units,
            removed: plan.flat_map(|plan| &plan.removed).map(Taken::of).collect(),
            curve: curve.map(|point| Size { units: point.units, error: point.error.relative.abs() }).collect(),
            whole: whole.clone(),
            before: was,
            after: is,
        };
        Ok((rewired, shown))
    }

    /// The page, and what a run folder holds besides the network.
    fn write_beside(&self, staged: &Staged, results: &[Rewired], shown: Vec<SiteShown>) -> Outcome {
        let page = page::page(self.path, self.how, results, shown);
        let html = repshape_report::render(std::slice::from_ref(&page));
        if staged.path().is_dir() {
            let after: Vec<&Measurement> = results.iter().map(|one| &one.after).collect();
            write_file(&staged.path().join("measurement.json"), to_json(&after)?.as_bytes())?;
            write_file(&staged.path().join("rewiring.json"), to_json(&results)?.as_bytes())?;
            write_file(
                &staged.path().join("page.json"),
                serde_json::to_string(&page).map_err(Failure::usage)?.as_bytes(),
            )?;
            write_file(&staged.path().join("report.html"), html.as_bytes())?;
        }
        match &self.args.report {
            Some(path) => write_file(path, html.as_bytes()),
            None => Ok(()),
        }
    }
}

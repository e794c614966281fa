//! `repshape rewire`: another network, the same outputs, other characteristics, and the proof.

mod cpn;
mod demo;
mod network;
mod page;
mod proof;
mod result;
mod source;
mod staged;

use std::path::Path;

use repshape::rewire::{CompactOptions, Plan, SiteStatistics};
use repshape_stats::Measurement;
use repshape_stats::pictures::Pictures;

use crate::cli::{Global, How, RewireArgs};
use crate::command::measure::{self, Kept, of_site};
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{print_forms, to_json, write_file};
use crate::rewiring;
use network::{Chosen, Network};
use proof::{Gathering, Proof, Seen, look, prove};
use result::{Int8, Rewired, Size, Taken, Verified};
use source::{Rows, Source};
use staged::Staged;

/// Largest relative difference of outputs that single precision explains.
const TOLERANCE: f64 = 1e-5;

/// Rows for each unit below which a site may do more than they show.
const ROWS_PER_UNIT: u64 = 10;

/// What was done to a site.
struct Change {
    chosen: Chosen,
    /// Its name in the new network.
    now: String,
    condition: Option<f64>,
    rank: Option<usize>,
    plan: Option<Plan>,
}

/// Runs the command.
pub fn run(args: &RewireArgs, global: &Global) -> Outcome {
    if args.demo {
        return demo::run(args, global);
    }
    let (Some(path), Some(how), Some(out)) = (&args.model, &args.by, &args.out) else {
        return Err(Failure::usage("expected MODEL, --site, --by and --out"));
    };
    let network = Network::open(path, args)?;
    let rows = Rows::given(&network, args, global.seed.unwrap_or(0))?;
    let (chosen, left) = network.chosen(&args.sites)?;
    check(args, how, &network, &rows, &chosen, (path, out))?;
    let staged = Staged::new(out, matches!(network, Network::Run { .. }))?;
    let job = Job { args, how, path, out, rows, global };
    let results = job.run(network, &chosen, left, &staged)?;
    staged.keep()?;
    let (people, sheets) = (|| result::for_people(&results), || result::for_spreadsheets(&results));
    match results.as_slice() {
        [one] => print_forms(global, one, people, sheets),
        many => print_forms(global, &many, people, sheets),
    }
}

/// Refuses what the flags alone can get wrong.
fn check(
    args: &RewireArgs,
    how: &How,
    network: &Network,
    rows: &Rows,
    chosen: &[Chosen],
    (path, out): (&Path, &Path),
) -> Outcome {
    let shown = path.display();
    if rows.is_noise() && how.reads_covariance() {
        return Err(Failure::usage(format!("{shown}: --by {how} reads the covariance of the site: expected --data")));
    }
    if let (Some(eps), true, How::Compact) = (args.tolerance, rows.is_noise(), how)
        && eps > 0.0
    {
        return Err(Failure::usage(format!(
            "{shown}: --tolerance {eps} needs the covariance of the site: expected --data"
        )));
    }
    if args.insert_linear && chosen.len() != 1 {
        return Err(Failure::usage("--insert-linear moves the names of later sites; expected one site"));
    }
    if how.is_comparable_only() && (chosen.len() != 1 || !matches!(network, Network::Run { .. }) || args.data.is_some())
    {
        return Err(Failure::usage(format!(
            "--by {how} trains the output layer anew: expected a run folder, over its own rows, and one site"
        )));
    }
    let same = |a: &Path, b: &Path| matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b);
    if same(path, out) {
        return Err(Failure::usage(format!("--out {}: is MODEL itself; expected another name", out.display())));
    }
    let end = |path: &Path| path.extension().map(|end| end.to_string_lossy().to_lowercase());
    if !matches!(network, Network::Run { .. }) && end(path) != end(out) {
        return Err(Failure::usage(format!(
            "--out {}: expected a name that ends as {shown} does, the format stays the same",
            out.display()
        )));
    }
    Ok(())
}

/// One call of the command.
struct Job<'a> {
    args: &'a RewireArgs,
    how: &'a How,
    path: &'a Path,
    out: &'a Path,
    rows: Rows,
    global: &'a Global,
}

impl Job<'_> {
    /// Rewires, writes under a temporary name, proves, and gives what is to be printed.
    fn run(
        &self,
        mut network: Network,
        chosen: &[Chosen],
        mut left: Vec<String>,
        staged: &Staged,
    ) -> Outcome<Vec<Rewired>> {
        let (args, global) = (self.args, self.global);
        let options = measure::options(&args.characteristics)?;
        let selection = measure::selection(&args.characteristics.only, options)?;
        let pictured = args.report.is_some() || matches!(network, Network::Run { .. });
        let kept = Kept::new(&args.characteristics, &selection, pictured, global)?;
        let covariance = self.how.reads_covariance() || matches!(self.how, How::Compact) && !self.rows.is_noise();

        let old = Source::of(&network, self.path)?;
        let outputs = old.outputs()?;
        let parameters_before = network.parameters();
        let mut measured: Vec<String> = chosen.iter().map(|one| one.name.clone()).collect();
        measured.extend(
            chosen.iter().map(|one| one.carries.clone()).filter(|name| !measured.contains(name)).collect::<Vec<_>>(),
        );
        let before = look(&old, &Gathering { kept: &kept, measured: &measured, covariance }, &self.rows, args, global)?;

        let int8_before = self.rounded(&network, &old, &outputs, &kept)?;
        let mut changes = Vec::with_capacity(chosen.len());
        let mut comparable = None;
        for one in chosen {
            if self.how.is_comparable_only() {
                let (change, found) = cpn::change(self, &mut network, one)?;
                comparable = Some(found);
                changes.push(change);
                continue;
            }
            match self.change(&mut network, one, &before, chosen.len()) {
                Ok(change) => changes.push(change),
                Err(failure) if one.named => return Err(failure),
                Err(failure) => left.push(failure.message),
            }
        }
        if changes.is_empty() {
            return Err(Failure::usage(format!("nothing could be rewired: {}", left.join("; "))));
        }

        network.write(staged.path(), &self.how.to_string(), self.path)?;
        let new = Source::of(&network, staged.path())?;
        let now: Vec<String> = changes.iter().map(|change| change.now.clone()).collect();
        let gathering = Gathering { kept: &kept, measured: &now, covariance: false };
        let (after, proof) = prove((&old, &new), &outputs, &gathering, &self.rows, args, global)?;
        let mut verified = Vec::new();
        for text in &args.verify {
            let rows = self.rows.others(text)?;
            let none = Gathering { measured: &[], ..gathering };
            let (_, proof) = prove((&old, &new), &outputs, &none, &rows, args, global)?;
            verified.push(Verified { data: rows.shown(), proof });
        }
        let tolerance = self.judge(&proof, &verified)?;
        let int8_after = self.rounded(&network, &old, &outputs, &kept)?;

        let side = |seen: &Seen, name: &str, source: &Path| -> Outcome<(Measurement, Pictured)> {
            let (at, site, sketch) =
                seen.site(name).ok_or_else(|| Failure::usage(format!("site {name} was not read")))?;
            let selection = of_site(&selection, &*seen.source, at)?;
            measure::read(&source.display().to_string(), site, sketch, &selection, pictured, global)
        };
        let mut notes: Vec<String> = before.source.notes().to_vec();
        notes.extend(self.few_rows(&changes, proof.rows));
        notes.extend(left.iter().map(|why| format!("left as it is: {why}")));
        let mut results = Vec::with_capacity(changes.len());
        let mut shown = Vec::with_capacity(changes.len());
        for change in &changes {
            let (measured_before, pictures_before) = side(&before, &change.chosen.name, self.path)?;
            let (measured_after, pictures_after) = side(&after, &change.now, self.out)?;
            let plan = change.plan.as_ref();
            let (was, is) = ((&measured_before, pictures_before), (&measured_after, pictures_after));
            shown.push(page::site(change, self.how, was, is));
            results.push(Rewired {
                schema: "repshape.rewiring/1",
                model: self.path.display().to_string(),
                site: change.now.clone(),
                by: self.how.to_string(),
                data: self.rows.shown(),
                seed: global.seed.unwrap_or(0),
                proof,
                tolerance,
                verified: verified.clone(),
                condition: change.condition,
                rank: change.rank,
                units_before: change.chosen.units,
                units_after: measured_after.units,
                removed: plan.iter().flat_map(|plan| &plan.removed).map(Taken::of).collect(),
                curve: plan
                    .iter()
                    .flat_map(|plan| &plan.curve)
                    .map(|point| Size { units: point.units, error: point.error.relative.abs() })
                    .collect(),
                parameters_before,
                parameters_after: network.parameters(),
                int8: int8_before.zip(int8_after).map(|(before, after)| Int8 {
                    weights_before: before.0,
                    weights_after: after.0,
                    outputs_before: before.1,
                    outputs_after: after.1,
                }),
                comparable: comparable.clone(),
                network: network.spec().map(|spec| spec.to_string()),
                before: measured_before,
                after: measured_after,
                notes: notes.clone(),
                out: self.out.display().to_string(),
            });
        }
        self.write_beside(staged, &results, shown)?;
        Ok(results)
    }

    /// Rewires one site; `sites` share what may be lost.
    fn change(&self, network: &mut Network, chosen: &Chosen, before: &Seen, sites: usize) -> Outcome<Change> {
        let site = &chosen.name;
        let named = |failure: Failure| Failure {
            message: format!("{}: site {site}: {}", self.path.display(), failure.message),
            ..failure
        };
        let statistics = match before.site(&chosen.carries) {
            Some((_, _, sketch)) if !self.rows.is_noise() => {
                Some(SiteStatistics::of(sketch.moments()).map_err(|error| named(Failure::usage(error)))?)
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
                let seed = self.global.seed.unwrap_or(0);
                let made = rewiring::of(how, chosen.units, statistics.as_ref(), seed, chosen.number).map_err(named)?;
                if let Some(made) = made {
                    network.apply(&change.now, &made.affine)?;
                    (change.condition, change.rank) = (Some(made.affine.condition()), made.rank);
                }
            }
        }
        Ok(change)
    }

    /// A warning where so few rows were looked at that they cannot show what a site does.
    fn few_rows(&self, changes: &[Change], rows: u64) -> Option<String> {
        let widest = changes.iter().map(|change| change.chosen.units as u64).max()?;
        let few = *self.how == How::Compact && !self.rows.is_noise() && rows < ROWS_PER_UNIT * widest;
        few.then(|| {
            format!("{rows} rows for up to {widest} units: what they do not show is taken out; give more, or --verify on others")
        })
    }

    /// What the outputs may differ by, if they do not differ by more.
    fn judge(&self, proof: &Proof, verified: &[Verified]) -> Outcome<Option<f64>> {
        if self.how.is_comparable_only() {
            return Ok(None);
        }
        let lossy = *self.how == How::Compact && self.args.tolerance.is_some_and(|eps| eps > 0.0);
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
    fn rounded(&self, network: &Network, old: &Source, outputs: &[String], kept: &Kept) -> Outcome<Option<(f64, f64)>> {
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
        let source = Source::of(&rounded, &at)?;
        let none = Gathering { kept, measured: &[], covariance: false };
        let (_, proof) = prove((old, &source), outputs, &none, &self.rows, self.args, self.global)?;
        Ok(Some((weights, proof.rms_rel_difference)))
    }

    /// The page, and what a run folder holds besides the network.
    fn write_beside(&self, staged: &Staged, results: &[Rewired], shown: Vec<page::SiteShown>) -> Outcome {
        let page = page::page(self.path, self.how, results, shown);
        if staged.path().is_dir() {
            let after: Vec<&Measurement> = results.iter().map(|one| &one.after).collect();
            write_file(&staged.path().join("measurement.json"), to_json(&after)?.as_bytes())?;
            write_file(&staged.path().join("rewiring.json"), to_json(&results)?.as_bytes())?;
            write_file(
                &staged.path().join("page.json"),
                serde_json::to_string(&page).map_err(Failure::usage)?.as_bytes(),
            )?;
            write_file(
                &staged.path().join("report.html"),
                repshape_report::render(std::slice::from_ref(&page)).as_bytes(),
            )?;
        }
        match &self.args.report {
            Some(path) => write_file(path, repshape_report::render(std::slice::from_ref(&page)).as_bytes()),
            None => Ok(()),
        }
    }
}

/// Pictures of a site, where they were drawn.
type Pictured = Option<Pictures>;

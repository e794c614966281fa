//! `repshape rewire`: another network, the same outputs, other characteristics, and the proof.

mod cpn;
mod demo;
mod job;
mod network;
mod page;
mod proof;
mod result;
mod source;
mod staged;

use std::path::Path;

use crate::cli::{Global, How, RewireArgs};
use crate::failure::{Failure, Outcome};
use crate::output::print_forms;
use job::Job;
use network::{Chosen, Network};
use source::Rows;
use staged::Staged;

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

//! Results of finished studies, as they stand in a repository.

use std::path::Path;
use std::time::SystemTime;

use repshape_study::status;

use super::catalog::{ITEMS, item};
use super::planned;
use super::results::{Results, results};
use super::run::existing;
use super::trials::Trials;
use crate::cli::{Global, ReproduceArgs};
use crate::failure::{Failure, Outcome};
use crate::output::{tell, write_file};

/// Writes every item to `folder`, as far as its studies are finished, and an index of all.
pub fn collect(out: &Path, folder: &Path, args: &ReproduceArgs, global: &Global) -> Outcome {
    let made = made(args.commit.as_deref());
    let mut index = String::from(INDEX);
    made.iter().for_each(|line| index.push_str(&format!("{line}  \n")));
    index.push_str("\n| item | paper | shows | numbers that overlap the paper's | claims that hold, do not hold, undecided |\n|---|---|---|---|---|\n");
    let mut count = 0;
    for (name, _) in ITEMS {
        let item = item(name)?;
        let (mut trials, mut stores) = (Vec::new(), Vec::new());
        let planned = planned(&item, args)?;
        let mut unfinished: Vec<&str> = Vec::new();
        for study in &planned {
            let store = existing(study, out)?.filter(|store| {
                let counts = status(store).all;
                counts.done == counts.total
            });
            match store {
                None => unfinished.push(&study.name),
                Some(store) => {
                    trials.push(Trials::read(study, &store)?);
                    stores.push(store);
                }
            }
        }
        let place = format!("{}, {}", item.paper, item.place);
        if trials.is_empty() {
            index.push_str(&format!("| {name} | {place} | {} | not run | |\n", item.shows));
            continue;
        }
        let mut results = results(name, &item, &trials, args.smoke);
        if !unfinished.is_empty() {
            results.notes.push(format!("studies that are not finished, left out: {}", unfinished.join(", ")));
        }
        super::write(&results, &item, &trials, &stores, &folder.join(name), &made)?;
        index.push_str(&line(&results));
        count += 1;
    }
    if count == 0 {
        return Err(Failure::usage(format!("{}: no item's studies are finished there", out.display())));
    }
    write_file(&folder.join("reproductions.md"), index.as_bytes())?;
    tell(global, &format!("wrote {count} items to {}", folder.display()));
    Ok(())
}

const INDEX: &str = "\
# The papers' tables and figures, reproduced

Written by `repshape reproduce --collect`; every number is of a study that `repshape reproduce ITEM` runs again.

";

fn line(results: &Results) -> String {
    let cells = || results.tables.iter().flat_map(|table| &table.rows).flat_map(|row| &row.cells);
    let compared = cells().filter(|cell| cell.overlaps_paper.is_some()).count();
    let inside = cells().filter(|cell| cell.overlaps_paper == Some(true)).count();
    let verdicts = |verdict| results.claims.iter().filter(|claim| claim.verdict == verdict).count();
    use super::claims::Verdict::{DoesNotHold, Holds, Undecided};
    format!(
        "| [{0}]({0}/results.md) | {1}, {2} | {3} | {inside} of {compared} | {4}, {5}, {6} |\n",
        results.item,
        results.paper,
        results.place,
        results.shows,
        verdicts(Holds),
        verdicts(DoesNotHold),
        verdicts(Undecided)
    )
}

/// When, by which version, on what.
fn made(commit: Option<&str>) -> Vec<String> {
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // not on every system
    let processor = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(format!(", {}", line.split_once(':')?.1.trim()))
    });
    vec![
        format!("Date: {}", date(seconds / 86_400)),
        format!(
            "Version: repshape {}{}",
            env!("CARGO_PKG_VERSION"),
            commit.map_or_else(String::new, |c| format!(", commit {c}"))
        ),
        format!("Machine: {cores} cores{}", processor.unwrap_or_default()),
    ]
}

/// The date of a day since 1970-01-01, in the proleptic Gregorian calendar.
fn date(days: u64) -> String {
    // eras of 400 years begin on 1 March of year 0, so that the leap day is the last of a year
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{day:02}", 400 * era + year + later)
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates_by_the_calendar() {
        // date -u -d @N +%F
        assert_eq!(
            [0, 59, 11_016, 19_782, 20_778].map(date),
            ["1970-01-01", "1970-03-01", "2000-02-29", "2024-02-29", "2026-11-21"]
        );
    }
}

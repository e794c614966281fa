//! Results of finished studies, as they stand in a repository.

use std::path::Path;
use std::time::SystemTime;

use repshape_study::status;

use super::catalog::{ITEMS, item};
use super::results::results;
use super::run::existing;
use super::trials::Trials;
use super::{overview, planned};
use crate::cli::{Global, ReproduceArgs};
use crate::failure::{Failure, Outcome};
use crate::output::{tell, write_file};

/// Writes every item to `folder`, as far as its studies are finished, and the pages about all of them.
pub fn collect(out: &Path, folder: &Path, args: &ReproduceArgs, global: &Global) -> Outcome {
    let made = made(args.commit.as_deref());
    let mut items = Vec::new();
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
        if trials.is_empty() {
            items.push((*name, item, None));
            continue;
        }
        let mut results = results(name, &item, &trials, args.smoke);
        if !unfinished.is_empty() {
            results.notes.push(format!("studies that are not finished, left out: {}", unfinished.join(", ")));
        }
        super::write(&results, &item, &trials, &stores, &folder.join(name), &made)?;
        items.push((*name, item, Some(results)));
    }
    let finished = || items.iter().filter_map(|(_, _, results)| results.as_ref());
    let count = finished().count();
    if count == 0 {
        return Err(Failure::usage(format!("{}: no item's studies are finished there", out.display())));
    }
    // written by hand, where somebody did
    let findings = folder.join("findings.md").exists().then_some("findings.md");
    for (page, text) in [
        ("claims.md", overview::all_claims(finished())),
        ("differences.md", overview::differences(finished(), findings)),
        ("reproductions.md", overview::index(&items, &made)),
    ] {
        write_file(&folder.join(page), text.as_bytes())?;
    }
    tell(global, &format!("wrote {count} items to {}", folder.display()));
    Ok(())
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

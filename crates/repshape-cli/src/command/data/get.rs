//! `repshape data get`: a published data set, verified, where `--data NAME` finds it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use repshape_data::DataSpec;

use super::fetch::{Event, How, Patience, fetch};
use super::folders;
use super::part::Part;
use super::remote::{Holds, RemoteFile, RemoteSet};
use super::there::is_there;
use super::transfer::agent;
use crate::cli::Global;
use crate::failure::{Failure, Outcome};
use crate::interrupt;
use crate::output::{emit, tell};
use crate::progress::Progress;

/// Three pauses, of half a second to two seconds, and half a minute of silence, for each mirror.
const PATIENCE: Patience = Patience { tries: 4, wait: Duration::from_millis(500), silence: Duration::from_secs(30) };
/// Bytes of the progress bar's unit.
const UNIT: u64 = 1000;

/// Runs the command: prints the folder, and says on standard error what to do with it.
pub fn run(set: &RemoteSet, mirrors: &[String], out: Option<&Path>, global: &Global) -> Outcome {
    let stop = interrupt::flag();
    let folder = folder(set, out)?;
    let mut absent: Vec<RemoteFile> = Vec::new();
    for file in set.files {
        match is_there(&folder, file)? {
            true => tell(global, &format!("{} is there and verifies", file.name)),
            false => absent.push(*file),
        }
    }
    let mirrors: Vec<&str> = match mirrors {
        [] => set.mirrors.to_vec(),
        given => given.iter().map(String::as_str).collect(),
    };
    if !absent.is_empty() {
        let how = How { agent: &agent(PATIENCE.silence), patience: PATIENCE, stop };
        with_progress(&absent, &folder, global, |watch| fetch(&absent, &mirrors, &folder, &how, watch))?;
    }
    let next = match spec(set, &folder, out) {
        Some(spec) => format!("{} is complete and verified; next: repshape data show {spec}", set.name),
        None => format!("{} is complete and verified; nothing in this version reads its files", set.name),
    };
    tell(global, &next);
    emit(global, &format!("{}\n", folder.display()))
}

/// A `--mirror`.
pub fn mirror(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.trim_matches('/').is_empty() => Ok(text.to_owned()),
        _ => Err("expected the address of a folder: https://HOST/FOLDER or http://HOST/FOLDER".to_owned()),
    }
}

/// Where the files belong.
fn folder(set: &RemoteSet, out: Option<&Path>) -> Outcome<PathBuf> {
    let found = match out {
        Some(out) => Some(out.to_owned()),
        None => folders().into_iter().find_map(|folder| folder.path).map(|folder| folder.join(set.name)),
    };
    found.ok_or_else(|| {
        Failure::usage("there is no folder for data: set $REPSHAPE_DATA, or name the folder for the files with --out")
    })
}

/// How the set is written for `--data`; its own name where a reader of that name looks in this folder.
fn spec(set: &RemoteSet, folder: &Path, out: Option<&Path>) -> Option<String> {
    let shown = folder.display().to_string();
    let shown = if shown.contains(char::is_whitespace) { format!("'{shown}'") } else { shown };
    let own = set.name.parse::<DataSpec>().is_ok();
    let idx = set.files.iter().all(|file| matches!(file.holds, Holds::Gzipped(_)));
    match (own, out) {
        (true, None) => Some(set.name.to_owned()),
        (true, Some(_)) => Some(format!("{}={shown}", set.name)),
        // any set in these four files
        (false, _) if idx => Some(format!("mnist={shown}")),
        (false, _) => None,
    }
}

/// Runs `work` with a bar, or lines, over the bytes of all files.
fn with_progress(
    files: &[RemoteFile],
    folder: &Path,
    global: &Global,
    work: impl FnOnce(&mut dyn FnMut(Event)) -> Outcome,
) -> Outcome {
    let length = |file: &RemoteFile| Part::path(folder, file).metadata().map_or(0, |found| found.len().min(file.size));
    let total: u64 = files.iter().map(|file| file.size).sum();
    let mut held: Vec<u64> = files.iter().map(length).collect();
    let progress = Progress::new(global, "kB", total.div_ceil(UNIT), held.iter().sum::<u64>() / UNIT);
    let say = |line: &str| {
        if !global.quiet {
            progress.say(line);
        }
    };
    let mut current = 0;
    let done = work(&mut |event| match event {
        Event::Ask { name, url, held } => {
            current = files.iter().position(|file| file.name == name).unwrap_or(current);
            let from = if held > 0 { format!(", from byte {held} on") } else { String::new() };
            say(&format!("{url}{from}"));
        }
        Event::At(bytes) => {
            held[current] = bytes;
            progress.set(held.iter().sum::<u64>().div_ceil(UNIT), total.div_ceil(UNIT));
        }
        Event::Again { reason } => say(&format!("  {reason}; trying again")),
        Event::Unpack { name } => say(&format!("unpacking {name}")),
    });
    progress.finish();
    done
}

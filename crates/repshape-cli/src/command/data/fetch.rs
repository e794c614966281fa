//! Files from mirrors: tried in order, gone on with where they were cut off, verified, then given their names.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ureq::Agent;

use super::part::{Part, cannot_write};
use super::remote::{Holds, RemoteFile};
use super::there::whole;
use super::transfer::{Again, Trouble, pause, request};
use super::unpack::unpack;
use crate::failure::{Exit, Failure, Outcome};

/// What a download needs besides files and mirrors.
#[derive(Debug, Clone, Copy)]
pub struct How<'a> {
    /// Sends the requests.
    pub agent: &'a Agent,
    /// How long to go on.
    pub patience: Patience,
    /// Set when the user has had enough.
    pub stop: &'a AtomicBool,
}

/// How long to go on with a mirror.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Requests for a file, one after the other, before the next mirror is tried.
    pub tries: u32,
    /// Time before the second request; doubled before each further one.
    pub wait: Duration,
    /// Longest time in which nothing comes.
    pub silence: Duration,
}

/// What a user may want to know while it goes on.
#[derive(Debug)]
pub enum Event<'a> {
    /// A file is asked for; so many bytes of it are there.
    Ask { name: &'a str, url: &'a str, held: u64 },
    /// So many bytes of the current file are there.
    At(u64),
    /// A request failed; another one follows.
    Again { reason: &'a str },
    /// An archive is unpacked.
    Unpack { name: &'a str },
}

/// An error once the user has had enough.
pub fn go_on(how: &How) -> Outcome {
    match how.stop.load(Ordering::Relaxed) {
        true => Err(Failure::new(Exit::Retry, "interrupted")),
        false => Ok(()),
    }
}

/// Fetches files into a folder, which is made if it is not there. Mirrors are tried in order for each file. A file
/// gets its name when all of it is there and its SHA-256 is the published one; wanted members of an archive are
/// unpacked, and the archive is removed.
///
/// # Errors
///
/// No mirror has the file: the message has a line for each. A disk that cannot be written; an interruption. What had
/// come of a file stays beside its place as `NAME.part`, and the next call goes on from there, unless it was wrong.
pub fn fetch(
    files: &[RemoteFile],
    mirrors: &[&str],
    folder: &Path,
    how: &How,
    watch: &mut dyn FnMut(Event),
) -> Outcome {
    if folder.exists() && !folder.is_dir() {
        return Err(Failure::usage(format!("{}: is a file; expected a folder, or a new name", folder.display())));
    }
    std::fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
    for file in files {
        let fetched = fetch_file(file, mirrors, folder, how, watch);
        if fetched.is_err() {
            // succeeds only if it is empty: a folder without files would be taken for the set
            let _ = std::fs::remove_dir(folder);
        }
        fetched?;
    }
    Ok(())
}

fn fetch_file(file: &RemoteFile, mirrors: &[&str], folder: &Path, how: &How, watch: &mut dyn FnMut(Event)) -> Outcome {
    let path = folder.join(file.name);
    // an archive whose unpacking was cut off
    if !whole(folder, file, None)? {
        let mut part = Part::open(folder, file)?;
        match receive(file, mirrors, &mut part, how, watch) {
            Ok(()) => part.finish(&path)?,
            Err(failure) => return Err(Failure { message: failure.message + &part.keep(), ..failure }),
        }
    }
    if let Holds::Members { folder: inner, members } = file.holds {
        watch(Event::Unpack { name: file.name });
        unpack(&path, inner, members, folder, how)?;
        std::fs::remove_file(&path).map_err(|error| cannot_write(&path, &error))?;
    }
    Ok(())
}

/// All of a file, verified, in its part.
fn receive(file: &RemoteFile, mirrors: &[&str], part: &mut Part, how: &How, watch: &mut dyn FnMut(Event)) -> Outcome {
    let mut reasons = String::new();
    let mut later = false;
    for mirror in mirrors {
        let url = format!("{}/{}", mirror.trim_end_matches('/'), file.name);
        let mut tries = 0;
        let (reason, again) = loop {
            tries += 1;
            let (reason, again) = match try_once(&url, file, part, how, watch) {
                Ok(()) => return Ok(()),
                Err(Trouble::End(failure)) => return Err(failure),
                Err(Trouble::Mirror { reason, again }) => (reason, again),
            };
            if again != Again::Soon || tries >= how.patience.tries {
                break (reason, again);
            }
            watch(Event::Again { reason: &reason });
            pause(how.patience.wait * (1 << (tries - 1).min(10)), how)?;
        };
        later |= again != Again::Never;
        let tries = if tries > 1 { format!(" ({tries} tries)") } else { String::new() };
        reasons.push_str(&format!("\n  {url}: {reason}{tries}"));
    }
    let exit = if later { Exit::Retry } else { Exit::Usage };
    Err(Failure::new(
        exit,
        format!("{} could not be downloaded:{reasons}\nanother address is named with --mirror URL", file.name),
    ))
}

/// One request for what is missing, and a look at the whole.
fn try_once(
    url: &str,
    file: &RemoteFile,
    part: &mut Part,
    how: &How,
    watch: &mut dyn FnMut(Event),
) -> Result<(), Trouble> {
    let before = part.held();
    if part.missing() > 0 {
        watch(Event::Ask { name: file.name, url, held: before });
        request(url, part, how, watch)?;
    }
    let found = part.sha256()?;
    if found == file.sha256 {
        return Ok(());
    }
    part.restart()?;
    watch(Event::At(0));
    let wrong = format!("wrong checksum: SHA-256 {found}, expected {}", file.sha256);
    // what was there before may be to blame
    Err(if before > 0 { Trouble::soon(wrong) } else { Trouble::never(wrong) })
}

//! The wanted members of a `.tar.gz`, under names of ours: no path of the archive is used.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use repshape_data::write::write_atomic;
use tar::{Archive, Entry, EntryType};

use super::fetch::{How, go_on};
use super::part::cannot_write;
use super::remote::{Member, MemberContent};
use crate::failure::{Failure, Outcome};

/// Unpacks members of the archive's folder `inner` into the folder of that name in `folder`; each appears whole or
/// not at all.
///
/// # Errors
///
/// A member that is missing, no ordinary file, or of another size; an archive that cannot be read.
pub fn unpack(archive: &Path, inner: &str, members: &[Member], folder: &Path, how: &How) -> Outcome {
    let bad = |problem: String| Failure::usage(format!("{}: {problem}", archive.display()));
    let unreadable = |error: io::Error| bad(format!("cannot be unpacked: {error}"));
    let target = folder.join(inner);
    std::fs::create_dir_all(&target).map_err(|error| cannot_write(&target, &error))?;
    let file = File::open(archive).map_err(unreadable)?;
    let mut entries = Archive::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, file)));
    let mut missing: Vec<&Member> = members.iter().collect();
    for entry in entries.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        let name = entry.path_bytes().into_owned();
        let Some(at) = missing.iter().position(|member| format!("{inner}/{}", member.name).as_bytes() == name) else {
            continue;
        };
        let member = missing.swap_remove(at);
        fits(&entry, member).map_err(|problem| bad(format!("{inner}/{}: {problem}", member.name)))?;
        let path = target.join(member.name);
        let written = write_atomic(&path, |file| copy(&mut entry, file, how));
        go_on(how)?;
        written?;
    }
    match missing.first() {
        Some(member) => Err(bad(format!("holds no {inner}/{}", member.name))),
        None => Ok(()),
    }
}

/// Whether an entry is the ordinary file of the size that it should be.
fn fits(entry: &Entry<impl Read>, member: &Member) -> Result<(), String> {
    let kind = entry.header().entry_type();
    let size = entry.size();
    match member.content {
        _ if !matches!(kind, EntryType::Regular | EntryType::Continuous) => Err("is no ordinary file".to_owned()),
        MemberContent::Exact(content) if size != content.size => {
            Err(format!("has {size} bytes, expected {}", content.size))
        }
        MemberContent::Names(most) if size > most => Err(format!("has {size} bytes, expected {most} at most")),
        _ => Ok(()),
    }
}

/// As many bytes as the entry's size, which was checked.
fn copy(entry: &mut Entry<impl Read>, file: &mut impl Write, how: &How) -> io::Result<()> {
    let size = entry.size();
    let mut copied = 0;
    while go_on(how).is_ok() {
        let step = io::copy(&mut entry.by_ref().take(1 << 20), file)?;
        copied += step;
        if step == 0 {
            return if copied == size { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
    }
    Err(io::ErrorKind::Interrupted.into())
}

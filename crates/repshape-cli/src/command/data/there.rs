//! What of a set is there already. A file that is not the published one is somebody's: it is never replaced.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use md5::Md5;
use sha2::{Digest, Sha256};

use super::remote::{Content, Holds, MemberContent, RemoteFile};
use crate::failure::{Failure, Outcome};

/// Whether nothing of a file needs to be fetched: it, or all that is wanted of it, is there and verifies.
///
/// # Errors
///
/// Something else lies in its place.
pub fn is_there(folder: &Path, file: &RemoteFile) -> Outcome<bool> {
    match file.holds {
        Holds::Gzipped(content) => {
            let unpacked = file.name.strip_suffix(".gz").map(|name| folder.join(name));
            if let Some(path) = unpacked.filter(|path| path.exists()) {
                // readers of the set would take it before the gzipped one
                let found = published(&path, |path| has_content(path, content))?;
                return found.map(|()| true).map_err(|found| other(&path, &found));
            }
            whole(folder, file, content)
        }
        Holds::Members { folder: inner, members } => {
            let mut all = true;
            for member in members {
                let path = folder.join(inner).join(member.name);
                if !path.exists() {
                    all = false;
                    continue;
                }
                let found = published(&path, |path| match member.content {
                    MemberContent::Exact(content) => has_content(path, Some(content)),
                    MemberContent::Names(most) => {
                        let length = path.metadata()?.len();
                        Ok((length <= most).then_some(()).ok_or(format!("{length} bytes, expected {most} at most")))
                    }
                })?;
                found.map_err(|found| other(&path, &found))?;
            }
            Ok(all)
        }
    }
}

/// Whether the file itself is there and verifies, by its own bytes or by what is gzipped in it.
pub fn whole(folder: &Path, file: &RemoteFile, content: Option<Content>) -> Outcome<bool> {
    let path = folder.join(file.name);
    if !path.exists() {
        return Ok(false);
    }
    let found = published(&path, |path| {
        let length = path.metadata()?.len();
        if length == file.size {
            let (found, _) = sha256(File::open(path)?)?;
            if found == file.sha256 {
                return Ok(Ok(()));
            }
        }
        let found = match content {
            Some(content) => inflated(path, content)?,
            None => Err(match length == file.size {
                true => format!("its SHA-256 is not {}", file.sha256),
                false => format!("{length} bytes, expected {}", file.size),
            }),
        };
        Ok(found)
    })?;
    found.map(|()| true).map_err(|found| other(&path, &found))
}

/// A verdict on a file that can be read: what was found and expected where it is not the published one.
type Verdict = Result<(), String>;

fn published(path: &Path, check: impl Fn(&Path) -> io::Result<Verdict>) -> Outcome<Verdict> {
    check(path).map_err(|error| Failure::usage(format!("{}: cannot be read: {error}", path.display())))
}

fn other(path: &Path, found: &str) -> Failure {
    Failure::usage(format!(
        "{} is there and is not the published file ({found}); move it away, or name another folder with --out",
        path.display()
    ))
}

fn has_content(path: &Path, content: Option<Content>) -> io::Result<Verdict> {
    match content {
        Some(content) => compare(File::open(path)?, content),
        None => Ok(Err("no checksum of it is published, only of the gzipped one".to_owned())),
    }
}

/// What is gzipped in a file; a damaged one is a verdict, not an error.
fn inflated(path: &Path, content: Content) -> io::Result<Verdict> {
    let file = File::open(path)?;
    Ok(compare(MultiGzDecoder::new(io::BufReader::with_capacity(1 << 16, file)), content)
        .unwrap_or_else(|error| Err(format!("it cannot be unpacked: {error}"))))
}

fn compare(reader: impl Read, content: Content) -> io::Result<Verdict> {
    // one byte more than expected tells that there are more
    let (md5, length) = digest::<Md5>(reader.take(content.size + 1))?;
    Ok(if length != content.size {
        let more = if length > content.size { "more than " } else { "" };
        let length = length.min(content.size);
        Err(format!("{more}{length} bytes of content, expected {}", content.size))
    } else if md5 != content.md5 {
        Err(format!("the MD5 of its content is {md5}, expected {}", content.md5))
    } else {
        Ok(())
    })
}

/// SHA-256 and length of everything that is left to read.
pub fn sha256(reader: impl Read) -> io::Result<(String, u64)> {
    digest::<Sha256>(reader)
}

fn digest<D: Digest>(mut reader: impl Read) -> io::Result<(String, u64)> {
    let mut digest = D::new();
    let mut buffer = vec![0; 1 << 16];
    let mut length = 0;
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => {
                digest.update(&buffer[..n]);
                length += n as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect(), length))
}

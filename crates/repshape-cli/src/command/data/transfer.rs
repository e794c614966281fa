//! One request for a file, written to its part as it comes.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use ureq::http::{HeaderMap, StatusCode};
use ureq::{Agent, Body};

use super::fetch::{Event, How, go_on};
use super::part::Part;
use crate::failure::{Failure, Outcome};

/// How often an interruption is looked for.
pub const LOOK: Duration = Duration::from_millis(50);
/// Bytes read at once.
const PIECE: usize = 1 << 16;

/// Why a request did not give the file.
#[derive(Debug)]
pub enum Trouble {
    /// The mirror or the way to it.
    Mirror {
        /// In words.
        reason: String,
        /// Whether it may get better.
        again: Again,
    },
    /// Nothing that another mirror could help: the disk, an interruption.
    End(Failure),
}

/// Whether asking again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// At once.
    Soon,
    /// With another command.
    Later,
    /// The mirror has another file or none.
    Never,
}

impl Trouble {
    pub fn soon(reason: impl Into<String>) -> Self {
        Self::Mirror { reason: reason.into(), again: Again::Soon }
    }

    fn later(reason: impl Into<String>) -> Self {
        Self::Mirror { reason: reason.into(), again: Again::Later }
    }

    pub fn never(reason: impl Into<String>) -> Self {
        Self::Mirror { reason: reason.into(), again: Again::Never }
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::End(failure)
    }
}

/// Asks once for what is missing of the part; `Ok` when all of it has come.
pub fn request(url: &str, part: &mut Part, how: &How, watch: &mut dyn FnMut(Event)) -> Result<(), Trouble> {
    let size = part.held() + part.missing();
    let pieces = ask(how.agent.clone(), url.to_owned(), part.held());
    let mut heard = Instant::now();
    loop {
        go_on(how)?;
        let piece = match pieces.recv_timeout(LOOK) {
            Ok(piece) => piece,
            Err(RecvTimeoutError::Timeout) if heard.elapsed() < how.patience.silence => continue,
            Err(RecvTimeoutError::Timeout) => return Err(silent(how)),
            Err(RecvTimeoutError::Disconnected) => return Err(Trouble::soon("the connection was lost")),
        };
        heard = Instant::now();
        match piece {
            Piece::Head(status, headers) => accept(status, &headers, part, size)?,
            Piece::Bytes(bytes) if bytes.len() as u64 > part.missing() => {
                part.restart()?;
                return Err(Trouble::never(format!("sends more than the {size} bytes of the published file")));
            }
            Piece::Bytes(bytes) => {
                part.add(&bytes)?;
                watch(Event::At(part.held()));
            }
            Piece::End(Ok(())) if part.missing() == 0 => return Ok(()),
            Piece::End(Ok(())) => return Err(cut(part.held(), size)),
            Piece::End(Err(error)) => return Err(trouble(&error, url, part.held(), size, how)),
        }
    }
}

/// What comes back, in this order.
enum Piece {
    Head(StatusCode, HeaderMap),
    Bytes(Vec<u8>),
    End(Result<(), ureq::Error>),
}

/// Sends the request from a thread of its own, so that a server that says nothing cannot hold up an interruption.
/// The thread ends when nobody listens any more, or at the agent's own time-outs.
fn ask(agent: Agent, url: String, from: u64) -> Receiver<Piece> {
    let (sender, pieces) = sync_channel(4);
    std::thread::spawn(move || {
        let mut request = agent.get(&url).header("accept-encoding", "identity");
        if from > 0 {
            request = request.header("range", format!("bytes={from}-"));
        }
        let end = request.call().and_then(|response| {
            let (head, body) = response.into_parts();
            match sender.send(Piece::Head(head.status, head.headers)) {
                Ok(()) if head.status.is_success() => pass_on(body, &sender),
                _ => Ok(()),
            }
        });
        // nobody listens after a refusal
        let _ = sender.send(Piece::End(end));
    });
    pieces
}

fn pass_on(body: Body, sender: &SyncSender<Piece>) -> Result<(), ureq::Error> {
    let mut body = body.into_reader();
    loop {
        let mut bytes = vec![0; PIECE];
        let read = body.read(&mut bytes)?;
        bytes.truncate(read);
        if read == 0 || sender.send(Piece::Bytes(bytes)).is_err() {
            return Ok(());
        }
    }
}

/// Whether what the head announces is the file, or the rest of it; a server without ranges starts over.
fn accept(status: StatusCode, headers: &HeaderMap, part: &mut Part, size: u64) -> Result<(), Trouble> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match status.as_u16() {
        200 => {
            let announced = header("content-length").and_then(|length| length.parse().ok());
            check_size(announced, size)?;
            Ok(part.restart()?)
        }
        206 => {
            let Some((start, whole)) = header("content-range").and_then(range) else {
                return Err(Trouble::never("answers with a part of the file and does not say which"));
            };
            check_size(whole, size)?;
            if start != part.held() {
                return Err(Trouble::never(format!("was asked for byte {} and sends byte {start}", part.held())));
            }
            Ok(())
        }
        // with what is there the request made no sense to the server: without it, it may
        416 if part.held() > 0 => {
            let held = part.held();
            part.restart()?;
            Err(Trouble::soon(format!("does not go on from byte {held}")))
        }
        408 | 425 | 429 | 500..=599 => Err(Trouble::soon(status.to_string())),
        _ => Err(Trouble::never(status.to_string())),
    }
}

fn check_size(announced: Option<u64>, size: u64) -> Result<(), Trouble> {
    match announced {
        Some(announced) if announced != size => {
            Err(Trouble::never(format!("its file has {announced} bytes, the published one {size}")))
        }
        _ => Ok(()),
    }
}

/// `bytes 100-299/300`: the first byte, and how many there are in all where it says so.
fn range(header: &str) -> Option<(u64, Option<u64>)> {
    let (range, whole) = header.trim().strip_prefix("bytes")?.trim_start().split_once('/')?;
    let (start, _) = range.split_once('-')?;
    Some((start.trim().parse().ok()?, whole.trim().parse().ok()))
}

fn cut(held: u64, size: u64) -> Trouble {
    Trouble::soon(format!("the connection was cut after {held} of {size} bytes"))
}

fn silent(how: &How) -> Trouble {
    Trouble::soon(format!("nothing came for {:?}", how.patience.silence))
}

/// A failed request in words.
fn trouble(error: &ureq::Error, url: &str, held: u64, size: u64, how: &How) -> Trouble {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, InvalidData, UnexpectedEof};
    match error {
        ureq::Error::Timeout(_) => silent(how),
        ureq::Error::TooManyRedirects => Trouble::never("redirects more than 10 times"),
        ureq::Error::HostNotFound => Trouble::later("no such host, or no network"),
        ureq::Error::Rustls(error) => Trouble::never(format!("TLS was refused: {error}")),
        // certificates that do not verify come as data that is not what it should be
        ureq::Error::Io(error) if error.kind() == InvalidData && url.starts_with("https:") => {
            Trouble::never(format!("TLS was refused: {error}"))
        }
        ureq::Error::Io(error)
            if matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe) =>
        {
            cut(held, size)
        }
        ureq::Error::Io(error) => Trouble::later(error.to_string()),
        ureq::Error::ConnectionFailed | ureq::Error::ConnectProxyFailed(_) => Trouble::later(error.to_string()),
        other => Trouble::never(other.to_string()),
    }
}

/// An agent that waits no longer than `silence` for anything, follows 10 redirects, and takes proxies from the
/// environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`).
pub fn agent(silence: Duration) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_resolve(Some(silence))
        .timeout_connect(Some(silence))
        .timeout_per_read(Some(silence))
        .timeout_per_write(Some(silence))
        .user_agent(concat!("repshape/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent()
}

/// Waits, unless interrupted.
pub fn pause(wait: Duration, how: &How) -> Outcome {
    let start = Instant::now();
    while start.elapsed() < wait {
        go_on(how)?;
        std::thread::sleep(LOOK.min(wait));
    }
    Ok(())
}

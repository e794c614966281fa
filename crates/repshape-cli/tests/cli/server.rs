//! A web server on this machine that misbehaves as told: each request is answered by a function.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `/FOLDER/FILE`.
    pub path: String,
    /// The first byte of `Range: bytes=N-`.
    pub from: Option<usize>,
}

/// A server until the program ends.
pub struct Server {
    /// Its address, without a slash at the end.
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// First bytes that were asked for, request by request.
    pub fn ranges(&self) -> Vec<Option<usize>> {
        self.requests().into_iter().map(|request| request.from).collect()
    }
}

/// Starts a server. `answer` gets the number of the request (from 0), the request, and where the answer goes; the
/// connection is closed after it.
pub fn serve(
    answer: impl Fn(usize, &Request, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let (log, answer) = (Arc::clone(&requests), Arc::new(answer));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { break };
            let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
            std::thread::spawn(move || {
                let Some(request) = read_request(&stream) else {
                    // such as a greeting of TLS
                    let _ = head(&mut stream, "400 Bad Request", "");
                    return;
                };
                let number = {
                    let mut log = log.lock().unwrap();
                    log.push(request.clone());
                    log.len() - 1
                };
                // the client may have had enough
                let _ = answer(number, &request, &mut stream);
            });
        }
    });
    Server { url, requests }
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream.take(1 << 16)).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
    let mut from = None;
    for line in lines {
        let line = line.ok()?.to_ascii_lowercase();
        if line.is_empty() {
            return Some(Request { path, from });
        }
        if let Some(range) = line.strip_prefix("range: bytes=") {
            from = range.strip_suffix('-').and_then(|from| from.parse().ok());
        }
    }
    None
}

/// A status line, headers (each with its line end) and nothing more.
pub fn head(stream: &mut TcpStream, status: &str, headers: &str) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status}\r\nconnection: close\r\n{headers}\r\n")
}

/// The whole file, whatever range was asked for.
pub fn whole(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    head(stream, "200 OK", &format!("content-length: {}\r\n", bytes.len()))?;
    stream.write_all(bytes)
}

/// The file from the byte that was asked for.
pub fn ranged(stream: &mut TcpStream, request: &Request, bytes: &[u8]) -> std::io::Result<()> {
    let Some(from) = request.from else { return whole(stream, bytes) };
    let (last, all) = (bytes.len() - 1, bytes.len());
    let headers = format!("content-length: {}\r\ncontent-range: bytes {from}-{last}/{all}\r\n", all - from);
    head(stream, "206 Partial Content", &headers)?;
    stream.write_all(&bytes[from..])
}

/// At most `count` bytes of what [`ranged`] sends, with the length of all of it announced.
pub fn cut(stream: &mut TcpStream, request: &Request, bytes: &[u8], count: usize) -> std::io::Result<()> {
    let (from, all) = (request.from.unwrap_or(0), bytes.len());
    let (status, range) = match request.from {
        Some(from) => ("206 Partial Content", format!("content-range: bytes {from}-{}/{all}\r\n", all - 1)),
        None => ("200 OK", String::new()),
    };
    head(stream, status, &format!("content-length: {}\r\n{range}", all - from))?;
    stream.write_all(&bytes[from..(from + count).min(all)])
}

/// That there is no such file.
pub fn not_found(stream: &mut TcpStream) -> std::io::Result<()> {
    head(stream, "404 Not Found", "content-length: 0\r\n")
}

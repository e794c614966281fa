//! Downloads of small files from a server on this machine that does what servers do.

use std::cell::Cell;
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ureq::Agent;

use super::fetch::{Event, How, Patience, fetch};
use super::part::Part;
use super::remote::{Content, Holds, Member, MemberContent, RemoteFile, SETS};
use super::server::{Server, cut, head, not_found, ranged, serve, whole};
use super::there::{is_there, sha256};
use super::transfer::agent;
use crate::failure::{Exit, Failure, Outcome};

/// A file of 300,000 bytes without a period that a mistake in an offset could hide behind.
static BYTES: LazyLock<Vec<u8>> =
    LazyLock::new(|| (0..300_000u64).map(|n| (n.wrapping_mul(n).wrapping_mul(2_654_435_761) >> 24) as u8).collect());

const SIZE: u64 = 300_000;

/// A row of the table for these bytes; it lives as long as the program, as the table does.
fn remote(name: &'static str, bytes: &[u8], holds: Holds) -> RemoteFile {
    let (sum, size) = sha256(bytes).unwrap();
    RemoteFile { name, size, sha256: sum.leak(), holds }
}

fn file() -> RemoteFile {
    remote("images.gz", &BYTES, Holds::Gzipped(None))
}

/// The real agent without this machine's proxies.
fn direct(silence: Duration) -> Agent {
    let mut config = agent(silence).config().clone();
    if config.proxy().is_some() {
        config = Agent::config_builder().http_status_as_error(false).proxy(None).build();
    }
    config.new_agent()
}

const QUICK: Patience = Patience { tries: 3, wait: Duration::from_millis(1), silence: Duration::from_secs(20) };

fn get_with(files: &[RemoteFile], mirrors: &[&str], folder: &Path, patience: Patience) -> Outcome {
    let stop = AtomicBool::new(false);
    let how = How { agent: &direct(patience.silence), patience, stop: &stop };
    fetch(files, mirrors, folder, &how, &mut |_| {})
}

fn get(mirrors: &[&str], folder: &Path) -> Outcome {
    get_with(&[file()], mirrors, folder, QUICK)
}

/// Names in a folder, in order; empty if it is not there.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A failure's message with the server's address and the folder by name.
fn plain(failure: &Failure, servers: &[&Server], folder: &Path) -> String {
    let mut message = failure.message.replace(&folder.display().to_string(), "DIR");
    for (server, name) in servers.iter().zip(["A", "B"]) {
        message = message.replace(&server.url, &format!("http://{name}"));
    }
    message
}

fn assert_got(folder: &Path) {
    assert_eq!(names(folder), ["images.gz"]);
    assert!(std::fs::read(folder.join("images.gz")).unwrap() == *BYTES);
    assert!(is_there(folder, &file()).unwrap());
}

#[test]
fn a_file_is_fetched_and_verified_and_nothing_else_is_left() {
    let server = serve(|_, request, stream| ranged(stream, request, &BYTES));
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("new/folder");
    let mut seen = Vec::new();
    let stop = AtomicBool::new(false);
    let how = How { agent: &direct(QUICK.silence), patience: QUICK, stop: &stop };
    let slash = format!("{}/data/", server.url);
    fetch(&[file()], &[&slash], &inner, &how, &mut |event| {
        if let Event::At(held) = event {
            seen.push(held);
        }
    })
    .unwrap();
    assert_got(&inner);
    assert_eq!(server.requests()[0].path, "/data/images.gz");
    assert!(seen.is_sorted() && seen.last() == Some(&SIZE), "{seen:?}");
}

#[test]
fn a_cut_download_goes_on_where_it_was_cut() {
    let server = serve(|number, request, stream| match number {
        0 => cut(stream, request, &BYTES, 100_000),
        1 => cut(stream, request, &BYTES, 50_000),
        _ => ranged(stream, request, &BYTES),
    });
    let folder = tempfile::tempdir().unwrap();
    get(&[&server.url], folder.path()).unwrap();
    assert_got(folder.path());
    assert_eq!(server.ranges(), [None, Some(100_000), Some(150_000)]);
}

#[test]
fn a_server_without_ranges_starts_over() {
    let server = serve(|number, request, stream| match number {
        0 => cut(stream, request, &BYTES, 100_000),
        _ => whole(stream, &BYTES),
    });
    let folder = tempfile::tempdir().unwrap();
    get(&[&server.url], folder.path()).unwrap();
    assert_got(folder.path());
    assert_eq!(server.ranges(), [None, Some(100_000)]);
}

#[test]
fn a_connection_that_is_always_cut_leaves_the_part_for_the_next_command() {
    let server = serve(|_, request, stream| cut(stream, request, &BYTES, 30_000));
    let good = serve(|_, request, stream| ranged(stream, request, &BYTES));
    let folder = tempfile::tempdir().unwrap();
    let failure = get(&[&server.url], folder.path()).unwrap_err();
    assert_eq!(failure.code, Exit::Retry as i32);
    insta::assert_snapshot!(plain(&failure, &[&server], folder.path()), @"
    images.gz could not be downloaded:
      http://A/images.gz: the connection was cut after 90000 of 300000 bytes (3 tries)
    another address is named with --mirror URL
    90000 of 300000 bytes are kept in DIR/images.gz.part; the same command goes on from there
    ");
    assert_eq!(names(folder.path()), ["images.gz.part"]);
    get(&[&good.url], folder.path()).unwrap();
    assert_got(folder.path());
    assert_eq!(good.ranges(), [Some(90_000)]);
}

#[test]
fn a_wrong_checksum_names_both_and_leaves_nothing() {
    let server = serve(|_, _, stream| whole(stream, &vec![7; BYTES.len()]));
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("images");
    let failure = get(&[&server.url], &inner).unwrap_err();
    assert_eq!(failure.code, Exit::Usage as i32);
    insta::assert_snapshot!(plain(&failure, &[&server], folder.path()), @"
    images.gz could not be downloaded:
      http://A/images.gz: wrong checksum: SHA-256 08f166476de183f7a1b2874d544d37912aaf8d19b92013e1aafe233ba231024a, expected cc13ad37dd2e3ab20d3e8d0c293ad9fb785ae6e622398c581d647a4795867c71
    another address is named with --mirror URL
    ");
    assert!(!inner.exists(), "an empty folder would be taken for the set");
    assert_eq!(server.ranges(), [None]);
}

#[test]
fn a_part_that_was_wrong_from_the_start_is_fetched_anew() {
    let server = serve(|_, request, stream| ranged(stream, request, &BYTES));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(Part::path(folder.path(), &file()), vec![7; 1000]).unwrap();
    get(&[&server.url], folder.path()).unwrap();
    assert_got(folder.path());
    assert_eq!(server.ranges(), [Some(1000), None]);
}

#[test]
fn a_part_that_is_whole_or_too_long_needs_no_range() {
    let server = serve(|_, request, stream| ranged(stream, request, &BYTES));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(Part::path(folder.path(), &file()), &*BYTES).unwrap();
    get(&[&server.url], folder.path()).unwrap();
    assert_got(folder.path());
    assert_eq!(server.ranges(), []);
    std::fs::remove_file(folder.path().join("images.gz")).unwrap();
    std::fs::write(Part::path(folder.path(), &file()), vec![0; BYTES.len() + 1]).unwrap();
    get(&[&server.url], folder.path()).unwrap();
    assert_got(folder.path());
    assert_eq!(server.ranges(), [None]);
}

#[test]
fn a_file_of_another_size_is_not_even_read() {
    let server = serve(|_, _, stream| whole(stream, b"<html>please log in</html>"));
    let other = serve(|_, request, stream| ranged(stream, request, &BYTES[1..]));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(Part::path(folder.path(), &file()), &BYTES[..1000]).unwrap();
    let failure = get(&[&server.url, &other.url], folder.path()).unwrap_err();
    assert_eq!(failure.code, Exit::Usage as i32);
    insta::assert_snapshot!(plain(&failure, &[&server, &other], folder.path()), @"
    images.gz could not be downloaded:
      http://A/images.gz: its file has 26 bytes, the published one 300000
      http://B/images.gz: its file has 299999 bytes, the published one 300000
    another address is named with --mirror URL
    1000 of 300000 bytes are kept in DIR/images.gz.part; the same command goes on from there
    ");
    assert_eq!(std::fs::read(Part::path(folder.path(), &file())).unwrap(), BYTES[..1000]);
}

#[test]
fn a_server_that_does_not_stop_is_stopped_at_the_size() {
    let server = serve(|_, _, stream| {
        use std::io::Write;
        head(stream, "200 OK", "")?;
        stream.write_all(&BYTES)?;
        loop {
            stream.write_all(&[0; 4096])?;
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let failure = get(&[&server.url], folder.path()).unwrap_err();
    let message = plain(&failure, &[&server], folder.path());
    assert!(message.contains("sends more than the 300000 bytes of the published file\n"), "{message}");
    assert_eq!(names(folder.path()).len(), 0);
}

#[test]
fn without_an_announced_length_the_end_is_where_the_server_stops() {
    let server = serve(|number, _, stream| {
        use std::io::Write;
        head(stream, "200 OK", "")?;
        stream.write_all(&BYTES[..if number == 0 { 1000 } else { BYTES.len() }])
    });
    let folder = tempfile::tempdir().unwrap();
    get(&[&server.url], folder.path()).unwrap();
    assert_got(folder.path());
    assert_eq!(server.ranges(), [None, Some(1000)]);
}

#[test]
fn the_next_mirror_is_tried_and_goes_on_with_the_part() {
    let first = serve(|_, _, stream| not_found(stream));
    let second = serve(|_, request, stream| cut(stream, request, &BYTES, 1000));
    let third = serve(|_, request, stream| ranged(stream, request, &BYTES));
    let folder = tempfile::tempdir().unwrap();
    get(&[&first.url, &second.url, &third.url], folder.path()).unwrap();
    assert_got(folder.path());
    assert_eq!((first.ranges().len(), second.ranges().len(), third.ranges()), (1, 3, vec![Some(3000)]));
}

#[test]
fn a_redirect_is_followed_with_its_range() {
    let server = serve(|_, request, stream| match request.path.as_str() {
        "/images.gz" => head(stream, "302 Found", "location: /raw/images.gz\r\ncontent-length: 0\r\n"),
        _ => ranged(stream, request, &BYTES),
    });
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(Part::path(folder.path(), &file()), &BYTES[..1000]).unwrap();
    get(&[&server.url], folder.path()).unwrap();
    assert_got(folder.path());
    assert_eq!(server.ranges(), [Some(1000), Some(1000)]);
    assert_eq!(server.requests()[1].path, "/raw/images.gz");
}

#[test]
fn every_mirrors_reason_is_told() {
    let missing = serve(|_, _, stream| not_found(stream));
    let circle = serve(|_, request, stream| head(stream, "302 Found", &format!("location: {}\r\n", request.path)));
    let folder = tempfile::tempdir().unwrap();
    let tls = missing.url.replace("http:", "https:");
    let failure = get(&[&missing.url, &circle.url, &tls], &folder.path().join("a")).unwrap_err();
    assert_eq!(failure.code, Exit::Usage as i32);
    let message = plain(&failure, &[&missing, &circle], folder.path()).replace(&tls, "https://A");
    insta::assert_snapshot!(message, @"
    images.gz could not be downloaded:
      http://A/images.gz: 404 Not Found
      http://B/images.gz: redirects more than 10 times
      https://A/images.gz: TLS was refused: received corrupt message of type InvalidContentType
    another address is named with --mirror URL
    ");
    assert_eq!(names(folder.path()).len(), 0);
}

#[test]
fn nobody_at_the_address_may_be_there_later() {
    // a port that was free a moment ago
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://127.0.0.1:{port}");
    let failure = get(&[&url], &folder.path().join("a")).unwrap_err();
    assert_eq!(failure.code, Exit::Retry as i32);
    assert!(failure.message.contains("refused"), "{}", failure.message);
    assert!(!failure.message.contains("tries"), "{}", failure.message);
}

#[test]
fn a_busy_server_and_one_that_cannot_go_on_are_asked_again() {
    let server = serve(|number, request, stream| match number {
        0 => head(stream, "503 Service Unavailable", "content-length: 0\r\n"),
        1 => cut(stream, request, &BYTES, 10),
        2 => head(stream, "416 Range Not Satisfiable", "content-length: 0\r\n"),
        _ => ranged(stream, request, &BYTES),
    });
    let folder = tempfile::tempdir().unwrap();
    get_with(&[file()], &[&server.url], folder.path(), Patience { tries: 4, ..QUICK }).unwrap();
    assert_got(folder.path());
    assert_eq!(server.ranges(), [None, None, Some(10), None]);
}

#[test]
fn a_range_that_was_not_asked_for_is_refused() {
    let server = serve(|_, _, stream| {
        use std::io::Write;
        head(stream, "206 Partial Content", "content-length: 5\r\ncontent-range: bytes 7-11/300000\r\n")?;
        stream.write_all(b"where")
    });
    let folder = tempfile::tempdir().unwrap();
    let failure = get(&[&server.url], folder.path()).unwrap_err();
    assert!(failure.message.contains("was asked for byte 0 and sends byte 7"), "{}", failure.message);
}

#[test]
fn a_server_that_falls_silent_is_left() {
    let server = serve(|_, request, stream| {
        cut(stream, request, &BYTES, 10)?;
        std::thread::sleep(Duration::from_secs(60));
        Ok(())
    });
    let good = serve(|_, request, stream| ranged(stream, request, &BYTES));
    let patience = Patience { tries: 1, silence: Duration::from_millis(300), ..QUICK };
    let folder = tempfile::tempdir().unwrap();
    let failure = get_with(&[file()], &[&server.url], folder.path(), patience).unwrap_err();
    assert_eq!(failure.code, Exit::Retry as i32);
    assert!(failure.message.contains("nothing came for 300ms"), "{}", failure.message);
    get(&[&good.url], folder.path()).unwrap();
    assert_got(folder.path());
    assert_eq!(good.ranges(), [Some(10)]);
}

#[test]
fn an_interruption_keeps_the_part_and_does_not_wait_for_the_server() {
    let server = serve(|_, request, stream| {
        cut(stream, request, &BYTES, 1000)?;
        std::thread::sleep(Duration::from_secs(60));
        Ok(())
    });
    let folder = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let how = How { agent: &direct(QUICK.silence), patience: QUICK, stop: &stop };
    let start = std::time::Instant::now();
    let failure = fetch(&[file()], &[&server.url], folder.path(), &how, &mut |event| {
        stop.store(matches!(event, Event::At(1000)), Ordering::Relaxed);
    })
    .unwrap_err();
    // the server's silence would last 20 s
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(failure.code, Exit::Retry as i32);
    insta::assert_snapshot!(plain(&failure, &[&server], folder.path()), @"
    interrupted
    1000 of 300000 bytes are kept in DIR/images.gz.part; the same command goes on from there
    ");
}

#[test]
fn two_commands_do_not_write_one_part() {
    let server = serve(|_, request, stream| ranged(stream, request, &BYTES));
    let folder = tempfile::tempdir().unwrap();
    let first = Part::open(folder.path(), &file()).unwrap();
    let failure = get(&[&server.url], folder.path()).unwrap_err();
    assert_eq!(failure.code, Exit::Retry as i32);
    assert!(failure.message.contains("another repshape is downloading it"), "{}", failure.message);
    drop(first);
    get(&[&server.url], folder.path()).unwrap();
    assert_got(folder.path());
}

#[cfg(unix)]
#[test]
fn a_full_disk_ends_it_at_once() {
    let server = serve(|_, request, stream| ranged(stream, request, &BYTES));
    let folder = tempfile::tempdir().unwrap();
    // a device that is always full, where the part would be
    std::os::unix::fs::symlink("/dev/full", Part::path(folder.path(), &file())).unwrap();
    let asked = Cell::new(0);
    let stop = AtomicBool::new(false);
    let how = How { agent: &direct(QUICK.silence), patience: QUICK, stop: &stop };
    let failure = fetch(&[file()], &[&server.url, &server.url], folder.path(), &how, &mut |event| {
        asked.set(asked.get() + u32::from(matches!(event, Event::Ask { .. })));
    })
    .unwrap_err();
    assert_eq!((failure.code, asked.get()), (Exit::Retry as i32, 1), "{}", failure.message);
    let message = plain(&failure, &[&server], folder.path());
    assert!(message.contains("DIR/images.gz.part: cannot be written: No space left on device"), "{message}");
}

fn gzip(bytes: &[u8], level: u32) -> Vec<u8> {
    use std::io::Write;
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// The MD5 of [`BYTES`], by `md5sum`.
const BYTES_MD5: &str = "838cb01bf2eebbce0bd2e741ee8f03e6";

#[test]
fn what_is_there_is_judged_by_its_content() {
    let packed = gzip(&BYTES, 9);
    let content = Content { size: SIZE, md5: BYTES_MD5 };
    let file = remote("images.gz", &packed, Holds::Gzipped(Some(content)));
    let folder = tempfile::tempdir().unwrap();
    let (gzipped, unpacked) = (folder.path().join("images.gz"), folder.path().join("images"));
    assert!(!is_there(folder.path(), &file).unwrap());
    std::fs::write(&gzipped, &packed).unwrap();
    assert!(is_there(folder.path(), &file).unwrap());
    // gzipped anew
    std::fs::write(&gzipped, gzip(&BYTES, 1)).unwrap();
    assert!(is_there(folder.path(), &file).unwrap());
    // unpacked
    std::fs::remove_file(&gzipped).unwrap();
    std::fs::write(&unpacked, &*BYTES).unwrap();
    assert!(is_there(folder.path(), &file).unwrap());
    std::fs::remove_file(&unpacked).unwrap();

    let mut wrong = BYTES.to_vec();
    wrong[5] ^= 1;
    let mut told = String::new();
    let cases = [gzip(&wrong, 9), gzip(&BYTES[1..], 9), gzip(&[&BYTES[..], b"x"].concat(), 9), packed[..99].to_vec()];
    for bytes in cases.iter().chain([&b"not gzipped".to_vec()]) {
        std::fs::write(&gzipped, bytes).unwrap();
        let failure = is_there(folder.path(), &file).unwrap_err();
        assert_eq!(failure.code, Exit::Usage as i32);
        told.push_str(&plain(&failure, &[], folder.path()));
        told.push('\n');
        assert_eq!(&std::fs::read(&gzipped).unwrap(), bytes, "somebody's file is left alone");
    }
    insta::assert_snapshot!(told);
}

/// An entry of an archive: name, content; `None` is a link.
type Entry<'a> = (&'a str, Option<&'a [u8]>);

fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in entries {
        let mut header = tar::Header::new_ustar();
        // `set_path` would refuse the paths that a hostile archive has
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_mode(0o644);
        match content {
            Some(bytes) => header.set_size(bytes.len() as u64),
            None => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                header.set_link_name("/etc/passwd").unwrap();
            }
        }
        header.set_cksum();
        builder.append(&header, content.unwrap_or_default()).unwrap();
    }
    gzip(&builder.into_inner().unwrap(), 6)
}

const MEMBERS: &[Member] = &[
    Member { name: "train.bin", content: MemberContent::Exact(Content { size: SIZE, md5: BYTES_MD5 }) },
    Member { name: "names.txt", content: MemberContent::Names(10) },
];

fn packed(bytes: &[u8]) -> RemoteFile {
    remote("set.tar.gz", bytes, Holds::Members { folder: "set-bin", members: MEMBERS })
}

#[test]
fn of_an_archive_the_wanted_members_are_unpacked_and_nothing_else() {
    let bytes = archive(&[
        ("../evil", Some(b"x")),
        ("/tmp/evil", Some(b"x")),
        ("set-bin/../train.bin", Some(b"x")),
        ("set-bin/readme.html", Some(b"x")),
        ("set-bin/train.bin", Some(&BYTES)),
        ("set-bin/names.txt", Some(b"cat\ndog\n")),
        ("set-bin/train.bin", Some(b"a second one")),
    ]);
    let file = packed(&bytes);
    let served = bytes.clone();
    let server = serve(move |_, request, stream| ranged(stream, request, &served));
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("data");
    get_with(&[file], &[&server.url], &inner, QUICK).unwrap();
    assert_eq!(names(folder.path()), ["data"]);
    assert_eq!(names(&inner), ["set-bin"]);
    assert_eq!(names(&inner.join("set-bin")), ["names.txt", "train.bin"]);
    assert!(std::fs::read(inner.join("set-bin/train.bin")).unwrap() == *BYTES);
    assert_eq!(std::fs::read(inner.join("set-bin/names.txt")).unwrap(), b"cat\ndog\n");
    assert!(is_there(&inner, &file).unwrap());
    // one that was lost is unpacked again, here from an archive whose unpacking was cut off
    std::fs::remove_file(inner.join("set-bin/names.txt")).unwrap();
    assert!(!is_there(&inner, &file).unwrap());
    std::fs::write(inner.join("set.tar.gz"), &bytes).unwrap();
    get_with(&[file], &[&server.url], &inner, QUICK).unwrap();
    assert!(is_there(&inner, &file).unwrap());
    assert_eq!(server.requests().len(), 1);
    // and one that was changed is somebody's
    std::fs::write(inner.join("set-bin/train.bin"), b"mine").unwrap();
    let failure = is_there(&inner, &file).unwrap_err();
    insta::assert_snapshot!(plain(&failure, &[], &inner), @"DIR/set-bin/train.bin is there and is not the published file (4 bytes of content, expected 300000); move it away, or name another folder with --out");
}

#[test]
fn an_archive_with_other_members_is_refused() {
    let mut told = String::new();
    let cases: [&[Entry]; 4] = [
        &[("set-bin/train.bin", Some(&BYTES))],
        &[("set-bin/train.bin", Some(&BYTES[1..])), ("set-bin/names.txt", Some(b"cat\n"))],
        &[("set-bin/names.txt", Some(b"cat\ndog\nant\n"))],
        &[("set-bin/names.txt", None)],
    ];
    let cut_off = gzip(&archive(&[("set-bin/train.bin", Some(&BYTES))])[..500], 6);
    for bytes in cases.iter().map(|entries| archive(entries)).chain([cut_off]) {
        let file = packed(&bytes);
        let server = serve(move |_, request, stream| ranged(stream, request, &bytes));
        let folder = tempfile::tempdir().unwrap();
        let failure = get_with(&[file], &[&server.url], folder.path(), QUICK).unwrap_err();
        assert_eq!(failure.code, Exit::Usage as i32);
        told.push_str(&plain(&failure, &[&server], folder.path()));
        told.push('\n');
    }
    insta::assert_snapshot!(told);
}

#[test]
fn the_table_is_well_formed() {
    let hex = |text: &str, digits| text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    for set in SETS {
        assert!(!set.mirrors.is_empty() && set.mirrors.iter().all(|url| super::mirror(url).is_ok()), "{}", set.name);
        let mut sums: Vec<&str> = set.files.iter().map(|file| file.sha256).collect();
        let mut md5 = Vec::new();
        for file in set.files {
            assert!(hex(file.sha256, 64) && file.size > 0, "{} {}", set.name, file.name);
            match file.holds {
                Holds::Gzipped(content) => md5.extend(content.map(|content| content.md5)),
                Holds::Members { members, .. } => {
                    md5.extend(members.iter().filter_map(|member| match member.content {
                        MemberContent::Exact(content) => Some(content.md5),
                        MemberContent::Names(_) => None,
                    }))
                }
            }
        }
        assert!(md5.iter().all(|sum| hex(sum, 32)), "{}", set.name);
        // a line copied twice
        let count = sums.len() + md5.len();
        sums.sort_unstable();
        sums.dedup();
        md5.sort_unstable();
        md5.dedup();
        assert_eq!(sums.len() + md5.len(), count, "{}", set.name);
    }
    assert_eq!(
        super::remote_set("mnits").unwrap_err(),
        "there is no such download; there are mnist, fashion-mnist, kmnist, cifar10, cifar100"
    );
}

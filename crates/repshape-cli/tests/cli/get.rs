//! `repshape data get` from a server on this machine. What it does with small files whose checksums fit is tested
//! beside its source; here the true table meets servers that have something else.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use insta::assert_snapshot;

use crate::server::{Server, cut, not_found, ranged, serve, whole};
use crate::support::{Ran, Running, listing, ran, repshape, run, wait_until};

/// The size of MNIST's first file, in zeros.
const ZEROS: &[u8] = &[0; 9_912_422];

/// The command without this machine's proxies.
fn direct(command: &mut Command) -> &mut Command {
    command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1")
}

fn get(folder: &Path, args: &[&str]) -> Ran {
    run(direct(&mut repshape(folder)), &[&["data", "get"], args].concat())
}

/// Standard error and the exit code, the server by name.
fn told(ran: &Ran, server: &Server) -> String {
    assert_eq!(ran.out, "");
    format!("{}[{}]\n", ran.err.replace(&server.url, "http://SERVER"), ran.code.unwrap())
}

fn part(folder: &Path) -> std::path::PathBuf {
    folder.join("mnist/train-images-idx3-ubyte.gz.part")
}

#[test]
fn what_was_typed_wrong_is_told() {
    let server = serve(|_, _, stream| not_found(stream));
    let folder = tempfile::tempdir().unwrap();
    let nowhere = run(repshape(folder.path()).env_remove("HOME"), &["data", "get", "mnist"]);
    let mut all = told(&nowhere, &server);
    for args in [&["mnits"][..], &["mnist", "--mirror", "ftp://there/"], &["mnist", "--mirror", "https:///"]] {
        all.push_str(&told(&get(folder.path(), args), &server));
    }
    std::fs::write(folder.path().join("file"), "x").unwrap();
    all.push_str(&told(&get(folder.path(), &["mnist", "--mirror", &server.url, "--out", "file"]), &server));
    assert_snapshot!("get_usage", all);
    assert_eq!(server.requests(), []);
}

#[test]
fn mirrors_that_have_nothing_or_something_else_leave_nothing() {
    let missing = serve(|_, _, stream| not_found(stream));
    let other = serve(|_, request, stream| ranged(stream, request, ZEROS));
    let small = serve(|_, _, stream| whole(stream, b"<html>"));
    let folder = tempfile::tempdir().unwrap();
    let mirrors = ["--mirror", &missing.url, "--mirror", &other.url, "--mirror", &small.url];
    let ran = get(folder.path(), &[&["mnist", "--out", "mnist", "--quiet"], &mirrors[..]].concat());
    let told = told(&ran, &missing).replace(&other.url, "http://OTHER").replace(&small.url, "http://SMALL");
    assert_snapshot!("get_nothing", told);
    assert_eq!(listing(folder.path()).len(), 0);
    assert_eq!(missing.requests()[0].path, "/train-images-idx3-ubyte.gz");
}

#[test]
fn a_cut_connection_is_tried_again_and_the_next_command_goes_on() {
    let server = serve(|number, request, stream| match number {
        ..4 => cut(stream, request, ZEROS, 1_000_000),
        _ => not_found(stream),
    });
    let folder = tempfile::tempdir().unwrap();
    let args = ["mnist", "--out", "mnist", "--mirror", &server.url];
    let first = get(folder.path(), &args);
    let second = get(folder.path(), &args);
    // lines with times in them are the progress
    let lines = |ran: &Ran| {
        let told = told(ran, &server);
        told.lines().filter(|line| !line.contains(" s gone")).collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!("get_cut", format!("{}\n\n{}", lines(&first), lines(&second)));
    assert_eq!(server.ranges(), [0, 1, 2, 3, 4].map(|n| (n > 0).then_some(n * 1_000_000)));
    assert_eq!(listing(folder.path())[&part(folder.path())], 4_000_000);
}

#[cfg(unix)]
#[test]
fn an_interruption_ends_it_with_75_and_keeps_the_part() {
    let server = serve(|_, request, stream| {
        cut(stream, request, ZEROS, 100_000)?;
        std::thread::sleep(Duration::from_secs(60));
        Ok(())
    });
    let folder = tempfile::tempdir().unwrap();
    let mut command = repshape(folder.path());
    direct(&mut command).args(["data", "get", "mnist", "--quiet", "--mirror", &server.url]);
    command.env("REPSHAPE_DATA", folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    wait_until("the part", || part(folder.path()).metadata().is_ok_and(|found| found.len() == 100_000));
    assert!(Command::new("kill").args(["-INT", &running.0.id().to_string()]).status().unwrap().success());
    let code = running.0.wait().unwrap().code();
    let mut told = String::new();
    std::io::Read::read_to_string(running.0.stderr.as_mut().unwrap(), &mut told).unwrap();
    assert_eq!(code, Some(75), "{told}");
    let part = part(folder.path());
    let kept = format!("interrupted\n100000 of 9912422 bytes are kept in {}; the same command", part.display());
    assert!(told.contains(&kept), "{told}");
    assert_eq!(listing(folder.path())[&part], 100_000);
}

/// A file size limit stands in for a full disk: the write fails half-way in the same place.
#[cfg(unix)]
#[test]
fn a_full_disk_ends_it_with_75_and_the_next_command_goes_on() {
    let server = serve(|_, request, stream| ranged(stream, request, ZEROS));
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    // blocks of 512 or 1,024 bytes; without the trap the signal would kill the child instead
    let limits = "trap '' XFSZ; ulimit -f 1024; exec \"$0\" \"$@\"";
    command.args(["-c", limits, env!("CARGO_BIN_EXE_repshape"), "data", "get", "mnist", "--out", "mnist", "--quiet"]);
    command.args(["--mirror", &server.url]).current_dir(folder.path());
    let full = ran(direct(&mut command).output().unwrap());
    assert_eq!(full.code, Some(75), "{full:?}");
    let held = listing(folder.path())[&part(folder.path())];
    assert!(full.err.contains("train-images-idx3-ubyte.gz.part: cannot be written: "), "{full:?}");
    assert!(full.err.contains(&format!("\n{held} of 9912422 bytes are kept in ")), "{full:?}");
    let again = get(folder.path(), &["mnist", "--out", "mnist", "--mirror", &server.url]);
    assert_eq!(server.ranges()[..2], [None, Some(held as usize)], "{again:?}");
}

#[test]
fn a_file_of_somebody_elses_is_left_alone() {
    let server = serve(|_, _, stream| not_found(stream));
    let folder = tempfile::tempdir().unwrap();
    let mine = folder.path().join("mnist/t10k-labels-idx1-ubyte");
    std::fs::create_dir(folder.path().join("mnist")).unwrap();
    std::fs::write(&mine, b"mine").unwrap();
    let ran = get(folder.path(), &["mnist", "--out", "mnist", "--mirror", &server.url]);
    assert_snapshot!("get_mine", told(&ran, &server));
    assert_eq!(server.requests(), []);
    assert_eq!(std::fs::read(&mine).unwrap(), b"mine");
}

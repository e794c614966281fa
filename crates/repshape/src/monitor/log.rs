//! Where probes are written as they are taken.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::history::{History, Probe};
use super::tensorboard::EventFile;

/// Takes each probe when it comes. Any `FnMut(&History) -> io::Result<()>` is one.
pub trait Log {
    /// The last probe of `history` is new.
    ///
    /// # Errors
    /// Whatever keeps it from being written; the training stops.
    fn probe(&mut self, history: &History) -> io::Result<()>;

    /// What was taken is to survive a crash of the machine, as a checkpoint does that is written next.
    ///
    /// # Errors
    /// The file system's.
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<F: FnMut(&History) -> io::Result<()>> Log for F {
    fn probe(&mut self, history: &History) -> io::Result<()> {
        self(history)
    }
}

/// One line for each site of each probe: `step,epoch,site`, then a column for each measure, empty where it is undefined.
/// Numbers read back to the same `f64`.
///
/// A probe is one write, so that a killed training keeps all before the kill, and a resumed one neither
/// loses nor repeats a line.
#[derive(Debug)]
pub(super) struct CsvLog {
    path: PathBuf,
    file: File,
}

impl CsvLog {
    /// Opens or makes the file. Probes in it up to `step` are added to `history` and stay; what comes later, and a
    /// probe of which a part is missing, is cut off.
    pub(super) fn open(path: &Path, step: u64, history: &mut History) -> io::Result<Self> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        if let Some(site) = history.sites().iter().find(|site| site.contains([',', '"', '\n', '\r'])) {
            let problem = format!("site {site:?} cannot stand in a CSV file: expected no comma, quote or line break");
            return Err(named(io::Error::other(problem)));
        }
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = open.map_err(named)?;
        let head = format!("step,epoch,site,{}\n", history.measures().join(","));
        let kept = read(BufReader::new(&file), &head, step, history).map_err(named)?;
        file.set_len(kept).and_then(|()| file.seek(SeekFrom::End(0))).map_err(named)?;
        let mut log = Self { path: path.to_owned(), file };
        if kept == 0 {
            log.append(&head)?;
        }
        Ok(log)
    }

    fn append(&mut self, text: &str) -> io::Result<()> {
        self.file.write_all(text.as_bytes()).map_err(|error| self.named(&error))
    }

    fn named(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("{}: cannot be written: {error}", self.path.display()))
    }
}

impl Log for CsvLog {
    fn probe(&mut self, history: &History) -> io::Result<()> {
        let Some(probe) = history.last() else { return Ok(()) };
        let mut text = String::new();
        for (site, values) in history.sites().iter().zip(probe.values.chunks(history.measures().len())) {
            // writing to a String cannot fail
            let _ = write!(text, "{},{},{site}", probe.step, probe.epoch);
            for value in values {
                text.push(',');
                if let Some(value) = value {
                    let _ = write!(text, "{value:?}");
                }
            }
            text.push('\n');
        }
        self.append(&text)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data().map_err(|error| self.named(&error))
    }
}

/// Reads whole probes up to `step` into `history`; the number of bytes up to their end, 0 for a file whose first line
/// was not finished.
fn read(mut lines: impl BufRead, head: &str, step: u64, history: &mut History) -> io::Result<u64> {
    let mut line = String::new();
    let mut end = lines.read_line(&mut line)? as u64;
    if !line.ends_with('\n') {
        // an empty file, or one whose writer was killed at its first line
        return if head.starts_with(&line) { Ok(0) } else { Err(other_columns(&line, head)) };
    }
    if line != head {
        return Err(other_columns(&line, head));
    }
    let mut kept = end;
    let mut open: Option<Probe> = None;
    for number in 2_u64.. {
        line.clear();
        let read = lines.read_line(&mut line)?;
        let Some(text) = line.strip_suffix('\n').filter(|_| read > 0) else { break };
        end += read as u64;
        let sites = history.sites();
        let site = open.as_ref().map_or(0, |probe| probe.values.len() / history.measures().len());
        let (at, epoch, values) = fields(text, &sites[site], history.measures().len())
            .map_err(|problem| io::Error::other(format!("line {number}: {problem}")))?;
        if at > step {
            break;
        }
        let probe = open.get_or_insert(Probe { step: at, epoch, values: Vec::new() });
        let last = history.last().map_or(0, |last| last.step);
        if probe.step != at || at <= last {
            let problem =
                format!("line {number}: step {at} after step {}; expected steps that rise", last.max(probe.step));
            return Err(io::Error::other(problem));
        }
        probe.values.extend(values);
        if site + 1 == sites.len()
            && let Some(probe) = open.take()
        {
            history.push(probe);
            kept = end;
        }
    }
    Ok(kept)
}

fn other_columns(found: &str, expected: &str) -> io::Error {
    let shown: String = found.trim_end().chars().take(200).collect();
    io::Error::other(format!(
        "another monitor's columns, \"{shown}\"; expected \"{}\", or no such file",
        expected.trim_end()
    ))
}

/// Step, epoch and values of a line.
fn fields(line: &str, site: &str, measures: usize) -> Result<(u64, usize, Vec<Option<f64>>), String> {
    let cells: Vec<&str> = line.split(',').collect();
    if cells.len() != 3 + measures {
        return Err(format!("{} fields, expected {}", cells.len(), 3 + measures));
    }
    let odd = |cell: &str, wanted: &str| format!("\"{cell}\", expected {wanted}");
    let step = cells[0].parse().map_err(|_| odd(cells[0], "a step"))?;
    let epoch = cells[1].parse().map_err(|_| odd(cells[1], "an epoch"))?;
    if cells[2] != site {
        return Err(odd(cells[2], &format!("site {site}")));
    }
    let value = |cell: &&str| match *cell {
        "" => Ok(None),
        text => text.parse().ok().filter(|v: &f64| v.is_finite()).map(Some).ok_or_else(|| odd(text, "a number")),
    };
    Ok((step, epoch, cells[3..].iter().map(value).collect::<Result<_, _>>()?))
}

/// Each measure as a scalar `SITE/MEASURE` over the steps.
#[derive(Debug)]
pub(super) struct TensorBoardLog(pub(super) EventFile);

impl Log for TensorBoardLog {
    fn probe(&mut self, history: &History) -> io::Result<()> {
        let Some(probe) = history.last() else { return Ok(()) };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |now| now.as_secs_f64());
        let scalars = history
            .entries_of(probe)
            .filter_map(|entry| Some((format!("{}/{}", entry.site, entry.measure), entry.value? as f32)));
        self.0.append(probe.step, now, &scalars.collect::<Vec<_>>())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync()
    }
}

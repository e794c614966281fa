//! Progress on standard error: a bar on a terminal, plain lines otherwise, nothing when quiet.

use std::fmt::Write;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::cli::Global;
use crate::output::warn;

/// Time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Progress of work whose size is known.
pub struct Progress {
    bar: ProgressBar,
    lines: Option<Mutex<Lines>>,
    start: Instant,
    /// What was there before the start says nothing about how fast it goes.
    before: u64,
}

struct Lines {
    last: Instant,
    /// Whether the end is told too.
    end: bool,
}

impl Progress {
    /// Progress over `total` units of work called `what`, `done` of them already there.
    pub fn new(global: &Global, what: &'static str, total: u64, done: u64) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target =
            if terminal && !global.quiet { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        let start = Instant::now();
        let template =
            format!("{{bar:32.cyan/dim}} {{pos}}/{{len}} {what}  {{elapsed}} gone, {{left}} left  {{msg:.dim}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            let left = move |state: &ProgressState, text: &mut dyn Write| {
                let left = left(start.elapsed(), state.pos() - done.min(state.pos()), state.len().unwrap_or(0) - done);
                let left = left.map_or_else(|| "?".to_owned(), |left| HumanDuration(left).to_string());
                // a progress bar that cannot be drawn is no reason to stop
                let _ = text.write_str(&left);
            };
            bar.set_style(style.with_key("left", left));
        }
        bar.set_position(done);
        bar.enable_steady_tick(Duration::from_millis(200));
        let lines = (!terminal && !global.quiet).then(|| Mutex::new(Lines { last: Instant::now(), end: true }));
        Self { bar, lines, start, before: done }
    }

    /// The same for work that is mostly over at once: nothing is said of it unless it takes long.
    pub fn when_long(global: &Global, what: &'static str, total: u64) -> Self {
        let mut progress = Self::new(global, what, total, 0);
        if let Some(lines) = progress.lines.as_mut().and_then(|lines| lines.get_mut().ok()) {
            lines.end = false;
        }
        progress
    }

    /// For an input that is read in blocks of so many rows; nothing is known of an end where its rows are not.
    pub fn of_blocks(global: &Global, rows: Option<usize>, at_once: usize) -> Self {
        let blocks = rows.map_or(0, |all| all.div_ceil(at_once));
        Self::when_long(global, "blocks of rows", blocks as u64)
    }

    /// So many of the units are done, of a total that is known only now.
    pub fn set(&self, done: u64, total: u64) {
        self.bar.set_length(total);
        self.bar.set_position(done);
        self.line("");
    }

    /// One more unit is done; `message` says which.
    pub fn advance(&self, message: &str) {
        self.bar.inc(1);
        self.bar.set_message(message.to_owned());
        self.line(message);
    }

    /// A line that must be seen.
    pub fn say(&self, message: &str) {
        if self.bar.is_hidden() { warn(message) } else { self.bar.suspend(|| warn(message)) }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn line(&self, message: &str) {
        let Some(lines) = &self.lines else { return };
        let Ok(mut lines) = lines.lock() else { return };
        let (done, total) = (self.bar.position(), self.bar.length().unwrap_or(0));
        if lines.last.elapsed() >= LINE_EVERY || (done == total && lines.end) {
            (lines.last, lines.end) = (Instant::now(), true);
            let (elapsed, before) = (self.start.elapsed(), self.before);
            let left = left(elapsed, done - before.min(done), total - before.min(total));
            let left = left.map_or_else(|| "?".to_owned(), |left| format!("{:.0} s", left.as_secs_f64()));
            warn(&format!("{done}/{total}  {:.0} s gone, about {left} left  {message}", elapsed.as_secs_f64()));
        }
    }
}

/// The time left when `done` of `total` equal units took `elapsed`; unknown before the first.
fn left(elapsed: Duration, done: u64, total: u64) -> Option<Duration> {
    (done > 0).then(|| elapsed.mul_f64(total.saturating_sub(done) as f64 / done as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_that_of_equal_units() {
        assert_eq!(left(Duration::from_secs(10), 2, 8), Some(Duration::from_secs(30)));
        assert_eq!(left(Duration::from_secs(10), 8, 8), Some(Duration::ZERO));
        assert_eq!(left(Duration::from_secs(10), 0, 8), None);
    }
}

//! Progress on standard error: a bar on a terminal, plain lines otherwise, nothing when quiet.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::Global;
use crate::output::warn;

/// Time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Progress of work whose size is known.
pub struct Progress {
    bar: ProgressBar,
    lines: Option<Mutex<Lines>>,
    start: Instant,
}

struct Lines {
    last: Instant,
}

impl Progress {
    /// Progress over `total` units of work called `what`, `done` of them already there.
    pub fn new(global: &Global, what: &'static str, total: u64, done: u64) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target =
            if terminal && !global.quiet { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        let template =
            format!("{{bar:32.cyan/dim}} {{pos}}/{{len}} {what}  {{elapsed}} gone, {{eta}} left  {{msg:.dim}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        bar.set_position(done);
        bar.reset_eta();
        bar.enable_steady_tick(Duration::from_millis(200));
        let lines = (!terminal && !global.quiet).then(|| Mutex::new(Lines { last: Instant::now() }));
        Self { bar, lines, start: Instant::now() }
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
        if lines.last.elapsed() >= LINE_EVERY || done == total {
            lines.last = Instant::now();
            let left = self.bar.eta().as_secs();
            warn(&format!(
                "{done}/{total}  {:.0} s gone, about {left} s left  {message}",
                self.start.elapsed().as_secs_f64()
            ));
        }
    }
}
